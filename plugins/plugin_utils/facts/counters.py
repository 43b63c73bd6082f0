# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates from counter files that were read twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..absent import Known, NotHere, Unknown
from ..archive import Capture

NOT_SAMPLED = NotHere("rates need two samples, and sample_seconds was 0")


def deltas(
    capture: Capture, key: str, parse: Callable[[str], Mapping[str, float]]
) -> Known[tuple[float, dict[str, float]]]:
    """(seconds between the two readings, {name: growth}) of a counter file; a counter that went back is left out."""
    samples = capture.samples(key)
    if not samples:
        text = capture.text(key)
        return text if not isinstance(text, str) else Unknown("{key}: was not read", {"key": key})
    if len(samples) < 2:
        return NOT_SAMPLED
    seconds = samples[-1].at - samples[0].at
    if seconds <= 0:
        return Unknown("{key}: the two readings have the same time", {"key": key})
    before, after = parse(samples[0].text or ""), parse(samples[-1].text or "")
    return seconds, {name: after[name] - before[name] for name in after if name in before and after[name] >= before[name]}
