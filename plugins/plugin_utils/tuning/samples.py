# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From readings of counters (module_utils/measuring.py) to samples of what a piece of work cost.

Nothing is computed across a restart, between rounds, or where a counter went back: such a sample is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..absent import Known, Unknown
from ..history.series import Values

Reading = Mapping[str, float]
NAN = float("nan")


@dataclass(frozen=True)
class Window:
    """Samples of one measure: its ``cost``, of which less is better, and the ``work`` a second in the same intervals."""

    cost: Values
    work: Values


@dataclass(frozen=True)
class Interval:
    """The growth of the counters over ``seconds``, and the mean of ``active`` sessions, or of connections that wait, in it."""

    seconds: float
    grown: Reading
    active: float

    def ratio(self, part: str, *whole: str) -> float:
        """Growth by growth; NaN where one is not known or nothing happened."""
        below = sum(self.grown.get(name, NAN) for name in whole)
        return self.grown.get(part, NAN) / below if below > 0 else NAN


def _by_little(interval: Interval) -> float:
    """Seconds that each piece of work took or waited, by Little's law from how many were at it on average; NaN where nothing was done."""
    done = interval.grown.get("work", NAN)
    return interval.active * interval.seconds / done if done > 0 else NAN


def _latency(interval: Interval) -> float:
    """Seconds a transaction or statement: told by the server, or else from the sessions that are at work."""
    told = interval.ratio("busy_seconds", "work")
    return _by_little(interval) if np.isnan(told) else told


def _misses(interval: Interval) -> float:
    """Of the blocks that were asked for, those that were not in the cache."""
    told = interval.ratio("read", "found_or_read")
    return interval.ratio("read", "read", "found") if np.isnan(told) else told


# {measure that a step names: (whose readings, what it cost)}; the others show only over weeks, in the history
COSTS: Mapping[str, tuple[str, Callable[[Interval], float]]] = {
    "database_latency_seconds": ("server", _latency),
    "database_cache_hit_ratio": ("server", _misses),
    "database_temporary_bytes_rate": ("server", lambda interval: interval.ratio("temporary_bytes", "work")),
    "database_temporary_tables_rate": ("server", lambda interval: interval.ratio("temporary_tables", "work")),
    "database_log_waits_rate": ("server", lambda interval: interval.ratio("log_waits", "work")),
    "connections_dropped_ratio": ("server", lambda interval: interval.ratio("dropped", "accepted")),
    "connections_wait_seconds": ("server", _by_little),
    "disk_await_seconds": ("kernel", lambda interval: interval.ratio("request_seconds", "requests")),
    "swap_out_pages_rate": ("kernel", lambda interval: interval.grown.get("swapped_out_pages", NAN) / interval.seconds),
    "compaction_stalls_rate": ("kernel", lambda interval: interval.grown.get("compaction_stalls", NAN) / interval.seconds),
    "tcp_listen_overflows_rate": ("kernel", lambda interval: interval.ratio("overflows", "work")),
}
KERNEL = "kernel"


def window(rounds: Iterable[Mapping[str, Any]], server: str, measure: str, interval_seconds: float) -> Known[Window]:
    """The samples of a measure, from what ``measure`` returned in each round; ``server``: such as "postgresql 5432", or KERNEL."""
    whose, cost = COSTS[measure]
    name = KERNEL if whose == KERNEL else server
    found: list[Interval] = []
    problem = Unknown("nothing was measured")
    for measured in rounds:
        answer = measured.get(name, {"error": "not_found", "stderr": "it was not measured"})
        if "readings" in answer:
            found.extend(intervals(answer["readings"], interval_seconds))
        else:
            problem = Unknown("{name}: {reason}", {"name": name, "reason": str(answer.get("stderr") or answer.get("error"))})
    if not found:
        return problem
    return Window(np.array([cost(item) for item in found]), np.array([item.grown.get("work", NAN) / item.seconds for item in found]))


def intervals(readings: Sequence[Reading], seconds: float) -> list[Interval]:
    """The readings of one round, in intervals of at least that many seconds."""
    found: list[Interval] = []
    first = 0
    for place, reading in enumerate(readings):
        passed = reading["at"] - readings[first]["at"]
        if passed < seconds * 0.99:
            continue
        found.append(_interval(readings[first:place + 1], passed))
        first = place
    return found


def _interval(readings: Sequence[Reading], passed: float) -> Interval:
    first, last = readings[0], readings[-1]
    restarted = last.get("uptime_seconds", 0) < first.get("uptime_seconds", 0)
    grown = {
        name: NAN if restarted or last[name] < first[name] else last[name] - first[name]
        for name in first.keys() & last.keys() - {"at", "uptime_seconds", "active"}
    }
    return Interval(passed, grown, float(np.mean([reading.get("active", NAN) for reading in readings])))
