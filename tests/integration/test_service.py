# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies on real hosts: a step that fails is put back, and a plan that was carried out is taken back. molecule/service has the loop."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from plugins.plugin_utils.approval.plan import text_of_time
from plugins.plugin_utils.signing import make_key
from tests.lab import ROOT, Done, findings, fresh_lab, on_host

pytestmark = pytest.mark.lab
LAB = "service"
JOURNAL_LIMIT = "/etc/systemd/journald.conf.d/90-caretaker.conf"
PEOPLE = ("alice", "bob", "carol", "dave")
BROKEN = """
set -e
printf '[Service]\\nExecStart=/bin/false\\n' > /etc/systemd/system/hopeless.service
printf '[Service]\\nExecStart=/bin/sleep infinity\\nExecStartPre=/usr/bin/test -e /etc/stock-sync.conf\\n' > /etc/systemd/system/stock-sync.service
systemctl daemon-reload
systemctl start hopeless.service || true
systemctl start stock-sync.service || true
echo '17 * * * * root true' > /etc/cron.d/exports
chmod 0666 /etc/cron.d/exports
systemctl disable -q --now chrony.service
systemctl is-failed hopeless.service stock-sync.service
"""


class Customer:
    """A customer's site in a folder: the lab's hosts, people with keys, two of three of whom must approve."""

    def __init__(self, folder: Path, hosts: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.inventories = ["-i", str(hosts), "-i", str(folder / "site.yml")]
        for name in PEOPLE:
            make_key(folder / "keys" / name, name)
        (folder / "approvers").write_text("".join(f"{name} {(folder / 'keys' / f'{name}.pub').read_text()}" for name in PEOPLE))
        (folder / "site.yml").write_text(json.dumps({"all": {"vars": {
            "caretaker_system": "crm", "caretaker_home": str(self.home), "caretaker_approvers_file": str(folder / "approvers"),
            "caretaker_approval": {"crm": {"approvers": ["bob", "carol", "dave"], "needed": 2}}, "caretaker_sample_seconds": 0,
            "caretaker_levels": {"journal_size": {"journal_bytes": {"warning": 4096}}},
            "caretaker_engineers": {"erin": {"domains": ["os", "database", "platform", "hardware"], "qualification": "RHCE"}}}}}))

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "CARETAKER_LEDGER": str(self.folder / "ledger.jsonl"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                       "ANSIBLE_FORCE_COLOR": "0"}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    def play(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(ROOT / ".venv" / "bin" / "ansible-playbook", *self.inventories, f"caretaker.infra.{name}", *words)

    def plan(self, name: str, *words: str) -> Path:
        """The plan that a playbook writes."""
        now, before = datetime.now(UTC), set(self.home.glob("plans/*/plan.yml"))
        done = self.play(name, "-e", "requester=alice", "-e", f"window_from={text_of_time(now - timedelta(minutes=5))}",
                         "-e", f"window_until={text_of_time(now + timedelta(hours=2))}", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        (written,) = set(self.home.glob("plans/*/plan.yml")) - before
        return written

    def approve(self, plan: Path, by: str) -> None:
        done = self.run(ROOT / "scripts" / "approve", plan, "approve", "--by", by, "--key", self.folder / "keys" / by, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr

    def inspect(self, *words: str) -> Done:
        done = self.run(ROOT / "scripts" / "inspect", *self.inventories, "--home", self.home, *words)
        return Done(done.returncode, done.stdout + done.stderr, self.home)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("lab") / "hosts.yml"
    with fresh_lab(LAB, "--hosts", "app1,app2", "--inventory", str(path)):
        yield path


def mode() -> str:
    return on_host(LAB, "app1", "stat -c %a /etc/cron.d/exports").strip()


def state(unit: str) -> str:
    return on_host(LAB, "app1", f"systemctl show -p ActiveState --value {unit}").strip()


def test_a_remedy_that_fails_is_put_back_and_all_can_be_taken_back(hosts: Path, tmp_path: Path) -> None:
    customer = Customer(tmp_path, hosts)
    on_host(LAB, "app1", BROKEN)
    inspected = customer.inspect()
    assert inspected.status == 0, inspected.output
    (run,) = inspected.runs
    sick = inspected.hosts()["app1"]
    assert {item["object"] for item in findings(sick, "failed_units")} >= {"hopeless.service", "stock-sync.service"}
    assert "By these actions most is won:" in inspected.output

    # what fails again is put back, and stops the host
    on_host(LAB, "app1", "touch /etc/stock-sync.conf")
    remedies = customer.plan("plan_remediation", "-e", f"run={run}")
    steps = yaml.safe_load(remedies.read_text())["steps"]
    assert [(step["action"], step["object"]) for step in steps if step["host"] == "app1"] == [
        ("keep_time", "clock"), ("set_mode", "/etc/cron.d/exports"), ("restart_unit", "hopeless.service"),
        ("restart_unit", "stock-sync.service"), ("limit_journal", "journal")]
    assert "0 of 2 approvals" in customer.play("remedy", "-e", f"plan={remedies}").stdout
    assert mode() == "666"
    for name in ("bob", "dave"):
        customer.approve(remedies, name)
    tried = customer.play("remedy", "-e", f"plan={remedies}")
    assert tried.returncode != 0
    assert "step s3 (restart_unit hopeless.service) failed" in tried.stdout
    assert (mode(), state("hopeless.service"), state("stock-sync.service")) == ("644", "inactive", "failed")

    # the hopeless unit is not failed any more, so the recheck and the next plan are about the rest
    rechecked = customer.inspect("-e", f"recheck={run}")
    assert rechecked.status == 0, rechecked.output
    states = {item["object"]: item["state"] for item in rechecked.hosts()["app1"]["findings"]}
    assert states["/etc/cron.d/exports"] == states["hopeless.service"] == states["clock"] == "resolved"
    assert states["stock-sync.service"] == "persisting"
    rest = customer.plan("plan_remediation", "-e", f"run={rechecked.runs[-1]}")
    for name in ("carol", "dave"):
        customer.approve(rest, name)
    done = customer.play("remedy", "-e", f"plan={rest}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert state("stock-sync.service") == "active"
    assert "SystemMaxUse=4.0G" in on_host(LAB, "app1", f"cat {JOURNAL_LIMIT}")

    # the way back
    done = customer.play("remedy", "-e", f"plan={rest}", "-e", "rollback=true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert state("stock-sync.service") == "inactive"
    assert on_host(LAB, "app1", f"ls {JOURNAL_LIMIT} || true") == ""
    entries = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert any("0666" in str(change["before"]) for entry in entries for change in entry.get("changes", ()))
