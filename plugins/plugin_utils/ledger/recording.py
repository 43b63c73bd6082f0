# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the playbook that runs now is being recorded: the callback says so in its environment, and the ledger must bear it out."""

from __future__ import annotations

import json
import mmap
from datetime import UTC, datetime
from pathlib import Path

RUNNING = "CARETAKER_LEDGER_RUN"        # "RUN PATH", set by the callback for the processes that Ansible makes for tasks


def recorded_at(running: str) -> datetime | None:
    """The time of the newest entry of the ledger that this run's start is in, UTC; None where it is in none."""
    run, _blank, name = running.partition(" ")
    if not run or not name:
        return None
    try:
        with Path(name).open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
            if text.rfind(b'"run":"' + run.encode() + b'","event":"start"') < 0:
                return None
            end = text.rfind(b"\n")
            newest = json.loads(text[text.rfind(b"\n", 0, end) + 1:end])
        return datetime.fromisoformat(newest["at"]).astimezone(UTC)
    except (OSError, ValueError, KeyError, TypeError):
        return None
