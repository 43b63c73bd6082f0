# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the counters that prove a change again and again for a while: of the kernel, of database servers by one client each, of nginx and
HAProxy.

Only statistics are read. A reading is {name: number}; counters count since a start that is not told, so only their growth says anything.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import json
import os
import re
import threading
import time

from . import haproxy_servers
from .host import Host, Limits, Recorder
from .listening import sockets_of, waiting
from .local_http import get
from .mysql_servers import find_servers, talk
from .nginx_config import flatten, status_page
from .nginx_servers import find_masters, places, read as text_of_configuration
from .observation import yield_to_others
from .postgresql_instances import find_instances
from .psql import ask, why

GRACE_SECONDS = 30      # for a client's start, and for a server that answers late
MAX_BYTES = 4194304

ACTIVE_TIME = "sum(active_time) / 1000"         # known since version 14
POSTGRESQL = """
SELECT json_build_object('at', extract(epoch FROM clock_timestamp()), 'uptime_seconds',
    extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()), 'work', sum(xact_commit + xact_rollback),
    'busy_seconds', %s, 'active', (SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
                                   AND backend_type = 'client backend'),
    'found', sum(blks_hit), 'read', sum(blks_read), 'temporary_bytes', sum(temp_bytes)) FROM pg_stat_database;
"""
# {variable of SHOW GLOBAL STATUS: name in a reading}
MYSQL = {
    "Uptime": "uptime_seconds", "Questions": "work", "Threads_running": "active", "Innodb_buffer_pool_read_requests": "found_or_read",
    "Innodb_buffer_pool_reads": "read", "Innodb_log_waits": "log_waits",
    "Created_tmp_disk_tables": "temporary_tables",
}
VMSTAT = {"pswpout": "swapped_out_pages", "compact_stall": "compaction_stalls"}
STATUS = "SHOW GLOBAL STATUS WHERE Variable_name IN ('%s');\n" % "', '".join(sorted(MYSQL))


def measure(seconds, every, instances=(), credentials=()):
    """{"kernel": {"readings": [{"at": 1795412058.1, "work": 812.0, ...}, ...]}, "mysql 3306": {"error": "denied", "stderr": ...}, ...}

    ``instances``: names like "postgresql 5432", as findings call them; the kernel is always read. A reading ``every`` that many seconds.
    """
    yield_to_others()
    recorder = Recorder(Limits(seconds + GRACE_SECONDS, seconds + 2 * GRACE_SECONDS, MAX_BYTES),
                        secrets=[item.get("password") for item in credentials])
    host = Host(recorder, "measure", credentials=credentials)
    count = int(seconds / every) + 1
    jobs = {"kernel": lambda: of_kernel(count, every)}
    for item in find_instances(host):
        jobs["postgresql " + item["instance"]] = lambda item=item: of_postgresql(host, item, count, every)
    for server in find_servers():
        jobs["mysql " + server["instance"]] = lambda server=server: of_mysql(host, server, count, every)
    for master in find_masters():
        jobs["nginx " + master["instance"]] = lambda master=master: of_nginx(host, master, count, every)
    for server in haproxy_servers.find_servers():
        jobs["haproxy " + server["instance"]] = lambda server=server: of_haproxy(host, server, count, every)
    found = dict((name, {"error": "not_found", "stderr": "no such instance runs here"}) for name in instances)

    def run(name):
        try:
            found[name] = jobs[name]()
        except Exception as error:      # pylint: disable=broad-except
            found[name] = {"error": "failed", "stderr": "%s: %s" % (type(error).__name__, error)}

    threads = [threading.Thread(target=run, args=(name,)) for name in sorted(jobs) if name == "kernel" or name in instances]
    for thread in threads:
        thread.daemon = True
        thread.start()
    for thread in threads:
        thread.join(max(1.0, recorder.remaining()))
    return found


def of_kernel(count, every):
    return {"readings": [kernel_reading() for _moment in moments(count, every)]}


def moments(count, every):
    """So many, so many seconds apart."""
    start = time.time()
    for number in range(count):
        time.sleep(max(0.0, start + number * every - time.time()))
        yield number


