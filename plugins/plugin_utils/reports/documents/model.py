# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document tells, as plain values in one language; the sections only lay it out.

A row here is small, for a large fleet has a hundred thousand of them; evidence is read again where it is shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ...comparison import State
from ...findings import Severity
from ...wording import fill
from ..fleet import DOMAINS, STATES
from ..translation import translator
from .context import Context
from .finished import Detail, FinishedReport

SEVERITIES = ("critical", "warning", "unknown")
RANK = {severity.name.lower(): int(severity) for severity in Severity}
SEVERITY_WORDS = {"critical": "Critical", "warning": "Warning", "unknown": "Unknown", "info": "Note", "ok": "OK"}
DOMAIN_WORDS = {"hardware": "Hardware", "os": "Operating system", "platform": "Platform", "database": "Database"}
STATE_WORDS = {state.value: state.value.replace("_", " ") for state in STATES}
COMPARABLE = 0.5  # a run that saw less than this share of today's hosts says nothing of the fleet
LARGE = 60  # from here on a document groups hosts instead of listing each


class Row:
    """One finding of one host; ``number`` is the host's place in hosts.jsonl."""

    __slots__ = (
        "counts",
        "evidence",
        "first_run",
        "host",
        "limits",
        "message",
        "number",
        "object",
        "risk",
        "rule",
        "severity",
        "state",
        "times",
        "waiver",
        "was",
    )

    def __init__(self, number: int, host: str, finding: Mapping[str, Any], language: str) -> None:
        self.number, self.host = number, host
        self.rule: str = finding["rule"]
        self.object: str = finding["object"]
        self.severity: str = finding["severity"]
        self.message: str = finding["message"][language]
        self.limits: tuple[Mapping[str, Any], ...] = tuple(finding["limits"])
        self.risk: int = finding["risk"]
        self.state: str = finding["state"]
        self.times: int = finding["times"]
        self.first_run: str = finding["first_run"]
        self.was: str | None = finding["was"]
        self.counts: bool = finding["counts"]
        self.waiver: Mapping[str, str] | None = finding["waiver"]
        self.evidence: tuple[str, ...] = tuple(finding["evidence"])

    @property
    def urgency(self) -> tuple[object, ...]:
        return (-RANK[self.severity], -self.risk, self.host, self.object)


@dataclass(frozen=True)
class Machine:
    """A host, or a cluster that was compared; ``number``: its place in hosts.jsonl."""

    number: int
    name: str
    is_cluster: bool
    system: str
    settings: Mapping[str, str]
    taken_at: str
    sha256: str
    problem: str | None
    score: float | None
    coverage: float
    applicable: int
    judged: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Moment:
    """The fleet in one run; ``score`` 0 to 100 or None, ``coverage`` 0 to 1."""

    run: str
    date: str
    hosts: int
    score: float | None
    coverage: float
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Forecast:
    """When a file system will be full; ``past``: [(seconds before the inspection, ratio used)]."""

    host: str
    name: str
    severity: str
    full_in_seconds: float
    used_ratio: float | None
    past: Sequence[tuple[float, float]]
    message: str


