# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of real playbook runs: what it says, and what it keeps to itself."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab import ROOT

PLAY = """\
- name: Change a host
  hosts: all
  gather_facts: false
  tasks:
    - name: Write a setting
      ansible.builtin.copy:
        content: "limit = 200\npassword = {{ db_password }}\n"
        dest: "{{ folder }}/setting.conf"
        mode: "0600"
      diff: true
    - name: Fail with the password in the message
      ansible.builtin.fail:
        msg: "can't log on with {{ db_password }}"
      ignore_errors: true
    - name: Leave out
      ansible.builtin.debug:
      when: false
    - name: Keep quiet
      ansible.builtin.debug:
        msg: "{{ other }}"
      no_log: true
"""


def playbook(folder: Path, text: str) -> tuple[list[str], dict[str, str]]:
    """The command that runs a playbook of a host in ``folder``, and its environment."""
    (folder / "play.yml").write_text(text)
    host = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}", "db_password": "correct-horse",
            "other": "battery-staple", "folder": str(folder)}
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"db1": host}}}))
    environment = {**os.environ, "CARETAKER_LEDGER": str(folder / "ledger.jsonl"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return [str(ROOT / ".venv" / "bin" / "ansible-playbook"), "-i", str(folder / "hosts.yml"), str(folder / "play.yml")], environment


def ledger_script(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "scripts" / "ledger", "--ledger", folder / "ledger.jsonl", *words], capture_output=True, text=True)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the playbook above was run once."""
    folder = tmp_path_factory.mktemp("ledger")
    command, environment = playbook(folder, PLAY)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stderr, done.stderr
    return folder


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]


def test_every_outcome_is_there(recorded: Path) -> None:
    assert [(entry["event"], entry.get("host"), entry.get("outcome")) for entry in entries(recorded)] == [
        ("start", None, None), ("task", "db1", "changed"), ("task", "db1", "failed"), ("task", "db1", "skipped"), ("task", "db1", "ok"), ("end", None, None)]
    start, changed, failed = entries(recorded)[:3]
    assert start["playbook"] == "play.yml"
    assert changed["action"] == "ansible.builtin.copy"
    assert changed["changes"][0]["before"] == ""
    assert changed["changes"][0]["after"].startswith("limit = 200")
    assert failed["ignored"]


def test_secrets_are_not(recorded: Path) -> None:
    text = (recorded / "ledger.jsonl").read_text()
    assert "correct-horse" not in text
    assert "battery-staple" not in text


def test_script_verifies_and_shows(recorded: Path) -> None:
    done = ledger_script(recorded, "verify")
    assert done.returncode == 0, done.stdout
    assert "6 entries, 0 torn by a killed writer, 1 anchors" in done.stdout
    assert "Write a setting" in ledger_script(recorded, "show", "--changes").stdout
    assert ledger_script(recorded, "export", "--format", "csv", "--host", "db1").stdout.count("\n") >= 5


def test_cut_end_is_found_by_the_anchor(recorded: Path, tmp_path: Path) -> None:
    for name in ("anchors.jsonl", "control_node_key.pub"):
        (tmp_path / name).write_bytes((recorded / name).read_bytes())
    lines = (recorded / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(lines[:-1]))
    done = ledger_script(tmp_path, "verify")
    assert done.returncode == 1
    assert "its end was cut off" in done.stdout


def test_anchor_of_another_key_is_found(recorded: Path, tmp_path: Path) -> None:
    for name in ("anchors.jsonl", "ledger.jsonl"):
        (tmp_path / name).write_bytes((recorded / name).read_bytes())
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "control_node_key"], check=True)
    done = ledger_script(tmp_path, "verify")
    assert done.returncode == 1
    assert "the signature of control-node is not valid" in done.stdout


def test_missing_ledger_is_named() -> None:
    done = ledger_script(Path("/nonexistent"), "verify")
    assert done.returncode == 1
    assert "/nonexistent/ledger.jsonl" in done.stderr


def test_ledger_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    command, environment = playbook(tmp_path, PLAY)
    (tmp_path / "file").touch()
    done = subprocess.run(command, env={**environment, "CARETAKER_LEDGER": str(tmp_path / "file" / "x")}, capture_output=True, text=True)
    assert "Nothing is recorded" in done.stderr
    assert done.returncode == 0
