# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what MySQL and MariaDB servers store: tables, indexes, disks, logs, backups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from ..absent import NotHere, Unknown
from ..facts.mysql_model import Files, LogLine, Names, Server, Table
from ..findings import DAY, GIB, HOUR, MIB, Above, Domain, Finding, Rule, Severity
from .mysql_each import ANSWERS, History, Levels, each
from .mysql_settings import shown


def judge_keyless(_levels: Levels, server: Server, keyless: tuple[str, ...], variables: Names) -> Iterator[Finding]:
    logged = variables.is_on("log_bin") or variables.is_on("wsrep_on")
    if keyless:
        yield Finding(Severity.WARNING if logged else Severity.INFO, server.name, "{tables_count} tables without a primary key: {names}",
                      {"tables_count": len(keyless), "names": shown(list(keyless))})
    else:
        yield Finding(Severity.OK, server.name, "all tables have a primary key")


MYSQL_PRIMARY_KEYS = Rule(
    id="mysql_primary_keys",
    title="Tables have a primary key",
    domain=Domain.DATABASE,
    why="Without a key a replica searches the whole table for each changed row and lags by hours; Galera and group replication forbid it.",
    fix="Give each of them a primary key, or an invisible one (MySQL 8.0.30: sql_generate_invisible_primary_key).",
    needs=("mysql.servers",),
    evidence=("mysql * keyless",),
    change_risk=3,
    told_by=ANSWERS,
    check=each(judge_keyless, "keyless", "variables"),
)

SAFE = ("InnoDB", "ROCKSDB", "MyRocks", "TokuDB", "ndbcluster", "PERFORMANCE_SCHEMA", "MEMORY", "BLACKHOLE", "FEDERATED", "CONNECT",
        "SPIDER",
        "Columnstore", "SEQUENCE", "S3", "Mroonga", "")


def judge_engines(_levels: Levels, server: Server, tables: tuple[Table, ...]) -> Iterator[Finding]:
    unsafe = [table for table in tables if table.engine not in SAFE]
    size = sum(table.size_bytes for table in unsafe)
    if unsafe:
        yield Finding(Severity.WARNING if size >= LARGE else Severity.INFO, server.name,
                      "{tables_count} tables of {size_bytes} that a crash may "
                      "damage ({engines}): {names}",
                      {"tables_count": len(unsafe), "size_bytes": size, "names": shown([table.name for table in unsafe]),
                       "engines": ", ".join(sorted({table.engine for table in unsafe}))})
    else:
        yield Finding(Severity.OK, server.name, "all tables survive a crash")


LARGE = 10 * MIB        # less than that is soon repaired

MYSQL_UNSAFE_ENGINES = Rule(
    id="mysql_unsafe_engines",
    title="No MyISAM tables are left",
    domain=Domain.DATABASE,
    why="MyISAM has no transactions; a crash leaves its tables broken, backups stop them, and every write locks the whole table.",
    fix="ALTER TABLE ... ENGINE=InnoDB, in a window: it copies the table.",
    needs=("mysql.servers",),
    evidence=("mysql * tables",),
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_engines, "tables"),
)


def judge_fragmentation(levels: Levels, server: Server, tables: tuple[Table, ...]) -> Iterator[Finding]:
    large = [(table.free_bytes / (table.size_bytes + table.free_bytes), table) for table in tables if table.free_bytes >= GIB]
    wasteful = [(ratio, table) for ratio, table in large if levels["free_ratio"].grade(ratio) > Severity.OK]
    for ratio, table in wasteful[:20]:
        yield Finding(levels["free_ratio"].grade(ratio), f"{server.name}/{table.name}",
                      "{free_bytes} of {size_bytes} lie free ({free_ratio})",
                      {"free_bytes": table.free_bytes, "size_bytes": table.size_bytes + table.free_bytes, "free_ratio": ratio})
    if not wasteful:
        yield Finding(Severity.OK, server.name, "no table wastes much room")


