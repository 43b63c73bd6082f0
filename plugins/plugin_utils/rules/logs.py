# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.logs import LargeFile
from ..findings import DAY, GIB, Above, Domain, Finding, Rule, Severity


def check_journal_size(levels: Mapping[str, Any], size: int) -> Iterator[Finding]:
    yield Finding(levels["journal_bytes"].grade(size), "journal", "takes {journal_bytes}", {"journal_bytes": size})


JOURNAL_SIZE = Rule(
    id="journal_size",
    title="The journal is not too large",
    domain=Domain.OS,
    why="A large journal fills /var and makes every look into it slow.",
    fix="journalctl --vacuum-size=1G now, SystemMaxUse= in journald.conf for the future; find what logs so much.",
    needs=("logs.journal_bytes",),
    evidence=("log sizes",),
    levels={"journal_bytes": Above(warning=6 * GIB, source="Linuxfabrik monitoring-plugins (journald-usage): 6 GiB")},
    impact=2,
    check=check_journal_size,
)


def check_log_large_files(levels: Mapping[str, Any], files: tuple[LargeFile, ...]) -> Iterator[Finding]:
    for item in files:
        yield Finding(levels["size_bytes"].grade(item.size_bytes), item.path, "takes {size_bytes}", {"size_bytes": item.size_bytes})
    if not files:
        yield Finding(Severity.OK, "log files", "no large file among the logs")


LOG_LARGE_FILES = Rule(
    id="log_large_files",
    title="No log file grows without limit",
    domain=Domain.OS,
    why="A log that nobody rotates fills its file system in the end, and with it stops what writes there.",
    fix="Add it to logrotate (copytruncate if the program can't open it anew); find what logs so much.",
    needs=("logs.large_files",),
    evidence=("log sizes",),
    levels={"size_bytes": Above(warning=2 * GIB, source="our judgement: a rotated log of an ordinary server stays far below")},
    impact=2,
    check=check_log_large_files,
)


def check_log_persistence(_levels: Mapping[str, Any], kept: tuple[str, ...]) -> Iterator[Finding]:
    on_disk = [place for place in kept if not place.startswith("/run/")]
    if on_disk:
        yield Finding(Severity.OK, "logs", "are kept in {places}", {"places": on_disk})
    else:
        yield Finding(Severity.INFO, "logs", "are kept in memory only, and are gone after a restart: {places}", {"places": list(kept)})


LOG_PERSISTENCE = Rule(
    id="log_persistence",
    title="Logs outlive a restart",
    domain=Domain.OS,
    why="When logs lie in memory only, nobody can find out afterwards why the host crashed or was restarted.",
    fix="mkdir /var/log/journal && systemctl restart systemd-journald (or Storage=persistent in journald.conf), or run a syslog daemon.",
    needs=("logs.kept",),
    evidence=("kept logs",),
    impact=1,
    check=check_log_persistence,
)


def check_log_rotation(levels: Mapping[str, Any], rotated_at: datetime | None, taken_at: datetime) -> Iterator[Finding]:
    if rotated_at is None:
        yield Finding(Severity.INFO, "logrotate", "has not run yet")
        return
    age = max(0.0, (taken_at - rotated_at).total_seconds())
    values = {"age_seconds": age, "rotated_at": rotated_at}
    yield Finding(levels["age_seconds"].grade(age), "logrotate", "last run {age_seconds} ago", values)


LOG_ROTATION = Rule(
    id="log_rotation",
    title="Logs are rotated",
    domain=Domain.OS,
    why="When logrotate no longer runs, all logs grow until the disk is full.",
    fix="Run logrotate -d /etc/logrotate.conf for its errors; look whether its timer or cron job runs.",
    needs=("logs.rotated_at", "capture.taken_at"),
    evidence=("logrotate",),
    levels={"age_seconds": Above(warning=8 * DAY, source="our judgement: it runs daily, weekly on old systems")},
    impact=2,
    check=check_log_rotation,
)


def check_log_forwarding(_levels: Mapping[str, Any], targets: tuple[str, ...], wanted: str) -> Iterator[Finding]:
    values = {"wanted": wanted, "targets": list(targets) or ["-"]}
    if wanted in targets:
        yield Finding(Severity.OK, "log forwarding", "to {wanted}", values)
    else:
        yield Finding(Severity.WARNING, "log forwarding", "not to {wanted}, but to: {targets}", values)


LOG_FORWARDING = Rule(
    id="log_forwarding",
    title="Logs are forwarded to the log host",
    domain=Domain.OS,
    why="Logs that stay on the host are lost with it, and an intruder deletes them.",
    fix="Forward them by rsyslog (omfwd, with a queue on disk) or systemd-journal-upload to caretaker_log_host.",
    needs=("logs.targets", "settings.log_host"),
    evidence=("/etc/rsyslog*", "/etc/syslog-ng/*", "/etc/systemd/journal-upload.conf"),
    impact=2,
    check=check_log_forwarding,
)


def check_failed_logins(levels: Mapping[str, Any], per_day: float) -> Iterator[Finding]:
    yield Finding(levels["per_day_count"].grade(per_day), "logins", "{per_day_count} failed logins a day", {"per_day_count": per_day})


FAILED_LOGINS = Rule(
    id="failed_logins",
    title="Few logins fail",
    domain=Domain.OS,
    why="Hundreds of failed logins a day are somebody trying passwords.",
    fix="Limit who can reach the service (firewall, VPN), allow keys only, block repeated tries (fail2ban, faillock).",
    needs=("logs.failed_logins_per_day",),
    evidence=("failed logins",),
    levels={"per_day_count": Above(warning=100, source="our judgement: people mistype a few times a day")},
    impact=2,
    check=check_failed_logins,
)

RULES = (JOURNAL_SIZE, LOG_LARGE_FILES, LOG_PERSISTENCE, LOG_ROTATION, LOG_FORWARDING, FAILED_LOGINS)
