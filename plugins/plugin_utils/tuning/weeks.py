# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a stage over weeks: the business hours of a history after it was applied against those before.

As many working days are taken on both sides, those nearest to the change; the day itself belongs to neither. Blocks of the bootstrap are
whole days, as days resemble each other more than their hours do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..bottleneck.business import DAY, Hours, in_business, local_seconds
from ..bottleneck.derived import Series
from ..history.series import History, Values
from .proof import Proof, prove, together
from .verdict import DATABASES, LATENCY, Verdict

Sides: TypeAlias = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], int]
FEWEST_DAYS = 8             # fewer days give the bootstrap nothing to draw from
MORE_IS_BETTER = frozenset({"database_cache_hit_ratio"})        # of a share what is missing to the whole is the cost
WORK = "database_transactions_rate"
NOT_MEASURED = "the history does not measure it"


def judge_weeks(history: History, hours: Hours, server: str, measures: Iterable[str], at: float) -> Verdict:
    """``server``: as for judge_stage; ``measures``: those that the stage's steps name; ``at``: when it was applied, seconds since 1970."""
    kind = server.partition(" ")[0]
    sides = _sides(history, hours, at)
    if sides is None:
        return Verdict(together(()), (), {}, dict.fromkeys(measures, f"fewer than {FEWEST_DAYS} working days are known on each side"))
    series = Series(history)
    proofs: dict[str, Proof] = {}
    unproven: dict[str, str] = {}
    work = next((values for _instance, values in _of(series, WORK, kind)), None) if kind in DATABASES else None
    for measure in dict.fromkeys((*((LATENCY,) if kind in DATABASES else ()), *measures)):
        found = dict(_of(series, measure, kind))
        if not found:
            unproven[measure] = NOT_MEASURED
        for instance, values in found.items():
            proofs[f"{measure} {instance}".strip()] = _proof(measure, values, work, sides)
    latencies = tuple(name for name in proofs if name.partition(" ")[0] == LATENCY)
    deciding = latencies or tuple(proofs)
    return Verdict(together(proofs[name].outcome for name in deciding), deciding, proofs, unproven)


def _proof(measure: str, values: Values, work: Values | None, sides: Sides) -> Proof:
    before, after, a_day = sides
    cost = 1 - values if measure in MORE_IS_BETTER else values
    return prove(cost[before], cost[after], None if work is None else work[before], None if work is None else work[after], a_day)


def _of(series: Series, measure: str, kind: str) -> Iterator[tuple[str, Values]]:
    """(instance, values) of a measure; of a database's those that bear its name, or the only one."""
    instances = series.instances.get(measure, ())
    named = [instance for instance in instances if kind in instance.lower()]
    for instance in named or (instances if kind not in DATABASES or len(instances) == 1 else ()):
        values = series.get(measure, instance)
        if values is not None:
            yield instance, values


def _sides(history: History, hours: Hours, at: float) -> Sides | None:
    """(places of the samples before, those after, samples a day) of as many working days; None where there are too few."""
    middles = history.times - history.seconds / 2
    local = local_seconds(middles, hours, history.utc_offset_seconds)
    change = float(local_seconds(np.array([at]), hours, history.utc_offset_seconds)[0]) // DAY
    day = local // DAY
    working = np.flatnonzero(in_business(local, hours) & (history.seconds > 0))
    before, after = np.unique(day[working][day[working] < change]), np.unique(day[working][day[working] > change])
    count = min(len(before), len(after))
    if count < FEWEST_DAYS:
        return None
    first, last = working[np.isin(day[working], before[-count:])], working[np.isin(day[working], after[:count])]
    return first, last, max(1, len(first) // count)
