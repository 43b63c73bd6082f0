# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware: the machine's parts, temperatures, fans, memory errors, throttling, and what its BMC says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..absent import Known, NotHere, T, Unknown, Unreadable
from ..archive import Capture, succeeded
from .dmi import Machine, parse_dmidecode
from .ipmi import BmcEvent, Sensor, parse_chassis, parse_events, parse_sensors

EDAC = "/sys/devices/system/edac/mc/"
HWMON = "/sys/class/hwmon/"


@dataclass(frozen=True)
class Temperature:
    """Limits are None where the chip has none that makes sense."""

    name: str
    now_celsius: float
    max_celsius: float | None
    critical_celsius: float | None
    alarm: bool


@dataclass(frozen=True)
class Fan:
    name: str
    rpm: int
    min_rpm: int | None
    alarm: bool


@dataclass(frozen=True)
class EccCounts:
    """Since boot, or since the driver was loaded."""

    name: str
    corrected: int
    uncorrected: int


@dataclass(frozen=True)
class HardwareFacts:
    machine: Known[Machine]
    temperatures: Known[tuple[Temperature, ...]]
    fans: Known[tuple[Fan, ...]]
    ecc: Known[tuple[EccCounts, ...]]
    throttled: Known[int]
    sensors: Known[tuple[Sensor, ...]]
    power_supplies: Known[tuple[Sensor, ...]]
    events: Known[tuple[BmcEvent, ...]]
    chassis_faults: Known[tuple[str, ...]]


def parse(capture: Capture) -> HardwareFacts:
    sensors = _bmc(capture, "ipmitool sdr elist", parse_sensors)
    supplies: Known[tuple[Sensor, ...]] = sensors
    if isinstance(sensors, tuple):
        supplies = tuple(sensor for sensor in sensors if sensor.is_power_supply) or NotHere("the BMC has no sensors of power supplies")
    return HardwareFacts(
        machine=_machine(capture), temperatures=_tried(_temperatures, capture), fans=_tried(_fans, capture), ecc=_tried(_ecc, capture),
        throttled=_throttled(capture), sensors=sensors, power_supplies=supplies, events=_bmc(capture, "ipmitool sel elist", parse_events),
        chassis_faults=_bmc(capture, "ipmitool chassis status", parse_chassis),
    )


def _machine(capture: Capture) -> Known[Machine]:
    entry = capture.entry("dmidecode")
    text = succeeded(entry) if entry is not None else capture.known("dmidecode")
    told = entry.stderr + (entry.text or "") if entry is not None else ""
    if "No SMBIOS nor DMI entry point found" in told or "/dev/mem: No such file" in told:
        return NotHere("this machine has no DMI table")
    if not isinstance(text, str):
        return text
    try:
        return parse_dmidecode(text)
    except Unreadable as error:
        return error.unknown


def _bmc(capture: Capture, key: str, parser: Callable[[str], Known[T]]) -> Known[T]:
    device = capture.entry("bmc_device")
    if device is not None and device.text == "none":
        machine = _machine(capture)
        if isinstance(machine, Machine) and machine.has_bmc:
            return Unknown("the machine has a BMC, but its driver is not loaded (modules ipmi_si and ipmi_devintf)")
        return NotHere("this machine has no BMC that the kernel knows (no /dev/ipmi0)")
    entry = capture.entry(key)
    if entry is None:
        return Unknown("{key}: was not looked at in this capture", {"key": key})
    text = succeeded(entry)
    if isinstance(text, NotHere):
        return Unknown("the machine has a BMC, but ipmitool is not installed")
    return parser(text) if isinstance(text, str) else text


def _tried(function: Callable[[Capture], Known[T]], capture: Capture) -> Known[T]:
    try:
        return function(capture)
    except Unreadable as error:
        return error.unknown


def _value(capture: Capture, key: str) -> int | None:
    """The number in a file of /sys; None where there is no such file, or the sensor is off. Raises Unreadable for other texts."""
    text = capture.text(key)
    if not isinstance(text, str):
        return None
    if not re.fullmatch(r"-?\d+\n", text):
        raise Unreadable("{key}: is not a number", key=key)
    return int(text)


def _label(capture: Capture, base: str, folder: str) -> str:
    label, chip = capture.text(base + "_label"), capture.text(folder + "/name")
    part = label.strip() if isinstance(label, str) else base.rsplit("/", 1)[-1]
    return f"{chip.strip() if isinstance(chip, str) else folder.rsplit('/', 1)[-1]} {part}"


def _temperatures(capture: Capture) -> Known[tuple[Temperature, ...]]:
    found = []
    for entry in capture.matching(HWMON + "*/temp*_input"):
        folder, base = entry.key.rsplit("/", 1)[0], entry.key.removesuffix("_input")
        now = _value(capture, entry.key)
        if now is None:
            continue
        found.append(Temperature(
            _label(capture, base, folder), now / 1000,
            _sensible(_value(capture, base + "_max")), _sensible(_value(capture, base + "_crit")),
            _value(capture, base + "_crit_alarm") == 1,
        ))
    return tuple(found) or NotHere("the kernel shows no temperatures")


def _sensible(millidegrees: int | None) -> float | None:
    """Some chips report 0 or 65 261 °C for "no limit"."""
    return millidegrees / 1000 if millidegrees is not None and 40_000 <= millidegrees <= 150_000 else None


def _fans(capture: Capture) -> Known[tuple[Fan, ...]]:
    found = []
    for entry in capture.matching(HWMON + "*/fan*_input"):
        folder, base = entry.key.rsplit("/", 1)[0], entry.key.removesuffix("_input")
        rpm = _value(capture, entry.key)
        if rpm is None:
            continue
        found.append(Fan(_label(capture, base, folder), rpm, _value(capture, base + "_min"), _value(capture, base + "_alarm") == 1))
    return tuple(found) or NotHere("the kernel shows no fans")


def _ecc(capture: Capture) -> Known[tuple[EccCounts, ...]]:
    found = []
    for pattern, prefix in ((EDAC + "mc*/ce_count", ""), (EDAC + "mc*/dimm*/dimm_ce_count", "dimm_")):
        for entry in capture.matching(pattern):
            folder = entry.key.rsplit("/", 1)[0]
            corrected, uncorrected = _value(capture, entry.key), _value(capture, f"{folder}/{prefix}ue_count")
            if corrected is None or uncorrected is None:
                return Unknown("{key}: has no second counter beside it", {"key": entry.key})
            label = capture.text(folder + "/dimm_label")
            name = label.strip() if isinstance(label, str) and label.strip() else folder.removeprefix(EDAC)
            found.append(EccCounts(name, corrected, uncorrected))
    return tuple(found) or NotHere("the kernel counts no memory errors (no EDAC driver for this machine)")


# cpu0 core 12 package 30
# end 1
def _throttled(capture: Capture) -> Known[int]:
    """The highest count of all CPUs: how often the hottest was slowed down."""
    text = capture.known("thermal_throttle")
    if isinstance(text, Unknown):
        return text
    lines = text.splitlines()
    if not lines or lines[-1] != f"end {len(lines) - 1}":
        return Unknown("the list of throttled CPUs is cut off")
    if len(lines) == 1:
        return NotHere("this CPU counts no throttling")
    rows = [line.split() for line in lines[:-1]]
    if any(len(row) != 5 or not row[2].isdecimal() or not row[4].isdecimal() for row in rows):
        return Unknown("the list of throttled CPUs is cut off")
    return max(max(int(row[2]), int(row[4])) for row in rows)
