# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report remembers of the whole fleet while hosts pass through it: a row and some short lines each, under 2 kB a host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Any

import orjson

from ..bottleneck.fleet import Fleet as Bottlenecks
from ..comparison import State
from ..findings import Domain, Severity
from ..ledger.anchors import Anchor
from ..registry import RULES
from ..remediation.listing import Action, Burden, add_burdens, remediation_list
from .document import rounded

SHOWN = 30                      # lines of each list in the text summary
LONGEST = 160                   # characters of a finding there
COUNTED = ("critical", "warning", "unknown", "waived")
DOMAINS = tuple(Domain)
STATES = (State.NEW, State.REGRESSED, State.PERSISTING, State.IMPROVED, State.RESOLVED, State.NOT_RECHECKED)
STATE_NUMBERS = {state.value: number for number, state in enumerate(STATES)}
NUMBER = {severity.name.lower(): int(severity) for severity in Severity}
DOMAIN_OF = {rule.id: rule.domain for rule in RULES}
CHANGE_RISKS = {rule.id: rule.change_risk for rule in RULES}
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
        if new:
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
    anchor: Anchor | None = None
    rows: list[str] = field(default_factory=list)
    findings: list[list[str]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    coverages: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    by_rule: dict[str, Counter[str]] = field(default_factory=dict)
    burdens: dict[str, Burden] = field(default_factory=dict)
    worst: Kept = field(default_factory=Kept)
    waived: Kept = field(default_factory=Kept)
    unreached: Kept = field(default_factory=Kept)
    bottlenecks: Bottlenecks = field(default_factory=Bottlenecks)

    def add(self, document: Mapping[str, Any]) -> None:
        """One host, or one cluster, from its document."""
        host, problem, findings = document["host"], document["problem"], document["findings"]
        self.counts.update(document["counts"])
        if document["source"] == "cluster":
            self.counts["clusters"] += 1
        else:
            self.counts["hosts"] += 1
            self.coverages.append(document["coverage"])
            if document["score"] is not None:
                self.scores.append(document["score"])
        for finding in findings:
            self.states[finding["state"]] += 1
            if finding["counts"]:
                self.by_rule.setdefault(finding["rule"], Counter())[finding["severity"]] += 1
        add_burdens(self.burdens, document)
        if problem is not None:
            self.counts["unreached"] += 1
            self.unreached.add([((host,), f"{host}: {shortened(problem)}")])
        listed = [finding for finding in findings if finding["counts"] and not (problem and finding["rule"] == "host_inspected")]
        self.worst.add((_urgency(host, finding), _open_line(host, finding)) for finding in listed)
        waived = [finding for finding in findings if finding["waiver"]]
        self.waived.add(((host, finding["rule"], finding["object"]), _waived_line(host, finding)) for finding in waived)
        self.rows.append(_row(document))
        self.findings.append([_short(finding) for finding in findings])

    @property
    def anchor_told(self) -> dict[str, Any] | None:
        """The ledger's newest anchor, as it stands in the report for whoever wants to hold the ledger against it."""
        return {"seq": self.anchor.seq, "hash": self.anchor.hash, "at": self.anchor.at} if self.anchor else None

    @property
    def score(self) -> float | None:
        """0 to 100: the mean of the hosts that have a score, None if none has."""
        return rounded(fmean(self.scores)) if self.scores else None

    @property
    def coverage(self) -> float:
        """0 to 1: the mean over all hosts; one that was not reached counts as 0."""
        return round(fmean(self.coverages), 4) if self.coverages else 0.0

    @property
    def actions(self) -> tuple[Action, ...]:
        """What to do, by what closes most risk first."""
        return remediation_list(self.burdens, CHANGE_RISKS, self.started_at.date())

    @property
    def numbers(self) -> dict[str, int]:
        return {name: self.counts[name] for name in (*COUNTED, "hosts", "unreached", "clusters")}


def _row(document: Mapping[str, Any]) -> str:
    """[host, system, score, coverage, 1 if not inspected, [critical, warning, unknown, waived], [worst, open] of each domain]."""
    worst = dict.fromkeys(DOMAINS, NOT_SEEN)
    number = dict.fromkeys(DOMAINS, 0)
    for finding in document["fine"]:
        domain = DOMAIN_OF[finding["rule"]]
        worst[domain] = max(worst[domain], NUMBER[finding["severity"]])
    for finding in document["findings"]:
        domain = DOMAIN_OF[finding["rule"]]
        worst[domain] = max(worst[domain], NUMBER[finding["severity"]] if finding["counts"] else Severity.INFO)
        number[domain] += finding["counts"]
    return as_json([
        document["host"], document["system"], document["score"], document["coverage"], int(document["problem"] is not None),
        [document["counts"].get(name, 0) for name in COUNTED], [[int(worst[domain]), number[domain]] for domain in DOMAINS],
    ])


def _short(finding: Mapping[str, Any]) -> str:
    """[rule number, object, severity, state number, times, risk, waived]."""
    return as_json([
        RULE_NUMBERS[finding["rule"]], finding["object"], NUMBER[finding["severity"]], STATE_NUMBERS[finding["state"]], finding["times"],
        finding["risk"], int(finding["waiver"] is not None),
    ])


def as_json(value: Any) -> str:
    """JSON in one line; a report is half of the work of a run, and this a quarter of the report with Python's own."""
    return orjson.dumps(value).decode()


def _urgency(host: str, finding: Mapping[str, Any]) -> tuple[object, ...]:
    return (-NUMBER[finding["severity"]], -finding["risk"], host, finding["rule"], finding["object"])


def _open_line(host: str, finding: Mapping[str, Any]) -> str:
    state, times = finding["state"].replace("_", " "), finding["times"]
    life = f"{state}, {ordinal(times)} time" if times > 1 else state
    text = shortened(f"{finding['object']}: {finding['message']['en']}")
    return f"{finding['severity'].upper():<8}  {host}  {finding['rule']}  {text} ({life})"


def _waived_line(host: str, finding: Mapping[str, Any]) -> str:
    waiver = finding["waiver"]
    return f"{host}  {finding['rule']}  {finding['object']}: {shortened(waiver['reason'])} ({waiver['owner']}, until {waiver['expires']})"


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST - 3] + "..."


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
