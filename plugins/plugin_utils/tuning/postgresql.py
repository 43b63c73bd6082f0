# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: memory, checkpoints and the planner's costs, by what the host has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil

from ..absent import Unknown
from ..facts.postgresql_model import Checkpoints, Folder, Instance, Server, Setting
from .share import GIB, MIB, Share
from .step import Target

PGTUNE = "pgtune (formulas of July 2026)"
MANUAL = "PostgreSQL documentation"
UNITS = {"B": 1, "kB": 1 << 10, "8kB": 8 << 10, "16MB": 16 << 20, "MB": 1 << 20, "": 1}
# random_page_cost and effective_io_concurrency
DISKS = {"hdd": (4.0, 2), "ssd": (1.1, 200), "san": (1.1, 300), "nvme": (1.1, 1000)}
FEWEST_REQUESTED = 5        # a backup and a shutdown ask for a checkpoint too (judgement)
REQUESTED_RATIO = 0.1       # of all checkpoints: more come because the WAL is full, not because it is time
LARGEST_WAL = 8 * GIB
SHARED_PART, SHARED_MOST = 4, 1.7      # a quarter of the memory; 40 % is still good
LARGE = 8 * GIB             # of shared_buffers: from there on the kernel's own tables of small pages cost (judgement)
SPARE_PAGES = 1.05
FAST_COMPRESSION = 150000   # pg_settings' server_version_num
WAL_PART = 5                # of the free space of the WAL's file system
MANY_WORKERS = ((32, 5), (16, 4))


def number(setting: Setting) -> float:
    """A setting of pg_settings in bytes, or as the number that it is."""
    return float(setting.setting) * UNITS.get(setting.unit, 1)


def size(value: float) -> str:
    """Bytes as postgresql.conf has them, in whole megabytes."""
    return f"{int(value) // MIB}MB"


def shown(setting: Setting) -> str:
    """As the server shows it: what stands for another setting (-1) bears no unit."""
    if setting.unit == "8kB":
        return size(number(setting))
    return setting.setting if setting.setting.startswith("-") else setting.setting + setting.unit


def targets(
    settings: Mapping[str, Setting], share: Share, checkpoints: Checkpoints | None, wal: Folder | None, version: int = 0
) -> Iterator[Target]:
    """All that formulas say of an instance, whatever its values are today. ``version`` such as 150004, 0 where it is not known."""
    yield from _memory(settings, share)
    yield from _checkpoints(settings, checkpoints, wal)
    if version >= FAST_COMPRESSION:
        yield Target(
            "wal_compression", "lz4", 0, 0, "since PostgreSQL 15 pages in the WAL can be compressed at little cost", {}, PGTUNE,
            "after a checkpoint less is written", "database_latency_seconds", words=("on", "pglz", "lz4", "zstd"))
    yield from _disks(share)
    yield from _workers(share)


def _memory(settings: Mapping[str, Setting], share: Share) -> Iterator[Target]:
    memory = share.memory_bytes
    shared, cache, maintenance = memory // SHARED_PART, memory * 3 // 4, min(memory // 16, 2 * GIB)
    yield Target(
        "shared_buffers", size(shared), shared / 2, shared * SHARED_MOST, "a quarter of {memory_bytes}, the memory of this instance",
        {"memory_bytes": memory}, f"{PGTUNE}; {MANUAL}, shared_buffers: 25 % to 40 %",
        "more of what is read often stays in memory", "database_cache_hit_ratio", needs_restart=True, change_risk=2)
    yield Target(
        "effective_cache_size", size(cache), cache / 2, memory, "three quarters of {memory_bytes}, the memory of this instance",
        {"memory_bytes": memory}, PGTUNE, "the planner trusts that indexes are in memory; nothing is allocated", "database_latency_seconds")
    yield Target(
        "maintenance_work_mem", size(maintenance), maintenance / 2, maintenance * 4,
        "a sixteenth of {memory_bytes}, the memory of this instance, at most 2 GiB", {"memory_bytes": memory}, PGTUNE,
        "vacuum and the building of indexes take fewer passes", "database_dead_rows_ratio")
    connections, workers = settings.get("max_connections"), settings.get("max_worker_processes")
    if connections is None or workers is None:
        return
    sorts = (number(connections) + number(workers)) * 3
    work = max(4 * MIB, int((memory - shared) / sorts))
    yield Target(
        "work_mem", size(work), work / 2, work * 4,
        "({memory_bytes} less shared_buffers) / ({connections_count} connections and {workers_count} workers) / 3, at least 4 MiB",
        {"memory_bytes": memory, "connections_count": int(number(connections)), "workers_count": int(number(workers))}, PGTUNE,
        "sorts and hashes write fewer temporary files", "database_temporary_bytes_rate", change_risk=2)


