# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ipmitool prints: sensors, the system event log, the chassis' state; with the meaning of its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ..absent import Known, Unknown
from ..findings import Severity

# Words of the IPMI 2.0 specification, tables 42-2 and 42-3, as ipmitool prints them. The first that fits counts.
FINE = re.compile(
    r"(?i)presen(ce|t)|fully redundant|device (enabled|inserted)|power (off|up|cycle|button)|power(ed)? (off|on)|initiated by|boot|"
    r"timestamp|clock sync|working|deasserted|limit not exceeded|transition to (ok|idle|active|running)|\bok\b|connected|"
    r"sleeping|graceful|\bgood\b|success|os (start|stop)|log area|idle|soft.?off|logging|performance met|enabled|inserted|install"
)
MILD = re.compile(r"(?i)non-critical|(?<!un)correctable|predictive")       # these hold a word of BAD
BAD = re.compile(
    r"(?i)uncorrectable|non-recoverable|critical going|(upper|lower) critical|transition to (critical|non-recoverable|degraded)|"
    r"fail(ure|ed)|\bfault|fatal|ierr|thermal trip|machine check|redundancy lost|non-redundant: insuff|insufficient|ac lost|a/c lost|"
    r"input lost|input out-of-range|config(uration)? error|overheat|over-?temp|stop error|panic|watchdog|parity|crash|"
    r"critical stop|firmware hang|rebuild(/remap)? aborted|"
    r"in critical array|in failed array|off-?line|hard reset|timer expired|\berror\b|no bootable|frb\d|nmi|perr|serr"
)
POOR = re.compile(
    r"(?i)correctable|non-critical|predictive|redundancy degraded|non-redundant|throttl|limit (reached|exceeded)|almost full|"
    r"log full|sel full|disabled|degraded|reset/cleared|intrusion|unplugged|mismatch|low battery|battery low|"
    r"performance lags|hot spare|rebuild|warning|spare|lan leash"
)


# A slot that holds nothing, and a state that only the maker's own tools can name
EMPTY = re.compile(r"(?i)absent|removed|^\s*oem specific\s*$")


def grade_words(text: str) -> Severity:
    """What a discrete state or an event means. Words that no table knows are a warning: never fine."""
    if not text.strip():
        return Severity.OK
    if MILD.search(text):
        return Severity.WARNING
    if BAD.search(text):
        return Severity.CRITICAL
    if POOR.search(text):
        return Severity.WARNING
    if EMPTY.search(text):
        return Severity.INFO
    return Severity.OK if FINE.search(text) else Severity.WARNING


STATUS = {
    "ok": Severity.OK, "ns": Severity.OK, "na": Severity.OK, "us": Severity.OK,
    "nc": Severity.WARNING, "lnc": Severity.WARNING, "unc": Severity.WARNING,
    "cr": Severity.CRITICAL, "lcr": Severity.CRITICAL, "ucr": Severity.CRITICAL,
    "nr": Severity.CRITICAL, "lnr": Severity.CRITICAL, "unr": Severity.CRITICAL,
}


@dataclass(frozen=True)
class Sensor:
    """``status`` is ipmitool's word; ``entity`` "10.1" is a power supply; ``severity`` joins status and reading."""

    name: str
    status: str
    entity: str
    reading: str
    severity: Severity

    @property
    def is_numeric(self) -> bool:
        return bool(re.match(r"-?\d+(\.\d+)? [A-Za-z%]", self.reading))

    @property
    def is_power_supply(self) -> bool:
        # Entity 10 is "power supply" in the specification; the three-column list has no entities
        return self.entity.split(".")[0] == "10" or bool(re.match(r"(?i)ps[ -_]?\d|psu|power supply|pwr supply", self.name))


