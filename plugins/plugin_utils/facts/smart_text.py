# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smartctl's text (``smartctl -x`` or ``-a``, all versions) as a Disk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..absent import Unreadable
from .disk_model import Attribute, Disk, SelfTest, from_attributes

HOUR = 3600
# SMART overall-health self-assessment test result: PASSED
# SMART Health Status: OK
HEALTH = re.compile(r"^SMART (?:overall-health self-assessment test result|Health Status): *(\S.*)\n", re.MULTILINE)
# "User Capacity:    4,000,787,030,016 bytes [4.00 TB]"; the grouping sign is the locale's
FIELD = re.compile(r"^([A-Za-z0-9][^:\n]*?): *(.*)\n", re.MULTILINE)
# -a:   5 Reallocated_Sector_Ct   0x0033   100   100   036    Pre-fail  Always       -       0
# -x:   5 Reallocated_Sector_Ct   PO--CK   004   004   036    NOW  3956
ROW = re.compile(
    r"^ *(\d+) (\S+) +(?:0x[0-9a-f]{4}|[-POSRCK+]{6,8}) +(\d{3}|---) +(?:\d{3}|---) +(?:\d{3}|---) +"
    r"(?:(?:Pre-fail|Old_age) +(?:Always|Offline) +)?(-|NOW|Past|FAILING_NOW|In_the_past) +(\S.*)$"
)
CAPACITIES = ("User Capacity", "Total NVM Capacity", "Namespace 1 Size/Capacity")
NO_TESTS = re.compile(r"Self-tests? .*not supported|No [Ss]elf-tests have been logged|does not support Self Test")
TABLE_HEAD = "ID# ATTRIBUTE_NAME"
# # 1  Extended offline    Completed: read failure       80%       685         5405327816
# # 2  Short offline       Completed: electrical failure 90%       684         -      (the longest words leave one blank)
ATA_TEST = re.compile(r"^# *\d+ +(\S.*?)  +(\S.*?) +\d+% ")
# # 1  Background long   Failed in segment -->       3   11345           4187231 [0x3 0x11 0x0]
SCSI_TEST = re.compile(r"^# *\d+ +(\S.*?)  +(\S.*?)(?:  +|$)")
#  0   Short             Completed without error                   1204            -     -   -   -    -
NVME_TEST = re.compile(r"^ *\d+ +(\S.*?)  +(\S.*?)  +\d")
# read:   36118267        0         0  36118267          0       1273.442           0
# What follows an SCSI disk's counters of errors
SCSI_AFTER_ERRORS = re.compile(
    r"^(?:Non-medium error count:|SMART Self-test log|No [Ss]elf-tests|Device does not support Self|Error Counter logging not supported"
    r"|Background scan results log)", re.MULTILINE)
ERRORS = re.compile(r"^(?:read|write|verify): +.*?(\d+) *\n", re.MULTILINE)


def parse_smart_text(name: str, text: str) -> Disk:
    """Raises Unreadable where the part with the disk's health is missing or cut off."""
    if "=== START OF" not in text:
        raise Unreadable("{disk}: smartctl can't read this disk: {detail}", disk=name, detail=_last_line(text))
    health = HEALTH.search(text)
    fields = {match[1].strip(): match[2].strip() for match in FIELD.finditer(text)}
    supported = not re.search(r"^SMART support is: *Unavailable.*\n", text, re.MULTILINE)
    if health is None and supported and not re.search(r"^SMART Disabled", text, re.MULTILINE) and TABLE_HEAD not in text:
        raise Unreadable("{disk}: the answer of smartctl is cut off before the disk's health", disk=name)
    rotation = _rotation(fields.get("Rotation Rate", ""))
    model = next((fields[key] for key in ("Device Model", "Model Number", "Product") if key in fields), "")
    common: dict[str, Any] = {
        "name": name, "model": model, "rotation_rpm": rotation, "supported": supported,
        "passed": None if health is None or health[1].startswith("UNKNOWN") else health[1].strip() in ("PASSED", "OK"),
        "capacity_bytes": _integer(next((fields[key] for key in CAPACITIES if key in fields), "")),
    }
    if not supported and health is None:
        return Disk(**common, protocol="SCSI", device_class="hdd", attributes_told=False, tests_told=False)
    if "SMART/Health Information" in text or "Model Number" in fields:
        return Disk(**common, protocol="NVMe", device_class="nvme", **_nvme(name, text, fields))
    solid_state = rotation == 0 or "SSD" in model
    kind = "ssd" if solid_state else "hdd"
    if "Device Model" in fields or TABLE_HEAD in text:
        return Disk(**common, protocol="ATA", device_class=kind, **_ata(name, text, solid_state))
    return Disk(**common, protocol="SCSI", device_class=kind, **_scsi(name, text, fields))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it printed nothing"


