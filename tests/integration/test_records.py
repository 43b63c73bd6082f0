# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records, the same tests on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, func, select, text

from plugins.plugin_utils.archive import Capture, load
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.outcome import outcome_of
from plugins.plugin_utils.records import hosts, runs, tables
from plugins.plugin_utils.records.database import SCHEMA, BadRecords, open_records, transaction

FIXTURES = Path(__file__).parents[1] / "fixtures" / "memory"
FIRST = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    engine = open_records(tmp_path, url)
    yield engine
    engine.dispose()


def capture(case: str, number: int, **changes: object) -> Capture:
    return replace(load(FIXTURES / case), host="db1", run=f"r{number}", taken_at=FIRST + timedelta(days=90 * number), **changes)


def record(engine: Engine, taken: Capture, recheck_of: str | None = None) -> dict[tuple[str, str], tuple[str, int]]:
    """{(rule, object): (state, times)} of a capture recorded as a run of its own."""
    with transaction(engine) as connection:
        runs.add_run(connection, taken.run, taken.taken_at, recheck_of)
        device = hosts.device_ids(connection, {taken.host: taken.settings})[taken.host]
        outcome = outcome_of(taken, hosts.past_of(connection, [device])[device], hosts.history_of(connection, [device])[device])
        hosts.add_outcomes(connection, {device: (outcome, "0" * 64)})
    return {(item.rule.id, item.compared.finding.object): (item.compared.state.value, item.compared.times) for item in outcome.findings}


def test_schema_is_what_the_migrations_make(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.METADATA) == []


def test_life_of_a_finding(engine: Engine) -> None:
    key = ("memory_available", "memory")
    assert key not in record(engine, capture("healthy", 1))
    assert record(engine, capture("pressed", 2))[key] == ("new", 1)
    assert record(engine, capture("pressed", 3))[key] == ("persisting", 2)
    assert record(engine, capture("unreadable", 4))[key] == ("improved", 3)
    assert record(engine, capture("healthy", 5))[key] == ("resolved", 0)
    assert key not in record(engine, capture("healthy", 6))
    assert record(engine, capture("pressed", 7))[key] == ("regressed", 1)


def test_host_that_was_not_reached_closes_nothing(engine: Engine) -> None:
    record(engine, capture("pressed", 1))
    unseen = record(engine, capture("pressed", 2, entries=(), problem="unreachable"))
    assert unseen["memory_available", "memory"] == ("not_rechecked", 1)
    assert record(engine, capture("pressed", 3))["memory_available", "memory"] == ("persisting", 2)


def test_history_and_trend(engine: Engine) -> None:
    for number, case in enumerate(("healthy", "pressed"), 1):
        record(engine, capture(case, number))
    with transaction(engine) as connection:
        device = hosts.device_ids(connection, {"db1": {}})["db1"]
        history, trend = hosts.history_of(connection, [device])[device], hosts.trend_of(connection, [device])[device]
    series = history["memory_available"]["memory"]["available_ratio"]
    assert [when for when, _value in series] == [FIRST + timedelta(days=90), FIRST + timedelta(days=180)]
    assert series[0][1] > series[1][1]
    assert [point["run"] for point in trend] == ["r1", "r2"]
    assert trend[0]["score"] > trend[1]["score"]


def test_recheck_is_no_point_of_the_trend(engine: Engine) -> None:
    for number, recheck_of in enumerate((None, "r1", None), 1):
        record(engine, capture("pressed", number), recheck_of)
    with transaction(engine) as connection:
        device = hosts.device_ids(connection, {"db1": {}})["db1"]
        trend, history = hosts.trend_of(connection, [device])[device], hosts.history_of(connection, [device])[device]
    assert [point["run"] for point in trend] == ["r1", "r3"]
    assert len(history["memory_available"]["memory"]["available_ratio"]) == 3


