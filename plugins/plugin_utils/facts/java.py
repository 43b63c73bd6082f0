# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Java: an Instance for each JVM, from its options, the counters it keeps in a file, its process and the numbers of a thread dump."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .guard import readable
from .middleware import Presence, Version, is_packaged, json_object, number, presence

NONE = NotHere("no Java program runs here")
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True)
class Options:
    """What the JVM was started with, without secrets. Sizes in bytes; None where it chooses them itself."""

    words: tuple[str, ...]
    heap_max_bytes: int | None
    heap_start_bytes: int | None
    metaspace_max_bytes: int | None


@dataclass(frozen=True)
class Collections:
    """Since the start: ``seconds`` in which all threads stood still for garbage collections, ``full_count`` of them full ones.

    ``full_count`` is None for a collector that has none (ZGC, Shenandoah).
    """

    seconds: float
    count: int
    full_count: int | None


@dataclass(frozen=True)
class Counters:
    """``old_*``: the old generation; for G1, which moves the border, its most is the whole heap. ``steady``: G1, ZGC or Shenandoah,
    which clear the old generation while it fills, so that what it holds is close to what is alive."""

    java_version: str
    collections: Collections
    old_used_bytes: int
    old_max_bytes: int
    heap_max_bytes: int
    metaspace_used_bytes: int
    steady: bool


@dataclass(frozen=True)
class Dump:
    """A file that a crash or a full heap left in the working directory."""

    name: str
    size_bytes: int
    age_seconds: float


@dataclass(frozen=True)
class Process:
    exe: str
    uptime_seconds: float
    files_count: int | None
    files_limit: int | None
    resident_bytes: int
    memory_limit_bytes: int | None
    dumps: Known[tuple[Dump, ...]]


@dataclass(frozen=True)
class Pool:
    """The threads of a connector, such as http-nio-8080."""

    name: str
    threads_count: int
    busy_count: int


@dataclass(frozen=True)
class Threads:
    states: Mapping[str, int]
    deadlocks_count: int
    pools: tuple[Pool, ...]


@dataclass(frozen=True)
class Instance:
    name: str
    pid: int
    options: Known[Options]
    process: Known[Process]
    counters: Known[Counters]
    threads: Known[Threads]
    version: Known[Version]
    patched: Known[date]


@dataclass(frozen=True)
class JavaFacts:
    presence: Known[Presence]
    instances: Known[tuple[Instance, ...]]
    host_memory_bytes: Known[int]


def parse(capture: Capture) -> JavaFacts:
    memory = readable(parse_memory, capture.known("/proc/meminfo"))
    found = presence(capture, "java", NONE)
    if not isinstance(found, Presence):
        return JavaFacts(found, found, memory)
    return JavaFacts(found, tuple(instance(capture, server.name, server.pid) for server in found.servers), memory)


def instance(capture: Capture, name: str, pid: int) -> Instance:
    key = f"java {name} "
    process = readable(parse_process, capture.known(key + "process"))
    counters = readable(parse_counters, capture.known(key + "counters"))
    return Instance(
        name, pid, readable(parse_options, capture.known(key + "options")), process, counters,
        readable(parse_threads, capture.known(key + "threads")), readable(version_of, counters, process), readable(patched_of, counters),
    )


# MemTotal:       24684092 kB
def parse_memory(text: str | Unknown) -> Known[int]:
    if isinstance(text, Unknown):
        return text
    match = re.search(r"(?m)^MemTotal:\s+(\d+) kB$", text)
    if match is None:
        raise Unreadable("{key}: {name} is missing", key="/proc/meminfo", name="MemTotal")
    return int(match.group(1)) * 1024


# {"options": ["-Xmx2g", "-XX:+UseG1GC", "-Dshop.key"], "main": "shop.jar"}
def parse_options(text: str | Unknown) -> Known[Options]:
    if isinstance(text, Unknown):
        return text
    words = json_object(text, "options").get("options")
    if not isinstance(words, list):
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key="options")
    return Options(tuple(map(str, words)), size_of(words, "-Xmx", "-XX:MaxHeapSize="), size_of(words, "-Xms", "-XX:InitialHeapSize="),
                   size_of(words, "-XX:MaxMetaspaceSize="))


def size_of(words: list[str], *starts: str) -> int | None:
    """The size that the last of these options gives, as ``-Xmx2g``; None where there is none."""
    for word in reversed(words):
        match = re.fullmatch(r"(\d+)([kmgt]?)", next((word[len(start):] for start in starts if word.startswith(start)), "").lower())
        if match:
            return int(match.group(1)) * UNITS[match.group(2)]
    return None


# {"exe": "/usr/lib/jvm/java-17/bin/java", "user": "shop", "seconds": 864000.0, "files": 210, "files_limit": 1024, "resident_kib": 912000,
#  "memory_limit": null, "dumps": [["hs_err_pid812.log", 102400, 3600]]}
def parse_process(text: str | Unknown) -> Known[Process]:
    if isinstance(text, Unknown):
        return text
    found = json_object(text, "process")
    dumps = found.get("dumps")
    return Process(
        exe=str(found.get("exe", "")), uptime_seconds=number(found, "seconds", "process"), files_count=found.get("files"),
        files_limit=found.get("files_limit"), resident_bytes=int(number(found, "resident_kib", "process")) * 1024,
        memory_limit_bytes=found.get("memory_limit"),
        dumps=Unknown("its working directory can't be read; inspect as root") if dumps is None
        else tuple(Dump(str(name), int(size), float(age)) for name, size, age in dumps),
    )