MYSQL_FRAGMENTATION = Rule(
    id="mysql_fragmentation",
    title="Tables do not waste room",
    domain=Domain.DATABASE,
    why="Room that deleted rows left is read and backed up with the rest, and is not given back to the disk.",
    fix="OPTIMIZE TABLE in a quiet hour (it copies the table: there must be room), or leave it where the table will grow again.",
    needs=("mysql.servers",),
    evidence=("mysql * tables",),
    levels={"free_ratio": Above(warning=0.30, source="MySQLTuner's advice; from 1 GiB on: ours")},
    impact=1,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_fragmentation, "tables"),
)

HIGHEST = {"tinyint": 2**7 - 1, "smallint": 2**15 - 1, "mediumint": 2**23 - 1, "int": 2**31 - 1, "bigint": 2**63 - 1}


def highest(kind: str) -> int | None:
    """The largest number of an integer type as ``int(11) unsigned``; None for other types."""
    most = HIGHEST.get(re.split(r"[ (]", kind)[0])
    return most if most is None or "unsigned" not in kind else most * 2 + 1


def judge_numbers(levels: Levels, server: Server, tables: tuple[Table, ...], numbered: Mapping[str, str]) -> Iterator[Finding]:
    fine = 0
    for table in tables:
        most = highest(numbered.get(table.name, ""))
        if table.next_number is None or most is None:
            continue
        ratio = (table.next_number - 1) / most
        severity = levels["used_ratio"].grade(ratio)
        fine += severity is Severity.OK
        if severity > Severity.OK:
            yield Finding(severity, f"{server.name}/{table.name}",
                          "{used_ratio} of the numbers of its auto_increment column ({type}) are used",
                          {"used_ratio": ratio, "type": numbered[table.name]})
    yield Finding(Severity.OK, server.name, "{tables_count} tables have numbers left", {"tables_count": fine})


MYSQL_AUTO_INCREMENT = Rule(
    id="mysql_auto_increment",
    title="Tables have numbers left for new rows",
    domain=Domain.DATABASE,
    why="When an auto_increment column reaches the end of its type every insert fails: the application stands.",
    fix="ALTER TABLE ... MODIFY the column as BIGINT UNSIGNED, with the columns that refer to it, in a window: it copies the table.",
    needs=("mysql.servers",),
    evidence=("mysql * tables", "mysql * numbered"),
    levels={"used_ratio": Above(warning=0.80, critical=0.95, source="awesome-prometheus-alerts, Percona: 80 %; 95 %: ours")},
    impact=4,
    change_risk=3,
    track=("used_ratio",),
    told_by=ANSWERS,
    check=each(judge_numbers, "tables", "numbered"),
)


def judge_indexes(_levels: Levels, server: Server, redundant: tuple[str, ...]) -> Iterator[Finding]:
    if redundant:
        yield Finding(Severity.INFO, server.name, "{index_count} indexes that another one covers: {names}",
                      {"index_count": len(redundant), "names": shown(list(redundant))})
    else:
        yield Finding(Severity.OK, server.name, "no index is covered by another one")


MYSQL_REDUNDANT_INDEXES = Rule(
    id="mysql_redundant_indexes",
    title="No index is there twice",
    domain=Domain.DATABASE,
    why="Each index costs room, memory and time for every write; one that another covers gives nothing for it.",
    fix="Make it invisible (MySQL 8) or ignored (MariaDB 10.6) for some weeks, then drop it.",
    needs=("mysql.servers",),
    evidence=("mysql * indexes",),
    impact=1,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_indexes, "redundant"),
)


def judge_unused(_levels: Levels, server: Server, unused: tuple[str, ...], status: Names, variables: Names) -> Iterator[Finding]:
    uptime = status.number("Uptime")
    if not variables.is_on("performance_schema"):
        yield Finding(Severity.OK, server.name, "the server does not count the use of its indexes (performance_schema is OFF)")
    elif uptime < LONG_ENOUGH:
        yield Finding(Severity.OK, server.name, "too early to judge: it started {uptime_seconds} ago", {"uptime_seconds": uptime})
    else:
        yield Finding(Severity.INFO if unused else Severity.OK, server.name,
                      "{index_count} indexes were not used for {uptime_seconds}: {names}",
                      {"index_count": len(unused), "names": shown(list(unused)) or "-", "uptime_seconds": uptime})


