# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what MySQL and MariaDB servers do with their memory, logs and queries, mostly from counters over a period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from ..facts.mysql_memory import PEAK_RATIO, session_bytes, shared_bytes
from ..facts.mysql_model import InnoDb, Machine, Names, Server
from ..findings import DAY, GIB, HOUR, Above, Below, Domain, Finding, Rule, Severity
from .mysql_each import ANSWERS, History, Levels, basis, each, since, too_early

READS = ("Innodb_buffer_pool_reads", "Innodb_buffer_pool_read_requests")


def judge_buffer_pool(levels: Levels, server: Server, status: Names, variables: Names, taken_at: datetime,
                      history: History) -> Iterator[Finding]:
    counters = status.numbers(*READS)
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    reads = found.per_second("innodb_buffer_pool_reads_count")
    requests = found.growth["innodb_buffer_pool_read_requests_count"]
    ratio = max(0.0, requests - found.growth["innodb_buffer_pool_reads_count"]) / requests if requests else 1.0
    severity = levels["hit_ratio"].grade(ratio) if reads >= BUSY_READS else Severity.OK
    yield Finding(severity, server.name,
                  "{hit_ratio} of page reads from memory, {reads_per_second} from disk, with a buffer pool of {pool_bytes}, "
                  "over {period_seconds} ({basis})",
                  {"hit_ratio": ratio, "reads_per_second": reads, "pool_bytes": variables.number("innodb_buffer_pool_size"), **counters,
                   **basis(found)})


BUSY_READS = 50.0       # pages a second; an idle or tiny server may miss as it likes

MYSQL_BUFFER_POOL = Rule(
    id="mysql_buffer_pool",
    title="Data is read from memory",
    domain=Domain.DATABASE,
    why="A page from disk costs a hundred to a thousand times one from memory; a buffer pool too small for the busy data slows everything.",
    fix="Raise innodb_buffer_pool_size if the host has memory left; else find the statements that read whole tables.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_buffer_pool"),
    evidence=("mysql * status", "mysql * variables"),
    levels={"hit_ratio": Below(warning=0.99, critical=0.95, source="MySQLTuner: 95 %; 99 %: common advice")},
    change_risk=2,
    track=("innodb_buffer_pool_reads_count", "innodb_buffer_pool_read_requests_count"),
    told_by=ANSWERS,
    check=each(judge_buffer_pool, "status", "variables"),
)


def judge_dirty_pages(levels: Levels, server: Server, status: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    dirty, total = status.number("Innodb_buffer_pool_pages_dirty"), status.number("Innodb_buffer_pool_pages_total")
    counters = status.numbers("Innodb_buffer_pool_wait_free")
    found = since(server, status, counters, taken_at, history)
    waited = found.growth["innodb_buffer_pool_wait_free_count"] if found else 0
    ratio = dirty / total if total else 0.0
    yield Finding(levels["dirty_ratio"].grade(ratio), server.name,
                  "{dirty_ratio} of the buffer pool waits to be written; {waited_count} waits for "
                  "a free page", {"dirty_ratio": ratio, "waited_count": waited, **counters})


MYSQL_DIRTY_PAGES = Rule(
    id="mysql_dirty_pages",
    title="Changed pages are written in time",
    domain=Domain.DATABASE,
    why="With most of the buffer pool unwritten the server has to stop for the disk, and takes long to shut down or to recover.",
    fix="Raise innodb_io_capacity to what the disk can do, look at its latency (disk_saturation), enlarge the redo log.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_dirty_pages"),
    evidence=("mysql * status",),
    levels={"dirty_ratio": Above(warning=0.75, critical=0.90, source="innodb_max_dirty_pages_pct: 75 % until MySQL 8.0, then 90 %")},
    track=("innodb_buffer_pool_wait_free_count",),
    told_by=ANSWERS,
    check=each(judge_dirty_pages, "status"),
)


def judge_history_list(levels: Levels, server: Server, innodb: InnoDb) -> Iterator[Finding]:
    if innodb.history_list is None:
        yield Finding(Severity.UNKNOWN, server.name, "the status of InnoDB names no length of its history list")
        return
    yield Finding(levels["length_count"].grade(innodb.history_list), server.name, "{length_count} old row versions wait to be purged",
                  {"length_count": innodb.history_list})