# {"java.property.java.version": "17.0.19", "sun.gc.collector.0.name": "G1 young collection pauses", "sun.gc.collector.0.time": 469052052,
#  "sun.gc.generation.1.maxCapacity": 6320816136, "sun.gc.generation.1.space.0.used": 9887744, "sun.os.hrt.frequency": 1000000000, ...}
def parse_counters(text: str | Unknown) -> Known[Counters]:
    if isinstance(text, Unknown):
        return text
    found = json_object(text, "counters")
    ticks = number(found, "sun.os.hrt.frequency", "counters")
    names = {place: str(found[f"sun.gc.collector.{place}.name"]) for place in range(4) if f"sun.gc.collector.{place}.name" in found}
    old = 1 if "sun.gc.generation.1.maxCapacity" in found else 0
    most = {place: int(number(found, f"sun.gc.generation.{place}.maxCapacity", "counters")) for place in range(old + 1)}
    concurrent = any(name.startswith(("G1", "Z", "Shenandoah")) for name in names.values())
    full = names.get(1) is not None and "CMS" not in names[1] and "concurrent" not in names[1].lower()
    return Counters(
        java_version=str(found.get("java.property.java.version", "")),
        collections=Collections(
            sum(number(found, f"sun.gc.collector.{place}.time", "counters") for place in names) / ticks,
            sum(int(number(found, f"sun.gc.collector.{place}.invocations", "counters")) for place in names),
            int(number(found, "sun.gc.collector.1.invocations", "counters")) if full else None),
        old_used_bytes=int(number(found, f"sun.gc.generation.{old}.space.0.used", "counters")), old_max_bytes=most[old],
        heap_max_bytes=max(most.values()) if concurrent else sum(most.values()),
        metaspace_used_bytes=int(found.get("sun.gc.metaspace.used", 0)), steady=concurrent,
    )


# {"states": {"RUNNABLE": 11, "WAITING": 14}, "pools": {"http-nio-8080": {"threads": 10, "busy": 0}}, "deadlocks": 0, "complete": true}
def parse_threads(text: str | Unknown) -> Known[Threads]:
    if isinstance(text, Unknown):
        return text
    found = json_object(text, "threads")
    states, pools = found.get("states"), found.get("pools")
    if not isinstance(states, dict) or not isinstance(pools, dict) or not states:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key="threads")
    if not found.get("complete"):
        raise Unreadable("the thread dump ended early")
    return Threads(states, int(number(found, "deadlocks", "threads")),
                   tuple(pool_of(name, counts) for name, counts in sorted(pools.items())))


def pool_of(name: str, counts: Any) -> Pool:
    return Pool(name, int(number(counts, "threads", "threads")), int(number(counts, "busy", "threads")))


# 17.0.19   21   1.8.0_432-b06
VERSION = re.compile(r"(?:1\.(?P<old>[5-8])\.0(?:_(?P<update>\d+))?|(?P<branch>\d+)(?:\.0\.(?P<patch>\d+))?)(?!\d)")


def version_of(counters: Known[Counters], process: Known[Process]) -> Known[Version]:
    if not isinstance(counters, Counters):
        return counters
    match = VERSION.match(counters.java_version)
    if match is None:
        raise Unreadable("{key}: {name} is missing", key="counters", name="java.version")
    return Version(counters.java_version, match["old"] or match["branch"], isinstance(process, Process) and is_packaged(process.exe))


def patched_of(counters: Known[Counters]) -> Known[date]:
    """When this update came out, from its number: they come every January, April, July and October, on the Tuesday nearest the 17th.

    8u302 was July 2021's, each later one adds 10 (https://wiki.openjdk.org/display/jdk8u); 11.0.1 was October 2018's, 17.0.1 2021's,
    21.0.1 2023's, 25.0.1 2025's, each later one adds 1 (https://wiki.openjdk.org/display/JDKUpdates).
    """
    if not isinstance(counters, Counters):
        return counters
    match = VERSION.match(counters.java_version)
    if match is None:
        raise Unreadable("{key}: {name} is missing", key="counters", name="java.version")
    if match["old"] == "8" and int(match["update"] or 0) >= 302:
        return quarter(2021, 7, (int(match["update"]) - 302) // 10)
    first = {"11": 2018, "17": 2021, "21": 2023, "25": 2025}.get(match["branch"] or "")
    if first is None:
        return NotHere("updates of Java {version} are not told by their number", {"version": counters.java_version})
    return quarter(first, 10, int(match["patch"] or 0) - 1)


def quarter(year: int, month: int, steps: int) -> date:
    months = year * 12 + month - 1 + 3 * steps
    return date(months // 12, months % 12 + 1, 17)
