# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of bottlenecks, and for each sign in which order they are looked for.

The order: failing, throttled or withheld hardware; then limits and settings of the operating system; then the platform's pools, threads
and heaps; then what the database waits for; else there is too little of the resource. A name in BECAUSE that is a sign is followed to
its own causes where both happen at the same times, so that what is seen above is traced to what is wrong below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..absent import NotHere, Unknown
from ..findings import Domain
from .business import Window
from .circumstances import NO_STATEMENTS, Circumstances
from .consumers import busiest, engine_of, queries_of
from .derived import Series
from .forecast import daily_p95
from .persistence import Course

SEEN, CORRELATED, LEFT = 0.95, 0.85, 0.7        # confidence: the host said so; the series show it; nothing else was found
THROTTLED_EVENTS = 100                          # a few happen on healthy machines (judgement)
KERNEL_SHARE = 0.75                             # pmie: three quarters of the busy time in the kernel
AMPLE_MEMORY = 0.2                              # available while it swaps: swapping is then a choice, not a need (judgement)
DIRTY_SHARE = 0.15                              # of memory; the kernel's own vm.dirty_ratio is 20 %, and there writers stand still
DOMINANT_SHARE = 0.3                            # postgres-checkup: one statement with 30 % of the time
SLOW_LINK_MBIT = 100                            # no server is wired so today: negotiation went wrong
LEAK_RISING, LEAK_DAILY = 0.7, 0.004            # days on which memory in use grows, and by what part of all memory (judgement)
DATABASES = re.compile(r"postgres|postmaster|mysqld|mariadbd|oracle|ora_|mongod|sqlservr|redis-server|clickhouse|db2")


@dataclass(frozen=True)
class Shown:
    """A cause confirmed; ``values`` fill its message."""

    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Excluded:
    """A cause ruled out, and why: a template and its values."""

    why: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """A sign over its limit, and what may tell why."""

    course: Course
    series: Series
    window: Window
    circumstances: Circumstances

    def typical(self, name: str) -> float | None:
        """The median of a host-wide series while the sign is over its limit; None where it is not known."""
        return self._during(name, "", 50)

    def most(self, name: str) -> float | None:
        """The 95th percentile of the instance's own series while the sign is over its limit; None where it is not known."""
        return self._during(name, self.course.instance, 95)

    def _during(self, name: str, instance: str, percentile: float) -> float | None:
        values = self.series.get(name, instance)
        if values is None:
            return None
        during = values[self.window.places][self.course.over]
        during = during[np.isfinite(during)]
        return float(np.percentile(during, percentile)) if len(during) else None


Answer = Shown | Excluded | Unknown
Test = Callable[[Situation], Answer]


@dataclass(frozen=True)
class Cause:
    """``message`` is filled with ``names`` (instances), ``over_ratio`` (of business time), and what the test shows."""

    id: str
    domain: Domain
    resource: str
    title: str
    message: str
    test: Test
    confidence: float


def _always(_situation: Situation) -> Answer:
    return Shown()


def _throttled(situation: Situation) -> Answer:
    count = situation.circumstances.throttled_count
    if isinstance(count, Unknown):
        return count
    if isinstance(count, NotHere) or count < THROTTLED_EVENTS:
        return Excluded("the CPUs were not throttled")
    return Shown({"throttled_count": count})


def _in_kernel(situation: Situation) -> Answer:
    system, busy = situation.typical("cpu_system_ratio"), situation.typical("cpu_busy_ratio")
    if system is None or not busy:
        return Unknown("the kernel's share of the CPU time is not known")
    share = (system + (situation.typical("cpu_irq_ratio") or 0.0)) / busy
    if share < KERNEL_SHARE:
        return Excluded("only {kernel_ratio} of the CPU time is the kernel's", {"kernel_ratio": min(1.0, share)})
    return Shown({"kernel_ratio": min(1.0, share)})


def _dominated(situation: Situation) -> Answer:
    queries, consumers = situation.circumstances.queries, situation.circumstances.consumers
    if isinstance(consumers, Unknown):
        return consumers
    leader = "" if isinstance(consumers, NotHere) else busiest(consumers)
    if not DATABASES.search(leader):
        return Excluded("no database is the largest user of CPU")
    if isinstance(queries, Unknown):
        return queries
    own = () if isinstance(queries, NotHere) else queries_of(engine_of(leader), queries)
    if not own:
        return NO_STATEMENTS
    if own[0].share_ratio < DOMINANT_SHARE:
        return Excluded("no single statement takes much of the database's time")
    return Shown({"query": own[0].query, "share_ratio": own[0].share_ratio, "database": own[0].instance})


