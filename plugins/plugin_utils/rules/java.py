# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from ..absent import Unknown
from ..facts.java import Counters, Instance, Options, Process, Threads
from ..facts.middleware import Version
from ..findings import DAY, GIB, HOUR, Above, Below, Domain, Finding, Rule, Severity
from ..since import LAST_INSPECTION, START, Period, period
from .middleware import SUPPORT_LEVELS, for_each, support_finding

TOO_EARLY = "too early for a verdict: it runs for less than a day"


def judge_counters(levels: Mapping[str, Any], name: str, counters: Counters, process: Process) -> Iterator[Finding]:
    outside = max(0, process.resident_bytes - counters.heap_max_bytes)
    yield Finding(levels["outside_bytes"].grade(outside), name,
                  "Java {version}: {resident_bytes} resident, the heap may take {heap_bytes} of it",
                  {"version": counters.java_version, "heap_bytes": counters.heap_max_bytes, "resident_bytes": process.resident_bytes,
                   "outside_bytes": outside})


JAVA_COUNTERS = Rule(
    id="java_counters",
    title="The JVM shows its counters, and takes little memory outside its heap",
    domain=Domain.PLATFORM,
    why="Without its counters nobody sees how it fares; memory outside the heap has no limit, and grows until the kernel kills something.",
    fix="Inspect as root and remove -XX:-UsePerfData; for memory outside the heap look at direct buffers (-XX:MaxDirectMemorySize), "
        "threads and native libraries (-XX:NativeMemoryTracking=summary).",
    needs=("java.instances",),
    evidence=("java * counters", "java * process"),
    levels={"outside_bytes": Above(warning=2 * GIB, source="our judgement: classes, threads and buffers of ordinary programs take less")},
    impact=2,
    check=for_each("counters", "process", judge=judge_counters),
)


def judge_version(levels: Mapping[str, Any], name: str, version: Version, taken_at: datetime) -> Iterator[Finding]:
    yield support_finding(levels, name, "java", version, taken_at)


JAVA_VERSION = Rule(
    id="java_version",
    title="Java is of a branch that gets fixes",
    domain=Domain.PLATFORM,
    why="Holes found in a branch that ended are published, and stay open.",
    fix="Plan the upgrade to a branch with long-term support (17, 21, 25), and test the program on it.",
    needs=("java.instances", "capture.taken_at"),
    evidence=("java * counters",),
    levels=SUPPORT_LEVELS,
    impact=3,
    change_risk=3,
    check=for_each("version", judge=judge_version),
    told_by="java_counters",
)


def judge_patch_level(levels: Mapping[str, Any], name: str, patched: date, version: Version, taken_at: datetime) -> Iterator[Finding]:
    age = (taken_at - datetime(patched.year, patched.month, patched.day, tzinfo=UTC)).total_seconds()
    yield Finding(levels["age_seconds"].grade(age), name, "update {version} came out {age_seconds} ago",
                  {"version": version.text, "age_seconds": age})


JAVA_PATCH_LEVEL = Rule(
    id="java_patch_level",
    title="Java has its quarterly updates",
    domain=Domain.PLATFORM,
    why="Each quarter's update closes holes that are published with it.",
    fix="Install the current update of the same branch and restart the program.",
    needs=("java.instances", "capture.taken_at"),
    evidence=("java * counters",),
    levels={"age_seconds": Above(warning=400 * DAY, source="our judgement: four quarterly updates missed")},
    impact=2,
    change_risk=2,
    check=for_each("patched", "version", judge=judge_patch_level),
    told_by="java_counters",
)


def since(counters: Counters, process: Process, taken_at: datetime, points: Any) -> tuple[dict[str, float], Period | None]:
    counts = {"stopped_seconds": counters.collections.seconds, "collections_count": float(counters.collections.count),
              "full_count": float(counters.collections.full_count or 0)}
    return counts, period(counts, process.uptime_seconds, taken_at, points)


