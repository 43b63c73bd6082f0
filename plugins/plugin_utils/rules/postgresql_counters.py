# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: its counters, as what happened since the last inspection or, without one, since they were reset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ..absent import Known, NotHere, Unknown
from ..facts.postgresql_model import Checkpoints, Database, Instance, Server
from ..findings import DAY, GIB, HOUR, Above, Below, Domain, Finding, Rule, Severity
from ..since import LAST_INSPECTION, START, Period, period
from .postgresql_each import TOLD_BY, both, each

Instances = tuple[Instance, ...]
TOO_EARLY = "too early to tell: the server or its statistics are under a day old, and there is no inspection before to compare with"
BASIS = {LAST_INSPECTION: "since the last inspection", START: "since the start of its statistics"}


def of_databases(instance: Instance) -> Known[Any]:
    return both(lambda item: item.databases, lambda item: item.server)(instance)


def judged(
    taken_at: datetime, history: Mapping[str, Any], names: tuple[str, ...], verdict: Callable[[str, Period, Mapping[str, Any]], Finding]
) -> Callable[[Instance, tuple[tuple[Database, ...], Server]], Iterator[Finding]]:
    """A judge of each database by the growth of these counters; verdict(object, period, values to show and keep)."""
    def judge(instance: Instance, pair: tuple[tuple[Database, ...], Server]) -> Iterator[Finding]:
        databases, server = pair
        for database in databases:
            thing = f"{instance.name}/{database.name}"
            counters = {f"{name}_count": float(getattr(database, name)) for name in names}
            age = server.uptime_seconds if database.counted_seconds is None else database.counted_seconds
            lately = period(counters, age, taken_at, history.get(thing, {}))
            if not database.allows_connections:
                continue
            if lately is None:
                yield Finding(Severity.OK, thing, TOO_EARLY, counters)
            else:
                yield verdict(thing, lately, {**counters, "basis": BASIS[lately.basis], "period_seconds": lately.seconds})

    return judge


def check_deadlocks(levels: Mapping[str, Any], instances: Instances, taken_at: datetime, history: Mapping[str, Any]) -> Iterator[Finding]:
    def verdict(thing: str, lately: Period, values: Mapping[str, Any]) -> Finding:
        per_day = lately.per_second("deadlocks_count") * DAY
        return Finding(levels["per_day_count"].grade(per_day), thing, "{new_count} deadlocks in the last {period_seconds} ({basis}), "
                                                                      "{per_day_count} a day",
                       {**values, "new_count": lately.growth["deadlocks_count"], "per_day_count": per_day})

    yield from each(instances, of_databases, judged(taken_at, history, ("deadlocks",), verdict))


DEADLOCKS = Rule(
    id="postgresql_deadlocks",
    title="Sessions do not deadlock",
    domain=Domain.DATABASE,
    why="At each deadlock one session's work is thrown away, and its user sees an error.",
    fix="The server log shows both statements: let the application take its locks in one order, and keep transactions short.",
    needs=("postgresql.instances", "capture.taken_at", "history.postgresql_deadlocks"),
    evidence=("postgresql * databases",),
    levels={"per_day_count": Above(warning=10, critical=7200, source="10 a day: our judgement; postgres_mixin: 5 a minute")},
    impact=2,
    told_by=TOLD_BY,
    track=("deadlocks_count",),
    check=check_deadlocks,
)
FEW_PER_SECOND = 0.1    # under six transactions a minute a share of them says nothing


def check_rollbacks(levels: Mapping[str, Any], instances: Instances, taken_at: datetime, history: Mapping[str, Any]) -> Iterator[Finding]:
    def verdict(thing: str, lately: Period, values: Mapping[str, Any]) -> Finding:
        ratio = lately.ratio("rollbacks_count", "commits_count", "rollbacks_count")
        if ratio is None or lately.per_second("commits_count") + lately.per_second("rollbacks_count") < FEW_PER_SECOND:
            return Finding(Severity.OK, thing, "too few transactions in the last {period_seconds} ({basis}) to judge a "
                                               "share of them", values)
        return Finding(levels["rollback_ratio"].grade(ratio), thing, "{rollback_ratio} of the transactions in the last {period_seconds} "
                                                                     "({basis}) were rolled back",
                       {**values, "rollback_ratio": ratio})

    yield from each(instances, of_databases, judged(taken_at, history, ("commits", "rollbacks"), verdict))


