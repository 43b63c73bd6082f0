# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that somebody accepted: who, why, until when, and for what.

    caretaker_waivers:
      - rule: filesystem_space
        object: /var/backup           # a glob pattern; all objects if left out
        reason: the nightly dump fills it by design
        owner: storage team
        expires: 2027-03-31

The scope in hosts is that of the inventory: the variable stands in host_vars or group_vars. A waiver never hides a finding:
it is counted and listed, and after its expiry the finding counts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from .settings import BadSetting

FIELDS = frozenset({"rule", "object", "reason", "owner", "expires"})


@dataclass(frozen=True)
class Waiver:
    rule: str
    reason: str
    owner: str
    expires: date
    object: str = "*"


def parse_waivers(where: str, items: Iterable[Mapping[str, Any]], rules: Iterable[str]) -> tuple[Waiver, ...]:
    """The waivers of one host. Raises BadSetting naming the one that is wrong."""
    known = set(rules)
    return tuple(_waiver(f"{where}: caretaker_waivers[{number}]", item, known) for number, item in enumerate(items))


def _waiver(where: str, item: Mapping[str, Any], rules: set[str]) -> Waiver:
    unknown = sorted(set(item) - FIELDS)
    if unknown:
        raise BadSetting(f"{where}: unknown field {unknown[0]!r}; allowed: {', '.join(sorted(FIELDS))}")
    missing = sorted(FIELDS - {"object"} - {name for name, value in item.items() if value})
    if missing:
        raise BadSetting(f"{where}: {missing[0]} is missing; a waiver needs rule, reason, owner and expires")
    if item["rule"] not in rules:
        raise BadSetting(f"{where}: unknown rule {item['rule']!r}; docs/rules.md lists them")
    expires = item["expires"]
    try:
        day = expires if isinstance(expires, date) else date.fromisoformat(str(expires))
    except ValueError as error:
        raise BadSetting(f"{where}: expires is {expires!r}, but must be a date like 2027-03-31") from error
    return Waiver(item["rule"], str(item["reason"]), str(item["owner"]), day, str(item.get("object") or "*"))


def waiver_for(waivers: Iterable[Waiver], rule: str, thing: str, today: date) -> Waiver | None:
    """The first waiver in force for a finding; its last day is the day of its expiry."""
    for waiver in waivers:
        if waiver.rule == rule and fnmatchcase(thing, waiver.object) and today <= waiver.expires:
            return waiver
    return None
