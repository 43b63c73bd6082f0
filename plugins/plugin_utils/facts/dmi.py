# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DMI table as dmidecode prints it. Sizes in bytes, speeds in MT/s."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..absent import Unreadable

EMPTY = ("", "Not Specified", "None", "Unknown", "N/A", "To Be Filled By O.E.M.", "Default string")
UNITS = {"B": 1, "bytes": 1, "kB": 2**10, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}


@dataclass(frozen=True)
class MemoryModule:
    """``rated`` and ``configured`` are MT/s, None where the table does not tell them."""

    slot: str
    size_bytes: int
    rated: int | None
    configured: int | None


@dataclass(frozen=True)
class Machine:
    """Texts are None where the maker left them out."""

    manufacturer: str | None
    product: str | None
    serial: str | None
    bios_vendor: str | None
    bios_version: str | None
    bios_date: str | None
    sockets_populated: int
    modules: tuple[MemoryModule, ...]
    slots_empty: int
    has_bmc: bool


# # dmidecode 3.4
# SMBIOS 3.2.0 present.
# 92 structures occupying 5700 bytes.
#
# Handle 0x0011, DMI type 17, 84 bytes
# Memory Device
# 	Size: 32 GB
# 	Locator: DIMM_A1
# 	Speed: 3200 MT/s
# 	Configured Memory Speed: 2933 MT/s
#
# Handle 0x0077, DMI type 127, 4 bytes
# End Of Table
def parse_dmidecode(text: str) -> Machine:
    """Raises Unreadable when the table is cut off (fewer structures than it says, no end) or there is none."""
    records = list(_records(text))
    if not any(fields for _kind, fields in records):
        raise Unreadable("dmidecode: printed no table")
    announced = re.search(r"^(\d+) structures occupying", text, re.MULTILINE)
    ended = any(kind == 127 for kind, _fields in records)
    if announced is not None and not ended and len(records) < int(announced[1]):
        raise Unreadable("dmidecode: its table is cut off after {count} of {announced} structures", count=len(records),
                         announced=announced[1])
    bios, system = _first(records, 0), _first(records, 1)
    devices = [fields for kind, fields in records if kind == 17]
    modules = tuple(module for module in map(_module, devices) if module is not None)
    return Machine(
        manufacturer=_value(system, "Manufacturer"), product=_value(system, "Product Name"), serial=_value(system, "Serial Number"),
        bios_vendor=_value(bios, "Vendor"), bios_version=_value(bios, "Version"), bios_date=_value(bios, "Release Date"),
        sockets_populated=sum(kind == 4 and fields.get("Status", "").startswith("Populated") for kind, fields in records), modules=modules,
        slots_empty=sum(fields.get("Size", "").startswith("No Module") for fields in devices),
        has_bmc=any(kind == 38 for kind, _fields in records),
    )


def _records(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    kind: int | None = None
    fields: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("Handle "):
            if kind is not None:
                yield kind, fields
            match = re.search(r"DMI type (\d+)", line)
            kind, fields = (int(match[1]) if match else None), {}
        elif kind is not None and line.startswith("\t") and not line.startswith("\t\t"):
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.strip(), value.strip())
    if kind is not None:
        yield kind, fields


def _first(records: list[tuple[int, dict[str, str]]], wanted: int) -> Mapping[str, str]:
    return next((fields for kind, fields in records if kind == wanted), {})


def _value(fields: Mapping[str, str], name: str) -> str | None:
    value = fields.get(name, "")
    return value if value not in EMPTY else None


def _module(fields: Mapping[str, str]) -> MemoryModule | None:
    size = fields.get("Size", "").split()
    if len(size) != 2 or not size[0].isdecimal() or size[1] not in UNITS:
        return None
    configured = fields.get("Configured Memory Speed") or fields.get("Configured Clock Speed") or ""
    return MemoryModule(fields.get("Locator", "?"), int(size[0]) * UNITS[size[1]], _speed(fields.get("Speed", "")), _speed(configured))


def _speed(text: str) -> int | None:
    words = text.split()
    return int(words[0]) if words and words[0].isdecimal() and int(words[0]) > 0 else None
