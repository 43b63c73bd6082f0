# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis, Valkey and KeyDB: each server and sentinel of this host asked over its own socket. No key and no value is looked at."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ..listening import listening
from ..process_files import instance_name, text_of
from ..redis_client import Connection, Lost, Refusal
from ..servers import running

NAMES = ("redis-server", "valkey-server", "keydb-server", "redis-sentinel", "valkey-sentinel")
UNITS = ("redis-server", "redis", "valkey-server", "valkey", "keydb-server", "redis-server@*", "redis@*", "valkey@*", "valkey-server@*",
         "redis-sentinel", "valkey-sentinel")
CONFIGURATIONS = ("/etc/redis/redis.conf", "/etc/redis.conf", "/etc/valkey/valkey.conf", "/etc/keydb/keydb.conf")
SECONDS = 6.0
# What CONFIG GET is asked for: none of them is a secret
SETTINGS = (
    "maxmemory", "maxmemory-policy", "bind", "protected-mode", "port", "tls-port", "unixsocketperm", "save", "appendonly", "appendfsync",
    "stop-writes-on-bgsave-error", "dir", "tcp-backlog", "maxclients", "replica-read-only", "tls-replication", "slowlog-max-len",
    "slowlog-log-slower-than", "latency-monitor-threshold", "cluster-require-full-coverage", "min-replicas-to-write", "disable-thp",
)
DANGEROUS = ("flushall", "flushdb", "keys", "debug", "shutdown", "config")
SENTINEL_FIELDS = ("name", "ip", "port", "flags", "num-slaves", "num-other-sentinels", "quorum")
UNIT = re.compile(r"/([^/\n]+\.service)")
LOCAL = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}    # noqa: S104 - where to connect to
# redis-server 127.0.0.1:6379  /  valkey-server *:6390 [cluster]  /  redis-server /run/redis.sock
TITLE = re.compile(r"(?:(?P<address>\S+):(?P<port>\d+)|(?P<path>/\S+))(?: \[\w+\])?\s*$")


def capture(host):
    found, taken, alive = [], set(), set()
    for server in running(NAMES, workers=False):
        places = places_of(server)
        name = instance_name(places["name"], server, taken)
        found.append({"instance": name, "pid": server["pid"], "container": server["container"]})
        alive.update(UNIT.findall(text_of("/proc/%d/cgroup" % server["pid"])))
        if not server["container"]:
            host.record("process", name, json.dumps(described(server, places), sort_keys=True), kind="note")
            look(host, name, places)
    enabled = [os.path.basename(path) for unit in UNITS for path in host.glob("/etc/systemd/system/*.target.wants/%s.service" % unit)]
    installed = bool(found or enabled) or any(host.exists(path) for path in CONFIGURATIONS)
    host.note("redis instances", json.dumps({
        "instances": found, "installed": installed, "enabled": next((unit for unit in enabled if unit not in alive), None)}))
    if found:
        for path in ("/proc/meminfo", "/proc/sys/vm/overcommit_memory", "/proc/sys/net/core/somaxconn",
                     "/sys/kernel/mm/transparent_hugepage/enabled"):
            host.file(path)


def places_of(server):
    """Where it listens, and the name that this gives it: its port, or its socket's."""
    seen = None if server["container"] else listening(server["pid"])
    title = TITLE.search(" ".join(server["argv"]))
    told = title.groupdict() if title else {"address": None, "port": None, "path": None}
    if seen is not None:
        # A node of a cluster listens on a second port for the others, which is 10000 higher
        tcp = [place for place in seen["tcp"] if [place[0], place[1] - 10000] not in seen["tcp"]]
        paths = seen["unix"]
    else:
        tcp = [[told["address"], int(told["port"])]] if told["port"] else []
        paths = [told["path"]] if told["path"] else []
    port = told["port"] or (str(tcp[0][1]) if tcp else None)
    name = port or os.path.basename((paths or [server["name"]])[0])
    return {"name": name, "tcp": tcp, "unix": paths, "seen": seen is not None}


def described(server, places):
    status = text_of("/proc/%d/status" % server["pid"])
    return {"exe": server["exe"], "program": server["name"], "user": server["user"], "tcp": places["tcp"], "unix": places["unix"],
            "seen": places["seen"], "swapped_kib": number_of(status, "VmSwap"), "huge_pages": number_of(status, "THP_enabled")}


def number_of(status, name):
    match = re.search(r"(?m)^%s:\s+(\d+)" % name, status)
    return int(match.group(1)) if match else None


def look(host, name, places):
    try:
        connection, open_to_all = connected(host, name, places)
    except Lost as error:
        host.record("info", name, error=error.error, stderr=str(error))
        return
    except Refusal as error:
        host.record("info", name, error="denied", stderr=str(error))
        return
    try:
        questions(host, name, connection, open_to_all)
    except Lost as error:
        host.record("rest", name, error=error.error, stderr=str(error))
    finally:
        connection.close()