ROLLBACKS = Rule(
    id="postgresql_rollbacks",
    title="Few transactions are rolled back",
    domain=Domain.DATABASE,
    why="Many rollbacks mean errors that an application swallows, and work done in vain.",
    fix="Find the errors in the server log, and the application that makes them.",
    needs=("postgresql.instances", "capture.taken_at", "history.postgresql_rollbacks"),
    evidence=("postgresql * databases",),
    levels={"rollback_ratio": Above(warning=0.10, critical=0.50, source="our judgement: 10 %, 50 %")},
    impact=1,
    told_by=TOLD_BY,
    track=("commits_count", "rollbacks_count"),
    check=check_rollbacks,
)
READS_PER_SECOND = 100  # blocks of 8 KiB: below that the disk has no work worth naming, whatever their share


def check_cache_hit(levels: Mapping[str, Any], instances: Instances, taken_at: datetime, history: Mapping[str, Any]) -> Iterator[Finding]:
    def verdict(thing: str, lately: Period, values: Mapping[str, Any]) -> Finding:
        ratio = lately.ratio("blocks_hit_count", "blocks_hit_count", "blocks_read_count")
        if ratio is None or lately.per_second("blocks_read_count") < READS_PER_SECOND:
            return Finding(Severity.OK, thing, "it reads little from outside its cache in the last {period_seconds} ({basis})", values)
        severity = levels["hit_ratio"].grade(ratio)
        return Finding(severity, thing, "{hit_ratio} of its blocks were found in shared buffers in the last {period_seconds} ({basis}), "
                                        "{read_per_second} blocks were not",
                       {**values, "hit_ratio": ratio, "read_per_second": lately.per_second("blocks_read_count")})

    yield from each(instances, of_databases, judged(taken_at, history, ("blocks_read", "blocks_hit"), verdict))


CACHE_HIT = Rule(
    id="postgresql_cache_hit",
    title="What PostgreSQL reads is in its cache",
    domain=Domain.DATABASE,
    why="A busy database that reads from outside its cache waits for the kernel or the disks.",
    fix="Find what reads so much (pg_stat_statements, sequential scans); then shared_buffers, up to a quarter of memory.",
    needs=("postgresql.instances", "capture.taken_at", "history.postgresql_cache_hit"),
    evidence=("postgresql * databases",),
    levels={"hit_ratio": Below(warning=0.90, source="Zabbix: 90 %; only with 100 blocks/s read or more: our judgement")},
    impact=2,
    change_risk=2,
    told_by=TOLD_BY,
    track=("blocks_read_count", "blocks_hit_count"),
    check=check_cache_hit,
)


def check_temp_files(levels: Mapping[str, Any], instances: Instances, taken_at: datetime, history: Mapping[str, Any]) -> Iterator[Finding]:
    def verdict(thing: str, lately: Period, values: Mapping[str, Any]) -> Finding:
        per_day = lately.per_second("temp_bytes_count") * DAY
        return Finding(levels["per_day_bytes"].grade(per_day), thing, "{per_day_bytes} of temporary files a day in the last "
                                                                      "{period_seconds} ({basis})",
                       {**values, "per_day_bytes": per_day})

    yield from each(instances, of_databases, judged(taken_at, history, ("temp_bytes", "temp_files"), verdict))


TEMP_FILES = Rule(
    id="postgresql_temp_files",
    title="Sorts and hashes fit into memory",
    domain=Domain.DATABASE,
    why="What does not fit into work_mem is written to disk and read again.",
    fix="Log them (log_temp_files), mend the queries, raise work_mem for the role or query that needs it, not for all.",
    needs=("postgresql.instances", "capture.taken_at", "history.postgresql_temp_files"),
    evidence=("postgresql * databases",),
    levels={"per_day_bytes": Above(warning=10 * GIB, critical=500 * GIB, source="our judgement; 1 GiB a day in other rule sets is common "
                                                                                "and harmless")},
    impact=2,
    told_by=TOLD_BY,
    track=("temp_bytes_count", "temp_files_count"),
    check=check_temp_files,
)
FEW_CHECKPOINTS_PER_HOUR = 2.0      # requested ones below that come from backups, CREATE DATABASE and the like


