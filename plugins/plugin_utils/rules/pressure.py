# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.pressure import Pressure
from ..findings import Above, Domain, Finding, Rule, Severity


def check_pressure(levels: Mapping[str, Any], pressure: Pressure) -> Iterator[Finding]:
    some = pressure.some.long_ratio
    full = pressure.full.long_ratio if pressure.full is not None else 0.0
    graded: list[Severity] = [levels["some_ratio"].grade(some)]
    if "full_ratio" in levels:
        graded.append(levels["full_ratio"].grade(full))
    yield Finding(max(graded), "pressure", "some tasks waited {some_ratio} of the last 5 minutes, all of them {full_ratio}",
                  {"some_ratio": some, "full_ratio": full})


PRESSURE_CPU = Rule(
    id="pressure_cpu",
    title="Tasks get a CPU when they need one",
    domain=Domain.OS,
    why="Tasks that could run wait for a CPU: answers take longer.",
    fix="See cpu_busy and processes_top; a limit of the control group or hypervisor may also be the cause.",
    needs=("pressure.cpu",),
    evidence=("/proc/pressure/cpu",),
    levels={"some_ratio": Above(warning=0.50, critical=0.90, source="our judgement: one task waiting half of the time")},
    impact=2,
    track=("some_ratio",),
    check=check_pressure,
)

PRESSURE_MEMORY = Rule(
    id="pressure_memory",
    title="Tasks do not wait for memory",
    domain=Domain.OS,
    why="Tasks wait for pages to be freed or read back: the memory is too small for the work.",
    fix="See memory_available and processes_top; cap the largest user or add memory.",
    needs=("pressure.memory",),
    evidence=("/proc/pressure/memory",),
    levels={
        "some_ratio": Above(warning=0.10, source="our judgement, 10 % of five minutes"),
        "full_ratio": Above(warning=0.05, critical=0.10, source="our judgement, 10 % of five minutes"),
    },
    impact=3,
    track=("some_ratio",),
    check=check_pressure,
)

PRESSURE_IO = Rule(
    id="pressure_io",
    title="Tasks do not wait long for I/O",
    domain=Domain.OS,
    why="Tasks wait for disks or network storage: the storage is the bottleneck.",
    fix="See disk_latency for the disk, and the process that causes the I/O.",
    needs=("pressure.io",),
    evidence=("/proc/pressure/io",),
    levels={
        "some_ratio": Above(warning=0.30, source="our judgement"),
        "full_ratio": Above(warning=0.20, critical=0.50, source="our judgement"),
    },
    impact=2,
    track=("some_ratio",),
    check=check_pressure,
)

RULES = (PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO)
