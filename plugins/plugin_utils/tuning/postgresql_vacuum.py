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
from .step import Decided, Target

LIMIT, DELAY = "autovacuum_vacuum_cost_limit", "autovacuum_vacuum_cost_delay"
# Whose value stands in for -1
INSTEAD = {LIMIT: "vacuum_cost_limit", DELAY: "vacuum_cost_delay"}
MORE = 2000                 # ten times the default, which was made for disks with heads (judgement)
SHORT_MS = 2
UNTOLD = "this capture does not tell {name}; inspect again"
EFFECT = "dead rows are removed faster, at the cost of more I/O in between"
PROOF = "database_dead_rows_ratio"


def targets(settings: Mapping[str, Setting], share: Share) -> Mapping[str, Decided]:
    """A rotating disk is left alone: what vacuum takes there, sessions wait for. A class that is not known is told once for all."""
    if not isinstance(share.disk_class, str) or share.disk_class == "hdd":
        return {}
    delay = in_force(settings, DELAY)
    return {DELAY: _delay(delay), LIMIT: None if delay == 0 else _limit(in_force(settings, LIMIT))}


def _delay(now: float | Unknown) -> Decided:
    if isinstance(now, Unknown):
        return now
    return None if now <= SHORT_MS else Target(
        DELAY, f"{SHORT_MS}ms", 0, SHORT_MS, "vacuum was behind for weeks; {delay_seconds} are in force", {"delay_seconds": now / 1000},
        f"{MANUAL}, {DELAY}: the default since PostgreSQL 12", EFFECT, PROOF)


def _limit(now: float | Unknown) -> Decided:
    """Without a delay no limit is ever asked."""
    if isinstance(now, Unknown):
        return now
    return None if now >= MORE else Target(
        LIMIT, str(MORE), MORE, float("inf"), "vacuum was behind for weeks; {limit_count} is in force", {"limit_count": int(now)},
        f"{MANUAL}, {LIMIT}; judgement of this project: ten times the default", EFFECT, PROOF, change_risk=2)


def in_force(settings: Mapping[str, Setting], name: str) -> float | Unknown:
    """The value, or that of the setting for VACUUM where it is -1."""
    for told in (name, INSTEAD[name]):
        if told not in settings:
            break
        if number(settings[told]) >= 0:
            return number(settings[told])
    return Unknown(UNTOLD, {"name": told})
