# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: what its logs of the last week say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..absent import NotHere, Unknown
from ..facts.postgresql_log import InstanceLog
from ..findings import Above, Domain, Finding, Rule, Severity
from .postgresql_each import TOLD_BY

Instances = tuple[InstanceLog, ...]
DAYS = 7
DAMAGE = (
    "invalid page in block", "page verification failed", "could not read block", "unexpected data beyond EOF", "missing chunk number",
    "could not access status of transaction", "invalid memory alloc request size", "could not fsync file", "No space left on device",
    "could not write to file", "could not write block", "could not extend file", "database is not accepting commands",
    "must be vacuumed within",
    "was terminated by signal 9", "was terminated by signal", "has already been removed",
)
TROUBLE = (
    "database system was not properly shut down", "out of shared memory", "out of memory", "too many clients already",
    "remaining connection slots are reserved", "checkpoints are occurring too frequently", "archive command failed",
    "archiving write-ahead log file", "could not connect to the primary server", "could not receive data from WAL stream",
)
REFUSED = ("authentication failed for user", "no pg_hba.conf entry")
DEADLOCK = "deadlock detected"
HARMLESS = (
    DEADLOCK, "temporary file: path", "canceling statement due to conflict with recovery", "still waiting for",
    "canceling statement due to lock timeout",
)
NAMED = 4


def counts(instance: InstanceLog, taken_at: datetime) -> dict[str, int] | Unknown | NotHere:
    """{message: lines} of all its logs in the last days."""
    if isinstance(instance.logs, Unknown | NotHere):
        return instance.logs
    found: dict[str, int] = {}
    for log in instance.logs:
        for message, number in log.recent(taken_at, DAYS).items():
            found[message] = found.get(message, 0) + number
    return found


def shown(found: Mapping[str, int]) -> str:
    most = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{message} ({number})" for message, number in most[:NAMED]) + (", ..." if len(most) > NAMED else "")


def check_damage(_levels: Mapping[str, Any], instances: Instances, taken_at: datetime) -> Iterator[Finding]:
    known = {*TROUBLE, *REFUSED, *HARMLESS}
    for instance in instances:
        found = counts(instance, taken_at)
        if isinstance(found, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, found.reason, found.values)
            continue
        # Of other messages the target sends only those of the level PANIC
        bad = {message: number for message, number in found.items() if message in DAMAGE or message not in known}
        if bad:
            yield Finding(Severity.CRITICAL, instance.name, "in the last week its log tells of damage, full disks or crashes: {messages}",
                          {"messages": shown(bad)})
        else:
            yield Finding(Severity.OK, instance.name, "in the last week its log tells of no damage, full disk or crash")


DAMAGE_RULE = Rule(
    id="postgresql_log_damage",
    title="The log of PostgreSQL tells of no damage",
    domain=Domain.DATABASE,
    why="PANIC, crashes, damaged pages and failed writes stand in the log first, often days before a user notices.",
    fix="Read the log around these lines, and the kernel log of that time; for damaged pages stop writing and keep a copy first.",
    needs=("postgresql_log.instances", "capture.taken_at"),
    evidence=("postgresql_log * log *",),
    impact=4,
    told_by=TOLD_BY,
    check=check_damage,
)


def check_trouble(_levels: Mapping[str, Any], instances: Instances, taken_at: datetime) -> Iterator[Finding]:
    for instance in instances:
        found = counts(instance, taken_at)
        if isinstance(found, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, found.reason, found.values)
            continue
        bad = {message: number for message, number in found.items() if message in TROUBLE}
        named = {message: number for message, number in found.items() if message in HARMLESS}
        if bad:
            yield Finding(Severity.WARNING, instance.name, "in the last week its log warns: {messages}", {"messages": shown(bad)})
        elif named:
            yield Finding(Severity.INFO, instance.name, "in the last week its log names: {messages}", {"messages": shown(named)})
        else:
            yield Finding(Severity.OK, instance.name, "in the last week its log gives no warning that counts")


TROUBLE_RULE = Rule(
    id="postgresql_log_warnings",
    title="The log of PostgreSQL gives no warnings",
    domain=Domain.DATABASE,
    why="Full connections, early checkpoints, failing archiving and lost standbys are all told in the log before they become an outage.",
    fix="Read the log around these lines; the other findings about the same thing say what to do.",
    needs=("postgresql_log.instances", "capture.taken_at"),
    evidence=("postgresql_log * log *",),
    impact=2,
    told_by=TOLD_BY,
    check=check_trouble,
)


def check_refused(levels: Mapping[str, Any], instances: Instances, taken_at: datetime) -> Iterator[Finding]:
    for instance in instances:
        found = counts(instance, taken_at)
        if isinstance(found, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, found.reason, found.values)
            continue
        number = sum(found.get(message, 0) for message in REFUSED)
        yield Finding(levels["refused_count"].grade(number), instance.name, "{refused_count} logins were refused in the last week",
                      {"refused_count": number})


REFUSED_RULE = Rule(
    id="postgresql_log_refused_logins",
    title="Few logins to PostgreSQL are refused",
    domain=Domain.DATABASE,
    why="Many refused logins are an attack, or an application with an old password that tries for ever.",
    fix="Find the address in the log; mend the application, or shut the address out.",
    needs=("postgresql_log.instances", "capture.taken_at"),
    evidence=("postgresql_log * log *",),
    levels={"refused_count": Above(warning=100, critical=100_000, source="our judgement")},
    impact=2,
    told_by=TOLD_BY,
    check=check_refused,
)


def check_deadlocks(levels: Mapping[str, Any], instances: Instances, taken_at: datetime) -> Iterator[Finding]:
    for instance in instances:
        found = counts(instance, taken_at)
        if isinstance(found, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, found.reason, found.values)
            continue
        number = found.get(DEADLOCK, 0)
        yield Finding(levels["deadlocks_count"].grade(number), instance.name,
                      "its log tells of {deadlocks_count} deadlocks in the last week", {"deadlocks_count": number})


DEADLOCKS_RULE = Rule(
    id="postgresql_log_deadlocks",
    title="The log of PostgreSQL tells of few deadlocks",
    domain=Domain.DATABASE,
    why="At each deadlock one session's work is thrown away; the log has them also when the counters are too young to be judged.",
    fix="The log shows both statements of each: let the application take its locks in one order, and keep transactions short.",
    needs=("postgresql_log.instances", "capture.taken_at"),
    evidence=("postgresql_log * log *",),
    levels={"deadlocks_count": Above(warning=70, source="our judgement: 10 a day, as postgresql_deadlocks")},
    impact=2,
    told_by=TOLD_BY,
    check=check_deadlocks,
)

RULES = (DAMAGE_RULE, TROUBLE_RULE, REFUSED_RULE, DEADLOCKS_RULE)
