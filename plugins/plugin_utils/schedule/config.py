# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the timer's inspection is told, schedule.yml in the folder ``schedule`` of the home.

    inventories: [/etc/caretaker/fleet.yml]
    window: 01:00-05:00
    days: [monday, tuesday, wednesday, thursday, friday]
    holidays: [2026-12-25]
    time_zone: Europe/Berlin
    needs_plan: true
    approvers_file: /etc/caretaker/approvers
    variables: {caretaker_documents: [docx]}
    keep: 8
    mail: {server: mail.example.com, from: caretaker@example.com}
    mail_to: [operations@example.com]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from ..addresses import is_address
from ..bottleneck.business import WEEKDAYS, parse_days, parse_hours
from ..mail import BadMail, Post, parse_post
from .calendar import Calendar

KEEP = 8
FIELDS = {
    "inventories", "window", "days", "holidays", "time_zone", "needs_plan", "approvers_file", "variables", "keep", "mail", "mail_to",
}


class BadSchedule(Exception):
    """A schedule that can't be used; the text names the file, the field, what is wrong and what is right."""


@dataclass(frozen=True)
class Schedule:
    """``keep``: how many runs' output of Ansible is kept. ``post`` None: nobody gets mail."""

    inventories: tuple[str, ...]
    calendar: Calendar
    needs_plan: bool
    approvers_file: Path | None
    variables: Mapping[str, Any]
    keep: int
    post: Post | None
    mail_to: tuple[str, ...]


def load(path: Path) -> Schedule:
    """Raises BadSchedule."""
    try:
        document = yaml.safe_load(path.read_bytes())
    except FileNotFoundError:
        raise BadSchedule(f"{path} is not there; playbooks/schedule.yml writes it (docs/schedule.md)") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise BadSchedule(f"{path}: can't be read as a schedule ({' '.join(str(error).split())})") from error
    return parse(document, str(path))


def parse(document: Any, where: str) -> Schedule:
    """Raises BadSchedule."""
    if not isinstance(document, Mapping):
        raise BadSchedule(f"{where}: is not a schedule: no YAML mapping")
    if strange := sorted(map(str, set(document) - FIELDS)):
        raise BadSchedule(f"{where}: unknown field {strange[0]!r}; there are {', '.join(sorted(FIELDS))}")

    def field(name: str, convert: Callable[[Any], Any], default: Any, what: str) -> Any:
        value = document.get(name)
        try:
            return convert(default if value is None else value)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise BadSchedule(f"{where}: {name} is {value!r}, but must be {what}") from error

    begin, end = field("window", parse_hours, None, "hours like 01:00-05:00, in steps of five minutes; 22:00-04:00 passes midnight")
    schedule = Schedule(
        inventories=field("inventories", _paths, None, "a list of at least one absolute path"),
        calendar=Calendar(
            begin, end,
            days=field("days", parse_days, WEEKDAYS[:5], "a list of days like [monday, tuesday]"),
            holidays=field("holidays", _dates, [], "a list of dates like 2026-12-25"),
            zone=field("time_zone", ZoneInfo, None, "a time zone like Europe/Berlin")),
        needs_plan=field("needs_plan", _bool, False, "true or false"),
        approvers_file=field("approvers_file", lambda value: Path(value) if value else None, "", "a path"),
        variables=field("variables", _mapping, {}, "a mapping of variables"),
        keep=field("keep", _count, KEEP, "a whole number from 1"),
        post=_post(document.get("mail"), where),
        mail_to=field("mail_to", _addresses, [], "a list of addresses like [operations@example.com]"),
    )
    if schedule.post and not schedule.mail_to:
        raise BadSchedule(f"{where}: mail_to is empty; name who gets the summary, or leave mail out")
    if schedule.needs_plan and not schedule.approvers_file:
        raise BadSchedule(f"{where}: needs_plan wants an approvers_file, against which approvals are checked")
    return schedule


def _post(value: Any, where: str) -> Post | None:
    try:
        return parse_post(value) if value else None
    except BadMail as error:
        raise BadSchedule(f"{where}: {error}") from error


def _paths(value: Any) -> tuple[str, ...]:
    paths = tuple(value)
    if isinstance(value, str) or not paths or not all(isinstance(path, str) and Path(path).is_absolute() for path in paths):
        raise ValueError
    return paths


def _dates(value: Any) -> frozenset[date]:
    return frozenset(day if isinstance(day, date) else date.fromisoformat(str(day)) for day in value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError
    return dict(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError
    return value


def _addresses(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(address, str) and is_address(address) for address in value):
        raise ValueError
    return tuple(value)
