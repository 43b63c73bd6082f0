# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the diagnosis names class and resource of the labelled histories, how often it accuses healthy hosts, and how quick it is.

Macro-F1: of each class (and each resource) the harmonic mean of precision and recall over all histories, then the mean over classes. A
history of which too little is known has the class "unknown". Goals: 0.95 for both, no healthy host accused, under 20 ms of CPU a host.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.bottleneck.diagnosis import Diagnosis, diagnose
from tests.histories.cases import CASES, make

GOAL_F1, GOAL_SECONDS = 0.95, 0.02
Labels = frozenset[tuple[str, str]]
UNKNOWN: Labels = frozenset({("unknown", "unknown")})


def named(found: Diagnosis | Unknown) -> Labels:
    """(class, resource) of each verdict; "unknown" where CPU, memory and disks could not be judged."""
    if isinstance(found, Unknown):
        return UNKNOWN
    verdicts = frozenset((verdict.domain.value, verdict.resource) for verdict in found.verdicts)
    return verdicts or (UNKNOWN if {"cpu", "memory", "disk"} <= {item.resource for item in found.unseen} else frozenset())


def macro_f1(pairs: list[tuple[set[str], set[str]]]) -> tuple[float, dict[str, tuple[int, int, int]]]:
    """(macro-F1, {name: (right, wrongly named, missed)}) of (expected, found) pairs."""
    counts: dict[str, tuple[int, int, int]] = {}
    for name in sorted({item for pair in pairs for half in pair for item in half}):
        right = sum(name in wanted and name in found for wanted, found in pairs)
        wrong = sum(name not in wanted and name in found for wanted, found in pairs)
        missed = sum(name in wanted and name not in found for wanted, found in pairs)
        counts[name] = right, wrong, missed
    return float(np.mean([2 * right / (2 * right + wrong + missed) for right, wrong, missed in counts.values()])), counts


def scored(pairs: list[tuple[Labels, Labels]]) -> bool:
    """Print macro-F1 and who was accused of (expected, found) pairs; whether both goals are reached."""
    scores = []
    for place, title in enumerate(("class", "resource")):
        score, counts = macro_f1([({label[place] for label in wanted}, {label[place] for label in found}) for wanted, found in pairs])
        scores.append(score)
        print(f"macro-F1 of {title}: {score:.4f} (goal {GOAL_F1})")
        for name, (right, wrong, missed) in counts.items():
            print(f"  {name:12} right {right:4}  wrongly named {wrong:3}  missed {missed:3}")
    healthy = [found for wanted, found in pairs if not wanted]
    accused = sum(bool(found) for found in healthy)
    print(f"healthy hosts accused: {accused} of {len(healthy)} (goal 0)")
    return min(scores) >= GOAL_F1 and not accused


def measure(options: argparse.Namespace) -> int:
    pairs: list[tuple[Labels, Labels]] = []
    confusion: Counter[tuple[str, str]] = Counter()
    seconds = []
    for seed in range(options.seed, options.seed + options.seeds):
        for case in CASES:
            history, circumstances = make(case, seed).history()
            begun = time.process_time()
            found = named(diagnose(history, circumstances))
            seconds.append(time.process_time() - begun)
            wanted = UNKNOWN if case.labels is None else case.labels
            pairs.append((wanted, found))
            if wanted != found:
                confusion[f"{case.name} (seed {seed}): {shown(wanted)}", shown(found)] += 1
    print(f"{len(CASES)} cases x {options.seeds} seeds = {len(seconds)} histories")
    good = scored(pairs)
    for (wanted_text, found_text), number in confusion.most_common():
        print(f"  {number} x {wanted_text} -> {found_text}")
    typical = float(np.median(seconds))
    print(f"diagnosis: {typical * 1000:.1f} ms of CPU a host (median), {max(seconds) * 1000:.1f} ms at most (goal {GOAL_SECONDS * 1000:.0f} ms)")
    return 0 if good and typical < GOAL_SECONDS else 1


def shown(labels: Labels) -> str:
    return ", ".join(sorted(" ".join(label) for label in labels)) or "none"
