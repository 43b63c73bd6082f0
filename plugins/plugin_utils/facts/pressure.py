# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pressure stall information: parts of the time, 0 to 1, in which tasks waited for CPU, memory or I/O."""

from __future__ import annotations

from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown
from ..archive import Capture
from .container import not_its_own

NO_PSI = NotHere("this kernel keeps no pressure stall information (it needs Linux 4.20, and psi=1 on some distributions)")


@dataclass(frozen=True)
class Stall:
    """Averages over 10, 60 and 300 seconds, and the sum of all waiting since boot."""

    ten_ratio: float
    sixty_ratio: float
    long_ratio: float
    total_seconds: float


@dataclass(frozen=True)
class Pressure:
    """``some``: at least one task waited; ``full``: all did, None where the kernel doesn't tell it (CPU before 5.13)."""

    some: Stall
    full: Stall | None


@dataclass(frozen=True)
class PressureFacts:
    cpu: Known[Pressure]
    memory: Known[Pressure]
    io: Known[Pressure]


def parse(capture: Capture) -> PressureFacts:
    return PressureFacts(cpu=_pressure(capture, "cpu"), memory=_pressure(capture, "memory"), io=_pressure(capture, "io"))


# some avg10=0.00 avg60=0.12 avg300=1.50 total=9276
# full avg10=0.00 avg60=0.00 avg300=0.00 total=1040
def _pressure(capture: Capture, name: str) -> Known[Pressure]:
    key = "/proc/pressure/" + name
    if (other := not_its_own(capture, key)) is not None:
        return other
    text = capture.text(key)
    entry = capture.entry(key)
    # A kernel started with psi=0 shows the files and refuses to read them
    if isinstance(text, NotHere) or (entry is not None and entry.error == "failed" and "not supported" in entry.stderr):
        return NO_PSI
    if not isinstance(text, str):
        return text
    rows: dict[str, Stall] = {}
    try:
        for line in text.splitlines():
            kind, *pairs = line.split()
            values = {key: float(value) for key, value in (pair.split("=") for pair in pairs)}
            rows[kind] = Stall(values["avg10"] / 100, values["avg60"] / 100, values["avg300"] / 100, values["total"] / 1e6)
    except (ValueError, KeyError):
        return Unknown("{key}: is cut off or not in a known format", {"key": key})
    if "some" not in rows or not text.endswith("\n") or (name != "cpu" and "full" not in rows):
        return Unknown("{key}: is cut off or not in a known format", {"key": key})
    return Pressure(rows["some"], rows.get("full"))
