# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the open findings of a run to a short list of actions: one for each rule, what closes most risk first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

DUE_DAYS = {4: 7, 3: 30, 2: 90, 1: 180}     # by total risk; our choice: a week, a month, a quarter, half a year
CALLS = ("warning", "critical")             # an unknown calls for a look, not for a remedy


@dataclass
class Burden:
    """What the open findings of one rule weigh; ``risk`` is the sum of their total risks, ``highest`` the greatest of them."""

    risk: int = 0
    highest: int = 1
    findings: int = 0
    hosts: int = 0
    owners: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Action:
    """Doing what the rule's ``fix`` says on all its hosts. ``share`` 0 to 1: of all open risk, by this action and those before it."""

    rule: str
    findings: int
    hosts: int
    risk: int
    share: float
    owners: tuple[str, ...]
    due: date


def add_burdens(burdens: dict[str, Burden], document: Mapping[str, Any]) -> None:
    """Add a host's findings, from its report's document."""
    mine: set[str] = set()
    for finding in document["findings"]:
        if finding["counts"] and finding["severity"] in CALLS:
            burden = burdens.setdefault(finding["rule"], Burden())
            burden.risk += finding["risk"]
            burden.highest = max(burden.highest, finding["risk"])
            burden.findings += 1
            burden.hosts += finding["rule"] not in mine
            mine.add(finding["rule"])
            if owner := document["settings"].get("owner"):
                burden.owners.add(owner)


def remediation_list(burdens: Mapping[str, Burden], change_risks: Mapping[str, int], day: date) -> tuple[Action, ...]:
    """Most risk closed for the risk of the change first; equals by name. ``change_risks``: of each rule's remedy, 1 to 4."""
    total = sum(burden.risk for burden in burdens.values())
    order = sorted(burdens, key=lambda rule: (-burdens[rule].risk / change_risks[rule], rule))
    actions, closed = [], 0
    for rule in order:
        burden = burdens[rule]
        closed += burden.risk
        actions.append(Action(
            rule, burden.findings, burden.hosts, burden.risk, closed / total, tuple(sorted(burden.owners)),
            day + timedelta(days=DUE_DAYS[burden.highest])))
    return tuple(actions)
