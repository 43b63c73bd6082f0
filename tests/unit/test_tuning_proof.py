# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Better, same, worse or insufficient: verdicts on windows whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.plugin_utils.history.series import Values
from plugins.plugin_utils.tuning.proof import FEWEST, Outcome, prove, together

BETTER, SAME, WORSE, INSUFFICIENT = Outcome.BETTER, Outcome.SAME, Outcome.WORSE, Outcome.INSUFFICIENT


def window(level: float, seed: int, count: int = 60, spread: float = 0.1) -> Values:
    """Samples that resemble their neighbours, as those of a real system do."""
    noise = np.random.default_rng(seed).normal(0, spread, count + 1)
    return np.asarray(level * np.exp((noise[1:] + noise[:-1]) / 2))


def flat(level: float, count: int = 60) -> Values:
    return np.full(count, level)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("factor", "outcome"), [(0.5, BETTER), (0.8, BETTER), (1.0, SAME), (1.25, WORSE), (3.0, WORSE)])
def test_the_truth_is_found(factor: float, outcome: Outcome, seed: int) -> None:
    assert prove(window(0.02, seed), window(0.02 * factor, seed + 1000)).outcome is outcome


def test_an_unchanged_system_is_hardly_ever_called_changed() -> None:
    outcomes = [prove(window(1, seed, 40, 0.3), window(1, seed + 5000, 40, 0.3)).outcome for seed in range(200)]
    assert sum(outcome in (BETTER, WORSE) for outcome in outcomes) <= 6         # 3 %


def test_noise_is_no_sameness() -> None:
    assert prove(window(1, 1, 12, 1.5), window(1, 2, 12, 1.5)).outcome is INSUFFICIENT


def test_a_longer_tail_alone_is_worse() -> None:
    after = window(1, 2, 100, 0.02)
    after[::8] = 5
    proof = prove(window(1, 1, 100, 0.02), after)
    assert (proof.outcome, proof.reason) == (WORSE, "its 95th percentile rose")


def test_too_few_samples_and_samples_that_are_none() -> None:
    few = window(1, 1, FEWEST - 1)
    assert prove(few, window(1, 2)).outcome is INSUFFICIENT
    unknown = np.concatenate([few, np.full(50, np.nan)])
    proof = prove(unknown, window(1, 2))
    assert proof.outcome is INSUFFICIENT
    assert proof.reason == f"{FEWEST - 1} samples before and 60 after; {FEWEST} are needed of each"


@pytest.mark.parametrize(("factor", "work", "outcome"), [
    (0.5, 1.0, BETTER), (2.0, 1.0, WORSE), (1.0, 1.0, SAME),
    (2.0, 2.0, INSUFFICIENT),       # slower, as twice as much was to be done
    (0.5, 0.5, INSUFFICIENT),       # faster, as half was to be done
    (2.0, 0.5, WORSE),              # slower although less was done
    (0.5, 2.0, BETTER),             # faster although more was done
    (1.0, 2.0, INSUFFICIENT), (1.0, 0.5, INSUFFICIENT),
])
def test_work_that_changed_explains_what_it_can(factor: float, work: float, outcome: Outcome) -> None:
    assert prove(window(1, 1), window(factor, 2), flat(100), flat(100 * work)).outcome is outcome


@pytest.mark.parametrize(("before", "after", "outcome"), [(0, 0, SAME), (3, 0, BETTER), (0, 3, WORSE)])
def test_what_was_or_is_not_there_at_all(before: float, after: float, outcome: Outcome) -> None:
    assert prove(flat(before), flat(after)).outcome is outcome


def test_a_measure_that_is_mostly_zero_is_judged_by_its_tail() -> None:
    before, after = flat(0, 100), flat(0, 100)
    before[::3], after[::3] = 10, 1
    proof = prove(before, after)
    assert proof.median_ratio is None
    assert (proof.outcome, proof.reason) == (BETTER, "its 95th percentile fell")


def test_the_same_windows_give_the_same_proof() -> None:
    assert prove(window(1, 1), window(1.1, 2)) == prove(window(1, 1), window(1.1, 2))


@pytest.mark.parametrize(("outcomes", "outcome"), [
    ([BETTER, SAME], BETTER), ([BETTER, WORSE], WORSE), ([SAME, SAME], SAME), ([SAME, INSUFFICIENT], INSUFFICIENT), ([], INSUFFICIENT),
    ([BETTER, INSUFFICIENT], BETTER),
])
def test_measures_together(outcomes: list[Outcome], outcome: Outcome) -> None:
    assert together(outcomes) is outcome
