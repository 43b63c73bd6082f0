# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MegaCli (MegaCli64, Intel's CmdTool2): -LDInfo, -PDList and -LDPDInfo are one format, -AdpBbuCmd another."""

from __future__ import annotations

import re

from ..absent import Unreadable
from .raid_model import Battery, Disk, Part, Section, Volume, celsius, number

ADAPTER = re.compile(r"(?:Adapter|Controller)\s*[:#]?\s*#?(\d+)\b")
VOLUME = re.compile(r"^(?:CacheCade )?Virtual (?:Drive|Disk)\s*:\s*(\d+)")
FINISHED = re.compile(r"^Exit Code: 0x0*([0-9a-fA-F]+)\s*$", re.MULTILINE)


# Adapter 0 -- Virtual Drive Information:
# Virtual Drive: 0 (Target Id: 0)
# Name                :data
# RAID Level          : Primary-1, Secondary-0, RAID Level Qualifier-0
# State               : Optimal
# Default Cache Policy: WriteBack, ReadAhead, Direct, No Write Cache if Bad BBU
# Current Cache Policy: WriteThrough, ReadAhead, Direct, No Write Cache if Bad BBU
#
# Exit Code: 0x00
#
# Adapter #0
# Enclosure Device ID: 32
# Slot Number: 0
# Media Error Count: 0
# Predictive Failure Count: 0
# Firmware state: Online, Spun Up
def parse_devices(text: str, key: str) -> tuple[tuple[Volume, ...], tuple[Disk, ...]]:
    """The virtual drives and the disks of a text. Raises Unreadable for one that is cut off or not of this format."""
    volumes: list[tuple[str, Section]] = []
    disks: list[tuple[str, Section]] = []
    adapter = ""
    current: Section | None = None
    for line in text.splitlines():
        plain = line.strip()
        if VOLUME.match(plain):
            current = Section(plain)
            volumes.append((adapter, current))
        elif plain.startswith("Enclosure Device ID:"):
            current = Section(plain)
            disks.append((adapter, current))
        elif plain.startswith("Adapter") and (match := ADAPTER.match(plain)):
            adapter, current = match[1], None
            continue
        name, colon, value = plain.partition(":")
        if colon and current is not None:
            current.fields.setdefault(name.strip(), value.strip())
    if not adapter or not _finished(text):
        raise Unreadable("{key}: its text is cut off or not of a known format", key=key)
    return tuple(_volume(number, section) for number, section in volumes), tuple(_disk(number, section) for number, section in disks)


def _finished(text: str) -> bool:
    codes = FINISHED.findall(text)
    return bool(codes) and int(codes[-1], 16) == 0


def _volume(adapter: str, section: Section) -> Volume:
    match = VOLUME.match(section.title)
    fields = section.fields
    if match is None or ("State" not in fields and "CacheCade" not in section.title):
        raise Unreadable("MegaCli: a virtual drive has no state; the text is cut off or not of a known format")
    bad_blocks = ("Bad Blocks Exist: Yes",) if fields.get("Bad Blocks Exist", "No").lower().startswith("yes") else ()
    return Volume(
        f"c{adapter}/v{match[1]}", fields.get("Name", ""), fields.get("RAID Level", ""), fields.get("State", "Optimal"),
        write_back=_write_back(fields.get("Current Cache Policy")), write_back_wanted=_write_back(fields.get("Default Cache Policy")),
        problems=bad_blocks,
    )


def _write_back(policy: str | None) -> bool | None:
    if not policy:
        return None
    return policy.lower().startswith("writeback")


