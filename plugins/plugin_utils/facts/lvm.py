# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LVM: sizes in bytes, fill levels 0 to 1, the states and faults that the attributes tell, what the tools complained about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, Entry, first_line, text_of
from .container import is_container
from .guard import readable

Row = Mapping[str, str]


@dataclass(frozen=True)
class PhysicalVolume:
    name: str
    group: str
    missing: bool
    duplicate: bool
    size_bytes: int | None


@dataclass(frozen=True)
class VolumeGroup:
    name: str
    partial: bool
    size_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class LogicalVolume:
    """``name`` is group/volume; ``kind``, ``state`` and ``health`` are characters 1, 5 and 9 of lv_attr (lvs(8)), "-" for none."""

    name: str
    kind: str
    state: str
    health: str
    size_bytes: int | None
    data_ratio: float | None
    metadata_ratio: float | None
    synced_ratio: float | None
    in_pool: bool


@dataclass(frozen=True)
class LvmFacts:
    physical: Known[tuple[PhysicalVolume, ...]]
    groups: Known[tuple[VolumeGroup, ...]]
    logical: Known[tuple[LogicalVolume, ...]]
    messages: Known[tuple[str, ...]]


def parse(capture: Capture) -> LvmFacts:
    absent = _absent(capture)
    if absent is not None:
        return LvmFacts(absent, absent, absent, absent)
    return LvmFacts(
        physical=readable(_physical, capture), groups=readable(_groups, capture), logical=readable(_logical, capture),
        messages=_messages(capture),
    )


def _absent(capture: Capture) -> Unknown | NotHere | None:
    if is_container(capture):
        return NotHere("a container: its volumes belong to the host that runs it")
    volumes = capture.text("lvm volumes")
    if isinstance(volumes, str) and not volumes.strip():
        return NotHere("this host has no LVM volumes")
    return None if isinstance(volumes, str) else volumes


def _report(capture: Capture, tool: str) -> Entry | Unknown:
    """The JSON report, or the one with name prefixes where the LVM is too old for JSON."""
    entries = capture.matching(f"{tool} --nameprefixes*") or capture.matching(f"{tool} --reportformat json*")
    if not entries:
        return Unknown("{key}: was not looked at in this capture", {"key": tool})
    text = text_of(entries[0])
    return entries[0] if isinstance(text, str) else Unknown(text.reason, text.values)


# {"report": [{"lv": [{"vg_name":"vg0", "lv_name":"root", "lv_attr":"-wi-ao----", "lv_size":"21474836480"}]}]}
#   LVM2_VG_NAME='vg0' LVM2_LV_NAME='root' LVM2_LV_ATTR='-wi-ao----' LVM2_LV_SIZE='<20.00g'      (or with | between them)
FIELD = re.compile(r"LVM2_(\w+)='((?:[^'\\]|\\.)*)'")


def rows(entry: Entry) -> tuple[list[Row], list[str]]:
    """(the rows, what the tool said besides). Raises Unreadable when the report is cut off, or failed without one."""
    text = (entry.text or "").strip()
    brace = text.find("{")
    if brace < 0 and "LVM2_" not in text and entry.rc not in (0, None):
        detail = first_line(entry.stderr) or first_line(text) or "no output"
        raise Unreadable("{key}: ended with status {rc}: {detail}", key=entry.key, rc=entry.rc, detail=detail)
    if brace >= 0 and "LVM2_" not in text:
        said, found = text[:brace], _json_rows(entry.key, text[brace:])
    else:
        said, found = _prefixed_rows(entry.key, entry.text or "")
    return found, [line.strip() for line in (said + "\n" + entry.stderr).splitlines() if line.strip()]


def _json_rows(key: str, text: str) -> list[Row]:
    try:
        report = json.loads(text)["report"]
        return [{str(name): str(value) for name, value in row.items()} for part in report for table in part.values() for row in table]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable("{key}: is cut off, or not the report of LVM", key=key) from error


def _prefixed_rows(key: str, text: str) -> tuple[str, list[Row]]:
    said: list[str] = []
    found: list[Row] = []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if not line.startswith("LVM2_"):
            said.append(line)
            continue
        if not line.endswith("'"):
            raise Unreadable("{key}: is cut off in the middle of a line", key=key)
        found.append({name.lower(): value for name, value in FIELD.findall(line)})
    if not text.endswith("\n") and (not found or found[-1].keys() != found[0].keys()):
        raise Unreadable("{key}: is cut off, or not the report of LVM", key=key)
    return "\n".join(said), found


def _read(capture: Capture, tool: str) -> list[Row] | Unknown:
    entry = _report(capture, tool)
    if isinstance(entry, Unknown):
        return entry
    found = rows(entry)[0]
    active = capture.text("lvm volumes")
    if not found and isinstance(active, str) and "/sys/block/" in active:
        return Unknown("{key}: lists nothing, though the kernel has LVM volumes", {"key": entry.key})
    return found


