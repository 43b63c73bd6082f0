# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plugins.plugin_utils.absent import NotHere
from plugins.plugin_utils.comparison import Past, State, compare
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection, Judged
from plugins.plugin_utils.settings import Settings

OK, UNKNOWN, WARNING, CRITICAL = Severity.OK, Severity.UNKNOWN, Severity.WARNING, Severity.CRITICAL


def inspection(*findings: Judged, not_applicable: dict[str, NotHere] | None = None) -> Inspection:
    return Inspection("h", "run2", datetime(2026, 11, 22, tzinfo=UTC), findings, 1, 1, 100.0, not_applicable or {}, {}, Settings(), frozenset())


def past(severity: Severity, times: int = 1, state: State = State.NEW) -> dict[tuple[str, str], Past]:
    return {("rule", "thing"): Past(severity, state, times, "run1", "message", {})}


@pytest.mark.parametrize(("before", "now", "state", "times"), [
    (None, OK, State.FINE, 0), (None, WARNING, State.NEW, 1), (None, UNKNOWN, State.NEW, 1),
    (WARNING, WARNING, State.PERSISTING, 4), (WARNING, CRITICAL, State.REGRESSED, 4), (CRITICAL, WARNING, State.IMPROVED, 4),
    (UNKNOWN, WARNING, State.REGRESSED, 4), (WARNING, OK, State.RESOLVED, 0), (OK, OK, State.FINE, 0), (OK, WARNING, State.REGRESSED, 1),
])
def test_state(before: Severity | None, now: Severity, state: State, times: int) -> None:
    earlier = {} if before is None else past(before, 3 if before is not OK else 0)
    compared = compare(inspection(Judged("rule", "thing", now, "")), earlier)
    assert [(item.state, item.times) for item in compared] == [(state, times)]


def test_first_run_is_kept_while_it_stays_open() -> None:
    compared = compare(inspection(Judged("rule", "thing", WARNING, "")), past(WARNING))
    assert compared[0].first_run == "run1"
    again = compare(inspection(Judged("rule", "thing", WARNING, "")), past(OK, 0, State.RESOLVED))
    assert again[0].first_run == "run2"


def test_object_that_is_gone_is_resolved_when_its_rule_gave_a_verdict() -> None:
    compared = compare(inspection(Judged("rule", "other", OK, "")), past(WARNING))
    assert {(item.finding.object, item.state) for item in compared} == {("other", State.FINE), ("thing", State.RESOLVED)}


def test_rule_that_no_longer_applies_resolves() -> None:
    compared = compare(inspection(not_applicable={"rule": NotHere("no md here")}), past(WARNING))
    assert [(item.state, item.finding.message) for item in compared] == [(State.RESOLVED, "no md here")]


@pytest.mark.parametrize("findings", [(), (Judged("rule", "subject", UNKNOWN, "denied"),)])
def test_without_a_verdict_nothing_is_closed(findings: tuple[Judged, ...]) -> None:
    gone = [item for item in compare(inspection(*findings), past(CRITICAL, 2)) if item.finding.object == "thing"]
    assert [(item.state, item.times, item.finding.severity) for item in gone] == [(State.NOT_RECHECKED, 2, CRITICAL)]


def test_of_two_findings_about_one_object_the_worse_stands() -> None:
    for findings in ((CRITICAL, OK), (OK, CRITICAL)):
        compared = compare(inspection(*(Judged("rule", "thing", severity, "") for severity in findings)), {})
        assert [item.finding.severity for item in compared] == [CRITICAL]


def test_object_that_can_no_longer_be_seen_is_not_resolved_by_a_verdict_on_others() -> None:
    """A disk that told of bad sectors last time and does not answer now; another disk is fine."""
    earlier = {("disk_reallocated_sectors", "sda"): Past(CRITICAL, State.NEW, 1, "run1", "message", {})}
    now = inspection(Judged("disk_health_status", "sda", UNKNOWN, "denied"), Judged("disk_reallocated_sectors", "sdb", OK, ""))
    gone = [item for item in compare(now, earlier) if item.finding.rule == "disk_reallocated_sectors" and item.finding.object == "sda"]
    assert [item.state for item in gone] == [State.NOT_RECHECKED]
