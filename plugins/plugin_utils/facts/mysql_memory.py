# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What buffers of MySQL and MariaDB may take, in bytes."""

from __future__ import annotations

from .mysql_model import Names

PEAK_RATIO = 0.85           # of the memory, with the most sessions since the start: MySQLTuner
SHARED = ("key_buffer_size", "innodb_buffer_pool_size", "innodb_log_buffer_size", "query_cache_size", "aria_pagecache_buffer_size",
          "tmp_table_size")
PER_SESSION = ("read_buffer_size", "read_rnd_buffer_size", "sort_buffer_size", "join_buffer_size", "thread_stack", "binlog_cache_size")


def shared_bytes(variables: Names) -> float:
    return sum(variables.number(name) for name in SHARED if variables.has(name))


def session_bytes(variables: Names) -> float:
    """Of one session that uses all of its buffers."""
    return sum(variables.number(name) for name in PER_SESSION if variables.has(name))
