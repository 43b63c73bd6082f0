# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: buffers that were too small by the server's own counters since its start, or by the diagnosis of weeks.

The counters only decide whether there is a step; its value hangs on the host alone, so no later look asks for more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..absent import Known, Unknown
from ..facts.mysql_model import Names
from ..findings import DAY, HOUR
from .mysql import MANUAL, TUNER, is_mariadb, version_of
from .share import MIB, Share
from .step import Target

YOUNG = DAY                     # MySQLTuner: counters of less than a day say little
LOG_BUFFER = 64 * MIB
LOG_WAITS_HOURLY = 1.0          # MySQLTuner names any; fewer are single large transactions (judgement)
DISK_RATIO = 0.25               # of all temporary tables: MySQLTuner
DISK_TABLES_HOURLY = 360.0      # one in ten seconds, nights included; fewer cost nothing (judgement)
TABLE_PART, TABLE_LEAST, TABLE_MOST = 128, 32 * MIB, 256 * MIB
TABLE_LIMITED = (8, 0, 28)      # since then tmp_table_size holds for tables of the TempTable engine too
TABLE_CACHE = 4000
FULL_RATIO, HIT_RATIO = 0.9, 0.8        # as the inspection warns (mysql_table_cache); MySQLTuner only under 20 %
MISSES_HOURLY = 1800.0
YOUNG_TEXT = "the server runs for {uptime_seconds}: its counters say too little before a day has passed"
FILES_TEXT = ("{wanted_count} open tables and {connections_count} connections may take {needed_count} files, of which "
              "open_files_limit allows {limit_count}: raise LimitNOFILE and open_files_limit first")
FILES_UNKNOWN = "tables are opened again and again, but the server does not tell open_files_limit and max_connections"


def counted(status: Known[Names]) -> Names | Unknown:
    """The counters of a server that has run for long enough."""
    if not isinstance(status, Names):
        return Unknown(status.reason, status.values)
    uptime = status.number("Uptime") if status.has("Uptime") else 0
    return status if uptime >= YOUNG else Unknown(YOUNG_TEXT, {"uptime_seconds": uptime})


def targets(variables: Names, counters: Names | Unknown, share: Share, causes: Collection[str]) -> Iterator[Target]:
    """``causes``: what the diagnosis of weeks found at this server."""
    status = None if isinstance(counters, Unknown) else counters
    yield from _log_buffer(variables, status, causes)
    yield from _temporary_tables(variables, status, share, causes)
    if status is not None and _reopens(variables, status) and _missing_files(variables) is None:
        yield Target(
            "table_open_cache", str(TABLE_CACHE), TABLE_CACHE, float("inf"), "the cache of open tables is full and misses", {},
            f"default since MySQL 8.0; {TUNER}", "tables stay open from one statement to the next", "database_latency_seconds")


def undecided(variables: Names, counters: Names | Unknown) -> Mapping[str, Unknown]:
    """{what can't be decided: why}."""
    if isinstance(counters, Unknown):
        return {"counters": counters}
    problem = _missing_files(variables) if _reopens(variables, counters) else None
    return {} if problem is None else {"table_open_cache": problem}


def _hourly(status: Names, name: str) -> float:
    """Since the server's start; 0 for what this version does not count."""
    return status.number(name) / status.number("Uptime") * HOUR if status.has(name) else 0.0


def _log_buffer(variables: Names, status: Names | None, causes: Collection[str]) -> Iterator[Target]:
    waits = 0.0 if status is None else _hourly(status, "Innodb_log_waits")
    if "log_small" in causes or waits >= LOG_WAITS_HOURLY:
        yield Target(
            "innodb_log_buffer_size", str(LOG_BUFFER), LOG_BUFFER, float("inf"), "writers waited for room in the log's buffer", {},
            f"{MANUAL}, innodb_log_buffer_size: the default since 8.4; {TUNER}", "transactions don't wait until the buffer is written",
            "database_log_waits_rate", needs_restart=is_mariadb(variables) or version_of(variables) < (8,))


def _temporary_tables(variables: Names, status: Names | None, share: Share, causes: Collection[str]) -> Iterator[Target]:
    """Of the MEMORY engine, and in MariaDB, the smaller of both sizes counts."""
    if "sorts_spill" not in causes and (status is None or not _spills(status)):
        return
    in_memory = variables.texts.get("internal_tmp_mem_storage_engine", "MEMORY") != "TempTable"
    if not in_memory and version_of(variables) < TABLE_LIMITED:
        return              # only temptable_max_ram limits its tables, for all sessions together, and that is 1 GiB
    wanted = min(max(share.memory_bytes // TABLE_PART // MIB * MIB, TABLE_LEAST), TABLE_MOST)
    for name in ("tmp_table_size", "max_heap_table_size") if in_memory else ("tmp_table_size",):
        yield Target(
            name, str(wanted), wanted / 2, float("inf"),
            "1/128 of {memory_bytes}, the memory of this server, between 32 and 256 MiB, as each session may take it",
            {"memory_bytes": share.memory_bytes}, f"{MANUAL}, {name}; {TUNER}; judgement of this project",
            "temporary tables of new sessions stay in memory", "database_temporary_tables_rate", change_risk=2)


def _spills(status: Names) -> bool:
    """Whether many temporary tables go to disk."""
    if not status.has("Created_tmp_disk_tables") or not status.has("Created_tmp_tables"):
        return False
    disk, made = status.number("Created_tmp_disk_tables"), status.number("Created_tmp_tables")
    return disk > DISK_RATIO * made and _hourly(status, "Created_tmp_disk_tables") >= DISK_TABLES_HOURLY


def _reopens(variables: Names, status: Names) -> bool:
    """Whether the cache of open tables is full, smaller than it will be, and misses. Old versions count only what was opened."""
    if not variables.has("table_open_cache") or not status.has("Open_tables"):
        return False
    size = variables.number("table_open_cache")
    if size >= TABLE_CACHE or status.number("Open_tables") < FULL_RATIO * size:
        return False
    if not status.has("Table_open_cache_hits") or not status.has("Table_open_cache_misses"):
        return _hourly(status, "Opened_tables") >= MISSES_HOURLY
    hits, misses = status.number("Table_open_cache_hits"), status.number("Table_open_cache_misses")
    return hits < HIT_RATIO * (hits + misses) and _hourly(status, "Table_open_cache_misses") >= MISSES_HOURLY


def _missing_files(variables: Names) -> Unknown | None:
    """Why the server may not open as many files as a larger cache takes: two a table (MySQL reference manual), one a connection, and
    some of its own."""
    if not variables.has("open_files_limit") or not variables.has("max_connections"):
        return Unknown(FILES_UNKNOWN)
    connections, limit = variables.number("max_connections"), variables.number("open_files_limit")
    needed = connections + 2 * TABLE_CACHE + 10
    values = {"wanted_count": TABLE_CACHE, "connections_count": connections, "needed_count": needed, "limit_count": limit}
    return None if needed <= limit else Unknown(FILES_TEXT, values)
