# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series that follow from others, and the one way to ask for a series of a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from ..history.series import History, Values


class Series:
    """The series of a History by name and instance, with those that are computed from them; each is computed once."""

    def __init__(self, history: History) -> None:
        self._series = history.series
        self._made: dict[tuple[str, str], Values | None] = {}

    def get(self, name: str, instance: str) -> Values | None:
        """The values on the history's time line, None where nothing measures this."""
        key = (name, instance)
        if key not in self._made:
            made = self._series.get(key)
            self._made[key] = DERIVED[name](self, instance) if made is None and name in DERIVED else made
        return self._made[key]

    @cached_property
    def instances(self) -> Mapping[str, tuple[str, ...]]:
        """{name of a series, derived ones too: its instances}."""
        found: dict[str, list[str]] = {}
        for name, instance in self._series:
            found.setdefault(name, []).append(instance)
        for name, source in SOURCES.items():
            found.setdefault(name, [instance for instance in found.get(source, []) if self.get(name, instance) is not None])
        return {name: tuple(instances) for name, instances in found.items() if instances}


def _busy(series: Series, instance: str) -> Values | None:
    """Time in which a CPU worked for somebody who waits: not idle, not waiting for I/O, not stolen, not niced."""
    idle = series.get("cpu_idle_ratio", instance)
    if idle is None:
        return None
    others = [series.get(name, instance) for name in ("cpu_iowait_ratio", "cpu_steal_ratio", "cpu_nice_ratio")]
    rest = 1 - idle
    for other in others:
        if other is not None:
            rest = rest - np.nan_to_num(other)
    return np.clip(rest, 0, 1)


def _ratio(part: str, whole: str) -> Callable[[Series, str], Values | None]:
    def made(series: Series, instance: str) -> Values | None:
        above, below = series.get(part, instance), series.get(whole, instance)
        return None if above is None or below is None else _divided(above, below)
    return made


def _divided(above: Values, below: Values) -> Values:
    """NaN where the divisor is zero or unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def _sum(first: str, second: str) -> Callable[[Series, str], Values | None]:
    def made(series: Series, instance: str) -> Values | None:
        one, other = series.get(first, instance), series.get(second, instance)
        return one + other if one is not None and other is not None else one if other is None else other
    return made


def _link_used(series: Series, instance: str) -> Values | None:
    """The busier direction of a link by its speed; as the source told it where the speed is not known."""
    told = series.get("interface_busy_ratio", instance)
    both = [series.get(f"interface_{way}_bytes_rate", instance) for way in ("receive", "transmit")]
    speed = series.get("interface_speed_bits", instance)
    if told is not None or speed is None or both[0] is None or both[1] is None:
        return told
    return _divided(np.maximum(both[0], both[1]) * 8, speed)


def _used(series: Series, instance: str) -> Values | None:
    available = series.get("memory_available_ratio", instance)
    return None if available is None else 1 - available


def _same(name: str) -> Callable[[Series, str], Values | None]:
    return lambda series, instance: series.get(name, instance)


DERIVED: Mapping[str, Callable[[Series, str], Values | None]] = {
    "cpu_busy_ratio": _busy,
    "cpu_full_ratio": _same("cpu_busy_ratio"),
    "run_queue_per_cpu": _ratio("run_queue_length", "cpus_count"),
    "memory_available_ratio": _ratio("memory_available_bytes", "memory_total_bytes"),
    "memory_scarce_ratio": _same("memory_available_ratio"),
    "memory_used_ratio": _used,
    "interface_full_ratio": _link_used,
    "interface_errors_rate": _sum("interface_receive_errors_rate", "interface_transmit_errors_rate"),
    "interface_drops_rate": _sum("interface_receive_drops_rate", "interface_transmit_drops_rate"),
    "tcp_retransmits_ratio": _ratio("tcp_retransmits_rate", "tcp_segments_out_rate"),
    "files_open_ratio": _ratio("files_open_count", "files_limit_count"),
}
# Whose instances a derived series has
SOURCES: Mapping[str, str] = {
    "cpu_busy_ratio": "cpu_idle_ratio", "cpu_full_ratio": "cpu_idle_ratio", "run_queue_per_cpu": "run_queue_length",
    "memory_available_ratio": "memory_available_bytes", "memory_scarce_ratio": "memory_available_bytes",
    "memory_used_ratio": "memory_available_bytes",
    "interface_full_ratio": "interface_receive_bytes_rate", "interface_errors_rate": "interface_receive_errors_rate",
    "interface_drops_rate": "interface_receive_drops_rate", "tcp_retransmits_ratio": "tcp_retransmits_rate",
    "files_open_ratio": "files_open_count",
}
