# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: what is wrong with tables, indexes and sequences; one finding for each database names the worst of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..absent import Known, NotHere, Unknown
from ..facts.postgresql_tables import (
    Age,
    Database,
    Extension,
    ForeignKey,
    Index,
    Invalid,
    Owner,
    Sequence,
    Space,
    Statement,
    Table,
    UnreadSequences,
)
from ..findings import DAY, GIB, MIB, Above, Domain, Finding, Rule, Severity
from .postgresql_each import TOLD_BY

T = TypeVar("T")
Databases = tuple[Database, ...]
NAMED = 5               # a finding names so many things at most


def of_each(
    databases: Iterable[Database], get: Callable[[Database], Known[T]], judge: Callable[[Database, T], Iterator[Finding]]
) -> Iterator[Finding]:
    """What ``judge`` says of each database that ``get`` knows; why it does not apply, or can't be known, of the others."""
    for database in databases:
        value = get(database)
        if isinstance(value, Unknown):
            yield Finding(Severity.UNKNOWN, database.thing, value.reason, value.values)
        elif isinstance(value, NotHere):
            yield Finding(Severity.OK, database.thing, value.reason, value.values)
        else:
            yield from judge(database, value)


def first(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:NAMED]) + (", ..." if len(every) > NAMED else "")


def check_dead_rows(levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, tables: tuple[Table, ...]) -> Iterator[Finding]:
        dead = [(item.dead_count / (item.live_count + item.dead_count), item) for item in tables if item.dead_count >= FEW_ROWS]
        bad = [pair for pair in dead if levels["dead_ratio"].grade(pair[0]) > Severity.OK]
        off = [item.name for item in tables if item.autovacuum_off]
        if bad:
            ratio, worst = max(bad, key=lambda pair: pair[0])
            yield Finding(levels["dead_ratio"].grade(ratio), database.thing,
                          "{tables_count} tables are full of dead rows; {dead_ratio} of {table} ({dead_count} rows)",
                          {"tables_count": len(bad), "dead_ratio": ratio, "table": worst.name, "dead_count": worst.dead_count})
        elif off:
            yield Finding(Severity.INFO, database.thing, "autovacuum is switched off for {tables}", {"tables": first(off)})
        else:
            yield Finding(Severity.OK, database.thing, "no large table is full of dead rows")

    yield from of_each(databases, lambda database: database.tables, judge)


FEW_ROWS = 10_000
DEAD_ROWS = Rule(
    id="postgresql_dead_rows",
    title="Tables are vacuumed",
    domain=Domain.DATABASE,
    why="Dead rows take space and time in every scan, and a table that vacuum does not get through only grows.",
    fix="Look for what holds vacuum up (old transactions, slots); lower autovacuum_vacuum_scale_factor for large tables.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * tables",),
    levels={"dead_ratio": Above(warning=0.40, critical=0.80, source="our judgement: twice what autovacuum starts at (20 %), from "
                                                                    "10,000 rows on")},
    impact=2,
    told_by=TOLD_BY,
    check=check_dead_rows,
)


def check_statistics(levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, tables: tuple[Table, ...]) -> Iterator[Finding]:
        stale = [(item.changed_count / max(1, item.live_count), item.name) for item in tables if item.changed_count >= FEW_ROWS]
        old = [pair for pair in stale if levels["changed_ratio"].grade(pair[0]) > Severity.OK]
        never = [item.name for item in tables if item.analyzed_seconds is None and item.live_count >= FEW_ROWS and item.changed_count]
        if old or never:
            ratio = max((pair[0] for pair in old), default=0.0)
            yield Finding(Severity.WARNING, database.thing,
                          "the planner knows little of {tables}: changed by up to {changed_ratio} since they were analysed, or "
                          "never analysed",
                          {"tables": first(dict.fromkeys([*never, *(name for _ratio, name in old)])),
                           **({"changed_ratio": ratio} if old else {"changed_ratio": "?"})})
        else:
            yield Finding(Severity.OK, database.thing, "the planner's statistics are up to date")

    yield from of_each(databases, lambda database: database.tables, judge)


STATISTICS = Rule(
    id="postgresql_statistics",
    title="The planner's statistics are up to date",
    domain=Domain.DATABASE,
    why="By old or missing statistics the planner takes the wrong index or join, and a query that took milliseconds takes minutes.",
    fix="ANALYZE the tables; see why autovacuum does not (switched off for them, too few workers, changed just now).",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * tables",),
    levels={"changed_ratio": Above(warning=0.50, source="our judgement: five times what autovacuum analyses at (10 %), from "
                                                        "10,000 rows on")},
    impact=2,
    told_by=TOLD_BY,
    check=check_statistics,
)


