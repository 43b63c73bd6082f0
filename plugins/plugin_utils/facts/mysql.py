# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL, MariaDB and Percona servers: what each instance answered about itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, Entry, first_line, text_of
from .guard import readable
from .memory import parse_meminfo
from .mysql_model import (
    Account,
    Backup,
    Channel,
    Disk,
    Files,
    InnoDb,
    Instances,
    LogLine,
    Machine,
    MysqlFacts,
    Names,
    Server,
    Sessions,
    Statement,
    Table,
    TableWaits,
    Transaction,
)
from .mysql_rows import Row, plain, rows

T = TypeVar("T")
KEY = "mysql instances"
NONE_RUNS = NotHere("no MySQL or MariaDB server runs here")
NO_REPLICA = NotHere("no server here replicates from another")
NOT_KEPT = NotHere("performance_schema is off, or keeps no such statistics")
NO_CLUSTER = NotHere("no server here belongs to a Galera cluster")
FULL = re.compile(r"\b1040\b|Too many connections")
NOT_LISTENING = re.compile(r"\b(?:2002|1053)\b")
# information_schema.system_variables (MariaDB) and performance_schema.variables_info (MySQL)
ORIGINS = {"SQL": "SET GLOBAL", "DYNAMIC": "SET GLOBAL", "COMMAND-LINE": "command line", "COMMAND_LINE": "command line",
           "AUTO": "the server itself", "ENV": "environment", "CONFIG": "a file of options"}
# The server took the connection, but said nothing
SILENT = re.compile(r"\b2013\b")


def parse(capture: Capture) -> MysqlFacts:
    listed = capture.known(KEY)
    machine = _machine(capture)
    if isinstance(listed, Unknown):
        return MysqlFacts(listed, listed, listed, listed, machine)
    try:
        document = json.loads(listed)
        found, down = list(document["instances"]), tuple(str(unit) for unit in document["down"])
        containers = tuple(str(item["container"]) for item in found if item.get("container"))
        servers = tuple(_server(capture, item) for item in found if not item.get("container"))
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("{key}: is not the list of servers that the capture makes; it is cut off", key=KEY) from error
    if not found and not down:
        return MysqlFacts(NONE_RUNS, NONE_RUNS, NONE_RUNS, NONE_RUNS, machine)
    replicas = tuple(server for server in servers if server.channels != ())
    cluster = tuple(server for server in servers if isinstance(server.variables, Unknown) or _in_cluster(server))
    return MysqlFacts(Instances(down, servers, containers), servers or NONE_RUNS, replicas or (NO_REPLICA if servers else NONE_RUNS),
                      cluster or (NO_CLUSTER if servers else NONE_RUNS), machine)


def _in_cluster(server: Server) -> bool:
    return isinstance(server.variables, Names) and server.variables.is_on("wsrep_on") and server.variables.texts.get(
        "wsrep_provider", "none") != "none"


def _server(capture: Capture, item: Mapping[str, Any]) -> Server:
    name = str(item["instance"])
    problem = _problem(capture, name, item)

    def answer(part: str, read: Callable[[str], Known[T]]) -> Known[T]:
        return readable(_read, capture, f"mysql {name} {part}", read) if problem is None else problem

    status = f"/proc/{item.get('pid')}/status"
    return Server(
        name=name, problem=problem, full=problem is not None and bool(FULL.search(str(problem.values.get("detail", "")))),
        skip_grants=bool(item.get("skip_grants")),
        swapped_bytes=readable(_swapped, capture.known(status)) if problem is None else problem,
        status=answer("status", parse_names), variables=answer("variables", parse_names), channels=answer("replicas", parse_channels),
        innodb=answer("innodb", parse_innodb), sessions=answer("processes", parse_sessions),
        transactions=answer("transactions", parse_transactions), metrics=answer("metrics", parse_metrics),
        accounts=answer("accounts", parse_accounts), open_schemas=answer("open_schemas", _list("db", "host")),
        tables=answer("tables", parse_tables), numbered=answer("numbered", parse_numbered), keyless=answer("keyless", parse_keyless),
        redundant=answer("indexes", parse_redundant), unused=answer("unused", _list("db", "name", "idx")),
        statements=answer("statements", parse_statements), table_waits=answer("table_waits", parse_table_waits),
        events=answer("events", parse_events), changed=answer("changed", _list("name")), origins=answer("origins", parse_origins),
        backup=answer("backups", parse_backup),
        files=answer("files", parse_files), log=answer("log", parse_log),
    )


