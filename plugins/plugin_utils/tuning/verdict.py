# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a stage of a tuning plan: what was measured before it against what was measured after it.

Of a database server what its clients wait for decides, the time a transaction takes; of anything else the measures that its steps name.
The other measures are told beside it: many measures that could each condemn a change would condemn good ones by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..absent import NotHere, Unknown
from ..wording import render, show
from .proof import Outcome, Proof, prove, together
from .samples import COSTS, KERNEL, Window, window

LATENCY = "database_latency_seconds"
DATABASES = ("postgresql", "mysql")
OVER_WEEKS = "shows only over weeks; scripts/prove tells it by the history"
# What a measure costs, in words that carry a unit
COST_NAMES = {
    LATENCY: "time_seconds", "database_cache_hit_ratio": "missed_ratio", "database_temporary_bytes_rate": "temporary_bytes",
    "database_temporary_tables_rate": "tables_count", "database_log_waits_rate": "waits_count", "disk_await_seconds": "time_seconds",
    "swap_out_pages_rate": "pages_per_second",
    "compaction_stalls_rate": "stalls_per_second",
    "tcp_listen_overflows_rate": "refused_ratio", "connections_dropped_ratio": "dropped_ratio",
    "connections_wait_seconds": "time_seconds",
}


@dataclass(frozen=True)
class Verdict:
    """``decided_by``: the measures that made the outcome; ``unproven``: {measure: why it could not be compared}."""

    outcome: Outcome
    decided_by: tuple[str, ...]
    proofs: Mapping[str, Proof]
    unproven: Mapping[str, str]

    @property
    def document(self) -> dict[str, Any]:
        proofs = {measure: {**asdict(proof), "outcome": proof.outcome.value} for measure, proof in self.proofs.items()}
        return {"outcome": self.outcome.value, "decided_by": list(self.decided_by), "proofs": proofs, "unproven": dict(self.unproven)}


def judge_stage(
    server: str, measures: Iterable[str], before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], interval_seconds: float
) -> Verdict:
    """``server``: "postgresql 5432", "nginx nginx" or KERNEL; ``measures``: those that the steps name; ``before`` and ``after``: rounds."""
    is_database = server.partition(" ")[0] in DATABASES
    wanted = dict.fromkeys((*((LATENCY,) if is_database else ()), *measures))
    proofs: dict[str, Proof] = {}
    unproven: dict[str, str] = {}
    for measure in wanted:
        if measure not in COSTS or (server == KERNEL and COSTS[measure][0] != KERNEL):
            unproven[measure] = OVER_WEEKS      # huge pages that are reserved serve a database only from its next start on
            continue
        windows = [window(rounds, server, measure, interval_seconds) for rounds in (before, after)]
        first, then = windows
        if isinstance(first, Window) and isinstance(then, Window):
            proofs[measure] = prove(first.cost, then.cost, first.work, then.work)
        else:
            unproven[measure] = next(render(item.reason, item.values) for item in windows if isinstance(item, Unknown | NotHere))
    deciding = tuple(measure for measure in proofs if not is_database or measure == LATENCY)
    return Verdict(together(proofs[measure].outcome for measure in deciding), deciding, proofs, unproven)


def cost_name(measure: str) -> str:
    """The name of a value that shows this measure with its unit; what only the history measures bears its unit already."""
    name = measure.partition(" ")[0]
    return COST_NAMES.get(name) or (name.removesuffix("_rate") + "_per_second" if name.endswith("_rate") else name)


def told(verdict: Verdict) -> Iterator[str]:
    """The verdict in lines: the outcome, then each measure with its medians and its ratio."""
    yield f"{verdict.outcome.value} (by {', '.join(verdict.decided_by) or 'no measure'})"
    for measure, proof in verdict.proofs.items():
        figures = ""
        if proof.median is not None:
            shown = [show(cost_name(measure), value) for value in proof.median]
            figures = f" {shown[0]} -> {shown[1]}"
        if proof.median_ratio is not None:
            figures += f", {proof.median_ratio.value:.2f} times ({proof.median_ratio.low:.2f} to {proof.median_ratio.high:.2f})"
        yield f"{measure}: {proof.outcome.value}{figures}; {proof.reason}"
    for measure, reason in verdict.unproven.items():
        yield f"{measure}: not compared, {reason}"
