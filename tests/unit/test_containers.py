# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers in containers: one finding says that they can't be looked at; the coverage of their host does not fall by all their rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection, judge

SUBJECTS = ("nginx", "mysql", "postgresql", "postgresql_tables", "postgresql_log")
DOCKER = "docker-3f2a.scope"
PRESENT = {"installed": False, "enabled": ""}


def postgresql(container: str, state: str) -> list[dict[str, Any]]:
    return [{"instance": f"{container}5432", "state": state, "pid": 812, "user": "postgres", "data": "/srv/pg", "version": "15", "socket": "",
             "status": "ready", "psql": "", "log": "", "cluster": "", "container": container, "enabled": False}]


def seen(*containers: str) -> Inspection:
    """A host where each of these containers ("": the host itself) has a server of each kind."""
    nginx = [{"instance": f"nginx-{number}", "pid": 700 + number, "container": name} for number, name in enumerate(containers)]
    mysql = [{"instance": name or "3306", "pid": 4711, "container": name} for name in containers]
    found = [item for name in containers for item in postgresql(name, "container" if name else "running")]
    texts = {"nginx instances": {"instances": nginx, **PRESENT}, "mysql instances": {"instances": mysql, "down": []},
             **{f"{subject} instances": found for subject in SUBJECTS if subject.startswith("postgresql")}}
    entries = tuple(Entry(key.split()[0], "note", key, text=json.dumps(value)) for key, value in texts.items())
    return judge(Capture("db1", "r1", datetime(2026, 11, 22, tzinfo=UTC), entries=entries, subjects=SUBJECTS))


def test_only_the_rule_that_asks_for_them_is_unknown() -> None:
    inspection = seen(DOCKER, "docker-77aa.scope")
    unknown = [(finding.rule, finding.object) for finding in inspection.findings if finding.severity is Severity.UNKNOWN]
    assert sorted(unknown) == [
        ("mysql_answers", "containers"), ("nginx_answers", "containers"), ("postgresql_answers", "containers"),
    ]
    assert {finding.values["servers_count"] for finding in inspection.findings if finding.object == "containers"} == {2}
    assert inspection.applicable - inspection.judged == 3


@pytest.mark.parametrize("rule", ["mysql_connections", "postgresql_connections", "postgresql_log_damage"])
def test_a_server_of_the_host_is_judged_beside_one_in_a_container(rule: str) -> None:
    inspection = seen("", DOCKER)
    assert rule not in inspection.not_applicable
    assert rule in seen(DOCKER).not_applicable
    assert {finding.object for finding in inspection.findings if finding.rule == rule} <= {"3306", "5432"}
