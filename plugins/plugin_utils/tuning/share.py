# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host gives each of its database servers: its share of the memory, processors, and the class of its disks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..absent import Known, NotHere, Unknown
from ..facts.memory import MemorySizes

GIB = 1 << 30
MIB = 1 << 20
VIRTUAL = "virtual"
BENEATH = Unknown("virtual disks don't tell what lies beneath them; caretaker_disk_class in the inventory may")
SEVERAL = "the host has disks of the classes {classes}; caretaker_disk_class in the inventory may tell on which its databases lie"


@dataclass(frozen=True)
class Share:
    """Of one database server. ``disk_class`` is nvme, ssd, hdd or san, and virtual where nobody says what lies beneath."""

    memory_bytes: int
    cpus: int
    disk_class: Known[str]


def share_of(facts: Mapping[str, Any], servers: int) -> Known[Share]:
    """An equal part of the memory for each of the host's database servers, which are taken to be what the host is there for."""
    memory = getattr(facts.get("memory"), "sizes", Unknown("the host's memory was not looked at"))
    cpus = getattr(facts.get("cpu"), "count", Unknown("the host's processors were not looked at"))
    disks = getattr(facts.get("block_devices"), "disks", Unknown("the host's disks were not looked at"))
    if isinstance(memory, MemorySizes) and isinstance(cpus, int):
        return Share(memory.total_bytes // servers, cpus, getattr(facts.get("settings"), "disk_class", None) or _class_of(disks))
    absent = cpus if isinstance(memory, MemorySizes) else memory
    return Unknown(absent.reason, absent.values)


def _class_of(disks: Any) -> Known[str]:
    if isinstance(disks, Unknown | NotHere):
        return Unknown(disks.reason, disks.values)
    classes = sorted({disk.device_class for disk in disks if not disk.removable})
    if len(classes) == 1 and classes[0]:
        return str(classes[0])
    return Unknown(SEVERAL, {"classes": ", ".join(classes) or "?"})
