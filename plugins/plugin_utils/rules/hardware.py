# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.dmi import Machine
from ..facts.hardware import EccCounts, Fan, Temperature
from ..facts.ipmi import BmcEvent, Sensor
from ..findings import Above, Domain, Finding, Rule, Severity
from .kernel_log import last_inspected

SHOWN = 30


def check_sensors(_levels: Mapping[str, Any], sensors: tuple[Sensor, ...]) -> Iterator[Finding]:
    others = [sensor for sensor in sensors if not sensor.is_power_supply]
    for sensor in others:
        if sensor.severity > Severity.OK:
            yield Finding(sensor.severity, sensor.name, "the BMC reports {status}: {reading}",
                          {"status": sensor.status, "reading": sensor.reading or "-"})
    if all(sensor.severity is Severity.OK for sensor in others):
        yield Finding(Severity.OK, "bmc", "{sensors_count} sensors, all within their limits", {"sensors_count": len(others)})


IPMI_SENSORS = Rule(
    id="ipmi_sensors",
    title="The BMC's sensors are within their limits",
    domain=Domain.HARDWARE,
    why="A temperature, voltage, fan or state has left the limits that the maker set.",
    fix="Look at the part that the sensor names: air flow, fan, voltage regulator; have it replaced under the contract.",
    needs=("hardware.sensors",),
    evidence=("ipmitool sdr elist",),
    impact=3,
    check=check_sensors,
)


def check_power_supplies(_levels: Mapping[str, Any], supplies: tuple[Sensor, ...]) -> Iterator[Finding]:
    for sensor in supplies:
        if sensor.severity > Severity.OK:
            yield Finding(sensor.severity, sensor.name, "the BMC reports {status}: {reading}",
                          {"status": sensor.status, "reading": sensor.reading or "-"})
    if all(sensor.severity is Severity.OK for sensor in supplies):
        yield Finding(Severity.OK, "power supplies", "{sensors_count} sensors, all within their limits", {"sensors_count": len(supplies)})


HARDWARE_POWER_SUPPLIES = Rule(
    id="hardware_power_supplies",
    title="All power supplies work",
    domain=Domain.HARDWARE,
    why="With one supply failed or without input, the next failure switches the machine off.",
    fix="Check the power cable and the distribution unit first; then have the supply replaced.",
    needs=("hardware.power_supplies",),
    evidence=("ipmitool sdr elist",),
    impact=3,
    check=check_power_supplies,
)


def check_chassis(_levels: Mapping[str, Any], faults: tuple[str, ...]) -> Iterator[Finding]:
    for name in faults:
        severity = Severity.INFO if name == "Chassis Intrusion" else Severity.CRITICAL
        yield Finding(severity, name, "the chassis reports this state")
    if not faults:
        yield Finding(Severity.OK, "chassis", "the chassis reports no fault")


HARDWARE_CHASSIS = Rule(
    id="hardware_chassis",
    title="The chassis reports no fault",
    domain=Domain.HARDWARE,
    why="The BMC sums up power, drives and cooling of the machine in these states.",
    fix="See ipmi_sensors and ipmi_events for the part; have it replaced.",
    needs=("hardware.chassis_faults",),
    evidence=("ipmitool chassis status",),
    impact=3,
    check=check_chassis,
)


