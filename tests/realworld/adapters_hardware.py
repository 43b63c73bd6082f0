# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of dmesg, ipmitool and dmidecode."""

from __future__ import annotations

import re
import shlex
from functools import partial

from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.facts.dmi import Machine
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, worst

KERNEL_RULES = (
    "kernel_io_errors", "kernel_filesystem_errors", "kernel_hardware_errors", "kernel_hung_tasks", "kernel_oom", "kernel_bugs",
    "kernel_network", "kernel_other_errors",
)
# The recordings hold only the lines of level err and worse; a whole log has at least this line above them.
FIRST_LINE = "<5>[    0.000000] Linux version 6.1.0\n"


def ignored(case: Case) -> list[re.Pattern[str]]:
    """What the recorded plug-in was told to leave out (its --ignore). Raises re.error."""
    words = shlex.split(str(case.expected.get("params", "")).replace("--ignore=", "--ignore "))
    return [re.compile(words[place + 1]) for place, word in enumerate(words) if word == "--ignore"]


def dmesg_entries(case: Case) -> list[Entry]:
    if not case.texts[0]:
        return [command_entry("dmesg -r", "")]      # nothing at all, not even a line end: cut off
    try:
        patterns = ignored(case)
    except re.error:
        patterns = []
    lines = [line for line in case.texts[0].splitlines() if line.strip() and not any(pattern.search(line) for pattern in patterns)]
    return [command_entry("dmesg -r", FIRST_LINE + "".join(f"<3>{line}\n" for line in lines))]


def dmesg_answer(case: Case, inspection: Inspection) -> Answer:
    try:
        ignored(case)
    except re.error:
        return Answer("unknown")
    return Answer(WORDS[worst(inspection, KERNEL_RULES)])


DMESG = Adapter(dmesg_entries, dmesg_answer, KERNEL_RULES)


def bmc_entries(key: str, case: Case) -> list[Entry]:
    """What a host with a BMC gives: one command of ipmitool; its last line end was lost in some recordings."""
    return [Entry("realworld", "note", "bmc_device", "/dev/ipmi0"), command_entry(key, case.texts[0].rstrip() + "\n")]


def sel_entries(case: Case) -> list[Entry]:
    patterns = ignored(case)
    lines = [line for line in case.texts[0].splitlines() if not any(pattern.search(line) for pattern in patterns)]
    text = "\n".join(lines) + "\n" if any(line.strip() for line in lines) else "SEL has no entries\n"
    text = text if case.texts[0] else ""
    return [Entry("realworld", "note", "bmc_device", "/dev/ipmi0"), command_entry("ipmitool sel elist", text)]


def sel_answer(_case: Case, inspection: Inspection) -> Answer:
    """The recorded plug-in warns at every entry of the log, also at one that is only worth naming to us."""
    events = inspection.facts["hardware"].events
    severity = worst(inspection, ("ipmi_events",))
    return Answer("warning" if isinstance(events, tuple) and events and severity <= Severity.INFO else WORDS[severity])


def sensor_answer(_case: Case, inspection: Inspection) -> Answer:
    return Answer(WORDS[worst(inspection, SENSOR_RULES)])


def sdr_answer(_case: Case, inspection: Inspection) -> Answer:
    sensors = inspection.facts["hardware"].sensors
    if not isinstance(sensors, tuple):
        return Answer("unknown")
    values = {
        "sensors": len(sensors), "ok": sum(sensor.status == "ok" for sensor in sensors),
        "no_reading": sum(sensor.status == "ns" for sensor in sensors),
        "not_ok": [sensor.name for sensor in sensors if sensor.status not in ("ok", "ns")],
        **{f"readings.{sensor.name}": sensor.reading for sensor in sensors if sensor.is_numeric},
    }
    return Answer(WORDS[worst(inspection, SENSOR_RULES)], values)


def dmidecode_answer(_case: Case, inspection: Inspection) -> Answer:
    machine = inspection.facts["hardware"].machine
    if not isinstance(machine, Machine):
        return Answer("unknown")
    memory = sum(module.size_bytes for module in machine.modules)
    return Answer("ok", {
        "manufacturer": machine.manufacturer, "product": machine.product, "serial": machine.serial, "bios_vendor": machine.bios_vendor,
        "bios_version": machine.bios_version, "bios_date": machine.bios_date, "cpu_sockets_populated": machine.sockets_populated,
        "memory_modules": len(machine.modules), "memory_slots_empty": machine.slots_empty, "memory_mib": memory // 2**20 or None,
    })


SENSOR_RULES = ("ipmi_sensors", "hardware_power_supplies")
IPMI_SEL = Adapter(sel_entries, sel_answer, ("ipmi_events",))
IPMI_SENSOR = Adapter(partial(bmc_entries, "ipmitool sdr elist"), sensor_answer, SENSOR_RULES)
IPMI_SDR = Adapter(partial(bmc_entries, "ipmitool sdr elist"), sdr_answer, SENSOR_RULES)
DMIDECODE = Adapter(lambda case: [command_entry("dmidecode", case.texts[0])], dmidecode_answer, ("memory_modules",))
