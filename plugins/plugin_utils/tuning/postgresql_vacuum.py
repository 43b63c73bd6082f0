# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: how much autovacuum may do at a time, where it was behind for weeks."""

from __future__ import annotations

from collections.abc import Mapping

from ..absent import Unknown
from ..facts.postgresql_model import Setting
from .postgresql import MANUAL, number
from .share import Share
from .step import Target

LIMIT, DELAY = "autovacuum_vacuum_cost_limit", "autovacuum_vacuum_cost_delay"
# Whose value stands in for -1
INSTEAD = {LIMIT: "vacuum_cost_limit", DELAY: "vacuum_cost_delay"}
MORE = 2000                 # ten times the default of 200, which was made for disks with heads (judgement)
SHORT_MS = 2
UNTOLD = "this capture does not tell {name}; inspect again"
EFFECT = "dead rows are removed faster, at the cost of more I/O in between"
PROOF = "database_dead_rows_ratio"


def targets(settings: Mapping[str, Setting], share: Share) -> Mapping[str, Target | Unknown]:
    """{setting: its target, or why there is none}; nothing where what is in force is enough."""
    found: dict[str, Target | Unknown] = {}
    delay = in_force(settings, DELAY)
    if isinstance(delay, Unknown):
        found[DELAY] = delay
    elif delay > SHORT_MS:
        found[DELAY] = Target(
            DELAY, f"{SHORT_MS}ms", 0, SHORT_MS, "vacuum was behind for weeks; {delay_seconds} are in force",
            {"delay_seconds": delay / 1000},
            f"{MANUAL}, {DELAY}: the default since PostgreSQL 12", EFFECT, PROOF)
    limit = in_force(settings, LIMIT)
    if isinstance(share.disk_class, Unknown) or share.disk_class == "hdd":
        return found
    if isinstance(limit, Unknown):
        found[LIMIT] = limit
    elif limit < MORE:
        found[LIMIT] = Target(
            LIMIT, str(MORE), MORE, float("inf"), "vacuum was behind for weeks, and the disks don't rotate; {limit_count} is in force",
            {"limit_count": int(limit)}, f"{MANUAL}, {LIMIT}; judgement of this project: ten times the default", EFFECT, PROOF,
            change_risk=2)
    return found


def in_force(settings: Mapping[str, Setting], name: str) -> float | Unknown:
    """The value, or that of the setting for VACUUM where it is -1."""
    for told in (name, INSTEAD[name]):
        if told not in settings:
            return Unknown(UNTOLD, {"name": told})
        value = number(settings[told])
        if value >= 0:
            return value
    return Unknown(UNTOLD, {"name": INSTEAD[name]})
