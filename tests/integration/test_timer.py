# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a real systemd host, and the units it makes on one whose clock is moved across the ends of quarters.

The latter is emulated and slow: it gets the units as the role made them, and no inspection is made there, for the customer's approval
is missing each time; tests/integration/test_schedule.py makes one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab import ROOT, fresh_lab, on_host

pytestmark = [pytest.mark.lab, pytest.mark.vm]
LAB, NODE, VM, PLACE, HOME = "timer", "node1", "vm1", "/opt/caretaker", "/var/lib/caretaker"
UNITS = tuple(f"/etc/systemd/system/caretaker-inspection{name}" for name in (".service", ".timer", "-failed.service"))
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
"""
SCHEDULE = {"window": "01:00-05:00", "time_zone": "UTC", "holidays": ["2026-10-01"], "needs_plan": True}
# Starts the timer at a moment, and tells what the service said once it has ended
MOVE = """
set -e
systemctl stop caretaker-inspection.timer chrony.service
date -u -s '{moment}' > /tmp/begin
systemctl start caretaker-inspection.timer
for second in $(seq 90); do
    sleep 1
    said=$(journalctl --no-pager --output cat -u caretaker-inspection.service --since '{moment}')
    case $said in *Consumed*) echo "$said"; exit;; esac
done
echo "the timer did not fire within 90 s: $said"
"""


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two control nodes that have Caretaker and the libraries it needs, but no schedule."""
    folder = tmp_path_factory.mktemp("timer")
    with fresh_lab(LAB, "--hosts", NODE, "--vm", "--inventory", str(folder / "hosts.yml")):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder / "libraries", "--python-version", "3.11",
                        "--only-binary=:all:", "--constraint", ROOT / "requirements.txt", *LIBRARIES], check=True)
        for host in (NODE, VM):
            copy(host, folder / "libraries", "/opt/libraries", ".")
            copy(host, ROOT, PLACE, "plugins", "scripts", "requirements.txt")
            on_host(LAB, host, SETUP)
        yield folder / "hosts.yml"


def copy(host: str, folder: Path, to: str, *names: str) -> None:
    """With what is compiled already, for the machine is slow."""
    packed = subprocess.run(["tar", "-C", folder, "-c", *names], check=True, capture_output=True).stdout
    subprocess.run([ROOT / "scripts" / "lab", "ssh", "--name", LAB, host, f"mkdir -p {to}; tar -C {to} -x"], input=packed, check=True)


def play(inventory: Path, folder: Path, **variables: Any) -> subprocess.CompletedProcess[str]:
    """The role as playbooks/schedule.yml runs it, with another machine as the control node."""
    playbook = folder / "play.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": NODE, "gather_facts": False, "roles": [{"role": "caretaker.infra.schedule"}], "vars": {
        "schedule_collection": PLACE, "caretaker_home": HOME, "schedule_inventories": ["/etc/caretaker/fleet.yml"],
        "caretaker_approvers_file": f"{HOME}/approvers", "caretaker_schedule": SCHEDULE, **variables}}]))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "CARETAKER_LEDGER": str(folder / "ledger.jsonl"),
                   "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections")}
    return subprocess.run([ROOT / ".venv" / "bin" / "ansible-playbook", "-i", inventory, playbook], capture_output=True, text=True, env=environment)


def test_the_role(inventory: Path, tmp_path: Path) -> None:
    wrong = play(inventory, tmp_path, caretaker_schedule={**SCHEDULE, "window": "1am"}, caretaker_mail={"server": "m", "from": "a@b", "password": "hidden"})
    assert wrong.returncode != 0
    assert "window is '1am', but must be hours like 01:00-05:00" in " ".join(wrong.stdout.split()), wrong.stdout
    assert "hidden" not in wrong.stdout + (tmp_path / "ledger.jsonl").read_text()
    installed = play(inventory, tmp_path)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert "caretaker-inspection.timer" in on_host(LAB, NODE, "systemctl list-timers --no-pager")
    assert on_host(LAB, NODE, f"stat -c '%a %U' {HOME}/schedule/schedule.yml").split() == ["600", "root"]
    on_host(LAB, NODE, f"systemd-analyze verify {' '.join(UNITS)}")
    assert "changed=0" in play(inventory, tmp_path).stdout

    # on to the machine whose clock can be moved
    copied = on_host(LAB, NODE, f"tar -C / -c {HOME[1:]}/schedule/schedule.yml {' '.join(unit[1:] for unit in UNITS)} | base64 -w0")
    on_host(LAB, VM, f"echo {copied} | base64 -d | tar -C / -x; systemctl daemon-reload; systemctl enable -q caretaker-inspection.timer")
    for _time in range(2):
        removed = play(inventory, tmp_path, schedule_state="absent")
        assert removed.returncode == 0, removed.stdout + removed.stderr
    assert "caretaker-inspection" not in on_host(LAB, NODE, f"systemctl list-timers --all --no-pager; ls /etc/systemd/system {HOME}/schedule")


@pytest.mark.parametrize(("moment", "says", "tries"), [
    # a holiday, though it is the first of the quarter
    ("2026-10-01 00:59:57", "Nothing is due. Next: the inspection of 2026Q4 at 2026-10-02 01:00 UTC.", []),
    # its first working day: the inspection is tried
    ("2026-10-02 00:59:57", "It is tried again at 2026-10-05 01:00 UTC.", ["2026Q4"]),
    # down over the beginning of the next quarter's hours: tried as soon as the timer is back
    ("2027-01-01 03:00:00", "NO INSPECTION of 2027Q1 (refused)", ["2026Q4", "2027Q1"]),
    # down over all of them: left for the next working day
    ("2027-04-01 06:00:00", "Nothing is due. Next: the inspection of 2027Q2 at 2027-04-02 01:00 UTC.", ["2026Q4", "2027Q1"]),
])
def test_across_the_ends_of_quarters(moment: str, says: str, tries: list[str]) -> None:
    told = on_host(LAB, VM, MOVE.format(moment=moment))
    assert says in told
    text = on_host(LAB, VM, f"cat {HOME}/schedule/tries.jsonl || true")
    assert [(item["quarter"], item["outcome"]) for item in map(json.loads, text.splitlines())] == [(quarter, "refused") for quarter in tries]


def test_that_it_could_not_be_is_told_loudly() -> None:
    assert "the inspection that was due is missing" in on_host(LAB, VM, "journalctl --no-pager --priority crit --since 2026-10-02")