def bloated(levels: Mapping[str, Any], database: Database, things: tuple[Space, ...]) -> Iterator[Finding]:
    bad = [item for item in things if levels["wasted_bytes"].grade(item.size_bytes - item.needed_bytes) > Severity.OK
           and levels["wasted_ratio"].grade(1 - item.needed_bytes / item.size_bytes) > Severity.OK]
    if not bad:
        yield Finding(Severity.OK, database.thing, "none of the large ones is mostly air, by estimate")
        return
    worst = max(bad, key=lambda item: item.size_bytes - item.needed_bytes)
    wasted, ratio = worst.size_bytes - worst.needed_bytes, 1 - worst.needed_bytes / worst.size_bytes
    severity = max(min(levels["wasted_bytes"].grade(item.size_bytes - item.needed_bytes),
                       levels["wasted_ratio"].grade(1 - item.needed_bytes / item.size_bytes)) for item in bad)
    yield Finding(severity, database.thing, "{names}: by estimate {wasted_bytes} ({wasted_ratio}) of the first are free or dead",
                  {"names": first([worst.name, *(item.name for item in bad if item is not worst)]),
                   "wasted_bytes": wasted, "wasted_ratio": ratio})


BLOAT_LEVELS = {
    "wasted_ratio": Above(warning=0.40, critical=0.90, source="postgres-checkup: 40, 90 %; both levels must be passed"),
    "wasted_bytes": Above(warning=1 * GIB, critical=10 * GIB, source="our judgement; both levels must be passed"),
}


def check_table_bloat(levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    yield from of_each(databases, lambda database: database.table_space, lambda database, things: bloated(levels, database, things))


TABLE_BLOAT = Rule(
    id="postgresql_table_bloat",
    title="Tables take no more space than their rows need",
    domain=Domain.DATABASE,
    why="Scans, cache and backups all pay for pages that are mostly empty; the space does not come back by itself.",
    fix="Check it with pgstattuple_approx; rebuild it in a window (pg_repack, or VACUUM FULL, which locks it).",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * table_space",),
    levels=BLOAT_LEVELS,
    impact=2,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_table_bloat,
)


def check_index_bloat(levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    yield from of_each(databases, lambda database: database.index_space, lambda database, things: bloated(levels, database, things))


INDEX_BLOAT = Rule(
    id="postgresql_index_bloat",
    title="Indexes take no more space than their keys need",
    domain=Domain.DATABASE,
    why="A bloated index fills the cache with empty pages and makes each search longer.",
    fix="REINDEX INDEX CONCURRENTLY (PostgreSQL 12 and newer).",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * index_space",),
    levels=BLOAT_LEVELS,
    impact=2,
    told_by=TOLD_BY,
    check=check_index_bloat,
)


def check_ages(levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, oldest: tuple[Age, ...]) -> Iterator[Finding]:
        if not oldest:
            yield Finding(Severity.UNKNOWN, database.thing, "it names no table at all, not even of its catalogue")
            return
        age = max(max(item.xid_age, item.mxid_age) for item in oldest)
        yield Finding(levels["age_count"].grade(age), database.thing,
                      "the tables that were frozen longest ago, with the transactions and multixacts since: {names}",
                      {"age_count": age, "names": first(f"{item.name} ({item.xid_age}, {item.mxid_age})" for item in oldest)})

    yield from of_each(databases, lambda database: database.ages, judge)


TABLE_AGES = Rule(
    id="postgresql_table_ages",
    title="Each table is frozen in time",
    domain=Domain.DATABASE,
    why="One table that vacuum can't get through holds up the age of its whole database, which stops taking writes at 2.1 billion.",
    fix="VACUUM (FREEZE, VERBOSE) the tables named first; if they stay, look for old transactions, slots and damage in them.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * ages",),
    levels={"age_count": Above(warning=840_000_000, critical=1_400_000_000, source="as postgresql_wraparound: check_postgres")},
    impact=3,
    told_by=TOLD_BY,
    check=check_ages,
)


def check_invalid(_levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, indexes: tuple[Invalid, ...]) -> Iterator[Finding]:
        if indexes:
            yield Finding(Severity.WARNING, database.thing, "{indexes_count} invalid indexes: {names}",
                          {"indexes_count": len(indexes), "names": first(item.name for item in indexes)})
        else:
            yield Finding(Severity.OK, database.thing, "no index is invalid")

    yield from of_each(databases, lambda database: database.invalid, judge)


INVALID = Rule(
    id="postgresql_invalid_indexes",
    title="All indexes are valid",
    domain=Domain.DATABASE,
    why="An index whose building failed is never used, but every write still pays for it; a unique one guards nothing.",
    fix="Find out why it failed (doubles, a deadlock), mend that, then REINDEX INDEX CONCURRENTLY or drop it.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * invalid",),
    impact=2,
    told_by=TOLD_BY,
    check=check_invalid,
)


