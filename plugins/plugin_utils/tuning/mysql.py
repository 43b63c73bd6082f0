# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: the buffer pool, the redo log and how disks are written to, by what the host has."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.mysql_model import Names
from .share import GIB, MIB, Share
from .step import Target

MANUAL = "MySQL reference manual"
TUNER = "MySQLTuner"
MARIADB = "mariadb"
REDO_DYNAMIC = (10, 9)          # MariaDB changes innodb_log_file_size while it runs, since 10.9
IO_CAPACITY = {"hdd": 200, "ssd": 2000, "san": 2000, "nvme": 4000}
POOL_CHUNK = 128 * MIB


def targets(variables: Names, share: Share) -> Iterator[Target]:
    """All that formulas say of a server, whatever its values are today."""
    pool = max(POOL_CHUNK, int(share.memory_bytes * 0.7) // POOL_CHUNK * POOL_CHUNK)
    yield Target(
        "innodb_buffer_pool_size", str(pool), pool / 2, share.memory_bytes * 0.85,
        "70 % of {memory_bytes}, the memory of this server, in steps of 128 MiB", {"memory_bytes": share.memory_bytes},
        f"{MANUAL}, innodb_buffer_pool_size: up to 80 % of a dedicated server's memory", "more of what is read often stays in memory",
        "database_cache_hit_ratio", change_risk=2)
    yield from _redo(variables, pool)
    if not isinstance(share.disk_class, str) or share.disk_class not in IO_CAPACITY:
        return
    values = {"class": share.disk_class}
    capacity = IO_CAPACITY[share.disk_class]
    yield Target(
        "innodb_io_capacity", str(capacity), capacity / 2, 20_000, "by the class of the disks: {class}", values,
        f"{MANUAL}, innodb_io_capacity", "changed pages are written back as fast as the disks can", "database_log_waits_rate")
    if share.disk_class != "hdd":
        yield Target(
            "innodb_flush_neighbors", "0", 0, 0, "by the class of the disks: {class}", values, f"{MANUAL}, innodb_flush_neighbors; {TUNER}",
            "pages are not written only because they lie beside another", "disk_await_seconds")


def _redo(variables: Names, pool: int) -> Iterator[Target]:
    """MySQL since 8.0.30 has one size for all of the redo log, others the size of a file."""
    redo = min(max(pool // 4, 96 * MIB), 4 * GIB)
    what = "a quarter of the buffer pool, at most 4 GiB"
    effect = "changes wait in the log for longer, and are written back in fewer pieces"
    if variables.has("innodb_redo_log_capacity"):
        yield Target("innodb_redo_log_capacity", str(redo), redo / 2, 16 * GIB, what, {}, f"{TUNER}; {MANUAL}, innodb_redo_log_capacity",
                     effect, "database_log_waits_rate")
    elif variables.has("innodb_log_file_size"):
        files = max(1, int(variables.number("innodb_log_files_in_group"))) if variables.has("innodb_log_files_in_group") else 1
        yield Target("innodb_log_file_size", str(redo // files), redo / files / 2, 16 * GIB, what, {},
                     f"{TUNER}; {MANUAL}, innodb_log_file_size", effect, "database_log_waits_rate",
                     needs_restart=not is_mariadb(variables) or version_of(variables) < REDO_DYNAMIC, change_risk=2)


def is_mariadb(variables: Names) -> bool:
    return MARIADB in variables.text("version").lower()


def version_of(variables: Names) -> tuple[int, ...]:
    """(8, 0, 36) of "8.0.36-0ubuntu0.22.04.1"."""
    return tuple(int(part) for part in variables.text("version").split("-")[0].split(".") if part.isdecimal())
