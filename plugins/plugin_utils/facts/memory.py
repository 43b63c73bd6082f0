# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory: sizes in bytes, swap traffic in pages per second, OOM kills since boot, transparent huge pages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown
from ..archive import Capture
from .container import not_its_own
from .counters import deltas

VMSTAT = re.compile(r"^(pswpin|pswpout|oom_kill) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class MemorySizes:
    """Bytes. ``available`` is estimated as free(1) did before Linux 3.14 where the kernel doesn't tell it."""

    total_bytes: int
    available_bytes: int
    swap_total_bytes: int
    swap_free_bytes: int
    huge_total_bytes: int
    huge_free_bytes: int        # neither used nor promised to a process
    committed_bytes: int        # what processes asked for; 0 where the kernel doesn't tell it
    commit_limit_bytes: int


@dataclass(frozen=True)
class SwapTraffic:
    """Pages per second between the two samples."""

    in_per_second: float
    out_per_second: float


@dataclass(frozen=True)
class MemoryFacts:
    sizes: Known[MemorySizes]
    swap_traffic: Known[SwapTraffic]
    oom_kills: Known[int]
    transparent_huge_pages: Known[str]
    overcommit: Known[int]


def parse(capture: Capture) -> MemoryFacts:
    sizes = _sizes(capture.known("/proc/meminfo"))
    other = not_its_own(capture, "/proc/vmstat")
    return MemoryFacts(
        sizes=sizes,
        swap_traffic=other or _swap_traffic(capture),
        oom_kills=other or _oom_kills(capture.known("/proc/vmstat")),
        transparent_huge_pages=_chosen(capture.text("/sys/kernel/mm/transparent_hugepage/enabled")),
        overcommit=_overcommit(capture.known("/proc/sys/vm/overcommit_memory")),
    )


# MemTotal:       16278008 kB
# HugePages_Total:       0
def parse_meminfo(text: str) -> dict[str, int]:
    """{name: bytes}, or a bare count for the lines that have no unit."""
    values = {}
    for line in text.splitlines():
        name, _colon, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdecimal():
            values[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return values


def _sizes(text: str | Unknown) -> Known[MemorySizes]:
    if isinstance(text, Unknown):
        return text
    if not text.endswith("\n"):
        return Unknown("/proc/meminfo: does not end with a whole line; it is cut off")
    values = {name: size for name, size in parse_meminfo(text).items() if size or name != "MemTotal"}
    try:
        available = values.get("MemAvailable")
        if available is None:
            reclaimable = values["Buffers"] + values["Cached"] + values.get("SReclaimable", 0) - values.get("Shmem", 0)
            available = values["MemFree"] + max(0, reclaimable)
        page = values.get("Hugepagesize", 0)
        return MemorySizes(
            total_bytes=values["MemTotal"], available_bytes=available,
            swap_total_bytes=values["SwapTotal"], swap_free_bytes=values["SwapFree"],
            huge_total_bytes=values.get("HugePages_Total", 0) * page,
            huge_free_bytes=max(0, values.get("HugePages_Free", 0) - values.get("HugePages_Rsvd", 0)) * page,
            committed_bytes=values.get("Committed_AS", 0), commit_limit_bytes=values.get("CommitLimit", 0),
        )
    except KeyError as missing:
        return Unknown("/proc/meminfo: has no line {name}; it is cut off or not a meminfo", {"name": str(missing.args[0])})


# pswpin 0
# pswpout 1824
def parse_vmstat(text: str) -> dict[str, float]:
    """The counters that we use; the file has about 200."""
    return {name: float(count) for name, count in VMSTAT.findall(text)}


def _swap_traffic(capture: Capture) -> Known[SwapTraffic]:
    growth = deltas(capture, "/proc/vmstat", parse_vmstat)
    if isinstance(growth, Unknown | NotHere):
        return growth
    seconds, pages = growth
    if not {"pswpin", "pswpout"} <= set(pages):
        return Unknown("/proc/vmstat: has no pswpin and pswpout in both samples")
    return SwapTraffic(pages["pswpin"] / seconds, pages["pswpout"] / seconds)


def _oom_kills(text: str | Unknown) -> Known[int]:
    if isinstance(text, Unknown):
        return text
    if not text.endswith("\n"):
        return Unknown("/proc/vmstat: is cut off or not such a file")
    count = parse_vmstat(text).get("oom_kill")
    if count is None and "pgrotated" not in text:       # the counter stands a few lines below that one
        return Unknown("/proc/vmstat: is cut off or not such a file")
    if count is None:                   # Linux before 4.13; the kernel log shows them there
        return NotHere("this kernel does not count OOM kills")
    return int(count)


# always [madvise] never
def _chosen(text: str | Unknown | NotHere) -> Known[str]:
    if not isinstance(text, str):
        return text
    chosen = [word.strip("[]") for word in text.split() if word.startswith("[") and word.endswith("]")]
    return chosen[0] if len(chosen) == 1 else Unknown("transparent_hugepage/enabled: names no chosen mode")


# 0
def _overcommit(text: str | Unknown) -> Known[int]:
    if isinstance(text, Unknown):
        return text
    return int(text) if text.strip() in ("0", "1", "2") else Unknown("vm.overcommit_memory: is none of 0, 1, 2")
