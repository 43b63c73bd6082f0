# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series from a host's own captures: what stood in each, and what counters grew by from one to the next.

    {"times": [1795392600.0], "seconds": [3600.0], "series": [["threads_used_ratio", "tomcat 8080", [0.4]]]}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from .series import History

LONGEST = 3600.0            # seconds: two captures further apart are no neighbours; nobody could tell which hours of a day they describe
SAME_START = 10.0           # seconds by which two captures may differ about when a server started


@dataclass(frozen=True)
class Growth:
    """A counter: what is told is its growth by ``whole``'s, or a second where that is None. ``since``: when it began, if that is known."""

    count: float
    whole: float | None = None
    since: float | None = None


Reading: TypeAlias = float | Growth
Key: TypeAlias = tuple[str, str]        # ("pool_used_ratio", "tomcat 8080")


@dataclass(frozen=True)
class Snapshot:
    """One capture; ``at`` in seconds since 1970."""

    at: float
    readings: Mapping[Key, Reading]


def document_of(snapshots: Iterable[Snapshot]) -> dict[str, Any]:
    """A sample for each two captures that are neighbours; None where either does not tell a measure."""
    ordered = sorted(snapshots, key=lambda item: item.at)
    pairs = [(one, two) for one, two in pairwise(ordered) if 0 < two.at - one.at <= LONGEST]
    keys = sorted({key for _one, two in pairs for key in two.readings})
    return {
        "times": [two.at for _one, two in pairs], "seconds": [two.at - one.at for one, two in pairs],
        "series": [[*key, [_value(one.readings.get(key), two.readings.get(key), two.at - one.at) for one, two in pairs]] for key in keys],
    }


def _value(before: Reading | None, after: Reading | None, seconds: float) -> float | None:
    if not isinstance(after, Growth):
        return after
    if not isinstance(before, Growth) or _restarted(before, after):
        return None
    grown = after.count - before.count
    whole = seconds if after.whole is None else after.whole - (before.whole or 0.0)
    return float(f"{grown / whole:.5g}") if grown >= 0 and whole > 0 else None


def _restarted(before: Growth, after: Growth) -> bool:
    return before.since is not None and after.since is not None and abs(after.since - before.since) > SAME_START


def history_of(document: Mapping[str, Any]) -> History:
    series = {(str(measure), str(instance)): np.array(values, dtype=np.float64) for measure, instance, values in document["series"]}
    return History(np.array(document["times"], dtype=np.float64), np.array(document["seconds"], dtype=np.float64), series, (), 0,
                   ("earlier captures",), {})