MYSQL_HISTORY_LIST = Rule(
    id="mysql_history_list",
    title="Old row versions are purged",
    domain=Domain.DATABASE,
    why="Row versions that can't be purged make tables, undo files and every query grow; a long open transaction holds them.",
    fix="End the oldest transaction (mysql_long_transactions); raise innodb_purge_threads if there is none.",
    needs=("mysql.servers",),
    evidence=("mysql * innodb",),
    levels={"length_count": Above(warning=50000, critical=1000000, source="awesome-prometheus-alerts: 50,000; Percona: 1 million")},
    impact=3,
    track=("length_count",),
    told_by=ANSWERS,
    check=each(judge_history_list, "innodb"),
)


def judge_row_locks(levels: Levels, server: Server, status: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    counters = status.numbers("Innodb_row_lock_waits", "Innodb_row_lock_time")
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    waits = found.growth["innodb_row_lock_waits_count"]
    seconds = found.growth["innodb_row_lock_time_count"] / 1000 / waits if waits else 0.0
    ratio = found.growth["innodb_row_lock_time_count"] / 1000 / found.seconds
    yield Finding(levels["waiting_ratio"].grade(ratio), server.name, "{waits_count} waits for a row's lock of {average_seconds} each: "
                  "{waiting_ratio} of the time, over {period_seconds} ({basis})",
                  {"waits_count": waits, "average_seconds": seconds, "waiting_ratio": ratio, **counters, **basis(found)})


MYSQL_ROW_LOCKS = Rule(
    id="mysql_row_locks",
    title="Sessions seldom wait for a row's lock",
    domain=Domain.DATABASE,
    why="Sessions that wait for the same rows work one after the other, however many CPUs there are.",
    fix="Find the busy rows (counters, queues, sequences in a table), commit earlier, index the columns of UPDATE and DELETE.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_row_locks"),
    evidence=("mysql * status",),
    levels={"waiting_ratio": Above(warning=0.20, critical=2.0, source="our judgement: a fifth of, or two whole sessions always waiting")},
    track=("innodb_row_lock_waits_count", "innodb_row_lock_time_count"),
    told_by=ANSWERS,
    check=each(judge_row_locks, "status"),
)


def judge_deadlocks(levels: Levels, server: Server, status: Names, metrics: Mapping[str, int], innodb: InnoDb, taken_at: datetime,
                    history: History) -> Iterator[Finding]:
    name = "Innodb_deadlocks"
    count = status.number(name) if status.has(name) else metrics.get("lock_deadlocks")
    if count is None:
        yield Finding(Severity.UNKNOWN, server.name, "the server does not count its deadlocks (innodb_monitor_enable=lock_deadlocks)")
        return
    counters = {"deadlocks_count": float(count)}
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    rate = found.growth["deadlocks_count"] / found.seconds * DAY
    yield Finding(levels["daily_count"].grade(rate), server.name,
                  "{daily_count} deadlocks a day over {period_seconds} ({basis}), the last at {last}",
                  {"daily_count": rate, "last": innodb.deadlock_at or "-", **counters, **basis(found)})


MYSQL_DEADLOCKS = Rule(
    id="mysql_deadlocks",
    title="Deadlocks are rare",
    domain=Domain.DATABASE,
    why="A deadlock ends one of the transactions; an application that does not repeat it loses what the user entered.",
    fix="Let all code lock in the same order, commit earlier, index what is locked; innodb_print_all_deadlocks=ON logs them.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_deadlocks"),
    evidence=("mysql * status", "mysql * metrics", "mysql * innodb"),
    levels={"daily_count": Above(warning=10, critical=500,
                                 source="our judgement: some are normal, hundreds a day a flaw of the application")},
    track=("deadlocks_count",),
    told_by=ANSWERS,
    check=each(judge_deadlocks, "status", "metrics", "innodb"),
)


def redo_bytes(variables: Names) -> float:
    """innodb_redo_log_capacity from MySQL 8.0.30 on, else the size of all log files."""
    if variables.has("innodb_redo_log_capacity"):
        return variables.number("innodb_redo_log_capacity")
    files = variables.number("innodb_log_files_in_group") if variables.has("innodb_log_files_in_group") else 1
    return variables.number("innodb_log_file_size") * files


