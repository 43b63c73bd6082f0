# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the facts of a MySQL server look when a level's value is ``v``; see test_boundaries.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from plugins.plugin_utils.archive import load
from plugins.plugin_utils.facts import mysql
from plugins.plugin_utils.facts.mysql_model import (
    Backup,
    Channel,
    Disk,
    Files,
    InnoDb,
    LogLine,
    Machine,
    Names,
    Server,
    Sessions,
    Table,
    Transaction,
)
from plugins.plugin_utils.findings import DAY, GIB, HOUR, Severity

NOW = datetime(2026, 11, 20, tzinfo=UTC)
OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
HEALTHY: Server = mysql.parse(load(Path(__file__).parents[1] / "fixtures" / "mysql" / "healthy")).servers[0]
MACHINE = Machine(memory_bytes=1000 * GIB, cpus=4, nodes=1, swappiness=10, huge_pages="madvise")
SPAN = 10**6        # seconds since the start: a rate of v a second is v * SPAN
CHANNEL = Channel("", "db1:3306", "Yes", "Yes", 0, 0, "", "", 0, True, "")
INNODB = InnoDb(0, 0, 0, "", 0)


def server(**parts: Any) -> tuple[Server, ...]:
    return (replace(HEALTHY, **parts),)


def changed(names: Names, values: Mapping[str, float]) -> Names:
    return Names({**names.texts, **{name.lower(): str(value) for name, value in values.items()}})


def status(**values: float) -> tuple[Server, ...]:
    return server(status=changed(HEALTHY.status, {"Uptime": SPAN, **{name: round(value, 6) for name, value in values.items()}}))


def counted(**values: float) -> tuple[Any, ...]:
    return status(**values), NOW, {}


def redo(hourly: float, used: float) -> tuple[Any, ...]:
    """A redo log of so many bytes that shares of it are whole."""
    one = status(Innodb_os_log_written=hourly * 9 * 10**11 * SPAN / HOUR)[0]
    size = changed(HEALTHY.variables, {"innodb_log_file_size": 9 * 10**11})
    return (replace(one, variables=size, innodb=InnoDb(0, round(used * 9 * 10**11), 0, "", 0)),), NOW, {}


def session(**parts: Any) -> tuple[Any, ...]:
    return (server(sessions=(Sessions("shop", parts.pop("command", "Query"), parts.pop("state", ""), 1, round(parts["seconds"])),)),)


def transaction(open_seconds: float, waiting: float | None = None) -> tuple[Any, ...]:
    return (server(transactions=(Transaction(1, "shop", "Sleep", round(open_seconds), None if waiting is None else round(waiting)),)),)


def memory(ratio: float) -> tuple[Any, ...]:
    values = HEALTHY.variables
    shared = ("key_buffer_size", "innodb_log_buffer_size", "tmp_table_size", "read_buffer_size", "read_rnd_buffer_size", "sort_buffer_size",
              "join_buffer_size", "thread_stack")
    return server(variables=changed(values, {**dict.fromkeys(shared, 0), "innodb_buffer_pool_size": round(ratio * 10**12)})), \
        replace(MACHINE, memory_bytes=10**12)


def table(**parts: Any) -> tuple[Any, ...]:
    return (server(tables=(replace(Table("shop.t", "InnoDB", 0, 0, None), **parts),), numbered={"shop.t": "int(11)"}),)


def until(day: tuple[int, int, int], left: float) -> tuple[Any, ...]:
    return server(), datetime(*day, tzinfo=UTC) + timedelta(days=1, seconds=-left)