def _problem(capture: Capture, name: str, item: Mapping[str, Any]) -> Unknown | None:
    """Why a server could not be asked, or None where it answered."""
    entry = capture.entry(f"mysql {name} connection")
    if entry is None:
        return Unknown("the server was found, but not asked in this capture")
    if entry.error is None and entry.text is not None:
        return None if entry.text.endswith(" s\n") else Unknown("mysql connection: is cut off")
    return _refusal(entry, int(item.get("pid") or 0))


def _refusal(entry: Entry, pid: int) -> Unknown:
    values = {"detail": first_line(entry.stderr) or "no reason given", "pid": pid}
    if entry.error == "not_found":
        return Unknown("can't be asked: {detail}; install the client program of this server", values)
    if entry.error == "timeout" or SILENT.search(entry.stderr):
        return Unknown("gave no answer: {detail}; it hangs or is overloaded: look at its error log and at what it waits for", values)
    if entry.error == "denied":
        return Unknown("let nobody in: {detail}; let root in by the plugin unix_socket or auth_socket, inspect as root, or give a "
                       "password in caretaker_credentials (subject mysql)", values)
    if FULL.search(entry.stderr):
        return Unknown("let nobody in, for all its connections are in use, the one kept for administrators too: {detail}; end idle "
                       "sessions or raise max_connections", values)
    if NOT_LISTENING.search(entry.stderr):
        return Unknown("its process {pid} runs, but takes no connections: it is starting, recovering or shutting down ({detail}); look at "
                       "its error log and inspect it again", values)
    return Unknown("can't be asked: {detail}", values)


def _read(capture: Capture, key: str, read: Callable[[str], Known[T]]) -> Known[T]:
    entry = capture.entry(key)
    if entry is None:
        return Unknown("{key}: was not looked at in this capture", {"key": key})
    if entry.error == "not_found":
        return NotHere("this server does not have it ({detail})", {"detail": first_line(entry.stderr) or key})
    text = text_of(entry)
    if not isinstance(text, str):
        return text
    try:
        return read(text)
    except (ValueError, KeyError, IndexError) as error:
        raise Unreadable("{key}: is not in the form that is known; it is cut off or garbled", key=key) from error


# Threads_connected	7
def parse_names(text: str) -> Names:
    found = {row["Variable_name"].lower(): row["Value"] for row in rows(text)}
    if not found:
        raise Unreadable("the server told no names at all; the account lacks rights, or the answer is cut off")
    return Names(found)


# innodb_buffer_pool_size	CONFIG	/etc/mysql/mariadb.conf.d/50-server.cnf
def parse_origins(text: str) -> Mapping[str, str]:
    """{setting: the file that sets it, or what else does}; a setting that is not there has the value that it was compiled with."""
    return {row["name"]: row["path"] if row["path"] not in ("", "NULL") else ORIGINS.get(row["origin"], row["origin"].lower())
            for row in rows(text)}


def parse_channels(text: str) -> tuple[Channel, ...]:
    """SHOW (ALL) SLAVES or REPLICA STATUS of any version; empty where the server replicates from nobody."""
    return tuple(_channel({name.replace("Master", "Source").replace("Slave", "Replica"): value for name, value in row.items()})
                 for row in rows(text))


def _channel(row: Row) -> Channel:
    lag = row["Seconds_Behind_Source"]
    return Channel(
        name=row.get("Connection_name") or row.get("Channel_Name") or row.get("Channel_name") or "",
        source=f"{row.get('Source_Host', '?')}:{row.get('Source_Port', '?')}",
        io_running=row["Replica_IO_Running"], sql_running=row["Replica_SQL_Running"],
        lag_seconds=int(lag) if lag.isdecimal() else Unknown("the server does not know how far it is behind (NULL)"),
        delay_seconds=_count(row.get("SQL_Delay", "0")),
        io_error=_error(row, "Last_IO_Errno", "Last_IO_Error"),
        sql_error=_error(row, "Last_SQL_Errno", "Last_SQL_Error") or _error(row, "Last_Errno", "Last_Error"),
        skip_count=_count(row.get("Skip_Counter", "0")), encrypted=row.get("Source_SSL_Allowed", "No") == "Yes",
        applied_gtids=row.get("Executed_Gtid_Set", "").replace("\n", ""),
    )


def _error(row: Row, number: str, words: str) -> str:
    """``1062: Duplicate entry``, or "" where there is none."""
    return "" if row.get(number, "0") in ("0", "") else f"{row[number]}: {row.get(words, '')[:160]}"


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else 0


