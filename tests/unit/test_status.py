# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the service stands, at the edges of quarters and due days."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from plugins.plugin_utils.quarters import missed_quarters
from plugins.plugin_utils.records.database import open_records, transaction
from plugins.plugin_utils.records.tables import DEVICES, FINDINGS, RUNS
from plugins.plugin_utils.status import Status, status_of

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(("started", "missed"), [
    ([], ()), (["2026-10-01T00:00:00"], ()), (["2026-09-30T23:59:59"], ()), (["2026-06-30T23:59:59"], ("2026Q3",)),
    (["2026-06-30T23:59:59", "2026-07-01T00:00:00"], ()), (["2025-12-31T23:59:59"], ("2026Q1", "2026Q2", "2026Q3")),
    (["2025-12-31T23:59:59", "2026-05-01T00:00:00"], ("2026Q1", "2026Q3"))])
def test_missed_quarters(started: list[str], missed: tuple[str, ...]) -> None:
    assert missed_quarters([datetime.fromisoformat(text).replace(tzinfo=UTC) for text in started], NOW) == missed


def add(connection: Connection, started: datetime, *, rule: str = "md_degraded", severity: int = 4, state: str = "new", **settings: Any) -> Status:
    connection.execute(insert(RUNS).values(id="r1", kind="inspection", started_at=started, recorded_at=started))
    connection.execute(insert(DEVICES).values(id=1, name="db1", settings=settings))
    connection.execute(insert(FINDINGS).values(device=1, rule=rule, object="md0", severity=severity, state=state, times=1, first_run="r1",
                                               last_run="r1", message="m", values={}))
    return status_of(connection, (), NOW)


@pytest.mark.parametrize(("days", "changes", "overdue"), [
    (7, {}, False), (8, {}, True), (8, {"state": "resolved"}, False), (8, {"severity": 2}, False), (8, {"rule": "gone"}, False)])
def test_overdue(tmp_path: Path, days: int, changes: dict[str, Any], overdue: bool) -> None:
    with transaction(open_records(tmp_path)) as connection:
        status = add(connection, NOW - timedelta(days=days), **changes)
    assert bool(status.overdue) is overdue
    assert status.needs_attention is overdue
    if overdue:
        assert (status.overdue[0].host, status.overdue[0].due) == ("db1", date(2026, 11, 22))


@pytest.mark.parametrize(("expires", "told"), [("2026-11-22", False), ("2026-11-23", True), ("2026-12-23", True), ("2026-12-24", False)])
def test_waivers_that_end_soon(tmp_path: Path, expires: str, told: bool) -> None:
    with transaction(open_records(tmp_path)) as connection:
        status = add(connection, NOW, waivers=[{"rule": "md_degraded", "reason": "r", "owner": "o", "expires": expires}])
    assert bool(status.ending) is told


def script(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "scripts" / "status", *words], capture_output=True, text=True)


def test_script_without_records_says_what_to_do(tmp_path: Path) -> None:
    done = script("--home", tmp_path, "--ledger", tmp_path / "none")
    assert done.returncode == 1
    assert "none yet; scripts/inspect makes one" in done.stdout
    missing = script("--home", tmp_path / "none")
    assert missing.returncode == 2
    assert "inspect first, or name another by --home" in missing.stderr


def test_script_tells_a_plan_that_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "plans" / "p1").mkdir(parents=True)
    (tmp_path / "plans" / "p1" / "plan.yml").write_text("[]")
    done = script("--home", tmp_path, "--ledger", tmp_path / "none")
    assert "p1 (?" in done.stdout
    assert "is not a plan" in done.stdout
