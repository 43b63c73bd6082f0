# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What owners are told, and in which words."""

from __future__ import annotations

import ast
import inspect
import json
from datetime import UTC, datetime

import pytest

from plugins.plugin_utils import notification
from plugins.plugin_utils.approval.plan import Duty, Place, Plan
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.notification import TEXTS, letter_of, notices_of_plan, notices_of_run
from plugins.plugin_utils.records.results import OpenFinding

OWNERS = {"db1": "dba@example.com", "db2": "dba@example.com", "web1": "web@example.com"}
FOUND = [
    OpenFinding("db2", "failed_units", "backup.service", Severity.WARNING, "{count} times {reason}", {"count": 3, "reason": "\x1b[31mred\ntape"}),
    OpenFinding("db1", "md_degraded", "md0", Severity.CRITICAL, "is degraded", {}),
    OpenFinding("db1", "clock_synchronised", "clock", Severity.UNKNOWN, "is not known", {}),
    OpenFinding("app1", "md_degraded", "md0", Severity.CRITICAL, "is degraded", {}),
]
PLAN = Plan(
    "tuning-2026Q4-001", "tuning", "t", "alice", datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, 20, tzinfo=UTC),
    datetime(2026, 11, 23, 2, tzinfo=UTC), {name: Place("192.0.2.1", "crm", ()) for name in ("db1", "web1", "app1")}, {"crm": Duty(("bob",), 1)},
    "", (), None, ({"id": "s1", "host": "db1", "action": "set", "object": "vm.swappiness", "before": 60, "after": 10},), "")


def test_one_notice_for_each_owner_worst_first() -> None:
    dba, web = notices_of_run("2026Q4-001", ["db1", "db2", "web1", "app1"], FOUND, OWNERS)
    assert (dba.to, dba.hosts, [item.about for item in dba.items]) == ("dba@example.com", ("db1", "db2"), ["md_degraded", "failed_units"])
    assert (web.to, web.items) == ("web@example.com", ())
    assert json.loads(json.dumps(dba.document))["items"][0]["severity"] == "critical"


def test_a_host_that_was_not_seen_is_told() -> None:
    unseen = OpenFinding("web1", "host_inspected", "host", Severity.UNKNOWN, "could not be inspected: {problem}", {"problem": "timeout"})
    (web,) = notices_of_run("2026Q4-001", ["web1"], [unseen], OWNERS)
    assert "UNKNOWN  web1  host: could not be inspected: timeout" in letter_of(web, "en").text


@pytest.mark.parametrize(("language", "subject", "lines"), [
    ("en", "Caretaker: Inspection 2026Q4-001: 2 findings on your hosts",
     ["Hosts: db1, db2", "CRITICAL  db1  md0: is degraded", "What to do:", r"3 times \x1b[31mred"]),
    ("zh_CN", "Caretaker: 巡检 2026Q4-001：您负责的主机上有 2 个问题", ["主机：db1, db2", "严重  db1  md0", "处理建议："]),
])
def test_letter_about_a_run(language: str, subject: str, lines: list[str]) -> None:
    letter = letter_of(notices_of_run("2026Q4-001", ["db1", "db2"], FOUND, OWNERS)[0], language)
    assert (letter.to, letter.subject) == (("dba@example.com",), subject)
    assert not [text for text in lines if text not in letter.text]
    assert "\x1b" not in letter.text


def test_letter_without_findings() -> None:
    (web,) = notices_of_run("2026Q4-001", ["web1"], FOUND, OWNERS)
    assert "No findings that need anything done." in letter_of(web, "en").text


def test_letters_about_a_plan() -> None:
    dba, web = notices_of_plan(PLAN, OWNERS)
    assert [item.object for item in dba.items] == ["vm.swappiness"]
    text = letter_of(dba, "en").text
    assert "Window: 2026-11-22 20:00 UTC to 2026-11-23 02:00 UTC" in text
    assert "before 60, after 10" in text
    assert "Nothing is changed on your hosts." in letter_of(web, "en").text


def test_every_text_of_a_letter_is_listed() -> None:
    """So that the test of the translations sees it."""
    used = {node.args[0].value for node in ast.walk(ast.parse(inspect.getsource(notification)))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("render", "translate")
            and isinstance(node.args[0], ast.Constant)}
    assert used
    assert used <= set(TEXTS)