# History list length 12
# Log sequence number          20100200
# Last checkpoint at           20100100
# LATEST DETECTED DEADLOCK
# ------------------------
# 2026-11-20 03:00:00 0x7f12
def parse_innodb(text: str) -> InnoDb:
    lines = [line.strip().strip("|").strip() for line in plain(text).splitlines()]
    if "END OF INNODB MONITOR OUTPUT" not in lines:
        raise Unreadable("the status of InnoDB has no last line; it is cut off")
    return InnoDb(
        history_list=_after(lines, "History list length"), log_bytes=_after(lines, "Log sequence number"),
        checkpoint_bytes=_after(lines, "Last checkpoint at"), deadlock_at=_deadlock_at(lines),
        semaphore_waits=sum(line.startswith("--Thread") and "has waited at" in line for line in lines),
    )


def _after(lines: list[str], words: str) -> int | None:
    """The number after these words. Until MySQL 5.1 log positions were two numbers of 32 bits."""
    line = next((line for line in lines if line.startswith(words)), None)
    numbers = re.findall(r"\d+", line[len(words):]) if line else []
    if len(numbers) == 2:
        return (int(numbers[0]) << 32) + int(numbers[1])
    return int(numbers[0]) if numbers else None


def _deadlock_at(lines: list[str]) -> str:
    """The first two words after the heading that are a time, as ``2026-11-20 03:00:00``, or ""."""
    if "LATEST DETECTED DEADLOCK" not in lines:
        return ""
    rest = lines[lines.index("LATEST DETECTED DEADLOCK") + 1:]
    line = next((line for line in rest[:3] if re.match(r"\d", line)), "")
    return " ".join(line.split()[:2])


# user	command	state	sessions	longest_seconds
def parse_sessions(text: str) -> tuple[Sessions, ...]:
    found = []
    for row in rows(text):
        fields = {name.lower(): value for name, value in row.items()}
        longest = fields.get("longest_seconds", fields.get("time", "0"))
        found.append(Sessions(fields["user"], fields.get("command", ""), fields.get("state", ""), int(fields.get("sessions", "1")),
                              int(float(longest)) if longest not in ("NULL", "") else 0))
    return tuple(found)


# thread	state	open_seconds	waiting_seconds	modified	user	command
def parse_transactions(text: str) -> tuple[Transaction, ...]:
    return tuple(Transaction(int(row["thread"]), _null(row["user"]), _null(row["command"]), int(row["open_seconds"]),
                             None if row["waiting_seconds"] == "NULL" else int(row["waiting_seconds"])) for row in rows(text))


def _null(text: str) -> str:
    return "" if text == "NULL" else text


def parse_metrics(text: str) -> dict[str, int]:
    return {row["name"].lower(): int(row["count"]) for row in rows(text)}


# user	host	plugin	protected	locked	super	is_role	ssl_type	other_plugins
def parse_accounts(text: str) -> tuple[Account, ...]:
    found = [{name.lower(): value for name, value in row.items()} for row in rows(text)]
    if not found:
        raise Unreadable("the server told no accounts at all")
    return tuple(Account(row["user"], row["host"], row["plugin"], row["protected"] == "1", row["locked"] == "1", row["super"] == "1",
                         row["other_plugins"]) for row in found if row["is_role"] != "1")


def parse_tables(text: str) -> tuple[Table, ...]:
    return tuple(Table(f"{row['db']}.{row['name']}", _null(row["engine"]), _size(row["size"]), _size(row["free"]),
                       None if row["next"] == "NULL" else int(row["next"])) for row in rows(text))


def _size(text: str) -> int:
    return 0 if text == "NULL" else int(text)


def parse_numbered(text: str) -> dict[str, str]:
    """{table: type of its auto_increment column}."""
    return {f"{row['db']}.{row['name']}": row["type"].lower() for row in rows(text)}


def parse_keyless(text: str) -> tuple[str, ...]:
    """Tables without a primary or other unique key; the servers' own and those behind full-text indexes left out."""
    found = set()
    for row in rows(text):
        name = next(iter(row.values()))
        schema, _slash, table = name.partition("/")
        if schema not in ("mysql", "sys", "performance_schema") and table and not table.startswith(("FTS_", "fts_", "#")):
            found.add(f"{schema}.{re.split('#[pP]#', table)[0]}")
    return tuple(sorted(found))


def _list(*columns: str) -> Callable[[str], tuple[str, ...]]:
    """Reads these columns of all rows, joined by points."""
    return lambda text: tuple(".".join(row[column] for column in columns) for row in rows(text))


