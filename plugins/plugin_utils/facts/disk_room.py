# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full a disk is, as df tells it."""

from __future__ import annotations


def used_ratio(used: int, available: int) -> float | None:
    """0 to 1, of what an ordinary user may use: what only root may fill is neither used nor available. None where nothing is counted."""
    return used / (used + available) if used + available else None
