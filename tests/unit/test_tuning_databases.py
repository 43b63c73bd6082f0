# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that a database's own counters or its diagnosis of weeks ask for: at, below and above each limit, once, and where nobody knows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.bottleneck.diagnosis import Diagnosis
from plugins.plugin_utils.facts.mysql_model import Names
from plugins.plugin_utils.facts.postgresql_model import Setting
from plugins.plugin_utils.reports.translation import translator
from plugins.plugin_utils.tuning import mysql_counters
from plugins.plugin_utils.tuning.advice import advise
from plugins.plugin_utils.tuning.share import GIB, MIB
from plugins.plugin_utils.tuning.step import Step
from tests.histories.cases import made_up

from .test_tuning import host, instance, server, settings

MONTH_HOURS = 30 * 24
MYSQL8 = {"version": "8.4.6", "internal_tmp_mem_storage_engine": "TempTable"}
SIZES = {"innodb_log_buffer_size": str(16 * MIB), "tmp_table_size": str(16 * MIB), "max_heap_table_size": str(16 * MIB),
         "table_open_cache": "2000", "open_files_limit": "8161", "max_connections": "151"}
OURS = ("innodb_log_buffer_size", "tmp_table_size", "max_heap_table_size", "table_open_cache")
TABLES = {"tmp_table_size": str(128 * MIB), "max_heap_table_size": str(128 * MIB)}


def mysql_host(status: Any = None, *, version: dict[str, str] | None = None, memory: int = 16 * GIB, found: Diagnosis | None = None,
               **changes: str | None) -> dict[str, Any]:
    """A MariaDB, or another ``version``, with defaults and ``changes``; ``found``: by the diagnosis of weeks."""
    values = {**(version or {"version": "10.11.6-MariaDB"}), **SIZES, **changes}
    one = server({name: value for name, value in values.items() if value is not None}, status)
    return {**host(servers=[one], memory=memory, kernel={}), "bottlenecks": SimpleNamespace(diagnosis=found)}


def steps(facts: dict[str, Any], names: tuple[str, ...] = OURS) -> dict[str, Step]:
    return {step.target.setting: step for step in advise(facts).steps if step.target.setting in names}


def values(facts: dict[str, Any], names: tuple[str, ...] = OURS) -> dict[str, str]:
    return {name: step.target.value for name, step in steps(facts, names).items()}


def an_hour(**counts: float) -> dict[str, str]:
    """Counters of a month, by how much they grew an hour."""
    return {name.lower(): str(round(count * MONTH_HOURS)) for name, count in counts.items()}


@pytest.mark.parametrize(("waits", "now", "wanted"), [
    (0.9, 16 * MIB, None), (1, 16 * MIB, 64 * MIB), (1.1, 16 * MIB, 64 * MIB), (9, 64 * MIB - 1, 64 * MIB), (9, 64 * MIB, None), (9, 128 * MIB, None)])
def test_writers_that_waited_get_a_larger_log_buffer(waits: float, now: int, wanted: int | None) -> None:
    facts = mysql_host(an_hour(Innodb_log_waits=waits), innodb_log_buffer_size=str(now))
    assert values(facts) == ({"innodb_log_buffer_size": str(wanted)} if wanted else {})


@pytest.mark.parametrize(("version", "restart"), [("10.11.6-MariaDB", True), ("5.7.44", True), ("8.0.11", False), ("8.4.6", False)])
def test_a_log_buffer_that_changes_at_a_start_only(version: str, restart: bool) -> None:
    facts = mysql_host(an_hour(Innodb_log_waits=9), version={"version": version})
    assert steps(facts)["innodb_log_buffer_size"].target.needs_restart is restart


@pytest.mark.parametrize(("disk", "made", "wanted"), [
    (400, 1599, True), (400, 1600, False), (400, 1601, False), (360, 400, True), (359, 400, False), (361, 400, True)])
def test_temporary_tables_that_go_to_disk_get_memory(disk: float, made: float, wanted: bool) -> None:
    facts = mysql_host(an_hour(Created_tmp_disk_tables=disk, Created_tmp_tables=made))
    assert values(facts) == (TABLES if wanted else {})


@pytest.mark.parametrize(("memory", "now", "wanted"), [
    (2, 16, 32), (2, 24, None), (4, 16, 32), (5, 16, 40), (16, 95, 128), (16, 96, None), (32, 16, 256), (64, 16, 256), (64, 1024, None)])