def judge_redo_log(levels: Levels, server: Server, status: Names, variables: Names, innodb: InnoDb, taken_at: datetime,
                   history: History) -> Iterator[Finding]:
    counters = status.numbers("Innodb_os_log_written", "Innodb_log_waits")
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    capacity = redo_bytes(variables)
    hourly = found.per_second("innodb_os_log_written_count") * HOUR
    age = innodb.log_bytes - innodb.checkpoint_bytes if innodb.log_bytes is not None and innodb.checkpoint_bytes is not None else 0
    turns, used = hourly / capacity, age / capacity
    values = {"capacity_bytes": capacity, "hourly_bytes": hourly, "turns_per_hour": turns, "used_ratio": used,
              "waits_count": found.growth["innodb_log_waits_count"], **counters, **basis(found)}
    yield Finding(max(levels["turns_per_hour"].grade(turns), levels["used_ratio"].grade(used)), server.name,
                  "{hourly_bytes} of redo log an hour into {capacity_bytes}, {used_ratio} of it in use, {waits_count} waits for "
                  "its buffer, over {period_seconds} ({basis})", values)


MYSQL_REDO_LOG = Rule(
    id="mysql_redo_log",
    title="The redo log holds an hour of writes",
    domain=Domain.DATABASE,
    why="A redo log that is too small makes the server write its pages in bursts and stop for them.",
    fix="Raise innodb_redo_log_capacity (MySQL 8.0.30+) or innodb_log_file_size to what is written in an hour at the busiest time.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_redo_log"),
    evidence=("mysql * status", "mysql * variables", "mysql * innodb"),
    levels={
        "turns_per_hour": Above(warning=4, critical=60, source="Percona: it should hold an hour; four times and once a minute: ours"),
        "used_ratio": Above(warning=0.80, critical=0.95, source="the server flushes in haste from 7/8 on"),
    },
    change_risk=2,
    track=("innodb_os_log_written_count", "innodb_log_waits_count"),
    told_by=ANSWERS,
    check=each(judge_redo_log, "status", "variables", "innodb"),
)

TEMPORARY = ("Created_tmp_disk_tables", "Created_tmp_tables")


def judge_temporary(levels: Levels, server: Server, status: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    counters = status.numbers(*TEMPORARY)
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    disk, all_of_them = found.growth["created_tmp_disk_tables_count"], found.growth["created_tmp_tables_count"]
    ratio = min(1.0, disk / all_of_them) if all_of_them else 0.0
    severity = levels["disk_ratio"].grade(ratio) if disk / found.seconds >= BUSY_TABLES else Severity.OK
    yield Finding(severity, server.name, "{disk_ratio} of {tables_count} temporary tables on disk over {period_seconds} ({basis})",
                  {"disk_ratio": ratio, "tables_count": all_of_them, **counters, **basis(found)})


BUSY_TABLES = 0.5       # a second: fewer cost nothing

MYSQL_TEMPORARY_TABLES = Rule(
    id="mysql_temporary_tables",
    title="Temporary tables fit into memory",
    domain=Domain.DATABASE,
    why="A sort or group that does not fit into memory is written to disk and read again.",
    fix="Look for statements with large sorts and TEXT columns; then raise tmp_table_size and max_heap_table_size together.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_temporary_tables"),
    evidence=("mysql * status",),
    levels={"disk_ratio": Above(warning=0.25, critical=0.50, source="MySQLTuner 25 %; Linuxfabrik 50 %")},
    track=("created_tmp_disk_tables_count", "created_tmp_tables_count"),
    told_by=ANSWERS,
    check=each(judge_temporary, "status"),
)


