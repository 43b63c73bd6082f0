# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: who is connected, who waits for whom, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.postgresql_model import Blocked, Connections, Instance, Prepared, Session
from ..findings import HOUR, Above, Domain, Finding, Rule, Severity
from .postgresql_each import TOLD_BY, each

Instances = tuple[Instance, ...]


def check_connections(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, now: Connections) -> Iterator[Finding]:
        free_for_all = max(1, now.max_count - now.reserved_count)
        ratio = now.used_count / free_for_all
        yield Finding(
            levels["used_ratio"].grade(ratio), instance.name,
            "{used_count} of {free_count} connections taken: {active_count} active, {idle_count} idle, {waiting_count} idle in a "
            "transaction",
            {"used_ratio": ratio, "used_count": now.used_count, "free_count": free_for_all, "active_count": now.active_count,
             "idle_count": now.idle_count, "waiting_count": now.idle_in_transaction_count})

    yield from each(instances, lambda instance: instance.connections, judge)


CONNECTIONS = Rule(
    id="postgresql_connections",
    title="PostgreSQL has free connections",
    domain=Domain.DATABASE,
    why="When all connections are taken, applications are refused.",
    fix="Find who holds them (idle ones first), size the applications' pools, or put PgBouncer before it; raise max_connections last.",
    needs=("postgresql.instances",),
    evidence=("postgresql * connections",),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="postgres_mixin, Percona, netdata: 70 to 80 %; 90 %")},
    impact=3,
    told_by=TOLD_BY,
    track=("used_ratio",),
    check=check_connections,
)


def named(session: Session) -> dict[str, Any]:
    return {"pid": str(session.pid), "role": session.role, "database": session.database, "application": session.application or "?",
            "query": session.query}


def check_idle_in_transaction(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, sessions: tuple[Session, ...]) -> Iterator[Finding]:
        idle = [(item.state_seconds or 0.0, item) for item in sessions if item.state.startswith("idle in transaction")]
        if not idle:
            yield Finding(Severity.OK, instance.name, "no session idles in a transaction")
            return
        seconds, worst = max(idle, key=lambda pair: pair[0])
        yield Finding(
            levels["idle_seconds"].grade(seconds), instance.name,
            "{idle_count} sessions idle in a transaction, the longest for {idle_seconds}: process {pid}, role {role}, database {database}, "
            "application {application}", {**named(worst), "idle_seconds": seconds, "idle_count": len(idle)})

    yield from each(instances, lambda instance: instance.sessions, judge)


IDLE_IN_TRANSACTION = Rule(
    id="postgresql_idle_in_transaction",
    title="No session idles in an open transaction",
    domain=Domain.DATABASE,
    why="Its locks block others, and vacuum can remove nothing that was deleted since it began.",
    fix="Mend the application that forgets to commit; end the session; set idle_in_transaction_session_timeout for its role.",
    needs=("postgresql.instances",),
    evidence=("postgresql * activity",),
    levels={"idle_seconds": Above(warning=300, critical=HOUR, source="check_postgres and our judgement: 5 min, 1 h")},
    impact=3,
    told_by=TOLD_BY,
    check=check_idle_in_transaction,
)


def check_long_transaction(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, sessions: tuple[Session, ...]) -> Iterator[Finding]:
        if not sessions:
            yield Finding(Severity.OK, instance.name, "no transaction is over ten seconds old")
            return
        worst = max(sessions, key=lambda item: item.transaction_seconds)
        yield Finding(
            levels["transaction_seconds"].grade(worst.transaction_seconds), instance.name,
            "the oldest transaction is {transaction_seconds} old: process {pid}, role {role}, database {database}, application "
            "{application}",
            {**named(worst), "transaction_seconds": worst.transaction_seconds})

    yield from each(instances, lambda instance: instance.sessions, judge)


LONG_TRANSACTION = Rule(
    id="postgresql_long_transaction",
    title="No transaction stays open for hours",
    domain=Domain.DATABASE,
    why="As long as it is open, vacuum can remove no row version that it might see: tables bloat, and transaction numbers age.",
    fix="Find out what it is for; split the job, or run it on a standby; set statement_timeout or transaction_timeout for its role.",
    needs=("postgresql.instances",),
    evidence=("postgresql * activity",),
    levels={"transaction_seconds": Above(warning=HOUR, critical=6 * HOUR, source="postgres-checkup: 1 h; 6 h: our judgement")},
    impact=3,
    told_by=TOLD_BY,
    check=check_long_transaction,
)


