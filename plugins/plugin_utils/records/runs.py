# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries about runs: which there are, and what a new one adds beside its hosts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from ..quarters import quarter
from .tables import ARTEFACTS, RUNS


def next_run(taken: Iterable[str], now: datetime) -> str:
    """The next free run id of the quarter: ``2026Q4-001``."""
    prefix = quarter(now) + "-"
    numbers = [int(match.group(1)) for match in (re.fullmatch(re.escape(prefix) + r"(\d+)", run) for run in taken) if match]
    return f"{prefix}{max(numbers, default=0) + 1:03d}"


def run_ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(RUNS.c.id)).scalars())


def add_run(connection: Connection, run: str, started_at: datetime, recheck_of: str | None) -> None:
    connection.execute(insert(RUNS).values(
        id=run, kind="recheck" if recheck_of else "inspection", recheck_of=recheck_of, started_at=started_at, recorded_at=datetime.now(UTC),
    ))


def add_artefacts(connection: Connection, run: str, artefacts: Mapping[str, str]) -> None:
    """{path: sha256} of the files written for a run."""
    if artefacts:
        connection.execute(insert(ARTEFACTS), [{"run": run, "path": path, "sha256": sha256} for path, sha256 in artefacts.items()])
