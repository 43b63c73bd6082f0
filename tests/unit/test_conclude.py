# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that can't be concluded leaves no half report behind, and can be concluded again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from plugins.plugin_utils.archive import archive_path, store
from plugins.plugin_utils.begin import BadRun
from plugins.plugin_utils.conclude import conclude

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for host in ("web1", "web2"):
        store(tmp_path, {"schema": 1, "host": host, "run": "r1", "taken_at": "2026-11-16T03:00:00Z", "entries": [],
                         "problem": "unreachable: connection timed out"})
    return tmp_path


def reports(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "reports").iterdir())


def test_failed_conclusion_leaves_no_report_and_no_record(home: Path) -> None:
    broken = archive_path(home, "r1", "web2")
    whole = broken.read_bytes()
    broken.write_bytes(whole[:20])
    with pytest.raises(BadRun, match=r"web2\.json\.zst"):
        conclude(home, None, "r1")
    assert reports(home) == []
    broken.write_bytes(whole)
    finished, folder = conclude(home, None, "r1")
    assert finished.counts["hosts"] == 2
    assert reports(home) == [folder.name]


def test_what_a_killed_run_left_behind_is_no_part_of_the_report(home: Path) -> None:
    left = home / "reports" / "r1.partial"
    left.mkdir(parents=True)
    (left / "hosts.jsonl").write_text("half a line")
    _finished, folder = conclude(home, None, "r1")
    assert reports(home) == ["r1"]
    assert "half a line" not in (folder / "hosts.jsonl").read_text()


def test_run_that_is_recorded_keeps_its_report(home: Path) -> None:
    _finished, folder = conclude(home, None, "r1")
    before = (folder / "report.html").read_bytes()
    with pytest.raises(BadRun, match="recorded already"):
        conclude(home, None, "r1")
    assert reports(home) == ["r1"]
    assert (folder / "report.html").read_bytes() == before


def test_many_hosts_are_all_reported_once(tmp_path: Path) -> None:
    hosts = [f"web{number:03d}" for number in range(125)]        # more than stand in the page, and no multiple of any batch
    for host in hosts:
        store(tmp_path, {"schema": 1, "host": host, "run": "r1", "taken_at": "2026-11-16T03:00:00Z", "entries": [], "problem": "no route"})
    finished, folder = conclude(tmp_path, None, "r1")
    assert [line.split('"host":"')[1].split('"')[0] for line in (folder / "hosts.jsonl").read_text().splitlines()] == hosts
    for number, host in enumerate(hosts):
        text = (folder / "hosts" / f"{number}.js").read_text()
        assert text.startswith(f"caretaker({number},")
        assert f'"host":"{host}"' in text
    assert {f"hosts/{number}.js" for number in range(len(hosts))} < finished.files.keys()


def test_beginning_a_run_loads_no_rules() -> None:
    """They take longer to load than all else that begins a run, while the hosts wait."""
    code = "import sys, plugins.plugin_utils.begin; print('plugins.plugin_utils.registry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
