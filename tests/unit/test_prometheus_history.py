# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series from a server that answers as the API of Prometheus is documented: whole, in pieces, refused, partial, denied, gone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts.history import PROMETHEUS_KEY, parse
from plugins.plugin_utils.history.prometheus import MOST_POINTS, Down, Server, gather, history_of
from plugins.plugin_utils.history.series import History, combined

END = 1793606400.0
BOOT_AT = END - 1500


class PrometheusStub(BaseHTTPRequestHandler):
    """A few metrics with values that tell which they are; more than 11,000 points are refused as Prometheus does."""

    asked: list[dict[str, str]] = []            # noqa: RUF012

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        type(self).asked.append(query)
        if self.headers.get("Authorization") not in ("Bearer right", "Basic dXNlcjpyaWdodA=="):
            self.answer(401, {})
        elif (float(query["end"]) - float(query["start"])) / float(query["step"]) >= MOST_POINTS:
            self.answer(400, {"status": "error", "errorType": "bad_data", "error": "exceeded maximum resolution of 11,000 points per timeseries"})
        elif "node_filefd_allocated" in query["query"]:
            self.answer(422, {"status": "error", "errorType": "execution", "error": "many-to-many matching not allowed"})
        elif "node_filefd_maximum" in query["query"]:
            self.answer(200, {"status": "success", "warnings": ["store 2 is away"], "data": {"resultType": "matrix", "result": []}})
        elif "node_procs_running{" in query["query"]:
            self.matrix(query, [({}, "1.5")])
        elif "io_time_seconds" in query["query"]:
            self.matrix(query, [({"device": "sda"}, "0.25"), ({"device": "sdb"}, "NaN")])
        elif "boot_time" in query["query"]:
            self.matrix(query, [({}, str(BOOT_AT))])
        else:
            self.matrix(query, [])

    def matrix(self, query: dict[str, str], series: list[tuple[dict[str, str], str]]) -> None:
        start, end, step = (float(query[name]) for name in ("start", "end", "step"))
        times = np.arange(start, end + 1, step).tolist()
        self.answer(200, {"status": "success", "data": {"resultType": "matrix", "result": [
            {"metric": labels, "values": [[at, value] for at in times]} for labels, value in series]}})

    def answer(self, status: int, document: dict[str, Any]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    PrometheusStub.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), PrometheusStub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def facts(entry: Entry) -> Any:
    return parse(Capture("db1", "r", datetime(2026, 11, 3, tzinfo=UTC), entries=(entry,))).series


def test_series_and_reasons(url: str) -> None:
    document = gather(Server(url, token="right").ask, {"node": 'instance="db1:9100"'}, END, 1, 600)
    assert document["missing"]["files_open_count"] == "many-to-many matching not allowed"
    assert document["missing"]["files_limit_count"] == "only a part was answered: store 2 is away"
    assert "no such metric" in document["missing"]["memory_total_bytes"]
    found = facts(Entry("history", "query", PROMETHEUS_KEY, json.dumps(document)))
    assert isinstance(found, History)
    assert len(found.times) == 144
    assert found.restarts == (BOOT_AT,)
    busy = found.series["disk_busy_ratio", "sda"]
    assert np.isnan(busy).tolist() == [start <= BOOT_AT <= start + 600 for start in (found.times - 600).tolist()]
    assert np.nanmax(busy) == 0.25
    assert np.isnan(found.series["disk_busy_ratio", "sdb"]).all()
    assert all('instance="db1:9100"' in item["query"] for item in PrometheusStub.asked)


def test_more_points_than_prometheus_gives_at_once(url: str) -> None:
    document = gather(Server(url, user="user", password="right").ask, {"node": 'instance="db1:9100"'}, END, 8, 60)
    values = next(values for measure, _instance, values in document["series"] if measure == "run_queue_length")
    assert len(values) == 8 * 1440
    assert set(values) == {1.5}


@pytest.mark.parametrize(("server", "reason"), [
    (Server("http://127.0.0.1:9", token="right", timeout=2), "gives no answer"),
    (Server("file:///etc/passwd"), "begins with http"),
])
def test_a_server_that_is_down(server: Server, reason: str) -> None:
    with pytest.raises(Down, match=reason):
        gather(server.ask, {"node": "x"}, END, 1, 600)


def test_a_wrong_password(url: str) -> None:
    with pytest.raises(Down, match="401"):
        gather(Server(url, token="wrong").ask, {"node": "x"}, END, 1, 600)


def test_no_answer_is_unknown_with_its_reason() -> None:
    found = facts(Entry("history", "query", PROMETHEUS_KEY, error="failed", stderr="http://p gives no answer: refused"))
    assert isinstance(found, Unknown)
    assert "refused" in str(found.values["detail"])


def test_a_host_that_prometheus_does_not_know() -> None:
    found = facts(Entry("history", "query", PROMETHEUS_KEY, json.dumps({"times": [1.0], "step": 600, "series": [], "missing": {}, "restarts": []})))
    assert isinstance(found, Unknown)
    assert "selectors" in found.reason


def test_what_only_prometheus_measures_is_added_to_the_own_series() -> None:
    own = History(np.array([600.0, 1200.0, 9000.0]), np.full(3, 600.0), {("run_queue_length", ""): np.ones(3)}, (), 0, ("sysstat",), {})
    other = history_of({"times": [590.0, 1190.0], "step": 600, "restarts": [], "missing": {}, "series": [
        ["run_queue_length", "", [7, 7]], ["database_connections_ratio", "postgresql", [0.5, 0.6]]]})
    both = combined(own, other)
    assert both.series["run_queue_length", ""].tolist() == [1, 1, 1]
    assert both.series["database_connections_ratio", "postgresql"][:2].tolist() == [0.5, 0.6]
    assert np.isnan(both.series["database_connections_ratio", "postgresql"][2])
