# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: does it run and answer, in which role and version, and what does its control file say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ..absent import NotHere, Unknown
from ..facts.postgresql_model import Instance, Server
from ..facts.postgresql_support import MAJORS
from ..findings import DAY, Above, Below, Domain, Finding, Rule, Severity
from .containers import in_containers
from .postgresql_each import TOLD_BY, each

Instances = tuple[Instance, ...]


def check_running(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    for instance in instances:
        values = {"data": instance.found.data, "version": instance.found.version or "?"}
        if instance.found.state == "down":
            yield Finding(Severity.CRITICAL, instance.name, "PostgreSQL {version} in {data} is enabled but does not run", values)
        else:
            yield Finding(Severity.OK, instance.name, "PostgreSQL {version} in {data} runs", values)


RUNNING = Rule(
    id="postgresql_running",
    title="Every PostgreSQL instance that is to start runs",
    domain=Domain.DATABASE,
    why="The instance is set up to start with the host, and its applications have no database while it is down.",
    fix="Read the end of its log, mend what it names, start it; if it is no longer wanted, disable its unit or set start.conf to manual.",
    needs=("postgresql.instances",),
    evidence=("postgresql instances",),
    impact=4,
    check=check_running,
)


def check_answers(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    yield from in_containers(instance.found.container for instance in instances if instance.found.container)
    for instance in instances:
        session = instance.session
        if instance.found.container:
            continue
        if isinstance(session, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, session.reason, session.values)
        else:
            yield Finding(levels["answer_seconds"].grade(session), instance.name, "it answered within {answer_seconds}",
                          {"answer_seconds": session})


ANSWERS = Rule(
    id="postgresql_answers",
    title="Every PostgreSQL instance can be asked",
    domain=Domain.DATABASE,
    why="What can't be asked can't be judged, and applications may meet the same refusal.",
    fix="Do what the finding says, then inspect again.",
    needs=("postgresql.everywhere",),
    evidence=("postgresql * session", "postgresql instances"),
    levels={"answer_seconds": Above(warning=5, source="our judgement: two dozen questions to catalogues take a tenth of a second")},
    impact=3,
    check=check_answers,
)

GOOD_STATES = ("in production", "in archive recovery")
STARTING_STATES = ("starting up", "in crash recovery", "shutting down", "shut down in recovery")


def check_control(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    for instance in instances:
        state = instance.control
        if isinstance(state, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, state.reason, state.values)
        elif instance.found.state == "down" and state in GOOD_STATES:
            yield Finding(Severity.CRITICAL, instance.name, "it does not run, and its control file says "
                                                            "{state}: it crashed", {"state": state})
        elif instance.found.state == "running" and state in STARTING_STATES:
            yield Finding(Severity.WARNING, instance.name, "its control file says {state}", {"state": state})
        elif instance.found.state == "running" and state not in GOOD_STATES:
            yield Finding(Severity.WARNING, instance.name, "it runs, but its control file says {state}", {"state": state})
        else:
            yield Finding(Severity.OK, instance.name, "its control file says {state}", {"state": state})


CONTROL = Rule(
    id="postgresql_cluster_state",
    title="The control file of PostgreSQL agrees with its state",
    domain=Domain.DATABASE,
    why="The control file tells how the server ended: one that is down but was in production crashed, and recovers from WAL at its start.",
    fix="Keep a copy of the data directory, read the log, and let it recover; never run pg_resetwal before that.",
    needs=("postgresql.instances",),
    evidence=("postgresql * control",),
    impact=3,
    change_risk=3,
    told_by=TOLD_BY,
    check=check_control,
)


def check_role(_levels: Mapping[str, Any], instances: Instances, history: Mapping[str, Any]) -> Iterator[Finding]:
    def judge(instance: Instance, server: Server) -> Iterator[Finding]:
        values = {"recovery_count": int(server.in_recovery), "timeline_count": server.timeline}
        seen = history.get(instance.name, {}).get("recovery_count", ())
        if seen and bool(seen[-1][1]) and not server.in_recovery:
            yield Finding(Severity.WARNING, instance.name, "was a standby at the last inspection and is a primary now, on timeline "
                                                           "{timeline_count}",
                          values)
        elif seen and not seen[-1][1] and server.in_recovery:
            yield Finding(Severity.WARNING, instance.name, "was a primary at the last inspection and is a standby now", values)
        elif server.in_recovery:
            yield Finding(Severity.OK, instance.name, "is a standby on timeline {timeline_count}", values)
        else:
            yield Finding(Severity.OK, instance.name, "is a primary on timeline {timeline_count}", values)

    yield from each(instances, lambda instance: instance.server, judge)


ROLE = Rule(
    id="postgresql_role_change",
    title="PostgreSQL has the role it had",
    domain=Domain.DATABASE,
    why="A failover that nobody noticed leaves the cluster without a standby, and backups and jobs on the wrong node.",
    fix="Find out why it failed over, rebuild the old primary as a standby, and set backups and jobs right.",
    needs=("postgresql.instances", "history.postgresql_role_change"),
    evidence=("postgresql * server",),
    impact=3,
    told_by=TOLD_BY,
    track=("recovery_count", "timeline_count"),
    check=check_role,
)


def check_version(levels: Mapping[str, Any], instances: Instances, taken_at: datetime) -> Iterator[Finding]:
    def judge(instance: Instance, server: Server) -> Iterator[Finding]:
        major, minor = server.version_number // 10000, server.version_number % 10000
        shown = server.version.split(" ")[0]
        if major not in MAJORS and major > max(MAJORS):
            yield Finding(Severity.INFO, instance.name, "{version} is newer than Caretaker's table of versions", {"version": shown})
            return
        end, newest = MAJORS.get(major, (MAJORS[min(MAJORS)][0], minor))
        left = (datetime(end.year, end.month, end.day, tzinfo=UTC) - taken_at).total_seconds() + DAY
        behind = max(0, newest - minor)
        values = {"version": shown, "end": end.isoformat(), "left_seconds": left, "behind_count": behind, "newest": f"{major}.{newest}"}
        support, lag = levels["left_seconds"].grade(left), levels["behind_count"].grade(behind)
        if support >= max(lag, Severity.WARNING):
            yield Finding(support, instance.name, "{version} is mended by its makers only until {end}", values)
        elif lag > Severity.OK:
            yield Finding(lag, instance.name, "{version} is {behind_count} minor versions behind {newest}", values)
        elif behind:
            yield Finding(Severity.INFO, instance.name, "{version} is {behind_count} minor versions behind {newest}", values)
        else:
            yield Finding(Severity.OK, instance.name, "{version} is current and mended until {end}", values)

    yield from each(instances, lambda instance: instance.server, judge)


VERSION = Rule(
    id="postgresql_version",
    title="PostgreSQL is of a version that is still mended",
    domain=Domain.DATABASE,
    why="Minor versions hold only mended errors, some of which lose data or let strangers in; after a major version's end there are none.",
    fix="Install the newest minor version and restart; plan the move to a newer major version (pg_upgrade, or logical "
        "replication) in time.",
    needs=("postgresql.instances", "capture.taken_at"),
    evidence=("postgresql * server",),
    levels={
        "left_seconds": Below(warning=180 * DAY, critical=0, source="postgresql.org/support/versioning; half a year's notice: "
                                                                    "our judgement"),
        "behind_count": Above(warning=3, source="our judgement: three quarterly releases; fewer is only named"),
    },
    impact=3,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_version,
)

RULES = (RUNNING, ANSWERS, CONTROL, ROLE, VERSION)
