# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis, Valkey and KeyDB: a Server for each that runs, from its own INFO and the few other answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .guard import readable
from .middleware import Presence, Version, is_packaged, json_object, presence
from .redis_model import (
    Access,
    Aof,
    Clients,
    Cluster,
    Counters,
    Latency,
    Link,
    Master,
    Memory,
    Node,
    Process,
    Rdb,
    RedisFacts,
    Replica,
    Server,
    Settings,
    System,
    User,
)

NONE = NotHere("no Redis or Valkey runs here and none is configured")
NOT_RUNNING = NotHere("no Redis or Valkey runs here that could be looked at")
SENTINEL = NotHere("a sentinel, which holds no data")
NO_SENTINEL = NotHere("no sentinel")
NO_CLUSTER = NotHere("no node of a cluster")
NO_REPLICA = NotHere("no replica")
NO_AOF = NotHere("appendonly is off")
LOADING = Unknown("it is loading its data into memory and does not serve yet; inspect it again when it has ended")
PRODUCTS = {"valkey": "Valkey", "keydb": "KeyDB"}
Info = Mapping[str, str]
T = TypeVar("T")


def parse(capture: Capture) -> RedisFacts:
    found = presence(capture, "redis", NONE)
    if not isinstance(found, Presence):
        return RedisFacts(found, found, found, found)
    servers = tuple(server(capture, item.name) for item in found.servers if not item.container)
    return RedisFacts(found, servers or NOT_RUNNING, readable(system, capture), servers)


def server(capture: Capture, name: str) -> Server:
    key = f"redis {name} "
    info = readable(parse_info, asked(capture, key + "info"), key + "info")
    process = readable(parse_process, capture.known(key + "process"))
    mode = info.get("redis_mode") or info.get("server_mode") or "standalone" if not isinstance(info, Unknown | NotHere) else info
    data = info if mode != "sentinel" else SENTINEL
    rest = capture.entry(key + "rest")
    lost = Unknown("its connection was lost: {detail}", {"detail": rest.stderr}) if rest is not None else None

    def of_info(read: Callable[[Info], Known[T]], source: Known[Info] = data) -> Known[T]:
        return source if isinstance(source, Unknown | NotHere) else readable(read, source)

    def answer(part: str, read: Callable[[Mapping[str, Any]], Known[T]], when: Known[object] = data) -> Known[T]:
        if isinstance(when, Unknown | NotHere):
            return when
        text = lost or capture.known(key + part)
        return text if isinstance(text, Unknown) else readable(read, json_object(text, key + part))

    return Server(
        name=name, process=process, mode=mode, product=of_info(product_of, info),
        version=of_info(lambda found: version_of(found, process), info), memory=of_info(memory), clients=of_info(clients),
        counters=of_info(counters), rdb=of_info(rdb), aof=of_info(aof), link=of_info(link), replicas=of_info(replicas),
        costly=of_info(costly), settings=answer("config", settings), access=answer("access", access, info),
        latency=answer("state", latency), slow_count=answer("state", slow_count),
        cluster=answer("cluster", cluster, mode if mode == "cluster" or isinstance(mode, Unknown) else NO_CLUSTER),
        sentinel=answer("sentinel", masters, mode if mode == "sentinel" or isinstance(mode, Unknown) else NO_SENTINEL),
    )


HANGS = "it gave no answer in time: it hangs, or is busy with one long command"
# NOAUTH Authentication required.  /  WRONGPASS invalid username-password pair or user is disabled.
REFUSALS = {
    "NOAUTH": "it wants a password: give it in caretaker_credentials (subject redis)",
    "WRONGPASS": "it does not accept the user or password of caretaker_credentials",
    "NOPERM": "the account of caretaker_credentials may not ask it: {detail}",
    "DENIED": "its protected mode refuses even this host: {detail}",
    "": "it could not be asked: {detail}",
}


def asked(capture: Capture, key: str) -> str | Unknown:
    """The answer, or why there is none in words that say what to do."""
    entry = capture.entry(key)
    if entry is None or entry.error is None:
        return capture.known(key)
    if entry.error == "timeout":
        return Unknown(HANGS)
    word = entry.stderr.partition(" ")[0]
    return Unknown(REFUSALS[word if word in REFUSALS else ""], {"detail": entry.stderr.strip()[:200]})