def check_bmc_events(_levels: Mapping[str, Any], events: tuple[BmcEvent, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    since = last_inspected(history)
    fresh: dict[str, list[BmcEvent]] = {}
    for event in events:
        if since is None or event.at is None or event.at > since:
            fresh.setdefault(f"{event.sensor}: {event.event}", []).append(event)
    ranked = sorted(fresh.items(), key=lambda item: -item[1][-1].severity)
    for name, group in ranked[:SHOWN]:
        yield Finding(max(event.severity for event in group), name, "{events_count} times, the last at {last_at}",
                      {"events_count": len(group), "last_at": group[-1].at})
    if len(ranked) > SHOWN:
        rest = [event for _name, group in ranked[SHOWN:] for event in group]
        yield Finding(max(event.severity for event in rest), "others", "{events_count} more events", {"events_count": len(rest)})
    if all(event.severity <= Severity.INFO for group in fresh.values() for event in group):
        yield Finding(Severity.OK, "event log", "no faults among {events_count} new events",
                      {"events_count": sum(len(group) for group in fresh.values())})


IPMI_EVENTS = Rule(
    id="ipmi_events",
    title="The BMC logged no faults",
    domain=Domain.HARDWARE,
    why="The system event log holds what the hardware itself noticed, also while the system was down.",
    fix="Give the entries to the maker's support; keep a copy, then clear the log (ipmitool sel clear) so that new events stand out.",
    needs=("hardware.events", "history.ipmi_events"),
    evidence=("ipmitool sel elist",),
    impact=3,
    track=("events_count",),
    check=check_bmc_events,
)


def check_temperature(_levels: Mapping[str, Any], temperatures: tuple[Temperature, ...]) -> Iterator[Finding]:
    hot = False
    for item in temperatures:
        values = {"now_celsius": item.now_celsius, "max_celsius": item.max_celsius, "critical_celsius": item.critical_celsius}
        if item.alarm or (item.critical_celsius is not None and item.now_celsius >= item.critical_celsius):
            hot = True
            yield Finding(Severity.CRITICAL, item.name, "{now_celsius}, at its critical limit of {critical_celsius}", values)
        elif item.max_celsius is not None and item.now_celsius >= item.max_celsius:
            hot = True
            yield Finding(Severity.WARNING, item.name, "{now_celsius}, over its limit of {max_celsius}", values)
    if not hot:
        highest = max(temperatures, key=lambda item: item.now_celsius)
        yield Finding(Severity.OK, "temperatures", "the highest is {now_celsius} ({name})",
                      {"now_celsius": highest.now_celsius, "name": highest.name})


HARDWARE_TEMPERATURE = Rule(
    id="hardware_temperature",
    title="No part is too hot",
    domain=Domain.HARDWARE,
    why="Hot parts slow down, give errors, age, and switch off at last.",
    fix="Check the room, the air flow, the fans and the dust; compare with neighbours in the rack.",
    needs=("hardware.temperatures",),
    evidence=("/sys/class/hwmon/*",),
    impact=3,
    check=check_temperature,
)


def check_fans(_levels: Mapping[str, Any], fans: tuple[Fan, ...]) -> Iterator[Finding]:
    slow = [fan for fan in fans if fan.alarm or (fan.min_rpm and fan.rpm < fan.min_rpm)]
    for fan in slow:
        yield Finding(Severity.WARNING, fan.name, "turns at {rpm} a minute, at least {min_rpm} are due",
                      {"rpm": fan.rpm, "min_rpm": fan.min_rpm})
    if not slow:
        yield Finding(Severity.OK, "fans", "{fans_count} fans, none too slow", {"fans_count": len(fans)})


HARDWARE_FANS = Rule(
    id="hardware_fans",
    title="All fans turn",
    domain=Domain.HARDWARE,
    why="Without a fan the parts behind it get hot.",
    fix="Have the fan replaced.",
    needs=("hardware.fans",),
    evidence=("/sys/class/hwmon/*/fan*",),
    impact=3,
    check=check_fans,
)


def check_ecc(levels: Mapping[str, Any], counts: tuple[EccCounts, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    for item in counts:
        seen = history.get(item.name, {}).get("corrected_count", ())
        before = int(seen[-1][1]) if seen and seen[-1][1] <= item.corrected else 0      # a smaller count: rebooted since
        values = {"corrected_count": item.corrected, "uncorrected_count": item.uncorrected, "new_count": item.corrected - before}
        if item.uncorrected:
            yield Finding(Severity.CRITICAL, item.name, "{uncorrected_count} errors not corrected, {corrected_count} corrected", values)
        else:
            yield Finding(levels["new_count"].grade(item.corrected - before), item.name,
                          "{new_count} errors corrected since the last inspection or boot", values)


MEMORY_ECC_ERRORS = Rule(
    id="memory_ecc_errors",
    title="The memory has no errors",
    domain=Domain.HARDWARE,
    why="A module with corrected errors is likely to give one that can't be corrected: the machine stops, or data is wrong.",
    fix="Reseat or replace the module; the counters name its slot.",
    needs=("hardware.ecc", "history.memory_ecc_errors"),
    evidence=("/sys/devices/system/edac/mc/*",),
    levels={"new_count": Above(warning=1, source="node-mixin and awesome-prometheus-alerts: any corrected error")},
    impact=4,
    track=("corrected_count",),
    check=check_ecc,
)


def check_modules(_levels: Mapping[str, Any], machine: Machine) -> Iterator[Finding]:
    slow = [module for module in machine.modules if module.rated and module.configured and module.configured < module.rated]
    for module in slow:
        yield Finding(Severity.INFO, module.slot, "runs at {configured} of {rated} MT/s",
                      {"configured": module.configured, "rated": module.rated})
    if not slow:
        yield Finding(Severity.OK, "memory", "{modules_count} modules with {memory_bytes}, {empty_count} slots empty",
                      {"modules_count": len(machine.modules), "memory_bytes": sum(module.size_bytes for module in machine.modules),
                       "empty_count": machine.slots_empty})


MEMORY_MODULES = Rule(
    id="memory_modules",
    title="The memory modules run at their speed",
    domain=Domain.HARDWARE,
    why="Modules run slower than they could when the CPU, the mix of modules or the firmware's setting demands it.",
    fix="Compare with the maker's table for this CPU and population; correct the firmware's setting at the next downtime.",
    needs=("hardware.machine",),
    evidence=("dmidecode",),
    impact=1,
    change_risk=2,
    check=check_modules,
)


def check_throttled(levels: Mapping[str, Any], count: int, history: Mapping[str, Any]) -> Iterator[Finding]:
    seen = history.get("cpu", {}).get("throttled_count", ())
    before = int(seen[-1][1]) if seen and seen[-1][1] <= count else 0
    yield Finding(levels["new_count"].grade(count - before), "cpu",
                  "slowed down {new_count} times by heat since the last inspection or boot",
                  {"throttled_count": count, "new_count": count - before})


CPU_THROTTLED = Rule(
    id="cpu_throttled",
    title="The CPUs are not slowed down by heat",
    domain=Domain.HARDWARE,
    why="The CPU protects itself from heat by working slower.",
    fix="Check fans, air flow, heat sink and the room.",
    needs=("hardware.throttled", "history.cpu_throttled"),
    evidence=("thermal_throttle",),
    levels={"new_count": Above(warning=100, source="our judgement: single events are normal at changes of load")},
    impact=2,
    track=("throttled_count",),
    check=check_throttled,
)

RULES = (
    IPMI_SENSORS, HARDWARE_POWER_SUPPLIES, HARDWARE_CHASSIS, IPMI_EVENTS, HARDWARE_TEMPERATURE, HARDWARE_FANS, MEMORY_ECC_ERRORS,
    MEMORY_MODULES, CPU_THROTTLED,
)
