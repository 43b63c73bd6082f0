# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer under a real systemd whose clock is moved across the ends of quarters.

The machine is emulated, so the customer's approval is missing each time and no inspection is made, which would take minutes there;
tests/integration/test_schedule.py makes one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.lab import ROOT, lab, on_host

pytestmark = [pytest.mark.lab, pytest.mark.vm]
LAB, HOST, PLACE, HOME = "timer", "vm1", "/opt/caretaker", "/var/lib/caretaker"
# What the program loads as far as to the question for the plan
LIBRARIES = ("ansible-runner", "PyYAML", "numpy", "icalendar", "recurring-ical-events")
SETUP = f"""
set -e
python3 -m venv --without-pip {PLACE}/.venv
echo /opt/libraries > {PLACE}/.venv/lib/python3.11/site-packages/libraries.pth
cd {PLACE}/scripts
python3 -B -c 'import json, _venv; _venv.MARK.write_text(json.dumps(dict(_venv._wanted(_venv.RUNTIME), **_venv._whereabouts())))'
mkdir -p {HOME}
touch {HOME}/approvers
systemctl stop chrony
"""
SCHEDULE = {"window": "01:00-05:00", "time_zone": "UTC", "holidays": ["2026-10-01"], "needs_plan": True}
SECONDS_TO_FIRE = 90


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A control node that has Caretaker and the libraries it needs, but no schedule."""
    folder = tmp_path_factory.mktemp("timer")
    try:
        lab("up", "--vm", "--name", LAB, "--inventory", str(folder / "hosts.yml"))
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder / "libraries", "--python-version", "3.11",
                        "--only-binary=:all:", "--constraint", ROOT / "requirements.txt", *LIBRARIES], check=True)
        copy(folder / "libraries", "/opt/libraries", ".")
        copy(ROOT, PLACE, "plugins", "scripts", "requirements.txt")
        on_host(LAB, HOST, SETUP)
        yield folder / "hosts.yml"
    finally:
        lab("down", "--name", LAB)


def copy(folder: Path, to: str, *names: str) -> None:
    """With what is compiled already, for the machine is slow."""
    packed = subprocess.run(["tar", "-C", folder, "-cz", *names], check=True, capture_output=True).stdout
    subprocess.run([ROOT / "scripts" / "lab", "ssh", "--name", LAB, HOST, f"mkdir -p {to}; tar -C {to} -xz"], input=packed, check=True)


def play(inventory: Path, folder: Path, **variables: Any) -> subprocess.CompletedProcess[str]:
    """The role as playbooks/schedule.yml runs it, with another machine as the control node."""
    playbook = folder / "play.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": HOST, "gather_facts": False, "roles": [{"role": "caretaker.infra.schedule"}], "vars": {
        "schedule_collection": PLACE, "caretaker_home": HOME, "schedule_inventories": ["/etc/caretaker/fleet.yml"],
        "caretaker_approvers_file": f"{HOME}/approvers", "caretaker_schedule": SCHEDULE, **variables}}]))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "CARETAKER_LEDGER": str(folder / "ledger.jsonl"),
                   "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections")}
    return subprocess.run([ROOT / ".venv" / "bin" / "ansible-playbook", "-i", inventory, playbook], capture_output=True, text=True, env=environment)


def tries() -> list[tuple[str, str]]:
    text = on_host(LAB, HOST, f"cat {HOME}/schedule/tries.jsonl || true")
    return [(item["quarter"], item["outcome"]) for item in map(json.loads, text.splitlines())]


def fired(since: str) -> str:
    """What the service said since then, once it has ended."""
    for _second in range(SECONDS_TO_FIRE):
        told = on_host(LAB, HOST, f"journalctl --no-pager --output cat -u caretaker-inspection.service --since '{since}'")
        if "Consumed" in told and "activating" not in on_host(LAB, HOST, "systemctl show -p ActiveState --value caretaker-inspection.service"):
            return told
        time.sleep(1)
    raise AssertionError(f"the timer did not fire; since {since} there is only: {told}")


def test_across_the_ends_of_quarters(inventory: Path, tmp_path: Path) -> None:
    on_host(LAB, HOST, "date -u -s '2026-09-30 12:00:00'")
    wrong = play(inventory, tmp_path, caretaker_schedule={**SCHEDULE, "window": "1am"})
    assert wrong.returncode != 0
    assert "window is '1am', but must be hours like 01:00-05:00" in " ".join(wrong.stdout.split()), wrong.stdout
    installed = play(inventory, tmp_path)
    assert installed.returncode == 0, installed.stdout + installed.stderr

    # a holiday, though it is the first of the quarter
    on_host(LAB, HOST, "date -u -s '2026-10-01 00:59:57'")
    assert "Nothing is due. Next: the inspection of 2026Q4 at 2026-10-02 01:00 UTC." in fired("2026-10-01 00:59:00")
    assert tries() == []

    # its first working day: the inspection is tried, and that it may not be is told loudly
    on_host(LAB, HOST, "date -u -s '2026-10-02 00:59:57'")
    told = fired("2026-10-02 00:59:00")
    assert "NO INSPECTION of 2026Q4 (refused)" in told
    assert "It is tried again at 2026-10-05 01:00 UTC." in told
    assert on_host(LAB, HOST, "systemctl is-failed caretaker-inspection.service").strip() == "failed"
    assert "the inspection that was due is missing" in on_host(LAB, HOST, "journalctl --no-pager --priority crit --since '2026-10-02 00:59:00'")

    # down over the beginning of the next quarter's hours: tried as soon as the timer is back
    on_host(LAB, HOST, "systemctl stop caretaker-inspection.timer; date -u -s '2027-01-01 03:00:00'; systemctl start caretaker-inspection.timer")
    assert "NO INSPECTION of 2027Q1" in fired("2027-01-01 02:59:00")
    assert tries() == [("2026Q4", "refused"), ("2027Q1", "refused")]

    # down over all of them: left for the next working day
    on_host(LAB, HOST, "systemctl stop caretaker-inspection.timer; date -u -s '2027-04-01 06:00:00'; systemctl start caretaker-inspection.timer")
    assert "Nothing is due. Next: the inspection of 2027Q2 at 2027-04-02 01:00 UTC." in fired("2027-04-01 05:59:00")

    removed = play(inventory, tmp_path, schedule_state="absent")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert "caretaker-inspection" not in on_host(LAB, HOST, "systemctl list-timers --all --no-pager; ls /etc/systemd/system")
    assert len(tries()) == 2