def _memory_lost(situation: Situation) -> Answer:
    missing = situation.circumstances.memory_missing_bytes
    if isinstance(missing, Unknown):
        return missing
    if isinstance(missing, NotHere) or not missing:
        return Excluded("all the memory that the inventory expects is there")
    return Shown({"missing_bytes": missing})


def _ample(situation: Situation) -> Answer:
    available = situation.typical("memory_available_ratio")
    if available is None:
        return Unknown("it is not known how much memory is available")
    if available < AMPLE_MEMORY:
        return Excluded("only {available_ratio} of memory is available", {"available_ratio": available})
    return Shown({"available_ratio": available})


def _swappiness(situation: Situation) -> Answer:
    answer, chosen = _ample(situation), situation.circumstances.swappiness
    if not isinstance(answer, Shown):
        return answer
    return Shown({**answer.values, "swappiness": chosen if isinstance(chosen, int) else "?"})


def _leak(situation: Situation) -> Answer:
    """Memory in use, swapped parts included, that grows on most days, whatever a restart gives back in between."""
    series, window = situation.series, situation.window
    used = series.get("memory_used_ratio", "")
    if used is None:
        return Unknown("it is not known how much memory is available")
    swap, swap_total, total = (series.get(name, "") for name in ("swap_used_ratio", "swap_total_bytes", "memory_total_bytes"))
    held = used if swap is None or swap_total is None or total is None else used + np.nan_to_num(swap * swap_total / total)
    _days, peaks = daily_p95(held[window.places], window.days, window.weights)
    steps = np.diff(peaks)
    if len(steps) < 8:
        return Unknown("too few days are known to see whether memory leaks")
    if float((steps > 0).mean()) < LEAK_RISING or float(np.median(steps)) < LEAK_DAILY:
        return Excluded("the memory in use does not grow from day to day")
    total_bytes = float(np.nanmedian(total)) if total is not None and np.isfinite(total).any() else 0.0
    return Shown({"daily_bytes": float(np.median(steps)) * total_bytes})


def _failing(situation: Situation) -> Answer:
    failing, instance = situation.circumstances.failing_disks, situation.course.instance
    if isinstance(failing, Unknown):
        return failing
    found = {} if isinstance(failing, NotHere) else {name: why for name, why in failing.items() if not instance or _same_disk(instance,
                                                                                                                              name)}
    if not found:
        return Excluded("no disk below it reports errors")
    return Shown({"disks": ", ".join(sorted(found))})


def _impaired(situation: Situation) -> Answer:
    impaired, instance = situation.circumstances.impaired, situation.course.instance
    if isinstance(impaired, Unknown):
        return impaired
    kind = situation.circumstances.disk_classes.get(instance)
    found = [] if isinstance(impaired, NotHere) else [array for array in impaired if _lies_on(instance, kind, array.members)]
    if not found:
        return Excluded("no RAID array below it is degraded or rebuilding")
    return Shown({"arrays": ", ".join(f"{array.name} ({array.state})" for array in found)})


def _lies_on(instance: str, kind: str | None, members: tuple[str, ...]) -> bool:
    """Whether a device may lie on an array; a controller hides its members, and it has no NVMe disks that the host sees."""
    if not instance or instance.startswith("dm-"):
        return True
    return any(_same_disk(instance, name) for name in members) if members else kind != "nvme"


def _write_through(situation: Situation) -> Answer:
    volumes = situation.circumstances.write_through
    if isinstance(volumes, Unknown):
        return volumes
    if isinstance(volumes, NotHere) or not volumes or situation.circumstances.disk_classes.get(situation.course.instance) == "nvme":
        return Excluded("no RAID volume below it writes without its cache")
    return Shown({"volumes": ", ".join(volumes)})


def _same_disk(instance: str, name: str) -> bool:
    """``sda`` is the disk of ``sda1``, ``nvme0n1`` that of ``nvme0n1p2``, ``nvme0`` the controller of both."""
    return any(re.fullmatch(re.escape(whole) + r"(n\d+)?(p?\d+)?", part) for whole, part in ((instance, name), (name, instance)))


def _dirty(situation: Situation) -> Answer:
    dirty, total = situation.typical("memory_dirty_bytes"), situation.typical("memory_total_bytes")
    if dirty is None or not total:
        return Unknown("it is not known how much memory waits to be written")
    if dirty / total < DIRTY_SHARE:
        return Excluded("only {dirty_ratio} of memory waits to be written", {"dirty_ratio": dirty / total})
    return Shown({"dirty_ratio": dirty / total})


