# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..facts.processes import Process
from ..findings import Above, Domain, Finding, Rule, Severity

SHOWN = 5
LARGE = "{resident_bytes} of memory ({memory_ratio}), {cpu_ratio} of a CPU since it started"
LARGE_OF_UNIT = "{resident_bytes} of memory ({memory_ratio}), {cpu_ratio} of a CPU since it started; of {unit}"


def names(processes: Iterable[Process], label: Callable[[Process], str]) -> tuple[str, ...]:
    """The commonest labels, each with its count where there are several."""
    return tuple(f"{name} ({count})" if count > 1 else name for name, count in Counter(map(label, processes)).most_common(SHOWN))


def check_uninterruptible(levels: Mapping[str, Any], processes: tuple[Process, ...]) -> Iterator[Finding]:
    waiting = [process for process in processes if process.state == "D"]
    values = {"waiting_count": len(waiting), "who": names(waiting, lambda process: f"{process.name} in {process.waits_for}")}
    message = "{waiting_count} processes wait for a device: {who}" if waiting else "no process waits for a device"
    yield Finding(levels["waiting_count"].grade(len(waiting)), "processes", message, values)


PROCESS_UNINTERRUPTIBLE = Rule(
    id="process_uninterruptible",
    title="Few processes wait uninterruptibly",
    domain=Domain.OS,
    why="Many processes in state D stand for storage or a network file system that answers slowly or not at all; they can't be killed.",
    fix="See what they wait for, then look at that disk, path or NFS server; restarting them does not help.",
    needs=("processes.all",),
    evidence=("processes",),
    levels={"waiting_count": Above(warning=5, critical=20, source="our judgement: a few are normal under I/O")},
    impact=3,
    check=check_uninterruptible,
)


def check_zombies(levels: Mapping[str, Any], processes: tuple[Process, ...]) -> Iterator[Finding]:
    zombies = [process for process in processes if process.state == "Z"]
    parents = {process.pid: process.name for process in processes}
    values = {"zombies_count": len(zombies), "who": names(zombies, lambda process: parents.get(process.parent, str(process.parent)))}
    message = "{zombies_count} zombies, children of {who}" if zombies else "no zombies"
    yield Finding(levels["zombies_count"].grade(len(zombies)), "processes", message, values)


PROCESS_ZOMBIES = Rule(
    id="process_zombies",
    title="Few zombie processes",
    domain=Domain.OS,
    why="A program that does not collect its ended children has a fault; in the end no new process can start.",
    fix="Report the fault to whoever maintains the parent process; restarting the parent removes its zombies.",
    needs=("processes.all",),
    evidence=("processes",),
    levels={"zombies_count": Above(warning=5, critical=20, source="our judgement; Zabbix and others only count them")},
    impact=1,
    check=check_zombies,
)


def check_top(levels: Mapping[str, Any], processes: tuple[Process, ...], memory_bytes: int) -> Iterator[Finding]:
    largest = sorted(processes, key=lambda item: -item.resident_bytes)[:SHOWN]
    busiest = sorted(processes, key=lambda item: -item.cpu_ratio)[:SHOWN]
    heavy = [process for process in dict.fromkeys((*largest, *busiest))
             if levels["memory_ratio"].grade(process.resident_bytes / memory_bytes) or levels["cpu_ratio"].grade(process.cpu_ratio)]
    for process in heavy:
        yield Finding(
            Severity.INFO, f"{process.name} ({process.pid})",
            LARGE_OF_UNIT if process.unit else LARGE,
            {"resident_bytes": process.resident_bytes, "memory_ratio": process.resident_bytes / memory_bytes,
             "cpu_ratio": process.cpu_ratio, "unit": process.unit},
        )
    if not heavy:
        yield Finding(Severity.OK, "processes", "{processes_count} processes, none of them large", {"processes_count": len(processes)})


PROCESSES_TOP = Rule(
    id="processes_top",
    title="The largest users of CPU and memory",
    domain=Domain.OS,
    why="Who uses most says where tuning pays, and what to look at when the host is slow.",
    fix="Nothing to mend by itself: read it beside the findings about CPU and memory.",
    needs=("processes.all", "processes.memory_bytes"),
    evidence=("processes",),
    levels={
        "memory_ratio": Above(warning=0.25, source="our judgement: worth naming, no warning"),
        "cpu_ratio": Above(warning=0.5, source="our judgement: half a CPU over its whole life; worth naming, no warning"),
    },
    impact=1,
    check=check_top,
)

RULES = (PROCESS_UNINTERRUPTIBLE, PROCESS_ZOMBIES, PROCESSES_TOP)
