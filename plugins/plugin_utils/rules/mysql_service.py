# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about MySQL and MariaDB servers as services: whether they answer, their version, their sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from ..facts.mysql_model import Instances, Machine, Names, Server, Sessions, Transaction
from ..findings import DAY, HOUR, Above, Below, Domain, Finding, Rule, Severity
from .containers import in_containers
from .mysql_each import ANSWERS, History, Levels, basis, each, since, too_early


def check_answers(_levels: Levels, instances: Instances) -> Iterator[Finding]:
    for unit in instances.down:
        yield Finding(Severity.CRITICAL, unit, "is to start with the system, but does not run")
    yield from in_containers(instances.containers)
    for server in instances.servers:
        if server.problem is None:
            yield Finding(Severity.OK, server.name, "answers")
            continue
        yield Finding(Severity.UNKNOWN, server.name, server.problem.reason, server.problem.values)
        if server.full:
            yield Finding(Severity.CRITICAL, f"{server.name}/connections", "turns clients away: all its connections are in use")


MYSQL_ANSWERS = Rule(
    id=ANSWERS,
    title="MySQL and MariaDB servers run and can be asked",
    domain=Domain.DATABASE,
    why="A server that is down serves nobody; one that can't be asked is not inspected, whatever the rest of the report says.",
    fix="Start it and look at its error log; let root in by its socket, or give caretaker_credentials; the finding says which.",
    needs=("mysql.instances",),
    evidence=("mysql instances", "mysql * connection"),
    impact=4,
    check=check_answers,
)


def judge_restart(levels: Levels, server: Server, status: Names) -> Iterator[Finding]:
    uptime = status.number("Uptime")
    restarted = levels["uptime_seconds"].grade(uptime) > Severity.OK
    yield Finding(Severity.INFO if restarted else Severity.OK, server.name, "runs for {uptime_seconds}", {"uptime_seconds": uptime})


MYSQL_RESTART = Rule(
    id="mysql_restart",
    title="The server was not restarted lately",
    domain=Domain.DATABASE,
    why="A restart that nobody planned is a crash; its caches are cold and its counters say little yet.",
    fix="Compare with the planned work; look in the error log (mysql_error_log) and for OOM kills (oom_kills) if there was none.",
    needs=("mysql.servers",),
    evidence=("mysql * status",),
    levels={"uptime_seconds": Below(warning=DAY, source="awesome-prometheus-alerts: 60 s; a day, as an inspection looks once: ours")},
    told_by=ANSWERS,
    check=each(judge_restart, "status"),
)

# Last day of the maker's support: endoflife.date/mysql and /mariadb, 2026-10; Percona Server follows MySQL.
# Releases between the long-term ones end when the next one comes.
LAST_DAYS: dict[str, date] = {
    "MySQL 5.5": date(2018, 12, 3), "MySQL 5.6": date(2021, 2, 5), "MySQL 5.7": date(2023, 10, 31), "MySQL 8.0": date(2026, 4, 30),
    "MySQL 8.1": date(2023, 10, 25), "MySQL 8.2": date(2024, 1, 16), "MySQL 8.3": date(2024, 4, 30), "MySQL 8.4": date(2032, 4, 30),
    "MySQL 9.0": date(2024, 10, 15), "MySQL 9.1": date(2025, 1, 21), "MySQL 9.2": date(2025, 4, 15), "MySQL 9.3": date(2025, 7, 22),
    "MySQL 9.4": date(2025, 10, 21), "MySQL 9.5": date(2026, 1, 20), "MySQL 9.6": date(2026, 4, 21), "MySQL 9.7": date(2034, 4, 30),
    "MariaDB 10.0": date(2019, 3, 31), "MariaDB 10.1": date(2020, 10, 17), "MariaDB 10.2": date(2022, 5, 23),
    "MariaDB 10.3": date(2023, 5, 25), "MariaDB 10.4": date(2024, 6, 18), "MariaDB 10.5": date(2025, 6, 24),
    "MariaDB 10.6": date(2026, 7, 6), "MariaDB 10.7": date(2023, 2, 9), "MariaDB 10.8": date(2023, 5, 20),
    "MariaDB 10.9": date(2023, 8, 22), "MariaDB 10.10": date(2023, 11, 17), "MariaDB 10.11": date(2028, 2, 16),
    "MariaDB 11.0": date(2024, 6, 6), "MariaDB 11.1": date(2024, 8, 21), "MariaDB 11.2": date(2024, 11, 21),
    "MariaDB 11.3": date(2024, 5, 29), "MariaDB 11.4": date(2029, 5, 29), "MariaDB 11.5": date(2024, 11, 21),
    "MariaDB 11.6": date(2025, 2, 13), "MariaDB 11.7": date(2025, 5, 12), "MariaDB 11.8": date(2028, 6, 4),
}
PACKAGED = re.compile(r"(?i)debian|ubuntu|[+~-]deb\d|\.el\d|\.fc\d|suse")


