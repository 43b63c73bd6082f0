# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the newest capture of a host says that can name a cause: a pure function of its facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from ..absent import Known, NotHere, Unknown

T = TypeVar("T")
NOT_SEEN = Unknown("no capture goes with this history")
IMPAIRED = re.compile(r"(?i)degrad|dgrd|rebuild|recover|partially|pdgd|interim")
CONSUMERS = 5
READ, WAITED, DEAD = "read_bytes", "waited_seconds", "dead_count"
NO_STATEMENTS = Unknown("no server keeps statistics of its statements")
NO_TABLES = Unknown("no server keeps statistics of its tables")


@dataclass(frozen=True)
class Impaired:
    """An array or RAID volume that is degraded or rebuilding; ``members`` are empty where the controller hides them."""

    name: str
    state: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Consumer:
    """A program, in one systemd unit ("" where it has none); ``cpu_ratio`` of one CPU over the lives of its processes."""

    name: str
    cpu_ratio: float
    memory_bytes: int
    unit: str = ""


@dataclass(frozen=True)
class Link:
    speed_mbit: int | None
    duplex: str


@dataclass(frozen=True)
class Query:
    """``share_ratio`` of the time of all statements of its server; ``query`` without values.

    ``instance``: postgresql 5432/shop or mysql 3306/shop; ``query_id``: what the server calls it, "" where that is not told.
    """

    instance: str
    query: str
    share_ratio: float
    query_id: str = ""


@dataclass(frozen=True)
class TableUse:
    """What a table is among the first of: ``measure`` is READ, WAITED or DEAD, and says the unit of ``amount``."""

    instance: str
    name: str
    measure: str
    amount: float


@dataclass(frozen=True)
class Blocker:
    """A process at the head of a chain of locks, 0 for a prepared transaction; ``who`` it is, as far as that is told.

    ``blocked_count``: the sessions that wait behind it; ``waiting_seconds`` and ``query``: of the one that waits longest.
    """

    instance: str
    pid: int
    who: str
    blocked_count: int
    waiting_seconds: float
    query: str


@dataclass(frozen=True)
class Circumstances:
    """``disk_classes``: {device: nvme, ssd, hdd, san, virtual}; ``failing_disks``: {device: why}."""

    disk_classes: Mapping[str, str] = field(default_factory=dict)
    failing_disks: Known[Mapping[str, str]] = NOT_SEEN
    impaired: Known[tuple[Impaired, ...]] = NOT_SEEN
    write_through: Known[tuple[str, ...]] = NOT_SEEN
    throttled_count: Known[int] = NOT_SEEN
    memory_missing_bytes: Known[int] = NOT_SEEN
    links: Known[Mapping[str, Link]] = NOT_SEEN
    swappiness: Known[int] = NOT_SEEN
    queries: Known[tuple[Query, ...]] = NOT_SEEN
    consumers: Known[tuple[Consumer, ...]] = NOT_SEEN
    tables: Known[tuple[TableUse, ...]] = NOT_SEEN
    blockers: Known[tuple[Blocker, ...]] = NOT_SEEN


def circumstances_of(facts: Mapping[str, Any]) -> Circumstances:
    """``facts``: {subject: its facts} as the engine makes them; a subject that was not looked at leaves its part Unknown."""
    disks = _of(facts, "block_devices", "disks")
    return Circumstances(
        disk_classes={disk.name: disk.device_class for disk in disks} if isinstance(disks, tuple) else {},
        failing_disks=_failing(facts),
        impaired=_impaired(facts),
        write_through=_write_through(facts),
        throttled_count=_of(facts, "hardware", "throttled"),
        memory_missing_bytes=_missing(facts),
        links=_changed(_of(facts, "network", "links"), lambda links: {link.name: Link(link.speed, link.duplex) for link in links}),
        swappiness=_swappiness(facts),
        queries=_changed(_joined(_changed(_of(facts, "postgresql_tables", "databases"), _postgresql_queries),
                                 _changed(_of(facts, "mysql", "servers"), _mysql_queries)),
                         lambda queries: tuple(sorted(queries, key=lambda query: -query.share_ratio))),
        consumers=_changed(_of(facts, "processes", "all"), _consumers),
        tables=_joined(_changed(_of(facts, "postgresql_tables", "databases"), _postgresql_tables),
                       _changed(_of(facts, "mysql", "servers"), _mysql_tables)),
        blockers=_changed(_of(facts, "postgresql", "instances"), _blockers),
    )