def test_a_temporary_table_has_a_part_of_the_memory(memory: int, now: int, wanted: int | None) -> None:
    """Half of the least would pass for near enough, and the default of 16 MiB with it."""
    facts = mysql_host(an_hour(Created_tmp_disk_tables=900, Created_tmp_tables=1000), memory=memory * GIB, tmp_table_size=str(now * MIB))
    assert values(facts).get("tmp_table_size") == (str(wanted * MIB) if wanted else None)


@pytest.mark.parametrize(("version", "engine", "wanted"), [
    ("8.0.28", "TempTable", {"tmp_table_size"}), ("8.0.27", "TempTable", set()), ("8.0.27", "MEMORY", set(TABLES)), ("5.7.44", None, set(TABLES))])
def test_the_engine_says_which_size_counts(version: str, engine: str | None, wanted: set[str]) -> None:
    facts = mysql_host(an_hour(Created_tmp_disk_tables=900, Created_tmp_tables=1000), version={"version": version},
                       internal_tmp_mem_storage_engine=engine)
    assert set(values(facts)) == wanted
    assert ("3306 tmp_table_size" in advise(facts).undecided) is not wanted


FULL = {"open_tables": "2000", **an_hour(Table_open_cache_hits=8000, Table_open_cache_misses=2000)}


@pytest.mark.parametrize(("changes", "wanted"), [
    ({}, True), ({"open_tables": "1800"}, True), ({"open_tables": "1799"}, False), (an_hour(Table_open_cache_hits=8001), False),
    (an_hour(Table_open_cache_hits=7999), True), (an_hour(Table_open_cache_hits=10, Table_open_cache_misses=1800), True),
    (an_hour(Table_open_cache_hits=10, Table_open_cache_misses=1799), False)])
def test_a_full_cache_that_misses_holds_more_tables(changes: dict[str, str], wanted: bool) -> None:
    assert values(mysql_host({**FULL, **changes})) == ({"table_open_cache": "4000"} if wanted else {})


@pytest.mark.parametrize(("opened", "wanted"), [(1799, False), (1800, True), (1801, True)])
def test_an_old_server_counts_what_it_opened(opened: float, wanted: bool) -> None:
    assert ("table_open_cache" in values(mysql_host({"open_tables": "2000", **an_hour(Opened_tables=opened)}))) is wanted


@pytest.mark.parametrize(("size", "open_tables", "wanted"), [("3999", "3999", True), ("4000", "4000", False), ("4001", "4001", False)])
def test_a_cache_grows_to_its_target_and_no_further(size: str, open_tables: str, wanted: bool) -> None:
    assert ("table_open_cache" in values(mysql_host({**FULL, "open_tables": open_tables}, table_open_cache=size))) is wanted


@pytest.mark.parametrize(("limit", "needed"), [("8160", 8161), ("8161", None), ("8162", None), (None, None)])
def test_a_cache_grows_as_far_as_files_may_be_open(limit: str | None, needed: int | None) -> None:
    advice = advise(mysql_host(FULL, open_files_limit=limit))
    why = advice.undecided.get("3306 table_open_cache")
    if limit is None:
        assert why == Unknown(mysql_counters.FILES_UNKNOWN)
    else:
        assert (why.values["needed_count"] if why else None) == needed
    assert any(step.target.setting == "table_open_cache" for step in advice.steps) is (why is None)


HARD_PRESSED = {**FULL, **an_hour(Innodb_log_waits=9, Created_tmp_disk_tables=900, Created_tmp_tables=1000)}


@pytest.mark.parametrize("version", [{"version": "10.11.6-MariaDB"}, MYSQL8, {"version": "5.7.44"}])
def test_what_was_set_gets_no_further_step(version: dict[str, str]) -> None:
    """Though the counters of the time before, and of as hard a load after it, still say the same."""
    first = values(mysql_host(HARD_PRESSED, version=version))
    assert set(first) == set(OURS) - ({"max_heap_table_size"} if version == MYSQL8 else set())
    changes: dict[str, Any] = first
    assert values(mysql_host(HARD_PRESSED, version=version, **changes)) == {}
    assert values(mysql_host(HARD_PRESSED, version=version, memory=17 * GIB, **changes)) == {}, "nor where the memory is a little more"


@pytest.mark.parametrize(("case", "wanted"), [
    ("log buffer, mysql", {"innodb_log_buffer_size": str(64 * MIB)}), ("spills, mysql", TABLES), ("small cache, mysql", {}), ("quiet, mysql", {})])
def test_what_was_short_for_weeks_needs_no_counters(case: str, wanted: dict[str, str]) -> None:
    facts = mysql_host(Unknown("it does not answer"), found=made_up(case))
    assert values(facts) == wanted
    assert advise(facts).undecided["3306 counters"].reason == "it does not answer"
    facts["mysql"].servers[0].name = "3307"
    assert values(facts) == {}, "found at another server"