def series(variables: Names) -> str:
    """``MariaDB 10.11`` or ``MySQL 8.0``."""
    version = variables.text("version")
    number = ".".join(version.split(".")[:2])
    return ("MariaDB " if "mariadb" in version.lower() else "MySQL ") + number


def judge_version(levels: Levels, server: Server, variables: Names, taken_at: datetime) -> Iterator[Finding]:
    version, name = variables.text("version"), series(variables)
    last = LAST_DAYS.get(name)
    values = {"series": name, "version": version, "last_day": str(last or "")}
    if last is None and tuple(int(part) for part in re.findall(r"\d+", name)) < (5, 5):
        yield Finding(Severity.CRITICAL, server.name, "{series} ({version}) is supported by nobody for long", values)
        return
    if last is None:
        yield Finding(Severity.INFO, server.name, "{series} ({version}) is not in our table of support; look it up", values)
        return
    left = (datetime(last.year, last.month, last.day, tzinfo=UTC) - taken_at).total_seconds() + DAY
    severity = levels["left_seconds"].grade(left)
    if severity > Severity.OK and PACKAGED.search(version + " " + variables.texts.get("version_comment", "")):
        yield Finding(Severity.INFO, server.name, "the makers of {series} ({version}) support it until {last_day}; this package depends on "
                      "its distribution's support", {**values, "left_seconds": left})
    else:
        yield Finding(severity, server.name, "{series} ({version}) is supported until {last_day}", {**values, "left_seconds": left})


MYSQL_VERSION = Rule(
    id="mysql_version",
    title="The server's version is supported",
    domain=Domain.DATABASE,
    why="A version out of support gets no fixes, for security neither.",
    fix="Plan the upgrade to a long-term release; try it on a restored copy first.",
    needs=("mysql.servers", "capture.taken_at"),
    evidence=("mysql * variables",),
    levels={"left_seconds": Below(warning=90 * DAY, critical=0, source="endoflife.date; 90 days to plan an upgrade: ours")},
    impact=3,
    change_risk=4,
    told_by=ANSWERS,
    check=each(judge_version, "variables"),
)


def judge_connections(levels: Levels, server: Server, status: Names, variables: Names) -> Iterator[Finding]:
    most = variables.number("max_connections")
    used, peak = status.number("Threads_connected"), status.number("Max_used_connections")
    values = {"used_ratio": used / most, "peak_ratio": peak / most, "used_count": used, "peak_count": peak, "max_count": most}
    now, then = levels["used_ratio"].grade(used / most), levels["peak_ratio"].grade(peak / most)
    yield Finding(max(now, then), server.name,
                  "{used_count} of {max_count} connections in use ({used_ratio}), {peak_count} at most since its "
                  "start ({peak_ratio})", values)


MYSQL_CONNECTIONS = Rule(
    id="mysql_connections",
    title="Connections are left",
    domain=Domain.DATABASE,
    why="When all connections are in use, new clients are turned away: the application is down though the server runs.",
    fix="Find who holds idle sessions (pool sizes, wait_timeout) before max_connections is raised: each one may take memory.",
    needs=("mysql.servers",),
    evidence=("mysql * status", "mysql * variables"),
    levels={
        "used_ratio": Above(warning=0.80, critical=0.90, source="awesome-prometheus-alerts 80 %; Linuxfabrik 90 %"),
        "peak_ratio": Above(warning=0.85, source="MySQLTuner: 85 %"),
    },
    impact=3,
    change_risk=2,
    track=("used_ratio", "peak_ratio"),
    told_by=ANSWERS,
    check=each(judge_connections, "status", "variables"),
)


