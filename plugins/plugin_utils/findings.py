# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule is made of and what it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
TIB = 1024 * GIB
HOUR = 3600
DAY = 24 * HOUR


class Severity(IntEnum):
    """How bad; ordered, so that ``max`` gives the worst. UNKNOWN stands between what is fine and what is wrong."""

    OK = 0
    INFO = 1
    UNKNOWN = 2
    WARNING = 3
    CRITICAL = 4

    __hash__ = int.__hash__     # an enumeration's own is written in Python, and severities are looked up by the million


class Domain(Enum):
    """The four departments that maintenance teams split findings by."""

    HARDWARE = "hardware"
    OS = "os"
    PLATFORM = "platform"
    DATABASE = "database"


@dataclass(frozen=True)
class Above:
    """A level that a value must stay under: at or over ``warning`` is a warning, at or over ``critical`` is critical."""

    warning: float | None = None
    critical: float | None = None
    source: str = ""

    def grade(self, value: float) -> Severity:
        if self.critical is not None and value >= self.critical:
            return Severity.CRITICAL
        if self.warning is not None and value >= self.warning:
            return Severity.WARNING
        return Severity.OK


@dataclass(frozen=True)
class Below:
    """A level that a value must stay over: at or under ``warning`` is a warning, at or under ``critical`` is critical."""

    warning: float | None = None
    critical: float | None = None
    source: str = ""

    def grade(self, value: float) -> Severity:
        if self.critical is not None and value <= self.critical:
            return Severity.CRITICAL
        if self.warning is not None and value <= self.warning:
            return Severity.WARNING
        return Severity.OK


Level = Above | Below


@dataclass(frozen=True)
class ByClass:
    """A level for each class of device (nvme, ssd, hdd, san, virtual; web, database, ...)."""

    levels: Mapping[str, Level]
    default: Level

    def of(self, device_class: str | None) -> Level:
        return self.levels.get(device_class or "", self.default)


Levels = Mapping[str, Level | ByClass]


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Finding(NamedTuple):
    """One verdict about one object of a host.

    ``message`` is a plain template (see wording.py), never an f-string, so that it can be translated; ``values`` holds the
    figures that fill it, in base units. A value with the name of one of the rule's levels is shown beside that limit.
    """

    severity: Severity
    object: str
    message: str
    values: Mapping[str, Any] = NOTHING


@dataclass(frozen=True, eq=False)          # there is one of each, and what is the same for all hosts is kept by rule
class Rule:
    """One check: the declaration that stands below its pure generator.

    needs      dotted facts ("memory.sizes"), "settings.NAME", "capture.taken_at" or "history.RULE_ID" in the order in which
               ``check(levels, *needs)`` gets them. If one is Unknown the rule yields UNKNOWN without being called; if one is
               NotHere it does not apply. ``check`` must yield at least one finding, also when all is well.
    evidence   glob patterns of the capture keys that show it ("/proc/meminfo", "mdadm --detail *").
    levels     named limits; a site overrides them by ``caretaker_levels``.
    impact     1 to 4, how much is lost if it comes true; change_risk 1 to 4, the risk of the remedy.
    track      names of finding values kept over the inspections, for trends and forecasts.
    told_by    an earlier rule whose UNKNOWN about an object speaks for this rule too: one finding for a disk that can't be read,
               not one a rule. The coverage counts this rule as not judged all the same.
    """

    id: str
    title: str
    domain: Domain
    why: str
    fix: str
    needs: tuple[str, ...]
    check: Callable[..., Iterable[Finding]]
    evidence: tuple[str, ...]
    levels: Levels = field(default_factory=dict)
    impact: int = 2
    change_risk: int = 1
    track: tuple[str, ...] = ()
    told_by: str = ""

    @property
    def subject(self) -> str:
        """The subject whose file declares it: that of its first need."""
        return self.needs[0].split(".")[0]


def plain(message: str) -> str:
    """A text of the host made fit to be part of a template: braces doubled."""
    return message.replace("{", "{{").replace("}", "}}")


def override(level: Level, changes: Mapping[str, float | None]) -> Level:
    """The level with limits of the site in place of ours, and the site named as their source."""
    allowed = {item.name for item in fields(level)} - {"source"}
    wrong = sorted(set(changes) - allowed)
    if wrong:
        raise ValueError(f"unknown field {wrong[0]!r}; allowed: {', '.join(sorted(allowed))}")
    for name, value in changes.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{name} must be a number, not {value!r}")
    return replace(level, **changes, source="set by this site (caretaker_levels)")