LONG_ENOUGH = 35 * DAY      # a month's end must lie within

MYSQL_UNUSED_INDEXES = Rule(
    id="mysql_unused_indexes",
    title="Indexes are used",
    domain=Domain.DATABASE,
    why="An index that nothing reads costs room, memory and time for every write.",
    fix="Look at the replicas too, which read otherwise; make it invisible or ignored for some weeks, then drop it.",
    needs=("mysql.servers",),
    evidence=("mysql * unused", "mysql * status"),
    impact=1,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_unused, "unused", "status", "variables"),
)


def judge_disk(levels: Levels, server: Server, files: Files) -> Iterator[Finding]:
    ratios = {name: ratio for name, disk in sorted(files.disks.items()) if (ratio := disk.used_ratio) is not None}
    for name, ratio in ratios.items():
        free = files.disks[name].free_bytes
        severity = levels["used_ratio"].grade(ratio)
        if severity > Severity.OK and free >= ROOM:
            severity = Severity.INFO
        yield Finding(severity, f"{server.name}/{name}", "{used_ratio} of the disk under {name} used, {free_bytes} free",
                      {"used_ratio": ratio, "free_bytes": free, "name": name})
    if not ratios:
        yield Finding(Severity.UNKNOWN, server.name, "the room on its disks is not known")


ROOM = 200 * GIB        # with so much left no share is an emergency; filesystem_space forecasts when it is full

MYSQL_DISK = Rule(
    id="mysql_disk",
    title="There is room for the data",
    domain=Domain.DATABASE,
    why="On a full disk the server stops in the middle of a write and waits, or ends; replicas and backups fail with it.",
    fix="Purge binary logs, look for large temporary files (mysql_growing_files), enlarge the disk.",
    needs=("mysql.servers",),
    evidence=("mysql * files",),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="common monitoring: 80 and 90 %")},
    impact=4,
    track=("used_ratio",),
    told_by=ANSWERS,
    check=each(judge_disk, "files"),
)

GROWING = ("ibtmp*", "undo*", "#innodb_temp/*", "*relay-bin.0*")


def judge_growing(levels: Levels, server: Server, files: Files, tables: tuple[Table, ...]) -> Iterator[Finding]:
    data = sum(table.size_bytes for table in tables)
    for name in GROWING:
        size = files.sizes.get(name, 0)
        # half as large as all data: more than any sort of it should need
        severity = levels["size_bytes"].grade(size) if size >= data / 2 else Severity.OK
        yield Finding(severity, f"{server.name}/{name}", "{name} take {size_bytes}, all tables {data_bytes}",
                      {"name": name, "size_bytes": size, "data_bytes": data})


MYSQL_GROWING_FILES = Rule(
    id="mysql_growing_files",
    title="Temporary, undo and relay files stay small",
    domain=Domain.DATABASE,
    why="These files grow with one bad statement or an open transaction, and many of them never shrink until a restart.",
    fix="Find the statement or transaction (mysql_long_transactions); cap innodb_temp_data_file_path, truncate undo; mend the replica.",
    needs=("mysql.servers",),
    evidence=("mysql * files", "mysql * tables"),
    levels={"size_bytes": Above(warning=10 * GIB, critical=100 * GIB, source="our judgement, where it is half of all data or more")},
    change_risk=2,
    track=("size_bytes",),
    told_by=ANSWERS,
    check=each(judge_growing, "files", "tables"),
)

