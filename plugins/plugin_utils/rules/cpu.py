# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.cpu import CpuShares, History, Load, Offline
from ..findings import Above, Domain, Finding, Rule, Severity

LONG = 0.7      # a load of 15 minutes per CPU over which a busy moment is more than a moment


def _lasting(severity: Severity, lasting: bool) -> Severity:
    """A moment's value over its limit is worth naming; only one that lasts is a warning."""
    return severity if lasting or severity is Severity.OK else Severity.INFO


def check_busy(levels: Mapping[str, Any], shares: Mapping[str, CpuShares], load: Load, count: int) -> Iterator[Finding]:
    busy = shares["cpu"].busy_ratio
    severity = _lasting(levels["busy_ratio"].grade(busy), load.fifteen / count >= LONG)
    yield Finding(severity, "cpu", "{busy_ratio} busy ({system_ratio} in the kernel), load {load_fifteen} on {cpus_count} CPUs",
                  {"busy_ratio": busy, "system_ratio": shares["cpu"].system_ratio, "load_fifteen": load.fifteen, "cpus_count": count})


CPU_BUSY = Rule(
    id="cpu_busy",
    title="The CPUs have time left",
    domain=Domain.OS,
    why="When the CPUs are busy all the time, every request waits for its turn.",
    fix="See processes_top; tune or move the largest user, or add CPUs.",
    needs=("cpu.shares", "cpu.load", "cpu.count"),
    evidence=("/proc/stat", "/proc/loadavg"),
    levels={"busy_ratio": Above(warning=0.80, critical=0.95, source="awesome-prometheus-alerts 80 %, node-mixin 90 %; 95 %: ours")},
    impact=3,
    track=("busy_ratio",),
    check=check_busy,
)


def check_load(levels: Mapping[str, Any], load: Load, count: int) -> Iterator[Finding]:
    ratio = load.fifteen / count
    yield Finding(levels["load_per_cpu"].grade(ratio), "load", "load {load_fifteen} over 15 minutes on {cpus_count} CPUs",
                  {"load_per_cpu": ratio, "load_fifteen": load.fifteen, "cpus_count": count})


CPU_LOAD = Rule(
    id="cpu_load",
    title="The load fits the number of CPUs",
    domain=Domain.OS,
    why="More tasks than CPUs want to run, or wait for disks; all of them get slower.",
    fix="If cpu_busy is high, relieve the CPUs; if not, look at the disks and at processes that wait uninterruptibly.",
    needs=("cpu.load", "cpu.count"),
    evidence=("/proc/loadavg",),
    levels={"load_per_cpu": Above(warning=1.5, critical=3, source="Zabbix 1.5; pmie 3")},
    impact=2,
    track=("load_per_cpu",),
    check=check_load,
)


# The tasks that wait for a part of the CPUs make at least that much load: with less load in 15 minutes it was a moment.
def check_iowait(levels: Mapping[str, Any], shares: Mapping[str, CpuShares], load: Load, count: int) -> Iterator[Finding]:
    ratio = shares["cpu"].iowait_ratio
    severity = _lasting(levels["iowait_ratio"].grade(ratio), load.fifteen / count >= ratio)
    yield Finding(severity, "cpu", "{iowait_ratio} of the time idle for want of a disk", {"iowait_ratio": ratio})


CPU_IOWAIT = Rule(
    id="cpu_iowait",
    title="The CPUs do not wait for disks",
    domain=Domain.OS,
    why="CPUs stood idle while tasks waited for storage: the storage is the bottleneck.",
    fix="Find the disk by disk_latency and the process that causes it; spread or cache its I/O, or get faster storage.",
    needs=("cpu.shares", "cpu.load", "cpu.count"),
    evidence=("/proc/stat", "/proc/loadavg"),
    levels={"iowait_ratio": Above(warning=0.20, critical=0.40, source="netdata 40 %; awesome-prometheus-alerts 10 %; 20 %: ours")},
    impact=2,
    track=("iowait_ratio",),
    check=check_iowait,
)


def check_steal(levels: Mapping[str, Any], shares: Mapping[str, CpuShares], load: Load, count: int) -> Iterator[Finding]:
    ratio = shares["cpu"].steal_ratio
    severity = _lasting(levels["steal_ratio"].grade(ratio), load.fifteen / count >= ratio)
    yield Finding(severity, "cpu", "{steal_ratio} of the time taken by the hypervisor", {"steal_ratio": ratio})


