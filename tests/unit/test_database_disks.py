# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disks under databases are as full as df says, also where root has a reserve."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugins.module_utils.host import Host, Limits, Recorder
from plugins.module_utils.subjects import mysql as mysql_subject, postgresql as postgresql_subject
from plugins.plugin_utils.facts import mysql
from plugins.plugin_utils.facts.postgresql_model import Folder

BLOCKS, FREE, FREE_TO_ALL = 1000, 300, 200        # 100 blocks are root's reserve; df says 78 %


@pytest.fixture(autouse=True)
def _a_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    room = os.statvfs_result((4096, 4096, BLOCKS, FREE, FREE_TO_ALL, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: room)


def test_of_mysql(tmp_path: Path) -> None:
    host = Host(Recorder(Limits(5, 30, 10**6)), "mysql")
    mysql_subject.look_at_files(host, "3306", str(tmp_path), "")
    (entry,) = host._recorder.entries
    assert mysql.parse_files(entry["text"]).disks["datadir"].used_ratio == pytest.approx(700 / 900)


def test_of_postgresql(tmp_path: Path) -> None:
    folder = Folder(**postgresql_subject.folder("data", str(tmp_path)))
    assert folder.used_ratio == pytest.approx(700 / 900)
