# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.scheduled_jobs import Complaints, CronFile
from ..findings import Domain, Finding, Rule, Severity

OTHERS_MAY_WRITE = 0o002


def check_scheduled_job_failing(_levels: Mapping[str, Any], complaints: Complaints) -> Iterator[Finding]:
    values = {"count": len(complaints.lines), "since": complaints.since}
    if complaints.lines:
        yield Finding(Severity.WARNING, "cron", "{count} complaints since {since}, the last: {text}",
                      {**values, "text": complaints.lines[-1][:200]})
    elif complaints.since == "-":
        yield Finding(Severity.OK, "cron", "no message in the last seven days")
    else:
        yield Finding(Severity.OK, "cron", "no complaint since {since}", values)


SCHEDULED_JOB_FAILING = Rule(
    id="scheduled_job_failing",
    title="The jobs of cron succeed",
    domain=Domain.OS,
    why="Backups, rotations and clean-ups run from cron; when they fail, the only word of it is a mail to root that nobody reads.",
    fix="Find the job by the time of the message (journalctl -t CRON), run it by hand as its user, mend it; send root's mail to somebody.",
    needs=("scheduled_jobs.complaints",),
    evidence=("journalctl * -t CRON *", "cron log"),
    impact=3,
    check=check_scheduled_job_failing,
)


def check_cron_daemon(_levels: Mapping[str, Any], running: bool) -> Iterator[Finding]:
    if running:
        yield Finding(Severity.OK, "cron", "runs")
    else:
        yield Finding(Severity.WARNING, "cron", "is installed, but does not run")


CRON_DAEMON = Rule(
    id="cron_daemon",
    title="Cron runs",
    domain=Domain.OS,
    why="Without the daemon none of the jobs in the tables is run.",
    fix="systemctl enable --now cron (crond on Red Hat); remove the package if nothing needs it.",
    needs=("scheduled_jobs.running",),
    evidence=("cron",),
    impact=3,
    check=check_cron_daemon,
)


def check_cron_file_permissions(_levels: Mapping[str, Any], files: tuple[CronFile, ...]) -> Iterator[Finding]:
    writable = [item for item in files if item.mode & OTHERS_MAY_WRITE]
    foreign = [item for item in files if item.owner != 0 and item.path.startswith("/etc/cron") and item not in writable]
    for item in writable:
        yield Finding(Severity.CRITICAL, item.path, "everybody may write to it (mode {mode})", {"mode": f"{item.mode:04o}"})
    for item in foreign:
        yield Finding(Severity.CRITICAL, item.path, "root runs it, but it belongs to user id {owner}", {"owner": item.owner})
    if not writable and not foreign:
        yield Finding(Severity.OK, "cron files", "only their owners may write to {count} files", {"count": len(files)})


CRON_FILE_PERMISSIONS = Rule(
    id="cron_file_permissions",
    title="Only its owner may change what cron runs",
    domain=Domain.OS,
    why="Whoever may write to a script that root runs is root at its next run.",
    fix="chmod o-w the file; look into it for what does not belong there.",
    needs=("scheduled_jobs.files",),
    evidence=("cron files",),
    impact=4,
    check=check_cron_file_permissions,
)

RULES = (SCHEDULED_JOB_FAILING, CRON_DAEMON, CRON_FILE_PERMISSIONS)