def check_unused(levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, indexes: tuple[Index, ...]) -> Iterator[Finding]:
        about = database.about
        if isinstance(about, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, database.thing, about.reason, about.values)
            return
        unused = sum(item.size_bytes for item in indexes)
        ratio = unused / about.size_bytes if about.size_bytes else 0.0
        values = {"unused_bytes": unused, "unused_ratio": ratio, "indexes_count": len(indexes),
                  "names": first(item.name for item in indexes), "counted_seconds": about.counted_seconds}
        severity = min(levels["unused_ratio"].grade(ratio), levels["unused_bytes"].grade(unused))
        if levels["counted_seconds"].grade(about.counted_seconds) is Severity.OK:
            yield Finding(Severity.OK, database.thing, "too early to tell: its statistics are only {counted_seconds} old", values)
        elif indexes:
            yield Finding(max(severity, Severity.INFO), database.thing,
                          "{indexes_count} indexes of {unused_bytes} ({unused_ratio} of the database) were not used in "
                          "{counted_seconds}: {names}",
                          values)
        else:
            yield Finding(Severity.OK, database.thing, "all large indexes were used in {counted_seconds}", values)

    yield from of_each(databases, lambda database: database.unused, judge)


UNUSED = Rule(
    id="postgresql_unused_indexes",
    title="Indexes are used",
    domain=Domain.DATABASE,
    why="Each write pays for each index, also for those that no query reads.",
    fix="See that no standby and no yearly job uses it, then drop it; keep its definition.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * unused", "postgresql_tables * database"),
    levels={
        "unused_ratio": Above(warning=0.05, source="postgres-checkup: 5 % of the database"),
        "unused_bytes": Above(warning=1 * GIB, source="our judgement; all levels must be passed"),
        "counted_seconds": Above(warning=30 * DAY, source="our judgement: a month's end must have come by"),
    },
    impact=1,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_unused,
)


def check_duplicates(levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, indexes: tuple[Index, ...]) -> Iterator[Finding]:
        wasted = sum(item.size_bytes for item in indexes)
        if indexes:
            yield Finding(max(levels["wasted_bytes"].grade(wasted), Severity.INFO), database.thing,
                          "the same index more than once, {wasted_bytes} in vain: {names}",
                          {"wasted_bytes": wasted, "names": first(item.name for item in indexes)})
        else:
            yield Finding(Severity.OK, database.thing, "no index is there twice")

    yield from of_each(databases, lambda database: database.duplicates, judge)


DUPLICATES = Rule(
    id="postgresql_duplicate_indexes",
    title="No index is there twice",
    domain=Domain.DATABASE,
    why="Each write pays for both, and only one is ever used.",
    fix="Drop all but one; keep the one that belongs to a constraint.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * duplicates",),
    levels={"wasted_bytes": Above(warning=100 * MIB, source="our judgement; less is only named")},
    impact=1,
    told_by=TOLD_BY,
    check=check_duplicates,
)


def check_foreign_keys(_levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, keys: tuple[ForeignKey, ...]) -> Iterator[Finding]:
        if keys:
            yield Finding(Severity.INFO, database.thing, "{keys_count} foreign keys of large tables have no index: {names}",
                          {"keys_count": len(keys), "names": first(f"{item.name} ({item.table_name})" for item in keys)})
        else:
            yield Finding(Severity.OK, database.thing, "the foreign keys of all large tables have an index")

    yield from of_each(databases, lambda database: database.foreign_keys, judge)


FOREIGN_KEYS = Rule(
    id="postgresql_foreign_keys",
    title="Foreign keys have an index",
    domain=Domain.DATABASE,
    why="Each DELETE or change of a key in the table that is referred to reads the whole referring one.",
    fix="CREATE INDEX CONCURRENTLY on its columns, if rows of the table that is referred to are ever deleted.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * foreign_keys",),
    impact=1,
    told_by=TOLD_BY,
    check=check_foreign_keys,
)


def check_sequences(levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, sequences: tuple[Sequence, ...]) -> Iterator[Finding]:
        worst = max(sequences, key=lambda item: item.used_ratio, default=None)
        severity = levels["used_ratio"].grade(worst.used_ratio) if worst else Severity.OK
        unread = database.unread_sequences
        if severity == Severity.OK and isinstance(unread, UnreadSequences) and unread.denied_count + unread.beyond_count:
            yield Finding(Severity.UNKNOWN, database.thing,
                          "of its sequences {denied_count} may not be read, and {beyond_count} are too many to be read at once",
                          {"denied_count": unread.denied_count, "beyond_count": unread.beyond_count})
        elif worst is None:
            yield Finding(Severity.OK, database.thing, "no sequence has used a third of its numbers")
        else:
            yield Finding(severity, database.thing, "{used_ratio} of the numbers of {name} are used (column {column}, up to {limit_value})",
                          {"used_ratio": worst.used_ratio, "name": worst.name, "column": worst.column_name or "-",
                           "limit_value": worst.limit_value})

    yield from of_each(databases, lambda database: database.sequences, judge)


