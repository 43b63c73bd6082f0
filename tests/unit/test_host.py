# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the host: each outcome is recorded for what it is."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from plugins.module_utils.host import Host, Limits, Recorder, command_key
from plugins.module_utils.observation import observe
from plugins.module_utils.redaction import redact


def recorder(command_timeout: float = 5, deadline: float = 30, max_bytes: int = 10000) -> Recorder:
    return Recorder(Limits(command_timeout, deadline, max_bytes))


def script(folder: Path, text: str) -> str:
    path = folder / "tool"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(stat.S_IRWXU)
    return str(path)


def test_file_is_recorded_once_and_returned(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    path.write_text("1\n")
    recording = recorder()
    assert Host(recording, "a").file(str(path)) == "1\n"
    assert Host(recording, "b").file(str(path)) == "1\n"
    assert [(entry["subject"], entry["key"], entry["text"]) for entry in recording.entries] == [("a", str(path), "1\n")]


@pytest.mark.parametrize(("name", "error"), [("missing", "not_found"), ("", "failed")])
def test_file_that_cannot_be_read(tmp_path: Path, name: str, error: str) -> None:
    recording = recorder()
    assert Host(recording, "a").file(str(tmp_path / name)) is None
    assert recording.entries[0]["error"] == error


def test_file_too_large_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_text("x" * 101)
    recording = recorder(max_bytes=100)
    Host(recording, "a").file(str(path))
    assert recording.entries[0]["error"] == "too_large"
    assert len(recording.entries[0]["text"]) == 100


def test_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin"
    path.write_bytes(b"caf\xe9")
    recording = recorder()
    assert Host(recording, "a").file(str(path)) == "caf\ufffd"


def test_named_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    recording = recorder()
    assert Host(recording, "a").file(str(tmp_path / "pipe")) is None
    assert recording.entries[0]["error"] == "failed"


def test_command_records_status_and_both_outputs(tmp_path: Path) -> None:
    recording = recorder()
    tool = script(tmp_path, "echo out; echo err >&2; exit 3\n")
    assert Host(recording, "a").command([tool]) == "out\n"
    entry = recording.entries[0]
    assert (entry["rc"], entry["text"], entry["stderr"]) == (3, "out\n", "err\n")
    assert "error" not in entry


def test_command_that_two_subjects_want_runs_once(tmp_path: Path) -> None:
    recording = recorder()
    tool = script(tmp_path, f"echo x >> {tmp_path}/count\n")
    Host(recording, "a").command([tool])
    Host(recording, "b").command([tool])
    assert (tmp_path / "count").read_text() == "x\n"
    assert len(recording.entries) == 1


def test_command_that_is_missing() -> None:
    recording = recorder()
    assert Host(recording, "a").command(["no-such-command-anywhere", "-x"]) is None
    assert recording.entries[0]["error"] == "not_found"


def test_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    recording = recorder(command_timeout=0.5)
    tool = script(tmp_path, f"sleep 30 & echo $! > {tmp_path}/child\necho begun\nwait\n")
    started = time.monotonic()
    assert Host(recording, "a").command([tool]) is None
    assert time.monotonic() - started < 10
    assert (recording.entries[0]["error"], recording.entries[0]["text"]) == ("timeout", "begun\n")
    child = int((tmp_path / "child").read_text())
    for _attempt in range(50):
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)


def alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_command_that_closes_its_outputs_and_stays_is_killed(tmp_path: Path) -> None:
    recording = recorder(command_timeout=0.5)
    Host(recording, "a").command([script(tmp_path, "exec >&- 2>&-\nexec sleep 30\n")])
    assert recording.entries[0]["error"] == "timeout"


def test_command_that_prints_without_end_is_cut_and_killed(tmp_path: Path) -> None:
    recording = recorder(max_bytes=5000)
    Host(recording, "a").command([script(tmp_path, "exec yes\n")])
    assert recording.entries[0]["error"] == "too_large"
    assert len(recording.entries[0]["text"]) == 5000


def test_command_after_the_deadline_is_not_started(tmp_path: Path) -> None:
    recording = recorder(deadline=0)
    Host(recording, "a").command([script(tmp_path, f"touch {tmp_path}/ran\n")])
    assert recording.entries[0]["error"] == "timeout"
    assert not (tmp_path / "ran").exists()


def test_command_for_root_is_denied_to_others(tmp_path: Path) -> None:
    recording = recorder()
    recording.is_root = False
    Host(recording, "a").command([script(tmp_path, "echo x\n")], root=True)
    assert recording.entries[0]["error"] == "denied"


def test_command_has_no_input_and_a_plain_locale(tmp_path: Path) -> None:
    recording = recorder()
    assert Host(recording, "a").command([script(tmp_path, "cat; echo $LC_ALL\n")]) == "C\n"


@pytest.mark.parametrize(("argv", "key"), [
    (["df", "-PT"], "df -PT"), (["sh", "-c", "a b"], "sh -c 'a b'"), (["x", ""], "x ''"), (["x", "it's"], "x 'it'\\''s'"),
])
def test_command_key(argv: list[str], key: str) -> None:
    assert command_key(argv) == key


