# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One capture of this machine: entries, raw and compressed size, wall time, CPU time of it and its commands."""

from __future__ import annotations

import argparse
import json
import resource
import time

import zstandard

from plugins.module_utils.observation import observe


def measure(_options: argparse.Namespace) -> int:
    before, started = cpu_seconds(), time.perf_counter()
    capture = observe([], 0, 15, 120, 1 << 20, 0)
    wall, cpu = time.perf_counter() - started, cpu_seconds() - before
    raw = json.dumps(capture).encode()
    compressed = zstandard.ZstdCompressor(level=9).compress(raw)
    print(f"{len(capture['entries'])} entries, {len(raw) / 1000:.1f} kB raw, {len(compressed) / 1000:.1f} kB compressed (limit 60 kB)")
    print(f"{wall:.2f} s, {cpu:.2f} s of CPU")
    slowest = sorted((entry for entry in capture["entries"] if "seconds" in entry), key=lambda entry: -entry["seconds"])[:5]
    for entry in slowest:
        print(f"  {entry['seconds']:6.3f} s  {entry['key']}")
    return 0 if len(compressed) < 60_000 else 1


def cpu_seconds() -> float:
    """CPU time of this process and of the children it waited for, seconds."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
