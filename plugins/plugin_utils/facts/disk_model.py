# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk's health data in one form, whichever tool and protocol told it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class SelfTest:
    """The last one that ended. ``result`` in the tool's words; ``passed`` False only where the disk itself failed."""

    kind: str
    result: str
    passed: bool


@dataclass(frozen=True)
class Disk:
    """None is "this disk does not tell it". Counters are over the disk's life.

    ``device_class`` is hdd, ssd or nvme.
    ``passed`` is the disk's own verdict; ``supported`` False: it says that it gives none. ``failing`` and ``failed_past`` are names of
    attributes at or under their threshold. ``warning_bits`` is NVMe's Critical Warning. ``used_ratio`` is how much of the
    flash memory's life is used up, it may exceed 1. ``tests_told`` is False where the log of self-tests was not readable.
    """

    name: str
    protocol: str
    device_class: str
    model: str = ""
    capacity_bytes: int | None = None
    rotation_rpm: int | None = None
    passed: bool | None = None
    supported: bool = True
    failing: tuple[str, ...] = ()
    failed_past: tuple[str, ...] = ()
    exit_bits: int = 0
    attributes_told: bool = True
    reallocated: int | None = None
    pending: int | None = None
    offline_uncorrectable: int | None = None
    reported_uncorrectable: int | None = None
    crc_errors: int | None = None
    temperature_celsius: float | None = None
    trip_celsius: float | None = None
    used_ratio: float | None = None
    power_on_seconds: float | None = None
    power_cycles: int | None = None
    spare_ratio: float | None = None
    spare_threshold_ratio: float | None = None
    warning_bits: int | None = None
    media_errors: int | None = None
    grown_defects: int | None = None
    uncorrected: int | None = None
    logged_errors: int | None = None
    tests_told: bool = True
    self_test: SelfTest | None = None


@dataclass(frozen=True)
class Attribute:
    """One line of an ATA disk's table; ``value`` is normalised, it falls from 100 or more to ``thresh``."""

    number: int
    name: str
    value: int
    raw: int
    when_failed: str                    # "", "now" or "past"


# Whose normalised value is the share of life left, by smartctl's names; "Perc_Rated_Life_Used" falls like the others
WEAR_NAMES = re.compile(
    r"^(Media_Wearout_Indicator|SSD_Life_Left(_Perc)?|Wear_Leveling_Count|Remaining_Lifetime_Perc|Drive_Life_Remaining%?"
    r"|Perc(ent)?_(Rated_)?Life(time)?_(Remain(ing)?|Used))$"
)


def from_attributes(attributes: tuple[Attribute, ...], solid_state: bool) -> dict[str, object]:
    """The fields of Disk that an ATA disk's table of attributes tells."""
    raw = {item.number: item.raw for item in attributes}
    wear = [1 - min(item.value, 100) / 100 for item in attributes if WEAR_NAMES.match(item.name)] if solid_state else []
    return {
        "failing": tuple(item.name for item in attributes if item.when_failed == "now"),
        "failed_past": tuple(item.name for item in attributes if item.when_failed == "past"),
        "reallocated": raw.get(5), "pending": raw.get(197), "offline_uncorrectable": raw.get(198),
        "reported_uncorrectable": raw.get(187), "crc_errors": raw.get(199), "used_ratio": max(wear) if wear else None,
    }
