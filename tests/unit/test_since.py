# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters since the start or since the last inspection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugins.plugin_utils.since import LAST_INSPECTION, START, period

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
DAY = 86400


def earlier(seconds_ago: float, **values: float) -> dict[str, list[tuple[datetime, float]]]:
    return {name: [(NOW - timedelta(seconds=seconds_ago), value)] for name, value in values.items()}


def test_growth_since_the_last_inspection() -> None:
    found = period({"slow": 30, "all": 1100}, 90 * DAY, NOW, earlier(10 * DAY, slow=10, all=100))
    assert found is not None
    assert (found.basis, found.seconds, found.growth) == (LAST_INSPECTION, 10 * DAY, {"slow": 20, "all": 1000})
    assert found.ratio("slow", "all") == 0.02
    assert found.per_second("all") == 1000 / (10 * DAY)


@pytest.mark.parametrize("points", [
    {},                                                     # never inspected
    earlier(10 * DAY, slow=10),                             # one of the counters was not known
    earlier(10 * DAY, slow=31, all=100),                    # one has gone back
    earlier(3599, slow=10, all=100),                        # too short ago
    earlier(91 * DAY, slow=10, all=100),                    # the server has started since
    {**earlier(10 * DAY, slow=10), **earlier(9 * DAY, all=100)},
])
def test_otherwise_since_the_start(points: dict[str, list[tuple[datetime, float]]]) -> None:
    found = period({"slow": 30, "all": 1100}, 90 * DAY, NOW, points)
    assert found is not None
    assert (found.basis, found.seconds, found.growth) == (START, 90 * DAY, {"slow": 30, "all": 1100})


@pytest.mark.parametrize(("uptime", "verdict"), [(DAY - 1, False), (DAY, True)])
def test_young_server(uptime: float, verdict: bool) -> None:
    assert (period({"slow": 30}, uptime, NOW, {}) is not None) is verdict


def test_nothing_happened() -> None:
    found = period({"slow": 0, "all": 0}, DAY, NOW, {})
    assert found is not None
    assert found.ratio("slow", "all") is None
