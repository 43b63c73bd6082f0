# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from ..facts.redis_model import Clients, Counters, Latency, Memory, Process, Settings, System
from ..findings import DAY, MIB, Above, Below, Domain, Finding, Rule, Severity
from ..since import LAST_INSPECTION, START
from .redis_each import ANSWERS, History, Levels, each, lately, too_early

RECENT_SECONDS = 7 * DAY


def judge_memory(levels: Levels, name: str, memory: Memory, system: System) -> Iterator[Finding]:
    machine = memory.machine_bytes or system.memory_bytes
    limit = memory.limit_bytes or machine
    ratio = memory.used_bytes / limit
    values = {"used_bytes": memory.used_bytes, "limit_bytes": limit, "used_ratio": ratio, "policy": memory.policy}
    if not memory.limit_bytes:
        yield Finding(levels["used_ratio"].grade(ratio), name, "{used_bytes} used of the machine's {limit_bytes} ({used_ratio}); "
                      "no maxmemory holds it back", values)
    elif memory.policy == "noeviction":
        yield Finding(levels["used_ratio"].grade(ratio), name, "{used_bytes} used of maxmemory {limit_bytes} ({used_ratio}); "
                      "when it is full, writes are refused (noeviction)", values)
    else:
        del values["used_ratio"]
        yield Finding(Severity.OK, name, "{used_bytes} used of maxmemory {limit_bytes}; when it is full, it drops keys ({policy})", values)


REDIS_MEMORY = Rule(
    id="redis_memory",
    title="Redis has memory left",
    domain=Domain.DATABASE,
    why="A full Redis that may drop nothing refuses every write; one without a limit is killed by the kernel, with all it holds.",
    fix="Find what grows (redis-cli --bigkeys in a quiet hour, keys without an expiry), give it more memory, or choose a policy that "
    "drops keys.",
    needs=("redis.servers", "redis.system"),
    evidence=("redis * info", "/proc/meminfo"),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="awesome-prometheus-alerts (Redis out of configured maxmemory): 80 "
                                "and 90 %")},
    impact=4,
    change_risk=2,
    check=each(judge_memory, "memory"),
    told_by=ANSWERS,
)


def judge_maxmemory(levels: Levels, name: str, memory: Memory, system: System) -> Iterator[Finding]:
    machine = memory.machine_bytes or system.memory_bytes
    values = {"limit_bytes": memory.limit_bytes, "machine_bytes": machine, "policy": memory.policy}
    if not memory.limit_bytes:
        yield Finding(Severity.INFO, name, "maxmemory is not set: it may take all of {machine_bytes}", values)
    else:
        ratio = memory.limit_bytes / machine
        yield Finding(levels["machine_ratio"].grade(ratio), name, "maxmemory is {limit_bytes}, {machine_ratio} of the machine's "
                      "{machine_bytes}; "
                      "policy {policy}", {**values, "machine_ratio": ratio})


REDIS_MAXMEMORY = Rule(
    id="redis_maxmemory",
    title="maxmemory of Redis leaves room for the rest of the host",
    domain=Domain.DATABASE,
    why="Beside its data Redis needs memory for clients, replicas and the copy that a save makes; a maxmemory near the machine's memory "
    "never "
        "takes effect before the kernel kills.",
    fix="Set maxmemory to three quarters of what the host can spare, less where it saves or replicates, and choose maxmemory-policy.",
    needs=("redis.servers", "redis.system"),
    evidence=("redis * info", "/proc/meminfo"),
    levels={"machine_ratio": Above(warning=0.90, critical=1.0, source="our judgement, from Redis documentation (memory optimization): "
                                   "leave room "
                                   "for copy-on-write and buffers")},
    impact=3,
    check=each(judge_maxmemory, "memory"),
    told_by=ANSWERS,
)


def judge_fragmentation(levels: Levels, name: str, memory: Memory) -> Iterator[Finding]:
    wasted = max(0, memory.resident_bytes - memory.used_bytes)
    ratio = memory.fragmentation_ratio
    values = {"fragmentation": ratio, "wasted_bytes": wasted, "resident_bytes": memory.resident_bytes, "used_bytes": memory.used_bytes}
    severity = min(levels["fragmentation"].grade(ratio), Severity.CRITICAL if levels["wasted_bytes"].grade(wasted) else Severity.OK)
    yield Finding(severity, name, "holds {resident_bytes} for {used_bytes} of data (fragmentation {fragmentation})", values)


