# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From findings to a list of actions and to a plan of safe remedies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from plugins.plugin_utils.approval.plan import BadPlan, parse
from plugins.plugin_utils.approval.writing import Heading, Site
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.records.results import OpenFinding
from plugins.plugin_utils.remediation.listing import Burden, add_burdens, remediation_list
from plugins.plugin_utils.remediation.planning import remediation_document
from plugins.plugin_utils.remediation.remedies import remedy_for

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HEADING = Heading(
    "remediation-2026Q4-001", "Remedies", "alice", (datetime(2026, 11, 23, 20, tzinfo=UTC), datetime(2026, 11, 24, 4, tzinfo=UTC)), NOW)
HOSTS = {name: {"address": name, "system": "crm", "groups": []} for name in ("db1", "db2")}
SITE = Site(HOSTS, {"crm": {"approvers": ["bob"], "needed": 1}}, {"erin": {"domains": ["os"]}}, "")


def found_open(host: str, rule: str, thing: str, values: dict[str, Any]) -> OpenFinding:
    return OpenFinding(host, rule, thing, Severity.CRITICAL, "", values)


def document(*findings: tuple[str, int], severity: str = "critical", counts: bool = True, owner: str = "") -> dict[str, Any]:
    return {"settings": {"owner": owner} if owner else {},
            "findings": [{"rule": rule, "risk": risk, "severity": severity, "counts": counts} for rule, risk in findings]}


def burdens_of(*documents: dict[str, Any]) -> dict[str, Burden]:
    burdens: dict[str, Burden] = {}
    for item in documents:
        add_burdens(burdens, item)
    return burdens


def test_what_closes_most_risk_for_its_own_risk_comes_first() -> None:
    burdens = burdens_of(document(("a", 2), ("a", 2), ("b", 3), owner="dba"), document(("a", 1), ("c", 4), owner="ops"))
    actions = remediation_list(burdens, {"a": 1, "b": 1, "c": 4}, date(2026, 11, 23))
    assert [(item.rule, item.findings, item.hosts, item.risk) for item in actions] == [("a", 3, 2, 5), ("b", 1, 1, 3), ("c", 1, 1, 4)]
    assert [round(item.share, 3) for item in actions] == [0.417, 0.667, 1.0]
    assert actions[0].owners == ("dba", "ops")
    assert [item.due for item in actions] == [date(2027, 2, 21), date(2026, 12, 23), date(2026, 11, 30)]


@pytest.mark.parametrize("item", [document(("a", 2), severity="unknown"), document(("a", 2), counts=False), document()])
def test_what_calls_for_no_remedy_is_not_listed(item: dict[str, Any]) -> None:
    assert remediation_list(burdens_of(item), {"a": 1}, date(2026, 11, 23)) == ()


@pytest.mark.parametrize(("rule", "values", "name"), [
    ("failed_units", {"load": "loaded"}, "restart_unit"), ("failed_units", {"load": "not-found"}, None), ("unit_timer_failed", {}, "restart_unit"),
    ("cron_daemon", {}, "start_cron"), ("cron_file_permissions", {"mode": "0666"}, "set_mode"), ("cron_file_permissions", {"owner": 7}, None),
    ("clock_synchronised", {"kept": "no"}, "keep_time"), ("clock_synchronised", {"kept": "yes"}, None),
    ("clock_synchronised", {"kept": "-"}, None), ("journal_size", {}, "limit_journal"), ("md_degraded", {}, None)])
def test_remedies(rule: str, values: dict[str, Any], name: str | None) -> None:
    remedy = remedy_for(rule, values)
    assert (remedy.name if remedy else None) == name


def test_mode_loses_only_what_others_may_write() -> None:
    remedy = remedy_for("cron_file_permissions", {"mode": "0777"})
    assert remedy
    assert (remedy.before, remedy.after, remedy.rollback) == ("0777", "0755", "0777")


def test_plan_has_a_step_a_remedy_and_only_the_hosts_that_get_one() -> None:
    found = [found_open("db1", "unit_timer_failed", "backup.service", {}), found_open("db1", "failed_units", "backup.service", {"load": "loaded"}),
             found_open("db2", "md_degraded", "md0", {}), found_open("gone", "failed_units", "x.service", {"load": "loaded"})]
    written = remediation_document(SITE, HEADING, "2026Q4-001", found)
    assert written["steps"] == [{
        "id": "s1", "host": "db1", "domain": "os", "action": "restart_unit", "object": "backup.service", "before": "failed",
        "after": "not failed", "rollback": "stopped", "rules": ["failed_units", "unit_timer_failed"], "engineer": "erin"}]
    assert list(parse(written, "plan").hosts) == ["db1"]


@pytest.mark.parametrize("found", [[], [found_open("db1", "md_degraded", "md0", {})], [found_open("gone", "cron_daemon", "cron", {})]])
def test_plan_without_a_step_is_refused(found: list[OpenFinding]) -> None:
    with pytest.raises(BadPlan, match="run 2026Q4-001: Caretaker can remedy none"):
        remediation_document(SITE, HEADING, "2026Q4-001", found)


def test_plan_without_an_engineer_for_the_domain_is_refused() -> None:
    site = Site(HOSTS, SITE.approval, {"joe": {"domains": ["database"]}}, "")
    with pytest.raises(BadPlan, match="no engineer is registered for the domain os"):
        remediation_document(site, HEADING, "2026Q4-001", [found_open("db1", "cron_daemon", "cron", {})])
