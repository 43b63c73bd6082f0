# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries about what runs found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from ..comparison import State
from ..findings import Severity
from .tables import DEVICES, RESULTS


def open_findings(connection: Connection, run: str) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    """(host, rule, object, values) of what a run found to be a warning or worse and nobody waived."""
    columns = (DEVICES.c.name, RESULTS.c.rule, RESULTS.c.object, RESULTS.c["values"], RESULTS.c.waiver)
    found = select(*columns).join_from(RESULTS, DEVICES).where(
        RESULTS.c.run == run, RESULTS.c.severity >= int(Severity.WARNING),
        RESULTS.c.state.not_in((State.RESOLVED.value, State.NOT_RECHECKED.value)))
    return [(host, rule, thing, values) for host, rule, thing, values, waiver in connection.execute(found) if waiver is None]