REDIS_FRAGMENTATION = Rule(
    id="redis_fragmentation",
    title="Redis does not waste memory by fragmentation",
    domain=Domain.DATABASE,
    why="Memory that lies between the data serves no one and brings maxmemory or the kernel's killer nearer.",
    fix="Turn on activedefrag, or restart it in a window (a replica first); look at what changes the sizes of values.",
    needs=("redis.servers",),
    evidence=("redis * info",),
    levels={
        "fragmentation": Above(warning=1.5, critical=2.0, source="Redis documentation (INFO, mem_fragmentation_ratio): over 1.5 is "
                               "fragmentation; "
                               "2: our judgement"),
        "wasted_bytes": Above(warning=256 * MIB, source="our judgement: on a small or idle server the ratio says nothing"),
    },
    impact=2,
    check=each(judge_fragmentation, "memory"),
    told_by=ANSWERS,
)


def judge_swapped(levels: Levels, name: str, process: Process, memory: Memory) -> Iterator[Finding]:
    if process.swapped_bytes is None:
        yield Finding(Severity.UNKNOWN, name, "the kernel does not tell how much of it lies in swap")
        return
    yield Finding(levels["swapped_bytes"].grade(process.swapped_bytes), name, "{swapped_bytes} of it lie in swap",
                  {"swapped_bytes": process.swapped_bytes, "used_bytes": memory.used_bytes})


REDIS_SWAPPED = Rule(
    id="redis_swapped",
    title="Redis lies in memory, not in swap",
    domain=Domain.DATABASE,
    why="Redis serves all clients one after the other: each page it must fetch from a disk holds up all of them.",
    fix="Lower maxmemory or move other programs away; vm.swappiness 1; then restart a replica and fail over.",
    needs=("redis.servers",),
    evidence=("redis * process",),
    levels={"swapped_bytes": Above(warning=16 * MIB, critical=256 * MIB, source="our judgement: Redis documentation (latency) asks for "
                                   "next to none")},
    impact=3,
    check=each(judge_swapped, "process", "memory"),
    told_by=ANSWERS,
)


def judge_evictions(levels: Levels, name: str, found: Counters, memory: Memory, taken_at: datetime, history: History) -> Iterator[Finding]:
    names = ("evicted_count", "hits_count", "misses_count")
    since = lately(name, found, taken_at, history, *names)
    if since is None:
        yield too_early(name, found, *names)
        return
    hits = since.ratio("hits_count", "hits_count", "misses_count")
    values = {**{item: getattr(found, item) for item in names}, "period_seconds": since.seconds, "policy": memory.policy,
              "evicted_per_second": since.per_second("evicted_count"), "hit_ratio": hits}
    if hits is None or not since.growth["evicted_count"]:
        values.pop("hit_ratio")
        yield Finding(Severity.OK, name, DROPPED[since.basis], values)
        return
    severity = min(levels["evicted_per_second"].grade(values["evicted_per_second"]), levels["hit_ratio"].grade(hits))
    yield Finding(max(severity, Severity.INFO), name, MISSED[since.basis], values)


DROPPED = {
    LAST_INSPECTION: "{evicted_per_second} keys dropped for want of memory since the last inspection, {period_seconds} ago",
    START: "{evicted_per_second} keys dropped for want of memory since its start, {period_seconds} ago",
}
MISSED = {
    LAST_INSPECTION: "{evicted_per_second} keys dropped for want of memory, and {hit_ratio} of the reads found their key, "
                     "since the last inspection, {period_seconds} ago; policy {policy}",
    START: "{evicted_per_second} keys dropped for want of memory, and {hit_ratio} of the reads found their key, "
           "since its start, {period_seconds} ago; policy {policy}",
}

REDIS_EVICTIONS = Rule(
    id="redis_evictions",
    title="Redis does not drop keys that are asked for again",
    domain=Domain.DATABASE,
    why="A cache that is too small drops what it is asked for a moment later, and the database behind it does the work twice.",
    fix="Raise maxmemory, shorten the expiry of what is seldom read, or see which client fills it.",
    needs=("redis.servers", "capture.taken_at", "history.redis_evictions"),
    evidence=("redis * info",),
    levels={
        "evicted_per_second": Above(warning=1, source="our judgement: fewer do no harm; judged together with hit_ratio"),
        "hit_ratio": Below(warning=0.80, source="Redis guides (INFO keyspace_hits): a cache should find over 80 %; judged together with "
                           "evictions"),
    },
    impact=2,
    track=("evicted_count", "hits_count", "misses_count"),
    check=each(judge_evictions, "counters", "memory"),
    told_by=ANSWERS,
)


