# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: the buffer pool, the redo log and how disks are written to, by what the host has."""

from __future__ import annotations

from collections.abc import Mapping

from ..absent import Known, Unknown
from ..facts.mysql_memory import PEAK_RATIO, session_bytes, shared_bytes
from ..facts.mysql_model import Names
from .share import GIB, MIB, Share
from .step import Decided, Target, is_near

MANUAL = "MySQL reference manual"
TUNER = "MySQLTuner"
MARIADB = "mariadb"
REDO_DYNAMIC = (10, 9)          # MariaDB changes innodb_log_file_size while it runs, since 10.9
POOL_DYNAMIC = {True: (10, 2, 2), False: (5, 7, 5)}     # {is it MariaDB: since then the buffer pool is resized while it runs}
REDO_RESIZED = {True: (10, 0), False: (5, 6, 8)}        # since then a server makes its redo log anew at a start
IO_CAPACITY = {"hdd": 200, "ssd": 2000, "san": 2000, "nvme": 4000}
POOL, POOL_RATIO, POOL_HIGHEST = "innodb_buffer_pool_size", 0.7, 0.85       # of the memory
POOL_CHUNK = 128 * MIB
POOL_PARTS = 8                  # of a pool from 1 GiB on, before MySQL 8.4 and MariaDB 10.5
REDO_STAYS = Unknown("this version does not start with a redo log of another size than its files have; stop it cleanly, set it and move "
                     "the files away by hand")


def targets(variables: Names, status: Known[Names], share: Share) -> Mapping[str, Decided]:
    """All that formulas say of a server, whatever its values are today: {setting: what is decided of it}."""
    pool = _pool_bytes(variables, status, share)
    return {POOL: _pool(variables, pool, share), **_redo(variables, pool), **_disks(share)}


def _pool(variables: Names, pool: int, share: Share) -> Target:
    return Target(
        POOL, str(pool), pool / 2, share.memory_bytes * POOL_HIGHEST,
        "70 % of {memory_bytes}, the memory of this server, less where its other buffers and the most sessions since its start would bring "
        "it to 85 %; in steps that the server takes", {"memory_bytes": share.memory_bytes},
        f"{MANUAL}, {POOL}: up to 80 % of a dedicated server's memory; {TUNER}: 85 % at the most",
        "more of what is read often stays in memory", "database_cache_hit_ratio",
        needs_restart=version_of(variables) < POOL_DYNAMIC[is_mariadb(variables)], change_risk=2)


def _pool_bytes(variables: Names, status: Known[Names], share: Share) -> int:
    """What the rule mysql_memory would warn of is not advised. A server that does not tell its sessions may have had all it takes."""
    sessions = _told(status, "Max_used_connections") if isinstance(status, Names) else _told(variables, "max_connections")
    others = shared_bytes(variables) - _told(variables, POOL) + session_bytes(variables) * sessions
    most = min(share.memory_bytes * POOL_RATIO, share.memory_bytes * PEAK_RATIO - others - 1)
    chunk, parts = _told(variables, "innodb_buffer_pool_chunk_size") or POOL_CHUNK, _told(variables, "innodb_buffer_pool_instances")
    # The server rounds up to a chunk for each part, and a pool that has grown beyond 1 GiB has several after its next start
    whole = chunk * (POOL_PARTS if parts == 1 else parts or 1)
    step = whole if most >= max(GIB, whole) else chunk
    return max(1, int(most // step)) * step


def _told(names: Names, name: str) -> int:
    return int(names.number(name)) if names.has(name) else 0


def _disks(share: Share) -> Mapping[str, Decided]:
    if not isinstance(share.disk_class, str) or share.disk_class not in IO_CAPACITY:
        return {}
    values = {"class": share.disk_class}
    capacity = IO_CAPACITY[share.disk_class]
    return {
        "innodb_io_capacity": Target(
            "innodb_io_capacity", str(capacity), capacity / 2, 20_000, "by the class of the disks: {class}", values,
            f"{MANUAL}, innodb_io_capacity", "changed pages are written back as fast as the disks can", "database_log_waits_rate"),
        "innodb_flush_neighbors": None if share.disk_class == "hdd" else Target(
            "innodb_flush_neighbors", "0", 0, 0, "by the class of the disks: {class}", values, f"{MANUAL}, innodb_flush_neighbors; {TUNER}",
            "pages are not written only because they lie beside another", "disk_await_seconds"),
    }


def _redo(variables: Names, pool: int) -> Mapping[str, Decided]:
    """MySQL since 8.0.30 has one size for all of the redo log, others the size of a file."""
    redo = min(max(pool // 4, 96 * MIB), 4 * GIB)
    what = "a quarter of the buffer pool, at most 4 GiB"
    effect = "changes wait in the log for longer, and are written back in fewer pieces"
    if variables.has("innodb_redo_log_capacity"):
        name = "innodb_redo_log_capacity"
        source = f"{TUNER}; {MANUAL}, {name}"
        return {name: Target(name, str(redo), redo / 2, 16 * GIB, what, {}, source, effect, "database_log_waits_rate")}
    name = "innodb_log_file_size"
    if not variables.has(name):
        return {}
    files = max(1, _told(variables, "innodb_log_files_in_group"))
    target = Target(
        name, str(redo // files), redo / files / 2, 16 * GIB, what, {}, f"{TUNER}; {MANUAL}, {name}", effect, "database_log_waits_rate",
        needs_restart=not is_mariadb(variables) or version_of(variables) < REDO_DYNAMIC, change_risk=2)
    if is_near(variables.number(name), target):
        return {}
    return {name: target if version_of(variables) >= REDO_RESIZED[is_mariadb(variables)] else REDO_STAYS}


def is_mariadb(variables: Names) -> bool:
    return MARIADB in variables.text("version").lower()


def version_of(variables: Names) -> tuple[int, ...]:
    """(8, 0, 36) of "8.0.36-0ubuntu0.22.04.1"."""
    return tuple(int(part) for part in variables.text("version").split("-")[0].split(".") if part.isdecimal())
