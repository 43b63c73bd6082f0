# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""btrfs: errors counted by device, space in bytes, what the last scrub found."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...module_utils.host import command_key
from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, succeeded
from .guard import readable

COUNTERS = frozenset({"write_io_errs", "read_io_errs", "flush_io_errs", "corruption_errs", "generation_errs"})


@dataclass(frozen=True)
class DeviceErrors:
    """``counts`` are {counter: number} of those that are not 0."""

    point: str
    device: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Space:
    point: str
    size_bytes: int
    unallocated_bytes: int
    missing_bytes: int
    metadata_size_bytes: int
    metadata_used_bytes: int


@dataclass(frozen=True)
class Scrub:
    """``errors`` is "" when the last one found none, None when none is known, else its words."""

    point: str
    errors: str | None


@dataclass(frozen=True)
class BtrfsFacts:
    errors: Known[tuple[DeviceErrors, ...]]
    space: Known[tuple[Space, ...]]
    scrubs: Known[tuple[Scrub, ...]]


def parse(capture: Capture) -> BtrfsFacts:
    listed = capture.known("btrfs file systems")
    if isinstance(listed, Unknown):
        return BtrfsFacts(listed, listed, listed)
    points = [point for point in listed.split("\n") if point]
    if not points:
        nothing = NotHere("no btrfs file system is mounted")
        return BtrfsFacts(nothing, nothing, nothing)
    return BtrfsFacts(readable(_errors, capture, points), readable(_space, capture, points), readable(_scrubs, capture, points))


def _output(capture: Capture, words: str, point: str) -> str:
    """The output of a btrfs command about one mount point; raises Unreadable with the reason when there is none."""
    key = command_key([*words.split(), point])
    entry = capture.entry(key)
    text = succeeded(entry) if entry is not None else capture.known(key)
    if not isinstance(text, str):
        raise Unreadable(text.reason, **text.values)
    if not text.endswith("\n"):
        raise Unreadable("{key}: is cut off, or not what btrfs prints", key=key)
    return text


# [/dev/sda2].write_io_errs    0
# [/dev/sda2].corruption_errs  2          five such lines for each device
LINE = re.compile(r"\[(.*)\]\.(\w+)\s+(\d+)")


def _errors(capture: Capture, points: list[str]) -> tuple[DeviceErrors, ...]:
    return tuple(device for point in points for device in device_errors(_output(capture, "btrfs device stats", point), point))


def device_errors(text: str, point: str) -> list[DeviceErrors]:
    """Raises Unreadable unless each device has all its counters."""
    devices: dict[str, dict[str, int]] = {}
    for match in map(LINE.fullmatch, text.splitlines()):
        if match:
            devices.setdefault(match[1], {})[match[2]] = int(match[3])
    if not devices or any(not counts.keys() >= COUNTERS for counts in devices.values()):
        raise Unreadable("{key}: is cut off, or not what btrfs prints", key="btrfs device stats " + point)
    return [DeviceErrors(point, device, {name: count for name, count in counts.items() if count}) for device, counts in devices.items()]


# Overall:
#     Device size:                   21474836480
#     Device unallocated:             1073741824
#     Device missing:                          0
# Metadata,DUP: Size:268435456, Used:131072 (0.05%)
# Unallocated:
#    /dev/sda2     1073741824
TOTAL = re.compile(r" +Device (size|unallocated|missing):\s+(\d+)")
METADATA = re.compile(r"Metadata,\S+ Size: ?(\d+), Used: ?(\d+).*")


def _space(capture: Capture, points: list[str]) -> tuple[Space, ...]:
    return tuple(space(_output(capture, "btrfs filesystem usage -b", point), point) for point in points)


def space(text: str, point: str) -> Space:
    """Raises Unreadable when a figure is missing, or the last part, ``Unallocated:``."""
    lines = text.splitlines()
    totals = {match[1]: int(match[2]) for match in map(TOTAL.fullmatch, lines) if match}
    metadata = [(int(match[1]), int(match[2])) for match in map(METADATA.fullmatch, lines) if match]
    end = lines.index("Unallocated:") if "Unallocated:" in lines else len(lines)
    if totals.keys() != {"size", "unallocated", "missing"} or not metadata or not any(line.strip() for line in lines[end + 1:]):
        raise Unreadable("{key}: is cut off, or not what btrfs prints", key="btrfs filesystem usage -b " + point)
    return Space(point, totals["size"], totals["unallocated"], totals["missing"], sum(pair[0] for pair in metadata),
                 sum(pair[1] for pair in metadata))


# Status:           finished
# Error summary:    no errors found               (before 5.2: "total bytes scrubbed: 1.00GiB with 0 errors")
SUMMARY = re.compile(r"(?:Error summary:|\s*total bytes scrubbed: \S+ with)\s+(.*)")


def _scrubs(capture: Capture, points: list[str]) -> tuple[Scrub, ...]:
    return tuple(scrub(_output(capture, "btrfs scrub status", point), point) for point in points)


def scrub(text: str, point: str) -> Scrub:
    """Raises Unreadable."""
    if "no stats available" in text:
        return Scrub(point, None)
    found = [match[1].strip() for match in map(SUMMARY.fullmatch, text.splitlines()) if match]
    if len(found) != 1:
        raise Unreadable("{key}: is cut off, or not what btrfs prints", key="btrfs scrub status " + point)
    return Scrub(point, "" if found[0] in ("no errors found", "0 errors") else found[0][:200])
