# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a resource will reach its limit: the growth of its daily 95th percentile, with an interval, or no trend.

Slope: Theil and Sen, the median over all pairs of days, so that a burst or a clean-up bends nothing. Interval: Sen 1968 (Kendall's
statistic under no trend), at 99 %, since a host has dozens of series. A growth whose interval holds zero is no trend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..findings import Above
from ..history.series import Values
from .business import DAY, Flags, Places, Window
from .derived import Series
from .measures import FORECAST, FORECAST_LIMITS, RESOURCE_OF, Measure

DAYS_NEEDED = 15
HORIZON_SECONDS = 365 * DAY
Z = 2.58
SMALLEST_GROWTH = 0.04          # of the whole over the four weeks; less is noise even where it is steady


@dataclass(frozen=True)
class Forecast:
    """``in_seconds`` from now to the limit; ``latest_seconds`` None: not within a year at the slowest growth that fits."""

    resource: str
    measure: str
    instance: str
    now_ratio: float
    limit_ratio: float
    in_seconds: float
    earliest_seconds: float
    latest_seconds: float | None


def slope_of(days: Values, values: Values) -> tuple[float, float, float] | None:
    """(median slope, lower, upper) per unit of ``days``; None for under DAYS_NEEDED points. Sen's interval, with no ties."""
    count = len(days)
    if count < DAYS_NEEDED:
        return None
    first, second = np.triu_indices(count, 1)
    apart = days[second] - days[first]
    slopes = np.sort((values[second] - values[first])[apart != 0] / apart[apart != 0])
    width = Z * np.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = int(max(0, np.floor((len(slopes) - width) / 2)))
    high = int(min(len(slopes) - 1, np.ceil((len(slopes) + width) / 2)))
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])


def daily_p95(values: Values, days: Places, weights: Values, enough: float = 0.5) -> tuple[Values, Values]:
    """(day, weighted 95th percentile) of the days of which at least ``enough`` of a usual day is known."""
    known = np.isfinite(values)
    values, days, weights = values[known], days[known], weights[known]
    if not len(values):
        return np.array([]), np.array([])
    order = np.lexsort((values, days))
    values, days, weights = values[order], days[order], weights[order]
    begins = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    sums = np.add.reduceat(weights, begins)
    upto = np.cumsum(weights)
    wanted = np.r_[0.0, upto[np.r_[begins[1:], len(days)] - 1][:-1]] + 0.95 * sums
    places = np.minimum(np.searchsorted(upto, wanted - 1e-6), len(values) - 1)
    kept: Flags = sums >= enough * np.median(sums)
    return days[begins][kept].astype(np.float64), values[places][kept]


def forecasts(series: Series, window: Window, measures: Mapping[str, Measure]) -> tuple[Forecast, ...]:
    """Of all utilisations that grow steadily and reach their limit within a year, soonest first."""
    found = [
        forecast for name in FORECAST for instance in series.instances.get(name, ())
        if (values := series.get(name, instance)) is not None
        and (forecast := _forecast(name, instance, values[window.places], window, measures)) is not None
    ]
    return tuple(sorted(found, key=lambda item: item.in_seconds))


def _forecast(name: str, instance: str, values: Values, window: Window, measures: Mapping[str, Measure]) -> Forecast | None:
    level = measures[name].level(None) if name in measures else None
    limit = FORECAST_LIMITS.get(name) if level is None else level.warning if isinstance(level, Above) else None
    days, peaks = daily_p95(values, window.days, window.weights)
    found = slope_of(days, peaks)
    if limit is None or found is None or found[1] <= 0 or found[0] * 28 < SMALLEST_GROWTH:
        return None
    now = float(np.median(peaks - found[0] * (days - days[-1])))        # where the line stands on the last day
    if now >= limit:
        return None
    slope, slowest, fastest = (value / DAY for value in found)
    missing = limit - now
    if missing / slope > HORIZON_SECONDS:
        return None
    latest = missing / slowest
    return Forecast(RESOURCE_OF[name], name, instance, now, limit, missing / slope, missing / fastest,
                    latest if latest <= HORIZON_SECONDS else None)
