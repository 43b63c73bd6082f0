# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tw_cli (3ware): ``info`` lists the controllers with how many units and drives each has; ``info cN unitstatus`` and ``drivestatus``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from .raid_model import NOTHING, Battery, Controller, Disk, Part, Volume

T = TypeVar("T")
UNIT = re.compile(r"^u(\d+)\s+(\S+)\s+(\S+)\s+(\S+)\s+")
DRIVE = re.compile(r"^p(\d+)\s+(\S+)\s+(\S+)")


@dataclass(frozen=True)
class Line:
    """One controller of ``tw_cli info``."""

    name: str
    model: str
    drives: int
    units: int
    not_optimal: int
    battery: str


# Ctl   Model        (V)Ports  Drives   Units   NotOpt  RRate   VRate  BBU
# ------------------------------------------------------------------------
# c0    9650SE-8LPML 8         4        1       0       3       3      OK
def parse_info(text: str) -> tuple[Line, ...]:
    """Raises Unreadable for a text that is cut off or not of this format."""
    lines = []
    for line in text.splitlines():
        words = line.split()
        if words and re.fullmatch(r"c\d+", words[0]):
            if len(words) < 8 or not all(word.isdigit() for word in words[3:6]):
                raise Unreadable("tw_cli info: its text is cut off or not of a known format")
            lines.append(Line(words[0], words[1], int(words[3]), int(words[4]), int(words[5]), words[8] if len(words) > 8 else "-"))
    if "Ctl" not in text or (not lines and "No controller" not in text):
        raise Unreadable("tw_cli info: its text is cut off or not of a known format")
    return tuple(lines)


def part(info: str, units: dict[str, Known[str]], drives: dict[str, Known[str]]) -> Part:
    """``units`` and ``drives``: {controller: text}."""
    lines = parse_info(info)
    if not lines:
        return Part()
    batteries = tuple(Battery(f"{line.name}/bbu", line.battery) for line in lines if line.battery not in ("-", "NotPresent"))
    controllers = tuple(
        Controller(line.name, line.model, "OK" if line.not_optimal == 0 else f"{line.not_optimal} units not optimal") for line in lines
    )
    return Part(controllers, _all(lines, units, _volumes), _all(lines, drives, _disks), batteries)


def _all(lines: tuple[Line, ...], texts: dict[str, Known[str]], parser: Callable[[Line, str], list[T]]) -> Known[tuple[T, ...]]:
    found: list[T] = []
    for line in lines:
        text = texts.get(line.name, Unknown("tw_cli info {name}: was not looked at in this capture", {"name": line.name}))
        if isinstance(text, NotHere):
            return NOTHING
        if isinstance(text, Unknown):
            return text
        try:
            found.extend(parser(line, text))
        except Unreadable as error:
            return error.unknown
    return tuple(found)


# Unit  UnitType  Status         %RCmpl  %V/I/M  Stripe  Size(GB)  Cache  AVrfy
# u0    RAID-5    OK             -       -       64K     1396.93   ON     OFF
def _volumes(line: Line, text: str) -> list[Volume]:
    matches = [match for match in map(UNIT.match, text.splitlines()) if match]
    if len(matches) < line.units:
        raise Unreadable("tw_cli info {name}: shows fewer units or drives than the controller has", name=line.name)
    return [Volume(f"{line.name}/u{match[1]}", "", match[2], match[3]) for match in matches]


# Port   Status           Unit   Size        Blocks        Serial
# p0     OK               u0     279.46 GB   586072368     3XX07VGX
def _disks(line: Line, text: str) -> list[Disk]:
    matches = [match for match in map(DRIVE.match, text.splitlines()) if match and match[2] != "NOT-PRESENT"]
    if len(matches) < line.drives:
        raise Unreadable("tw_cli info {name}: shows fewer units or drives than the controller has", name=line.name)
    return [Disk(f"{line.name}/p{match[1]}", match[2]) for match in matches]
