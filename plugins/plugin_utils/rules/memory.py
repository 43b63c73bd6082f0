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
    levels={"available_ratio": Below(warning=0.10, critical=0.05, source="node-mixin, awesome-prometheus-alerts: 10 %; 5 %: ours")},
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

DATABASES = ("database", "postgresql", "mysql", "mariadb", "oracle", "redis", "mongodb", "mssql", "db2")
TIGHT = 0.2     # available memory under which used swap is a want and not just idle pages put away


def is_database(role: str) -> bool:
    return any(name in role.lower() for name in DATABASES)


def check_swap_used(levels: Mapping[str, Any], sizes: MemorySizes) -> Iterator[Finding]:
    if not sizes.swap_total_bytes:
        yield Finding(Severity.OK, "swap", "the host has no swap")
        return
    ratio = 1 - sizes.swap_free_bytes / sizes.swap_total_bytes
    severity = levels["swap_used_ratio"].grade(ratio)
    if severity > Severity.OK and sizes.available_bytes / sizes.total_bytes > TIGHT:
        severity = Severity.INFO
    yield Finding(severity, "swap", "{swap_used_ratio} of {swap_total_bytes} swap used, {available_bytes} of memory available",
                  {"swap_used_ratio": ratio, "swap_total_bytes": sizes.swap_total_bytes, "available_bytes": sizes.available_bytes})


SWAP_USED = Rule(
    id="swap_used",
    title="Swap is not used up",
    domain=Domain.OS,
    why="When swap is full too, the kernel kills processes.",
    fix="Find what grew (processes_top); cap it or add memory.",
    needs=("memory.sizes",),
    evidence=("/proc/meminfo", "/proc/swaps"),
    levels={"swap_used_ratio": Above(warning=0.5, critical=0.8, source="Zabbix 50 % free; awesome-prometheus-alerts 80 % used")},
    impact=3,
    track=("swap_used_ratio",),
    check=check_swap_used,
)


def check_swap_database(levels: Mapping[str, Any], sizes: MemorySizes, role: str) -> Iterator[Finding]:
    used = sizes.swap_total_bytes - sizes.swap_free_bytes
    ratio = used / sizes.swap_total_bytes if sizes.swap_total_bytes else 0.0
    severity = levels["swap_used_ratio"].grade(ratio) if is_database(role) else Severity.OK
    yield Finding(severity, "swap", "{used_bytes} ({swap_used_ratio}) of swap used on a host with the role {role}",
                  {"used_bytes": used, "swap_used_ratio": ratio, "role": role})


SWAP_USED_DATABASE = Rule(
    id="swap_used_database",
    title="A database host does not swap",
    domain=Domain.DATABASE,
    why="A database counts on its cache being in memory; a page of it in swap costs more than reading the table.",
    fix="Lower the database's memory settings or vm.swappiness (1 to 10), or add memory.",
    needs=("memory.sizes", "settings.role"),
    evidence=("/proc/meminfo",),
    levels={"swap_used_ratio": Above(warning=0.10, critical=0.50, source="Pigsty warns at 1 %; 10 and 50 %: our judgement")},
    impact=2,
    check=check_swap_database,
)


def check_transparent_huge_pages(_levels: Mapping[str, Any], mode: str, role: str) -> Iterator[Finding]:
    wrong = mode == "always" and is_database(role) and "mssql" not in role.lower()
    yield Finding(Severity.WARNING if wrong else Severity.OK, "memory", "transparent huge pages are {mode} on a host with the role {role}",
                  {"mode": mode, "role": role})


TRANSPARENT_HUGE_PAGES = Rule(
    id="transparent_huge_pages",
    title="Transparent huge pages fit the host's role",
    domain=Domain.DATABASE,
    why="Databases get pauses and waste memory when the kernel joins pages behind their back; their makers advise against it.",
    fix="Set transparent_hugepage=madvise or never (by the tuned profile of the database); use explicit huge pages.",
    needs=("memory.transparent_huge_pages", "settings.role"),
    evidence=("/sys/kernel/mm/transparent_hugepage/enabled",),
    impact=2,
    change_risk=2,
    check=check_transparent_huge_pages,
)


