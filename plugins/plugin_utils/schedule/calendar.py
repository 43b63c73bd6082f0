# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the inspection of a quarter is to be: in the agreed hours of its first working day, and of each one after it until it took place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ..quarters import quarter

LOOK_AHEAD_DAYS = 400


@dataclass(frozen=True)
class Calendar:
    """``begin`` and ``end`` in minutes of the day; an end before the begin is on the next day. ``days``: 0 is Monday."""

    begin: int
    end: int
    days: tuple[int, ...]
    holidays: frozenset[date]
    zone: ZoneInfo

    def is_working(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.holidays

    def window(self, day: date) -> tuple[datetime, datetime]:
        """The agreed hours that begin on a day."""
        last = day + timedelta(days=1) if self.end <= self.begin else day
        return self._at(day, self.begin), self._at(last, self.end)

    def _at(self, day: date, minute: int) -> datetime:
        return datetime.combine(day + timedelta(days=minute // 1440), time(minute % 1440 // 60, minute % 60), self.zone)


@dataclass(frozen=True)
class Slot:
    """Hours in which the inspection of ``quarter`` may be made."""

    quarter: str
    begin: datetime
    end: datetime


def next_slot(calendar: Calendar, inspected: Collection[str], now: datetime) -> Slot | None:
    """The slot that is open now, or else the next to come; None if there is no working day for over a year.

    inspected  the quarters that need no more inspection
    """
    today = now.astimezone(calendar.zone).date()
    for ahead in range(-1, LOOK_AHEAD_DAYS):        # hours that began yesterday may still last
        day = today + timedelta(days=ahead)
        begin, end = calendar.window(day)
        if end > now and calendar.is_working(day) and quarter(day) not in inspected:
            return Slot(quarter(day), begin, end)
    return None
