# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first README command: this machine inspects itself, without SSH."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.lab import ROOT, inspect


@pytest.mark.parametrize("pipelining", ["1", "0"])
def test_this_machine_is_inspected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipelining: str) -> None:
    monkeypatch.setenv("ANSIBLE_PIPELINING", pipelining)
    done = inspect(ROOT / "inventories" / "local", tmp_path / "home", *([] if os.geteuid() == 0 else ["-e", "caretaker_become=false"]))
    assert done.status == 0, done.output
    document = done.hosts()["localhost"]
    assert document["problem"] is None
    assert document["judged"] > 30


@pytest.mark.parametrize(("inventory", "options", "told"), [
    (None, (), "Completely failed to parse inventory source"),
    ("all:\n  children:\n    web:\n", (), "The inventory has no hosts"),
    ("all:\n  hosts:\n    web1:\n", ("-e", "caretaker_targets=webb"), "Could not match supplied host pattern"),
    ("all:\n  hosts:\n    web1:\n", ("--limit", "webb"), "Could not match supplied host pattern"),
])
def test_inspection_of_nothing_does_not_end_well(tmp_path: Path, inventory: str | None, options: tuple[str, ...], told: str) -> None:
    path = tmp_path / "fleet.yml"
    if inventory is not None:
        path.write_text(inventory)
    command = [str(ROOT / "scripts" / "inspect"), "-i", str(path), "--home", str(tmp_path / "home"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0, done.stdout
    assert told in done.stdout + done.stderr
    assert not (tmp_path / "home" / "reports").exists()