@dataclass(frozen=True)
class View:
    """All of a document in one language."""

    language: str
    t: Callable[..., str]
    summary: Mapping[str, Any]
    rules: Mapping[str, Mapping[str, Any]]
    machines: Sequence[Machine]
    rows: Sequence[Row]  # worst first
    trend: Sequence[Moment]  # oldest first, this run last
    forecasts: Sequence[Forecast]  # soonest first
    report: FinishedReport
    context: Context

    @property
    def is_large(self) -> bool:
        return len(self.machines) > LARGE

    @property
    def hosts(self) -> list[Machine]:
        return [machine for machine in self.machines if not machine.is_cluster]

    @property
    def standing(self) -> list[Row]:
        """What counts against a host."""
        return [row for row in self.rows if row.counts]

    def title(self, rule: str) -> str:
        return self.text_of(rule, "title")

    def text_of(self, rule: str, name: str) -> str:
        text: str = self.rules[rule][name][self.language]
        return text

    def domain(self, rule: str) -> str:
        name: str = self.rules[rule]["domain"]
        return name

    def severity_word(self, severity: str) -> str:
        return self.t(SEVERITY_WORDS[severity])

    def domain_word(self, domain: str) -> str:
        return self.t(DOMAIN_WORDS[domain])

    def state_word(self, state: str) -> str:
        return self.t(STATE_WORDS[state])

    def by_rule(self, rows: Iterable[Row]) -> dict[str, list[Row]]:
        """{rule: its rows}, the rule with the worst rows first."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            grouped[row.rule].append(row)
        return dict(sorted(grouped.items(), key=lambda item: (-RANK[item[1][0].severity], -item[1][0].risk, -len(item[1]), item[0])))

    def numbers(self) -> dict[str, Counter[str]]:
        """{domain: how many findings stand, by severity}."""
        counted: dict[str, Counter[str]] = {domain.value: Counter() for domain in DOMAINS}
        for row in self.standing:
            counted[self.domain(row.rule)][row.severity] += 1
        return counted


def words(language: str) -> Callable[..., str]:
    """``t("{n} hosts", n=3)`` in a language."""
    translate = translator(language)
    return lambda text, **values: (
        fill(translate(text), {name: str(value) for name, value in values.items()}) if values else translate(text)
    )


def view_of(report: FinishedReport, language: str, context: Context) -> View:
    """Reads each host of the report once. Raises BadFolder."""
    machines: list[Machine] = []
    rows: list[Row] = []
    forecasts: list[Forecast] = []
    trends: list[Sequence[Mapping[str, Any]]] = []
    for number, detail in enumerate(report.details()):
        document = detail["host"]
        machine = _machine(number, document)
        machines.append(machine)
        rows += [Row(number, machine.name, finding, language) for finding in document["findings"]]
        forecasts += _forecasts(machine.name, detail, language)
        if not machine.is_cluster:
            trends.append(document["trend"])
    rows.sort(key=lambda row: row.urgency)
    forecasts.sort(key=lambda item: item.full_in_seconds)
    return View(
        language,
        words(language),
        report.summary,
        report.summary["rules"],
        machines,
        rows,
        _trend(trends, report.summary["run"]),
        forecasts,
        report,
        context,
    )


def _machine(number: int, document: Mapping[str, Any]) -> Machine:
    return Machine(
        number,
        document["host"],
        document["source"] == "cluster",
        document["system"],
        document["settings"],
        document["taken_at"],
        document["archive_sha256"],
        document["problem"],
        document["score"],
        document["coverage"],
        document["applicable"],
        document["judged"],
        document["counts"],
    )


def _forecasts(host: str, detail: Detail, language: str) -> Iterable[Forecast]:
    used = {item["name"]: item["used_ratio"] for item in detail["storage"].get("filesystems", ())}
    for item in detail["storage"].get("forecasts", ()):
        yield Forecast(
            host,
            item["name"],
            item["severity"],
            item["full_in_seconds"],
            used.get(item["name"]),
            list(item["past"]),
            item["message"][language],
        )


def _trend(trends: Sequence[Sequence[Mapping[str, Any]]], run: str) -> list[Moment]:
    """The runs that saw enough of today's hosts."""
    points: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for trend in trends:
        for point in trend:
            points[point["run"]].append(point)
    moments = []
    for name, seen in points.items():
        if name != run and len(seen) < COMPARABLE * len(trends):
            continue
        scores = [point["score"] for point in seen if point["score"] is not None]
        counts: Counter[str] = Counter()
        for point in seen:
            counts.update(point["counts"])
        moments.append(
            Moment(
                name,
                max(point["taken_at"] for point in seen)[:10],
                len(seen),
                round(fmean(scores), 1) if scores else None,
                fmean(point["coverage"] for point in seen),
                counts,
            )
        )
    return sorted(moments, key=lambda moment: (moment.run == run, moment.date, moment.run))


def previous(view: View) -> Moment | None:
    """The fleet in the run before this one."""
    earlier = [moment for moment in view.trend if moment.run != view.summary["run"]]
    return earlier[-1] if earlier else None


def is_open(row: Row) -> bool:
    return row.state != State.RESOLVED.value and RANK[row.severity] >= Severity.UNKNOWN