def huge_pages(settings: Mapping[str, Setting], share: Share) -> tuple[int, int] | None:
    """(huge pages that the instance takes with the shared_buffers advised here, as many and a few to spare).

    None: little to gain, or unknown.

    The server itself tells how many it takes today, since version 15; nearly all of them are shared_buffers.
    """
    now, told = settings.get("shared_buffers"), settings.get("shared_memory_size_in_huge_pages")
    if now is None or told is None or number(told) <= 0 or not number(now):
        return None
    wanted = share.memory_bytes // SHARED_PART
    shared = number(now) if wanted / 2 <= number(now) <= wanted * SHARED_MOST else wanted
    pages = number(told) * shared / number(now)
    return (ceil(pages), ceil(pages * SPARE_PAGES)) if shared >= LARGE else None


def _checkpoints(settings: Mapping[str, Setting], checkpoints: Checkpoints | None, wal: Folder | None) -> Iterator[Target]:
    yield Target(
        "checkpoint_completion_target", "0.9", 0.7, 1.0, "the default since PostgreSQL 14", {}, f"{MANUAL}, checkpoint_completion_target",
        "a checkpoint's writes are spread over the time until the next", "disk_await_seconds")
    if checkpoints is None or wal is None or checkpoints.requested < FEWEST_REQUESTED:
        return
    total = checkpoints.timed + checkpoints.requested
    now = settings.get("max_wal_size")
    if now is None or checkpoints.requested / total <= REQUESTED_RATIO:
        return
    room = min(LARGEST_WAL, (wal.available_bytes + int(number(now))) // WAL_PART)
    yield Target(
        "max_wal_size", size(room), room * 0.6, float("inf"),
        "a fifth of the room of the WAL's file system, at most 8 GiB; {requested_ratio} of the checkpoints came because the WAL was full",
        {"requested_ratio": checkpoints.requested / total}, PGTUNE, "checkpoints come by time, not by volume, and write less",
        "database_checkpoints_requested_ratio")
    yield Target(
        "min_wal_size", size(room // 4), room // 8, float("inf"), "a quarter of max_wal_size, as it is advised here", {}, PGTUNE,
        "files of the WAL are used again instead of made anew", "database_latency_seconds")


def _disks(share: Share) -> Iterator[Target]:
    cost, concurrency = DISKS.get(share.disk_class, (None, None)) if isinstance(share.disk_class, str) else (None, None)
    if cost is None or concurrency is None:
        return
    values = {"class": share.disk_class}
    yield Target(
        "random_page_cost", f"{cost:g}", cost - 0.2, cost + 0.9, "by the class of the disks: {class}", values, PGTUNE,
        "the planner takes indexes where the disks make them worth it", "database_latency_seconds")
    yield Target(
        "effective_io_concurrency", str(concurrency), min(16, concurrency), 1000, "by the class of the disks: {class}", values, PGTUNE,
        "more is read ahead at a time", "database_latency_seconds")


def _workers(share: Share) -> Iterator[Target]:
    wanted = next((workers for cpus, workers in MANY_WORKERS if share.cpus >= cpus), None)
    if wanted is not None:
        yield Target(
            "autovacuum_max_workers", str(wanted), wanted, 20, "by {cpus_count} processors", {"cpus_count": share.cpus}, PGTUNE,
            "several large tables are vacuumed at a time", "database_dead_rows_ratio", needs_restart=True)


def of_instance(instance: Instance, share: Share) -> Iterator[Target] | Unknown:
    """The targets of an instance; Unknown where it did not tell its settings."""
    if not isinstance(instance.settings, Mapping):
        return Unknown(instance.settings.reason, instance.settings.values)
    folders = instance.folders if isinstance(instance.folders, tuple) else ()
    wal = next((folder for use in ("wal", "data") for folder in folders if folder.use == use), None)
    checkpoints = instance.checkpoints if isinstance(instance.checkpoints, Checkpoints) else None
    version = instance.server.version_number if isinstance(instance.server, Server) else 0
    return targets(instance.settings, share, checkpoints, wal, version)
