# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: the tables, indexes and sequences of each database. Sizes in bytes, ages in seconds at the time of the capture."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

from ..absent import Absent, Known, NotHere, Unknown
from ..archive import Capture
from .answers import answer, one as the_only
from .postgresql import own_instances, session_of

T = TypeVar("T")
SUBJECT = "postgresql_tables"
STANDBY = NotHere("is a standby, or has no database to look at; tables are judged on the primary")


@dataclass(frozen=True)
class Chosen:
    name: str
    rank: int


@dataclass(frozen=True)
class About:
    """``counted_seconds``: since when its statistics count, at least."""

    name: str
    counted_seconds: float
    size_bytes: float


@dataclass(frozen=True)
class Table:
    """One of ten thousand rows or more, or as many dead or changed ones."""

    name: str
    live_count: int
    dead_count: int
    changed_count: int
    vacuumed_seconds: float | None
    analyzed_seconds: float | None
    autovacuum_off: bool


@dataclass(frozen=True)
class Reads:
    """``read_bytes``: what of a table, its indexes and its TOAST was not in the server's cache, since its statistics count."""

    name: str
    read_bytes: float


@dataclass(frozen=True)
class Space:
    """What a table or index of 10 MiB or more takes, and what its rows need by the planner's statistics: an estimate."""

    name: str
    size_bytes: float
    needed_bytes: float


@dataclass(frozen=True)
class Age:
    """Transactions and multixacts since a table, or its TOAST, was last frozen."""

    name: str
    xid_age: int
    mxid_age: int


@dataclass(frozen=True)
class Invalid:
    name: str
    table_name: str


@dataclass(frozen=True)
class Index:
    name: str
    table_name: str
    size_bytes: float


@dataclass(frozen=True)
class ForeignKey:
    name: str
    table_name: str
    rows_count: float


@dataclass(frozen=True)
class Sequence:
    """``limit_value``: what the sequence, or the column that it fills, can hold."""

    name: str
    column_name: str
    used_ratio: float
    limit_value: float


@dataclass(frozen=True)
class UnreadSequences:
    """Those that we may not read, and those beyond the number that is read at once."""

    denied_count: int
    beyond_count: int


@dataclass(frozen=True)
class Extension:
    name: str
    installed: str
    available: str


@dataclass(frozen=True)
class Owner:
    name: str
    owner: str
    usual_owner: str
    is_superusers: bool


@dataclass(frozen=True)
class Statement:
    """``share_ratio`` of the time of all statements that pg_stat_statements keeps; None where there was none.

    ``database``: whose statement it is, which need not be the one that was asked.
    """

    query: str
    calls: int
    total_seconds: float
    share_ratio: float | None
    query_id: str = ""
    database: str = ""


@dataclass(frozen=True)
class Database:
    """``thing``: 5432/shop, or 5432 where the instance gave no answers."""

    thing: str
    about: Known[About]
    tables: Known[tuple[Table, ...]]
    reads: Known[tuple[Reads, ...]]
    table_space: Known[tuple[Space, ...]]
    index_space: Known[tuple[Space, ...]]
    ages: Known[tuple[Age, ...]]
    invalid: Known[tuple[Invalid, ...]]
    unused: Known[tuple[Index, ...]]
    duplicates: Known[tuple[Index, ...]]
    foreign_keys: Known[tuple[ForeignKey, ...]]
    sequences: Known[tuple[Sequence, ...]]
    unread_sequences: Known[UnreadSequences]
    extensions: Known[tuple[Extension, ...]]
    owners: Known[tuple[Owner, ...]]
    statements: Known[tuple[Statement, ...]]


@dataclass(frozen=True)
class PostgresqlTablesFacts:
    databases: Known[tuple[Database, ...]]


def parse(capture: Capture) -> PostgresqlTablesFacts:
    found = own_instances(capture, f"{SUBJECT} instances")
    if isinstance(found, Unknown | NotHere):
        return PostgresqlTablesFacts(found)
    databases: list[Database] = []
    for item in found:
        session = session_of(capture, SUBJECT, item)
        chosen = answer(capture, f"{SUBJECT} {item.instance} databases", Chosen)
        if isinstance(chosen, Unknown | NotHere):       # it came to no question at all: the session says why
            databases.append(without(item.instance, session if isinstance(session, Unknown | NotHere) else chosen))
        elif not chosen:
            databases.append(without(item.instance, STANDBY))
        else:
            seen = [one for one in chosen if capture.entry(_key(item.instance, one)) is not None]
            databases.extend(_database(capture, item.instance, one) for one in seen)
            left = [one.name for one in chosen if one not in seen]
            if left:
                databases.append(without(f"{item.instance}/*", Unknown(
                    "{left_count} databases were not looked at ({names}): only the 20 busiest are, as long as each lets us in",
                    {"left_count": len(left), "names": ", ".join(left[:5])})))
    return PostgresqlTablesFacts(tuple(databases))


def without(thing: str, reason: Absent) -> Database:
    """A database of which nothing is known."""
    return Database(thing, *(reason for _field in fields(Database)[1:]))


def _key(instance: str, chosen: Chosen) -> str:
    return f"{SUBJECT} {instance}/{chosen.rank} database"


def _database(capture: Capture, instance: str, chosen: Chosen) -> Database:
    def many(name: str, kind: type[T]) -> Known[tuple[T, ...]]:
        return answer(capture, f"{SUBJECT} {instance}/{chosen.rank} {name}", kind)

    statements: Known[tuple[Statement, ...]] = NotHere("pg_stat_statements is not set up in it")
    if capture.entry(f"{SUBJECT} {instance}/{chosen.rank} statements") is not None:
        statements = many("statements", Statement)
    return Database(
        thing=f"{instance}/{chosen.name}", about=the_only(many("database", About), _key(instance, chosen)), tables=many("tables", Table),
        reads=many("reads", Reads), table_space=many("table_space", Space), index_space=many("index_space", Space),
        ages=many("ages", Age), invalid=many("invalid", Invalid),
        unused=many("unused", Index), duplicates=many("duplicates", Index), foreign_keys=many("foreign_keys", ForeignKey),
        sequences=many("sequences", Sequence),
        unread_sequences=the_only(many("unread_sequences", UnreadSequences), f"{SUBJECT} {instance}/{chosen.rank} unread_sequences"),
        extensions=many("extensions", Extension), owners=many("owners", Owner),
        statements=statements,
    )