def kernel_reading():
    reading = {"at": time.time(), "uptime_seconds": float(text_of("/proc/uptime").split()[0])}
    for line in text_of("/proc/vmstat").splitlines():
        name, _blank, count = line.partition(" ")           # pswpout 4711
        if name in VMSTAT:
            reading[VMSTAT[name]] = float(count)
    found = {}
    for path, row in (("/proc/net/netstat", "TcpExt:"), ("/proc/net/snmp", "Tcp:")):
        # TcpExt: SyncookiesSent ... ListenOverflows ...  and the same row again with the numbers
        rows = [line.split() for line in text_of(path).splitlines() if line.startswith(row)]
        if len(rows) == 2 and len(rows[0]) == len(rows[1]):
            found.update((name, rows[1][place]) for place, name in enumerate(rows[0]))
    for theirs, ours in (("ListenOverflows", "overflows"), ("PassiveOpens", "work")):
        if theirs in found:
            reading[ours] = float(found[theirs])
    #  254  0 vda 8213 1204 512394 3310 9120 7312 401112 8801 0 5212 12111
    disks = [line.split() for line in text_of("/proc/diskstats").splitlines()]
    disks = [words for words in disks if len(words) > 10 and os.path.exists("/sys/block/%s/device" % words[2])]
    if disks:
        reading["requests"] = float(sum(int(words[3]) + int(words[7]) for words in disks))
        reading["request_seconds"] = sum(int(words[6]) + int(words[10]) for words in disks) / 1000.0
    return reading


def of_postgresql(host, item, count, every):
    if item["state"] != "running":
        return {"error": "failed", "stderr": "this instance is " + item["state"]}
    version = int(item["version"].partition(".")[0] or 0)
    question = POSTGRESQL % (ACTIVE_TIME if version >= 14 else "NULL::float8")
    # The client waits, not the server: a session that sleeps there would count as one that works
    result = ask(host, item, (question + "\\! sleep %s\n" % every) * (count - 1) + question, host_seconds(count, every))
    readings = [json.loads(line) for line in (result.get("text") or "").splitlines() if line.startswith("{") and line.endswith("}")]
    if not readings:
        return {"error": result.get("error", "failed"), "stderr": why(result.get("stderr", ""))}
    return {"readings": [dict((name, float(value)) for name, value in reading.items() if value is not None) for reading in readings]}


def of_mysql(host, server, count, every):
    token = "caretaker-" + binascii.hexlify(os.urandom(8)).decode("ascii")
    question = "SELECT '%s', UNIX_TIMESTAMP(NOW(3));\n" % token + STATUS
    result = talk(host, server, (question + "SELECT SLEEP(%s);\n" % every) * (count - 1) + question, token, host_seconds(count, every))
    if "client" not in result:
        return result
    readings = []
    # The client shows the token in the line of names, and again in the row below it
    for piece in result["text"].split("\n" + token + "\t")[1:]:
        lines = piece.splitlines()
        if not lines[0].replace(".", "", 1).isdigit():
            continue
        reading = {"at": float(lines[0])}
        for line in lines[1:]:
            name, _tab, value = line.partition("\t")
            if name in MYSQL:
                reading[MYSQL[name]] = float(value)
        reading["active"] = max(0.0, reading.get("active", 1.0) - 1)         # without this session
        readings.append(reading)
    return {"readings": readings}


def of_nginx(host, master, count, every):
    """By its own page; what it accepted and could not handle was turned away."""
    built = host.ask([master["exe"], "-V"]).get("stderr") or ""
    page = status_page(flatten(places(master, built)[0], text_of_configuration, host.glob)[1])
    if page is None:
        return {"error": "not_found", "stderr": "it offers no stub_status page"}
    readings = []
    for _moment in moments(count, every):
        answer = get(*page, patience=every / 2.0)       # a server without free places turns this question away too
        # server accepts handled requests
        #  14 14 22
        match = re.search(r"requests *\r?\n\s*(\d+)\s+(\d+)\s+\d+", answer.get("text") or "")
        if match:
            accepted, handled = float(match.group(1)), float(match.group(2))
            readings.append({"at": time.time(), "accepted": accepted, "work": handled, "dropped": accepted - handled})
    if not readings:
        return {"error": answer.get("error", "failed"), "stderr": answer.get("stderr") or "its stub_status page can't be read"}
    return {"readings": readings}


def of_haproxy(host, server, count, every):
    """At its limits HAProxy stops accepting, so those who come then wait in the kernel's queue of its sockets: how many do, and how many
    sessions its frontends have begun."""
    sockets = haproxy_servers.sockets_in(haproxy_servers.files_of(host, server["paths"]))
    if not sockets:
        return {"error": "not_found", "stderr": "its configuration names no stats socket"}
    known = [sockets_of(process["pid"]) for process in server["masters"] + server["children"]]
    if None in known:
        return {"error": "denied", "stderr": "its open files can't be seen"}
    inodes = set().union(*known)
    readings = []
    for _moment in moments(count, every):
        rows, problem = haproxy_servers.frontends(sockets[0])
        if rows is not None:
            begun = sum(int(row.get("stot") or 0) for row in rows.values())
            readings.append({"at": time.time(), "active": float(waiting(inodes)), "work": float(begun)})
    return {"readings": readings} if readings else {"error": "failed", "stderr": problem}


def host_seconds(count, every):
    return count * every + GRACE_SECONDS


def text_of(path):
    try:
        with open(path, "rb", 0) as stream:
            return stream.read().decode("utf-8", "replace")
    except (OSError, IOError):
        return ""