SEQUENCES = Rule(
    id="postgresql_sequences",
    title="Sequences and keys have numbers left",
    domain=Domain.DATABASE,
    why="After the last number every INSERT fails; an integer key ends at 2.1 billion, though its sequence may go on.",
    fix="Change the column to bigint in time: on a large table by a new column, a trigger and a switch, not by ALTER TYPE at noon.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * sequences", "postgresql_tables * unread_sequences"),
    levels={"used_ratio": Above(warning=0.70, critical=0.90, source="postgres-checkup 50 %, check_postgres 85 to 95 %, PgHero 90 %")},
    impact=4,
    change_risk=3,
    told_by=TOLD_BY,
    track=("used_ratio",),
    check=check_sequences,
)


def check_extensions(_levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, extensions: tuple[Extension, ...]) -> Iterator[Finding]:
        if extensions:
            yield Finding(Severity.INFO, database.thing, "extensions older than their files: {names}",
                          {"names": first(f"{item.name} {item.installed} ({item.available})" for item in extensions)})
        else:
            yield Finding(Severity.OK, database.thing, "all extensions are as new as their files")

    yield from of_each(databases, lambda database: database.extensions, judge)


EXTENSIONS = Rule(
    id="postgresql_extensions",
    title="Extensions are as new as their files",
    domain=Domain.DATABASE,
    why="After an update of the server the functions of the old version stay in the database, with their errors.",
    fix="ALTER EXTENSION ... UPDATE, after reading its notes.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * extensions",),
    impact=1,
    told_by=TOLD_BY,
    check=check_extensions,
)


def check_owners(_levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, owners: tuple[Owner, ...]) -> Iterator[Finding]:
        wrong = [item for item in owners if item.is_superusers]
        chosen = wrong or list(owners)
        values = {"names": first(f"{item.name} ({item.owner})" for item in chosen), "usual": chosen[0].usual_owner if chosen else ""}
        if wrong:
            yield Finding(Severity.WARNING, database.thing, "belongs to a superuser, where all else belongs to {usual}: {names}", values)
        elif owners:
            yield Finding(Severity.INFO, database.thing, "belongs to another role than the rest of its schema ({usual}): {names}", values)
        else:
            yield Finding(Severity.OK, database.thing, "all of a schema belongs to one role")

    yield from of_each(databases, lambda database: database.owners, judge)


OWNERS = Rule(
    id="postgresql_owners",
    title="Tables belong to the role that manages them",
    domain=Domain.DATABASE,
    why="What somebody made as superuser the application can't change: the next migration fails half-way.",
    fix="ALTER TABLE ... OWNER TO the role of the others; let people work with SET ROLE.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * owners",),
    impact=2,
    told_by=TOLD_BY,
    check=check_owners,
)
LARGE_SHARE = 0.30          # postgres-checkup names the top ten; from this share on one statement is worth a look


def check_statements(_levels: Mapping[str, Any], databases: Databases) -> Iterator[Finding]:
    def judge(database: Database, statements: tuple[Statement, ...]) -> Iterator[Finding]:
        top = max(statements, key=lambda item: item.share_ratio or 0, default=None)
        if top is not None and (top.share_ratio or 0) >= LARGE_SHARE and top.total_seconds >= DAY / 24:
            yield Finding(Severity.INFO, database.thing, "one statement takes {share_ratio} of all time ({total_seconds} in "
                                                         "{calls_count} calls): {query}",
                          {"share_ratio": top.share_ratio, "total_seconds": top.total_seconds,
                           "calls_count": top.calls, "query": top.query})
        else:
            yield Finding(Severity.OK, database.thing, "no single statement takes most of the time")

    yield from of_each(databases, lambda database: database.statements, judge)


STATEMENTS = Rule(
    id="postgresql_top_statements",
    title="No single statement takes most of the time",
    domain=Domain.DATABASE,
    why="To make one statement faster is the cheapest gain where it takes a third of all time or more.",
    fix="Look at its plan with real values, its indexes, and how often the application asks it.",
    needs=("postgresql_tables.databases",),
    evidence=("postgresql_tables * statements",),
    impact=1,
    told_by=TOLD_BY,
    check=check_statements,
)

RULES = (
    DEAD_ROWS, STATISTICS, TABLE_BLOAT, INDEX_BLOAT, TABLE_AGES, INVALID, UNUSED, DUPLICATES, FOREIGN_KEYS, SEQUENCES, EXTENSIONS,
    OWNERS, STATEMENTS,
)
