# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a capture: which rules apply, what they find, how much of it could be judged.

A pure function of (capture, its settings, the history of the host). A parser or rule that crashes yields UNKNOWN with the
error and leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from .absent import NotHere, Unknown, Unreadable
from .archive import Capture
from .bottleneck.facts import bottlenecks_of
from .findings import NOTHING, ByClass, Finding, Level, Rule, Severity
from .levels import levels_of
from .registry import RULES, SUBJECTS, Subject
from .settings import Settings, parse as parse_settings

# {rule: {object: {value name: ((taken_at, value), ...)}}}, oldest first, of the earlier inspections of the same host
History = Mapping[str, Mapping[str, Mapping[str, tuple[tuple[datetime, float], ...]]]]
MAX_OBJECT = 512
ABSENT = (Unknown, NotHere)         # made once: this is asked for every need of every rule
# What a judged check adds to the score: 100 * sum(impact * points) / sum(impact)
POINTS = {Severity.OK: 1.0, Severity.INFO: 1.0, Severity.WARNING: 0.5, Severity.CRITICAL: 0.0}


class Judged(NamedTuple):
    """A finding with what the report shows beside it; ``limits``: {value name: {"warning":, "critical":, "source":}}."""

    rule: str
    object: str
    severity: Severity
    message: str
    values: Mapping[str, Any] = NOTHING
    limits: Mapping[str, Mapping[str, Any]] = NOTHING


@dataclass(frozen=True)
class Inspection:
    """One host judged. ``judged`` of ``applicable`` rules gave a verdict; score 0 to 100, None if none did."""

    host: str
    run: str
    taken_at: datetime
    findings: tuple[Judged, ...]
    applicable: int
    judged: int
    score: float | None
    not_applicable: Mapping[str, Unknown | NotHere]
    facts: Mapping[str, Any]
    settings: Settings
    looked_at: frozenset[str]

    @property
    def coverage(self) -> float:
        """0 to 1."""
        return self.judged / self.applicable if self.applicable else 0.0

    @property
    def worst(self) -> Severity:
        return max((finding.severity for finding in self.findings), default=Severity.UNKNOWN)


def judge(
    capture: Capture, history: History | None = None, rules: Iterable[Rule] = RULES, subjects: Iterable[Subject] = SUBJECTS
) -> Inspection:
    """Judge one capture. Raises BadSetting if its settings are wrong (they are checked before a run, so only in a replay)."""
    settings = parse_settings(capture.host, capture.settings)
    looked_at = frozenset(capture.subjects) if capture.subjects else frozenset(subject.name for subject in subjects)
    facts = {} if capture.problem else {subject.name: facts_of(subject, capture) for subject in subjects if subject.name in looked_at}
    facts["capture"] = {
        "taken_at": capture.taken_at, "problem": capture.problem or "", "root": capture.root,
        "whole": not capture.subjects,
        "crashed": tuple(entry for entry in capture.entries if entry.kind == "subject" and entry.error),
    }
    facts["settings"] = settings
    bottlenecks = bottlenecks_of(facts, history or {})
    if bottlenecks is not None:
        facts["bottlenecks"] = bottlenecks
    facts["history"] = history or {}        # for rules it is what earlier inspections kept; the series are for the diagnosis alone
    findings: list[Judged] = []
    not_applicable: dict[str, Unknown | NotHere] = {}
    applicable = judged = 0
    total = points = 0.0
    for rule in _over(frozenset(facts), tuple(rules)):
        verdict = apply(rule, facts, settings)
        if isinstance(verdict, NotHere):
            not_applicable[rule.id] = verdict
            continue
        applicable += 1
        findings.extend([item for item in verdict if not _is_told(rule, item, findings)] if rule.told_by else verdict)
        severities = [finding.severity for finding in verdict]
        worst = max(severities)
        judged += Severity.UNKNOWN not in severities
        if worst in POINTS:
            total += rule.impact
            points += rule.impact * POINTS[worst]
    score = 100 * points / total if total and not capture.problem else None
    return Inspection(capture.host, capture.run, capture.taken_at, tuple(findings), applicable, 0 if capture.problem else judged, score,
                      not_applicable, facts, settings, looked_at)


