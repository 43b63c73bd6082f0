# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all RAID controllers have, whichever tool tells it. States are the tool's own words; rules/hardware_raid.py judges them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from ..absent import Known, NotHere, Unknown

T = TypeVar("T")


@dataclass(frozen=True)
class Controller:
    """``problems`` are the tool's words for what else is wrong with it ("Defunct disk drive count: 1")."""

    name: str
    model: str
    state: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Volume:
    """``write_back``: whether writes are cached now; ``write_back_wanted``: whether they are set to be. None if not told."""

    name: str
    label: str
    level: str
    state: str
    write_back: bool | None = None
    write_back_wanted: bool | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Disk:
    """Counts are None where the tool doesn't tell them; ``predicted``: the disk or the controller expects it to fail."""

    name: str
    state: str
    model: str = ""
    media_errors: int | None = None
    other_errors: int | None = None
    predictive_errors: int | None = None
    predicted: bool = False
    foreign: bool = False
    temperature_celsius: float | None = None
    wwn: str = ""


@dataclass(frozen=True)
class Battery:
    """The battery or capacitor that keeps the write cache; ``problems`` as for Controller."""

    name: str
    state: str
    problems: tuple[str, ...] = ()
    temperature_celsius: float | None = None
    charge_ratio: float | None = None


NOTHING = NotHere("no RAID controller tells this")


@dataclass(frozen=True)
class Part:
    """What one text tells; NOTHING for what it is not about."""

    controllers: Known[tuple[Controller, ...]] = NOTHING
    volumes: Known[tuple[Volume, ...]] = NOTHING
    disks: Known[tuple[Disk, ...]] = NOTHING
    batteries: Known[tuple[Battery, ...]] = NOTHING


@dataclass
class Section:
    """A heading and the ``name : value`` lines below it."""

    title: str
    fields: dict[str, str] = field(default_factory=dict)


def joined(parts: Iterable[Known[tuple[T, ...]]]) -> Known[tuple[T, ...]]:
    """All parts as one; Unknown if one of them is, NOTHING if none tells anything."""
    items: list[T] = []
    told = False
    for part in parts:
        if isinstance(part, Unknown):
            return part
        if isinstance(part, tuple):
            told = True
            items.extend(part)
    return tuple(items) if told else NOTHING


def number(text: str | int | None) -> int | None:
    """The whole number that a text begins with, or None."""
    match = re.match(r"\s*(-?\d+)", str(text)) if text is not None else None
    return int(match[1]) if match else None


def celsius(text: str | int | None) -> float | None:
    found = number(text)
    return float(found) if found is not None and found > 0 else None       # 0 stands for "has no sensor"
