# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other advisers would set, to measure our plans against."""

from __future__ import annotations

import re

MIB, GIB = 1 << 20, 1 << 30
UNITS = {"": 1, "K": 1 << 10, "M": MIB, "G": GIB}
# innodb_buffer_pool_size (>= 1.9G) if possible.
# innodb_log_file_size should be (=160M) if possible, so InnoDB total log files size equals 25% of buffer pool size.
# table_definition_cache (400) > 512 or -1 (autosizing if supported)
# performance_schema=ON
# Which file of settings is read at the start decides on names, so only those of this form are taken
WANTED = (re.compile(r"^(\w+) (?:should be )?\((?:>=?|=) ?([0-9.]+)([KMG]?)\)"), re.compile(r"^(\w+) \([^)]*\) > ([0-9.]+)([KMG]?)\b"),
          re.compile(r"^(\w+) \(> ([0-9.]+)([KMG]?)\)"), re.compile(r"^(\w+)=(\w+)()$"))


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


def of_mysqltuner(report: str) -> dict[str, str]:
    """The values under "Variables to adjust" of what MySQLTuner printed; sizes in bytes. Other advice there is in words and not taken."""
    _before, _heading, tail = report.partition("Variables to adjust:")
    found = {}
    for line in tail.splitlines():
        match = next((match for pattern in WANTED if (match := pattern.match(line.strip()))), None)
        if match:
            name, value, unit = match.groups()
            found[name] = str(int(float(value) * UNITS[unit])) if value.replace(".", "", 1).isdigit() else value
    return found


def _megabytes(size: int) -> str:
    return f"{size // MIB}MB"