def judge_heap(
    levels: Mapping[str, Any], name: str, counters: Counters, process: Process, taken_at: datetime, history: Mapping[str, Any]
) -> Iterator[Finding]:
    counts, lately = since(counters, process, taken_at, history.get(name, {}))
    ratio = counters.old_used_bytes / counters.old_max_bytes if counters.old_max_bytes else 0.0
    values = {**counts, "used_ratio": ratio, "used_bytes": counters.old_used_bytes, "limit_bytes": counters.old_max_bytes}
    # Other collectors let the old generation fill up and clear it then: full is normal, unless they do so all the time
    pressed = counters.steady or (lately is not None and lately.per_second("full_count") * HOUR >= 1)
    yield Finding(levels["used_ratio"].grade(ratio) if pressed else Severity.OK, name,
                  "the old generation holds {used_bytes} of {limit_bytes}", values)


JAVA_HEAP = Rule(
    id="java_heap",
    title="The heap has room",
    domain=Domain.PLATFORM,
    why="A heap that stays full makes the JVM collect garbage all the time, and ends in OutOfMemoryError.",
    fix="Look whether what is kept grows without end (a leak: compare heap dumps) or the load did; then raise -Xmx.",
    needs=("java.instances", "capture.taken_at", "history.java_heap"),
    evidence=("java * counters",),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="our judgement, as usual for the heap after a full collection")},
    impact=3,
    track=("stopped_seconds", "collections_count", "full_count"),
    check=for_each("counters", "process", judge=judge_heap),
    told_by="java_counters",
)


def judge_gc_time(
    levels: Mapping[str, Any], name: str, counters: Counters, process: Process, taken_at: datetime, history: Mapping[str, Any]
) -> Iterator[Finding]:
    counts, lately = since(counters, process, taken_at, history.get(name, {}))
    if lately is None:
        yield Finding(Severity.OK, name, TOO_EARLY, counts)
        return
    ratio = lately.per_second("stopped_seconds")
    yield Finding(levels["stopped_ratio"].grade(ratio), name, STOPPED_SINCE[lately.basis],
                  {**counts, "stopped_ratio": ratio, "period_seconds": lately.seconds})


STOPPED_SINCE = {
    LAST_INSPECTION: "stood still for garbage collections {stopped_ratio} of the time since the last inspection, {period_seconds} ago",
    START: "stood still for garbage collections {stopped_ratio} of the time since its start, {period_seconds} ago",
}

JAVA_GC_TIME = Rule(
    id="java_gc_time",
    title="Garbage collection takes little time",
    domain=Domain.PLATFORM,
    why="While the JVM stands still, every request waits.",
    fix="Look at the heap's size and the collector (GC log: -Xlog:gc*); look for code that makes much garbage.",
    needs=("java.instances", "capture.taken_at", "history.java_gc_time"),
    evidence=("java * counters",),
    levels={"stopped_ratio": Above(warning=0.05, critical=0.10, source="5 %: common in JVM dashboards; 10 %: our judgement")},
    impact=3,
    track=("stopped_seconds", "collections_count", "full_count"),
    check=for_each("counters", "process", judge=judge_gc_time),
    told_by="java_counters",
)


def judge_full_gc(
    levels: Mapping[str, Any], name: str, counters: Counters, process: Process, taken_at: datetime, history: Mapping[str, Any]
) -> Iterator[Finding]:
    counts, lately = since(counters, process, taken_at, history.get(name, {}))
    if counters.collections.full_count is None:
        yield Finding(Severity.OK, name, "its collector makes no full collections", counts)
    elif lately is None:
        yield Finding(Severity.OK, name, TOO_EARLY, counts)
    else:
        rate = lately.per_second("full_count") * HOUR
        yield Finding(levels["per_hour"].grade(rate), name, FULL_SINCE[lately.basis],
                      {**counts, "per_hour": rate, "new_count": int(lately.growth["full_count"]), "period_seconds": lately.seconds})