def judge_threads(levels: Levels, server: Server, status: Names, machine: Machine) -> Iterator[Finding]:
    running = status.number("Threads_running")
    if machine.cpus is None:
        yield Finding(Severity.UNKNOWN, server.name, "{running_count} sessions at work, but the number of CPUs is not known",
                      {"running_count": running})
        return
    ratio = running / machine.cpus
    severity = levels["per_cpu"].grade(ratio) if running >= FEW_THREADS else Severity.OK
    yield Finding(severity, server.name, "{running_count} sessions at work at once on {cpus_count} CPUs",
                  {"running_count": running, "cpus_count": machine.cpus, "per_cpu": ratio})


FEW_THREADS = 16        # on a small machine a handful at once is a moment, not a jam

MYSQL_THREADS_RUNNING = Rule(
    id="mysql_threads_running",
    title="Sessions do not pile up",
    domain=Domain.DATABASE,
    why="More sessions at work than CPUs wait for each other: for locks, for the disk, for CPU.",
    fix="Look at what they wait for (mysql_lock_waits, mysql_metadata_locks, iowait) and at the most frequent statements.",
    needs=("mysql.servers", "mysql.machine"),
    evidence=("mysql * status", "/sys/devices/system/cpu/online"),
    levels={"per_cpu": Above(warning=4, critical=20, source="common advice: twice the CPUs for long; 4 and 20 in one look: ours")},
    told_by=ANSWERS,
    check=each(judge_threads, "status"),
)

ABORTED = ("Aborted_connects", "Aborted_clients", "Connections")


