# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes: those that wait for a device, zombies, and who uses most CPU and memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..absent import Known, Unknown, Unreadable
from ..archive import Capture
from .memory import parse_meminfo

NO_UNITS: Mapping[int, str] = {}
ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


@dataclass(frozen=True)
class Process:
    """``state`` is the kernel's letter; ``cpu_ratio`` of one CPU over the process's life; ``waits_for`` a kernel function or "-".

    ``unit``: its systemd service or scope, "" where it has none or that is not known. ``children_ratio``: as ``cpu_ratio``, of its
    children that have ended, and of theirs.
    """

    pid: int
    parent: int
    name: str
    state: str
    uid: int
    waits_for: str
    age_seconds: float
    cpu_ratio: float
    resident_bytes: int
    unit: str = ""
    children_ratio: float = 0.0


@dataclass(frozen=True)
class ProcessesFacts:
    all: Known[tuple[Process, ...]]
    memory_bytes: Known[int]


def parse(capture: Capture) -> ProcessesFacts:
    uptime = capture.known("/proc/uptime")
    text = capture.known("processes")
    if isinstance(uptime, Unknown):
        found: Known[tuple[Process, ...]] = uptime
    elif isinstance(text, Unknown):
        found = text
    else:
        groups = capture.text("process_groups")         # captures of earlier versions have none
        found = parse_processes(text, _uptime(uptime), parse_units(groups) if isinstance(groups, str) else NO_UNITS)
    return ProcessesFacts(all=found, memory_bytes=_memory(capture))


def _memory(capture: Capture) -> Known[int]:
    text = capture.known("/proc/meminfo")
    if isinstance(text, Unknown):
        return text
    total = parse_meminfo(text).get("MemTotal")
    return total or Unknown("/proc/meminfo: has no MemTotal")


# 81237.52 301455.02
def _uptime(text: str) -> float:
    try:
        return float(text.split()[0])
    except (ValueError, IndexError) as error:
        raise Unreadable("/proc/uptime: is not two numbers") from error


# clock_ticks 100 page_bytes 4096
# 0 - 1 (systemd) S 0 1 1 0 -1 4194560 11000 90000 80 300 120 210 400 500 20 0 1 0 25 170000000 3100 ...
# 33 folio_wait_bit 812 (nginx: worker) D 810 ...
# end 2
def parse_processes(text: str, uptime: float, units: Mapping[int, str]) -> tuple[Process, ...]:
    """``units``: {pid: systemd's unit}. Raises Unreadable when the list is cut off, garbled, or lacks process 1 (hidden by hidepid)."""
    lines = text.splitlines()
    head = lines[0].split() if lines else []
    if len(head) != 4 or head[0] != "clock_ticks" or not head[1].isdecimal() or not head[3].isdecimal() or head[1] == "0":
        raise Unreadable("the list of processes is empty or garbled")
    if lines[-1] != f"end {len(lines) - 2}" or not text.endswith("\n"):
        raise Unreadable("the list of processes is cut off")
    ticks, page = int(head[1]), int(head[3])
    try:
        found = tuple(_process(line, uptime, ticks, page, units) for line in lines[1:-1])
    except (ValueError, IndexError) as error:
        raise Unreadable("the list of processes is empty or garbled") from error
    if not any(process.pid == 1 for process in found):
        raise Unreadable("processes of others are hidden from this user (hidepid); inspect as root to see them")
    return found


def _process(line: str, uptime: float, ticks: int, page: int, units: Mapping[int, str]) -> Process:
    opening, closing = line.index("("), line.rindex(")")
    uid, waits_for, pid = line[:opening].split()
    rest = line[closing + 1:].split(None, 22)
    age = max(0.0, uptime - int(rest[19]) / ticks)
    cpu, children = (int(rest[place]) + int(rest[place + 1]) for place in (11, 13))
    share = 1 / ticks / age if age >= 60 else 0.0
    return Process(
        pid=int(pid), parent=int(rest[1]), name=line[opening + 1:closing], state=rest[0], uid=int(uid), waits_for=waits_for,
        age_seconds=age, cpu_ratio=cpu * share, resident_bytes=max(0, int(rest[21])) * page, unit=units.get(int(pid), ""),
        children_ratio=children * share,
    )


# 1 /init.scope
# 812 /system.slice/system-postgresql.slice/postgresql@15-main.service
# end 2
def parse_units(text: str) -> Mapping[int, str]:
    """{pid: its unit}; nothing of a list that is cut off or garbled: units are an addition, and no process is judged by them."""
    lines = text.splitlines()
    if not lines or lines[-1] != f"end {len(lines) - 1}" or not text.endswith("\n"):
        return NO_UNITS
    found = {pid: unit_of(path) for pid, _blank, path in (line.partition(" ") for line in lines[:-1])}
    return {int(pid): unit for pid, unit in found.items() if pid.isdecimal()}


# /machine.slice/machine-web\x2d1.scope/system.slice/nginx.service
def unit_of(path: str) -> str:
    """The innermost service or scope of a control group, as systemctl names it; "" where there is none."""
    parts = path.removesuffix(" (deleted)").split("/")
    name = next((part for part in reversed(parts) if part.endswith((".service", ".scope"))), "")
    return ESCAPED.sub(lambda match: bytes.fromhex(match.group(1).decode()), name.encode()).decode("utf-8", "replace")