# redis_version:7.0.15
# ...
# # 181 lines
def parse_info(text: str | Unknown, key: str) -> Known[Info]:
    if isinstance(text, Unknown):
        return text
    body, _newline, last = text.rstrip("\n").rpartition("\n")
    end = re.fullmatch(r"# (\d+) lines", last)
    if not text.endswith("\n") or end is None or len(body.split("\n")) != int(end.group(1)):
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key=key)
    found = dict(line.split(":", 1) for line in body.split("\n") if ":" in line and not line.startswith("#"))
    if "redis_version" not in found:
        raise Unreadable("{key}: tells no version", key=key)
    return LOADING if "1" in (found.get("loading"), found.get("async_loading")) else found


def number(info: Info, name: str) -> float:
    try:
        return float(info[name])
    except (KeyError, ValueError) as error:
        raise Unreadable("INFO has no good value for {name}", name=name) from error


def count(info: Info, name: str, missing: int | None = None) -> int:
    """A whole number; ``missing`` for one that old versions don't tell."""
    return missing if missing is not None and name not in info else int(number(info, name))


def product_of(info: Info) -> str:
    return PRODUCTS.get("valkey" if "valkey_version" in info else info.get("server_name", ""), "Redis")


def version_of(info: Info, process: Known[Process]) -> Known[Version]:
    text = info.get("valkey_version") or info["redis_version"]
    match = re.match(r"(\d+\.\d+)\.\d+", text)
    if match is None:
        return Unknown("version {version} is not of the form 1.2.3", {"version": text[:40]})
    return Version(text, match.group(1), isinstance(process, Process) and is_packaged(process.exe))


def memory(info: Info) -> Known[Memory]:
    return Memory(
        used_bytes=count(info, "used_memory"), resident_bytes=count(info, "used_memory_rss"), limit_bytes=count(info, "maxmemory", 0),
        machine_bytes=count(info, "total_system_memory", 0), policy=info.get("maxmemory_policy", "noeviction"),
        fragmentation_ratio=number(info, "mem_fragmentation_ratio"))


def clients(info: Info) -> Known[Clients]:
    return Clients(count(info, "connected_clients"), count(info, "maxclients", 0), count(info, "blocked_clients"))


def counters(info: Info) -> Known[Counters]:
    return Counters(
        uptime_seconds=number(info, "uptime_in_seconds"), evicted_count=count(info, "evicted_keys"),
        hits_count=count(info, "keyspace_hits"),
        misses_count=count(info, "keyspace_misses"), rejected_count=count(info, "rejected_connections"),
        full_syncs_count=count(info, "sync_full"), delayed_fsyncs_count=count(info, "aof_delayed_fsync", 0))


def rdb(info: Info) -> Known[Rdb]:
    running = number(info, "rdb_current_bgsave_time_sec")
    last = number(info, "rdb_last_bgsave_time_sec")
    now = count(info, "server_time_usec", 0) / 1e6
    return Rdb(status=told(info, "rdb_last_bgsave_status"), changes_count=count(info, "rdb_changes_since_last_save"),
               saved_at_seconds=number(info, "rdb_last_save_time"), server_time_seconds=now or None,
               duration_seconds=None if last < 0 and running < 0 else max(last, running))


def aof(info: Info) -> Known[Aof]:
    if count(info, "aof_enabled") == 0:
        return NO_AOF
    rewrite = number(info, "aof_last_rewrite_time_sec")
    return Aof(told(info, "aof_last_bgrewrite_status"), told(info, "aof_last_write_status"), None if rewrite < 0 else rewrite)


def told(info: Info, name: str) -> str:
    if not info.get(name):
        raise Unreadable("INFO has no good value for {name}", name=name)
    return info[name].strip()