def _disk_work(situation: Situation) -> Answer:
    """Always the cause, with what the disk does while it is slow, where that is known."""
    read, written = situation.most("disk_read_bytes_rate"), situation.most("disk_write_bytes_rate")
    transfers = situation.most("disk_transfers_rate")
    if transfers is None or read is None or written is None:
        return Shown()
    return Shown({"disk": situation.course.instance, "transfers_per_second": transfers, "read_bytes_per_second": read,
                  "written_bytes_per_second": written})


def _slow_link(situation: Situation) -> Answer:
    links = situation.circumstances.links
    if isinstance(links, Unknown):
        return links
    link = None if isinstance(links, NotHere) else links.get(situation.course.instance)
    if link is None or not (link.duplex == "half" or (link.speed_mbit is not None and 0 < link.speed_mbit <= SLOW_LINK_MBIT)):
        return Excluded("the link has its usual speed")
    return Shown({"speed_count": link.speed_mbit or 0, "duplex": link.duplex or "?"})


HARDWARE, OS, PLATFORM, DATABASE = Domain.HARDWARE, Domain.OS, Domain.PLATFORM, Domain.DATABASE

CAUSES: Mapping[str, Cause] = {cause.id: cause for cause in (
    # CPU
    Cause("cpu_throttled", HARDWARE, "cpu", "the CPUs are throttled",
          "tasks wait for a CPU in {over_ratio} of business hours; the CPUs were throttled {throttled_count} times (heat or power)",
          _throttled, SEEN),
    Cause("cpu_stolen", HARDWARE, "cpu", "the hypervisor has too few CPUs",
          "the hypervisor takes CPU time from this machine in {over_ratio} of business hours", _always, SEEN),
    Cause("cpu_in_kernel", OS, "cpu", "the kernel uses the CPU",
          "tasks wait for a CPU in {over_ratio} of business hours, and {kernel_ratio} of the CPU time is the kernel's own", _in_kernel,
          CORRELATED),
    Cause("query_dominates", DATABASE, "plan", "one statement uses the CPU",
          "tasks wait for a CPU in {over_ratio} of business hours; one statement of {database} takes {share_ratio} of its time: {query}",
          _dominated, CORRELATED),
    Cause("capacity_cpu", HARDWARE, "cpu", "too little CPU",
          "tasks wait for a CPU in {over_ratio} of business hours, and no fault was found: the work is more than the CPUs can do",
          _always, LEFT),
    # Memory
    Cause("memory_lost", HARDWARE, "memory", "memory is missing",
          "memory is short in {over_ratio} of business hours; {missing_bytes} less are there than the inventory expects", _memory_lost,
          SEEN),
    Cause("swappiness", OS, "memory", "the kernel swaps without need",
          "memory is swapped in {over_ratio} of business hours while {available_ratio} of it is available (vm.swappiness {swappiness})",
          _swappiness, CORRELATED),
    Cause("memory_limit", OS, "memory", "a limit keeps memory from programs",
          "programs stall for memory in {over_ratio} of business hours while {available_ratio} of it is available", _ample, CORRELATED),
    Cause("memory_leak", PLATFORM, "memory", "a program's memory grows",
          "memory is short in {over_ratio} of business hours, and what is in use grows by {daily_bytes} a day", _leak, CORRELATED),
    Cause("capacity_memory", HARDWARE, "memory", "too little memory",
          "memory is short in {over_ratio} of business hours, and no fault was found: the work needs more than there is", _always, LEFT),
    # Disks
    Cause("disk_failing", HARDWARE, "disk", "a disk fails",
          "{names} answers slowly in {over_ratio} of business hours; errors of {disks}", _failing, SEEN),
    Cause("raid_impaired", HARDWARE, "disk", "a RAID array is degraded or rebuilding",
          "{names} answers slowly in {over_ratio} of business hours; RAID: {arrays}", _impaired, SEEN),
    Cause("raid_write_through", HARDWARE, "disk", "a RAID controller writes without its cache",
          "{names} answers slowly in {over_ratio} of business hours; written through: {volumes}", _write_through, SEEN),
    Cause("writeback", OS, "disk", "too much memory waits to be written",
          "{names} answers slowly in {over_ratio} of business hours, while {dirty_ratio} of memory waits to be written", _dirty,
          CORRELATED),
    Cause("capacity_disk", HARDWARE, "disk", "the disks are too slow",
          "{names} answers slowly in {over_ratio} of business hours, and no fault was found: more is asked than it can do", _disk_work,
          LEFT),
    Cause("capacity_filesystem", HARDWARE, "filesystem", "too little space",
          "{names} was full in {over_ratio} of business hours", _always, SEEN),
    Cause("too_few_inodes", OS, "filesystem", "too many small files",
          "{names} had hardly an inode left in {over_ratio} of business hours", _always, SEEN),
    # Network
    Cause("link_slow", HARDWARE, "network", "a link runs below its speed",
          "{names} is full in {over_ratio} of business hours; it runs at {speed_count} Mbit/s, duplex {duplex}", _slow_link, SEEN),
    Cause("capacity_network", HARDWARE, "network", "too little bandwidth",
          "{names} is full in {over_ratio} of business hours", _always, LEFT),
    Cause("link_damages", HARDWARE, "network", "a cable, port or card damages frames",
          "{names} damages frames in {over_ratio} of business hours: look at cable, port, transceiver and card", _always, SEEN),
    Cause("receive_ring", OS, "network", "the ring of a network card overflows",
          "{names} drops frames in {over_ratio} of business hours, and its link is not full: its ring or queues are too small", _always,
          LEFT),
    Cause("network_backlog", OS, "network", "the kernel's backlog is too small",
          "packets overflow the kernel's backlog in {over_ratio} of business hours (net.core.netdev_max_backlog, spread of interrupts)",
          _always, CORRELATED),
    Cause("path_loses", HARDWARE, "network", "the network beyond this host loses packets",
          "TCP segments are lost in {over_ratio} of business hours, and this host's links are fine: look at the path", _always, LEFT),
    # Limits of the kernel
    Cause("listen_backlog", OS, "backlog", "the queue of a listening port is too short",
          "connections are refused in {over_ratio} of business hours: a port's queue is full (net.core.somaxconn, backlog)",
          _always, LEFT),
    Cause("conntrack_limit", OS, "conntrack", "the table of tracked connections is too small",
          "the table of tracked connections is nearly full in {over_ratio} of business hours (nf_conntrack_max)", _always, SEEN),
    Cause("files_limit", OS, "files", "the limit of open files is too low",
          "open files are near their limit in {over_ratio} of business hours (fs.file-max)", _always, SEEN),
    # Platform
    Cause("pool_small", PLATFORM, "pool", "a connection pool is too small",
          "{names}: its pool of connections is used up in {over_ratio} of business hours, and what it leads to is not slow", _always,
          CORRELATED),
    Cause("threads_few", PLATFORM, "threads", "a server has too few threads",
          "{names}: all threads are busy in {over_ratio} of business hours", _always, CORRELATED),
    Cause("places_few", PLATFORM, "places", "a server has too few places for connections",
          "{names}: clients wait or are turned away in {over_ratio} of business hours, as hardly a connection more may be open "
          "(worker_connections, maxconn)", _always, CORRELATED),
    Cause("consumers_slow", PLATFORM, "queue", "consumers are too slow or too few",
          "{names}: messages pile up in {over_ratio} of business hours", _always, CORRELATED),
    Cause("heap_small", PLATFORM, "heap", "a heap is too small, or leaks",
          "{names}: the heap stays full after collections in {over_ratio} of business hours", _always, SEEN),
    Cause("collections", PLATFORM, "heap", "garbage collections take the time",
          "{names}: garbage collections take the time in {over_ratio} of business hours", _always, SEEN),
    Cause("answers_slow_cause", PLATFORM, "answers", "answers are slow",
          "{names}: answers are slow in {over_ratio} of business hours, and nothing below was found short", _always, LEFT),
    # Database
    Cause("connections_few", DATABASE, "connections", "too many connections, or too few allowed",
          "{names}: nearly all connections are used in {over_ratio} of business hours", _always, SEEN),
    Cause("lock_waits", DATABASE, "locks", "transactions block each other",
          "{names}: sessions wait for locks in {over_ratio} of business hours", _always, CORRELATED),
    Cause("log_small", DATABASE, "log", "the log's buffer is too small",
          "{names}: writers wait for room in the log's buffer in {over_ratio} of business hours", _always, CORRELATED),
    Cause("checkpoints_forced", DATABASE, "checkpoints", "checkpoints come too often",
          "{names}: forced checkpoints fill the disks in {over_ratio} of business hours (max_wal_size, redo log)", _always, CORRELATED),
    Cause("sorts_spill", DATABASE, "work_memory", "sorts do not fit in memory",
          "{names}: sorts and hashes spill to disk in {over_ratio} of business hours (work_mem, tmp_table_size)", _always, CORRELATED),
    Cause("vacuum_behind", DATABASE, "vacuum", "vacuum or purge is behind",
          "{names}: dead rows pile up faster than they are removed in {over_ratio} of business hours", _always, CORRELATED),
    Cause("cache_small", DATABASE, "cache", "the database's cache is too small",
          "{names}: the cache misses what is read in {over_ratio} of business hours", _always, CORRELATED),
    Cause("reads_much", DATABASE, "plan", "statements read too much",
          "{names}: sessions wait for I/O in {over_ratio} of business hours though the disks are quick: statements read too much",
          _always, LEFT),
    Cause("statements_slow", DATABASE, "plan", "statements have slow plans",
          "{names}: statements are slow in {over_ratio} of business hours, and no resource below was found short", _always, LEFT),
)}