CPU_STEAL = Rule(
    id="cpu_steal",
    title="The hypervisor gives the CPU time that is due",
    domain=Domain.HARDWARE,
    why="The host of this virtual machine is overbooked: its CPUs ran others while this machine wanted to work.",
    fix="Move the machine to another host, or reserve CPU for it; more virtual CPUs make it worse.",
    needs=("cpu.shares", "cpu.load", "cpu.count"),
    evidence=("/proc/stat", "/proc/loadavg"),
    levels={"steal_ratio": Above(warning=0.05, critical=0.10, source="netdata, awesome-prometheus-alerts: 10 %; 5 %: our judgement")},
    impact=3,
    track=("steal_ratio",),
    check=check_steal,
)


def check_offline(_levels: Mapping[str, Any], offline: Offline) -> Iterator[Finding]:
    if not offline.cpus:
        yield Finding(Severity.OK, "cpu", "all CPUs are online")
    elif offline.smt in ("off", "forceoff"):
        yield Finding(Severity.INFO, "cpu", "{count} CPUs are offline, as hyper-threading is switched off", {"count": len(offline.cpus)})
    else:
        yield Finding(Severity.WARNING, "cpu", "{count} CPUs are offline: {cpus}", {"count": len(offline.cpus), "cpus": offline.cpus})


CPU_OFFLINE = Rule(
    id="cpu_offline",
    title="All CPUs are online",
    domain=Domain.OS,
    why="A CPU that is there but not used was switched off by someone, or by the kernel after errors.",
    fix="Look in the kernel log why; switch it on again (echo 1 > /sys/devices/system/cpu/cpuN/online) or have the part replaced.",
    needs=("cpu.offline",),
    evidence=("/sys/devices/system/cpu/present", "/sys/devices/system/cpu/online"),
    impact=2,
    check=check_offline,
)


def check_vulnerabilities(_levels: Mapping[str, Any], vulnerabilities: Mapping[str, str]) -> Iterator[Finding]:
    names = tuple(sorted(name for name, state in vulnerabilities.items() if state.startswith("Vulnerable")))
    if names:
        yield Finding(Severity.INFO, "cpu", "not mitigated: {names}", {"names": names})
    else:
        yield Finding(Severity.OK, "cpu", "all known vulnerabilities of this CPU are mitigated")


CPU_VULNERABILITIES = Rule(
    id="cpu_vulnerabilities",
    title="The CPU's vulnerabilities are mitigated",
    domain=Domain.HARDWARE,
    why="A program on this host can read memory of others through the CPU.",
    fix="Update kernel and microcode; in a virtual machine the hypervisor must pass the mitigation on.",
    needs=("cpu.vulnerabilities",),
    evidence=("/sys/devices/system/cpu/vulnerabilities/*",),
    impact=1,
    change_risk=2,
    check=check_vulnerabilities,
)


def check_long_term(levels: Mapping[str, Any], history: History) -> Iterator[Finding]:
    yield Finding(levels["p95_ratio"].grade(history.p95_ratio), "cpu",
                  "busier than {p95_ratio} in 5 % of {samples_count} samples of {days_count} days",
                  {"p95_ratio": history.p95_ratio, "samples_count": history.samples_count, "days_count": history.days_count})


CPU_BUSY_LONG_TERM = Rule(
    id="cpu_busy_long_term",
    title="The CPUs had time left in the last weeks",
    domain=Domain.OS,
    why="What is busy for weeks is a bottleneck, not a peak.",
    fix="Plan: tune the largest user, move work to quiet hours, or add CPUs.",
    needs=("cpu.history",),
    evidence=("sadf -d *",),
    levels={"p95_ratio": Above(warning=0.80, critical=0.90, source="Linuxfabrik 80/90 %; Azure Advisor judges the P95 of 7 days")},
    impact=3,
    change_risk=2,
    track=("p95_ratio",),
    check=check_long_term,
)

RULES = (CPU_BUSY, CPU_LOAD, CPU_IOWAIT, CPU_STEAL, CPU_OFFLINE, CPU_VULNERABILITIES, CPU_BUSY_LONG_TERM)
