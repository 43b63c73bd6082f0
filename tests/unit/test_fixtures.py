# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every folder tests/fixtures/SUBJECT/CASE is a raw capture of that subject with what is right about it.

expected.json: {"facts": {"dotted.path.0": value, ...}, "findings": {"rule_id": {"object": "critical", ...}, ...}}
"facts" paths start inside the subject's facts; an absent fact is {"unknown": "part of its reason"} or {"not_here": "..."}.
"findings" must list all findings of the subject's rules that are not ok or info; those may be listed too.
"not_applicable": ["rule_id", ...] names rules that must not apply.
"history": {rule: {object: {name: [["2026-08-01T00:00:00Z", value], ...]}}} is what earlier inspections kept.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import load, parse_time
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import apply, judge
from plugins.plugin_utils.registry import RULES_BY_ID, SUBJECTS
from plugins.plugin_utils.rules import bottlenecks, cluster, itself

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = sorted(path.parent for path in FIXTURES.glob("*/*/expected.json"))
# tests/unit/test_inspection.py judges these, test_clusters.py those about several hosts, test_bottlenecks.py those about a history
NOT_BY_FIXTURE = {*(rule.id for rule in (*itself.RULES, *cluster.RULES, *bottlenecks.RULES))}
NEVER_UNKNOWN = {"warranty_expiry", "support_expiry"}       # they need only the inventory, which is checked before a run


def judge_case(case: Path) -> tuple[Any, dict[str, Any]]:
    expected = json.loads((case / "expected.json").read_text())
    subject = next(item for item in SUBJECTS if item.name == case.parent.name)
    rules = subject.rules
    history = {
        rule: {thing: {name: tuple((parse_time(when), value) for when, value in series) for name, series in kept.items()}
               for thing, kept in objects.items()}
        for rule, objects in expected.get("history", {}).items()
    }
    return judge(load(case), history, rules=rules), expected


def walk(value: Any, path: str) -> Any:
    """The value at a dotted path through dataclasses, mappings and tuples."""
    for step in path.split("."):
        if is_dataclass(value) and not isinstance(value, Unknown | NotHere):
            assert step in {item.name for item in fields(value)}, f"{type(value).__name__} has no {step}"
            value = getattr(value, step)
        elif isinstance(value, dict):
            value = value[step]
        else:
            value = value[int(step)]
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_fixture(case: Path) -> None:
    inspection, expected = judge_case(case)
    facts = inspection.facts[case.parent.name]
    for path, wanted in expected.get("facts", {}).items():
        check_fact(path, walk(facts, path), wanted)
    found = {}
    for finding in inspection.findings:
        found.setdefault(finding.rule, {})[finding.object] = finding.severity.name.lower()
    for rule, objects in expected.get("findings", {}).items():
        assert rule in RULES_BY_ID, f"no rule {rule}"
        for thing, severity in objects.items():
            assert found.get(rule, {}).get(thing) == severity, f"{rule}: expected {thing} {severity}, found {found.get(rule)}"
    listed = {(rule, thing) for rule, objects in expected.get("findings", {}).items() for thing in objects}
    surprises = [finding for finding in inspection.findings
                 if finding.severity > Severity.INFO and (finding.rule, finding.object) not in listed]
    assert not surprises, "findings that expected.json does not list"
    for rule in expected.get("not_applicable", ()):
        assert rule in inspection.not_applicable, f"{rule} should not apply; found {found.get(rule)}"


def check_fact(path: str, value: Any, wanted: Any) -> None:
    if isinstance(wanted, dict) and set(wanted) <= {"unknown", "not_here"}:
        kind, part = next(iter(wanted.items()))
        assert isinstance(value, Unknown if kind == "unknown" else NotHere), f"{path}: {value!r}"
        assert part in value.reason.format_map(value.values or {}), f"{path}: {value!r}"
    elif isinstance(wanted, float):
        assert value == pytest.approx(wanted), path
    else:
        plain = list(value) if isinstance(value, tuple) else value
        assert plain == wanted, path


def test_every_rule_has_a_case_that_fails_one_that_is_healthy_and_one_that_is_unreadable() -> None:
    seen: dict[str, set[Severity]] = {rule: set() for rule in RULES_BY_ID}
    for case in CASES:
        inspection, _expected = judge_case(case)
        for rule in next(item for item in SUBJECTS if item.name == case.parent.name).rules:
            verdict = apply(rule, inspection.facts, inspection.settings)
            if not isinstance(verdict, NotHere):
                seen[rule.id].update(finding.severity for finding in verdict)
    lacking = []
    for rule, severities in sorted(seen.items()):
        if rule in NOT_BY_FIXTURE:
            continue
        if not severities & {Severity.WARNING, Severity.CRITICAL, Severity.INFO}:
            lacking.append(f"{rule}: no case that fails")
        if Severity.OK not in severities:
            lacking.append(f"{rule}: no healthy case")
        if Severity.UNKNOWN not in severities and rule not in NEVER_UNKNOWN:
            lacking.append(f"{rule}: no unreadable case")
    assert not lacking, "\n".join(lacking)