def _of(facts: Mapping[str, Any], subject: str, name: str) -> Any:
    holder = facts.get(subject)
    if holder is None:
        return Unknown("{subject} was not looked at", {"subject": subject})
    return holder if isinstance(holder, Unknown | NotHere) else getattr(holder, name)


def _changed(value: Any, change: Callable[[Any], T]) -> Known[T]:
    return value if isinstance(value, Unknown | NotHere) else change(value)


def _joined(*parts: Known[Any]) -> Known[tuple[Any, ...]]:
    """What any part knows; Unknown where none does and one should."""
    items = tuple(item for part in parts if not isinstance(part, Unknown | NotHere) for item in part)
    unknown = [part for part in parts if isinstance(part, Unknown)]
    if items or not unknown:
        return items
    return unknown[0]


def _failing(facts: Mapping[str, Any]) -> Known[Mapping[str, str]]:
    health = _changed(_of(facts, "disk_health", "disks"), lambda disks: [
        (disk.name.removeprefix("/dev/").split()[0], "SMART") for disk in disks
        if disk.passed is False or disk.failing or any((disk.pending, disk.offline_uncorrectable, disk.media_errors))])
    errors = _changed(_of(facts, "kernel_log", "io_errors"), lambda events: [(event.device,
                                                                              event.kind) for event in events if event.device])
    joined = _joined(health, errors)
    return joined if isinstance(joined, Unknown | NotHere) else dict(joined)


def _impaired(facts: Mapping[str, Any]) -> Known[tuple[Impaired, ...]]:
    software = _changed(_of(facts, "md_raid", "arrays"), lambda arrays: [
        Impaired(array.name, "rebuilding" if array.operation and array.operation.kind in ("recovery", "reshape", "resync") else "degraded",
                 (array.name, *(member.name.removeprefix("/dev/") for member in array.members)))
        for array in arrays
        if (array.required is not None and array.working is not None and array.working < array.required)
        or (array.operation is not None and array.operation.state == "running" and array.operation.kind in ("recovery", "reshape",
                                                                                                            "resync"))])
    hardware = _changed(_of(facts, "hardware_raid", "volumes"), lambda volumes: [
        Impaired(volume.name, volume.state) for volume in volumes if IMPAIRED.search(volume.state)])
    return _joined(software, hardware)


def _write_through(facts: Mapping[str, Any]) -> Known[tuple[str, ...]]:
    return _changed(_of(facts, "hardware_raid", "volumes"), lambda volumes: tuple(
        volume.name for volume in volumes if volume.write_back is False and volume.write_back_wanted is not False))


def _missing(facts: Mapping[str, Any]) -> Known[int]:
    """Memory that the inventory expects and the host does not have; what firmware and kernel keep for themselves is under 5 %."""
    wanted = getattr(facts.get("settings"), "memory_bytes", None)
    if wanted is None:
        return NotHere("caretaker_memory_bytes is not set in the inventory")
    expected = int(wanted)
    return _changed(_of(facts, "memory", "sizes"), lambda sizes: max(0,
                                                                     expected - sizes.total_bytes) * (sizes.total_bytes < 0.95 * expected))


def _swappiness(facts: Mapping[str, Any]) -> Known[int]:
    values = _of(facts, "kernel_settings", "values")
    if isinstance(values, Unknown | NotHere):
        return values
    text = values.get("vm.swappiness", "")
    return int(text) if text.isdigit() else Unknown("vm.swappiness is not part of this capture")


def _postgresql_queries(databases: Any) -> Known[tuple[Query, ...]]:
    """Each database that has the view shows the statements of its whole server: the first of them is enough."""
    first: dict[str, Any] = {}
    for database in databases:
        if not isinstance(database.statements, Unknown | NotHere):
            first.setdefault(database.thing.partition("/")[0], database)
    return _changed(_joined(*(_changed(one.statements, partial(_of_postgresql, one.thing)) for one in tuple(first.values()) or databases)),
                    _most_time)


def _of_postgresql(thing: str, statements: Any) -> tuple[Query, ...]:
    server = thing.partition("/")[0]
    return tuple(
        Query(f"postgresql {f'{server}/{one.database}' if one.database else thing}", one.query[:200], one.share_ratio, one.query_id)
        for one in statements if one.share_ratio is not None)


