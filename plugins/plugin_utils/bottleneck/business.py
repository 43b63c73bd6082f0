# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Business hours: which samples of a history count, and how much time they should cover."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ..history.series import History, Values

DAY, WEEK = 86400, 7 * 86400
WEEKS = 4
SLOT = 300                      # seconds; business hours begin and end on it
HALF_HOUR = 1800                # all changes of daylight saving time fall on it
LONGEST = 3600.0                # a longer interval can't be told to lie in business hours or not
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SPAN = re.compile(r"([01]\d|2[0-3]):([0-5][05])-([01]\d|2[0-4]):([0-5][05])")
Places: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Hours:
    """``begin`` and ``end`` in minutes of the day; an end before the begin is on the next day. ``zone`` None: the host's own clock."""

    begin: int = 8 * 60
    end: int = 18 * 60
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    zone: str | None = None


def parse_hours(text: str) -> tuple[int, int]:
    """``08:00-18:00``, ``22:00-06:00`` or ``00:00-24:00`` in minutes. Raises ValueError."""
    match = SPAN.fullmatch(text)
    if match is None:
        raise ValueError(text)
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    if begin == end or end > 24 * 60:
        raise ValueError(text)
    return begin, end


def parse_days(names: Sequence[str]) -> tuple[int, ...]:
    """0 is Monday. Raises ValueError."""
    days = tuple(sorted({WEEKDAYS.index(name.lower()) for name in names}))
    if not days:
        raise ValueError("no days")
    return days


@dataclass(frozen=True)
class Window:
    """The business time of the four weeks before ``until``. The arrays have an item for each sample in it.

    ``places``: of the samples in the history; ``weights``: their seconds; ``weeks``: 0 for the newest; ``days``: local day numbers;
    ``week_seconds``: how much business time each week has.
    """

    until: float
    places: Places
    weights: Values
    weeks: Places
    days: Places
    week_seconds: Values
    times: Values

    @cached_property
    def day_numbers(self) -> Places:
        """The days of ``days`` as 0, 1, 2, ..."""
        return np.unique(self.days, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def seconds(self) -> float:
        return float(self.week_seconds.sum())


@lru_cache(maxsize=65536)
def _offset(zone: str, half_hour: int) -> int:
    moved = datetime.fromtimestamp(half_hour * HALF_HOUR, UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return int(moved.total_seconds())


def local_seconds(times: Values, hours: Hours, utc_offset_seconds: int) -> Values:
    """Seconds since 1970 on the local clock."""
    if hours.zone is None:
        return times + utc_offset_seconds
    halves, back = np.unique((times // HALF_HOUR).astype(np.int64), return_inverse=True)
    offsets = np.array([_offset(hours.zone, int(half)) for half in halves], dtype=np.float64)
    return times + offsets[back] if len(times) else times


def in_business(local: Values, hours: Hours) -> Flags:
    """A night shift belongs to the day on which it begins."""
    minute, day = (local % DAY) / 60, (local // DAY).astype(np.int64)
    weekday = (day + 3) % 7                 # 1970-01-01 was a Thursday
    working = np.isin(weekday, hours.days)
    if hours.begin < hours.end:
        return working & (minute >= hours.begin) & (minute < hours.end)
    yesterday = np.isin((weekday + 6) % 7, hours.days)
    return (working & (minute >= hours.begin)) | (yesterday & (minute < hours.end))


@lru_cache(maxsize=256)
def _week_seconds(until: float, hours: Hours, utc_offset_seconds: int) -> tuple[float, ...]:
    """Business seconds of each of the four weeks, newest first."""
    middles = until - SLOT / 2 - SLOT * np.arange(WEEKS * WEEK // SLOT, dtype=np.float64)
    inside = in_business(local_seconds(middles, hours, utc_offset_seconds), hours)
    return tuple(float(part.sum() * SLOT) for part in inside.reshape(WEEKS, -1))


def window_of(history: History, hours: Hours, until: float) -> Window:
    """The samples whose middle lies in business hours of the four weeks before ``until``; intervals over an hour are left out."""
    middles = history.times - history.seconds / 2
    recent = np.flatnonzero((middles > until - WEEKS * WEEK) & (middles <= until) & (history.seconds <= LONGEST) & (history.seconds > 0))
    local = local_seconds(middles[recent], hours, history.utc_offset_seconds)
    inside = in_business(local, hours)
    places, local = recent[inside], local[inside]
    shift = hours.end * 60 if hours.begin > hours.end else 0        # a night counts to the day on which it begins
    return Window(
        until=until, places=places, weights=history.seconds[places],
        weeks=((until - middles[places]) // WEEK).astype(np.int64), days=((local - shift) // DAY).astype(np.int64),
        week_seconds=np.array(_week_seconds(until, hours, history.utc_offset_seconds)), times=middles[places],
    )


def hours_of(business_hours: str | None, business_days: Sequence[str] | None, zone: str | None) -> Hours:
    """From a host's settings, as plugin_utils/settings.py checked them."""
    begin, end = parse_hours(business_hours) if business_hours else (Hours.begin, Hours.end)
    return Hours(begin, end, parse_days(business_days) if business_days else Hours.days, zone)
