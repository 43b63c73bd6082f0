# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tuning of a host may come to: a setting with its value before and after, and all that an approver asks about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..absent import Unknown
from ..findings import Domain


@dataclass(frozen=True)
class Target:
    """What a formula gives for one setting. A value of today within ``lowest`` to ``highest`` is left alone: it is near enough, and
    so a system that was tuned gets no further step on it.

    ``value`` is what the setting's own tool takes ("128MB", "1.1"). ``formula`` and ``effect`` are plain templates in English, filled
    from ``values``; ``source`` names where the formula comes from. ``proof``: the measure that will show the gain.
    ``words``: of a setting that is no number, all values that are left alone. ``answers``: (rule, object) of the findings that the step
    answers, which are no proposals then.
    """

    setting: str
    value: str
    lowest: float
    highest: float
    formula: str
    values: Mapping[str, Any]
    source: str
    effect: str
    proof: str
    needs_restart: bool = False
    change_risk: int = 1
    words: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()


def is_near(now: float, target: Target) -> bool:
    """Whether a value of today is left alone."""
    return target.lowest <= now <= target.highest


# Of one setting: its target, why there is none, or None where what is in force is enough
Decided = Target | Unknown | None


@dataclass(frozen=True)
class Limit:
    """A limit of a server that was reached: its value of today, who sets it, and its target, or why there is none."""

    setting: str
    before: str
    set_by: str
    decided: Target | Unknown


@dataclass(frozen=True)
class Step:
    """A setting to change. ``how``: who sets it (sysctl, postgresql, mysql, nginx, haproxy, tomcat, rabbitmq).

    ``set_by``: the file that sets it today, or "default". ``after``: settings whose steps, where there are any, come first.
    """

    domain: Domain
    how: str
    instance: str
    before: str
    set_by: str
    target: Target
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Advice:
    """``undecided``: {what could not be advised on: why}."""

    steps: tuple[Step, ...]
    undecided: Mapping[str, Unknown] = field(default_factory=dict)
