# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a host's own captures to series: neighbours, counters that went back or began anew, what servers tell, what the archive holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plugins.plugin_utils.absent import Unknown, Unreadable
from plugins.plugin_utils.archive import Capture, Entry, archive_path, load, store
from plugins.plugin_utils.bottleneck.readings import readings_of
from plugins.plugin_utils.earlier import history_entry
from plugins.plugin_utils.facts.history import CAPTURES_KEY, KEY, parse
from plugins.plugin_utils.facts.mysql_model import InnoDb, Names
from plugins.plugin_utils.history.captures import Growth, Reading, Snapshot, document_of, history_of
from plugins.plugin_utils.history.series import History
from plugins.plugin_utils.inspection import judge

FIXTURES = Path(__file__).parents[1] / "fixtures"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = 3600.0


def series(measure: str, *readings: Reading | None, hours: float = 1) -> list[float | None]:
    snapshots = [Snapshot(number * hours * HOUR, {} if reading is None else {(measure, "x"): reading}) for number, reading in enumerate(readings)]
    found = history_of(document_of(snapshots)).series.get((measure, "x"), np.array([]))
    return [None if np.isnan(value) else float(value) for value in found]


def test_a_level_is_what_the_later_of_two_captures_tells() -> None:
    assert series("threads_used_ratio", 0.2, 0.4, None, 0.6) == [0.4, None, 0.6]


def test_a_counter_is_told_by_second_or_as_a_share_of_another() -> None:
    assert series("database_temporary_bytes_rate", Growth(0), Growth(7200), Growth(7200)) == [2, 0]
    assert series("database_cache_hit_ratio", Growth(90, 100), Growth(180, 200), Growth(180, 200)) == [0.9, None]     # nothing was read


def test_a_counter_that_went_back_or_began_anew_is_no_value() -> None:
    assert series("gc_time_ratio", Growth(500), Growth(20), Growth(380)) == [None, 0.1]
    assert series("gc_time_ratio", Growth(10, since=-50), Growth(370, since=-50), Growth(400, since=3700)) == [0.1, None]


def test_captures_far_apart_are_no_neighbours() -> None:
    assert series("threads_used_ratio", 0.2, 0.4, hours=3) == []


def test_the_same_moment_twice_is_no_interval() -> None:
    snapshots = [Snapshot(0, {("a", ""): 1.0}), Snapshot(0, {("a", ""): 1.0}), Snapshot(HOUR, {("a", ""): 2.0})]
    assert document_of(snapshots)["times"] == [HOUR]


@pytest.mark.parametrize(("folder", "wanted"), [
    ("postgresql/healthy", {"database_connections_ratio", "database_cache_hit_ratio", "database_temporary_bytes_rate",
                            "database_checkpoints_requested_ratio", "database_lock_waits_count"}),
    ("mysql/healthy", {"database_connections_ratio", "database_cache_hit_ratio", "database_log_waits_rate", "database_history_list_count"}),
    ("nginx/healthy", {"connections_dropped_ratio"}),
    ("httpd/healthy", {"threads_used_ratio"}),
    ("haproxy/healthy", {"places_used_ratio"}),
    ("tomcat/healthy", {"threads_used_ratio"}),
    ("java/healthy", {"gc_time_ratio"}),
    ("rabbitmq/healthy", {"queue_length"}),
    ("tcp/healthy", {"tcp_listen_overflows_rate"}),
])
def test_what_a_capture_tells(folder: str, wanted: set[str]) -> None:
    capture = load(FIXTURES / folder)
    found = readings_of(judge(capture).facts, capture.taken_at.timestamp())
    assert wanted <= {measure for measure, _instance in found}
    for reading in found.values():
        assert isinstance(reading, Growth) or reading >= 0


NO_ANSWER = Unknown("denied")
MARIADB = {"Innodb_checkpoint_age": "60", "Innodb_checkpoint_max_age": "80"}
MYSQL8 = {"Innodb_redo_log_logical_size": "30"}


def of_mysql(measure: str, status: dict[str, str], variables: dict[str, str] | None = None, innodb: Any = NO_ANSWER, metrics: Any = NO_ANSWER) -> Reading | None:
    names = [Names({name.lower(): value for name, value in texts.items()}) for texts in ({"Uptime": "50", **status}, variables or {})]
    one = SimpleNamespace(name="3306", status=names[0], variables=names[1], innodb=innodb, metrics=metrics)
    return readings_of({"mysql": SimpleNamespace(servers=(one,))}, 1000.0).get((measure, "mysql 3306"))