def check_long_query(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, sessions: tuple[Session, ...]) -> Iterator[Finding]:
        active = [item for item in sessions if item.state == "active" and item.kind == "client backend" and item.query_seconds is not None]
        if not active:
            yield Finding(Severity.OK, instance.name, "no query has run for over ten seconds")
            return
        worst = max(active, key=lambda item: item.query_seconds or 0)
        seconds = worst.query_seconds or 0.0
        severity = levels["query_seconds"].grade(seconds)
        yield Finding(
            min(severity, Severity.WARNING), instance.name,
            "{running_count} queries have run for over ten seconds, the longest for {query_seconds} (process {pid}, role {role}, "
            "database {database}): "
            "{query}", {**named(worst), "query_seconds": seconds, "running_count": len(active)})

    yield from each(instances, lambda instance: instance.sessions, judge)


LONG_QUERY = Rule(
    id="postgresql_long_query",
    title="No query has run for very long",
    domain=Domain.DATABASE,
    why="A query that runs that long lacks an index or a limit, or is a report that belongs on a standby or into the night.",
    fix="Look at its plan (EXPLAIN), at what it waits for, and at the table's statistics.",
    needs=("postgresql.instances",),
    evidence=("postgresql * activity",),
    levels={"query_seconds": Above(warning=HOUR, source="our judgement: one sample can't tell a report from a runaway under an hour")},
    impact=2,
    told_by=TOLD_BY,
    check=check_long_query,
)


def check_blocked(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, blocked: tuple[Blocked, ...]) -> Iterator[Finding]:
        if not blocked:
            yield Finding(Severity.OK, instance.name, "no session waits for another's lock")
            return
        waiting = {item.pid for item in blocked}
        roots = sorted({pid for item in blocked for pid in item.blockers if pid not in waiting})
        worst = max(blocked, key=lambda item: item.waiting_seconds)
        states = {item.blocker_state for item in blocked if set(item.blockers) & set(roots)} - {""}
        values = {"blocked_count": len(blocked), "waiting_seconds": worst.waiting_seconds, "roots": ", ".join(map(str, roots)) or "?",
                  "states": ", ".join(sorted(states)) or "?", "database": worst.database, "query": worst.query}
        yield Finding(levels["waiting_seconds"].grade(worst.waiting_seconds), instance.name,
                      "{blocked_count} sessions wait for a lock, the longest for {waiting_seconds}; at the head of the chain: process "
                      "{roots} ({states})",
                      values)

    yield from each(instances, lambda instance: instance.blocked, judge)


BLOCKED = Rule(
    id="postgresql_blocked_sessions",
    title="No session waits long for a lock",
    domain=Domain.DATABASE,
    why="Sessions queue up behind one lock until all connections are taken.",
    fix="Look at the process at the head of the chain; end it if it idles; set lock_timeout for changes of the schema.",
    needs=("postgresql.instances",),
    evidence=("postgresql * blocked",),
    levels={"waiting_seconds": Above(warning=30, critical=300, source="our judgement: 30 s, 5 min")},
    impact=3,
    told_by=TOLD_BY,
    check=check_blocked,
)


def check_prepared(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, prepared: tuple[Prepared, ...]) -> Iterator[Finding]:
        if not prepared:
            yield Finding(Severity.OK, instance.name, "no prepared transaction is left over")
            return
        worst = max(prepared, key=lambda item: item.age_seconds)
        yield Finding(
            levels["age_seconds"].grade(worst.age_seconds), instance.name,
            "{prepared_count} prepared transactions, the oldest {age_seconds} old, in database {database} by role {role}",
            {"prepared_count": len(prepared), "age_seconds": worst.age_seconds, "database": worst.database, "role": worst.role})

    yield from each(instances, lambda instance: instance.prepared, judge)


PREPARED = Rule(
    id="postgresql_prepared_transactions",
    title="No prepared transaction is left over",
    domain=Domain.DATABASE,
    why="A transaction that was prepared for two-phase commit and forgotten holds its locks, survives restarts, and stops vacuum for good.",
    fix="Ask its transaction manager what became of it, then COMMIT PREPARED or ROLLBACK PREPARED.",
    needs=("postgresql.instances",),
    evidence=("postgresql * prepared",),
    levels={"age_seconds": Above(warning=300, critical=1800, source="postgres-checkup, check_postgres: 5 min, 30 min")},
    impact=3,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_prepared,
)

RULES = (CONNECTIONS, IDLE_IN_TRANSACTION, LONG_TRANSACTION, LONG_QUERY, BLOCKED, PREPARED)
