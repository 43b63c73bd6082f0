# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Size of a host's four weeks in the archive, and how many of them are read and diagnosed a second and core, at level memory.

The texts are what `sadf -d` would print of a host with 3 disks, 3 file systems and 2 interfaces. A sample of 20 hosts is read over
and over until ``hosts`` have been.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np
import zstandard

from plugins.module_utils.sysstat_columns import KEPT, Columns
from plugins.plugin_utils.archive import Capture, parse
from plugins.plugin_utils.bottleneck.circumstances import circumstances_of
from plugins.plugin_utils.bottleneck.diagnosis import diagnose
from plugins.plugin_utils.facts.history import KEY, parse as history_of
from plugins.plugin_utils.history.series import History, Values

DAYS, STEP, SAMPLE = 28, 600, 20
START = 1792972800
GOAL_RATE, GOAL_BYTES, GOAL_GROWTH = 20.0, 300_000, 1.1
ITEMS = {"": ("",), "CPU": ("-1",), "DEV": ("sda", "sdb", "nvme0n1"), "IFACE": ("eth0", "eth1"), "MOUNTPOINT": ("/", "/var", "/srv")}
OLD = {"%user", "%system", "rd_sec/s", "wr_sec/s", "avgqu-sz", "retrseg/s"}      # of versions before this one


def document(seed: int) -> bytes:
    """A capture of a made-up host, as the archive holds it."""
    rng = np.random.default_rng(seed)
    moments = START + STEP * np.arange(1, DAYS * 86400 // STEP + 1)
    day = 1 + np.sin(moments / 86400 * 2 * np.pi)
    columns = Columns()
    for section, items in ITEMS.items():
        names = [name for name in KEPT[section] if name not in OLD]
        lines = ["# hostname;interval;timestamp;" + ";".join(([section] if section else []) + names)]
        for item in items:
            values = np.stack([column_of(name, rng, day) for name in names], axis=1)
            start = f"h;{STEP};{{}};{item};" if section else f"h;{STEP};{{}};"
            lines += [start.format(moment) + ";".join(f"{value:.2f}" for value in row) for moment, row in zip(moments, values, strict=True)]
        columns.add("\n".join(lines))
    found = {**columns.document(), "files": DAYS, "problems": [], "cpus": 8, "utc_offset_seconds": 0}
    text = json.dumps(found, sort_keys=True, separators=(",", ":"))     # as the capture writes it
    whole = {"schema": 1, "host": f"h{seed}", "run": "bench", "taken_at": "2026-11-22T03:00:00Z",
             "entries": [{"subject": "history", "instance": "history", "kind": "query", "key": KEY, "text": text}]}
    return zstandard.ZstdCompressor(level=9).compress(json.dumps(whole).encode())


def column_of(name: str, rng: np.random.Generator, day: Values) -> Values:
    """Memory and file systems change slowly; of the rest a third is nothing all the time, as on real hosts."""
    if name.startswith(("kb", "MB", "%fs", "%I", "%mem")):
        return np.round(50 + np.cumsum(rng.normal(0, 0.01, len(day))), 2) * (1 if name.startswith("%") else 1e5)
    return np.zeros(len(day)) if rng.random() < 0.35 else rng.gamma(2, 8, len(day)) * day


def analysed(packed: bytes) -> History:
    capture: Capture = parse(json.loads(zstandard.ZstdDecompressor().decompress(packed)), "bench")
    history = history_of(capture).series
    if not isinstance(history, History):
        raise SystemExit(f"bench history: the made-up history can't be read: {history}")
    diagnose(history, circumstances_of({}))
    return history


def measure(options: argparse.Namespace) -> int:
    packed = [document(seed) for seed in range(SAMPLE)]
    size = max(map(len, packed))
    analysed(packed[0])
    resident, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for number in range(options.hosts):
        analysed(packed[number % SAMPLE])
    seconds = time.process_time() - begun
    rate, growth = options.hosts / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / resident
    print(f"{size / 1000:.0f} kB a host for {DAYS} days in the archive (limit {GOAL_BYTES / 1000:.0f} kB)")
    print(f"{options.hosts} hosts ({SAMPLE} different ones): {rate:.1f} hosts a second of CPU read and diagnosed (goal {GOAL_RATE:.0f})")
    print(f"memory grew {growth:.2f}-fold from the first host to the last (limit {GOAL_GROWTH})")
    return 0 if size < GOAL_BYTES and rate >= GOAL_RATE and growth < GOAL_GROWTH else 1
