# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report remembers of the whole fleet while hosts pass through it: a row and some short lines each, under 2 kB a host."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean

from ..comparison import State
from ..findings import Domain, Severity
from ..outcome import Outcome, Reported
from ..registry import RULES
from ..wording import render
from .document import rounded
from .harmless import line

SHOWN = 30                      # lines of each list in the text summary
COUNTED = ("critical", "warning", "unknown", "waived")
DOMAINS = tuple(Domain)
STATES = (State.NEW, State.REGRESSED, State.PERSISTING, State.IMPROVED, State.RESOLVED, State.NOT_RECHECKED)
RULE_NUMBERS = {rule.id: number for number, rule in enumerate(RULES)}
NOT_SEEN = -1                   # a domain of which nothing was judged


@dataclass
class Kept:
    """The first SHOWN of many, by a sort key, and how many there were."""

    lines: list[tuple[tuple[object, ...], str]] = field(default_factory=list)
    total: int = 0

    def add(self, lines: Iterable[tuple[tuple[object, ...], str]]) -> None:
        new = list(lines)
        self.total += len(new)
        self.lines = sorted([*self.lines, *new])[:SHOWN]

    @property
    def texts(self) -> list[str]:
        return [text for _key, text in self.lines]


@dataclass
class Fleet:
    """``rows``: each host as a JSON array, ``findings``: each host's findings as short JSON arrays (both as docs/report.md says)."""

    run: str
    started_at: datetime
    recheck_of: str | None = None
    customer: str | None = None
    rows: list[str] = field(default_factory=list)
    findings: list[list[str]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    coverages: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    by_rule: dict[str, Counter[str]] = field(default_factory=dict)
    worst: Kept = field(default_factory=Kept)
    waived: Kept = field(default_factory=Kept)
    unreached: Kept = field(default_factory=Kept)

    def add(self, outcome: Outcome) -> None:
        inspection = outcome.inspection
        self.counts.update(outcome.counts)
        self.counts["hosts"] += 1
        self.counts["unreached"] += outcome.problem is not None
        self.coverages.append(inspection.coverage)
        if inspection.score is not None:
            self.scores.append(inspection.score)
        host = line(outcome.host)
        for item in outcome.findings:
            self.states[item.compared.state.value] += 1
            if item.counts:
                self.by_rule.setdefault(item.rule.id, Counter())[item.severity.name.lower()] += 1
        if outcome.problem is not None:
            self.unreached.add([((host,), f"{host}: {line(outcome.problem)}")])
        self.worst.add(((-item.severity, -item.risk, host, item.rule.id), _open_line(host, item)) for item in outcome.findings
                       if item.counts and not (outcome.problem and item.rule.id == "host_inspected"))
        self.waived.add(((host, item.rule.id), _waived_line(host, item)) for item in outcome.findings if item.waiver)
        self.rows.append(_row(outcome))
        self.findings.append([_short(item) for item in outcome.findings])

    @property
    def score(self) -> float | None:
        """0 to 100: the mean of the hosts that have a score, None if none has."""
        return rounded(fmean(self.scores)) if self.scores else None

    @property
    def coverage(self) -> float:
        """0 to 1: the mean over all hosts; one that was not reached counts as 0."""
        return round(fmean(self.coverages), 4) if self.coverages else 0.0

    @property
    def numbers(self) -> dict[str, int]:
        return {name: self.counts[name] for name in (*COUNTED, "hosts", "unreached")}


def _row(outcome: Outcome) -> str:
    """[host, system, score, coverage, 1 if not inspected, [critical, warning, unknown, waived], [worst, open] of each domain]."""
    worst = dict.fromkeys(DOMAINS, NOT_SEEN)
    number = dict.fromkeys(DOMAINS, 0)
    for item in (*outcome.findings, *outcome.fine):
        domain = item.rule.domain
        worst[domain] = max(worst[domain], int(item.severity) if item.counts or item.waiver is None else int(Severity.INFO))
        number[domain] += item.counts
    counts = outcome.counts
    inspection = outcome.inspection
    return as_json([
        line(outcome.host), line(inspection.settings.system or ""), rounded(inspection.score), round(inspection.coverage, 3),
        int(outcome.problem is not None), [counts[name] for name in COUNTED], [[worst[domain], number[domain]] for domain in DOMAINS],
    ])


def _short(item: Reported) -> str:
    """[rule number, object, severity, state number, times, risk, waived]."""
    compared = item.compared
    return as_json([
        RULE_NUMBERS[item.rule.id], line(compared.finding.object), int(item.severity), STATES.index(compared.state), compared.times,
        item.risk, int(item.waiver is not None),
    ])


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _open_line(host: str, item: Reported) -> str:
    finding, compared = item.compared.finding, item.compared
    message = line(render(finding.message, finding.values))
    life = f"{ordinal(compared.times)} time" if compared.times > 1 else ""
    state = ", ".join(filter(None, (compared.state.value.replace("_", " "), life)))
    return f"{finding.severity.name:<8}  {host}  {finding.rule}  {line(finding.object)}: {message} ({state})"


def _waived_line(host: str, item: Reported) -> str:
    waiver = item.waiver
    assert waiver is not None
    finding = item.compared.finding
    return line(f"{host}  {finding.rule}  {finding.object}: {waiver.reason} ({waiver.owner}, until {waiver.expires})")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