FULL_SINCE = {
    LAST_INSPECTION: "{per_hour} full collections an hour since the last inspection, {period_seconds} ago",
    START: "{per_hour} full collections an hour since its start, {period_seconds} ago",
}

JAVA_FULL_GC = Rule(
    id="java_full_gc",
    title="Full garbage collections are rare",
    domain=Domain.PLATFORM,
    why="A full collection stops the program for seconds; many of them mean a heap that is too small, or a leak.",
    fix="Look for a leak and at -Xmx; for System.gc() calls set -XX:+ExplicitGCInvokesConcurrent; use G1 or ZGC for large heaps.",
    needs=("java.instances", "capture.taken_at", "history.java_full_gc"),
    evidence=("java * counters",),
    levels={"per_hour": Above(warning=6, critical=60, source="our judgement: every ten minutes, every minute")},
    impact=3,
    track=("stopped_seconds", "collections_count", "full_count"),
    check=for_each("counters", "process", judge=judge_full_gc),
    told_by="java_counters",
)


def judge_metaspace(levels: Mapping[str, Any], name: str, counters: Counters, options: Options) -> Iterator[Finding]:
    limit = options.metaspace_max_bytes
    if not limit:
        yield Finding(Severity.OK, name, "metaspace holds {used_bytes} and has no limit", {"used_bytes": counters.metaspace_used_bytes})
        return
    ratio = counters.metaspace_used_bytes / limit
    yield Finding(levels["used_ratio"].grade(ratio), name, "metaspace holds {used_bytes} of {limit_bytes}",
                  {"used_ratio": ratio, "used_bytes": counters.metaspace_used_bytes, "limit_bytes": limit})


JAVA_METASPACE = Rule(
    id="java_metaspace",
    title="Metaspace has room",
    domain=Domain.PLATFORM,
    why="At MaxMetaspaceSize no class can be loaded: OutOfMemoryError: Metaspace.",
    fix="Look for classes that are loaded again and again (redeployments, generated classes); then raise -XX:MaxMetaspaceSize.",
    needs=("java.instances",),
    evidence=("java * counters", "java * options"),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="our judgement, as for the heap")},
    impact=3,
    check=for_each("counters", "options", judge=judge_metaspace),
    told_by="java_counters",
)


def judge_deadlocks(levels: Mapping[str, Any], name: str, threads: Threads) -> Iterator[Finding]:
    blocked = threads.states.get("BLOCKED", 0)
    values = {"deadlocks_count": threads.deadlocks_count, "blocked_count": blocked, "threads_count": sum(threads.states.values())}
    if threads.deadlocks_count:
        yield Finding(Severity.CRITICAL, name, "{deadlocks_count} deadlocks: these threads will never go on", values)
    else:
        yield Finding(levels["blocked_count"].grade(blocked), name, "{blocked_count} of {threads_count} threads wait for a lock", values)


JAVA_THREADS = Rule(
    id="java_threads",
    title="Threads do not block each other",
    domain=Domain.PLATFORM,
    why="Threads in a deadlock never go on, and all that come after them wait too; only a restart helps.",
    fix="Take a thread dump (jcmd PID Thread.print) for the developers before any restart: it names the locks and the code.",
    needs=("java.instances",),
    evidence=("java * threads",),
    levels={"blocked_count": Above(warning=50, source="our judgement; so many at one moment are a queue behind one lock")},
    impact=4,
    check=for_each("threads", judge=judge_deadlocks),
)


def judge_files(levels: Mapping[str, Any], name: str, process: Process) -> Iterator[Finding]:
    if process.files_count is None:
        yield Finding(Severity.UNKNOWN, name, "its open files can't be seen; inspect as root")
    elif not process.files_limit:
        yield Finding(Severity.OK, name, "{used_count} files open, without a limit", {"used_count": process.files_count})
    else:
        ratio = process.files_count / process.files_limit
        yield Finding(levels["used_ratio"].grade(ratio), name, "{used_count} of {limit_count} files open",
                      {"used_ratio": ratio, "used_count": process.files_count, "limit_count": process.files_limit})


