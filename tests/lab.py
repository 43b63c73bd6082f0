# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab hosts for integration tests and benches, and the inspection run on them as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class LabError(Exception):
    """What scripts/lab, or a script on a host of a lab, said as it failed."""


@dataclass(frozen=True)
class Done:
    """An ended inspection; ``hosts`` {name: its part of the report}, empty without a report."""

    status: int
    output: str
    home: Path

    @property
    def runs(self) -> list[str]:
        return sorted(path.name for path in (self.home / "reports").glob("*") if not path.name.endswith(".partial"))

    def hosts(self, run: str | None = None) -> dict[str, Any]:
        folder = self.home / "reports" / (run or self.runs[-1])
        lines = (folder / "hosts.jsonl").read_text().splitlines()
        return {document["host"]: document for document in map(json.loads, lines)}


def lab(*words: str) -> str:
    """Run scripts/lab; its output. Raises LabError."""
    done = subprocess.run([ROOT / "scripts" / "lab", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise LabError(done.stdout + done.stderr)
    return done.stdout


@contextmanager
def fresh_lab(name: str, *words: str) -> Iterator[None]:
    """Hosts as ``lab up`` with these words makes them, for as long as the context lasts; what a killed run left of them goes first."""
    lab("down", "--name", name)
    try:
        lab("up", "--name", name, *words)
        yield
    finally:
        lab("down", "--name", name)


def on_host(name: str, host: str, script: str) -> str:
    """What a script prints on a host of a lab. Raises LabError."""
    return lab("ssh", "--name", name, host, script)


def command(inventory: Path, home: Path, *words: str) -> list[str]:
    return [str(ROOT / "scripts" / "inspect"), "-i", str(inventory), "--home", str(home), "-e", "caretaker_sample_seconds=0", *words]


def inspect(inventory: Path, home: Path, *words: str) -> Done:
    done = subprocess.run(command(inventory, home, *words), capture_output=True, text=True, env={**os.environ, "ANSIBLE_FORCE_COLOR": "0"})
    return Done(done.returncode, done.stdout + done.stderr, home)


def findings(document: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [item for item in document["findings"] if item["rule"] == rule]
