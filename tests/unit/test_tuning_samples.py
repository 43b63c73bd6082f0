# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings of counters become samples of cost and work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.tuning.samples import Window, window


def readings(count: int, start: float = 0, **rates: float) -> list[dict[str, float]]:
    """One a second, whose counters grow at those rates; ``active`` stays."""
    active = rates.pop("active", 2.0)
    return [{"at": 1000.0 + start + second, "uptime_seconds": 500.0 + start + second, "active": active,
             **{name: rate * (start + second) for name, rate in rates.items()}} for second in range(count)]


def measured(*rounds: list[dict[str, float]], server: str = "postgresql 5432") -> list[Mapping[str, Any]]:
    return [{server: {"readings": items}} for items in rounds]


def known(found: Any) -> Window:
    assert isinstance(found, Window)
    return found


@pytest.mark.parametrize(("measure", "rates", "cost"), [
    ("database_latency_seconds", {"work": 100, "busy_seconds": 0.5}, 0.005),
    ("database_latency_seconds", {"work": 100, "active": 4}, 0.04),                 # Little's law
    ("database_cache_hit_ratio", {"read": 5, "found": 95, "work": 1}, 0.05),
    ("database_cache_hit_ratio", {"read": 5, "found_or_read": 50, "work": 1}, 0.1),
    ("database_temporary_bytes_rate", {"temporary_bytes": 4096, "work": 2}, 2048),
    ("database_temporary_tables_rate", {"temporary_tables": 3, "work": 12}, 0.25),
    ("database_log_waits_rate", {"log_waits": 1, "work": 10}, 0.1),
    ("connections_dropped_ratio", {"dropped": 2, "accepted": 40, "work": 38}, 0.05),
])
def test_costs_of_a_server(measure: str, rates: dict[str, float], cost: float) -> None:
    found = known(window(measured(readings(31, **rates)), "postgresql 5432", measure, 10))
    assert found.cost == pytest.approx([cost] * 3)
    assert found.work == pytest.approx([rates["work"]] * 3)


@pytest.mark.parametrize(("measure", "rates", "cost"), [
    ("disk_await_seconds", {"request_seconds": 0.02, "requests": 4}, 0.005),
    ("swap_out_pages_rate", {"swapped_out_pages": 7}, 7),
    ("tcp_listen_overflows_rate", {"overflows": 1, "work": 20}, 0.05),
    ("compaction_stalls_rate", {"compaction_stalls": 3}, 3),
])
def test_costs_of_the_kernel(measure: str, rates: dict[str, float], cost: float) -> None:
    found = known(window(measured(readings(21, **rates), server="kernel"), "kernel", measure, 5))
    assert found.cost == pytest.approx([cost] * 4)


def test_nothing_is_computed_between_rounds_or_across_a_restart() -> None:
    first, second = readings(11, work=10, busy_seconds=1), readings(11, start=500, work=10, busy_seconds=1)
    assert len(known(window(measured(first, second), "postgresql 5432", "database_latency_seconds", 10)).cost) == 2
    restarted = [*readings(11, work=10, busy_seconds=1)]
    restarted[-1] = {**restarted[-1], "uptime_seconds": 1.0, "work": 5.0}
    found = known(window(measured(restarted), "postgresql 5432", "database_latency_seconds", 10))
    assert np.isnan(found.cost).all()
    assert np.isnan(found.work).all()


def test_an_idle_server_has_no_latency() -> None:
    found = known(window(measured(readings(11, work=0, busy_seconds=0)), "postgresql 5432", "database_latency_seconds", 10))
    assert np.isnan(found.cost).all()


@pytest.mark.parametrize(("rounds", "reason"), [
    ([], "nothing was measured"),
    ([{"postgresql 5432": {"error": "denied", "stderr": "no password"}}], "{name}: {reason}"),
    ([{"kernel": {"readings": []}}], "{name}: {reason}"),
    (measured([]), "nothing was measured"),
])
def test_no_readings_are_no_samples(rounds: list[Mapping[str, Any]], reason: str) -> None:
    found = window(rounds, "postgresql 5432", "database_latency_seconds", 10)
    assert isinstance(found, Unknown)
    assert found.reason == reason