JAVA_FILES = Rule(
    id="java_files",
    title="The JVM may open more files",
    domain=Domain.PLATFORM,
    why="At its limit a program can accept no connection and open no file: Too many open files.",
    fix="Look for files or connections that are never closed (ls -l /proc/PID/fd); then raise LimitNOFILE in its unit.",
    needs=("java.instances",),
    evidence=("java * process",),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="our judgement: node-mixin has 70/90 %, Linuxfabrik 90/95 %")},
    impact=3,
    check=for_each("process", judge=judge_files),
)


def check_java_memory(levels: Mapping[str, Any], instances: tuple[Instance, ...], total: int) -> Iterator[Finding]:
    heaps = {}
    for item in instances:
        counters, process = item.counters, item.process
        if isinstance(counters, Counters) and isinstance(process, Process):
            heaps[item.name] = counters.heap_max_bytes
            limit = min(process.memory_limit_bytes or total, total)
            ratio = counters.heap_max_bytes / limit
            yield Finding(levels["heap_ratio"].grade(ratio), item.name, "its heap may grow to {heap_bytes} of {limit_bytes} of memory",
                          {"heap_ratio": ratio, "heap_bytes": counters.heap_max_bytes, "limit_bytes": limit})
        else:
            [absent, *_others] = [fact for fact in (counters, process) if isinstance(fact, Unknown)]
            yield Finding(Severity.UNKNOWN, item.name, absent.reason, absent.values)
    if len(heaps) > 1:
        ratio = sum(heaps.values()) / total
        severity = Severity.INFO if levels["heap_ratio"].grade(ratio) > Severity.OK else Severity.OK
        yield Finding(severity, "all JVMs", "their heaps may grow to {all_bytes} together, of {limit_bytes} of memory",
                      {"all_bytes": sum(heaps.values()), "limit_bytes": total})


JAVA_MEMORY = Rule(
    id="java_memory",
    title="The heap fits into the memory that the JVM may use",
    domain=Domain.PLATFORM,
    why="Beside the heap a JVM needs memory for classes, threads and buffers: one whose heap may fill its limit is killed by the kernel.",
    fix="Lower -Xmx to at most three quarters of the limit (or use -XX:MaxRAMPercentage=75), or raise the limit.",
    needs=("java.instances", "java.host_memory_bytes"),
    evidence=("java * counters", "java * process", "/proc/meminfo"),
    levels={"heap_ratio": Above(warning=0.90, critical=1.0, source="our judgement: a tenth for all that is not heap is little")},
    impact=3,
    change_risk=2,
    check=check_java_memory,
    told_by="java_counters",
)


def judge_dumps(levels: Mapping[str, Any], name: str, process: Process) -> Iterator[Finding]:
    if isinstance(process.dumps, Unknown):
        yield Finding(Severity.UNKNOWN, name, process.dumps.reason, process.dumps.values)
        return
    for dump in process.dumps if isinstance(process.dumps, tuple) else ():
        recent = levels["age_seconds"].grade(dump.age_seconds) is not Severity.OK
        yield Finding(Severity.WARNING if recent else Severity.INFO, f"{name} {dump.name}", "written {age_seconds} ago, {size_bytes}",
                      {"age_seconds": dump.age_seconds, "size_bytes": dump.size_bytes})
    if not process.dumps:
        yield Finding(Severity.OK, name, "no crash left a dump in its working directory")


JAVA_DUMPS = Rule(
    id="java_dumps",
    title="No crash left a dump",
    domain=Domain.PLATFORM,
    why="An hs_err file is a crash of the JVM, a heap dump an OutOfMemoryError: both were outages, and heap dumps hold customers' data.",
    fix="Give hs_err to the JDK's vendor or whoever owns native code in it, the heap dump to the developers; then remove them.",
    needs=("java.instances",),
    evidence=("java * process",),
    levels={"age_seconds": Below(warning=30 * DAY, source="our judgement: older ones are known or forgotten, and only noteworthy")},
    impact=3,
    check=for_each("process", judge=judge_dumps),
)