def test_hosts_recorded_together_keep_their_own_past(engine: Engine) -> None:
    cases = {"db1": "healthy", "db2": "pressed", "db3": "unreadable"}
    for number in (1, 2):
        with transaction(engine) as connection:
            runs.add_run(connection, f"r{number}", FIRST, None)
            ids = hosts.device_ids(connection, {host: {"importance": number} for host in cases})
            past, history = hosts.past_of(connection, ids.values()), hosts.history_of(connection, ids.values())
            hosts.add_outcomes(connection, {
                device: (outcome_of(replace(capture(cases[host], number), host=host), past[device], history[device]), "0" * 64)
                for host, device in ids.items()})
    with transaction(engine) as connection:
        again = hosts.device_ids(connection, {host: {"importance": 2} for host in cases})
        past, trend = hosts.past_of(connection, ids.values()), hosts.trend_of(connection, ids.values())
        measured = hosts.history_of(connection, ids.values())
        settings = connection.execute(select(tables.DEVICES.c.settings)).scalars().all()
    key = ("memory_available", "memory")
    assert again == ids
    assert settings == [{"importance": 2}] * 3
    assert key not in past[ids["db1"]]
    assert (past[ids["db2"]][key].severity, past[ids["db2"]][key].times) == (Severity.CRITICAL, 2)
    assert (past[ids["db3"]][key].severity, past[ids["db3"]][key].times) == (Severity.UNKNOWN, 2)
    assert [[point["run"] for point in trend[device]] for device in ids.values()] == [["r1", "r2"]] * 3
    assert len(measured[ids["db2"]]["memory_available"]["memory"]["available_ratio"]) == 2
    assert "memory_available" not in measured[ids["db3"]]


def test_only_the_newest_inspections_are_looked_back_at(engine: Engine) -> None:
    number = hosts.HISTORY_LIMIT + 2
    taken = replace(outcome_of(capture("healthy", 1), {}, {}), findings=())
    with transaction(engine) as connection:
        device = hosts.device_ids(connection, {"db1": {}})["db1"]
        for day in range(number):
            runs.add_run(connection, f"r{day}", FIRST, None)
            outcome = replace(taken, run=f"r{day}", taken_at=FIRST + timedelta(days=day))
            hosts.add_outcomes(connection, {device: (outcome, "0" * 64)})
        history, trend = hosts.history_of(connection, [device])[device], hosts.trend_of(connection, [device])[device]
    newest = [FIRST + timedelta(days=day) for day in range(2, number)]
    assert [when for when, _value in history["memory_available"]["memory"]["available_ratio"]] == newest
    assert [point["taken_at"] for point in trend] == newest


def test_recheck_names_what_failed(engine: Engine) -> None:
    record(engine, capture("pressed", 1))
    with transaction(engine) as connection:
        failed = hosts.failed_in(connection, "r1")
    assert "memory_available" in failed["db1"]


def test_run_is_recorded_whole_or_not_at_all(engine: Engine) -> None:
    taken = capture("pressed", 1)

    def half() -> None:
        with transaction(engine) as connection:
            runs.add_run(connection, "r1", FIRST, None)
            device = hosts.device_ids(connection, {"db1": {}})["db1"]
            hosts.add_outcomes(connection, {device: (outcome_of(taken, {}, {}), "0" * 64)})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    with engine.connect() as connection:
        for table in (tables.RUNS, tables.DEVICES, tables.RESULTS, tables.FINDINGS, tables.MEASUREMENTS):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0


def test_two_runs_at_once_both_get_in(engine: Engine) -> None:
    problems: list[BaseException] = []

    def one(number: int) -> None:
        try:
            record(engine, replace(capture("pressed", number), host=f"db{number}"))
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(tables.INSPECTIONS)).scalar() == 4
        worst = connection.execute(select(func.max(tables.RESULTS.c.severity))).scalar()
    assert worst == Severity.CRITICAL


def test_same_run_twice_is_refused(engine: Engine) -> None:
    record(engine, capture("healthy", 1))
    with pytest.raises(BadRecords, match="nothing of this run was recorded"):
        record(engine, capture("healthy", 1))


def test_the_newest_migration_is_the_one_that_records_are_compared_with(tmp_path: Path) -> None:
    engine = open_records(tmp_path)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == SCHEMA
    engine.dispose()


def test_records_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    open_records(tmp_path).dispose()
    with sqlite3.connect(tmp_path / "records.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(BadRecords, match="9999"):
        open_records(tmp_path)


@pytest.mark.parametrize("content", [b"this is not a database, but long enough to be looked at as one" * 20])
def test_garbage_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "records.sqlite").write_bytes(content)
    with pytest.raises(BadRecords, match=r"records\.sqlite can't be opened"):
        open_records(tmp_path)


def test_password_of_the_url_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(BadRecords) as caught:
        open_records(tmp_path, "postgresql+psycopg://caretaker:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(caught.value)
