# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host's inspection amounts to: the one form that records and reports are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from .archive import Capture
from .comparison import OPEN, Compared, Key, Past, State, compare
from .findings import Rule, Severity
from .inspection import History, Inspection, judge
from .registry import RULES, RULES_BY_ID
from .waivers import Waiver, parse_waivers, waiver_for

EVIDENCE_BYTES = 16 * 1024
LIKELIHOOD = {Severity.OK: 1, Severity.INFO: 1, Severity.UNKNOWN: 2, Severity.WARNING: 2, Severity.CRITICAL: 4}


class Reported(NamedTuple):
    """A finding as reports show it; risk 1 to 4 (how urgent), change_risk 1 to 4 (how risky its remedy)."""

    rule: Rule
    compared: Compared
    risk: int
    waiver: Waiver | None
    evidence: tuple[str, ...]           # keys of the capture that show it

    @property
    def severity(self) -> Severity:
        return self.compared.finding.severity

    @property
    def counts(self) -> bool:
        """Whether it stands against the host: open, and not waived."""
        return self.severity in OPEN and self.waiver is None


@dataclass(frozen=True)
class Outcome:
    """One host of one run. ``tracked``: (rule, object, value name, value) to keep for trends."""

    host: str
    run: str
    taken_at: datetime
    problem: str | None
    inspection: Inspection
    findings: tuple[Reported, ...]      # open, resolved, not rechecked; worst first
    fine: tuple[Reported, ...]          # ok and info
    tracked: tuple[tuple[str, str, str, float], ...]
    source: str = "linux"               # of the capture; "cluster" for what was found by comparing hosts
    evidence: Mapping[str, str] = field(default_factory=dict)       # capture key -> text, cut to EVIDENCE_BYTES

    @property
    def counts(self) -> Counter[str]:
        """{severity name in lower case: number} of what counts, and "waived"."""
        numbers = Counter(finding.severity.name.lower() for finding in self.findings if finding.counts)
        numbers["waived"] = sum(finding.waiver is not None for finding in self.findings)
        return numbers


def outcome_of(capture: Capture, past: Mapping[Key, Past], history: History) -> Outcome:
    """Judge a capture and compare it with the past. Raises BadSetting for wrong settings in the capture."""
    return compared(capture, judge(capture, history), past)


def compared(capture: Capture, inspection: Inspection, past: Mapping[Key, Past]) -> Outcome:
    """An inspection against the past."""
    waivers = parse_waivers(capture.host, inspection.settings.waivers, RULES_BY_ID)
    reported = [_reported(item, waivers, capture) for item in compare(inspection, past) if item.finding.rule in RULES_BY_ID]
    open_or_changed = [item for item in reported if item.compared.state is not State.FINE]
    open_or_changed.sort(key=lambda item: (-item.severity, -item.risk, item.rule.id, item.compared.finding.object))
    shown = {key for item in open_or_changed for key in item.evidence}
    return Outcome(
        host=capture.host, run=capture.run, taken_at=capture.taken_at, problem=capture.problem, inspection=inspection,
        findings=tuple(open_or_changed), fine=tuple(item for item in reported if item.compared.state is State.FINE),
        tracked=tuple(_tracked(inspection)), source=capture.source, evidence={key: _evidence(capture, key) for key in sorted(shown)},
    )


def likelihood(severity: Severity, times: int) -> int:
    """1 to 4: how likely it comes true; what was found before and is still there is likelier by one."""
    return min(4, LIKELIHOOD[severity] + (times > 1))


def _reported(item: Compared, waivers: Iterable[Waiver], capture: Capture) -> Reported:
    finding = item.finding
    rule = RULES_BY_ID[finding.rule]
    is_open = finding.severity in OPEN
    return Reported(
        rule=rule, compared=item, risk=(rule.impact + likelihood(finding.severity, item.times)) // 2,
        waiver=waiver_for(waivers, finding.rule, finding.object, capture.taken_at.date()) if is_open else None,
        evidence=evidence_of(rule, finding.object, capture) if is_open else (),
    )


def evidence_of(rule: Rule, thing: str, capture: Capture) -> tuple[str, ...]:
    """The capture's keys that show a finding; where several match, those that name the object."""
    keys = [key for pattern in rule.evidence for key in capture.keys(pattern)]
    naming = [key for key in keys if thing in key or thing in (capture.by_key[key][0].text or "")]
    return tuple(dict.fromkeys(naming or keys))[:5]


def _evidence(capture: Capture, key: str) -> str:
    entry = capture.by_key[key][0]
    text = entry.text or ""
    if entry.error:
        text = f"[{entry.error}] {entry.stderr}\n{text}"
    return text if len(text) <= EVIDENCE_BYTES else text[:EVIDENCE_BYTES] + "\n[...]"


TRACKED = {rule.id: rule.track for rule in RULES if rule.track}


def _tracked(inspection: Inspection) -> Iterable[tuple[str, str, str, float]]:
    for finding in inspection.findings:
        for name in TRACKED.get(finding.rule, ()):
            value: Any = finding.values.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield finding.rule, finding.object, name, float(value)
