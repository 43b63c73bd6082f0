# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inspections that are killed with kill -9 at any moment: the ledger verifies, and the records hold a run whole or not at all."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from plugins.plugin_utils.ledger.verification import verify
from tests.lab import ROOT

KILLS = 50
AT_ONCE = 5
ENTRIES = 6                 # at least, of an inspection that runs to its end
INSPECT = [str(ROOT / ".venv" / "bin" / "ansible-playbook"), "-i", str(ROOT / "inventories" / "local"), "caretaker.infra.inspect",
           "-e", '{"caretaker_subjects": ["memory", "limits"], "caretaker_sample_seconds": 0, "caretaker_become": false}']


def wait_for(lines: int, ledger: Path, runs: list[subprocess.Popen[bytes]]) -> None:
    """Until the ledger has so many lines, or nobody is left who would write them."""
    while lines_of(ledger) < lines and any(run.poll() is None for run in runs):
        time.sleep(0.002)


def lines_of(ledger: Path) -> int:
    return ledger.read_bytes().count(b"\n")


def recorded(home: Path) -> dict[str, tuple[int, int]]:
    """{run: (hosts recorded of it, files of its report)}, after making sure that all is whole and the files are as recorded."""
    with closing(sqlite3.connect(home / "records.sqlite")) as records:
        assert records.execute("pragma integrity_check").fetchone() == ("ok",)
        assert records.execute("pragma foreign_key_check").fetchall() == []
        files = records.execute("select path, sha256 from artefacts").fetchall()
        for path, sha256 in files:
            if Path(path).exists():         # between the records and the report's last rename is a moment to be killed in
                assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256
        return {run: (hosts, artefacts) for run, hosts, artefacts in records.execute(
            "select id, (select count(*) from inspections where run = id), (select count(*) from artefacts where run = id) from runs")}


def test_killed_inspections(tmp_path: Path) -> None:
    home, ledger = tmp_path / "home", tmp_path / "ledger.jsonl"
    environment = {**os.environ, "CARETAKER_LEDGER": str(ledger), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    command = [*INSPECT, "-e", f"caretaker_home={home}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    ((_first, whole),) = recorded(home).items()
    assert whole[0] == 1
    moments = random.Random(4)
    killed = 0
    for _group in range(KILLS // AT_ONCE):
        runs = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
                for _number in range(AT_ONCE)]
        for run in runs:
            wait_for(lines_of(ledger) + moments.randint(0, ENTRIES - 1), ledger, runs)
            time.sleep(moments.uniform(0, 0.3))
            if run.poll() is None:
                os.killpg(run.pid, 9)
                run.wait()
                killed += 1
        assert verify(ledger).problem is None
        assert set(recorded(home).values()) == {whole}
    assert killed >= KILLS // 2, "too few runs were cut short: the moments are wrong"
    text = ledger.read_text()
    assert text.count('"event":"start"') > text.count('"event":"end"')
    unrecorded = {path.name for path in (home / "archive").iterdir() if list(path.glob("*.json.zst"))} - recorded(home).keys()
    assert unrecorded, "no run was killed between its capture and its records"
    again = min(unrecorded)
    conclude = ["caretaker.infra.conclude" if word == "caretaker.infra.inspect" else word for word in command]
    done = subprocess.run([*conclude, "-e", f"run={again}"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert recorded(home)[again] == whole
