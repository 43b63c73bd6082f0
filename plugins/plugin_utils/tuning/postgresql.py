# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: memory, checkpoints and the planner's costs, by what the host has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
    """All but memory that formulas say of an instance, whatever is in force. ``version`` such as 150004, 0 where it is not known."""
    yield from _checkpoints(settings, checkpoints, wal)
    if version >= FAST_COMPRESSION:
        yield Target(
            "wal_compression", "lz4", 0, 0, "since PostgreSQL 15 pages in the WAL can be compressed at little cost", {}, PGTUNE,
            "after a checkpoint less is written", "database_latency_seconds", words=("on", "pglz", "lz4", "zstd"))
    yield from _disks(share)
    yield from _workers(share)


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
