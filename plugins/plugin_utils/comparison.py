# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This inspection against the last one of the same host: what is new, what came back, what stayed, what is gone.

A finding is the same finding if rule and object are the same. "Open" is a finding of severity UNKNOWN, WARNING or CRITICAL.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from .findings import NOTHING, Severity
from .inspection import Inspection, Judged
from .registry import RULES_BY_ID

OPEN = frozenset({Severity.UNKNOWN, Severity.WARNING, Severity.CRITICAL})


class State(Enum):
    NEW = "new"
    REGRESSED = "regressed"             # it was resolved, or less bad, before
    PERSISTING = "persisting"
    IMPROVED = "improved"
    RESOLVED = "resolved"
    NOT_RECHECKED = "not_rechecked"
    FINE = "fine"


class Past(NamedTuple):
    """The last word of earlier inspections on a finding that was open at least once.

    ``times``: in how many inspections in a row it was open; ``first_run``: the run that began that row.
    """

    severity: Severity
    state: State
    times: int
    first_run: str
    message: str = ""
    values: Mapping[str, Any] = NOTHING


class Compared(NamedTuple):
    """A finding with its life: ``times`` counts the inspections in a row that found it open, this one included."""

    finding: Judged
    state: State
    times: int
    first_run: str
    was: Severity | None


Key = tuple[str, str]


def compare(inspection: Inspection, past: Mapping[Key, Past]) -> tuple[Compared, ...]:
    """All findings of this inspection with their state, then those of before that are resolved or were not rechecked."""
    by_severity = sorted(inspection.findings, key=lambda finding: finding.severity)
    seen = {(finding.rule, finding.object): finding for finding in by_severity}     # of two about one object the worse stands
    now = [_compared(finding, past.get(key), inspection.run) for key, finding in seen.items()]
    gone = [_gone(key, before, inspection) for key, before in past.items() if key not in seen and before.severity in OPEN]
    return (*now, *gone)


def _compared(finding: Judged, before: Past | None, run: str) -> Compared:
    is_open = finding.severity in OPEN
    if before is None:
        return Compared(finding, State.NEW if is_open else State.FINE, int(is_open), run, None)
    was_open = before.severity in OPEN
    if not is_open:
        return Compared(finding, State.RESOLVED if was_open else State.FINE, 0, before.first_run, before.severity)
    if not was_open:
        return Compared(finding, State.REGRESSED, 1, run, before.severity)
    times = before.times + 1
    if finding.severity > before.severity:
        return Compared(finding, State.REGRESSED, times, before.first_run, before.severity)
    if finding.severity < before.severity:
        return Compared(finding, State.IMPROVED, times, before.first_run, before.severity)
    return Compared(finding, State.PERSISTING, times, before.first_run, before.severity)


def _gone(key: Key, before: Past, inspection: Inspection) -> Compared:
    """What was open before and has no finding now: resolved only if its rule gave a verdict or no longer applies."""
    rule, thing = key
    verdicts = [finding for finding in inspection.findings if finding.rule == rule]
    unseen = (not verdicts and rule not in inspection.not_applicable) or _is_unseen(rule, thing, inspection)
    if unseen or any(finding.severity is Severity.UNKNOWN for finding in verdicts):
        finding = Judged(rule, thing, before.severity, before.message, before.values)
        return Compared(finding, State.NOT_RECHECKED, before.times, before.first_run, before.severity)
    reason = inspection.not_applicable.get(rule)
    finding = Judged(rule, thing, Severity.OK, reason.reason if reason else "no longer found", reason.values if reason else {})
    return Compared(finding, State.RESOLVED, 0, before.first_run, before.severity)


def _is_unseen(rule: str, thing: str, inspection: Inspection) -> bool:
    """Whether the rule that speaks for this one (Rule.told_by) says that the object could not be seen."""
    told_by = RULES_BY_ID[rule].told_by if rule in RULES_BY_ID else ""
    return any(finding.rule == told_by and finding.object == thing and finding.severity is Severity.UNKNOWN
               for finding in inspection.findings)