def _disk(adapter: str, section: Section) -> Disk:
    fields = section.fields
    state = fields.get("Firmware state")
    if not state:
        raise Unreadable("MegaCli: a disk has no firmware state; the text is cut off or not of a known format")
    predictive = number(fields.get("Predictive Failure Count"))
    return Disk(
        f"c{adapter}/e{fields.get('Enclosure Device ID', '?')}/s{fields.get('Slot Number', '?')}", state,
        model=" ".join(fields.get("Inquiry Data", "").split()),
        media_errors=number(fields.get("Media Error Count")), other_errors=number(fields.get("Other Error Count")),
        predictive_errors=predictive,
        predicted=bool(predictive) or fields.get("Drive has flagged a S.M.A.R.T alert", "No").lower().startswith("yes"),
        foreign=fields.get("Foreign State", "None").lower().startswith("foreign"),
        temperature_celsius=celsius(fields.get("Drive Temperature")), wwn=fields.get("WWN", ""),
    )


# BBU status for Adapter: 0
# BatteryType: CVPM02
# Battery State     : Optimal
#   Battery Pack Missing                    : No
#   Battery Replacement required            : No
BAD_ANSWERS = ("Battery Pack Missing", "Battery Replacement required", "Remaining Capacity Low",
               "Pack is about to fail & should be replaced", "Learn Cycle Timeout", "I2c Errors Detected", "Over Temperature",
               "Over Charged", "No space to cache offload", "Module microcode update required", "Cache Offload premium feature required")
OK_ANSWERS = ("Voltage", "Temperature", "Learn Cycle Status")
NO_BATTERY = re.compile(r"hardware component is not present|Get BBU .*Failed|BBU .*(?:not present|not supported)", re.IGNORECASE)


def parse_batteries(text: str, key: str) -> tuple[Battery, ...]:
    """The batteries; () where the tool says that the adapters have none. Raises Unreadable."""
    sections: list[Section] = []
    adapter = ""
    for line in text.splitlines():
        plain = line.strip()
        if plain.startswith("BBU status for Adapter"):
            match = ADAPTER.search(plain)
            adapter = match[1] if match else "?"
            sections.append(Section(adapter))
            continue
        name, colon, value = plain.partition(":")
        if colon and sections:
            name, value = name.strip(), value.strip()
            # "Voltage: 4073 mV" comes before "Voltage : OK": the figure and the verdict are kept apart
            sections[-1].fields.setdefault(f"{name}=" if re.match(r"-?\d", value) else name, value)
    finished = bool(FINISHED.search(text))
    if not sections and NO_BATTERY.search(text) and finished:
        return ()
    present = [section for section in sections if section.fields.get("BatteryType") or "Battery Pack Missing" in section.fields]
    if not present or not finished:
        raise Unreadable("{key}: its text is cut off or not of a known format", key=key)
    return tuple(_battery(section) for section in present if section.fields.get("BatteryType", "").lower() not in ("no battery", "none"))


def _battery(section: Section) -> Battery:
    fields = section.fields
    problems = [f"{name}: {fields[name]}" for name in BAD_ANSWERS if fields.get(name, "No").lower().startswith("yes")]
    problems += [f"{name}: {fields[name]}" for name in OK_ANSWERS if fields.get(name, "OK").upper() not in ("OK", "")]
    state = fields.get("Battery State") or fields.get("Battery state") or ""
    if fields.get("Learn Cycle Active", "No").lower().startswith("yes"):
        state = "Learning"
    if not state:       # versions that leave it empty tell it by isSOHGood, if at all
        state = "Optimal" if fields.get("isSOHGood", "").lower().startswith("yes") else "unknown"
    charge = number(fields.get("Relative State of Charge="))
    return Battery(f"c{section.title}/bbu", state, tuple(problems), celsius(fields.get("Temperature=")),
                   charge / 100 if charge is not None else None)


def part(text: str, key: str) -> Part:
    """Nothing where the tool ended well without naming an adapter. Raises Unreadable."""
    if text.strip() == "Exit Code: 0x00":
        return Part()
    if "-AdpBbuCmd" in key:
        return Part(batteries=parse_batteries(text, key))
    volumes, disks = parse_devices(text, key)
    if "-LDPDInfo" in key or "-CfgDsply" in key:
        return Part(volumes=volumes, disks=disks)
    return Part(volumes=volumes) if "-LDInfo" in key else Part(disks=disks)