# What the error log says, and what it means; the words are those the capture looks for
CRITICAL_WORDS = ("Database page corruption", "is marked as crashed", "Assertion failure", "got signal", "Semaphore wait has lasted",
                  "is in the future", "No space left on device", "Disk is full writing", "Operating system error number",
                  "Cannot allocate memory", "Out of memory", "Incorrect definition of table mysql")
WARNING_WORDS = ("crash recovery", "Crash recovery", "Crash table recovery", "Too many connections", "Too many open files", "Table is full",
                 "Got fatal error 1236", "innodb_redo_log_capacity")
EVENTS = "Event Scheduler: ["
LOG_DAYS = 30
NO_DAY = "-"


def recent(log: tuple[LogLine, ...], taken_at: datetime, name: str, history: History) -> list[LogLine]:
    """What was said since the day of the last inspection, or in the last 30 days; also what bears no day."""
    points = history.get(name, {}).get("errors_count", ())
    since = points[-1][0] if points else taken_at - timedelta(days=LOG_DAYS)
    return [line for line in log if line.day == NO_DAY or line.day >= since.strftime("%Y-%m-%d")]


def judge_log(_levels: Levels, server: Server, log: tuple[LogLine, ...], taken_at: datetime, history: History) -> Iterator[Finding]:
    lines = [line for line in recent(log, taken_at, server.name, history) if EVENTS not in line.message]
    errors = sum(line.count for line in lines if line.level.lower() == "error")
    grave = [line for line in lines if any(words in line.message for words in CRITICAL_WORDS)]
    bad = [line for line in lines if any(words in line.message for words in WARNING_WORDS)]
    for severity, found in ((Severity.CRITICAL, grave), (Severity.WARNING, bad)):
        for message in sorted({line.message for line in found}):
            days = [line.day for line in found if line.message == message]
            yield Finding(severity, f"{server.name}/{message[:60]}", "the error log says {count} times, last on {day}: {message}",
                          {"count": sum(line.count for line in found if line.message == message), "day": max(days), "message": message})
    other = [line for line in lines if line.level.lower() == "error" and line not in grave and line not in bad]
    worst = max(other, key=lambda line: line.count, default=None)
    yield Finding(Severity.INFO if worst else Severity.OK, server.name,
                  "{errors_count} errors in its log, the most frequent: {message}" if worst else
                  "no other errors in its log", {"errors_count": errors, "message": worst.message if worst else "-"})


MYSQL_ERROR_LOG = Rule(
    id="mysql_error_log",
    title="The error log tells of no damage",
    domain=Domain.DATABASE,
    why="Damaged pages, crashes and refused writes are told there first, long before users see them.",
    fix="Read the lines in the log itself; damaged pages: check the disk, restore from a backup; a crash: keep the log for the maker.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_error_log"),
    evidence=("mysql * log",),
    impact=4,
    change_risk=2,
    track=("errors_count",),
    told_by=ANSWERS,
    check=each(judge_log, "log"),
)

DEADLOCK = "deadlock detected"
DEADLOCK_DAYS = 7


def judge_log_deadlocks(levels: Levels, server: Server, log: tuple[LogLine, ...], variables: Names,
                        taken_at: datetime) -> Iterator[Finding]:
    first = (taken_at - timedelta(days=DEADLOCK_DAYS)).strftime("%Y-%m-%d")
    number = sum(line.count for line in log if DEADLOCK in line.message and line.day >= first)
    if not number and variables.texts.get("innodb_print_all_deadlocks", "").upper() not in ("ON", "1"):
        yield Finding(Severity.OK, server.name,
                      "it does not log deadlocks (innodb_print_all_deadlocks); mysql_deadlocks judges their number")
        return
    yield Finding(levels["deadlocks_count"].grade(number), server.name, "its log tells of {deadlocks_count} deadlocks in the last week",
                  {"deadlocks_count": number})