def judge_slow(levels: Levels, server: Server, status: Names, variables: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    counters = status.numbers("Slow_queries", "Questions")
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    slow, asked = found.growth["slow_queries_count"], found.growth["questions_count"]
    limit = variables.number("long_query_time")
    ratio = min(1.0, slow / asked) if asked else 0.0
    severity = levels["slow_ratio"].grade(ratio) if slow >= FEW_SLOW else Severity.OK
    values = {"slow_count": slow, "slow_ratio": ratio, "limit_seconds": limit, **counters, **basis(found)}
    if limit >= BLIND_SECONDS and severity is Severity.OK:
        yield Finding(Severity.INFO, server.name,
                      "{slow_count} statements took over {limit_seconds} over {period_seconds} ({basis}); with that limit "
                      "slow ones go unseen", values)
    else:
        yield Finding(severity, server.name,
                      "{slow_count} statements ({slow_ratio}) took over {limit_seconds} over {period_seconds} ({basis})", values)


FEW_SLOW, BLIND_SECONDS = 100, 10

MYSQL_SLOW_STATEMENTS = Rule(
    id="mysql_slow_statements",
    title="Few statements are slow",
    domain=Domain.DATABASE,
    why="Slow statements keep users waiting, and CPU, disk and locks busy for the others.",
    fix="Set long_query_time to 1 or 2 s with the slow query log on; take the worst by total time (pt-query-digest) and give them indexes.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_slow_statements"),
    evidence=("mysql * status", "mysql * variables"),
    levels={"slow_ratio": Above(warning=0.05, critical=0.10, source="MySQLTuner 5 %; Linuxfabrik 10 %")},
    track=("slow_queries_count", "questions_count"),
    told_by=ANSWERS,
    check=each(judge_slow, "status", "variables"),
)


def judge_joins(levels: Levels, server: Server, status: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    counters = status.numbers("Select_full_join", "Select_range_check")
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    daily = sum(found.growth.values()) / found.seconds * DAY
    severity = min(levels["daily_count"].grade(daily), Severity.INFO)
    if daily / DAY >= BUSY_JOINS:
        severity = Severity.WARNING
    yield Finding(severity, server.name, "{daily_count} joins without an index a day over {period_seconds} ({basis})",
                  {"daily_count": daily, **counters, **basis(found)})


BUSY_JOINS = 1.0        # a second: 250 a day over small tables, as MySQLTuner warns of, is any monitoring's own doing

MYSQL_JOINS = Rule(
    id="mysql_joins",
    title="Joins use indexes",
    domain=Domain.DATABASE,
    why="A join without an index reads the whole second table for every row of the first; it gets slower with the square of the data.",
    fix="Find the statements (log_queries_not_using_indexes, sys.statements_with_full_table_scans) and index the joined columns.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_joins"),
    evidence=("mysql * status",),
    levels={"daily_count": Above(warning=250, source="MySQLTuner: 250 a day is worth a look; one a second is a warning: ours")},
    track=("select_full_join_count", "select_range_check_count"),
    told_by=ANSWERS,
    check=each(judge_joins, "status"),
)


def judge_sorts(levels: Levels, server: Server, status: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    counters = status.numbers("Sort_merge_passes", "Sort_range", "Sort_scan")
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    merges = found.growth["sort_merge_passes_count"]
    ratio = found.ratio("sort_merge_passes_count", "sort_range_count", "sort_scan_count") or 0.0
    severity = levels["merge_ratio"].grade(ratio) if merges / found.seconds >= BUSY_SORTS else Severity.OK
    yield Finding(severity, server.name, "{merge_ratio} as many merges on disk as sorts over {period_seconds} ({basis})",
                  {"merge_ratio": ratio, "merges_count": merges, **counters, **basis(found)})


BUSY_SORTS = 0.1        # merges a second

MYSQL_SORTS = Rule(
    id="mysql_sorts",
    title="Sorts fit into their buffer",
    domain=Domain.DATABASE,
    why="A sort larger than sort_buffer_size is done in pieces that are merged from disk.",
    fix="Index what is sorted by; raise sort_buffer_size for the sessions that need it, not for all.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_sorts"),
    evidence=("mysql * status",),
    levels={"merge_ratio": Above(warning=0.10, critical=0.20, source="MySQLTuner 10 %; Linuxfabrik 20 %")},
    track=("sort_merge_passes_count", "sort_range_count", "sort_scan_count"),
    told_by=ANSWERS,
    check=each(judge_sorts, "status"),
)