Build = Callable[[float, str], tuple[Any, ...]]
FACTS: dict[tuple[str, str], Build] = {
    ("mysql_restart", "uptime_seconds"): lambda v, _: (status(Uptime=v),),
    ("mysql_version", "left_seconds"): lambda v, _: until((2028, 2, 16), v),
    ("mysql_connections", "used_ratio"): lambda v, _: (server(status=changed(HEALTHY.status, {"Threads_connected": v * 1000}),
                                                              variables=changed(HEALTHY.variables, {"max_connections": 1000})),),
    ("mysql_connections", "peak_ratio"): lambda v, _: (server(status=changed(HEALTHY.status, {"Max_used_connections": v * 1000}),
                                                              variables=changed(HEALTHY.variables, {"max_connections": 1000})),),
    ("mysql_threads_running", "per_cpu"): lambda v, _: (status(Threads_running=v * 10), replace(MACHINE, cpus=10)),
    ("mysql_aborted", "aborted_ratio"): lambda v, _: counted(Aborted_connects=v * 10**6, Aborted_clients=0, Connections=10**6),
    ("mysql_long_statements", "longest_seconds"): lambda v, _: session(seconds=v),
    ("mysql_metadata_locks", "waiting_seconds"): lambda v, _: session(seconds=v, state="Waiting for table metadata lock", command="Sleep"),
    ("mysql_long_transactions", "open_seconds"): lambda v, _: transaction(v),
    ("mysql_lock_waits", "waiting_seconds"): lambda v, _: transaction(1, v),
    ("mysql_replication_lag", "lag_seconds"): lambda v, _: (server(channels=(replace(CHANNEL, lag_seconds=round(v)),)),),
    ("mysql_replication_gaps", "gap_count"):
        lambda v, _: (server(channels=(replace(CHANNEL, applied_gtids="a:1-2" + "".join(f":{n}4-{n}5" for n in range(round(v)))),)),),
    ("mysql_galera_flow", "paused_ratio"):
        lambda v, _: counted(wsrep_flow_control_paused=v, wsrep_local_recv_queue_avg=0, wsrep_local_cert_failures=0, wsrep_local_bf_aborts=0),
    ("mysql_galera_flow", "queue_count"):
        lambda v, _: counted(wsrep_flow_control_paused=0, wsrep_local_recv_queue_avg=v, wsrep_local_cert_failures=0, wsrep_local_bf_aborts=0),
    ("mysql_buffer_pool", "hit_ratio"):
        lambda v, _: counted(Innodb_buffer_pool_reads=(1 - v) * 10**12, Innodb_buffer_pool_read_requests=10**12),
    ("mysql_dirty_pages", "dirty_ratio"):
        lambda v, _: counted(Innodb_buffer_pool_pages_dirty=v * 1000, Innodb_buffer_pool_pages_total=1000, Innodb_buffer_pool_wait_free=0),
    ("mysql_history_list", "length_count"): lambda v, _: (server(innodb=replace(INNODB, history_list=round(v))),),
    ("mysql_row_locks", "waiting_ratio"): lambda v, _: counted(Innodb_row_lock_waits=1, Innodb_row_lock_time=v * 1000 * SPAN),
    ("mysql_deadlocks", "daily_count"): lambda v, _: counted(Uptime=DAY, Innodb_deadlocks=v),
    ("mysql_log_deadlocks", "deadlocks_count"):
        lambda v, _: (server(log=(LogLine("2026-11-19", "Note", round(v), "deadlock detected"),)), NOW),
    ("mysql_redo_log", "turns_per_hour"): lambda v, _: redo(v, 0),
    ("mysql_redo_log", "used_ratio"): lambda v, _: redo(0, v),
    ("mysql_temporary_tables", "disk_ratio"): lambda v, _: counted(Created_tmp_disk_tables=v * 10**9, Created_tmp_tables=10**9),
    ("mysql_slow_statements", "slow_ratio"): lambda v, _: counted(Slow_queries=v * 10**9, Questions=10**9),
    ("mysql_joins", "daily_count"): lambda v, _: counted(Uptime=DAY, Select_full_join=v, Select_range_check=0),
    ("mysql_sorts", "merge_ratio"): lambda v, _: counted(Sort_merge_passes=v * 10**9, Sort_range=10**9, Sort_scan=0),
    ("mysql_table_cache", "hit_ratio"):
        lambda v, _: counted(Open_tables=2000, Table_open_cache_hits=v * 10**9, Table_open_cache_misses=(1 - v) * 10**9),
    ("mysql_open_files", "used_ratio"): lambda v, _: (server(status=changed(HEALTHY.status, {"Open_files": v * 1000}),
                                                             variables=changed(HEALTHY.variables, {"open_files_limit": 1000})),),
    ("mysql_thread_cache", "hit_ratio"): lambda v, _: counted(Threads_created=(1 - v) * 10**9, Connections=10**9),
    ("mysql_memory", "peak_ratio"): lambda v, _: memory(v),
    ("mysql_swapped", "swapped_bytes"): lambda v, _: (server(swapped_bytes=round(v)),),
    ("mysql_semaphores", "waits_count"): lambda v, _: (server(innodb=replace(INNODB, semaphore_waits=round(v))),),
    ("mysql_fragmentation", "free_ratio"): lambda v, _: table(size_bytes=round((1 - v) * 10**12), free_bytes=round(v * 10**12)),
    ("mysql_auto_increment", "used_ratio"): lambda v, _: table(next_number=v * (2**31 - 1) + 1),
    ("mysql_disk", "used_ratio"): lambda v, _: (server(files=Files({"datadir": Disk(round(v * 1000), round((1 - v) * 1000))}, {})),),
    ("mysql_growing_files", "size_bytes"): lambda v, _: (server(files=Files({}, {"ibtmp*": round(v)}), tables=()),),
    ("mysql_backup", "late_ratio"): lambda v, _: (server(backup=Backup("xtrabackup", round(v * 1000 * HOUR))), 1000),
}
AS_INFO = {WARNING: INFO}
# The same server has another finding that is only worth naming, or the rule names what its level warns of
SHOWN_AS: dict[tuple[str, str], dict[Severity, Severity]] = {("mysql_restart", "uptime_seconds"): AS_INFO, ("mysql_joins", "daily_count"): AS_INFO}
