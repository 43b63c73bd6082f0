# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded answers of MySQL, MariaDB and Percona servers, drawn as tables or tab-separated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.facts.mysql_model import Channel, Names, Server
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection

from .adapter import Adapter, Answer, Case, worst

RULES = ("mysql_answers", "mysql_replication_running", "mysql_replication_lag")
NOTE = json.dumps({"instances": [{"instance": "recorded", "pid": 1}], "down": [], "installed": True})
# {part of a file's name: our answer}
PARTS = {"global_status": "status", "engine_innodb": "innodb", "global_variables": "variables", "slave": "replicas", "replica": "replicas",
         "process_list": "processes"}
SUMMARY_PARTS = {"mysql-status": "status", "mysql-variables": "variables", "innodb-status": "innodb", "mysql-processlist": "processes"}


def entries_of(answers: Mapping[str, str]) -> list[Entry]:
    """What our capture would hold of a server that gave these answers."""
    known = {"connection": "mysql as root, 0.10 s\n", "replicas": "-- 0 rows\n", **answers}
    return [Entry("mysql", "note", "mysql instances", NOTE),
            *(Entry("mysql", "query", f"mysql recorded {name}", text) for name, text in known.items())]


def tables(case: Case) -> list[Entry]:
    answers = {}
    for path, text in zip(case.inputs, case.texts, strict=True):
        name = PurePosixPath(path).name
        part = next((part for words, part in PARTS.items() if words in name), None)
        if part is not None:
            answers[part] = text
    return entries_of(answers)


def replication(case: Case, inspection: Inspection) -> Answer:
    """The verdict is that of replication: broken where a channel does not run or its lag is not known to be small."""
    server = _server(inspection)
    if server is None or isinstance(server.status, Unknown) or isinstance(server.channels, Unknown):
        return Answer("unknown")
    verdict = "ok" if worst(inspection, RULES) <= Severity.INFO else "broken"
    values: dict[str, Any] = _metrics(server)
    if server.channels:
        values["replication"] = [_channel(channel) for channel in server.channels] if isinstance(server.channels, tuple) else []
    return Answer(verdict, values)


def _server(inspection: Inspection) -> Server | None:
    facts = inspection.facts["mysql"]
    return facts.servers[0] if not isinstance(facts, Unknown) and isinstance(facts.servers, tuple) else None


def _channel(channel: Channel) -> dict[str, str]:
    lag = str(channel.lag_seconds) if isinstance(channel.lag_seconds, int) else "NULL"
    return {"channel": channel.name, "io_running": channel.io_running, "seconds_behind": lag, "sql_running": channel.sql_running}


def _metrics(server: Server) -> dict[str, Any]:
    """The counters and limits that we hold, under the names of the recording's own collector."""
    values: dict[str, Any] = {}
    for names in (server.variables, server.status):
        if isinstance(names, Names):
            values.update({f"metrics.{name}": int(text) for name, text in names.texts.items() if text.isdecimal()})
    if not isinstance(server.innodb, Unknown) and hasattr(server.innodb, "log_bytes"):
        values["metrics.innodb_log_sequence_number"] = server.innodb.log_bytes
        values["metrics.innodb_last_checkpoint_at"] = server.innodb.checkpoint_bytes
        if server.innodb.log_bytes is not None and server.innodb.checkpoint_bytes is not None:
            values["metrics.innodb_checkpoint_age"] = server.innodb.log_bytes - server.innodb.checkpoint_bytes
    if isinstance(server.sessions, tuple):
        values["metrics.process_list_longest_query_duration"] = max((item.longest_seconds for item in server.sessions), default=0)
    return values


def summary(case: Case) -> list[Entry]:
    """Without the lines of the tool that recorded them, and with what our client's form has: the columns' names and the count."""
    answers = {}
    for path, text in zip(case.inputs, case.texts, strict=True):
        part = SUMMARY_PARTS.get(PurePosixPath(path).name)
        if part in ("status", "variables"):
            lines = [line for line in text.splitlines() if "\t" in line]
            answers[part] = "Variable_name\tValue\n" + "".join(line + "\n" for line in lines) + f"-- {len(lines)} rows\n"
        elif part == "processes":
            answers[part] = text.rstrip("\n") + f"\n-- {text.count('. row **')} rows\n"
        elif part is not None:
            answers[part] = text
    return entries_of(answers)


# {name in the recordings: name of the server}
STATUS = {"aborted_connects": "Aborted_connects", "max_used_connections": "Max_used_connections", "questions": "Questions",
          "slow_queries": "Slow_queries", "threads_connected": "Threads_connected", "threads_running": "Threads_running", "uptime_s": "Uptime"}
VARIABLES = ("innodb_buffer_pool_size", "max_connections")


def figures(case: Case, inspection: Inspection) -> Answer:
    server = _server(inspection)
    if server is None or not isinstance(server.status, Names) or not isinstance(server.variables, Names):
        return Answer("unknown")
    values: dict[str, Any] = {name: server.status.number(theirs) for name, theirs in STATUS.items() if server.status.has(theirs)}
    values.update({name: server.variables.number(name) for name in VARIABLES if server.variables.has(name)})
    values.update({name: server.variables.text(name) for name in ("version", "read_only") if server.variables.has(name)})
    if not isinstance(server.innodb, Unknown) and hasattr(server.innodb, "history_list"):
        values["report.History List Len"] = str(server.innodb.history_list)
    return Answer("none", values)


def state(case: Case) -> list[Entry]:
    return entries_of({"replicas": case.texts[0].rstrip("\n") + "\n-- 1 rows\n"})


def one_replica(_case: Case, inspection: Inspection) -> Answer:
    server = _server(inspection)
    if server is None or not isinstance(server.channels, tuple) or not server.channels:
        return Answer("unknown")
    channel = server.channels[0]
    number = channel.sql_error.partition(":")[0]
    return Answer("ok" if worst(inspection, RULES) <= Severity.INFO else "broken", {
        "io_running": channel.io_running, "sql_running": channel.sql_running, "errno": int(number) if number else 0,
        "lag": channel.lag_seconds if isinstance(channel.lag_seconds, int) else None})


REPLICA = Adapter(state, one_replica, RULES)
TABLES = Adapter(tables, replication, RULES)
SUMMARY = Adapter(summary, figures, RULES)
