# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate in real plays: with an approval the play goes on, and without one no host is changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.plugin_utils.approval.plan import text_of_time
from plugins.plugin_utils.signing import make_key
from tests.lab import ROOT

PLAY = """\
- name: Tune
  hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - name: Go on only with an approved plan
      caretaker.infra.require_approval:
        plan: "{{ plan }}"
        kind: tuning
        approvers_file: "{{ caretaker_approvers_file }}"
        approval: "{{ caretaker_approval }}"
        freezes: "{{ caretaker_freezes | default([]) }}"
      register: approved
      run_once: true
    - name: Change the host
      ansible.builtin.copy:
        content: "{{ approved.steps[inventory_hostname][0].after }}"
        dest: "{{ folder }}/{{ inventory_hostname }}.changed"
        mode: "0600"
"""


class Site:
    """A customer's site in a folder: two hosts, people with keys, and an approved plan."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = folder / "plans" / "plan.yml"
        for name in ("alice", "bob", "carol"):
            make_key(folder / "keys" / name, name)
        approvers = "".join(f"{name} {(folder / 'keys' / name).with_suffix('.pub').read_text()}" for name in ("alice", "bob", "carol"))
        (folder / "approvers").write_text(approvers)
        (folder / "play.yml").write_text(PLAY)
        self.inventory: dict[str, Any] = {"all": {
            "hosts": {"db1": {"ansible_host": "127.0.0.1"}, "db2": {"ansible_host": "127.0.0.2"}},
            "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}", "folder": str(folder),
                     "caretaker_approvers_file": str(folder / "approvers"), "caretaker_approval": {"crm": {"approvers": ["bob", "carol"], "needed": 2}}},
        }}
        now = datetime.now(UTC)
        self.document: dict[str, Any] = {
            "schema": 1, "id": "tuning-1", "kind": "tuning", "title": "Tune", "requester": "alice", "written_at": text_of_time(now - timedelta(days=1)),
            "window": {"from": text_of_time(now - timedelta(hours=1)), "until": text_of_time(now + timedelta(hours=1))},
            "hosts": {"db1": {"address": "127.0.0.1", "system": "crm"}, "db2": {"address": "127.0.0.2", "system": "crm"}},
            "systems": {"crm": {"approvers": ["bob", "carol"], "needed": 2}}, "approvers_sha256": hashlib.sha256(approvers.encode()).hexdigest(),
            "freeze_exceptions": [], "incident": None, "steps": [{"id": "s1", "host": "db1", "after": 1}, {"id": "s2", "host": "db2", "after": 2}],
        }
        self.plan.parent.mkdir()
        self.write()

    def write(self) -> None:
        self.plan.write_text(yaml.safe_dump(self.document))

    def decide(self, by: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([ROOT / "scripts" / "approve", self.plan, *(words or ["approve"]), "--by", by, "--key", self.folder / "keys" / by, "--yes"],
                              capture_output=True, text=True, env=self.environment())

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "CARETAKER_LEDGER": str(self.folder / "ledger.jsonl"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), **more}

    def tune(self, *words: str, **environment: str) -> str:
        """What the play said; the changed hosts are in ``changed``."""
        (self.folder / "hosts.yml").write_text(json.dumps(self.inventory))
        command = [ROOT / ".venv" / "bin" / "ansible-playbook", "-i", self.folder / "hosts.yml", self.folder / "play.yml", "-e", f"plan={self.plan}", *words]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment(**environment))
        return done.stdout + done.stderr

    @property
    def changed(self) -> dict[str, str]:
        return {path.stem: path.read_text() for path in self.folder.glob("*.changed")}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def approved(site: Site) -> Site:
    for name in ("bob", "carol"):
        done = site.decide(name)
        assert done.returncode == 0, done.stdout + done.stderr
    return site


def test_approved_plan_is_carried_out_and_recorded(approved: Site) -> None:
    output = approved.tune()
    assert approved.changed == {"db1": "1", "db2": "2"}, output
    entries = [json.loads(line) for line in (approved.folder / "ledger.jsonl").read_text().splitlines()]
    digests = {entry["digest"] for entry in entries if "digest" in entry}
    assert len(digests) == 1
    assert [entry["host"] for entry in entries if entry.get("task") == "Change the host"] == ["db1", "db2"]


def test_without_approval_nothing_is_changed(site: Site) -> None:
    output = site.tune()
    assert "refused: system crm has 0 of 2 approvals" in output
    assert site.changed == {}


def test_edited_after_approval(approved: Site) -> None:
    approved.document["steps"][0]["after"] = 9000
    approved.write()
    assert "another content than this plan has now" in approved.tune()
    assert approved.changed == {}


@pytest.mark.parametrize("environment", [{"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default"}, {"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default", "CARETAKER_LEDGER_RUN": "x /etc/passwd"}])
def test_ledger_off(approved: Site, environment: dict[str, str]) -> None:
    assert "the ledger is off" in approved.tune(**environment)
    assert approved.changed == {}


def test_host_that_is_not_in_the_plan(approved: Site) -> None:
    approved.inventory["all"]["hosts"]["db3"] = {"ansible_host": "127.0.0.3"}
    assert "db3 is not in the plan" in approved.tune()
    assert approved.changed == {}


def test_alias_of_another_machine(approved: Site) -> None:
    approved.inventory["all"]["hosts"]["db2"]["ansible_host"] = "127.0.0.9"
    assert "db2 is reached at 127.0.0.9, but the plan is for 127.0.0.2" in approved.tune("--limit", "db2")
    assert approved.changed == {}


def test_extra_variables_can_not_replace_what_a_host_is_reached_at(approved: Site) -> None:
    assert "is reached at 127.0.0.9" in approved.tune("-e", "ansible_host=127.0.0.9")
    assert approved.changed == {}


def test_approvers_file_edited(approved: Site) -> None:
    with (approved.folder / "approvers").open("a") as stream:
        stream.write("# harmless\n")
    assert "approvers' keys has changed" in approved.tune()
    assert approved.changed == {}


def test_frozen(approved: Site) -> None:
    approved.inventory["all"]["vars"]["caretaker_freezes"] = [{"name": "year end", "from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}]
    assert "db1 is frozen: year end" in approved.tune()
    assert approved.changed == {}


def test_freeze_that_begins_while_a_job_runs_stops_it_after_the_current_host(approved: Site) -> None:
    play = yaml.safe_load(PLAY)
    freeze = [{"name": "now", "from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}]
    play[0]["tasks"][0]["caretaker.infra.require_approval"]["freezes"] = f"{{{{ {freeze} if (folder ~ '/db1.changed') is exists else [] }}}}"
    (approved.folder / "play.yml").write_text(yaml.safe_dump(play))
    assert "is frozen: now" in approved.tune()
    assert approved.changed == {"db1": "1"}


def test_plan_swapped_between_check_and_use(approved: Site) -> None:
    play = yaml.safe_load(PLAY)
    swap = {"name": "Swap the plan", "ansible.builtin.copy": {"content": "evil", "dest": str(approved.plan), "mode": "0600"}}
    play[0].pop("serial")
    play[0]["tasks"].insert(1, swap)
    (approved.folder / "play.yml").write_text(yaml.safe_dump(play))
    output = approved.tune()
    assert approved.changed == {"db1": "1", "db2": "2"}, output


def test_returned_plan(approved: Site) -> None:
    assert approved.decide("carol", "return", "--reason", "not today").returncode == 0
    assert "carol returned tuning-1: not today" in approved.tune()
    assert approved.changed == {}


@pytest.mark.parametrize(("by", "words", "said"), [
    ("alice", ["approve"], "alice may not decide"), ("bob", ["return"], "needs a reason"),
])
def test_decision_that_is_refused(site: Site, by: str, words: list[str], said: str) -> None:
    done = site.decide(by, *words)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_missing_plan(site: Site) -> None:
    site.plan.unlink()
    assert "can't be read as a plan" in site.decide("bob").stderr
    assert "can't be read as a plan" in site.tune()
    assert site.changed == {}


def test_planned_inspection(site: Site) -> None:
    """Planned, refused, approved, inspected; the ledger ties plan and run."""
    home = site.folder / "home"
    for host in site.inventory["all"]["hosts"].values():
        host.update(caretaker_system="crm", caretaker_become=False)
    (site.folder / "hosts.yml").write_text(json.dumps(site.inventory))
    now = datetime.now(UTC)
    words = {"requester": "alice", "window_from": text_of_time(now), "window_until": text_of_time(now + timedelta(hours=2)), "caretaker_home": str(home),
             "caretaker_subjects": ["memory"], "caretaker_sample_seconds": 0}

    def play(name: str, **more: Any) -> subprocess.CompletedProcess[str]:
        command = [ROOT / ".venv" / "bin" / "ansible-playbook", "-i", site.folder / "hosts.yml", f"caretaker.infra.{name}", "-e", json.dumps({**words, **more})]
        return subprocess.run(command, capture_output=True, text=True, env=site.environment())

    planned = play("plan_inspection")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    [site.plan] = home.glob("plans/inspection-*/plan.yml")
    document = yaml.safe_load(site.plan.read_text())
    assert sorted(document["hosts"]) == ["db1", "db2"]
    assert document["steps"][0]["subjects"] == ["memory"]
    refused = play("inspect", plan=str(site.plan))
    assert "system crm has 0 of 2 approvals" in refused.stdout + refused.stderr
    assert not (home / "archive").exists()
    for name in ("bob", "carol"):
        assert site.decide(name).returncode == 0
    done = play("inspect", plan=str(site.plan))
    assert done.returncode == 0, done.stdout + done.stderr
    entries = [json.loads(line) for line in (site.folder / "ledger.jsonl").read_text().splitlines()]
    [begun] = [entry for entry in entries if entry.get("inspection")]
    assert (home / "reports" / begun["inspection"] / "report.json").exists()
    assert [entry["action"] for entry in entries if entry["run"] == begun["run"] and "digest" in entry] == ["caretaker.infra.require_approval"]


@pytest.mark.parametrize(("changes", "said"), [
    ({"window_from": "tomorrow"}, "must be times in UTC"), ({"caretaker_approval": {}}, "nobody may approve for the system crm"),
    ({"caretaker_engineers": {"erin": {"domains": ["os"]}}}, "no engineer is registered for the domain hardware"),
])
def test_inspection_that_can_not_be_planned(site: Site, changes: dict[str, Any], said: str) -> None:
    site.inventory["all"]["vars"]["caretaker_system"] = "crm"
    (site.folder / "hosts.yml").write_text(json.dumps(site.inventory))
    words = {"requester": "alice", "window_from": "2026-12-01T20:00:00Z", "window_until": "2026-12-02T04:00:00Z", "caretaker_home": str(site.folder / "home")}
    command = [ROOT / ".venv" / "bin" / "ansible-playbook", "-i", site.folder / "hosts.yml", "caretaker.infra.plan_inspection", "-e", json.dumps({**words, **changes})]
    done = subprocess.run(command, capture_output=True, text=True, env=site.environment())
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert not (site.folder / "home").exists()