# Fan1             | 30h | ok  |  7.1 | 5040 RPM                       (sdr elist)
# Ambient Temp     | 20 degrees C      | ok                           (sdr)
# 01-Inlet Ambient | 23.000     | degrees C  | ok    | na | na | na | na | 42.000 | 47.000      (sensor)
def parse_sensors(text: str) -> Known[tuple[Sensor, ...]]:
    """All three of ipmitool's lists of sensors."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5:
            name, _number, status, entity, reading = cells
        elif len(cells) == 3:
            (name, reading, status), entity = cells, ""
        elif len(cells) == 10:
            name, status, entity = cells[0], cells[3], ""
            reading = "" if cells[1] == "na" else f"{cells[1]} {cells[2]}"
        elif len(cells) == 1:
            continue                    # "Unable to send command: Invalid argument" stands between the lines of a poor BMC
        else:
            return Unknown("ipmitool: its list of sensors is cut off or not in a known format")
        found.append(Sensor(name, status.lower(), entity, reading, _severity(status.lower(), reading)))
    if not found or not text.endswith("\n"):
        return Unknown("ipmitool: its list of sensors is cut off or not in a known format")
    return tuple(found)


def _severity(status: str, reading: str) -> Severity:
    severity = Severity.OK if re.fullmatch(r"0x[0-9a-f]+", status) else STATUS.get(status, Severity.WARNING)
    if status not in ("ok", "nc", "cr", "nr") or re.fullmatch(r"(0x[0-9a-fA-F]+|No Reading|Not Readable|)", reading):
        return severity
    words = [word for word in reading.split(",") if not re.match(r"\s*-?\d+(\.\d+)?( |$)", word)]
    return max([severity, *(grade_words(word) for word in words)])


@dataclass(frozen=True)
class BmcEvent:
    """One line of the system event log; ``at`` is None for events before the BMC knew the time (its clock, taken as UTC)."""

    number: str
    at: datetime | None
    sensor: str
    event: str
    severity: Severity


#    1 | 11/21/2025 | 10:30:00 | Event Logging Disabled SEL | Log area reset/cleared | Asserted
#   2a | 01/04/2026 | 04:11:57 UTC | Temperature Inlet Temp | Upper Critical going high | Asserted | Reading 50 > Threshold 47 degrees C
#    3 | Pre-Init  |0000000132| Power Supply PS2 Status | Power Supply AC lost | Asserted
#   SEL has no entries
def parse_events(text: str) -> Known[tuple[BmcEvent, ...]]:
    if "SEL has no entries" in text:
        return ()
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 5 or not re.fullmatch(r"[0-9a-fA-F]+", cells[0]):
            return Unknown("ipmitool: its event log is cut off or not in a known format")
        direction = cells[5] if len(cells) > 5 else ""
        found.append(BmcEvent(cells[0], _time(cells[1], cells[2]), cells[3], cells[4], _event_severity(cells[4], direction)))
    if not found or not text.endswith("\n"):
        return Unknown("ipmitool: its event log is cut off or not in a known format")
    return tuple(found)


def _event_severity(event: str, direction: str) -> Severity:
    if direction.lower().startswith("deasserted"):
        return Severity.INFO            # what it told of is over
    return max(grade_words(event), Severity.INFO)


def _time(day: str, clock: str) -> datetime | None:
    words = clock.split()
    for form in ("%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M:%S", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(f"{day} {words[0] if words else ''}", form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


# System Power         : on
# Power Overload       : false
# Main Power Fault     : false
# Chassis Intrusion    : inactive
# Drive Fault          : false
# Cooling/Fan Fault    : false
FAULTS = ("Power Overload", "Main Power Fault", "Power Control Fault", "Drive Fault", "Cooling/Fan Fault")


def parse_chassis(text: str) -> Known[tuple[str, ...]]:
    """The names of the faults that the chassis reports, "Chassis Intrusion" among them."""
    values = dict(part for part in _pairs(text))
    if not {"System Power", "Main Power Fault", "Drive Fault", "Cooling/Fan Fault"} <= set(values) or not text.endswith("\n"):
        return Unknown("ipmitool: its chassis status is cut off or not in a known format")
    faults = [name for name in FAULTS if values.get(name, "false") != "false"]
    return (*faults, "Chassis Intrusion") if values.get("Chassis Intrusion") == "active" else tuple(faults)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip().lower()
