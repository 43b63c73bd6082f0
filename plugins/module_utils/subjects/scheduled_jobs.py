# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of cron: what it complains of, whether it runs, who may change what it runs. Command lines stay on the host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

TABLES = ("/etc/crontab", "/etc/cron.d/*", "/var/spool/cron/*", "/var/spool/cron/crontabs/*", "/var/spool/cron/tabs/*")
SCRIPTS = ("/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*")
PID_FILES = ("/run/crond.pid", "/run/cron.pid", "/var/run/crond.pid", "/var/run/cron.pid")
COMPLAINT = re.compile(r"error|fail|bad |wrong|insecure|not found|exit status:? [1-9]", re.IGNORECASE)
# Where a syslog daemon writes the messages of cron, and how their lines name it
SYSTEM_LOGS = ("/var/log/cron", "/var/log/cron.log", "/var/log/syslog", "/var/log/messages")
OF_CRON = re.compile(r"\b(?:CRON|cron|crond|anacron)(?:\[\d+\])?: ")
LOG_BYTES = 4 * 1024 * 1024
COMMAND = re.compile(r" CMD(?:OUT|END)? \(")
# The program of a line of a table: after five or one (@daily) time fields, and a user in the system's tables
PROGRAM = re.compile(r"^(?:@\w+|(?:\S+\s+){4}\S+)\s+(?:[\w-]+\s+)?(/[\w./-]+)")


def capture(host):
    tables = [path for pattern in TABLES for path in host.glob(pattern) if os.path.isfile(path)]
    if not (host.which("cron") or host.which("crond")):
        host.note("cron", "not installed\n")
        return
    host.note("cron", "%s\n%d tables\n" % ("running" if is_running() else "stopped", len(tables)))
    host.note("cron files", modes(host, tables))
    if not host.which("journalctl"):
        host.note("cron log", log_of_cron([path for path in SYSTEM_LOGS if os.path.isfile(path)]))
        return
    host.command(["journalctl", "-q", "--no-pager", "-o", "short-iso", "--since=-7days", "-n", "8000", "-t", "CRON", "-t", "cron",
                  "-t", "crond", "-t", "anacron"], root=True, transform=complaints)


def is_running():
    for path in PID_FILES:
        try:
            with open(path) as stream:
                return os.path.exists("/proc/%d" % int(stream.read().split()[0]))
        except (IOError, OSError, ValueError, IndexError):
            continue
    return False


def modes(host, tables):
    """``0644 0 /etc/crontab`` for each table, script and program of a table: mode, user id of the owner, path."""
    paths = set(tables)
    paths.update(path for pattern in SCRIPTS for path in host.glob(pattern))
    for table in tables:
        paths.update(programs(table))
    lines = []
    for path in sorted(paths):
        try:
            found = os.stat(path)
        except OSError:
            continue                    # cron itself complains of a program that is not there
        lines.append("%04o %d %s" % (found.st_mode & 0o7777, found.st_uid, path))
    return "\n".join(lines) + "\n# %d files\n" % len(lines)


def programs(table):
    try:
        with open(table, "rb") as stream:
            lines = stream.read(65536).decode("utf-8", "replace").splitlines()
    except (IOError, OSError):
        return []
    return [match.group(1) for match in map(PROGRAM.match, lines) if match]


def log_of_cron(paths):
    """The complaints in the end of the first log that holds messages of cron; ``unseen: REASON`` where none does."""
    reason = "neither a journal nor a system log"
    for path in paths:
        try:
            with open(path, "rb") as stream:
                stream.seek(max(0, os.path.getsize(path) - LOG_BYTES))
                lines = stream.read(LOG_BYTES).decode("utf-8", "replace").splitlines()
        except (IOError, OSError) as error:
            reason = "%s can't be read: %s" % (path, error.strerror)
            continue
        of_cron = [line for line in lines if OF_CRON.search(line)]
        if of_cron:
            return complaints("\n".join(of_cron))
        reason = "no message of cron in %s" % path
    return "unseen: %s\n" % reason


def complaints(text):
    """Only lines in which cron complains, without the commands that it logs; below them how many were looked at, from when on."""
    lines = text.splitlines()
    kept = [line for line in lines if COMPLAINT.search(line) and not COMMAND.search(line)]
    return "".join(line + "\n" for line in kept[-200:]) + "# %d lines looked at, from %s\n" % (
        len(lines), time_of(lines[0]) if lines else "-")


def time_of(line):
    """``2026-11-15T03:17:01+0000`` of the journal and of newer syslog daemons, ``Nov 15 03:17:01`` of older ones."""
    return line.split(" ")[0] if line[:1].isdigit() else line[:15]
