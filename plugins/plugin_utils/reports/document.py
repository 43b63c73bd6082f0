# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host as plain JSON values, from which all forms of the report are made. See docs/report.md for the form.

Every text that a host may have had a say in passes through ``harmless`` here, once for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from ..absent import NotHere, Unknown
from ..findings import Rule
from ..outcome import Outcome, Reported
from ..waivers import Waiver
from ..wording import fill, show, shown
from .harmless import block, line
from .translation import LANGUAGES, translator

Both = dict[str, str]       # {language: text}
SHOWN_SETTINGS = ("importance", "security_level", "owner", "role", "location", "warranty_until", "support_until")
BASIS = "basis"     # the value that is a phrase of ours: since when a counter is judged
TRANSLATORS = {language: translator(language) for language in LANGUAGES}


def document_of(outcome: Outcome, trend: Iterable[Mapping[str, Any]], sha256: str) -> dict[str, Any]:
    """All that reports tell of a host but the raw evidence."""
    inspection, settings = outcome.inspection, outcome.inspection.settings
    return {
        "host": line(outcome.host),
        "source": outcome.source,
        "system": line(settings.system or ""),
        "settings": {name: line(str(getattr(settings, name))) for name in SHOWN_SETTINGS if getattr(settings, name) is not None},
        "run": outcome.run,
        "taken_at": moment(outcome.taken_at),
        "archive_sha256": sha256,
        "problem": line(outcome.problem) if outcome.problem else None,
        "score": rounded(inspection.score),
        "coverage": round(inspection.coverage, 4),
        "applicable": inspection.applicable,
        "judged": inspection.judged,
        "counts": dict(outcome.counts),
        "trend": [
            {"run": point["run"], "taken_at": moment(point["taken_at"]), "score": rounded(point["score"]),
             "coverage": round(point["coverage"], 4), "counts": point["counts"]} for point in trend
        ],
        "findings": [_finding(item) for item in outcome.findings],
        "fine": [_fine(item) for item in outcome.fine],
        "not_applicable": _not_applicable(inspection.not_applicable),
    }


def _not_applicable(absents: Mapping[str, Unknown | NotHere]) -> list[dict[str, Any]]:
    """Where a whole subject isn't there, dozens of rules share one reason, which is rendered once."""
    reasons = {id(absent): in_both(absent.reason, absent.values) for absent in {id(absent): absent for absent in absents.values()}.values()}
    return [{"rule": rule, "reason": reasons[id(absent)]} for rule, absent in absents.items()]


def evidence_of(outcome: Outcome) -> dict[str, str]:
    """{key of the capture: its text} for the findings of a host."""
    return {line(key): block(text) for key, text in outcome.evidence.items()}


def in_both(template: str, values: Mapping[str, Any]) -> Both:
    """A message in every language of the report."""
    if not values:
        return _fixed(template)
    texts = shown(values)
    if BASIS not in texts:
        return {language: line(fill(translated, texts)) for language, translated in _translated(template)}
    words = dict(_translated(texts[BASIS]))
    return {language: line(fill(translated, {**texts, BASIS: words[language]})) for language, translated in _translated(template)}


@lru_cache(maxsize=4096)
def _translated(template: str) -> tuple[tuple[str, str], ...]:
    return tuple((language, translate(template)) for language, translate in TRANSLATORS.items())


@lru_cache(maxsize=4096)
def _fixed(template: str) -> Both:
    return {language: line(text) for language, text in _translated(template)}


def described(rule: Rule) -> dict[str, Any]:
    """A rule's own texts, the same for all hosts."""
    return {
        "domain": rule.domain.value, "impact": rule.impact, "change_risk": rule.change_risk,
        "title": in_both(rule.title, {}), "why": in_both(rule.why, {}), "fix": in_both(rule.fix, {}),
    }


def moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 1)


def _finding(item: Reported) -> dict[str, Any]:
    finding, compared = item.compared.finding, item.compared
    return {
        "rule": finding.rule,
        "object": line(finding.object),
        "severity": finding.severity.name.lower(),
        "message": in_both(finding.message, finding.values),
        "values": {name: plain(value) for name, value in finding.values.items()},
        "limits": [_limit(name, finding.values[name], limit) for name, limit in finding.limits.items()],
        "risk": item.risk,
        "state": compared.state.value,
        "times": compared.times,
        "first_run": compared.first_run,
        "was": compared.was.name.lower() if compared.was is not None else None,
        "counts": item.counts,
        "waiver": _waiver(item.waiver),
        "evidence": [line(key) for key in item.evidence],
    }


def _limit(name: str, value: Any, limit: Mapping[str, Any]) -> dict[str, Any]:
    """A measured value beside its limit, each as a number and as text in its unit."""
    shown = {key: show(name, limit[key]) for key in ("warning", "critical") if limit[key] is not None}
    return {
        "name": name, "value": plain(value), "shown": line(show(name, value)), "direction": limit["direction"],
        "warning": limit["warning"], "critical": limit["critical"], "shown_limits": shown,
        "source": in_both(limit["source"], {}),
    }


def _waiver(waiver: Waiver | None) -> dict[str, str] | None:
    if waiver is None:
        return None
    return {
        "reason": line(waiver.reason), "owner": line(waiver.owner), "expires": waiver.expires.isoformat(), "object": line(waiver.object),
    }


def _fine(item: Reported) -> dict[str, Any]:
    finding = item.compared.finding
    return {
        "rule": finding.rule, "object": line(finding.object), "severity": finding.severity.name.lower(),
        "message": in_both(finding.message, finding.values),
    }


def plain(value: Any) -> Any:
    """A finding's value as JSON can hold it."""
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return moment(value) if isinstance(value, datetime) else line(str(value))
