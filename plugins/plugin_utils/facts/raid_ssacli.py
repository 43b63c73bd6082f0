# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssacli, hpssacli and hpacucli: ``ctrl all show status`` and ``ctrl all show config``, with or without ``detail``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..absent import Unreadable
from .raid_model import Battery, Controller, Disk, Part, Section, Volume, celsius, number

HEADING = re.compile(r"^\S.* in (?:Slot \S+|\S.*)$")
BRIEF_VOLUME = re.compile(r"^logicaldrive (\S+) \((.*)\)$")
BRIEF_DISK = re.compile(r"^physicaldrive (\S+) \((.*)\)$")
DISK = re.compile(r"^physicaldrive (\S+)$")
BESIDE_STATE = re.compile(r"(active )?spare\b|[\d.]+% complete$")       # what stands behind the state of a disk listed in short
ARRAY = re.compile(r"^[Aa]rray:? ([A-Z]{1,2})(?: \(.*)?$")
VOLUME = re.compile(r"^Logical Drive: (\S+)$")
# their lines must not be taken for those of the section before
OTHER = re.compile(r"^(SEP|Enclosure|Expander|Sensor ID|Port Name|Mirror Group|Internal Drive Cage|External Drive Cage|SSD Info)\b")
NONE_FOUND = re.compile(r"no controllers detected|No Smart Array controllers", re.IGNORECASE)


@dataclass
class Tree:
    """One controller with what was listed in short (``brief_``) and in sections of its own."""

    section: Section
    volumes: list[Section] = field(default_factory=list)
    disks: list[Section] = field(default_factory=list)
    arrays: list[Section] = field(default_factory=list)
    others: list[Section] = field(default_factory=list)
    brief_volumes: list[tuple[str, str]] = field(default_factory=list)
    brief_disks: list[tuple[str, str]] = field(default_factory=list)


def part(text: str, key: str) -> Part:
    """Raises Unreadable for a text that is cut off or not of this format."""
    if NONE_FOUND.search(text):
        return Part()
    trees = _trees(text)
    if not trees or not text.endswith("\n") or not all(_whole(tree) for tree in trees):
        raise Unreadable("{key}: its text is cut off or not of a known format", key=key)
    status = [tree for tree in trees if "Controller Status" in tree.section.fields]
    if " show status" in key and len(status) < len(trees):
        raise Unreadable("{key}: its text is cut off or not of a known format", key=key)
    controllers = tuple(_controller(tree) for tree in status)
    batteries = tuple(battery for tree in status for battery in _batteries(tree))
    if " show status" in key:
        return Part(controllers, batteries=batteries)
    volumes = tuple(volume for tree in trees for volume in _volumes(tree))
    disks = tuple(disk for tree in trees for disk in _disks(tree))
    if not status:
        return Part(volumes=volumes, disks=disks)
    return Part(controllers, volumes, disks, batteries)


# Smart Array P440ar in Slot 0 (Embedded)
#    Controller Status: OK
#    Cache Status: OK
#    Battery/Capacitor Status: OK
#
#    Array: A
#       Status: OK
#
#       Logical Drive: 1
#          Fault Tolerance: 1
#          Status: OK
#          Caching:  Enabled
#
#       physicaldrive 1I:1:1
#          Status: OK
#
# or in short:
#
#    array A
#       logicaldrive 1 (558.9 GB, RAID 1, OK)
#       physicaldrive 1I:1:1 (port 1I:box 1:bay 1, SAS, 600 GB, OK)
def _trees(text: str) -> list[Tree]:
    trees: list[Tree] = []
    current: Section | None = None
    for line in text.splitlines():
        plain = line.strip()
        if HEADING.match(line) and not plain.startswith("#") and ":" not in plain.split(" in ")[0]:
            current = Section(plain)
            trees.append(Tree(current))
        elif trees and not _listed(trees[-1], plain):
            current = _opened(trees[-1], plain) or current
            name, colon, value = plain.partition(":")
            if colon and current is not None:
                current.fields.setdefault(name.strip(), value.strip())
    return trees


