# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.memory import MemorySizes, SwapTraffic
from ..findings import Above, Below, Domain, Finding, Rule, Severity


def check_memory_available(levels: Mapping[str, Any], sizes: MemorySizes) -> Iterator[Finding]:
    ratio = sizes.available_bytes / sizes.total_bytes
    yield Finding(
        levels["available_ratio"].grade(ratio), "memory", "{available_ratio} of {total_bytes} available",
        {"available_ratio": ratio, "total_bytes": sizes.total_bytes, "available_bytes": sizes.available_bytes},
    )


MEMORY_AVAILABLE = Rule(
    id="memory_available",
    title="Enough memory is available",
    domain=Domain.OS,
    why="With little memory available the kernel drops its caches, swaps, and in the end kills processes.",
    fix="Find the largest users (finding processes_top), cap or move them, or add memory.",
    needs=("memory.sizes",),
    evidence=("/proc/meminfo",),
    levels={"available_ratio": Below(warning=0.10, critical=0.05, source="node-mixin, awesome-prometheus-alerts: 10 %; 5 %: our judgement")},
    impact=3,
    track=("available_ratio",),
    check=check_memory_available,
)


def check_swap_activity(levels: Mapping[str, Any], traffic: SwapTraffic) -> Iterator[Finding]:
    yield Finding(
        levels["out_per_second"].grade(traffic.out_per_second), "swap", "{out_per_second} pages swapped out, {in_per_second} in",
        {"out_per_second": traffic.out_per_second, "in_per_second": traffic.in_per_second},
    )


SWAP_ACTIVITY = Rule(
    id="swap_activity",
    title="The host is not swapping",
    domain=Domain.OS,
    why="A host that swaps all the time waits for its disks instead of working.",
    fix="Find what grew (processes_top), cap it or add memory; do not just switch swap off.",
    needs=("memory.swap_traffic",),
    evidence=("/proc/vmstat", "/proc/swaps"),
    levels={"out_per_second": Above(warning=5, critical=1000, source="pmie: 5 pages/s out, persistent; 1000: our judgement")},
    impact=3,
    check=check_swap_activity,
)


def check_oom_kills(_levels: Mapping[str, Any], kills: int, history: Mapping[str, Any]) -> Iterator[Finding]:
    seen = history.get("memory", {}).get("kills_count", ())
    before = seen[-1][1] if seen and seen[-1][1] <= kills else 0       # a smaller count: rebooted since
    values = {"new_count": kills - before, "kills_count": kills}
    if kills > before:
        yield Finding(Severity.WARNING, "memory", "{new_count} processes killed for lack of memory since last time", values)
    else:
        yield Finding(Severity.OK, "memory", "no process killed for lack of memory", values)


OOM_KILLS = Rule(
    id="oom_kills",
    title="No process was killed for lack of memory",
    domain=Domain.OS,
    why="The kernel killed a process because memory, or the limit of its control group, was used up; a service was cut off.",
    fix="Look in the kernel log for what was killed; give it a higher limit, less load, or the host more memory.",
    needs=("memory.oom_kills", "history.oom_kills"),
    evidence=("/proc/vmstat",),
    impact=3,
    track=("kills_count",),
    check=check_oom_kills,
)

RULES = (MEMORY_AVAILABLE, SWAP_ACTIVITY, OOM_KILLS)
