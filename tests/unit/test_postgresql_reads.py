# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL's processes have read, and from where."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.host import Host, Limits, Recorder
from plugins.module_utils.subjects import postgresql

IO = "rchar: {}\nwchar: 1\nsyscr: 2\nsyscw: 3\nread_bytes: {}\nwrite_bytes: 4\ncancelled_write_bytes: 5\n"
PROCESSES = [{"pid": 812, "parent": 1}, {"pid": 900, "parent": 812}, {"pid": 901, "parent": 812}, {"pid": 77, "parent": 1}, {"pid": 78, "parent": 77}]


def recorded(monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> dict[str, Any]:
    monkeypatch.setattr(postgresql, "text_of", lambda path: files.get(path, ""))
    recorder = Recorder(Limits(5, 20, 1 << 20))
    postgresql.look_at_reads(Host(recorder, "postgresql", 0), {"pid": 812, "instance": "5432"}, PROCESSES)
    (entry,) = recorder.entries
    return entry


def test_a_postmaster_with_its_own_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/proc/812/io": IO.format(1000, 400), "/proc/900/io": IO.format(20, 8), "/proc/77/io": IO.format(5, 5)}
    assert recorded(monkeypatch, files)["text"] == '[{"asked_bytes": 1020, "disk_bytes": 408}]', "process 901 has ended meanwhile"


def test_who_may_not_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = recorded(monkeypatch, {"/proc/900/io": IO.format(20, 8)})
    assert (entry["error"], entry["stderr"]) == ("denied", "/proc/812/io can't be read; inspect as root")
