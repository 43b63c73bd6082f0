# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL, MariaDB and Percona servers: every instance on this host, each asked once by a client program."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import json
import os
import re

from ..host import disk_room
from ..log_digest import digest
from ..mysql_servers import find_servers, talk
from ..sql_text import unquoted

UNITS = ("mariadb", "mysql", "mysqld", "percona-server", "mariadb@*", "mysql@*", "mysqld@*")
CONFIG = ("/etc/my.cnf", "/etc/mysql/my.cnf", "/etc/mysql/mariadb.cnf")
ASK_SECONDS = 12
LOG_BYTES = 1048576
# 2026-11-22  3:00:00 0 [Warning] text  /  2026-11-22T03:00:00.123456Z 0 [ERROR] [MY-010119] [Server] text
LOG_LINE = re.compile(r"^(\d{4}-\d\d-\d\d)[T ][ \d]\d:\d\d:\d\d\S* +\d+ \[(\w+)\] +(.*)$")
SIGNATURES = (
    "Database page corruption", "is marked as crashed", "InnoDB: Assertion failure", "mysqld got signal", "mariadbd got signal",
    "Starting crash recovery", "Crash recovery finished", "Crash table recovery", "Cannot allocate memory", "Out of memory",
    "No space left on device", "Disk is full writing", "Operating system error number", "Too many connections", "Too many open files",
    "Semaphore wait has lasted", "Table is full", "Got fatal error 1236", "deadlock detected", "Event Scheduler: [",
    "innodb_redo_log_capacity", "is in the future", "Incorrect definition of table mysql",
)
GRAVE = ("ERROR", "Error")


def capture(host):
    found = find_servers()
    units = enabled_units(host)
    if not found and not units:
        installed = any(host.exists(path) for path in CONFIG) or any(host.which(name) for name in ("mariadbd", "mysqld"))
        host.note("mysql instances", json.dumps({"instances": [], "down": [], "installed": installed}))
        return
    alive = set(item["unit"] for item in found)
    down = [unit for unit in units if unit not in alive]
    host.note("mysql instances", json.dumps({"instances": found, "down": down, "installed": True}, sort_keys=True))
    for path in ("/proc/meminfo", "/proc/sys/vm/swappiness", "/sys/kernel/mm/transparent_hugepage/enabled",
                 "/sys/devices/system/cpu/online",
                 "/sys/devices/system/node/online"):
        host.file(path)
    for server in found:
        if not server["container"]:
            look_at(host, server)


def enabled_units(host):
    """The services that the system's start is to start, by the names of their files: mysql.service is an alias of mariadb.service."""
    units = set()
    for name in UNITS:
        for link in host.glob("/etc/systemd/system/*.target.wants/%s.service" % name):
            target = os.path.basename(os.path.realpath(link))
            units.add(os.path.basename(link) if "@" in os.path.basename(link) else target)
    return sorted(units)


def look_at(host, server):
    instance = server["instance"]
    host.file("/proc/%d/limits" % server["pid"], instance=instance)
    host.file("/proc/%d/status" % server["pid"], instance=instance)
    answers = ask(host, server)
    if answers is None:
        return
    for name in sorted(answers):
        answer = answers[name]
        host.record(name, instance, answer.get("text"), **dict((key, answer[key]) for key in ("error", "stderr") if key in answer))
    variables = dict(line.split("\t", 1) for line in answers["variables"].get("text", "").splitlines() if "\t" in line)
    datadir = variables.get("datadir", "")
    look_at_files(host, instance, server["root"] + datadir if datadir else "", server["root"] + variables.get("tmpdir", "").split(":")[0])
    look_at_log(host, server, variables.get("log_error", ""), datadir)


def ask(host, server):
    """All answers of a server, or None when it gives none; the entry "connection" says how, or why not."""
    from ..mysql_client import divide, script       # they take as long to load as a command: only where there is a server

    token = "caretaker-" + binascii.hexlify(os.urandom(8)).decode("ascii")
    sql, places = script(token)
    result = talk(host, server, sql, token, ASK_SECONDS)
    if "client" not in result:
        host.record("connection", server["instance"], **result)
        return None
    host.record("connection", server["instance"], "%s as %s, %.2f s\n" % (result["client"], result["user"], result["seconds"]))
    return divide(result["text"], result.get("stderr", ""), token, places)


def look_at_files(host, instance, datadir, tmpdir):
    """Used and available bytes on the disks of the data and the temporary files, and the sizes of the files that only grow, in bytes."""
    rows = []
    for name, path in (("datadir", datadir), ("tmpdir", tmpdir)):
        if not path:
            continue
        try:
            used, available = disk_room(path)
        except OSError as error:
            host.record("files", instance, error="failed", stderr="%s: %s" % (path, error.strerror))
            return
        rows.append("disk %s %d %d" % (name, used, available))
    for pattern in ("ibtmp*", "ibdata*", "undo*", "#innodb_temp/*", "*relay-bin.0*", "*-bin.0*", "binlog.0*"):
        paths = host.glob(os.path.join(datadir, pattern)) if datadir else []
        rows.append("size %s %d %d" % (pattern, len(paths), sum(size_of(path) for path in paths)))
    host.record("files", instance, "\n".join(rows) + "\n-- %d rows\n" % len(rows), kind="note")


def size_of(path):
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0                        # a log that was just purged


def look_at_log(host, server, path, datadir):
    """The error log's end, counted by day and kind; what goes to standard error is in the journal."""
    if path in ("", "stderr"):
        if not server["unit"] or not host.which("journalctl"):
            host.record("log", server["instance"], error="failed", stderr="it goes to standard error, and no journal holds it")
            return
        days = host.history_days or 30
        answer = host.ask(["journalctl", "-u", server["unit"], "-o", "cat", "--no-pager", "--reverse", "-n", "20000", "--since",
                           "-%dd" % days])
        if answer.get("error") == "too_large" or answer.get("rc") == 0:
            # The newest line first, so that what is over the limit is the oldest
            lines = answer["text"].splitlines()[:-1 if "error" in answer else None]
            host.record("log", server["instance"], digested("\n".join(reversed(lines))), kind="tail")
        else:
            host.record("log", server["instance"], error=answer.get("error", "failed"), stderr=answer["stderr"][:300])
        return
    host.tail(server["root"] + os.path.join(datadir, path), server["instance"], "log", max_bytes=LOG_BYTES, transform=digested)


def digested(text):
    return digest(text, split_line, SIGNATURES, GRAVE)


def split_line(line):
    """Day, level and message of a line. Of one without a known signature, which leaves as it is, what it quotes is left out."""
    match = LOG_LINE.match(line)
    if match is None:
        return None
    day, level, message = match.groups()
    return day, level, message if any(words in message for words in SIGNATURES) else unquoted(message)
