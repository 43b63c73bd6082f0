# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters that a server keeps since its start, judged as what happened lately where that can be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .findings import DAY, HOUR

Points = Mapping[str, Sequence[tuple[datetime, float]]]         # {value name: ((taken_at, value), ...)} of one object, oldest first
LAST_INSPECTION = "last_inspection"
START = "start"
SHORTEST_SECONDS = HOUR                 # less than that between two inspections is no period to judge


@dataclass(frozen=True)
class Period:
    """What counters grew by over ``seconds``, since ``basis`` (LAST_INSPECTION or START); {counter: growth}."""

    basis: str
    seconds: float
    growth: Mapping[str, float]

    def per_second(self, counter: str) -> float:
        return self.growth[counter] / self.seconds

    def ratio(self, part: str, *whole: str) -> float | None:
        """``part`` of the sum of ``whole``, 0 to 1; None where nothing happened."""
        total = sum(self.growth[name] for name in whole)
        return self.growth[part] / total if total else None


def period(counters: Mapping[str, float], uptime_seconds: float, taken_at: datetime, earlier: Points) -> Period | None:
    """The newest period in which all the counters can be compared, or None where the server is too young for a verdict.

    Since the last inspection where that knew them all, was over an hour ago, and the server has not started (nor any counter
    gone back) since; otherwise since the start, if that is a day ago or more.
    """
    last = _last(counters, earlier)
    if last is not None:
        then, values = last
        seconds = (taken_at - then).total_seconds()
        started = taken_at - timedelta(seconds=uptime_seconds)
        if seconds >= SHORTEST_SECONDS and started <= then and all(counters[name] >= values[name] for name in counters):
            return Period(LAST_INSPECTION, seconds, {name: counters[name] - values[name] for name in counters})
    return Period(START, uptime_seconds, dict(counters)) if uptime_seconds >= DAY else None


def _last(counters: Mapping[str, float], earlier: Points) -> tuple[datetime, Mapping[str, float]] | None:
    """The newest earlier inspection and its counters, if it knew them all."""
    if any(not earlier.get(name) for name in counters):
        return None
    newest = {name: earlier[name][-1] for name in counters}
    times = {taken_at for taken_at, _value in newest.values()}
    return (times.pop(), {name: value for name, (_at, value) in newest.items()}) if len(times) == 1 else None
