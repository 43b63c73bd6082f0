# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine, with rules and subjects of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.plugin_utils.absent import Known, NotHere, Unknown, Unreadable
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.findings import Above, ByClass, Domain, Finding, Rule, Severity
from plugins.plugin_utils.inspection import Inspection, judge
from plugins.plugin_utils.registry import RULES, SUBJECTS, Subject


@dataclass(frozen=True)
class Facts:
    number: Known[float]


def rule(check: Any, needs: tuple[str, ...] = ("thing.number",), **more: Any) -> Rule:
    return Rule(id="r", title="t", domain=Domain.OS, why="w", fix="f", needs=needs, check=check, evidence=(), **more)


def grade(levels: Any, number: float) -> Iterator[Finding]:
    yield Finding(levels["number"].grade(number), "thing", "is {number}", {"number": number})


def verdict(number: Any, the_rule: Rule, **capture: Any) -> Inspection:
    def facts(_capture: Capture) -> Facts:
        if isinstance(number, Exception):
            raise number
        return Facts(number)

    taken = Capture("h", "r1", datetime(2026, 11, 22, tzinfo=UTC), (), **capture)
    return judge(taken, rules=(the_rule,), subjects=(Subject("thing", facts, (the_rule,)),))


LEVELS = {"number": Above(10, 20, "here")}
OF_THE_RUN = {"host_inspected", "inspected_each_quarter"}       # these judge the run, whatever the host shows


def test_finding_carries_its_limit() -> None:
    inspection = verdict(15, rule(grade, levels=LEVELS))
    finding = inspection.findings[0]
    assert (finding.severity, finding.limits["number"]["warning"], finding.limits["number"]["source"]) == (Severity.WARNING, 10, "here")
    assert (inspection.applicable, inspection.judged, inspection.coverage, inspection.score) == (1, 1, 1.0, 50.0)


@pytest.mark.parametrize("number", [Unknown("denied"), Unreadable("cut off"), ValueError("boom")])
def test_no_data_is_unknown_and_no_score(number: Any) -> None:
    inspection = verdict(number, rule(grade, levels=LEVELS))
    assert [finding.severity for finding in inspection.findings] == [Severity.UNKNOWN]
    assert (inspection.applicable, inspection.judged, inspection.score) == (1, 0, None)


def test_what_is_not_here_does_not_apply() -> None:
    inspection = verdict(NotHere("no such thing"), rule(grade, levels=LEVELS))
    assert (inspection.findings, inspection.applicable, inspection.score) == ((), 0, None)
    assert inspection.not_applicable["r"].reason == "no such thing"


def test_rule_that_crashes_or_says_nothing_is_unknown() -> None:
    def crash(_levels: Any, number: float) -> Iterator[Finding]:
        yield Finding(Severity.OK, "thing", "fine")
        raise KeyError(number)

    for check in (crash, lambda _levels, _number: iter(())):
        inspection = verdict(1, rule(check))
        assert [finding.severity for finding in inspection.findings] == [Severity.UNKNOWN]


def test_site_changes_a_level() -> None:
    inspection = verdict(15, rule(grade, levels=LEVELS), settings={"levels": {"r": {"number": {"warning": 16}}}})
    assert inspection.findings[0].severity is Severity.OK


def test_level_by_class_is_shown_for_the_class_of_the_finding() -> None:
    def by_class(levels: Any, number: float) -> Iterator[Finding]:
        yield Finding(levels["number"].of("ssd").grade(number), "sda", "", {"number": number, "class": "ssd"})

    levels = {"number": ByClass({"ssd": Above(5)}, default=Above(50))}
    assert verdict(6, rule(by_class, levels=levels)).findings[0].limits["number"]["warning"] == 5
    changed = {"levels": {"r": {"number": {"ssd": {"warning": 7}}}}}
    assert verdict(6, rule(by_class, levels=levels), settings=changed).findings[0].severity is Severity.OK


def test_setting_that_is_not_set_does_not_apply() -> None:
    inspection = verdict(1, rule(grade, needs=("settings.importance",), levels=LEVELS))
    assert "importance" in str(inspection.not_applicable["r"].values)


