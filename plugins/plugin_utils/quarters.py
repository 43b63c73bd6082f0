# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quarters of the year, by which inspections are due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime


def quarter(day: date) -> str:
    """``2026Q4``."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def first_day(day: date) -> date:
    """Of the quarter that holds a day."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def next_first_day(day: date) -> date:
    """Of the quarter after the one that holds a day."""
    first = first_day(day)
    return date(first.year + first.month // 10, (first.month + 2) % 12 + 1, 1)


def missed_quarters(inspected: Iterable[datetime], now: datetime) -> tuple[str, ...]:
    """Quarters between the first inspection and that of now in which none was made. Times are UTC."""
    days = [moment.date() for moment in inspected]
    seen = {quarter(day) for day in days}
    missed, current = [], first_day(min(days, default=now.date()))
    while current < first_day(now.date()):
        if quarter(current) not in seen:
            missed.append(quarter(current))
        current = next_first_day(current)
    return tuple(missed)