@pytest.mark.parametrize(("status", "variables", "wanted"), [
    (MARIADB, {}, 0.75), (MYSQL8, {"innodb_redo_log_capacity": "120"}, 0.25), ({**MARIADB, **MYSQL8}, {"innodb_redo_log_capacity": "120"}, 0.75),
    (MYSQL8, {"innodb_redo_log_capacity": "0"}, None), (MYSQL8, {}, None), ({"Innodb_checkpoint_age": "60"}, {}, None), ({}, {}, None)])
def test_how_full_the_redo_log_is(status: dict[str, str], variables: dict[str, str], wanted: float | None) -> None:
    assert of_mysql("database_redo_used_ratio", status, variables) == wanted


@pytest.mark.parametrize(("length", "metrics", "wanted"), [
    (7, {"trx_rseg_history_len": 0}, 7.0), (0, {"trx_rseg_history_len": 9}, 0.0), (None, {"trx_rseg_history_len": 9}, 9.0), (NO_ANSWER, {"trx_rseg_history_len": 9}, 9.0),
    (None, {}, None), (NO_ANSWER, NO_ANSWER, None)])
def test_how_much_waits_to_be_purged(length: Any, metrics: Any, wanted: float | None) -> None:
    innodb = length if length is NO_ANSWER else InnoDb(length, None, None, "", 0)
    assert of_mysql("database_history_list_count", {}, innodb=innodb, metrics=metrics) == wanted


def test_temporary_tables_are_counted_since_the_servers_start() -> None:
    assert of_mysql("database_temporary_tables_rate", {"Created_tmp_disk_tables": "40"}) == Growth(40, since=950.0)
    assert of_mysql("database_temporary_tables_rate", {}) is None


def test_a_capture_without_servers_tells_nothing_of_them() -> None:
    assert readings_of({}, 0.0) == {}


NETSTAT = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 {} {}\n"


def document(run: str, at: datetime, overflows: int) -> dict[str, Any]:
    text = NETSTAT.format(overflows, overflows)
    return {"schema": 1, "host": "web[1]", "run": run, "taken_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "settings": {}, "subjects": ["tcp", "history"],
            "entries": [{"subject": "tcp", "kind": "file", "key": "/proc/net/netstat", "text": text, "at": 0.0}]}


def kept(home: Path, *hours: float) -> None:
    for hour in hours:
        store(home, document(f"run{hour}", NOON - timedelta(hours=hour), int(360 * (100 - hour))))


def told(entry: dict[str, Any] | None) -> list[float | None]:
    assert entry is not None
    ((measure, instance, values),) = json.loads(entry["text"])["series"]
    assert (measure, instance) == ("tcp_listen_overflows_rate", "")
    return list(values)


def test_the_archive_tells_of_the_last_weeks(tmp_path: Path) -> None:
    kept(tmp_path, 1, 2, 3, 8, 9, 28 * 24 + 1)
    assert told(history_entry(tmp_path, document("new", NOON, 36000), 28)) == [0.1, 0.1, 0.1, 0.1]


def test_a_capture_that_can_not_be_read_is_passed_over(tmp_path: Path) -> None:
    kept(tmp_path, 1, 2)
    archive_path(tmp_path, "run2", "web[1]").write_bytes(b"\x28\xb5\x2f")
    assert told(history_entry(tmp_path, document("new", NOON, 36000), 28)) == [0.1]


def test_an_archive_without_neighbours_gives_no_entry(tmp_path: Path) -> None:
    assert history_entry(tmp_path, document("new", NOON, 36000), 28) is None
    kept(tmp_path, 30, 60)
    assert history_entry(tmp_path, document("new", NOON, 36000), 28) is None


def capture_with(*entries: Entry) -> Capture:
    return Capture("web1", "r", NOON, entries=entries)


def test_a_history_of_captures_alone() -> None:
    text = json.dumps({"times": [10.0, 20.0], "seconds": [10.0, 10.0], "series": [["queue_length", "rabbitmq a", [1.0, None]]]})
    entry = Entry("history", "note", CAPTURES_KEY, text)
    absent = Entry("history", "query", KEY, error="not_found", stderr="sysstat is not installed")
    for entries in ((entry,), (absent, entry)):
        found = parse(capture_with(*entries)).series
        assert isinstance(found, History)
        assert found.sources == ("earlier captures",)
        assert found.series["queue_length", "rabbitmq a"][0] == 1
    with pytest.raises(Unreadable):
        parse(capture_with(entry._replace(text=text[:40])))