def check_huge_pages(levels: Mapping[str, Any], sizes: MemorySizes) -> Iterator[Finding]:
    ratio = sizes.huge_free_bytes / sizes.total_bytes
    yield Finding(levels["unused_ratio"].grade(ratio), "huge pages", "{unused_bytes} of {huge_bytes} reserved as huge pages lie unused",
                  {"unused_ratio": ratio, "unused_bytes": sizes.huge_free_bytes, "huge_bytes": sizes.huge_total_bytes})


HUGE_PAGES_UNUSED = Rule(
    id="huge_pages_unused",
    title="Reserved huge pages are used",
    domain=Domain.OS,
    why="Memory reserved as huge pages can serve nothing else; unused it is lost, and the database may be running without them.",
    fix="Let the database use them (huge_pages, use_large_pages, memlock limit), or lower vm.nr_hugepages.",
    needs=("memory.sizes",),
    evidence=("/proc/meminfo", "/proc/sys/vm/nr_hugepages"),
    levels={"unused_ratio": Above(warning=0.10, source="our judgement: a tenth of all memory")},
    impact=2,
    change_risk=2,
    check=check_huge_pages,
)


def check_memory_expected(levels: Mapping[str, Any], sizes: MemorySizes, expected_bytes: int) -> Iterator[Finding]:
    ratio = sizes.total_bytes / expected_bytes if expected_bytes else 1.0
    yield Finding(levels["present_ratio"].grade(ratio), "memory", "{total_bytes} of the expected {expected_bytes} are there",
                  {"present_ratio": ratio, "total_bytes": sizes.total_bytes, "expected_bytes": expected_bytes})


MEMORY_EXPECTED = Rule(
    id="memory_expected",
    title="All memory is there",
    domain=Domain.HARDWARE,
    why="A module that failed its test at boot is left out silently; the host goes on with less.",
    fix="Compare with memory_modules and the BMC's log; have the module replaced, or correct caretaker_memory_bytes.",
    needs=("memory.sizes", "settings.memory_bytes"),
    evidence=("/proc/meminfo",),
    levels={"present_ratio": Below(warning=0.90, critical=0.55, source="our judgement: the kernel keeps 1 to 5 % for itself")},
    impact=3,
    check=check_memory_expected,
)


def check_overcommit(levels: Mapping[str, Any], mode: int, sizes: MemorySizes) -> Iterator[Finding]:
    ratio = sizes.committed_bytes / sizes.commit_limit_bytes if sizes.commit_limit_bytes else 0.0
    values = {"committed_ratio": ratio, "committed_bytes": sizes.committed_bytes, "limit_bytes": sizes.commit_limit_bytes}
    if mode == 2:
        yield Finding(levels["committed_ratio"].grade(ratio), "memory", "{committed_bytes} of at most {limit_bytes} promised to processes",
                      values)
    elif mode == 1:
        yield Finding(Severity.INFO, "memory", "the kernel promises any amount of memory (vm.overcommit_memory = 1)")
    else:
        yield Finding(Severity.OK, "memory", "the kernel refuses only obvious overcommitment of memory")


MEMORY_OVERCOMMIT = Rule(
    id="memory_overcommit",
    title="Promised memory stays under its limit",
    domain=Domain.OS,
    why="Under strict accounting (vm.overcommit_memory = 2) programs get no memory once the limit is reached, however much is free.",
    fix="Raise vm.overcommit_ratio or add swap; find who asks for much and uses little.",
    needs=("memory.overcommit", "memory.sizes"),
    evidence=("/proc/meminfo", "/proc/sys/vm/overcommit_*"),
    levels={"committed_ratio": Above(warning=0.90, critical=0.97, source="our judgement: at 100 % allocations fail")},
    impact=3,
    change_risk=2,
    check=check_overcommit,
)

RULES = (
    MEMORY_AVAILABLE, SWAP_ACTIVITY, OOM_KILLS, SWAP_USED, SWAP_USED_DATABASE, TRANSPARENT_HUGE_PAGES, HUGE_PAGES_UNUSED, MEMORY_EXPECTED,
    MEMORY_OVERCOMMIT,
)