def _integer(text: str) -> int | None:
    """``4'000'787'030'016 bytes [4.00 TB]`` is 4000787030016; None where no number begins the text."""
    match = re.match(r"\d+(?:\D\d{3})*(?!\d)", text)
    return int(re.sub(r"\D", "", match[0])) if match else None


def _hex_or_integer(text: str) -> int | None:
    return int(text, 16) if re.fullmatch(r"0x[0-9a-fA-F]+", text) else _integer(text)


def _rotation(text: str) -> int | None:
    return 0 if text.startswith("Solid State") else _integer(text)


def _ratio(text: str) -> float | None:
    number = _integer(text)
    return None if number is None else number / 100


def _seconds(text: str) -> float | None:
    number = _integer(text)
    return None if number is None else float(number * HOUR)


def _nvme(name: str, text: str, fields: dict[str, str]) -> dict[str, Any]:
    if "Error Information Log Entries" not in fields:
        raise Unreadable("{disk}: the answer of smartctl is cut off before the disk's health", disk=name)
    warning = _hex_or_integer(fields.get("Critical Warning", ""))
    if warning is None:
        raise Unreadable("{disk}: the answer of smartctl is cut off before the disk's health", disk=name)
    told, test = _test(text, "Self-test Log (NVMe Log 0x06)", NVME_TEST)
    return {
        "warning_bits": warning, "temperature_celsius": _integer(fields.get("Temperature", "")),
        "trip_celsius": _integer(fields.get("Critical Comp. Temp. Threshold", "")),
        "spare_ratio": _ratio(fields.get("Available Spare", "")),
        "spare_threshold_ratio": _ratio(fields.get("Available Spare Threshold", "")),
        "used_ratio": _ratio(fields.get("Percentage Used", "")),
        "power_on_seconds": _seconds(fields.get("Power On Hours", "")), "power_cycles": _integer(fields.get("Power Cycles", "")),
        "media_errors": _integer(fields.get("Media and Data Integrity Errors", "")),
        "logged_errors": _integer(fields.get("Error Information Log Entries", "")), "tests_told": told, "self_test": test,
    }


def _ata(name: str, text: str, solid_state: bool) -> dict[str, Any]:
    rows, told = _table(name, text)
    fields: dict[str, Any] = {**from_attributes(rows, solid_state), "attributes_told": told}
    raw = {row.number: row.raw for row in rows}
    temperature = re.search(r"^Current Temperature: +(-?\d+) Celsius", text, re.MULTILINE)
    fields["temperature_celsius"] = int(temperature[1]) if temperature else raw.get(194, raw.get(190))
    hours = re.search(r"^0x01 .* (\d+) +\S+ +Power-on Hours$", text, re.MULTILINE)
    powered = int(hours[1]) if hours else raw.get(9)
    fields["power_on_seconds"] = None if powered is None else float(powered * HOUR)
    fields["power_cycles"] = raw.get(12)
    used = re.search(r"^0x07 .* (\d+) +\S+ +Percentage Used Endurance Indicator$", text, re.MULTILINE)
    if used:
        fields["used_ratio"] = int(used[1]) / 100
    errors = re.search(r"^(?:ATA Error Count|Device Error Count): (\d+)", text, re.MULTILINE)
    fields["logged_errors"] = int(errors[1]) if errors else 0 if "No Errors Logged" in text else None
    fields["tests_told"], fields["self_test"] = _test(text, "SMART Extended Self-test Log Version", ATA_TEST)
    if not fields["tests_told"]:
        fields["tests_told"], fields["self_test"] = _test(text, "SMART Self-test log structure revision", ATA_TEST)
    return fields