_MEMORY = ("memory_lost", "swappiness", "memory_leak", "capacity_memory")
_DATABASE_IO = ("database_checkpoints", "database_temporary", "database_dead_rows", "database_cache")
_BELOW = ("cpu_steal", "memory_swapping", "memory_stalled", "disk_slow", "storage_waits", "interface_full", "tcp_retransmits")

# {sign: causes and signs to look for, in this order; the last always holds}
BECAUSE: Mapping[str, tuple[str, ...]] = {
    "cpu_busy": ("cpu_throttled", "cpu_steal", "memory_swapping", "cpu_in_kernel", "heap_full", "heap_collected", "query_dominates",
                 "capacity_cpu"),
    "cpu_steal": ("cpu_stolen",),
    "memory_swapping": _MEMORY,
    "memory_stalled": ("memory_lost", "memory_limit", "memory_leak", "capacity_memory"),
    "memory_low": ("memory_lost", "memory_leak", "capacity_memory"),
    "memory_killed": ("memory_lost", "memory_leak", "capacity_memory"),
    "disk_slow": ("disk_failing", "raid_impaired", "raid_write_through", "memory_swapping", "writeback", *_DATABASE_IO, "capacity_disk"),
    "storage_waits": ("disk_slow", "disk_failing", "raid_impaired", "raid_write_through", "memory_swapping", "writeback", *_DATABASE_IO,
                      "capacity_disk"),
    "filesystem_full": ("capacity_filesystem",),
    "filesystem_inodes": ("too_few_inodes",),
    "interface_full": ("link_slow", "capacity_network"),
    "interface_errors": ("link_damages",),
    "interface_drops": ("interface_errors", "interface_full", "cpu_steal", "cpu_busy", "softnet_drops", "receive_ring"),
    "softnet_drops": ("cpu_steal", "cpu_busy", "network_backlog"),
    "tcp_retransmits": ("interface_errors", "interface_full", "interface_drops", "softnet_drops", "path_loses"),
    "tcp_listen": ("cpu_steal", "memory_swapping", "pool_full", "threads_full", "cpu_busy", "listen_backlog"),
    "conntrack_full": ("conntrack_limit",),
    "files_full": ("files_limit",),
    "pool_full": ("heap_full", "heap_collected", "database_locks", "database_connections", "database_log", "database_latency", *_BELOW,
                  "cpu_busy", "pool_small"),
    "threads_full": ("heap_full", "heap_collected", "pool_full", "database_locks", "database_connections", "database_log",
                     "database_latency", *_BELOW, "cpu_busy", "threads_few"),
    "places_full": ("files_full", "threads_full", "pool_full", "heap_full", "heap_collected", "database_locks", "database_connections",
                    "database_log", "database_latency", *_BELOW, "cpu_busy", "places_few"),
    "connections_dropped": ("files_full", "memory_swapping", "cpu_busy", "places_few"),
    "queue_long": ("heap_full", "heap_collected", "threads_full", "pool_full", "database_locks", "database_latency", *_BELOW, "cpu_busy",
                   "consumers_slow"),
    "heap_full": ("heap_small",),
    "heap_collected": ("heap_full", "memory_swapping", "cpu_steal", "collections"),
    "answers_slow": ("heap_full", "heap_collected", "pool_full", "threads_full", "database_locks", "database_connections", "database_log",
                     "database_latency", *_BELOW, "cpu_busy", "answers_slow_cause"),
    "database_connections": ("database_locks", "connections_few"),
    "database_locks": (*_BELOW, "lock_waits"),
    "database_io": ("disk_slow", "storage_waits", "memory_swapping", *_DATABASE_IO, "reads_much"),
    "database_log": ("disk_slow", "storage_waits", "log_small"),
    "database_checkpoints": ("checkpoints_forced",),
    "database_temporary": ("sorts_spill",),
    "database_dead_rows": ("vacuum_behind",),
    "database_cache": ("cache_small",),
    "database_latency": (*_BELOW, "database_locks", "database_connections", "database_log", "database_io", *_DATABASE_IO, "cpu_busy",
                         "statements_slow"),
}