@pytest.mark.parametrize("text", [
    "mysqld --password=hunter2 -u x", "PGPASSWORD=hunter2", "api_key = \"hunter2\"", "--db-password hunter2 --x",
    "postgresql://app:hunter2@db/x", "root:$6$salt$hunter2hunter2hunter2:19000", "client_secret=hunter2;",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
])
def test_secrets_are_redacted(text: str) -> None:
    assert "hunter2" not in redact(text)


@pytest.mark.parametrize("text", ["Failed password for root from 192.0.2.7 port 22", "PasswordAuthentication yes", "permitemptypasswords no"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("unit", ["a", "password", "-", "--pwd-", "://", "$6$", "token=", "-----BEGIN PRIVATE KEY-----"])
def test_a_megabyte_without_a_line_end_is_searched_in_time(unit: str) -> None:
    assert len(redact("password: hunter2 " + unit * (1000000 // len(unit)))) > 0


def test_capture_of_this_machine_has_every_subject_and_no_crash() -> None:
    capture = observe([], 0, 15, 60, 1 << 20, 0)
    assert capture["entries"]
    assert [entry for entry in capture["entries"] if entry["kind"] == "subject"] == []


def test_counter_files_are_read_twice() -> None:
    capture = observe(["memory"], 0.2, 15, 60, 1 << 20, 0)
    times = [entry["at"] for entry in capture["entries"] if entry["key"] == "/proc/vmstat"]
    assert len(times) == 2
    assert times[1] - times[0] >= 0.15


def test_asking_a_client_program_records_nothing(tmp_path: Path) -> None:
    recording = recorder()
    tool = script(tmp_path, 'cat; printf "%s" "$SECRET_WORD" >&2')
    answer = Host(recording, "a").ask([tool], stdin="select 1", environment={"SECRET_WORD": "open sesame"})
    assert (answer["rc"], answer["text"], answer["stderr"]) == (0, "select 1", "open sesame")
    assert recording.entries == []


def test_long_input_reaches_a_program_that_answers_at_once(tmp_path: Path) -> None:
    recording = recorder(max_bytes=1000000)
    answer = Host(recording, "a").ask([script(tmp_path, "cat")], stdin="x" * 300000)
    assert len(answer["text"]) == 300000


def test_program_that_reads_nothing_of_a_long_input(tmp_path: Path) -> None:
    assert Host(recorder(), "a").ask([script(tmp_path, "exit 3")], stdin="x" * 300000)["rc"] == 3


@pytest.mark.parametrize(("argv", "user", "error"), [(["nosuchtool"], None, "not_found"), (["sh"], "nosuchuser", "failed")])
def test_program_that_cannot_be_asked(argv: list[str], user: str | None, error: str) -> None:
    answer = Host(recorder(), "a").ask(argv, user=user)
    assert answer["error"] == error
    assert (user or argv[0]) in answer["stderr"]


def test_only_root_becomes_another_account() -> None:
    recording = recorder()
    recording.is_root = False
    host = Host(recording, "a")
    assert host.ask(["sh"], user="daemon")["error"] == "denied"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_asking_as_another_account() -> None:
    assert Host(recorder(), "a").ask(["id", "-un"], user="daemon")["text"] == "daemon\n"


def test_secrets_are_replaced_wherever_they_turn_up() -> None:
    recording = Recorder(Limits(5, 30, 10000), secrets=["open sesame", None])
    Host(recording, "a").record("settings", "5432", "motd open sesame\n", stderr="open sesame?")
    assert [(entry["key"], entry["text"], entry["stderr"]) for entry in recording.entries] == [
        ("a 5432 settings", "motd <redacted>\n", "<redacted>?")]


@pytest.mark.parametrize(("asked", "found"), [("5432", "one"), ("5433", "any"), ("x", "any")])
def test_credential_of_an_instance(asked: str, found: str) -> None:
    credentials = [{"subject": "b", "password": "other"}, {"subject": "a", "instance": "5432", "password": "one"}, {"subject": "a", "password": "any"}]
    credential = Host(recorder(), "a", credentials=credentials).credential(asked)
    assert credential is not None
    assert credential["password"] == found


def test_no_credential() -> None:
    assert Host(recorder(), "a").credential("5432") is None


@pytest.mark.parametrize(("limit", "text"), [(100, "first\nsecond\nthird\n"), (19, "first\nsecond\nthird\n"), (13, "second\nthird\n"), (12, "third\n")])
def test_tail_begins_with_a_whole_line(tmp_path: Path, limit: int, text: str) -> None:
    (tmp_path / "log").write_text("first\nsecond\nthird\n")
    recording = recorder()
    assert Host(recording, "a").tail(str(tmp_path / "log"), "5432", "log", max_bytes=limit) == text
    assert [(entry["kind"], entry["key"], entry["text"]) for entry in recording.entries] == [("tail", "a 5432 log", text)]


def test_tail_of_a_missing_log(tmp_path: Path) -> None:
    recording = recorder()
    assert Host(recording, "a").tail(str(tmp_path / "log"), "5432", "log") is None
    assert recording.entries[0]["error"] == "not_found"