# db	name	idx	repeats	cols
# shop	orders	by_customer	1	customer
def parse_redundant(text: str) -> tuple[str, ...]:
    """The indexes that are the beginning of another one of their table, or the same."""
    tables: dict[str, list[Row]] = {}
    for row in rows(text):
        tables.setdefault(f"{row['db']}.{row['name']}", []).append(row)
    return tuple(f"{table}.{one['idx']}" for table, indexes in tables.items() for one in indexes
                 if any(_covers(other, one) for other in indexes if other is not one))


def _covers(other: Row, one: Row) -> bool:
    """Whether an index serves for all that another one does; of two alike the first by name is kept, or the one without repeats."""
    if one["repeats"] != "1" or "?" in one["cols"]:
        return False
    same = other["cols"] == one["cols"]
    return other["cols"].startswith(one["cols"] + ",") or (same and (other["repeats"] == "0" or other["idx"] < one["idx"]))


# db	query_id	calls	seconds	share	query
# shop	5e1c8a0d1f3b7c42	81002	5210.4417	0.6113	SELECT * FROM `orders` WHERE `note` = ?
def parse_statements(text: str) -> Known[tuple[Statement, ...]]:
    return tuple(Statement(row["query_id"], row["db"], int(row["calls"]), float(row["seconds"]), float(row["share"]), row["query"])
                 for row in rows(text)) or NOT_KEPT


# db	name	seconds
# shop	orders	4810.1130
def parse_table_waits(text: str) -> Known[tuple[TableWaits, ...]]:
    return tuple(TableWaits(f"{row['db']}.{row['name']}", float(row["seconds"])) for row in rows(text)) or NOT_KEPT


def parse_events(text: str) -> int:
    """How many events the scheduler should run."""
    found = [{name.lower(): value for name, value in row.items()} for row in rows(text)]
    return sum(int(row["events"]) for row in found if row["status"] == "ENABLED")


def parse_backup(text: str) -> Known[Backup]:
    row = rows(text)[0]
    if row["age_seconds"] == "NULL":
        return NotHere("this server does not have it ({detail})", {"detail": f"the history of {row['tool']} is empty"})
    return Backup(row["tool"], int(row["age_seconds"]))


# disk datadir 195379519488 75173654528
# size ibtmp* 1 12582912
# -- 2 rows
def parse_files(text: str) -> Files:
    lines = text.splitlines()
    if not lines or lines[-1] != f"-- {len(lines) - 1} rows":
        raise Unreadable("the answer has no last line that counts its rows; it is cut off")
    fields = [line.split(" ") for line in lines[:-1]]
    return Files({name: Disk(int(one), int(two)) for kind, name, one, two in fields if kind == "disk"},
                 {name: int(two) for kind, name, _one, two in fields if kind == "size"})


# 2026-11-22 ERROR 17 InnoDB: Operating system error number N in a file operation.
# # 5120 lines, 2026-11-01 to 2026-11-22
def parse_log(text: str) -> tuple[LogLine, ...]:
    lines = text.splitlines()
    if not lines or not re.match(r"# \d+ lines, \S+ to \S+$", lines[-1]):
        raise Unreadable("the digest of the error log has no last line; it is cut off")
    found = (line.split(" ", 3) for line in lines[:-1])
    return tuple(LogLine(day, level, int(count), message) for day, level, count, message in found)


# VmSwap:	    1024 kB
def _swapped(text: str | Unknown) -> Known[int]:
    if isinstance(text, Unknown):
        return text
    match = re.search(r"^VmSwap:\s+(\d+) kB$", text, re.MULTILINE)
    return int(match.group(1)) * 1024 if match else Unknown("the process's status has no line VmSwap")


def _machine(capture: Capture) -> Machine:
    def number(path: str) -> int | None:
        text = capture.text(path)
        return int(text) if isinstance(text, str) and text.strip().isdecimal() else None

    memory = capture.text("/proc/meminfo")
    huge = capture.text("/sys/kernel/mm/transparent_hugepage/enabled")
    chosen = re.search(r"\[(\w+)\]", huge) if isinstance(huge, str) else None
    return Machine(
        memory_bytes=parse_meminfo(memory).get("MemTotal") if isinstance(memory, str) else None,
        cpus=_listed(capture.text("/sys/devices/system/cpu/online")), nodes=_listed(capture.text("/sys/devices/system/node/online")),
        swappiness=number("/proc/sys/vm/swappiness"), huge_pages=chosen.group(1) if chosen else "",
    )


# 0-3,8
def _listed(text: object) -> int | None:
    """How many numbers such a list names."""
    if not isinstance(text, str) or not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*\s*", text):
        return None
    spans = [span.split("-") for span in text.strip().split(",")]
    return sum(int(span[-1]) - int(span[0]) + 1 for span in spans)
