# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first README command: this machine inspects itself, without SSH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.lab import ROOT, inspect


@pytest.mark.parametrize("pipelining", ["1", "0"])
def test_this_machine_is_inspected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipelining: str) -> None:
    monkeypatch.setenv("ANSIBLE_PIPELINING", pipelining)
    done = inspect(ROOT / "inventories" / "local", tmp_path / "home", *([] if os.geteuid() == 0 else ["-e", "caretaker_become=false"]))
    assert done.status == 0, done.output
    document = done.hosts()["localhost"]
    assert document["problem"] is None
    assert document["judged"] > 30