def _physical(capture: Capture) -> Known[tuple[PhysicalVolume, ...]]:
    found = _read(capture, "pvs")
    if isinstance(found, Unknown):
        return found
    return tuple(physical_volume(row) for row in found)


def physical_volume(row: Row) -> PhysicalVolume:
    """Raises Unreadable. A missing one is called "[unknown]" by new versions and "unknown device" by old ones."""
    name, attributes = _need(row, "pv_name"), _need(row, "pv_attr")
    return PhysicalVolume(
        name=row.get("pv_uuid") or name if "unknown" in name else name, group=row.get("vg_name", ""),
        missing="m" in attributes or "unknown" in name or bool(row.get("pv_missing")),
        duplicate=attributes.startswith("d") or bool(row.get("pv_duplicate")), size_bytes=size(row.get("pv_size", "")),
    )


def _groups(capture: Capture) -> Known[tuple[VolumeGroup, ...]]:
    found = _read(capture, "vgs")
    if isinstance(found, Unknown):
        return found
    return tuple(volume_group(row) for row in found)


def volume_group(row: Row) -> VolumeGroup:
    total, free = size(_need(row, "vg_size")), size(_need(row, "vg_free"))
    if total is None or free is None:
        raise Unreadable("LVM: {name} has no readable {field}", name=row.get("vg_name", "?"), field="vg_size, vg_free")
    return VolumeGroup(_need(row, "vg_name"), "p" in _need(row, "vg_attr")[3:4], total, free)


def _logical(capture: Capture) -> Known[tuple[LogicalVolume, ...]]:
    found = _read(capture, "lvs")
    if isinstance(found, Unknown):
        return found
    return tuple(logical_volume(row) for row in found)


def logical_volume(row: Row) -> LogicalVolume:
    """Raises Unreadable. Attributes had six characters up to 2012, the health is the ninth."""
    attributes = _need(row, "lv_attr")
    if len(attributes) < 6:
        raise Unreadable("LVM: {name} has no readable {field}", name=_need(row, "lv_name"), field="lv_attr")
    group = row.get("vg_name") or (row["lv_full_name"].split("/")[0] if row.get("lv_full_name") else "")
    return LogicalVolume(
        name=f"{group}/{_need(row, 'lv_name')}".lstrip("/"), kind=attributes[0], state=attributes[4],
        health=attributes[8] if len(attributes) > 8 else "-", size_bytes=size(row.get("lv_size", "")),
        data_ratio=percent(row.get("data_percent") or row.get("snap_percent")), metadata_ratio=percent(row.get("metadata_percent")),
        synced_ratio=percent(row.get("copy_percent")), in_pool=bool(row.get("pool_lv")),
    )


def _need(row: Row, name: str) -> str:
    if name not in row:
        raise Unreadable("LVM: a row has no {field}", field=name)
    return row[name].strip()


SIZE = re.compile(r"[<>]?\s*(\d+(?:\.\d+)?)\s*([bskmgtpeBSKMGTPE]?)")


def size(text: str) -> int | None:
    """``21474836480``, ``<20.00g`` or ``0 `` in bytes; None when it is none of these. Small letters are powers of 1024."""
    match = SIZE.fullmatch(text.strip())
    if match is None:
        return None
    unit = match[2]
    if unit in ("", "b", "B"):
        return int(float(match[1]))
    if unit in "sS":
        return int(float(match[1]) * 512)
    return int(float(match[1]) * (1024 if unit.islower() else 1000) ** ("kmgtpe".index(unit.lower()) + 1))


def percent(text: str | None) -> float | None:
    """``78.89`` as 0.7889; None where LVM tells none."""
    try:
        return float(text) / 100 if text and text.strip() else None
    except ValueError as error:
        raise Unreadable("LVM: {value} is not a percentage", value=text) from error


HARMLESS = re.compile(r"File descriptor \d+ .*leaked|lvmetad|: open failed: No medium found|not initialized in udev|Configuration setting")


def _messages(capture: Capture) -> Known[tuple[str, ...]]:
    """What the tools that answered said beside their reports; what is known to be harmless is left out."""
    said: dict[str, None] = {}
    reasons: list[Unknown] = []
    for tool in ("pvs", "vgs", "lvs"):
        entry = _report(capture, tool)
        try:
            lines = [] if isinstance(entry, Unknown) else rows(entry)[1]
        except Unreadable as error:
            entry = error.unknown
        if isinstance(entry, Unknown):
            reasons.append(entry)
        else:
            said.update(dict.fromkeys(line[:200] for line in lines if not HARMLESS.search(line)))
    return reasons[0] if len(reasons) == 3 else tuple(said)