MYSQL_LOG_DEADLOCKS = Rule(
    id="mysql_log_deadlocks",
    title="The error log tells of few deadlocks",
    domain=Domain.DATABASE,
    why="A deadlock ends one of the transactions; the log has them also when the counters are too young to be judged.",
    fix="The log shows both transactions of each: let all code lock in the same order, commit earlier, index what is locked.",
    needs=("mysql.servers", "capture.taken_at"),
    evidence=("mysql * log", "mysql * variables"),
    levels={"deadlocks_count": Above(warning=70, source="our judgement: 10 a day, as mysql_deadlocks")},
    told_by=ANSWERS,
    check=each(judge_log_deadlocks, "log", "variables"),
)


def judge_events(_levels: Levels, server: Server, events: int, variables: Names, log: tuple[LogLine, ...],
                 taken_at: datetime) -> Iterator[Finding]:
    failed = sum(line.count for line in recent(log, taken_at, server.name, {}) if EVENTS in line.message)
    scheduler = variables.text("event_scheduler").upper()
    values = {"events_count": events, "failed_count": failed, "scheduler": scheduler}
    if failed:
        yield Finding(Severity.WARNING, server.name, "the error log tells of {failed_count} failures of scheduled events", values)
    elif events and scheduler != "ON":
        yield Finding(Severity.WARNING, server.name, "{events_count} events are to run, but the scheduler is {scheduler}", values)
    else:
        yield Finding(Severity.OK, server.name, "{events_count} events are to run, none failed", values)


MYSQL_EVENTS = Rule(
    id="mysql_events",
    title="Scheduled events run",
    domain=Domain.DATABASE,
    why="Events clean up, partition and sum; when they stop nobody notices until the disk is full or figures are wrong.",
    fix="Set event_scheduler=ON in the configuration; mend the event that fails, or disable it. On a replica they are to be disabled.",
    needs=("mysql.servers", "capture.taken_at"),
    evidence=("mysql * events", "mysql * variables", "mysql * log"),
    told_by=ANSWERS,
    check=each(judge_events, "events", "variables", "log"),
)


def check_backups(levels: Levels, servers: tuple[Server, ...], hours: int) -> Iterator[Finding]:
    for server in servers:
        backup = server.backup
        if isinstance(backup, NotHere):
            yield Finding(Severity.UNKNOWN, server.name,
                          "no backup is recorded in the server (mariadb-backup or xtrabackup with --history, "
                          "mysqlbackup); other kinds can't be seen from here")
        elif isinstance(backup, Unknown):
            yield Finding(Severity.UNKNOWN, server.name, backup.reason, backup.values)
        else:
            late = backup.age_seconds / (hours * HOUR) if hours else 0.0
            yield Finding(levels["late_ratio"].grade(late), server.name,
                          "the last backup by {tool} ended {age_seconds} ago; one is due every "
                          "{interval_seconds}",
                          {"tool": backup.tool, "age_seconds": backup.age_seconds, "interval_seconds": hours * HOUR, "late_ratio": late})


MYSQL_BACKUP = Rule(
    id="mysql_backup",
    title="A backup was made in time",
    domain=Domain.DATABASE,
    why="Without a backup a dropped table or a damaged disk is the end of the data; replicas repeat the mistake.",
    fix="Look why the job stopped; make a backup now, and restore one apart to see that it works.",
    needs=("mysql.servers", "settings.backup_hours"),
    evidence=("mysql * backups",),
    levels={"late_ratio": Above(warning=1.1, critical=2, source="caretaker_backup_hours of the inventory; 10 % for the job to run")},
    impact=4,
    told_by=ANSWERS,
    check=check_backups,
)

RULES = (
    MYSQL_PRIMARY_KEYS, MYSQL_UNSAFE_ENGINES, MYSQL_FRAGMENTATION, MYSQL_AUTO_INCREMENT, MYSQL_REDUNDANT_INDEXES, MYSQL_UNUSED_INDEXES,
    MYSQL_DISK,
    MYSQL_GROWING_FILES, MYSQL_ERROR_LOG, MYSQL_LOG_DEADLOCKS, MYSQL_EVENTS, MYSQL_BACKUP,
)
