# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guard periods: times in which nothing may be changed, on all hosts or on some groups, by all kinds of plan or by some.

From the inventory (``caretaker_freezes``), or from iCalendar files, where an event's categories ``group:NAME`` and ``kind:NAME`` narrow it:

    - {name: year end, from: 2026-12-20T00:00:00Z, until: 2027-01-05T00:00:00Z, groups: [databases], kinds: [patching]}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import icalendar
import recurring_ical_events

from .plan import KINDS, Plan, time_of


class BadFreeze(Exception):
    """A freeze or calendar that can't be used; the text names it, what is wrong and what to do."""


@dataclass(frozen=True)
class Freeze:
    """``groups`` and ``kinds``: empty for all. Times in UTC, the end not included."""

    name: str
    begin: datetime
    end: datetime
    groups: frozenset[str]
    kinds: frozenset[str]


def parse(freezes: Any) -> tuple[Freeze, ...]:
    """The inventory's list. Raises BadFreeze."""
    if not isinstance(freezes, list | tuple):
        raise BadFreeze("caretaker_freezes must be a list of mappings with name, from, until and, where needed, groups and kinds")
    return tuple(_parse(item) for item in freezes)


def _parse(item: Any) -> Freeze:
    try:
        unknown = set(item) - {"name", "from", "until", "groups", "kinds"}
        freeze = Freeze(str(item["name"]), time_of(item["from"]), time_of(item["until"]), frozenset(item.get("groups", ())),
                        frozenset(item.get("kinds", ())))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFreeze(f"caretaker_freezes: {item!r} must have name, from and until, times like 2026-12-20T00:00:00Z") from error
    if unknown or freeze.kinds - set(KINDS) or freeze.begin >= freeze.end:
        kinds = ", ".join(KINDS)
        raise BadFreeze(f"caretaker_freezes: {freeze.name}: has unknown fields or kinds, or ends before it begins; kinds are {kinds}")
    return freeze


def of_calendar(path: Path, now: datetime) -> tuple[Freeze, ...]:
    """The events of an iCalendar file, recurring ones too, that are in force at ``now``. Raises BadFreeze."""
    try:
        calendar = icalendar.Calendar.from_ical(path.read_bytes())
        return tuple(_of_event(event) for event in recurring_ical_events.of(calendar).at(now))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFreeze(f"{path}: can't be read as a calendar ({error}); nothing may be changed while its freezes are not known") from error


def _of_event(event: Any) -> Freeze:
    begin, end = (_moment(event.decoded(name)) for name in ("DTSTART", "DTEND"))
    words = [str(word) for word in getattr(event.get("CATEGORIES"), "cats", ())]
    return Freeze(str(event.get("SUMMARY", "no name")), begin, end, frozenset(_of(words, "group:")), frozenset(_of(words, "kind:")))


def _moment(value: date | datetime) -> datetime:
    """A whole day begins at midnight, here as in UTC; a time without a zone is in UTC."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _of(words: Iterable[str], prefix: str) -> Iterator[str]:
    return (word.removeprefix(prefix) for word in words if word.startswith(prefix))


def in_force(freezes: Iterable[Freeze], plan: Plan, now: datetime) -> Mapping[str, str]:
    """{host: name of a freeze} of the plan's hosts that may not be changed now; read-only work is never frozen."""
    if not plan.changes_hosts:
        return {}
    active = [freeze for freeze in freezes if freeze.begin <= now < freeze.end and freeze.name not in plan.freeze_exceptions
              and (not freeze.kinds or plan.kind in freeze.kinds)]
    return {host: freeze.name for host, place in plan.hosts.items() for freeze in active
            if not freeze.groups or freeze.groups & set(place.groups)}