def judge_table_cache(levels: Levels, server: Server, status: Names, variables: Names, taken_at: datetime,
                      history: History) -> Iterator[Finding]:
    counters = status.numbers("Table_open_cache_hits", "Table_open_cache_misses")
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    ratio = found.ratio("table_open_cache_hits_count", "table_open_cache_hits_count", "table_open_cache_misses_count")
    size, used = variables.number("table_open_cache"), status.number("Open_tables")
    missed = found.per_second("table_open_cache_misses_count")
    judged = ratio is not None and used >= FULL_CACHE * size and missed >= BUSY_TABLES
    severity = levels["hit_ratio"].grade(ratio) if judged and ratio is not None else Severity.OK
    yield Finding(severity, server.name,
                  "{used_count} of {size_count} places for open tables in use, {hit_ratio} of look-ups found one, over "
                  "{period_seconds} ({basis})", {"used_count": used, "size_count": size, "hit_ratio": 1.0 if ratio is None else ratio,
                                                 **counters, **basis(found)})


FULL_CACHE = 0.9

MYSQL_TABLE_CACHE = Rule(
    id="mysql_table_cache",
    title="Tables stay open",
    domain=Domain.DATABASE,
    why="With too few places for open tables the server opens and closes files for every statement.",
    fix="Raise table_open_cache, and with it open_files_limit and the unit's LimitNOFILE.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_table_cache"),
    evidence=("mysql * status", "mysql * variables"),
    levels={"hit_ratio": Below(warning=0.80, critical=0.20, source="MySQLTuner, Linuxfabrik: 20 %; 80 % with a full cache: ours")},
    track=("table_open_cache_hits_count", "table_open_cache_misses_count"),
    told_by=ANSWERS,
    check=each(judge_table_cache, "status", "variables"),
)


def judge_open_files(levels: Levels, server: Server, status: Names, variables: Names) -> Iterator[Finding]:
    limit, used = variables.number("open_files_limit"), status.number("Open_files")
    ratio = used / limit if limit else 0.0
    yield Finding(levels["used_ratio"].grade(ratio), server.name, "{used_count} of {limit_count} files open ({used_ratio})",
                  {"used_ratio": ratio, "used_count": used, "limit_count": limit})


MYSQL_OPEN_FILES = Rule(
    id="mysql_open_files",
    title="Files may still be opened",
    domain=Domain.DATABASE,
    why="Without a free file handle statements fail with error 24, whatever table they need.",
    fix="Raise open_files_limit and the unit's LimitNOFILE; look for very many partitions.",
    needs=("mysql.servers",),
    evidence=("mysql * status", "mysql * variables"),
    levels={"used_ratio": Above(warning=0.85, critical=0.95, source="MySQLTuner 85 %; Linuxfabrik 95 %")},
    impact=3,
    told_by=ANSWERS,
    check=each(judge_open_files, "status", "variables"),
)


def judge_thread_cache(levels: Levels, server: Server, status: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    counters = status.numbers("Threads_created", "Connections")
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    made = found.per_second("threads_created_count")
    sessions = max(1.0, found.growth["connections_count"])
    ratio = max(0.0, sessions - found.growth["threads_created_count"]) / sessions
    severity = levels["hit_ratio"].grade(ratio) if made >= BUSY_THREADS else Severity.OK
    yield Finding(severity, server.name,
                  "{hit_ratio} of sessions got a thread that was there, {made_per_second} were made, over {period_seconds} "
                  "({basis})", {"hit_ratio": ratio, "made_per_second": made, **counters, **basis(found)})


BUSY_THREADS = 1.0      # threads made a second

MYSQL_THREAD_CACHE = Rule(
    id="mysql_thread_cache",
    title="Threads are used again",
    domain=Domain.DATABASE,
    why="A new thread for every session costs time where sessions are short and many.",
    fix="Raise thread_cache_size; better, let the application keep a pool of sessions.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_thread_cache"),
    evidence=("mysql * status",),
    levels={"hit_ratio": Below(warning=0.50, critical=0.30, source="MySQLTuner 50 %; Linuxfabrik 30 %")},
    impact=1,
    track=("threads_created_count", "connections_count"),
    told_by=ANSWERS,
    check=each(judge_thread_cache, "status"),
)