def _mysql_queries(servers: Any) -> Known[tuple[Query, ...]]:
    return _changed(_joined(*(_changed(one.statements, partial(_of_mysql, one.name)) for one in servers)), _most_time)


def _of_mysql(name: str, statements: Any) -> tuple[Query, ...]:
    return tuple(
        Query(f"mysql {name}/{one.schema}".removesuffix("/"), one.query[:200], one.share_ratio, one.query_id) for one in statements)


def _most_time(queries: Iterable[Query]) -> Known[tuple[Query, ...]]:
    return _most(queries, lambda query: query.share_ratio) or NO_STATEMENTS


def _postgresql_tables(databases: Any) -> Known[tuple[TableUse, ...]]:
    read = _joined(*(_changed(database.reads, partial(_uses, f"postgresql {database.thing}", READ)) for database in databases))
    dead = _joined(*(_changed(database.tables, partial(_uses, f"postgresql {database.thing}", DEAD)) for database in databases))
    return _joined(_changed(read, _most_used), _changed(dead, _most_used))


def _mysql_tables(servers: Any) -> Known[tuple[TableUse, ...]]:
    waited = _joined(*(_changed(server.table_waits, partial(_uses, f"mysql {server.name}", WAITED)) for server in servers))
    return _changed(waited, _most_used) or NO_TABLES


def _uses(instance: str, measure: str, tables: Any) -> tuple[TableUse, ...]:
    return tuple(TableUse(instance, table.name, measure, amount) for table in tables if (amount := getattr(table, measure)))


def _most_used(uses: Iterable[TableUse]) -> tuple[TableUse, ...]:
    return _most(uses, lambda use: use.amount)


def _most(items: Iterable[T], amount: Callable[[T], float]) -> tuple[T, ...]:
    return tuple(sorted(items, key=amount, reverse=True)[:CONSUMERS])


def _blockers(instances: Any) -> Known[tuple[Blocker, ...]]:
    return _joined(*(_changed(instance.blocked, partial(_heads, instance)) for instance in instances))


def _heads(instance: Any, blocked: Any) -> tuple[Blocker, ...]:
    """Those that wait for nobody themselves, with all who wait behind them: who blocks most first."""
    blockers = {item.pid: item.blockers for item in blocked}
    waiting: dict[int, list[Any]] = {}
    for item in blocked:
        for pid in _ahead(item.pid, blockers):
            waiting.setdefault(pid, []).append(item)
    found = (
        Blocker(f"postgresql {instance.name}", pid, _who(instance, pid, longest.database), len(items), longest.waiting_seconds,
                longest.query[:200])
        for pid, items in waiting.items() for longest in (max(items, key=lambda item: item.waiting_seconds),))
    return _most(found, lambda blocker: blocker.blocked_count)


def _ahead(pid: int, blockers: Mapping[int, Iterable[int]]) -> set[int]:
    """The heads of the chain that a process waits in; all of it where it is a circle, which the server breaks in a moment."""
    reached: set[int] = set()
    todo = [pid]
    while todo:
        new = set(blockers.get(todo.pop(), ())) - reached
        reached |= new
        todo += new
    return {one for one in reached if one not in blockers} or reached


def _who(instance: Any, pid: int, database: str) -> str:
    """Role, application and state of a session that is old enough to be listed; else the database."""
    sessions = () if isinstance(instance.sessions, Unknown | NotHere) else instance.sessions
    session = next((item for item in sessions if item.pid == pid), None)
    parts = (session.role, session.database, session.application, session.state) if session else (database,)
    return ", ".join(part for part in parts if part) or "?"


def _consumers(processes: Any) -> tuple[Consumer, ...]:
    """The programs that use most CPU and those that hold most memory, all processes of a name and unit together.

    A server that starts a process for each client or request (PostgreSQL, php-fpm) used what those used that have ended; not so
    process 1, which all that is orphaned becomes a child of.
    """
    sums: dict[tuple[str, str], tuple[float, int]] = {}
    for process in processes:
        cpu, memory = sums.get((process.name, process.unit), (0.0, 0))
        used = process.cpu_ratio + (process.children_ratio if process.pid != 1 else 0.0)
        sums[process.name, process.unit] = cpu + used, memory + process.resident_bytes
    every = [Consumer(name, cpu, memory, unit) for (name, unit), (cpu, memory) in sums.items()]
    return tuple(dict.fromkeys((*_most(every, lambda one: one.cpu_ratio), *_most(every, lambda one: one.memory_bytes))))