def judge_options(_levels: Mapping[str, Any], name: str, options: Options) -> Iterator[Finding]:
    hints = []
    if options.heap_max_bytes is None and not any("MaxRAMPercentage" in word for word in options.words):
        hints.append("-Xmx")
    elif options.heap_start_bytes is not None and options.heap_start_bytes != options.heap_max_bytes:
        hints.append("-Xms = -Xmx")
    if "-XX:+HeapDumpOnOutOfMemoryError" not in options.words:
        hints.append("-XX:+HeapDumpOnOutOfMemoryError")
    if hints:
        yield Finding(Severity.INFO, name, "was started without {hints}", {"hints": hints})
    else:
        yield Finding(Severity.OK, name, "was started with the options that servers should have")


JAVA_OPTIONS = Rule(
    id="java_options",
    title="The JVM is started as servers should be",
    domain=Domain.PLATFORM,
    why="Without -Xmx the heap depends on the host's memory; without a dump nobody finds out what filled it.",
    fix="Set -Xmx and an equal -Xms, -XX:+HeapDumpOnOutOfMemoryError and -XX:HeapDumpPath on a disk with room.",
    needs=("java.instances",),
    evidence=("java * options",),
    impact=1,
    check=for_each("options", judge=judge_options),
)

LOOPBACK = ("127.", "localhost", "[::1]", "::1")


def judge_open_ports(_levels: Mapping[str, Any], name: str, options: Options) -> Iterator[Finding]:
    found = 0
    for word in options.words:
        if word.startswith(("-agentlib:jdwp", "-Xrunjdwp")) and "server=y" in word:
            found += 1
            address = (re.search(r"address=([^,]+)", word) or [word, "?"])[1]
            # Without an address it is loopback since Java 9, and was all interfaces before
            severity = Severity.INFO if address.startswith(LOOPBACK) else Severity.WARNING if address.isdigit() else Severity.CRITICAL
            yield Finding(severity, f"{name} jdwp",
                          "waits for a debugger at {address}: whoever reaches it can run any code", {"address": address})
    properties = dict(word[2:].partition("=")[::2] for word in options.words if word.startswith("-D"))
    port = properties.get(JMX + ".port")
    if port:
        found += 1
        open_to_all = properties.get(JMX + ".authenticate") == "false"
        local = properties.get(JMX + ".host", "").startswith(LOOPBACK)
        if open_to_all and not local:
            yield Finding(Severity.CRITICAL, f"{name} jmx",
                          "JMX at port {port} asks for no password: whoever reaches it can run any code", {"port": port})
        else:
            yield Finding(Severity.INFO, f"{name} jmx", "JMX is offered at port {port}", {"port": port})
    if not found:
        yield Finding(Severity.OK, name, "offers neither JMX nor a debugger")


JMX = "com.sun.management.jmxremote"

JAVA_OPEN_PORTS = Rule(
    id="java_open_ports",
    title="No JVM can be debugged or managed by just anyone",
    domain=Domain.PLATFORM,
    why="JMX without a password and the debugger's port let anyone who reaches them run code as the program's account.",
    fix="Remove -agentlib:jdwp; set jmxremote.authenticate=true with ssl, or bind it to loopback (jmxremote.host=127.0.0.1).",
    needs=("java.instances",),
    evidence=("java * options",),
    impact=4,
    change_risk=2,
    check=for_each("options", judge=judge_open_ports),
)

RULES = (JAVA_COUNTERS, JAVA_VERSION, JAVA_PATCH_LEVEL, JAVA_HEAP, JAVA_GC_TIME, JAVA_FULL_GC, JAVA_METASPACE, JAVA_THREADS, JAVA_FILES,
         JAVA_MEMORY, JAVA_DUMPS, JAVA_OPTIONS, JAVA_OPEN_PORTS)
