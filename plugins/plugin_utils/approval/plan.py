# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: what shall be done where, when and by whom; what an approver signs is the digest of all of it.

    schema: 1
    id: tuning-2026Q4-001
    kind: tuning                        # one of KINDS
    title: Raise the connection limit of the CRM database
    requester: alice
    written_at: 2026-11-20T09:00:00Z
    window: {from: 2026-11-22T20:00:00Z, until: 2026-11-23T02:00:00Z}
    hosts:
      db1: {address: 192.0.2.10, system: crm, groups: [databases]}
    systems:
      crm: {approvers: [bob, carol, dave], needed: 2}
    approvers_sha256: 41ab...           # of the file that lists the approvers' keys
    freeze_exceptions: []               # names of freezes that this plan may pass
    incident:                           # emergency plans name theirs
    steps:
      - {id: s1, host: db1, domain: database, engineer: erin, action: ..., before: 100, after: 200, rollback: 100}
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

SCHEMA = 1
READ_ONLY = "inspection"
EMERGENCY = "emergency"
KINDS = (READ_ONLY, "remediation", "tuning", "patching", "restore_test", EMERGENCY)
EMERGENCY_APPROVERS = 2
EMERGENCY_LONGEST = timedelta(hours=4)
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class BadPlan(Exception):
    """A plan that can't be used; the text names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class Place:
    """A host of a plan. ``address``: what it is reached at, so that another machine can't take its name."""

    address: str
    system: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Duty:
    """Who may approve for a system, and how many of them must."""

    approvers: tuple[str, ...]
    needed: int


@dataclass(frozen=True)
class Plan:
    """A plan as read; ``digest`` is the sha256 of the canonical JSON of the whole document, also of what this class leaves out."""

    id: str
    kind: str
    title: str
    requester: str
    written_at: datetime
    window_from: datetime
    window_until: datetime
    hosts: Mapping[str, Place]
    systems: Mapping[str, Duty]
    approvers_sha256: str
    freeze_exceptions: tuple[str, ...]
    incident: str | None
    steps: tuple[Mapping[str, Any], ...]
    digest: str

    @property
    def changes_hosts(self) -> bool:
        return self.kind != READ_ONLY


def digest_of(document: Mapping[str, Any]) -> str:
    """sha256 of the canonical JSON: keys sorted, no blanks, UTF-8, times as text."""
    text = json.dumps(plain(document), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def plain(value: Any) -> Any:
    """A YAML value as JSON has it: YAML makes datetimes of what looks like one."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return text_of_time(value)
    return value


def text_of_time(time: datetime) -> str:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def load(path: Path) -> Plan:
    """Read a plan, once. Raises BadPlan."""
    try:
        document = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise BadPlan(f"{path}: can't be read as a plan ({' '.join(str(error).split())})") from error
    return parse(document, str(path))


def parse(document: Any, where: str) -> Plan:
    """A plan's document as a Plan. Raises BadPlan naming the field that is wrong."""
    if not isinstance(document, Mapping):
        raise BadPlan(f"{where}: is not a plan: no YAML mapping")
    if document.get("schema") != SCHEMA:
        raise BadPlan(f"{where}: schema is {document.get('schema')!r}, this version reads {SCHEMA}")

    def field(name: str, convert: Callable[[Any], Any], what: str) -> Any:
        try:
            return convert(document[name])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            given = f"is {document[name]!r}" if name in document else "is missing"
            raise BadPlan(f"{where}: {name} {given}; it must be {what}") from error

    window = field("window", dict, "a mapping with from and until")
    try:
        begin, end = time_of(window["from"]), time_of(window["until"])
    except (KeyError, ValueError, TypeError) as error:
        raise BadPlan(f"{where}: window must have from and until, times like 2026-11-22T20:00:00Z") from error
    plan = Plan(
        id=field("id", _id, "letters, digits, dot, dash and underscore, at most 64"),
        kind=field("kind", lambda value: KINDS[KINDS.index(value)], f"one of {', '.join(KINDS)}"),
        title=field("title", _text, "a text"), requester=field("requester", _text, "the requester's name"),
        written_at=field("written_at", time_of, "a time like 2026-11-20T09:00:00Z"), window_from=begin, window_until=end,
        hosts=field("hosts", _places, "a mapping {host: {address, system, groups}} with at least one host"),
        systems=field("systems", _duties, "a mapping {system: {approvers: [names], needed: a number from 1}}"),
        approvers_sha256=field("approvers_sha256", _text, "the sha256 of the approvers file"),
        freeze_exceptions=field("freeze_exceptions", _texts, "a list of names"),
        incident=field("incident", lambda value: None if value is None else _text(value), "an incident's id, or nothing"),
        steps=field("steps", lambda value: tuple(dict(step) for step in value), "a list of mappings"), digest=digest_of(document),
    )
    _check(plan, where)
    return plan


def parse_duties(value: Any, where: str) -> Mapping[str, Duty]:
    """{system: {approvers: [names], needed: number}}, as a plan and the inventory have it. Raises BadPlan."""
    try:
        return _duties(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadPlan(f"{where} must be a mapping {{system: {{approvers: [names], needed: a number from 1}}}}") from error


def _check(plan: Plan, where: str) -> None:
    """What fields mean together."""
    if plan.window_from >= plan.window_until:
        raise BadPlan(f"{where}: its window ends before it begins")
    strangers = {place.system for place in plan.hosts.values()} - set(plan.systems)
    if strangers:
        raise BadPlan(f"{where}: nobody may approve for the system {min(strangers)}; name its approvers under systems")
    for name, duty in plan.systems.items():
        others = len(set(duty.approvers) - {plan.requester})
        if duty.needed > others:
            raise BadPlan(f"{where}: system {name} needs {duty.needed} approvals, but only {others} others than the requester may give one")
    for step in plan.steps:
        if step.get("host") not in plan.hosts:
            raise BadPlan(f"{where}: step {step.get('id')!r} is for the host {step.get('host')!r}, which is not among the plan's hosts")
    if plan.kind == EMERGENCY:
        _check_emergency(plan, where)


def _check_emergency(plan: Plan, where: str) -> None:
    if not plan.incident:
        raise BadPlan(f"{where}: an emergency plan names its incident")
    if plan.window_until - plan.window_from > EMERGENCY_LONGEST:
        raise BadPlan(f"{where}: the window of an emergency plan is at most {EMERGENCY_LONGEST.total_seconds() / 3600:.0f} hours long")
    if any(duty.needed < EMERGENCY_APPROVERS for duty in plan.systems.values()):
        raise BadPlan(f"{where}: an emergency plan needs {EMERGENCY_APPROVERS} approvals for each system")


def time_of(value: Any) -> datetime:
    """A time in UTC from ``2026-11-20T09:00:00Z`` (or what YAML made of it). Raises ValueError."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError
    return tuple(_text(item) for item in value)


def _places(value: Any) -> Mapping[str, Place]:
    if not value:
        raise ValueError
    return {
        _text(host): Place(_text(item["address"]), _text(item["system"]), _texts(item.get("groups", []))) for host, item in value.items()
    }


def _duties(value: Any) -> Mapping[str, Duty]:
    return {_text(name): Duty(_texts(item["approvers"]), _needed(item["needed"])) for name, item in value.items()}


def _needed(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError
    return value