def judge_hits(_levels: Levels, name: str, found: Counters, taken_at: datetime, history: History) -> Iterator[Finding]:
    since = lately(name, found, taken_at, history, "hits_count", "misses_count")
    if since is None:
        yield too_early(name, found, "hits_count", "misses_count")
        return
    reads = since.growth["hits_count"] + since.growth["misses_count"]
    values = {"hits_count": found.hits_count, "misses_count": found.misses_count, "reads_count": int(reads),
              "period_seconds": since.seconds}
    if reads < LEAST_READS:
        yield Finding(Severity.OK, name, FEW[since.basis], values)
        return
    hit_ratio = since.growth["hits_count"] / reads
    yield Finding(Severity.INFO if hit_ratio < GOOD_HIT_RATIO else Severity.OK, name, FOUND[since.basis], {**values,
                                                                                                           "found_ratio": hit_ratio})


LEAST_READS = 10000
GOOD_HIT_RATIO = 0.80

FEW = {
    LAST_INSPECTION: "{reads_count} reads since the last inspection, {period_seconds} ago: too few to say how good a cache it is",
    START: "{reads_count} reads since its start, {period_seconds} ago: too few to say how good a cache it is",
}
FOUND = {
    LAST_INSPECTION: "{found_ratio} of {reads_count} reads found their key since the last inspection, {period_seconds} ago",
    START: "{found_ratio} of {reads_count} reads found their key since its start, {period_seconds} ago",
}

REDIS_HIT_RATIO = Rule(
    id="redis_hit_ratio",
    title="Most reads find their key in Redis",
    domain=Domain.DATABASE,
    why="Reads that find nothing cost a round trip and then the work all the same. Some programs ask for keys that need not be there.",
    fix="See which keys are missed: an expiry that is too short, a cache that is not warmed up, or a program that only looks whether a "
    "key is there.",
    needs=("redis.servers", "capture.taken_at", "history.redis_hit_ratio"),
    evidence=("redis * info",),
    impact=1,
    track=("hits_count", "misses_count"),
    check=each(judge_hits, "counters"),
    told_by=ANSWERS,
)


def judge_clients(levels: Levels, name: str, clients: Clients) -> Iterator[Finding]:
    values = {"connected_count": clients.connected_count, "limit_count": clients.limit_count, "blocked_count": clients.blocked_count}
    if not clients.limit_count:
        yield Finding(Severity.OK, name, "{connected_count} clients; this version does not tell its limit", values)
        return
    ratio = clients.connected_count / clients.limit_count
    yield Finding(levels["used_ratio"].grade(ratio), name, "{connected_count} of {limit_count} clients, {blocked_count} of them wait in "
                  "a blocking "
                  "command", {**values, "used_ratio": ratio})


REDIS_CLIENTS = Rule(
    id="redis_clients",
    title="Redis has room for more clients",
    domain=Domain.DATABASE,
    why="At maxclients every new connection is refused.",
    fix="Look for programs that open a connection for each request or never close them; raise maxclients and LimitNOFILE together.",
    needs=("redis.servers",),
    evidence=("redis * info",),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="awesome-prometheus-alerts (Redis too many connections): 90 %; 80: "
                                "our judgement")},
    impact=3,
    check=each(judge_clients, "clients"),
    told_by=ANSWERS,
)


def judge_rejected(levels: Levels, name: str, found: Counters, taken_at: datetime, history: History) -> Iterator[Finding]:
    since = lately(name, found, taken_at, history, "rejected_count")
    if since is None:
        yield too_early(name, found, "rejected_count")
        return
    yield Finding(levels["refused_count"].grade(since.growth["rejected_count"]), name, REFUSED[since.basis],
                  {"rejected_count": found.rejected_count, "refused_count": int(since.growth["rejected_count"]),
                   "period_seconds": since.seconds})


REFUSED = {
    LAST_INSPECTION: "{refused_count} connections refused since the last inspection, {period_seconds} ago",
    START: "{refused_count} connections refused since its start, {period_seconds} ago",
}