def _listed(tree: Tree, plain: str) -> bool:
    """Whether the line tells a logical or physical drive in short."""
    for pattern, brief in ((BRIEF_VOLUME, tree.brief_volumes), (BRIEF_DISK, tree.brief_disks)):
        match = pattern.match(plain)
        if match:
            brief.append((match[1], match[2]))
            return True
    return False


def _opened(tree: Tree, plain: str) -> Section | None:
    """The section that begins with this line, or None."""
    for pattern, sections in ((DISK, tree.disks), (ARRAY, tree.arrays), (VOLUME, tree.volumes), (OTHER, tree.others)):
        match = pattern.match(plain)
        if match:
            sections.append(Section(match[1]))
            return sections[-1]
    return None


def _whole(tree: Tree) -> bool:
    """Every array must have a logical drive or be told to be unused; every disk listed in short must have its section, if any has."""
    if tree.disks and not {name for name, _words in tree.brief_disks} <= {section.title for section in tree.disks}:
        return False
    sections = [*tree.volumes, *tree.disks]
    if not all("Status" in section.fields for section in sections):
        return False
    return not tree.arrays or bool(tree.volumes or tree.brief_volumes)


def _short(tree: Tree) -> str:
    match = re.search(r" in Slot (\S+)", tree.section.title)
    return f"slot{match[1]}" if match else tree.section.title


def _controller(tree: Tree) -> Controller:
    fields = tree.section.fields
    cache = fields.get("Cache Status", "OK")
    sound = cache.lower() in ("ok", "not configured", "not applicable", "")
    return Controller(_short(tree), tree.section.title.split(" in ")[0], fields["Controller Status"],
                      () if sound else (f"Cache Status: {cache}",))


def _batteries(tree: Tree) -> list[Battery]:
    state = tree.section.fields.get("Battery/Capacitor Status") or tree.section.fields.get("Battery Status")
    return [Battery(f"{_short(tree)}/battery", state)] if state and state.lower() not in ("not present", "not installed") else []


def _volumes(tree: Tree) -> list[Volume]:
    found = []
    for section in tree.volumes:
        fields = section.fields
        errors = fields.get("Unrecoverable Media Errors", "None")
        caching = fields.get("Caching", "").strip().lower()
        found.append(Volume(
            f"{_short(tree)}/ld{section.title}", fields.get("Logical Drive Label", ""), fields.get("Fault Tolerance", ""), fields["Status"],
            write_back=caching == "enabled" if caching else None,
            problems=() if errors.lower() in ("none", "0") else (f"Unrecoverable Media Errors: {errors}",),
        ))
    seen = {section.title for section in tree.volumes}
    for name, words in tree.brief_volumes:
        # (size, level, state): "Recovering, 45% complete" has a comma of its own
        _size, level, state = [*words.split(", "), "", ""][:3]
        if name not in seen:
            found.append(Volume(f"{_short(tree)}/ld{name}", "", level, state or "?"))
    return found


def _disks(tree: Tree) -> list[Disk]:
    found = []
    for section in tree.disks:
        fields = section.fields
        spare = fields["Status"] == "OK" and "spare" in fields.get("Drive Type", "").lower()
        state = "Spare" if spare else fields["Status"]
        found.append(Disk(
            f"{_short(tree)}/{section.title}", state, " ".join(fields.get("Model", "").split()),
            predicted="predictive" in state.lower() or fields.get("SSD Smart Trip Wearout", "").lower() == "true",
            temperature_celsius=celsius(number(fields.get("Current Temperature (C)"))),
        ))
    seen = {section.title for section in tree.disks}
    for name, words in tree.brief_disks:
        parts = words.split(", ")
        plain = next((word for word in reversed(parts) if not BESIDE_STATE.match(word)), "?")
        state = "Spare" if parts[-2:] == ["OK", "spare"] else plain
        if name not in seen:
            found.append(Disk(f"{_short(tree)}/{name}", state, predicted="predictive" in words.lower()))
    return found
