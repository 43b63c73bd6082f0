# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: buffers that were too small by the server's own counters since its start, or by the diagnosis of weeks.

The counters only decide whether there is a step; its value hangs on the host alone, so no later look asks for more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..absent import Known, Unknown
from ..facts.mysql_model import Names
from ..findings import DAY, HOUR
from .mysql import MANUAL, TUNER, is_mariadb, version_of
from .share import MIB, Share
from .step import Decided, Target

YOUNG = DAY                     # MySQLTuner: counters of less than a day say little
LOG_BUFFER = 64 * MIB
LOG_WAITS_HOURLY = 1.0          # MySQLTuner names any; fewer are single large transactions (judgement)
DISK_RATIO = 0.25               # of all temporary tables: MySQLTuner
DISK_TABLES_HOURLY = 360.0      # one in ten seconds, nights included; fewer cost nothing (judgement)
TABLE_PART, TABLE_LEAST, TABLE_MOST = 128, 32 * MIB, 256 * MIB
TABLE_NEAR = 0.75               # half of the least would leave the default of 16 MiB alone
TABLE_LIMITED = (8, 0, 28)      # since then tmp_table_size holds for tables of the TempTable engine too
TABLE_CACHE = 4000
FULL_RATIO, HIT_RATIO = 0.9, 0.8        # as the inspection warns (mysql_table_cache); MySQLTuner only under 20 %
MISSES_HOURLY = 1800.0          # as there, nights included
OWN_FILES, FILES_A_TABLE = 10, 2        # MySQL reference manual, open_files_limit; and one for each connection

UNTOLD_TEXT = "the server does not tell how long it runs, so its counters say nothing"
YOUNG_TEXT = "the server runs for {uptime_seconds}: its counters say too little before a day has passed"
SHARED_TEXT = ("many temporary tables go to disk, but before MySQL 8.0.28 only temptable_max_ram limits those of the TempTable engine, "
               "for all sessions together: look at the statements, or update the server")
FILES_TEXT = ("{wanted_count} open tables and {connections_count} connections may take {needed_count} files, of which "
              "open_files_limit allows {limit_count}: raise LimitNOFILE and open_files_limit first")
FILES_UNKNOWN = "tables are opened again and again, but the server does not tell open_files_limit and max_connections"


def targets(variables: Names, status: Known[Names], share: Share, causes: Collection[str]) -> Mapping[str, Decided]:
    """{setting, or "counters": what is decided of it}. ``causes``: what the diagnosis of weeks found at this server."""
    problem = _unsaid(status)
    counters = status if problem is None and isinstance(status, Names) else Names({})
    return {
        "counters": problem,
        "innodb_log_buffer_size": _log_buffer(variables, counters, causes),
        **_temporary_tables(variables, counters, share, causes),
        "table_open_cache": _table_cache(variables, counters),
    }


def _unsaid(status: Known[Names]) -> Unknown | None:
    """Why the counters say nothing."""
    if not isinstance(status, Names):
        return Unknown(status.reason, status.values)
    if not status.has("Uptime"):
        return Unknown(UNTOLD_TEXT)
    uptime = status.number("Uptime")
    return Unknown(YOUNG_TEXT, {"uptime_seconds": uptime}) if uptime < YOUNG else None


def _hourly(counters: Names, name: str) -> float:
    """Since the server's start; 0 for what this version does not count."""
    return counters.number(name) / counters.number("Uptime") * HOUR if counters.has(name) else 0.0


def _log_buffer(variables: Names, counters: Names, causes: Collection[str]) -> Decided:
    if "log_small" not in causes and _hourly(counters, "Innodb_log_waits") < LOG_WAITS_HOURLY:
        return None
    return Target(
        "innodb_log_buffer_size", str(LOG_BUFFER), LOG_BUFFER, float("inf"), "writers waited for room in the log's buffer", {},
        f"{MANUAL}, innodb_log_buffer_size: the default since 8.4; {TUNER}", "transactions don't wait until the buffer is written",
        "database_log_waits_rate", needs_restart=is_mariadb(variables) or version_of(variables) < (8,))


def _temporary_tables(variables: Names, counters: Names, share: Share, causes: Collection[str]) -> Mapping[str, Decided]:
    """Of the MEMORY engine, and so in MariaDB, the smaller of both sizes counts."""
    if "sorts_spill" not in causes and not _spills(counters):
        return {}
    in_memory_engine = variables.texts.get("internal_tmp_mem_storage_engine", "MEMORY") != "TempTable"
    if not in_memory_engine and version_of(variables) < TABLE_LIMITED:
        return {"tmp_table_size": Unknown(SHARED_TEXT)}
    wanted = min(max(share.memory_bytes // TABLE_PART // MIB * MIB, TABLE_LEAST), TABLE_MOST)
    return {name: Target(
        name, str(wanted), wanted * TABLE_NEAR, float("inf"),
        "1/128 of {memory_bytes}, the memory of this server, between 32 and 256 MiB, as each session may take it",
        {"memory_bytes": share.memory_bytes}, f"{MANUAL}, {name}; {TUNER}; judgement of this project",
        "temporary tables of new sessions stay in memory", "database_temporary_tables_rate", change_risk=2,
    ) for name in (("tmp_table_size", "max_heap_table_size") if in_memory_engine else ("tmp_table_size",))}


def _spills(counters: Names) -> bool:
    """Whether many temporary tables go to disk."""
    if not counters.has("Created_tmp_disk_tables") or not counters.has("Created_tmp_tables"):
        return False
    disk, made = counters.number("Created_tmp_disk_tables"), counters.number("Created_tmp_tables")
    return disk > DISK_RATIO * made and _hourly(counters, "Created_tmp_disk_tables") >= DISK_TABLES_HOURLY


def _table_cache(variables: Names, counters: Names) -> Decided:
    """As large as the files that the server may open allow."""
    if not _reopens(variables, counters):
        return None
    if not variables.has("open_files_limit") or not variables.has("max_connections"):
        return Unknown(FILES_UNKNOWN)
    connections, limit = variables.number("max_connections"), variables.number("open_files_limit")
    needed = OWN_FILES + connections + FILES_A_TABLE * TABLE_CACHE
    if needed > limit:
        return Unknown(FILES_TEXT, {"wanted_count": TABLE_CACHE, "connections_count": connections, "needed_count": needed,
                                    "limit_count": limit})
    return Target(
        "table_open_cache", str(TABLE_CACHE), TABLE_CACHE, float("inf"), "the cache of open tables is full and misses", {},
        f"{MANUAL}, table_open_cache: the default since 8.0; {TUNER}", "tables stay open from one statement to the next",
        "database_latency_seconds")


def _reopens(variables: Names, counters: Names) -> bool:
    """Whether the cache of open tables is full, smaller than it will be, and misses. Old versions count only what was opened."""
    if not variables.has("table_open_cache") or not counters.has("Open_tables"):
        return False
    size = variables.number("table_open_cache")
    if size >= TABLE_CACHE or counters.number("Open_tables") < FULL_RATIO * size:
        return False
    if not counters.has("Table_open_cache_hits") or not counters.has("Table_open_cache_misses"):
        return _hourly(counters, "Opened_tables") >= MISSES_HOURLY
    hits, misses = counters.number("Table_open_cache_hits"), counters.number("Table_open_cache_misses")
    return hits <= HIT_RATIO * (hits + misses) and _hourly(counters, "Table_open_cache_misses") >= MISSES_HOURLY