@pytest.mark.parametrize(("uptime", "wanted"), [("86399", {"uptime_seconds": 86399}), ("86400", None), ("86401", None), (None, {})])
def test_young_counters_say_nothing(uptime: str | None, wanted: dict[str, Any] | None) -> None:
    status = {name: value for name, value in {**HARD_PRESSED, "uptime": uptime}.items() if value is not None}
    facts = mysql_host()
    facts["mysql"].servers[0].status = Names(status)
    why = advise(facts).undecided.get("3306 counters")
    assert (why.values if why else None) == wanted
    assert bool(values(facts)) is (why is None)


def test_a_server_that_counts_none_of_it_gets_no_step() -> None:
    assert values(mysql_host({})) == {}


def test_a_garbled_answer_is_undecided() -> None:
    assert "3306" in advise(mysql_host(an_hour(Innodb_log_waits=1) | {"innodb_log_waits": "?"})).undecided


VACUUM = ("autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit")
ONCE = {"autovacuum_vacuum_cost_delay": "2ms", "autovacuum_vacuum_cost_limit": "2000"}


def postgresql_host(delay: str | None, limit: str | None, instead: tuple[str | None, str | None] = ("0", "200"), disks: tuple[str, ...] = ("ssd",),
                    case: str = "vacuum behind") -> dict[str, Any]:
    told = {"autovacuum_vacuum_cost_delay": (delay, "ms"), "autovacuum_vacuum_cost_limit": (limit, ""),
            "vacuum_cost_delay": (instead[0], "ms"), "vacuum_cost_limit": (instead[1], "")}
    more = {name: Setting(name, value, unit, "default", "", False) for name, (value, unit) in told.items() if value is not None}
    return {**host(disks=disks, instances=[instance({**settings(), **more})]), "bottlenecks": SimpleNamespace(diagnosis=made_up(case))}


@pytest.mark.parametrize(("shown", "wanted"), [
    (("20", "-1"), ONCE), (("2", "-1"), {VACUUM[1]: "2000"}), (("2.1", "2001"), {VACUUM[0]: "2ms"}),
    (("2", "1999"), {VACUUM[1]: "2000"}), (("2", "2000"), {}), (("2", "2001"), {}),
    (("2", "-1", ("0", "2000")), {}), (("-1", "2000", ("20", "200")), {VACUUM[0]: "2ms"}),
    (("-1", "-1"), {}), (("0", "200"), {}),                                              # without a delay no limit is asked
    (("20", "-1", ("0", "200"), ("hdd",)), {}), (("20", "-1", ("0", "200"), ("hdd", "ssd")), {}), (("20", "-1", ("0", "200"), ("virtual",)), ONCE),
    (("20", "-1", ("0", "200"), ("ssd",), "spills"), {}), (("20", "-1", ("0", "200"), ("ssd",), "quiet"), {})])
def test_a_vacuum_that_was_behind_for_weeks_may_do_more(shown: Any, wanted: dict[str, str]) -> None:
    facts = postgresql_host(*shown)
    assert values(facts, VACUUM) == wanted
    told = facts["postgresql"].instances[0].settings
    for name, value in wanted.items():
        told[name] = replace(told[name], setting=value.removesuffix("ms"))
    assert values(facts, VACUUM) == {}, "once"


def test_what_vacuum_may_do_is_as_the_instance_shows_it() -> None:
    found = steps(postgresql_host("20", "-1"), VACUUM)
    assert {name: step.before for name, step in found.items()} == {VACUUM[0]: "20ms", VACUUM[1]: "-1"}


@pytest.mark.parametrize(("shown", "undecided"), [
    ((None, None), {f"5432 {name}": name for name in VACUUM}), (("2", "-1", ("0", None)), {f"5432 {VACUUM[1]}": "vacuum_cost_limit"}),
    (("2", "-1"), {})])
def test_an_older_capture_does_not_tell_what_vacuum_may_do(shown: Any, undecided: dict[str, str]) -> None:
    assert {what: why.values["name"] for what, why in advise(postgresql_host(*shown)).undecided.items()} == undecided


def test_every_text_is_translated() -> None:
    translate = translator("zh_CN")
    found = [*steps(mysql_host(HARD_PRESSED)).values(), *steps(postgresql_host("20", "-1"), VACUUM).values()]
    texts = {text for step in found for text in (step.target.formula, step.target.effect)}
    assert [text for text in texts if translate(text) == text] == []
