# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the timer runs: an inspection that is mailed, one that may not be or can't, and owners who are told."""

from __future__ import annotations

import fcntl
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab import ROOT
from tests.mailbox import Mailbox, running

LOCAL = """
all:
  hosts:
    localhost: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  vars: {caretaker_become: false, caretaker_sample_seconds: 0, caretaker_subjects: [identity, memory], caretaker_owner_email: owner@example.com}
"""
GONE = "    gone: {ansible_host: 127.0.0.1, ansible_port: 9}\n  vars:"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, dict[str, Any]]]:
    box = Mailbox()
    with running(box) as port:
        yield box, {"server": "127.0.0.1", "port": port, "security": "none", "from": "caretaker@example.com"}


def home_with(folder: Path, inventory: str, mail: dict[str, Any], **more: Any) -> Path:
    """A home with a schedule."""
    (folder / "fleet.yml").write_text(inventory)
    home = folder / "home"
    (home / "schedule").mkdir(parents=True)
    (home / "schedule" / "schedule.yml").write_text(yaml.safe_dump({
        "inventories": [str(folder / "fleet.yml")], "window": "01:00-05:00", "time_zone": "UTC", "keep": 1, "mail": mail,
        "mail_to": ["operations@example.com"], **more}))
    return home


def script(name: str, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "scripts" / name, "--home", home, *words], capture_output=True, text=True, timeout=300)


def tries(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "schedule" / "tries.jsonl").read_text().splitlines()]


def test_an_inspection_that_is_due(tmp_path: Path, mailbox: tuple[Mailbox, dict[str, Any]]) -> None:
    box, mail = mailbox
    home = home_with(tmp_path, LOCAL, mail)
    for number in (1, 2):
        done = script("scheduled", home, "--now")
        assert done.returncode == 0, done.stdout + done.stderr
        assert tries(home)[-1]["run"].endswith(f"-00{number}")
    letter = box.letters[0]
    assert (letter["To"], letter["Subject"].split(" ")[:2]) == ("operations@example.com", ["Caretaker:", tries(home)[0]["run"]])
    assert "Hosts: 1 inspected, 0 not" in letter.get_content()
    assert f"Report: {home}/reports/{tries(home)[0]['run']} on " in letter.get_content()
    assert len(list((home / "schedule" / "runner" / "artifacts").iterdir())) == 1, "kept more of Ansible's output than wished"
    assert (home / "ledger" / "ledger.jsonl").exists()

    again = script("scheduled", home)
    assert (again.returncode, again.stdout[:20]) == (0, "Nothing is due. Next")
    status = json.loads(script("status", home, "--format", "json").stdout)
    assert "inspected" in status["timer"]["last"]
    assert tries(home)[0]["quarter"] not in status["timer"]["next"]
    assert status["ledger"].startswith("verified")


def test_no_inspection_without_an_approved_plan(tmp_path: Path, mailbox: tuple[Mailbox, dict[str, Any]]) -> None:
    box, mail = mailbox
    (tmp_path / "approvers").write_text("")
    home = home_with(tmp_path, LOCAL, mail, needs_plan=True, approvers_file=str(tmp_path / "approvers"))
    done = script("scheduled", home, "--now")
    assert done.returncode == 1
    (letter,) = box.letters
    assert letter["Subject"] == f"Caretaker: NO INSPECTION of {tries(home)[0]['quarter']} (refused)"
    assert "no plan of an inspection has a window that is open now" in letter.get_content()
    assert "It is tried again at" in letter.get_content()
    assert not (home / "reports").exists()
    status = script("status", home)
    assert status.returncode == 1
    assert "refused: " in status.stdout


@pytest.mark.parametrize(("inventory", "outcome", "told"), [
    (LOCAL.replace("  vars:", GONE), "incomplete", "1 of 2 hosts not inspected"),
    (LOCAL.replace("caretaker_become", "caretaker_becom"), "failed", "unknown variable caretaker_becom; did you mean caretaker_become?"),
    ("all: {hosts: [}", "failed", "Completely failed to parse inventory source"),
])
def test_an_inspection_that_goes_wrong(
    tmp_path: Path, mailbox: tuple[Mailbox, dict[str, Any]], inventory: str, outcome: str, told: str
) -> None:
    box, mail = mailbox
    home = home_with(tmp_path, inventory, mail)
    done = script("scheduled", home, "--now")
    assert done.returncode == 1, done.stdout
    assert tries(home)[0]["outcome"] == outcome
    (letter,) = box.letters
    assert told in " ".join(f"{letter['Subject']} {letter.get_content()}".split())


