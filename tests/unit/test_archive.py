# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.observation import pack
from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import BadCapture, Entry, archive_path, host_file_name, load, parse, store, succeeded, text_of, unpack

DOCUMENT: dict[str, Any] = {
    "schema": 1, "host": "db1", "run": "2026Q4-001", "taken_at": "2026-11-22T03:00:00Z", "seconds": 1.5, "source": "linux",
    "subjects": ["memory"], "entries": [{"subject": "memory", "kind": "file", "key": "/proc/meminfo", "text": "x", "at": 0.1}],
}


def test_what_is_stored_is_loaded_again(tmp_path: Path) -> None:
    path, sha256 = store(tmp_path, DOCUMENT)
    capture = load(path)
    assert (capture.host, capture.run, capture.text("/proc/meminfo")) == ("db1", "2026Q4-001", "x")
    assert capture.taken_at.isoformat() == "2026-11-22T03:00:00+00:00"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(sha256) == 64
    assert [item.name for item in path.parent.iterdir()] == ["db1.json.zst"]


@pytest.mark.parametrize("host", ["../../x", "..", ".", "a/b", "/etc/passwd", "host with blanks", "h\u00f6st", "x\0y", "2001:db8::1"])
def test_no_host_name_leaves_its_folder(tmp_path: Path, host: str) -> None:
    path = archive_path(tmp_path, "run", host)
    assert path.parent == tmp_path / "archive" / "run"
    assert "\0" not in str(path)
    store(tmp_path, {**DOCUMENT, "host": host})
    assert load(next((tmp_path / "archive" / "2026Q4-001").iterdir())).host == host


def test_different_hosts_have_different_files() -> None:
    names = ["../../x", "..%2F..%2Fx", "%2E%2E%2F%2E%2E%2Fx", "x", "X"]
    assert len({host_file_name(name) for name in names}) == len(names)


@pytest.mark.parametrize(("change", "part"), [
    ({"schema": 2}, "schema is 2"), ({"host": None}, "None"), ({"taken_at": "yesterday"}, "yesterday"), ({"entries": [{"kind": "file"}]}, "subject"),
    ({"entries": 3}, "int"),
])
def test_bad_capture_names_what_is_wrong(change: dict[str, Any], part: str) -> None:
    document = {**DOCUMENT, **change}
    if change.get("host", 0) is None:
        del document["host"]
        part = "host"
    with pytest.raises(BadCapture, match=part):
        parse(document, "x.json")


@pytest.mark.parametrize("data", [b"", b"garbage", b"[1]", b"\x28\xb5\x2f\xfd"])
def test_garbage_is_a_bad_capture(tmp_path: Path, data: bytes) -> None:
    for name in ("x.json", "x.json.zst"):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadCapture, match=name):
            load(tmp_path / name)


def test_unpack_is_the_inverse_of_pack() -> None:
    assert unpack(pack(DOCUMENT)) == DOCUMENT
    for packed in ("", "!!!", pack([1])):
        with pytest.raises(BadCapture):
            unpack(packed)


@pytest.mark.parametrize(("error", "kind"), [("not_found", NotHere), ("denied", Unknown), ("timeout", Unknown), ("too_large", Unknown), ("failed", Unknown)])
def test_only_what_is_not_there_is_not_here(error: str, kind: type) -> None:
    assert isinstance(text_of(Entry("s", "command", "x", text="half", error=error)), kind)


def test_exit_status_counts_only_where_it_is_asked() -> None:
    entry = Entry("s", "command", "lvs", text="x", rc=5, stderr="Failed to find VG")
    assert text_of(entry) == "x"
    outcome = succeeded(entry)
    assert isinstance(outcome, Unknown)
    assert outcome.values["detail"] == "Failed to find VG"


def test_what_nobody_looked_at_is_unknown() -> None:
    assert isinstance(parse(DOCUMENT, "x").text("/proc/other"), Unknown)


def test_raw_folder(tmp_path: Path) -> None:
    (tmp_path / "files/proc").mkdir(parents=True)
    (tmp_path / "files/proc/stat").write_text("1")
    (tmp_path / "files/proc/stat.2").write_text("2")
    (tmp_path / "commands/df").mkdir(parents=True)
    (tmp_path / "commands/df/argv").write_text("df\n-P\n/a b\n")
    (tmp_path / "commands/df/stdout").write_bytes(b"out\xff")
    (tmp_path / "commands/df/rc").write_text("1\n")
    (tmp_path / "about.json").write_text(json.dumps({"host": "old", "sample_seconds": 5}))
    capture = load(tmp_path)
    assert capture.host == "old"
    assert [entry.at for entry in capture.samples("/proc/stat")] == [0.0, 5]
    entry = capture.entry("df -P '/a b'")
    assert entry is not None
    assert (entry.text, entry.rc) == ("out\ufffd", 1)
    with pytest.raises(BadCapture, match="holds neither"):
        load(tmp_path / "files" / "proc")
