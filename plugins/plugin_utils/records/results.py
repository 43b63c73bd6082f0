# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries about what runs found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from ..comparison import State
from ..findings import Severity
from .tables import DEVICES, INSPECTIONS, RESULTS


class OpenFinding(NamedTuple):
    """``message`` is a template for ``values`` (wording.py)."""

    host: str
    rule: str
    object: str
    severity: Severity
    message: str
    values: Mapping[str, Any]


def open_findings(connection: Connection, run: str, least: Severity = Severity.WARNING) -> list[OpenFinding]:
    """What a run found to be so bad or worse and nobody waived."""
    of = RESULTS.c
    columns = (DEVICES.c.name, of.rule, of.object, of.severity, of.message, of["values"], of.waiver)
    found = select(*columns).join_from(RESULTS, DEVICES).where(
        of.run == run, of.severity >= int(least), of.state.not_in((State.RESOLVED.value, State.NOT_RECHECKED.value)))
    return [OpenFinding(host, rule, thing, Severity(severity), message, values)
            for host, rule, thing, severity, message, values, waiver in connection.execute(found) if waiver is None]


def hosts_of(connection: Connection, run: str) -> list[str]:
    """The hosts and clusters that a run inspected or tried to."""
    return list(connection.execute(select(DEVICES.c.name).join_from(INSPECTIONS, DEVICES).where(INSPECTIONS.c.run == run)).scalars())
