# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge, record and report many captures, made from real ones (--base, else one of this machine) by a seeded generator.

Limits of the first release: at least 100 captures a second and core, under 500 MB of memory, an entry page under 10 MB.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

from plugins.module_utils.observation import observe
from plugins.plugin_utils.archive import MAX_CAPTURE_BYTES, store
from plugins.plugin_utils.conclude import conclude

RUN = "bench-001"
SYSTEMS = ("ERP", "Mail", "Web shop", "Files", "Warehouse")


def measure(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(options.keep or temporary)
        bases = [read(Path(path)) for path in options.base] or [observe([], 1, 15, 120, 1 << 20, 0)]
        for document in documents(bases, options.captures, options.seed):
            store(home, document)
        before, started = cpu_seconds(), time.perf_counter()
        finished, folder = conclude(home, None, RUN)
        cpu, wall = cpu_seconds() - before, time.perf_counter() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        page = (folder / "report.html").stat().st_size / 1e6
    rate = options.captures / cpu
    print(f"{options.captures} captures: {wall:.1f} s, {cpu:.1f} s of CPU, {rate:.0f} a second and core (limit 100)")
    print(f"largest memory {memory:.0f} MB (limit 500), entry page {page:.2f} MB (limit 10)")
    print(f"found: {finished.counts}")
    return 0 if rate >= 100 and memory < 500 and page < 10 else 1


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def read(path: Path) -> dict[str, Any]:
    """A capture document of an archive."""
    document: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=MAX_CAPTURE_BYTES))
    return document


def documents(bases: list[dict[str, Any]], count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Captures of different hosts: memory, file systems, counters and errors differ, some hosts were not reached."""
    for number in range(count):
        chance = random.Random(seed * 1_000_003 + number)
        base = bases[number % len(bases)]
        document = {**base, "host": f"host{number:05d}.example.org", "run": RUN, "settings": {
            "system": chance.choice(SYSTEMS), "importance": chance.randint(1, 4)}}
        if chance.random() < 0.01:
            document.update(entries=[], problem="unreachable: connection timed out")
        else:
            document["entries"] = [varied(entry, chance) for entry in base["entries"]]
        yield document


def varied(entry: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.002:
        return {**{name: entry[name] for name in ("subject", "kind", "key", "at")}, "error": chance.choice(("denied", "timeout", "failed"))}
    if entry["key"] in CHANGES and "text" in entry:
        return {**entry, "text": CHANGES[entry["key"]](entry["text"], chance)}
    return entry


def _memory(text: str, chance: random.Random) -> str:
    total = int(re.findall(r"MemTotal:\s+(\d+)", text)[0])
    return re.sub(r"(MemAvailable:\s+)\d+", lambda match: match.group(1) + str(int(total * chance.random())), text)


def _numbers(text: str, chance: random.Random) -> str:
    factor = 0.5 + chance.random()
    return re.sub(r"\b\d{4,}\b", lambda match: str(int(int(match.group()) * factor)), text)


CHANGES = {"/proc/meminfo": _memory, "/proc/vmstat": _numbers, "/proc/diskstats": _numbers, "/proc/net/dev": _numbers}

