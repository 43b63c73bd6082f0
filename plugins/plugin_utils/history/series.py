# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host measured over weeks, whatever measured it: sysstat, PCP, Prometheus, or our own earlier captures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..absent import Unknown

Values: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """Series of one host on one common time line.

    ``times`` are the ends of the intervals, in seconds since 1970, strictly ascending; ``seconds`` the length of each
    interval. A value describes the interval that ends at its time; NaN means that nothing is known of it: a gap, an
    interval across a restart, a counter that went back. The name of a measure ends in its unit, as values of messages do.
    """

    times: Values
    seconds: Values
    series: Mapping[tuple[str, str], Values]        # ("disk_await_seconds", "sda"), ("cpu_idle_ratio", "")
    restarts: tuple[float, ...]                     # when the host started
    utc_offset_seconds: int                         # of the host's clock, for its business hours
    sources: tuple[str, ...]                        # "sysstat 12.5.2", ...
    missing: Mapping[str, Unknown]                  # measures that could have been there, and why they are not


def combined(base: History, other: History) -> History:
    """``base`` with the measures that only ``other`` has, each sample by the interval of the other that the sample's middle lies in."""
    middles = base.times - base.seconds / 2
    places = np.searchsorted(other.times, middles)
    there = places < len(other.times)
    places = np.where(there, places, 0)
    if len(other.times):
        there &= middles > (other.times - other.seconds)[places]
    measured = {measure for measure, _instance in base.series}
    added = {key: np.where(there, values[places], np.nan) if len(values) else np.full(len(middles), np.nan)
             for key, values in other.series.items() if key[0] not in measured}
    missing = {measure: reason for measure, reason in {**other.missing, **base.missing}.items() if measure not in {key[0] for key in added}}
    return History(base.times, base.seconds, {**base.series, **added}, base.restarts, base.utc_offset_seconds,
                   (*base.sources, *other.sources), missing)
