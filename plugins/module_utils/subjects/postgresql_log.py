# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: what its server logs say, counted by day and kind on the target; no line, statement or value of them leaves it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ..log_digest import MAX_BYTES, digest
from ..postgresql_instances import find_instances, text_of

FILES_AT_MOST = 8       # a week of daily files and today's
LEVELS = "PANIC|FATAL|ERROR|WARNING|LOG|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|NOTICE|INFO|DEBUG[1-5]?"
# 2026-11-22 03:00:00.123 UTC [812] shop@shop ERROR:  deadlock detected
PLAIN = re.compile(r"^(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d.{0,300}?\b(%s):\s+(.*)$" % LEVELS)
# 2026-11-22 03:00:00.123 UTC,"shop","shop",812,"[local]",...,ERROR,40P01,"deadlock detected",...
TABLE = re.compile(r'^(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d[^"]*,.{0,600}?,(%s),[0-9A-Z]{5},"((?:[^"]|"")*)' % LEVELS)
# {"timestamp":"2026-11-22 03:00:00.123 UTC",...,"error_severity":"ERROR","state_code":"40P01","message":"deadlock detected",...}
OBJECT = re.compile(r'^\{"timestamp":"(\d{4}-\d\d-\d\d) .*?"error_severity":"(%s)".*?"message":"((?:[^"\\]|\\.)*)' % LEVELS)
MESSAGES = ("PANIC", "FATAL", "ERROR", "WARNING", "LOG")
# The rules know what each means (rules/postgresql_log.py); an earlier one comes before a later one in a line
SIGNATURES = (
    "invalid page in block", "page verification failed", "could not read block", "unexpected data beyond EOF", "missing chunk number",
    "could not access status of transaction", "invalid memory alloc request size", "could not fsync file", "No space left on device",
    "could not write to file", "could not write block", "could not extend file", "database is not accepting commands",
    "must be vacuumed within",
    "was terminated by signal 9", "was terminated by signal", "has already been removed", "database system was not properly shut down",
    "out of shared memory", "out of memory", "too many clients already", "remaining connection slots are reserved",
    "checkpoints are occurring too frequently", "archive command failed", "archiving write-ahead log file", "deadlock detected",
    "could not connect to the primary server", "could not receive data from WAL stream", "authentication failed for user",
    "no pg_hba.conf entry", "temporary file: path", "canceling statement due to conflict with recovery",
    "canceling statement due to lock timeout", "still waiting for",
)


def capture(host):
    for item in find_instances(host):
        if item["state"] == "container":
            continue
        paths = log_files(host, item)
        host.record("files", item["instance"], json.dumps([{"path": path} for path in paths]), kind="note")
        for path in paths:
            host.tail(path, item["instance"], "log " + path, MAX_BYTES, count)


def log_files(host, item):
    """The newest files of its log: where its logger says (current_logfiles), else where its error output goes."""
    # stderr log/postgresql-Sun.log
    named = [line.partition(" ")[2] for line in text_of(os.path.join(item["data"], "current_logfiles")).splitlines()]
    if not named:
        return [path for path in (item["log"] + ".1", item["log"]) if item["log"] and os.path.isfile(path)]
    path = os.path.join(item["data"], named[0])
    near = [name for name in host.glob(os.path.join(os.path.dirname(path), "*" + os.path.splitext(path)[1])) if os.path.isfile(name)]
    return sorted(near, key=os.path.getmtime)[-FILES_AT_MOST:]


def count(text):
    """The digest of the lines that begin a message; of all lines where none does, as its form is unknown then."""
    lines = [line for line in text.splitlines() if split(line) is not None]
    return digest("\n".join(lines) if lines else text, split, SIGNATURES, ("PANIC",))


def split(line):
    """(day, level, message) of a line, None for the rest of one before it; a statement is no message."""
    match = PLAIN.match(line) or TABLE.match(line) or OBJECT.match(line)
    if match is None:
        return None
    day, level, message = match.groups()
    return day, level, message if level in MESSAGES else ""
