# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The remedies that Caretaker can carry out: safe ones, each with a way back. Whatever else a finding needs is an instruction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WRITABLE_BY_OTHERS = 0o022
NO_LIMIT = "no limit of ours"


@dataclass(frozen=True)
class Remedy:
    """``name`` is a task file of the role remedy. ``before``, ``after`` and ``rollback`` are what the step's object is, will be, and is
    put back to; the role goes on only where it finds ``before``."""

    name: str
    before: str
    after: str
    rollback: str


def remedy_for(rule: str, values: Mapping[str, Any]) -> Remedy | None:
    """The remedy for a finding of a rule with these values; None where a person must look."""
    if rule in ("failed_units", "unit_timer_failed"):
        # one whose file is broken or gone would only fail again
        return Remedy("restart_unit", "failed", "not failed", "stopped") if values.get("load", "loaded") == "loaded" else None
    if rule == "cron_daemon":
        return Remedy("start_cron", "stopped", "running", "stopped")
    if rule == "clock_synchronised" and values.get("kept") == "no":
        return Remedy("keep_time", "off", "on", "off")
    if rule == "journal_size":
        return Remedy("limit_journal", NO_LIMIT, "4.0G", NO_LIMIT)
    if rule == "cron_file_permissions" and isinstance(values.get("mode"), str):
        mode = values["mode"]
        return Remedy("set_mode", mode, f"{int(mode, 8) & ~WRITABLE_BY_OTHERS:04o}", mode)
    return None
