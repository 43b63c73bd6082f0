# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Did a change help? A measure before it against the same measure after it, and what the same work cost.

Medians and 95th percentiles are compared as ratios, with intervals by the moving-block bootstrap: samples that follow each other are
alike, so blocks of them are drawn, not single ones (Kuensch 1989; blocks of n^(1/3) samples: Hall, Horowitz and Jing 1995).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from ..history.series import Values

FEWEST = 10             # samples of a window; fewer have no 95th percentile to speak of
MARGIN = 0.05           # a change within 5 % is none: two windows of one unchanged system differ as much
WIDEST = 0.15           # an interval of the median that reaches further than this from 1 proves no sameness
WORK_MARGIN = 0.25      # work that differs by more may explain a difference by itself
DRAWS = 2000
SEED = 20261123         # the same windows give the same verdict, whoever computes it


class Outcome(Enum):
    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True)
class Ratio:
    """After by before, with the limits of its 95 % interval. Below 1 is less of the cost."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Proof:
    """Of one measure. ``median`` and ``p95``: (before, after). Ratios are None where the windows don't allow one; ``reason`` says why."""

    outcome: Outcome
    reason: str
    samples: tuple[int, int]
    median: tuple[float, float] | None = None
    p95: tuple[float, float] | None = None
    median_ratio: Ratio | None = None
    p95_ratio: Ratio | None = None
    work_ratio: float | None = None


def prove(
    before: Values, after: Values, work_before: Values | None = None, work_after: Values | None = None, block: int | None = None
) -> Proof:
    """The verdict on a measure of cost: less is better. NaN is no sample; at least ``FEWEST`` are needed on each side.

    ``work``: what was done in the same intervals (transactions a second). A cost that rose with the work, or fell with it, proves
    nothing; one that rose although less was done is worse all the more. ``block``: samples that are drawn together, n^(1/3) without.
    """
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    samples = (len(before), len(after))
    if min(samples) < FEWEST:
        return Proof(Outcome.INSUFFICIENT, f"{samples[0]} samples before and {samples[1]} after; {FEWEST} are needed of each", samples)
    median = (float(np.median(before)), float(np.median(after)))
    p95 = (float(np.percentile(before, 95)), float(np.percentile(after, 95)))
    work = _work_ratio(work_before, work_after)
    if p95 == (0.0, 0.0):
        return Proof(Outcome.SAME, "nothing of it before or after", samples, median, p95, work_ratio=work)
    if 0.0 in p95:
        outcome = Outcome.BETTER if p95[1] == 0 else Outcome.WORSE
        return _unless_explained(Proof(outcome, "none before" if p95[0] == 0 else "none after", samples, median, p95, work_ratio=work))
    source = np.random.default_rng(SEED)
    drawn = _draws(before, source, block), _draws(after, source, block)
    middle, high = _ratio(np.median, (before, after), drawn), _ratio(_p95, (before, after), drawn)
    outcome, reason = _outcome(middle, high)
    return _unless_explained(Proof(outcome, reason, samples, median, p95, middle, high, work))


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """Of several measures of one change: worse if one is worse; better if one is and none is worse; same only if all are."""
    found = set(outcomes)
    for outcome in (Outcome.WORSE, Outcome.BETTER):
        if outcome in found:
            return outcome
    return Outcome.SAME if found == {Outcome.SAME} else Outcome.INSUFFICIENT


def _work_ratio(before: Values | None, after: Values | None) -> float | None:
    if before is None or after is None or np.isnan(before).all() or np.isnan(after).all():
        return None
    first = float(np.nanmedian(before))
    return float(np.nanmedian(after)) / first if first > 0 else None


def _p95(values: Values, axis: int | None = None) -> Values:
    return np.asarray(np.percentile(values, 95, axis=axis))


def _draws(values: Values, source: np.random.Generator, block: int | None) -> Values:
    """DRAWS rows, each as long as the values, of blocks of neighbours."""
    count = len(values)
    length = min(count, block or max(1, round(count ** (1 / 3))))
    starts = source.integers(0, count - length + 1, size=(DRAWS, -(-count // length)))
    places = (starts[:, :, None] + np.arange(length)).reshape(DRAWS, -1)[:, :count]
    return np.asarray(values[places])


def _ratio(statistic: Callable[..., Any], windows: tuple[Values, Values], drawn: tuple[Values, Values]) -> Ratio | None:
    """None where the statistic, or a draw of it, is zero before: nothing can be divided by it."""
    first, then = (np.asarray(statistic(rows, axis=1)) for rows in drawn)
    if statistic(windows[0]) <= 0 or (first <= 0).any():
        return None
    low, high = np.percentile(then / first, [2.5, 97.5])
    return Ratio(float(statistic(windows[1]) / statistic(windows[0])), float(low), float(high))


def _outcome(middle: Ratio | None, high: Ratio | None) -> tuple[Outcome, str]:
    known = [(name, ratio) for name, ratio in (("median", middle), ("95th percentile", high)) if ratio is not None]
    for name, ratio in known:
        if ratio.low > 1 + MARGIN:
            return Outcome.WORSE, f"its {name} rose"
    for name, ratio in known:
        if ratio.high < 1 - MARGIN:
            return Outcome.BETTER, f"its {name} fell"
    if middle is not None and middle.low >= 1 - WIDEST and middle.high <= 1 + WIDEST:
        return Outcome.SAME, "its median is the same"
    return Outcome.INSUFFICIENT, "it varies too much for windows of this length"


def _unless_explained(proof: Proof) -> Proof:
    """Work that changed in the same direction may be the whole reason."""
    work = proof.work_ratio
    if work is None or abs(work - 1) <= WORK_MARGIN:
        return proof
    less = work < 1
    if proof.outcome is (Outcome.WORSE if less else Outcome.BETTER):
        return proof
    reason = f"{proof.reason}, but {'less' if less else 'more'} was done in that time ({work:.2f} times as much)"
    return replace(proof, outcome=Outcome.INSUFFICIENT, reason=reason)
