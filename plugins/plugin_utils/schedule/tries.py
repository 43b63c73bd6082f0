# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the timer's tries: tries.jsonl in the folder ``schedule`` of the home, a line each.

    {"at": "2026-10-01T01:00:03Z", "quarter": "2026Q4", "outcome": "refused", "message": "no approved plan ...", "run": null}
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

INSPECTED = "inspected"         # every host was
INCOMPLETE = "incomplete"       # recorded and reported, but hosts could not be inspected: a recheck is due, not another run
REFUSED = "refused"             # it was not allowed: no approved plan
FAILED = "failed"
DONE = (INSPECTED, INCOMPLETE)


@dataclass(frozen=True)
class Try:
    """``at``: text of a time in UTC; ``run`` None where none was recorded."""

    at: str
    quarter: str
    outcome: str
    message: str
    run: str | None = None


def read(path: Path) -> list[Try]:
    """Oldest first. A line that was cut off when the machine went down tells of no try."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    tries = []
    for line in lines:
        try:
            tries.append(Try(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return tries


def add(path: Path, item: Try) -> None:
    is_torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * is_torn + json.dumps(asdict(item)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def quarters_done(tries: Iterable[Try]) -> frozenset[str]:
    return frozenset(item.quarter for item in tries if item.outcome in DONE)