def connected(host, name, places):
    """A connection that may ask, and whether it may without a password. Raises Lost, Refusal."""
    connection = reach(places)
    try:
        try:
            connection.ask("PING")
            return connection, True
        except Refusal as error:
            if str(error).startswith(("LOADING", "MASTERDOWN", "BUSY", "MISCONF")):
                return connection, True
            credential = host.credential(name)
            if credential is None or not str(error).startswith(("NOAUTH", "NOPERM", "DENIED")):
                raise
        user = [credential["user"]] if credential.get("user") else []
        connection.ask("AUTH", *(user + [credential["password"]]))
        return connection, False
    except (Lost, Refusal):
        connection.close()
        raise


def reach(places):
    """The first of its sockets that answers: a path, loopback, another address of this host. Raises Lost."""
    addresses = [(LOCAL.get(address, address), port) for address, port in places["tcp"]]
    addresses.sort(key=lambda place: not place[0].startswith(("127.", "::1")))
    last = Lost("failed", "it listens nowhere that can be seen; inspect as root")
    for address in places["unix"] + addresses:
        for certificate in [None] + ([certificate_files()] if isinstance(address, tuple) else []):
            try:
                return greeted(Connection(address, SECONDS, certificate))
            except Lost as error:
                last = error
            if last.error == "timeout":
                raise last              # it hangs: to ask again would only take time
    raise last


def greeted(connection):
    """The connection, if it speaks the protocol of Redis. Raises Lost."""
    try:
        connection.ask("PING")
    except Refusal:
        pass                            # what it wants is seen later
    except Lost:
        connection.close()
        raise
    return connection


def certificate_files():
    """(certificate file, key file) of the first configuration that is there, or (None, None)."""
    text = next((text for text in map(text_of, CONFIGURATIONS) if text), "")
    chosen = [re.search(r"(?m)^[ \t]*%s[ \t]+\"?([^\s\"]+)" % word, text) for word in ("tls-cert-file", "tls-key-file")]
    return tuple(match.group(1) if match else None for match in chosen)


def questions(host, name, connection, open_to_all):
    text = record_info(host, name, connection)
    if text is None:
        return
    mode = field(text, "redis_mode") or field(text, "server_mode")
    if field(text, "loading") == "1" or field(text, "async_loading") == "1":
        return
    sentinel = mode == "sentinel"
    ask_each(host, name, "access", [("open", lambda: open_to_all), ("users", lambda: users(connection)),
                                    ("commands", lambda: [] if sentinel else existing(connection))])
    if sentinel:
        ask_each(host, name, "sentinel", [("masters", lambda: masters(connection))])
        return
    host.record("config", name, json.dumps(settings(connection), sort_keys=True))
    ask_each(host, name, "state", [
        ("slow_count", lambda: connection.ask("SLOWLOG", "LEN")), ("latency", lambda: connection.ask("LATENCY", "LATEST"))])
    if mode == "cluster":
        ask_each(host, name, "cluster", [
            ("info", lambda: connection.ask("CLUSTER", "INFO")), ("nodes", lambda: connection.ask("CLUSTER", "NODES"))])


def record_info(host, name, connection):
    """INFO with a last line that shows it is whole; None where it was refused."""
    try:
        text = connection.ask("INFO", "ALL").replace("\r\n", "\n")
    except Refusal as error:
        host.record("info", name, error="denied", stderr=str(error))
        return None
    host.record("info", name, "%s\n# %d lines\n" % (text.rstrip("\n"), len(text.rstrip("\n").split("\n"))))
    return text


def field(text, name):
    match = re.search(r"(?m)^%s:(.*)$" % name, text)
    return match.group(1).strip() if match else None


def ask_each(host, name, key, parts):
    """Record one JSON object of several answers; one that is refused is {"refused": the server's words}."""
    answers = {}
    for part, question in parts:
        try:
            answers[part] = question()
        except Refusal as error:
            answers[part] = {"refused": str(error)[:200]}
    host.record(key, name, json.dumps(answers, sort_keys=True))


def settings(connection):
    """{setting: value}; one that the version does not know is left out. A refusal stands under "refused"."""
    found = {}
    for name in SETTINGS:
        try:
            pair = connection.ask("CONFIG", "GET", name)
        except Refusal as error:
            return {"refused": str(error)[:200]}
        if pair:
            found[name] = pair[1]
    return found


# user default on nopass sanitize-payload ~* &* +@all  /  user app on #2bd806c97f0e00af... ~app:* +@read
def users(connection):
    """Each user's flags; of its passwords only the number."""
    return [{"name": words[1], "on": "on" in words, "nopass": "nopass" in words, "all": "+@all" in words or "allcommands" in words,
             "passwords": len([word for word in words if word.startswith("#")])}
            for words in [line.split() for line in connection.ask("ACL", "LIST")] if len(words) > 1]


def existing(connection):
    """Which of the dangerous commands go by their own names."""
    answer = connection.ask("COMMAND", "INFO", *DANGEROUS)
    return sorted(row[0] for row in answer if row)


def masters(connection):
    """What a sentinel says of each master, and whether enough sentinels can agree on a failover."""
    found = []
    for row in connection.ask("SENTINEL", "MASTERS"):
        values = dict((row[place], row[place + 1]) for place in range(0, len(row) - 1, 2))
        item = dict((name, values.get(name)) for name in SENTINEL_FIELDS)
        try:
            item["quorum_check"] = connection.ask("SENTINEL", "CKQUORUM", values.get("name", ""))
        except Refusal as error:
            item["quorum_check"] = str(error)
        found.append(item)
    return found
