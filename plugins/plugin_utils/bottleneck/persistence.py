# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a resource was short for long: the definition of a long-term bottleneck, applied to one sign at one instance.

A bottleneck: saturated in at least 25 % of the business time of at least 3 of the last 4 weeks, or with its 95th percentile over the
limit on every working day of them (at least 5 % of each day's known time), and at least 80 % of the business time of the four weeks
known; otherwise nothing is said. Every sample weighs as much as its interval is long; what is NaN weighs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from ..findings import Above, Level
from ..history.series import Values
from .business import WEEKS, Flags, Window
from .measures import Measure, Sign

SHARE = 0.25                    # of a week's known business time
RELEASE = 0.15                  # what was a bottleneck at the last inspection stays one down to this (hysteresis)
WEEKS_NEEDED = 3
COVERAGE = 0.8                  # of the business time of the four weeks
WEEK_COVERAGE = 0.5             # a week of which less is known counts neither way
PEAK_SHARE = 0.05               # over its limit for 5 % of the time: the 95th percentile is
ERROR_SHARE = 1e-9              # errors: any sample of a week
TOGETHER = 0.5                  # one sign goes with another: in this much of its time,
LIFT = 1.5                      # so much more often than without it,
FEW = 0.05                      # which can't be told where less than this is left


class State(Enum):
    PERSISTENT = "persistent"
    FREE = "free"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Course:
    """How one sign went at one instance. ``over`` and ``known`` have an item for each sample of the window.

    ``persistent_ratio``: the share of business time that three of the four weeks reached or surpassed; ``daily``: whether it is a
    bottleneck for its daily peaks alone; ``over_seconds``: saturated business time of the four weeks.
    """

    sign: Sign
    instance: str
    way: tuple[str, ...]
    state: State
    over: Flags
    known: Flags
    coverage_ratio: float
    persistent_ratio: float
    weeks_count: int
    daily: bool
    over_seconds: float
    known_seconds: float

    @property
    def over_ratio(self) -> float:
        """Of the known business time."""
        return self.over_seconds / max(self.known_seconds, 1e-9)


def is_over(level: Level, values: Values) -> Flags:
    """A value at its limit is over it, as in all rules; NaN is not."""
    limit = level.warning if level.warning is not None else np.nan
    with np.errstate(invalid="ignore"):
        flags: Flags = values >= limit if isinstance(level, Above) else values <= limit
    return flags


def saturated(measures: list[tuple[Measure, Values]], device_class: str | None) -> tuple[Flags, Flags]:
    """(over, known) of each sample: over where all measures are; known where all are known, or one known to be under its limit."""
    over = np.ones(len(measures[0][1]), dtype=np.bool_)
    complete, under = over.copy(), ~over
    for measure, values in measures:
        finite, high = np.isfinite(values), is_over(measure.level(device_class), values)
        over &= high
        complete &= finite
        under |= finite & ~high
    return over & complete, complete | under


def course_of(sign: Sign, instance: str, way: tuple[str, ...], flags: tuple[Flags, Flags], window: Window, was: bool = False) -> Course:
    """``was``: it was a bottleneck at the last inspection."""
    over, known = flags
    weights = window.weights
    known_weeks = np.bincount(window.weeks[known], weights[known], WEEKS)
    known_seconds = float(known_weeks.sum())
    coverage = min(1.0, known_seconds / window.seconds) if window.seconds else 0.0
    over_weeks = np.bincount(window.weeks[over], weights[over], WEEKS)
    counted = known_weeks >= np.maximum(window.week_seconds * WEEK_COVERAGE, 1e-9)
    shares = np.where(counted, over_weeks / np.maximum(known_weeks, 1e-9), 0.0)
    needed = ERROR_SHARE if sign.any_sample else RELEASE if was else SHARE
    persistent = float(np.sort(shares)[-WEEKS_NEEDED])
    weeks_count = int((shares >= needed * (1 - 1e-9)).sum())
    daily = persistent < needed and not sign.any_sample and over.any() and _every_day(over, known, window)
    found = State.PERSISTENT if weeks_count >= WEEKS_NEEDED or daily else State.FREE
    state = found if coverage >= COVERAGE - 1e-9 else State.UNKNOWN
    return Course(sign, instance, way, state, over, known, coverage, persistent, weeks_count, bool(daily), float(over_weeks.sum()),
                  known_seconds)


def _every_day(over: Flags, known: Flags, window: Window) -> bool:
    """Whether the 95th percentile of every day is over the limit; days of which little is known don't count, but most must."""
    days = window.day_numbers
    total = np.bincount(days, window.weights)
    seen = np.bincount(days[known], window.weights[known], len(total))
    high = np.bincount(days[over], window.weights[over], len(total))
    counted = seen >= WEEK_COVERAGE * np.median(total)
    return bool(counted.sum() >= COVERAGE * len(total) and (high[counted] >= PEAK_SHARE * seen[counted]).all())


def coincides(symptom: Course, other: Course, weights: Values) -> bool:
    """Whether a sign happens when the other does: in half of its time at least, and more often than without it.

    Where one of both is all but always there, the second half can't be told and is not asked.
    """
    both = symptom.known & other.known
    time = float(weights[both & symptom.over].sum())
    if not time:
        return False
    together = float(weights[both & symptom.over & other.over].sum())
    with_other, without = float(weights[both & other.over].sum()), float(weights[both & ~other.over].sum())
    if together < TOGETHER * time:
        return False
    if without < FEW * (with_other + without):
        return True
    return together / with_other >= LIFT * (time - together) / without
