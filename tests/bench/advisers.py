# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other advisers would set, to measure our plans against."""

from __future__ import annotations

import re

MIB, GIB = 1 << 20, 1 << 30
UNITS = {"B": 1, "K": 1 << 10, "M": MIB, "G": GIB}
# [!!] InnoDB buffer pool / data size: 128.0M/2.4G
DATA = re.compile(r"InnoDB buffer pool / data size: ([0-9.]+)([BKMG])/([0-9.]+)([BKMG])")
# [--] Total buffers: 417.0M global + 18.9M per thread (151 max threads)
BUFFERS = re.compile(r"Total buffers: ([0-9.]+)([BKMG]) global")
MEMORY_SHARE = 0.85     # of the host's, that MySQLTuner lets the server have


def pgtune(memory_bytes: int, cpus: int, connections: int) -> dict[str, str]:
    """pgtune's formulas of July 2026 for OLTP on SSD and Linux, PostgreSQL 15; fewer than 4 processors set no workers."""
    shared = memory_bytes // 4
    sorts = max(4 * MIB, (memory_bytes - shared) // ((connections + max(8, cpus)) * 3))
    values = {
        "max_connections": str(connections), "shared_buffers": _megabytes(shared), "effective_cache_size": _megabytes(memory_bytes * 3 // 4),
        "maintenance_work_mem": _megabytes(min(memory_bytes // 16, 8 * GIB)), "work_mem": f"{sorts // 1024}kB",
        "wal_buffers": _megabytes(min(16 * MIB, max(shared * 3 // 100, 32 << 10))), "min_wal_size": "2GB", "max_wal_size": "8GB",
        "checkpoint_completion_target": "0.9", "default_statistics_target": "100", "random_page_cost": "1.1",
        "effective_io_concurrency": "200", "huge_pages": "try" if shared >= 2 * GIB else "off", "jit": "off", "wal_compression": "lz4",
    }
    if cpus >= 4:
        values |= {"max_worker_processes": str(cpus), "max_parallel_workers": str(cpus),
                   "max_parallel_workers_per_gather": str(min(4, cpus // 2)), "max_parallel_maintenance_workers": str(min(4, cpus // 2))}
    return values


def of_mysqltuner(report: str, memory_bytes: int) -> dict[str, str]:
    """What MySQLTuner 1.9 asks for by what it printed: it dies on MariaDB 10.11.12 and later before it lists it.

    A buffer pool as large as the data if possible, a redo log of a quarter of that, the performance schema, no names looked up.
    """
    data, buffers = DATA.search(report), BUFFERS.search(report)
    values = {name: "ON" for name, told in (("performance_schema", "[!!] Performance_schema"), ("skip_name_resolve", "[!!] Name resolution"))
              if told in report}
    if data and buffers:
        pool, wanted = _size(data[1], data[2]), _size(data[3], data[4])
        if wanted > pool:
            pool = min(wanted, int(memory_bytes * MEMORY_SHARE) - (_size(buffers[1], buffers[2]) - pool))
            values["innodb_buffer_pool_size"] = str(pool)
        values["innodb_log_file_size"] = str(pool // 4)
    return values


def _size(number: str, unit: str) -> int:
    return int(float(number) * UNITS[unit])


def _megabytes(size: int) -> str:
    return f"{size // MIB}MB"
