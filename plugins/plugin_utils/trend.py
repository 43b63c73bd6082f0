# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a value grows over the inspections of a host."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median

Point = tuple[datetime, float]
ENOUGH_POINTS = 3
ENOUGH_SECONDS = 14 * 86400
LAST_POINTS = 40                        # the pairs grow with the square


def growth_per_second(points: Sequence[Point]) -> float | None:
    """The median slope over all pairs of points (Theil-Sen: one clean-up or one burst does not bend it).

    None when there are under three points, or they span under 14 days.
    """
    recent = sorted(points)[-LAST_POINTS:]
    if len(recent) < ENOUGH_POINTS or (recent[-1][0] - recent[0][0]).total_seconds() < ENOUGH_SECONDS:
        return None
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0]).total_seconds()
        for place, earlier in enumerate(recent) for later in recent[place + 1:] if later[0] > earlier[0]
    ]
    return median(slopes) if slopes else None