def judge_aborted(levels: Levels, server: Server, status: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    counters = status.numbers(*ABORTED)
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    refused, lost = found.growth["aborted_connects_count"], found.growth["aborted_clients_count"]
    ratio = (refused + lost) / max(1.0, found.growth["connections_count"])
    severity = levels["aborted_ratio"].grade(ratio) if refused + lost >= FEW_ABORTED else Severity.OK
    yield Finding(severity, server.name, "{refused_count} log-ons failed and {lost_count} sessions broke off, {aborted_ratio} of all, over "
                  "{period_seconds} ({basis})", {"refused_count": refused, "lost_count": lost, "aborted_ratio": min(ratio, 1.0),
                                                 **counters, **basis(found)})


FEW_ABORTED = 30        # a few wrong passwords on an idle server are no share of anything

MYSQL_ABORTED = Rule(
    id="mysql_aborted",
    title="Clients log on and off in good order",
    domain=Domain.DATABASE,
    why="Log-ons that fail are wrong passwords or scans; sessions that break off are clients that crash, time out or lose the network.",
    fix="Set log_warnings or log_error_verbosity to see who; check pools, wait_timeout, max_allowed_packet and the firewall between.",
    needs=("mysql.servers", "capture.taken_at", "history.mysql_aborted"),
    evidence=("mysql * status",),
    levels={"aborted_ratio": Above(warning=0.03, critical=0.30, source="MySQLTuner: 3 %; 30 %: ours")},
    track=("aborted_connects_count", "aborted_clients_count", "connections_count"),
    told_by=ANSWERS,
    check=each(judge_aborted, "status"),
)

AT_WORK = ("Query", "Execute")
BACKGROUND = ("system user", "event_scheduler")


def judge_long_statements(levels: Levels, server: Server, sessions: tuple[Sessions, ...]) -> Iterator[Finding]:
    busy = [item for item in sessions if item.command in AT_WORK and item.user not in BACKGROUND]
    longest = max((item.longest_seconds for item in busy), default=0)
    user = next((item.user for item in busy if item.longest_seconds == longest), "-")
    yield Finding(levels["longest_seconds"].grade(longest), server.name, "{busy_count} statements run, the longest for {longest_seconds} "
                  "(user {user})", {"busy_count": sum(item.count for item in busy), "longest_seconds": longest, "user": user})


MYSQL_LONG_STATEMENTS = Rule(
    id="mysql_long_statements",
    title="No statement runs for hours",
    domain=Domain.DATABASE,
    why="A statement that runs for hours holds old row versions and locks, and mostly was not meant to.",
    fix="Look at it by SHOW PROCESSLIST with the application's people; end it with KILL QUERY, give it an index or a time limit.",
    needs=("mysql.servers",),
    evidence=("mysql * processes",),
    levels={"longest_seconds": Above(warning=HOUR, critical=12 * HOUR, source="MySQLTuner's hour for transactions; 12 h: ours")},
    told_by=ANSWERS,
    check=each(judge_long_statements, "sessions"),
)


def judge_metadata_locks(levels: Levels, server: Server, sessions: tuple[Sessions, ...]) -> Iterator[Finding]:
    waiting = [item for item in sessions if "metadata lock" in item.state or "backup lock" in item.state.lower()]
    longest = max((item.longest_seconds for item in waiting), default=0)
    yield Finding(levels["waiting_seconds"].grade(longest) if waiting else Severity.OK, server.name,
                  "{waiting_count} sessions wait for the definition of a table, the longest for {waiting_seconds}",
                  {"waiting_count": sum(item.count for item in waiting), "waiting_seconds": longest})


MYSQL_METADATA_LOCKS = Rule(
    id="mysql_metadata_locks",
    title="No change of a table blocks its users",
    domain=Domain.DATABASE,
    why="An ALTER TABLE that waits for an open transaction lets nobody else use the table meanwhile: all sessions pile up behind it.",
    fix="End the open transaction (mysql_long_transactions) or the ALTER; give migrations a lock_wait_timeout of a few seconds.",
    needs=("mysql.servers",),
    evidence=("mysql * processes",),
    levels={"waiting_seconds": Above(warning=30, critical=300, source="our judgement: users wait no longer than half a minute")},
    impact=3,
    told_by=ANSWERS,
    check=each(judge_metadata_locks, "sessions"),
)


def judge_long_transactions(levels: Levels, server: Server, transactions: tuple[Transaction, ...]) -> Iterator[Finding]:
    oldest = max(transactions, key=lambda item: item.open_seconds, default=None)
    if oldest is None:
        yield Finding(Severity.OK, server.name, "no transaction is open")
        return
    values = {"open_seconds": oldest.open_seconds, "user": oldest.user or "-", "thread": str(oldest.thread),
              "command": oldest.command or "-"}
    yield Finding(levels["open_seconds"].grade(oldest.open_seconds), server.name,
                  "the oldest transaction is open for {open_seconds} (user {user}, thread {thread}, {command})", values)


MYSQL_LONG_TRANSACTIONS = Rule(
    id="mysql_long_transactions",
    title="No transaction stays open for long",
    domain=Domain.DATABASE,
    why="An open transaction keeps all row versions since its start and its locks; tables grow and slow down, changes of tables block.",
    fix="Find out with the application's people why it is not ended; KILL its thread; commit in smaller steps.",
    needs=("mysql.servers",),
    evidence=("mysql * transactions",),
    levels={"open_seconds": Above(warning=HOUR, critical=12 * HOUR, source="MySQLTuner, Percona: 1 h; 12 h: ours")},
    impact=3,
    told_by=ANSWERS,
    check=each(judge_long_transactions, "transactions"),
)


def judge_lock_waits(levels: Levels, server: Server, transactions: tuple[Transaction, ...]) -> Iterator[Finding]:
    waits = [item.waiting_seconds for item in transactions if item.waiting_seconds is not None]
    yield Finding(levels["waiting_seconds"].grade(max(waits)) if waits else Severity.OK, server.name,
                  "{waiting_count} transactions wait for a row's lock, the longest for {waiting_seconds}",
                  {"waiting_count": len(waits), "waiting_seconds": max(waits, default=0)})


MYSQL_LOCK_WAITS = Rule(
    id="mysql_lock_waits",
    title="No chain of sessions waits for a lock",
    domain=Domain.DATABASE,
    why="Sessions that wait for another's lock hold their own meanwhile: one forgotten transaction can stop an application.",
    fix="Find the one at the head (sys.innodb_lock_waits, or information_schema.innodb_lock_waits) and end it; commit earlier.",
    needs=("mysql.servers",),
    evidence=("mysql * transactions",),
    levels={"waiting_seconds": Above(warning=10, critical=300, source="our judgement; innodb_lock_wait_timeout gives up at 50 s")},
    impact=3,
    told_by=ANSWERS,
    check=each(judge_lock_waits, "transactions"),
)

RULES = (
    MYSQL_ANSWERS, MYSQL_RESTART, MYSQL_VERSION, MYSQL_CONNECTIONS, MYSQL_THREADS_RUNNING, MYSQL_ABORTED, MYSQL_LONG_STATEMENTS,
    MYSQL_METADATA_LOCKS, MYSQL_LONG_TRANSACTIONS, MYSQL_LOCK_WAITS,
)