def test_a_mail_server_that_is_down_is_told(tmp_path: Path) -> None:
    (tmp_path / "approvers").write_text("")
    mail = {"server": "127.0.0.1", "port": 9, "security": "none", "from": "caretaker@example.com"}
    home = home_with(tmp_path, LOCAL, mail, needs_plan=True, approvers_file=str(tmp_path / "approvers"))
    done = script("scheduled", home, "--now")
    assert done.returncode == 1
    assert "the letter could not be sent: the mail server 127.0.0.1:9" in done.stderr
    assert "NO INSPECTION" in done.stderr


def test_one_at_a_time_and_only_with_a_schedule(tmp_path: Path) -> None:
    home = tmp_path / "home"
    none = script("scheduled", home, "--now")
    assert (none.returncode, none.stderr[:19]) == (2, "scripts/scheduled: ")
    assert "playbooks/schedule.yml writes it" in none.stderr
    with (home / "schedule" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = script("scheduled", home, "--now")
    assert (other.returncode, other.stderr) == (0, "Another scheduled inspection is going on.\n")


class Webhook(BaseHTTPRequestHandler):
    given: list[tuple[str | None, Any]] = []        # noqa: RUF012

    def do_POST(self) -> None:
        self.given.append((self.headers.get("X-Token"), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[str]:
    Webhook.given.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/caretaker"
    server.shutdown()
    server.server_close()


def test_owners_are_told(tmp_path: Path, mailbox: tuple[Mailbox, dict[str, Any]], webhook: str) -> None:
    box, mail = mailbox
    (tmp_path / "fleet.yml").write_text(LOCAL)
    home = tmp_path / "home"
    levels = {"memory_available": {"available_ratio": {"warning": 1.0, "critical": 1.0}}}
    inspected = script("inspect", home, "-i", str(tmp_path / "fleet.yml"), "-e", json.dumps({"caretaker_levels": levels}))
    assert inspected.returncode == 0, inspected.stdout
    (run,) = [path.name for path in (home / "reports").iterdir()]

    def notify(**variables: Any) -> subprocess.CompletedProcess[str]:
        given = {"caretaker_home": str(home), "run": run, "caretaker_mail": mail, **variables}
        return subprocess.run(
            [ROOT / ".venv" / "bin" / "ansible-playbook", "-i", tmp_path / "fleet.yml", "caretaker.infra.notify", "-e", json.dumps(given)],
            capture_output=True, text=True, timeout=120, cwd=ROOT, env={
                "PATH": f"{ROOT}/.venv/bin:/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections")})

    done = notify(caretaker_webhook={"url": webhook, "headers": {"X-Token": "t0ken"}})
    assert done.returncode == 0, done.stdout + done.stderr
    (letter,) = box.letters
    assert letter["To"] == "owner@example.com"
    assert "CRITICAL  localhost  memory" in letter.get_content()
    ((token, document),) = Webhook.given
    assert (token, document["to"], document["hosts"]) == ("t0ken", "owner@example.com", ["localhost"])
    assert {"memory_available"} <= {item["about"] for item in document["items"]}

    chinese = notify(caretaker_language="zh_CN")
    assert chinese.returncode == 0, chinese.stdout
    assert "严重  localhost  memory" in box.letters[-1].get_content()
    for variables, told in (({"run": "1999Q1-001"}, "the records have no run '1999Q1-001'"),
                            ({"caretaker_owner_email": ""}, "no owner has an address: set caretaker_owner_email"),
                            ({"caretaker_mail": {"server": "x"}}, "caretaker_mail: from is ''"),
                            ({"caretaker_owner_email": "owner@example.org"}, "refuses owner@example.org (550 no such user)")):
        refused = notify(**variables)
        assert refused.returncode != 0
        assert told in " ".join(refused.stdout.split()), refused.stdout
    assert len(box.letters) == 2