# role:slave
# master_link_status:down
# master_link_down_since_seconds:14
def link(info: Info) -> Known[Link]:
    if told(info, "role") == "master":
        return NO_REPLICA
    status = told(info, "master_link_status")
    silent, down = count(info, "master_last_io_seconds_ago", -1), count(info, "master_link_down_since_seconds", -1)
    return Link(master=f"{told(info, 'master_host')}:{told(info, 'master_port')}", status=status,
                syncing=count(info, "master_sync_in_progress", 0) == 1, silent_seconds=float(silent) if silent >= 0 else None,
                down_seconds=float(down) if down >= 0 else None)


# slave0:ip=192.0.2.11,port=6379,state=online,offset=1274,lag=1
def replicas(info: Info) -> Known[tuple[Replica, ...]]:
    at = count(info, "master_repl_offset", 0)
    found = tuple(replica(line, at) for name, line in info.items() if re.fullmatch(r"slave\d+", name))
    if len(found) != count(info, "connected_slaves", 0):
        raise Unreadable("INFO names {found_count} replicas, but counts {told_count}", found_count=len(found),
                         told_count=count(info, "connected_slaves", 0))
    return found


def replica(line: str, offset: int) -> Replica:
    values = dict(pair.split("=", 1) for pair in line.split(",") if "=" in pair)
    try:
        return Replica(f"{values['ip']}:{values['port']}", values["state"], float(values["lag"]), max(0, offset - int(values["offset"])))
    except (KeyError, ValueError) as error:
        raise Unreadable("INFO has no good value for {name}", name="slave") from error


# cmdstat_keys:calls=3,usec=412,usec_per_call=137.33,rejected_calls=0,failed_calls=0
def costly(info: Info) -> Known[Mapping[str, int]]:
    found = {}
    for name in ("keys", "flushall", "flushdb", "monitor", "debug"):
        match = re.match(r"calls=(\d+)", info.get("cmdstat_" + name, ""))
        found[name] = int(match.group(1)) if match else 0
    return found


# {"maxmemory": "0", "save": "3600 1 300 100 60 10000", ...}
def settings(found: Mapping[str, Any]) -> Known[Settings]:
    if "refused" in found:
        return Unknown("CONFIG GET was refused: {detail}", {"detail": found["refused"]})
    try:
        return Settings(
            save=str(found["save"]), appendonly=found["appendonly"] == "yes", protected=found.get("protected-mode", "no") == "yes",
            backlog=int(found.get("tcp-backlog", 511)), replica_read_only=found.get("replica-read-only", "yes") == "yes",
            encrypted_replication=found.get("tls-replication", "no") == "yes", thp_off=found.get("disable-thp") == "yes",
            slow_limit=int(found["slowlog-max-len"]), latency_watched=int(found.get("latency-monitor-threshold", 0)) > 0)
    except (KeyError, ValueError) as error:
        raise Unreadable("CONFIG GET has no good value for {name}", name=str(error)) from error


# {"open": true, "users": [{"name": "default", "on": true, "nopass": true, "all": true, "passwords": 0}], "commands": ["keys"]}
def access(found: Mapping[str, Any]) -> Known[Access]:
    rows, commands = found.get("users"), found.get("commands")
    users: Known[tuple[User, ...]]
    if isinstance(rows, list):
        users = tuple(User(str(row["name"]), bool(row["on"]), bool(row["nopass"]), bool(row["all"])) for row in rows)
    else:
        users = Unknown("ACL LIST was refused: {detail}", {"detail": refusal(rows)})
    return Access(bool(found.get("open")), users, tuple(commands) if isinstance(commands, list) else ())


def refusal(answer: object) -> str:
    return str(answer.get("refused")) if isinstance(answer, dict) else "?"


# {"slow_count": 0, "latency": [["command", 1795413221, 12, 250]]}
def latency(found: Mapping[str, Any]) -> Known[tuple[Latency, ...]]:
    rows = found.get("latency")
    if not isinstance(rows, list):
        return Unknown("LATENCY LATEST was refused: {detail}", {"detail": refusal(rows)})
    return tuple(Latency(str(row[0]), float(row[1]), row[2] / 1000, row[3] / 1000) for row in rows)


