# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The letter about a try of the timer."""

from __future__ import annotations

from collections.abc import Mapping

from ..mail import Letter
from .attempt import Ended
from .calendar import Slot
from .tries import DONE

PLACES = ("critical", "warning", "unknown")


def letter_of(ended: Ended, quarter: str, upcoming: Slot | None, to: tuple[str, ...], node: str) -> Letter:
    """What was found and where the report is, or that there was no inspection, why, and when it is tried again."""
    if ended.outcome in DONE:
        text = [ended.text, "", f"Report: {ended.report} on {node}"]
        return Letter(to, f"Caretaker: {ended.run} {counted(ended.counts or {})}", "\n".join(text) + "\n")
    again = f"It is tried again at {upcoming.begin:%Y-%m-%d %H:%M %Z}." if upcoming else "There is no working day to try again on."
    text = [f"The inspection of {quarter} could not be made on {node} ({ended.outcome}):", "", ended.text, "", again]
    return Letter(to, f"Caretaker: NO INSPECTION of {quarter} ({ended.outcome})", "\n".join(text) + "\n")


def counted(counts: Mapping[str, int]) -> str:
    """``2 critical, 5 warning, 1 of 20 hosts not inspected``."""
    parts = [f"{counts[name]} {name}" for name in PLACES if counts.get(name)]
    if counts.get("unreached"):
        parts.append(f"{counts['unreached']} of {counts.get('hosts', 0)} hosts not inspected")
    return ", ".join(parts) or "nothing found"