def judge_memory(levels: Levels, server: Server, status: Names, variables: Names, machine: Machine) -> Iterator[Finding]:
    if not machine.memory_bytes:
        yield Finding(Severity.UNKNOWN, server.name, "the host's memory is not known")
        return
    shared, session = shared_bytes(variables), session_bytes(variables)
    peak = (shared + session * status.number("Max_used_connections")) / machine.memory_bytes
    most = (shared + session * variables.number("max_connections")) / machine.memory_bytes
    severity = levels["peak_ratio"].grade(peak)
    if severity is Severity.OK and most >= 1:
        severity = Severity.INFO
    yield Finding(severity, server.name,
                  "with the most sessions since its start it may take {peak_ratio} of the host's {total_bytes}, with "
                  "max_connections {possible_ratio}",
                  {"peak_ratio": peak, "possible_ratio": most, "total_bytes": machine.memory_bytes, "session_bytes": session})


MYSQL_MEMORY = Rule(
    id="mysql_memory",
    title="The server's buffers fit into the host's memory",
    domain=Domain.DATABASE,
    why="Buffers larger than the memory end in swapping or in the kernel killing the database.",
    fix="Lower innodb_buffer_pool_size, the buffers of each session, or max_connections; or add memory.",
    needs=("mysql.servers", "mysql.machine"),
    evidence=("mysql * status", "mysql * variables", "/proc/meminfo"),
    levels={"peak_ratio": Above(warning=PEAK_RATIO, critical=0.95, source="MySQLTuner: 85 % with the most sessions used; 95 %: ours")},
    impact=3,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_memory, "status", "variables"),
)


def judge_swapped(levels: Levels, server: Server, swapped: int) -> Iterator[Finding]:
    yield Finding(levels["swapped_bytes"].grade(swapped), server.name, "{swapped_bytes} of the server's memory are in swap",
                  {"swapped_bytes": swapped})


MYSQL_SWAPPED = Rule(
    id="mysql_swapped",
    title="The server's memory is not swapped out",
    domain=Domain.DATABASE,
    why="A page of the buffer pool in swap costs more than reading it from the table.",
    fix="Lower innodb_buffer_pool_size or other users of memory; set vm.swappiness to 1 to 10.",
    needs=("mysql.servers",),
    evidence=("/proc/*/status",),
    levels={"swapped_bytes": Above(warning=GIB, critical=8 * GIB, source="our judgement: idle parts may go, not a gigabyte")},
    told_by=ANSWERS,
    check=each(judge_swapped, "swapped_bytes"),
)


def judge_semaphores(levels: Levels, server: Server, innodb: InnoDb) -> Iterator[Finding]:
    yield Finding(levels["waits_count"].grade(innodb.semaphore_waits), server.name, "{waits_count} threads wait for a latch of InnoDB",
                  {"waits_count": innodb.semaphore_waits})


MYSQL_SEMAPHORES = Rule(
    id="mysql_semaphores",
    title="Threads do not wait inside InnoDB",
    domain=Domain.DATABASE,
    why="Threads that queue for InnoDB's own latches are a disk that hangs or contention that no lock shows; after 600 s it ends itself.",
    fix="Look at the disk's latency; at the adaptive hash index and many threads on few pages, with SHOW ENGINE INNODB STATUS.",
    needs=("mysql.servers",),
    evidence=("mysql * innodb",),
    levels={"waits_count": Above(warning=10, critical=100, source="our judgement: some wait for moments in any busy server")},
    told_by=ANSWERS,
    check=each(judge_semaphores, "innodb"),
)

RULES = (
    MYSQL_BUFFER_POOL, MYSQL_DIRTY_PAGES, MYSQL_HISTORY_LIST, MYSQL_ROW_LOCKS, MYSQL_DEADLOCKS, MYSQL_REDO_LOG, MYSQL_TEMPORARY_TABLES,
    MYSQL_SLOW_STATEMENTS, MYSQL_JOINS, MYSQL_SORTS, MYSQL_TABLE_CACHE, MYSQL_OPEN_FILES, MYSQL_THREAD_CACHE, MYSQL_MEMORY, MYSQL_SWAPPED,
    MYSQL_SEMAPHORES,
)
