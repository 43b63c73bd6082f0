# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of mdadm: ``--detail`` (a running array) and ``--examine`` (the superblock on a member device)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..absent import Unreadable

KIB = 1024


@dataclass(frozen=True)
class Row:
    """One line of the device table: ``slot`` None for spares and failed ones, ``device`` "" for an empty slot."""

    slot: int | None
    words: tuple[str, ...]
    device: str


@dataclass(frozen=True)
class Detail:
    """``words``: the state, in small letters ("clean", "degraded", "recovering"); counts None where mdadm doesn't tell them."""

    device: str
    level: str
    words: tuple[str, ...]
    size_bytes: int | None
    raid_devices: int | None
    total_devices: int | None
    active_devices: int | None
    working_devices: int | None
    failed_devices: int | None
    spare_devices: int | None
    progress_ratio: float | None
    uuid: str | None
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        return self.device.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Superblock:
    """What one member device believes about its array. ``slots``: one letter a slot, A active, R replacing, . missing; "" unless told."""

    device: str
    version: str
    level: str
    words: tuple[str, ...]
    slots: str
    checksum_correct: bool
    events: int | None
    uuid: str | None
    failed_devices: int = 0


FIELD = re.compile(r"^\s*([A-Za-z][\w /\[\]-]*?) : ?(.*)$")
ROW = re.compile(r"^\s+(\d+|-)\s+(\d+)\s+(\d+)\s+(\d+|-)(?:\s+(\S.*?))?\s*$")


# /dev/md0:
#            Version : 1.2
#         Raid Level : raid1
#         Array Size : 1046528 (1022.00 MiB 1071.64 MB)
#       Raid Devices : 2
#      Total Devices : 1
#              State : clean, degraded
#
#     Number   Major   Minor   RaidDevice State
#        0       8        1        0      active sync   /dev/sda1
#        -       0        0        1      removed
def parse_detail(text: str) -> tuple[Detail, ...]:
    """One Detail for each array of the text. Raises Unreadable where a section is cut off or not of this format."""
    sections = _sections(text)
    if not sections:
        raise Unreadable("mdadm --detail: names no device; it is cut off or not of a known format")
    return tuple(_detail(device, lines) for device, lines in sections)


def _sections(text: str) -> list[tuple[str, list[str]]]:
    sections: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("/dev/") and line.rstrip().endswith(":"):
            sections.append((line.strip().rstrip(":"), []))
        elif sections:
            sections[-1][1].append(line)
    return sections


def _fields(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        match = FIELD.match(line)
        if match:
            found.setdefault(match[1].strip(), match[2].strip())
    return found


def _detail(device: str, lines: list[str]) -> Detail:
    fields = _fields(lines)
    rows = tuple(_row(match) for match in map(ROW.match, lines) if match)
    level = fields.get("Raid Level", "")
    detail = Detail(
        device=device, level=level,
        words=tuple(word.strip().lower() for word in fields.get("State", "").split(",") if word.strip()),
        size_bytes=_size(fields.get("Array Size")),
        raid_devices=_number(fields.get("Raid Devices")), total_devices=_number(fields.get("Total Devices")),
        active_devices=_number(fields.get("Active Devices")), working_devices=_number(fields.get("Working Devices")),
        failed_devices=_number(fields.get("Failed Devices")), spare_devices=_number(fields.get("Spare Devices")),
        progress_ratio=_progress(fields), uuid=_uuid(fields.get("UUID")), rows=rows,
    )
    # The device table is the last part of each section: all slots, and as many devices as were announced, must be there.
    slots = {row.slot for row in rows}
    whole = all(slot in slots for slot in range(detail.raid_devices or 0))
    whole = whole and sum(bool(row.device) or "faulty" in row.words for row in rows) >= (detail.total_devices or 0)
    if not rows or not whole or not (level == "container" or detail.words):
        raise Unreadable("mdadm --detail: the part about {device} is cut off or not of a known format", device=device)
    return detail


def _row(match: re.Match[str]) -> Row:
    words = (match[5] or "").split()
    device = words.pop() if words and words[-1].startswith("/") else ""
    return Row(int(match[4]) if match[4] != "-" else None, tuple(words), device)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _size(text: str | None) -> int | None:
    words = (text or "").split()
    return int(words[0]) * KIB if words and words[0].isdigit() else None


def _progress(fields: dict[str, str]) -> float | None:
    for name, value in fields.items():
        match = re.match(r"(\d+)% complete", value)
        if name.endswith(" Status") and match:
            return int(match[1]) / 100
    return None


def _uuid(text: str | None) -> str | None:
    return text.split()[0].replace(":", "").lower() if text and text.split() else None


# /dev/sda1:
#           Magic : a92b4efc
#         Version : 1.2
#      Array UUID : 8f3c1a52:00aa41b7:7d1e6c90:52f0b4de
#      Raid Level : raid1
#           State : clean
#        Checksum : 2e1b77b8 - correct
#          Events : 17
#     Array State : A. ('A' == active, '.' == missing, 'R' == replacing)
def parse_examine(text: str) -> tuple[Superblock, ...]:
    """One Superblock for each device of the text. Raises Unreadable where a section is cut off or not of this format."""
    sections = _sections(text)
    if not sections:
        raise Unreadable("mdadm --examine: names no device; it is cut off or not of a known format")
    return tuple(_superblock(device, lines) for device, lines in sections)


def _superblock(device: str, lines: list[str]) -> Superblock:
    fields = _fields(lines)
    version = fields.get("Version", "")
    slots = ""
    words = [word.strip().lower() for word in fields.get("State", "").split(",") if word.strip()]
    native = fields.get("Magic") == "a92b4efc"
    if native and version.startswith("1."):
        shown = re.match(r"([AR.]+) \(", fields.get("Array State", ""))
        slots = shown[1] if shown else ""
        whole = bool(slots) and bool(words)
    elif native and version.startswith("0."):
        rows = [match for match in map(ROW.match, (line.replace("this", "    ", 1) for line in lines)) if match]
        whole = bool(words) and len(rows) > (_number(fields.get("Raid Devices")) or 0)
    else:
        # firmware RAID (ddf, imsm): a state for each volume of the container
        words = [value.lower() for name, value in fields.items() if re.match(r"(Map State|state\[\d+\])$", name)]
        whole = bool(words) and bool(fields.get("Magic")) and len(words) >= (_number(fields.get("Virtual Disks")) or 1)
    if not whole:
        raise Unreadable("mdadm --examine: the part about {device} is cut off or not of a known format", device=device)
    checksum = fields.get("Checksum", "")
    return Superblock(
        device, version, fields.get("Raid Level", ""), tuple(words), slots,
        checksum_correct="expected" not in checksum.lower(), events=_number(fields.get("Events", "").split(".")[-1]),
        uuid=_uuid(fields.get("Array UUID") or fields.get("UUID")),
        failed_devices=_number(fields.get("Failed Devices")) or 0,
    )