def check_checkpoints(levels: Mapping[str, Any], instances: Instances, taken_at: datetime, history: Mapping[str, Any]) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[Checkpoints, Server]) -> Iterator[Finding]:
        now, server = pair
        counters = {"timed_count": float(now.timed), "requested_count": float(now.requested)}
        lately = period(counters, server.uptime_seconds, taken_at, history.get(instance.name, {}))
        if lately is None:
            yield Finding(Severity.OK, instance.name, TOO_EARLY, counters)
            return
        values = {**counters, "basis": BASIS[lately.basis], "period_seconds": lately.seconds}
        ratio = lately.ratio("requested_count", "timed_count", "requested_count")
        per_hour = lately.per_second("requested_count") * HOUR
        if ratio is None or per_hour < FEW_CHECKPOINTS_PER_HOUR:
            yield Finding(Severity.OK, instance.name, "hardly a checkpoint came before its time in the last "
                                                      "{period_seconds} ({basis})", values)
            return
        yield Finding(levels["requested_ratio"].grade(ratio), instance.name,
                      "{requested_ratio} of the checkpoints in the last {period_seconds} ({basis}) came before their time, "
                      "{per_hour_count} an hour",
                      {**values, "requested_ratio": ratio, "per_hour_count": per_hour})

    yield from each(instances, both(lambda instance: instance.checkpoints, lambda instance: instance.server), judge)


CHECKPOINTS = Rule(
    id="postgresql_checkpoints",
    title="Checkpoints come by time, not for lack of WAL space",
    domain=Domain.DATABASE,
    why="A checkpoint that comes early writes much at once and makes WAL grow, as each page is logged whole after it.",
    fix="Raise max_wal_size until checkpoints come by checkpoint_timeout; mind the disk of WAL.",
    needs=("postgresql.instances", "capture.taken_at", "history.postgresql_checkpoints"),
    evidence=("postgresql * checkpoints",),
    levels={"requested_ratio": Above(warning=0.50, source="postgres_mixin: 50 %; only from 2 an hour: our judgement")},
    impact=2,
    told_by=TOLD_BY,
    track=("timed_count", "requested_count"),
    check=check_checkpoints,
)


def check_conflicts(levels: Mapping[str, Any], instances: Instances, taken_at: datetime, history: Mapping[str, Any]) -> Iterator[Finding]:
    def judge(instance: Instance, server: Server) -> Iterator[Finding]:
        standby = instance.standby
        if isinstance(standby, Unknown | NotHere):
            severity = Severity.UNKNOWN if isinstance(standby, Unknown) else Severity.OK
            yield Finding(severity, instance.name, standby.reason, standby.values)
            return
        counters = {"conflicts_count": float(standby.conflicts or 0)}
        lately = period(counters, server.uptime_seconds, taken_at, history.get(instance.name, {}))
        if lately is None:
            yield Finding(Severity.OK, instance.name, TOO_EARLY, counters)
            return
        per_day = lately.per_second("conflicts_count") * DAY
        yield Finding(levels["per_day_count"].grade(per_day), instance.name, "{per_day_count} queries a day cancelled by replay in the "
                                                                             "last {period_seconds} ({basis})",
                      {**counters, "basis": BASIS[lately.basis], "period_seconds": lately.seconds,
                       "per_day_count": per_day})

    yield from each(instances, lambda instance: instance.server, judge)


CONFLICTS = Rule(
    id="postgresql_recovery_conflicts",
    title="Replay cancels few queries on the standby",
    domain=Domain.DATABASE,
    why="Reports on the standby fail when what they read was removed on the primary.",
    fix="Raise max_standby_streaming_delay on a standby for reports, or set hot_standby_feedback and mind the primary's bloat.",
    needs=("postgresql.instances", "capture.taken_at", "history.postgresql_recovery_conflicts"),
    evidence=("postgresql * standby",),
    levels={"per_day_count": Above(warning=50, source="our judgement")},
    impact=1,
    told_by=TOLD_BY,
    track=("conflicts_count",),
    check=check_conflicts,
)

RULES = (DEADLOCKS, ROLLBACKS, CACHE_HIT, TEMP_FILES, CHECKPOINTS, CONFLICTS)