def test_host_that_was_not_seen_has_one_unknown_finding_no_score_and_no_coverage() -> None:
    taken = Capture("h", "r1", datetime(2026, 11, 22, tzinfo=UTC), (), problem="unreachable: no route to host")
    inspection = judge(taken)
    assert [(finding.rule, finding.severity) for finding in inspection.findings if finding.severity > Severity.INFO] == [
        ("host_inspected", Severity.UNKNOWN)]
    assert (inspection.score, inspection.coverage) == (None, 0.0)


def test_subject_that_did_not_finish_is_told() -> None:
    entries = (Entry("memory", "subject", "memory", error="timeout"), Entry("cpu", "subject", "cpu", error="failed", stderr="KeyError: 1"))
    inspection = judge(Capture("h", "r1", datetime(2026, 11, 22, tzinfo=UTC), entries))
    told = {finding.object for finding in inspection.findings if finding.rule == "capture_complete"}
    assert told == {"memory", "cpu"}
    assert not [finding for finding in inspection.findings if finding.severity is Severity.OK and finding.rule not in OF_THE_RUN]


def test_recheck_judges_only_what_was_looked_at() -> None:
    inspection = judge(Capture("h", "r1", datetime(2026, 11, 22, tzinfo=UTC), (), subjects=("memory",)))
    seen = {finding.rule for finding in inspection.findings} - OF_THE_RUN - {"capture_complete"}
    memory = next(subject for subject in SUBJECTS if subject.name == "memory")
    assert seen <= {item.id for item in memory.rules}


@pytest.mark.parametrize(("days", "severity", "missed"), [
    ([], Severity.OK, 0), (["2026-10-02"], Severity.OK, 0), (["2026-09-30", "2026-10-02"], Severity.OK, 0),
    (["2026-06-30"], Severity.WARNING, 1), (["2025-12-31", "2026-10-02"], Severity.WARNING, 3)])
def test_quarters_without_an_inspection(days: list[str], severity: Severity, missed: int) -> None:
    """Told by each inspection of the quarter after them, and by a recheck, which looks at a part and so is no inspection."""
    times = tuple((datetime.fromisoformat(day).replace(tzinfo=UTC), 0.0) for day in days)
    history = {"inspected_each_quarter": {"host": {"missed_count": times}}}
    taken = Capture("h", "r1", datetime(2026, 11, 22, tzinfo=UTC), ())
    (found,) = [finding for finding in judge(taken, history).findings if finding.rule == "inspected_each_quarter"]
    assert (found.severity, found.values["missed_count"]) == (severity, missed)
    (again,) = [finding for finding in judge(replace(taken, subjects=("memory",)), history).findings if finding.rule == "inspected_each_quarter"]
    assert (again.severity, "missed_count" in again.values) == (severity, False)
    unseen = judge(replace(taken, problem="unreachable"), history).findings
    assert not [finding for finding in unseen if finding.rule == "inspected_each_quarter"]


def test_empty_capture_is_never_ok() -> None:
    inspection = judge(Capture("h", "r1", datetime(2026, 11, 22, tzinfo=UTC), ()))
    fine = {finding.rule for finding in inspection.findings if finding.severity <= Severity.INFO}
    assert fine <= OF_THE_RUN | {"capture_complete"}


@pytest.mark.parametrize("the_rule", RULES, ids=lambda item: item.id)
def test_declaration(the_rule: Rule) -> None:
    assert 1 <= the_rule.impact <= 4
    assert 1 <= the_rule.change_risk <= 4
    assert the_rule.title and the_rule.why and the_rule.fix and the_rule.needs
    for level in the_rule.levels.values():
        for item in (*level.levels.values(), level.default) if isinstance(level, ByClass) else (level,):
            assert item.source, "a limit without a source"
            assert item.warning is not None or item.critical is not None


def test_rule_ids_are_unique() -> None:
    assert len({item.id for item in RULES}) == len(RULES)
