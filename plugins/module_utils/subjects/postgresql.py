# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: every instance as a whole, by one psql as its own account; its files' space, its control file, its backups."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ..host import disk_room
from ..postgresql_instances import PROGRAMS, find_instances
from ..process_files import text_of
from ..psql import ask, major, questions, record_answers
from ..servers import running
from ..sql_text import without_values

TRANSFORMS = {"activity": without_values, "blocked": without_values}
KEPT_BACK = "Mock authentication nonce"
# rchar: 323934931
# read_bytes: 62840832
READS = re.compile(r"(?m)^(rchar|read_bytes): (\d+)$")
KERNEL = ("overcommit_memory", "overcommit_ratio", "swappiness", "nr_hugepages")


def capture(host):
    instances = find_instances(host)
    processes = running(PROGRAMS) if any(item["state"] == "running" for item in instances) else []
    for item in instances:
        if item["state"] == "container":
            continue
        look_at_files(host, item)
        if item["state"] == "running":
            look_at_reads(host, item, processes)
            from ..postgresql_queries import QUERIES        # they take as long to load as a command: only where there is a server

            result = ask(host, item, questions(QUERIES, major(item["version"])))
            record_answers(host, item["instance"], result, TRANSFORMS)
            look_at_backups(host, item)
    if instances:
        look_at_host(host)


def look_at_files(host, item):
    """Space and ownership of its folders, and what its control file says, which is there also when the server is down."""
    data = item["data"]
    if not os.path.isdir(data):
        host.record("folders", item["instance"], error="failed", stderr="its data directory %s can't be seen" % data)
        return
    folders = [("data", data), ("wal", os.path.join(data, "pg_wal"))]
    folders.extend(("tablespace", path) for path in host.glob(os.path.join(data, "pg_tblspc", "*")))
    try:
        text = json.dumps([folder(use, path) for use, path in folders])
    except OSError as error:
        host.record("folders", item["instance"], error="denied" if error.errno in (1, 13) else "failed", stderr=str(error))
    else:
        host.record("folders", item["instance"], text, kind="note")
    tool = os.path.join(os.path.dirname(item["psql"]), "pg_controldata")
    if not os.access(tool, os.X_OK):
        tool = "/usr/lib/postgresql/%s/bin/pg_controldata" % item["version"]
    result = host.ask([tool, "-D", data], user=item["user"] or None)
    if result.get("error") or result.get("rc"):
        host.record("control", item["instance"], error=result.get("error", "failed"), stderr=result.get("stderr", ""))
    else:
        lines = [line for line in result["text"].splitlines(True) if not line.startswith(KEPT_BACK)]
        host.record("control", item["instance"], "".join(lines), kind="command")


def look_at_reads(host, item, processes):
    """What its processes have asked the kernel to read, and how much of that came from a disk, since the start of each: the postmaster's
    figures hold those of its processes that have ended."""
    own = [process["pid"] for process in processes if item["pid"] in (process["pid"], process["parent"])]
    figures = dict((pid, dict(READS.findall(text_of("/proc/%d/io" % pid)))) for pid in own)
    if len(figures.get(item["pid"], ())) < 2:
        host.record("reads", item["instance"], error="denied", stderr="/proc/%d/io can't be read; inspect as root" % item["pid"])
        return
    asked, disk = (sum(int(found.get(name, 0)) for found in figures.values()) for name in ("rchar", "read_bytes"))
    host.record("reads", item["instance"], json.dumps([{"asked_bytes": asked, "disk_bytes": disk}]), kind="note")


def folder(use, path):
    """{"use": "wal", "path": ..., "device": "8:1", "used_bytes": ..., "available_bytes": ..., "mode": 448, "uid": 101}"""
    real = os.path.realpath(path)
    (used, available), status = disk_room(real), os.stat(real)
    device = "%d:%d" % (os.major(status.st_dev), os.minor(status.st_dev))
    return {"use": use, "path": real, "device": device, "mode": status.st_mode & 0o7777, "uid": status.st_uid,
            "used_bytes": used, "available_bytes": available}


def look_at_backups(host, item):
    """What pgBackRest knows of its backups, asked as the server's account; without pgBackRest there is nobody to ask."""
    if not host.which("pgbackrest"):
        return
    argv = ["pgbackrest", "info", "--output=json", "--log-level-console=off", "--log-level-file=off"]
    result = host.ask(argv, user=item["user"] or None)
    if result.get("error") or result.get("rc"):
        host.record("pgbackrest", item["instance"], error=result.get("error", "failed"), stderr=result.get("stderr", ""))
    else:
        host.record("pgbackrest", item["instance"], result["text"], kind="command")


def look_at_host(host):
    """What of the kernel's settings matters to PostgreSQL; other subjects record the same files."""
    host.file("/proc/self/mountinfo")
    host.file("/proc/meminfo")
    host.file("/sys/kernel/mm/transparent_hugepage/enabled")
    for name in KERNEL:
        host.file("/proc/sys/vm/" + name)
