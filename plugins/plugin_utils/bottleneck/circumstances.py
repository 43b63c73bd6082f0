# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the newest capture of a host says that can name a cause: a pure function of its facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..absent import Known, NotHere, Unknown

T = TypeVar("T")
NOT_SEEN = Unknown("no capture goes with this history")
IMPAIRED = re.compile(r"(?i)degrad|dgrd|rebuild|recover|partially|pdgd|interim")
CONSUMERS = 5


@dataclass(frozen=True)
class Impaired:
    """An array or RAID volume that is degraded or rebuilding; ``members`` are empty where the controller hides them."""

    name: str
    state: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Consumer:
    """A program; ``cpu_ratio`` of one CPU over the lives of its processes."""

    name: str
    cpu_ratio: float
    memory_bytes: int


@dataclass(frozen=True)
class Link:
    speed_mbit: int | None
    duplex: str


@dataclass(frozen=True)
class Query:
    """``share_ratio`` of the time of all statements of its instance; ``query`` without values."""

    instance: str
    query: str
    share_ratio: float


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
        queries=_queries(facts),
        consumers=_changed(_of(facts, "processes", "all"), _consumers),
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


def _queries(facts: Mapping[str, Any]) -> Known[tuple[Query, ...]]:
    databases = _of(facts, "postgresql_tables", "databases")
    if isinstance(databases, Unknown | NotHere):
        return databases
    found = [
        Query(database.thing, statement.query[:200], statement.share_ratio)
        for database in databases if not isinstance(database.statements, Unknown | NotHere)
        for statement in database.statements if statement.share_ratio is not None]
    return tuple(sorted(found, key=lambda query: -query.share_ratio)[:CONSUMERS]) or Unknown("no server keeps statistics of its statements")


def _consumers(processes: Any) -> tuple[Consumer, ...]:
    """The programs that use most CPU and those that hold most memory, all processes of a name together."""
    sums: dict[str, tuple[float, int]] = {}
    for process in processes:
        cpu, memory = sums.get(process.name, (0.0, 0))
        sums[process.name] = cpu + process.cpu_ratio, memory + process.resident_bytes
    every = [Consumer(name, cpu, memory) for name, (cpu, memory) in sums.items()]
    most = {item.name: item for key in ("cpu_ratio", "memory_bytes") for item in sorted(every, key=lambda one: -getattr(one,
                                                                                                                        key))[:CONSUMERS]}
    return tuple(most.values())
