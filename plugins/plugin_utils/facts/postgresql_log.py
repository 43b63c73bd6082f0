# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: the digests of its server logs."""

from __future__ import annotations

from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .answers import answer
from .middleware import Log, parse_log
from .postgresql import own_instances
from .postgresql_model import Found

SUBJECT = "postgresql_log"


@dataclass(frozen=True)
class File:
    path: str


@dataclass(frozen=True)
class InstanceLog:
    name: str
    logs: Known[tuple[Log, ...]]


@dataclass(frozen=True)
class PostgresqlLogFacts:
    instances: Known[tuple[InstanceLog, ...]]


def parse(capture: Capture) -> PostgresqlLogFacts:
    found = own_instances(capture, f"{SUBJECT} instances")
    if isinstance(found, Unknown | NotHere):
        return PostgresqlLogFacts(found)
    return PostgresqlLogFacts(tuple(
        InstanceLog(item.instance, _logs(capture, item)) for item in found))


def _logs(capture: Capture, item: Found) -> Known[tuple[Log, ...]]:
    instance = item.instance
    files = answer(capture, f"{SUBJECT} {instance} files", File)
    if isinstance(files, Unknown | NotHere):
        return files
    if not files:
        return Unknown("its log is no file that can be found: it goes to the journal, to syslog, or nowhere; set logging_collector = on")
    logs = []
    for file in files:
        text = capture.known(f"{SUBJECT} {instance} log {file.path}")
        if isinstance(text, Unknown):
            return text
        try:
            log = parse_log(file.path, text)
        except Unreadable as error:
            return error.unknown
        if log.lines_count and log.first is None:
            return Unknown("{key}: its lines do not begin with a time that can be read; set log_line_prefix = '%m [%p] %q%u@%d '",
                           {"key": file.path})
        logs.append(log)
    return tuple(logs)