def _is_told(rule: Rule, item: Judged, earlier: list[Judged]) -> bool:
    """Whether the rule that speaks for this one has told already that the object can't be seen."""
    return item.severity is Severity.UNKNOWN and any(
        other.rule == rule.told_by and other.severity is Severity.UNKNOWN and item.object in (other.object, rule.subject)
        for other in earlier)


def facts_of(subject: Subject, capture: Capture) -> Any:
    """The subject's facts; Unknown for all of them if its parser can't make sense of the texts or crashes."""
    try:
        return subject.facts(capture)
    except Unreadable as error:
        return error.unknown
    except Exception as error:
        return Unknown("the parser of {subject} failed: {detail}", {"subject": subject.name, "detail": f"{type(error).__name__}: {error}"})


@lru_cache(maxsize=256)
def _over(looked_at: frozenset[str], rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules whose needs lie in what was looked at, which is the same on most hosts of a fleet."""
    return tuple(rule for rule in rules if looked_at >= {split(need)[0] for need in rule.needs})


def apply(rule: Rule, facts: Mapping[str, Any], settings: Settings) -> list[Judged] | NotHere:
    """One rule's findings (at least one), or NotHere when it does not apply."""
    values, unknown = [], None
    for need in rule.needs:
        value = resolve(need, facts)
        if isinstance(value, NotHere):
            return value
        if isinstance(value, Unknown):
            unknown = unknown or value
        values.append(value)
    if unknown:
        return [Judged(rule.id, rule.subject, Severity.UNKNOWN, unknown.reason, unknown.values)]
    levels = levels_of(rule, settings.levels)
    try:
        found = list(rule.check(levels, *values))
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        return [Judged(rule.id, rule.subject, Severity.UNKNOWN, "the rule failed: {detail}", {"detail": detail})]
    if not found:
        return [Judged(rule.id, rule.subject, Severity.UNKNOWN, "the rule gave no verdict")]
    return [_judged(rule, levels, finding) for finding in found]


@cache
def split(need: str) -> tuple[str, str]:
    """``("memory", "sizes")`` of ``memory.sizes``."""
    subject, name = need.split(".", 1)
    return subject, name


def resolve(need: str, facts: Mapping[str, Any]) -> Any:
    """The value of a dotted need; a setting that the inventory leaves out is NotHere."""
    subject, name = split(need)
    holder = facts[subject]
    if subject == "history":
        return holder.get(name, {})
    if isinstance(holder, ABSENT):
        return holder
    value = holder[name] if subject == "capture" else getattr(holder, name)
    if subject == "settings" and value is None:
        return NotHere("caretaker_{name} is not set in the inventory", {"name": name})
    return value


def _judged(rule: Rule, levels: Mapping[str, Level | ByClass], finding: Finding) -> Judged:
    limits: Mapping[str, Mapping[str, Any]] = NOTHING
    if levels:
        limits = {name: _limit(level, finding) for name, level in levels.items() if name in finding.values}
    return Judged(rule.id, _storable(finding.object), finding.severity, finding.message, finding.values, limits)


def _storable(name: str) -> str:
    """An object's name as any database takes it; hosts may have names with anything in them."""
    return name.replace("\0", "\ufffd")[:MAX_OBJECT] or "?"


def _limit(level: Level | ByClass, finding: Finding) -> dict[str, Any]:
    """The limit in force; a finding says its device class as the value ``class``."""
    return _shown(level.of(str(finding.values.get("class"))) if isinstance(level, ByClass) else level)


@lru_cache(maxsize=4096)
def _shown(level: Level) -> dict[str, Any]:
    return {**asdict(level), "direction": type(level).__name__.lower()}


def worst_first(findings: Iterable[Judged]) -> Iterator[Judged]:
    """By severity, then by risk, then by name, so that the same findings always stand in the same order."""
    return iter(sorted(findings, key=lambda item: (-item.severity, item.rule, item.object)))