def _table(name: str, text: str) -> tuple[tuple[Attribute, ...], bool]:
    """The table ends with an empty line or, in -x, with its legend."""
    start = text.find(TABLE_HEAD)
    if start < 0:
        if "error log" not in text.lower():
            raise Unreadable("{disk}: the answer of smartctl is cut off before the disk's attributes", disk=name)
        return (), False
    rows: list[Attribute] = []
    lines = text[start:].split("\n")[1:]
    for line in lines[:-1]:
        match = ROW.match(line)
        if match is None:
            if line.strip() and "|" not in line:
                raise Unreadable("{disk}: a line of smartctl's is not understood: {line}", disk=name, line=line[:80])
            return tuple(rows), True
        rows.append(_attribute(match))
    raise Unreadable("{disk}: the answer of smartctl is cut off before the disk's attributes", disk=name)


def _attribute(match: re.Match[str]) -> Attribute:
    digits = re.match(r"\d+", match[5])
    when = {"-": "", "NOW": "now", "FAILING_NOW": "now"}.get(match[4], "past")
    return Attribute(int(match[1]), match[2], int(match[3]) if match[3].isdigit() else 100, int(digits[0]) if digits else 0, when)


def _scsi(name: str, text: str, fields: dict[str, str]) -> dict[str, Any]:
    hours = re.search(r"(?:number of hours powered up|Accumulated power on time, hours:minutes) *[=:]? *(\d+)", text)
    uncorrected = [int(match[1]) for match in ERRORS.finditer(text)]
    told, test = _test(text, "SMART Self-test log", SCSI_TEST)
    grown = _integer(fields.get("Elements in grown defect list", ""))
    pending = re.search(r"^Pending defect count: *(\d+)\b", text, re.MULTILINE)
    if not SCSI_AFTER_ERRORS.search(text):
        raise Unreadable("{disk}: the answer of smartctl is cut off before the disk's attributes", disk=name)
    return {
        "temperature_celsius": _integer(fields.get("Current Drive Temperature", "")),
        "trip_celsius": _integer(fields.get("Drive Trip Temperature", "")),
        "power_on_seconds": float(int(hours[1]) * HOUR) if hours else None, "grown_defects": grown,
        "pending": int(pending[1]) if pending else None,
        "attributes_told": grown is not None or bool(uncorrected),
        "uncorrected": sum(uncorrected) if uncorrected else None,
        "used_ratio": _ratio(fields.get("Percentage used endurance indicator", "")), "tests_told": told, "self_test": test,
    }


FAILED_TEST = re.compile(r"fail|fatal|damage|unknown error", re.IGNORECASE)


def _test(text: str, head: str, row: re.Pattern[str]) -> tuple[bool, SelfTest | None]:
    """(whether the log of self-tests was told, the newest self-test that ended)."""
    start = text.find(head)
    if start < 0:
        return bool(NO_TESTS.search(text)), None
    return _newest(text[start:].split("\n")[1:-1], row)


def _newest(lines: Iterable[str], row: re.Pattern[str]) -> tuple[bool, SelfTest | None]:
    told = False
    for line in lines:
        if re.match(r"No [Ss]elf-tests", line):
            return True, None
        match = row.match(line)
        if match and "in progress" not in match[2].lower():
            return True, SelfTest(match[1], match[2], FAILED_TEST.search(match[2]) is None)
        if not line.strip():
            return True, None
        told = told or match is not None
    return told, None
