# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses most of what is short, by name: programs with their units, statements with their ids, tables, and who holds a lock."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from ..absent import Known, NotHere, Unknown
from .circumstances import DEAD, READ, WAITED, Circumstances, Consumer, Query
from .line import Line

SHOWN = 3
LEAST_RATIO = 0.01          # of a CPU, or of the time of all statements: who uses less explains nothing
QUERY_LENGTH = 120
ENGINES = (("postgresql", re.compile(r"postgres|postmaster")), ("mysql", re.compile(r"mysql|mariadb")))
PROGRAM = "{program}: {cpu_ratio} of a CPU since it started, {memory_bytes} of memory"
STATEMENT = "{instance}, query {query_id}: {share_ratio} of the time of all statements: {query}"
STATEMENT_WITHOUT_ID = "{instance}: {share_ratio} of the time of all statements: {query}"
TABLES = {
    READ: "{instance}, table {table}: {read_bytes} read that its cache did not have",
    WAITED: "{instance}, table {table}: statements read and wrote it for {waited_seconds}",
    DEAD: "{instance}, table {table}: {dead_count} dead rows",
}
BLOCKER = "{instance}: process {pid} ({who}) blocks {blocked_count} sessions, the longest for {waiting_seconds}: {query}"
PREPARED = "{instance}: a prepared transaction blocks {blocked_count} sessions, the longest for {waiting_seconds}: {query}"
NOT_ASKED = "only PostgreSQL is asked who blocks whom"
NOBODY_BLOCKED = "no session of PostgreSQL waited for another when the host was looked at"
TEXTS = (PROGRAM, STATEMENT, STATEMENT_WITHOUT_ID, *TABLES.values(), BLOCKER, PREPARED, NOBODY_BLOCKED, NOT_ASKED)     # for the translation

Engines: TypeAlias = Collection[str]        # whose statements and tables count; all where it is empty
Part: TypeAlias = Callable[[Circumstances, Engines], Iterator[Line]]


def consumers_of(resource: str, names: Iterable[str], circumstances: Circumstances) -> tuple[Line, ...]:
    """``names``: the instances that are short of the resource; a database among them is asked only for its own.

    Also why it is not known who uses most.
    """
    engines = {engine_of(name) for name in names} - {""}
    found: list[Line] = []
    for part in PARTS.get(resource, ()):
        found += [line for line in part(circumstances, engines) if line not in found]
    return tuple(found)


def engine_of(name: str) -> str:
    """postgresql or mysql, by the name of a program or of what a history measures; "" for others."""
    return next((engine for engine, pattern in ENGINES if pattern.search(name.lower())), "")


def busiest(consumers: Iterable[Consumer]) -> str:
    """The program that uses most CPU in all its units, "" where there is none."""
    sums: dict[str, float] = {}
    for item in consumers:
        sums[item.name] = sums.get(item.name, 0.0) + item.cpu_ratio
    return max(sums, key=lambda name: sums[name], default="")


def queries_of(engine: str, queries: Iterable[Query]) -> tuple[Query, ...]:
    return tuple(query for query in queries if engine_of(query.instance) == engine)


def _by_cpu(circumstances: Circumstances, _engines: Engines) -> Iterator[Line]:
    yield from _programs(circumstances.consumers, lambda item: item.cpu_ratio, LEAST_RATIO)


def _by_memory(circumstances: Circumstances, _engines: Engines) -> Iterator[Line]:
    yield from _programs(circumstances.consumers, lambda item: item.memory_bytes)


def _programs(consumers: Known[tuple[Consumer, ...]], amount: Callable[[Consumer], float], least: float = 0.0) -> Iterator[Line]:
    if isinstance(consumers, Unknown | NotHere):
        yield from _why_not(consumers)
        return
    for item in sorted((one for one in consumers if amount(one) >= least), key=amount, reverse=True)[:SHOWN]:
        yield Line(PROGRAM, {"program": f"{item.name} ({item.unit})" if item.unit else item.name, "cpu_ratio": item.cpu_ratio,
                             "memory_bytes": item.memory_bytes})


def _statements(circumstances: Circumstances, engines: Engines) -> Iterator[Line]:
    queries = circumstances.queries
    if isinstance(queries, Unknown | NotHere):
        yield from _why_not(queries)
        return
    known = (query for query in queries if query.share_ratio >= LEAST_RATIO)
    for item in [query for query in known if not engines or engine_of(query.instance) in engines][:SHOWN]:
        yield Line(STATEMENT if item.query_id else STATEMENT_WITHOUT_ID,
                   {"instance": item.instance, "query_id": item.query_id, "share_ratio": item.share_ratio, "query": _cut(item.query)})


def _cut(query: str) -> str:
    return query if len(query) <= QUERY_LENGTH else query[:QUERY_LENGTH - 3] + "..."


def _statements_of_leader(circumstances: Circumstances, _engines: Engines) -> Iterator[Line]:
    """Of the database that uses most CPU, where one does."""
    consumers = circumstances.consumers
    engine = "" if isinstance(consumers, Unknown | NotHere) else engine_of(busiest(consumers))
    if engine:
        yield from _statements(circumstances, (engine,))


def _tables(*measures: str, must: bool = True) -> Part:
    """``must`` False: that nothing is known of tables need not be told, as the host may have none."""
    def part(circumstances: Circumstances, engines: Engines) -> Iterator[Line]:
        tables = circumstances.tables
        if isinstance(tables, Unknown | NotHere):
            yield from _why_not(tables) if must else ()
            return
        wanted = [use for use in tables if use.measure in measures and (not engines or engine_of(use.instance) in engines)]
        for use in wanted[:SHOWN]:
            yield Line(TABLES[use.measure], {"instance": use.instance, "table": use.name, use.measure: use.amount})
    return part


def _blockers(circumstances: Circumstances, engines: Engines) -> Iterator[Line]:
    blockers = circumstances.blockers
    if isinstance(blockers, Unknown | NotHere):
        yield from _why_not(blockers)
        return
    if engines and "postgresql" not in engines:
        yield Line(NOT_ASKED)
    elif not blockers:
        yield Line(NOBODY_BLOCKED)
    for item in [one for one in blockers if not engines or engine_of(one.instance) in engines][:SHOWN]:
        yield Line(BLOCKER if item.pid else PREPARED, {
            "instance": item.instance, "pid": str(item.pid), "who": item.who, "blocked_count": item.blocked_count,
            "waiting_seconds": item.waiting_seconds, "query": _cut(item.query)})


def _why_not(absent: Unknown | NotHere) -> Iterator[Line]:
    if isinstance(absent, Unknown):
        yield Line(absent.reason, absent.values)


PARTS: Mapping[str, tuple[Part, ...]] = {
    "cpu": (_by_cpu, _statements_of_leader),
    "memory": (_by_memory,),
    "disk": (_tables(READ, WAITED, must=False),),
    "plan": (_by_cpu, _statements),
    **dict.fromkeys(("cache", "checkpoints", "work_memory"), (_statements, _tables(READ, WAITED))),
    "vacuum": (_tables(DEAD),),
    "locks": (_blockers,),
}
