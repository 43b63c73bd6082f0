# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules of the subject postgresql, in the order of the reports."""

from __future__ import annotations

from . import (
    postgresql_counters,
    postgresql_replication,
    postgresql_safety,
    postgresql_sessions,
    postgresql_settings,
    postgresql_state,
)

RULES = (
    *postgresql_state.RULES, *postgresql_sessions.RULES, *postgresql_counters.RULES, *postgresql_replication.RULES,
    *postgresql_safety.RULES, *postgresql_settings.RULES,
)