def slow_count(found: Mapping[str, Any]) -> Known[int]:
    answer = found.get("slow_count")
    return answer if isinstance(answer, int) else Unknown("SLOWLOG LEN was refused: {detail}", {"detail": refusal(answer)})


# {"info": "cluster_state:ok\r\n...", "nodes": "07c3... 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460\n"}
def cluster(found: Mapping[str, Any]) -> Known[Cluster]:
    if not isinstance(found.get("info"), str) or not isinstance(found.get("nodes"), str):
        return Unknown("CLUSTER was refused: {detail}", {"detail": refusal(found.get("info")) + " " + refusal(found.get("nodes"))})
    info = dict(line.strip().split(":", 1) for line in found["info"].splitlines() if ":" in line)
    nodes = tuple(node(line.split()) for line in found["nodes"].splitlines() if line.strip())
    if len(nodes) != count(info, "cluster_known_nodes"):
        raise Unreadable("CLUSTER NODES names {found_count} nodes, but CLUSTER INFO counts {told_count}", found_count=len(nodes),
                         told_count=count(info, "cluster_known_nodes"))
    return Cluster(told(info, "cluster_state"), count(info, "cluster_slots_assigned"), count(info, "cluster_slots_ok"), nodes)


def node(words: list[str]) -> Node:
    if len(words) < 8:
        raise Unreadable("CLUSTER NODES has a line that is not of its form")
    slots = [word for word in words[8:] if not word.startswith("[")]
    return Node(words[0], words[1].partition("@")[0], frozenset(words[2].split(",")), words[3], words[7] == "connected",
                bool(slots), any(word.startswith("[") for word in words[8:]))


# {"masters": [{"name": "mymaster", "ip": "192.0.2.10", "port": "6379", "flags": "master", "num-slaves": "1", "num-other-sentinels": "2",
#  "quorum": "2", "quorum_check": "OK 3 usable Sentinels. Quorum and failover authorization can be reached"}]}
def masters(found: Mapping[str, Any]) -> Known[tuple[Master, ...]]:
    rows = found.get("masters")
    if not isinstance(rows, list):
        return Unknown("SENTINEL MASTERS was refused: {detail}", {"detail": refusal(rows)})
    try:
        return tuple(Master(row["name"], f"{row['ip']}:{row['port']}", frozenset(row["flags"].split(",")), int(row["num-slaves"]),
                            int(row["num-other-sentinels"]) + 1, int(row["quorum"]), str(row["quorum_check"])) for row in rows)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable("SENTINEL MASTERS has no good value for {name}", name=str(error)) from error


# {"exe": "/usr/bin/redis-server", "tcp": [["127.0.0.1", 6379]], "unix": [], "seen": true, "swapped_kib": 0, "huge_pages": 1, ...}
def parse_process(text: str | Unknown) -> Known[Process]:
    if isinstance(text, Unknown):
        return text
    found = json_object(text, "process")
    try:
        swapped, pages = found["swapped_kib"], found["huge_pages"]
        return Process(str(found["exe"]), tuple(str(address) for address, _port in found["tcp"]), tuple(found["unix"]),
                       swapped * 1024 if isinstance(swapped, int) else None, bool(pages) if isinstance(pages, int) else None)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key="process") from error


def system(capture: Capture) -> Known[System]:
    texts = [capture.known(path) for path in ("/proc/meminfo", "/proc/sys/vm/overcommit_memory", "/proc/sys/net/core/somaxconn")]
    absent = next((text for text in texts if isinstance(text, Unknown)), None)
    if absent is not None:
        return absent
    total = re.search(r"(?m)^MemTotal:\s+(\d+) kB$", str(texts[0]))
    pages = capture.text("/sys/kernel/mm/transparent_hugepage/enabled")
    chosen = re.search(r"\[(\w+)\]", pages) if isinstance(pages, str) else None
    if total is None or not all(str(text).strip().isdigit() for text in texts[1:]):
        raise Unreadable("{key}: is cut off or not in its usual form", key="/proc/meminfo")
    return System(int(total.group(1)) * 1024, int(str(texts[1])), int(str(texts[2])), chosen.group(1) if chosen else "")
