# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd: how far the start came; its units: the failed ones, how often services were restarted, what timers start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown
from ..archive import Capture, Entry, first_line, succeeded, text_of
from .container import is_container

NO_SYSTEMD = NotHere("this host is not run by systemd")
STATES = ("initializing", "starting", "running", "degraded", "maintenance", "stopping")


@dataclass(frozen=True)
class FailedUnit:
    """``load`` is loaded, not-found, masked, ...; ``timer`` the timer that starts it, or None."""

    name: str
    load: str
    timer: str | None


@dataclass(frozen=True)
class Restarts:
    """A service that systemd restarted; ``active_seconds``: since when it is active, None if it is not now."""

    name: str
    count: int
    state: str
    active_seconds: float | None


@dataclass(frozen=True)
class SystemState:
    """systemd's word: running, degraded, starting, maintenance, ...; ``up_seconds`` of the machine, None in a container."""

    word: str
    up_seconds: float | None


@dataclass(frozen=True)
class ServicesFacts:
    state: Known[SystemState]
    failed: Known[tuple[FailedUnit, ...]]
    restarts: Known[tuple[Restarts, ...]]


def parse(capture: Capture) -> ServicesFacts:
    if _without_systemd(capture):
        return ServicesFacts(NO_SYSTEMD, NO_SYSTEMD, NO_SYSTEMD)
    shown = _first(capture, "systemctl show *")
    units = list(parse_show(shown)) if isinstance(shown, str) else []
    timers = {unit["Unit"]: unit["Id"] for unit in units if unit.get("Unit")}
    listed = _first(capture, "systemctl list-units *")
    failed = parse_failed(listed, timers) if isinstance(listed, str) else listed
    return ServicesFacts(_state(capture), failed, _restarts(units, capture) if isinstance(shown, str) else shown)


def _without_systemd(capture: Capture) -> bool:
    """Nobody asked systemctl, and the first process is another."""
    name = capture.text("/proc/1/comm")
    return not capture.keys("systemctl *") and isinstance(name, str) and name.strip() not in ("", "systemd")


def _first(capture: Capture, pattern: str) -> Known[str]:
    entries: list[Entry] = capture.matching(pattern)
    if not entries:
        return Unknown("systemctl: was not asked in this capture")
    text = succeeded(entries[0])
    return Unknown(text.reason, text.values) if isinstance(text, NotHere) else text


# degraded
def _state(capture: Capture) -> Known[SystemState]:
    """``systemctl is-system-running``; its exit status only repeats the word."""
    entry = capture.entry("systemctl is-system-running")
    if entry is None:
        return Unknown("systemctl: was not asked in this capture")
    text = text_of(entry)
    if not isinstance(text, str):
        return Unknown(text.reason, text.values)
    if text.strip() not in STATES:
        return Unknown("systemd does not tell its state: {detail}", {"detail": first_line(entry.stderr) or first_line(text) or "-"})
    return SystemState(text.strip(), None if is_container(capture) else _uptime(capture))


# postgresql@15-main.service loaded failed failed PostgreSQL Cluster 15-main
# * backup.service not-found failed failed backup.service
#
# 2 loaded units listed.
KINDS = "service|socket|target|mount|automount|swap|timer|path|slice|scope|device|snapshot"
UNIT = re.compile(rf"^\W?\s*(\S+\.(?:{KINDS}))\s+(\S+)\s+(\S+)\s+(\S+)")
COUNT = re.compile(r"^(\d+) (?:loaded )?units? listed", re.MULTILINE)


def parse_failed(text: str, timers: dict[str, str]) -> Known[tuple[FailedUnit, ...]]:
    """``systemctl list-units --state=failed`` or ``--failed``, of any version, with or without its frame.

    The count below the list shows that it is whole. A list without it is believed only if it names a failed unit.
    """
    found = [FailedUnit(match[1], match[2], timers.get(match[1])) for match in map(UNIT.match, text.splitlines())
             if match and "failed" in (match[3], match[4])]
    count = COUNT.search(text)
    if count is None and not found:
        return Unknown("the list of failed units is cut off, or not one")
    if count is not None and int(count[1]) > len(found):
        return Unknown("the list of failed units says {count_listed}, but holds {count_read}",
                       {"count_listed": int(count[1]), "count_read": len(found)})
    return tuple(found)


# Id=ssh.service
# NRestarts=0
# ActiveState=active
# SubState=running
# ActiveEnterTimestampMonotonic=5123014
def parse_show(text: str) -> Iterator[dict[str, str]]:
    """Each unit's properties; units are parted by an empty line."""
    for block in text.split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in unit:
            yield unit


def _restarts(units: list[dict[str, str]], capture: Capture) -> Known[tuple[Restarts, ...]]:
    services = [unit for unit in units if unit["Id"].endswith(".service")]
    if not services:
        return Unknown("systemctl show: names no service; it is cut off")
    if not any("NRestarts" in unit for unit in services):
        return NotHere("this systemd does not count restarts (it does from version 235 on)")
    now = _uptime(capture)
    return tuple(_restarts_of(unit, now) for unit in services if unit.get("NRestarts", "0").isdigit())


def _uptime(capture: Capture) -> float | None:
    text = capture.text("/proc/uptime")
    words = text.split() if isinstance(text, str) else []
    return float(words[0]) if words and re.fullmatch(r"\d+\.\d+", words[0]) else None


def _restarts_of(unit: dict[str, str], now: float | None) -> Restarts:
    entered = unit.get("ActiveEnterTimestampMonotonic", "")
    active = now is not None and unit.get("ActiveState") == "active" and entered.isdigit()
    seconds = max(0.0, (now or 0.0) - int(entered) / 1e6) if active else None
    return Restarts(unit["Id"], int(unit["NRestarts"]), unit.get("SubState", ""), seconds)