REDIS_REJECTED = Rule(
    id="redis_rejected",
    title="Redis refuses no connections",
    domain=Domain.DATABASE,
    why="A refused connection is a request that failed: maxclients was reached.",
    fix="Look for programs that open a connection for each request or never close them; raise maxclients and LimitNOFILE together.",
    needs=("redis.servers", "capture.taken_at", "history.redis_rejected"),
    evidence=("redis * info",),
    levels={"refused_count": Above(warning=1, source="netdata (redis_connections_rejected): any")},
    impact=3,
    track=("rejected_count",),
    check=each(judge_rejected, "counters"),
    told_by=ANSWERS,
)


def judge_latency(levels: Levels, name: str, events: tuple[Latency, ...], settings: Settings, taken_at: datetime) -> Iterator[Finding]:
    recent = [event for event in events if taken_at.timestamp() - event.at_seconds < RECENT_SECONDS]
    for event in recent:
        yield Finding(levels["latest_seconds"].grade(event.latest_seconds), f"{name} {event.event}",
                      "held up all clients for {latest_seconds}, {worst_seconds} at worst",
                      {"latest_seconds": event.latest_seconds, "worst_seconds": event.worst_seconds})
    if not settings.latency_watched:
        yield Finding(Severity.OK, name, "it does not watch its own latency (latency-monitor-threshold 0)")
    elif not recent:
        yield Finding(Severity.OK, name, "nothing held it up in the last week")


REDIS_LATENCY = Rule(
    id="redis_latency",
    title="Nothing holds up Redis for long",
    domain=Domain.DATABASE,
    why="Redis serves one command after the other: what takes long (a large command, fork, a slow disk) holds up all clients.",
    fix="LATENCY DOCTOR explains each event; look at SLOWLOG GET, at disks that the append-only file lies on, and at huge pages.",
    needs=("redis.servers", "capture.taken_at"),
    evidence=("redis * state",),
    levels={"latest_seconds": Above(warning=0.5, critical=2.0, source="our judgement; Redis documentation (latency monitoring) has 0.1 s "
                                    "as an example")},
    impact=3,
    check=each(judge_latency, "latency", "settings"),
    told_by=ANSWERS,
)


def judge_slow(_levels: Levels, name: str, count: int, settings: Settings) -> Iterator[Finding]:
    full = count >= settings.slow_limit > 0
    yield Finding(Severity.INFO if full else Severity.OK, name, "{slow_count} slow commands are noted, of at most {limit_count}",
                  {"slow_count": count, "limit_count": settings.slow_limit})


REDIS_SLOW_COMMANDS = Rule(
    id="redis_slow_commands",
    title="Redis has noted few slow commands",
    domain=Domain.DATABASE,
    why="A slow command holds up all clients. The list is cut at its length, so a full one may hide older ones.",
    fix="Read them with SLOWLOG GET 20, then change the program: SCAN in place of KEYS, smaller ranges, smaller values.",
    needs=("redis.servers",),
    evidence=("redis * state",),
    impact=2,
    check=each(judge_slow, "slow_count", "settings"),
    told_by=ANSWERS,
)


def judge_costly(_levels: Levels, name: str, calls: Mapping[str, int]) -> Iterator[Finding]:
    used = [f"{command.upper()} {times}" for command, times in sorted(calls.items()) if times]
    if used:
        yield Finding(Severity.INFO, name, "commands that hold up or empty the whole server were called since its start: {calls}",
                      {"calls": used})
    else:
        yield Finding(Severity.OK, name, "no program called a command that holds up or empties the whole server")


REDIS_COSTLY_COMMANDS = Rule(
    id="redis_costly_commands",
    title="Programs use no commands that hold up or empty Redis",
    domain=Domain.DATABASE,
    why="KEYS walks through all keys while every client waits; FLUSHALL deletes them; MONITOR halves the throughput.",
    fix="SCAN in place of KEYS; take these commands from the programs' accounts by ACL.",
    needs=("redis.servers",),
    evidence=("redis * info",),
    impact=2,
    check=each(judge_costly, "costly"),
    told_by=ANSWERS,
)

RULES = (REDIS_MEMORY, REDIS_MAXMEMORY, REDIS_FRAGMENTATION, REDIS_SWAPPED, REDIS_EVICTIONS, REDIS_HIT_RATIO, REDIS_CLIENTS, REDIS_REJECTED,
         REDIS_LATENCY, REDIS_SLOW_COMMANDS, REDIS_COSTLY_COMMANDS)
