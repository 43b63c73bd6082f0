# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster through whole runs: reported and recorded beside its hosts, left alone by runs that see a part of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.archive import load, store
from plugins.plugin_utils.begin import begin
from plugins.plugin_utils.conclude import conclude
from plugins.plugin_utils.facts.cluster import COMPARED

FIXTURES = Path(__file__).parents[1] / "fixtures"
INVENTORY = {"shop": ["db1", "db2"]}
CASES = {"db1": "mysql/healthy", "db2": "mysql/healthy_replica"}
SETTINGS = {"db1": {"cluster": "shop", "replicas": {"mysql": 2}}, "db2": {"cluster": "shop"}}


def document(host: str, run: str) -> dict[str, Any]:
    """The capture that a host would have sent."""
    capture = load(FIXTURES / CASES[host])
    entries = [{name: value for name, value in entry._asdict().items() if value is not None} for entry in capture.entries]
    return {"schema": 1, "host": host, "run": run, "taken_at": datetime(2026, 11, 23, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "source": "linux", "seconds": 1.0, "entries": entries, "settings": SETTINGS[host]}


def run(home: Path, hosts: tuple[str, ...], recheck_of: str | None = None) -> dict[str, Any]:
    """{host: its part of the report} of a run over some hosts."""
    variables = {host: {f"caretaker_{name}": value for name, value in SETTINGS[host].items()} for host in hosts}
    begun = begin(home, None, variables, None, recheck_of, [], INVENTORY)
    for host in hosts:
        store(home, document(host, begun.id))
    _finished, folder = conclude(home, None, begun.id, recheck_of=recheck_of)
    lines = (folder / "hosts.jsonl").read_text().splitlines()
    return {item["host"]: item for item in map(json.loads, lines)}


def of_replicas(documents: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(item["severity"], item["state"], item["times"]) for item in documents["cluster shop"]["findings"]
            if item["rule"] == "cluster_replicas"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def test_a_cluster_stands_in_report_and_records_beside_its_hosts(home: Path) -> None:
    first = run(home, ("db1", "db2"))
    assert set(first) == {"db1", "db2", "cluster shop"}
    assert first["cluster shop"]["source"] == "cluster"
    assert of_replicas(first) == [("warning", "new", 1)]
    assert of_replicas(run(home, ("db1", "db2"))) == [("warning", "persisting", 2)]
    counts = json.loads(next((home / "reports").glob("*/report.json")).read_text())["counts"]
    assert (counts["hosts"], counts["clusters"]) == (2, 1)


def test_a_run_over_a_part_of_a_cluster_leaves_it_alone(home: Path) -> None:
    run(home, ("db1", "db2"))
    assert set(run(home, ("db1",))) == {"db1"}
    assert of_replicas(run(home, ("db1", "db2"))) == [("warning", "persisting", 2)]


def test_a_recheck_of_a_cluster_looks_at_what_is_compared(home: Path) -> None:
    run(home, ("db1", "db2"))
    (recorded,) = [path.name for path in (home / "reports").iterdir()]
    variables = {host: {"caretaker_cluster": "shop"} for host in CASES}
    begun = begin(home, None, variables, None, recorded, [], INVENTORY)
    assert set(begun.subjects_by_host) == {"db1", "db2"}
    assert all(set(COMPARED) <= set(subjects) for subjects in begun.subjects_by_host.values())
