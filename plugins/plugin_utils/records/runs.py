# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries: what a run adds, and what earlier runs left behind for a host."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select, update

from ..comparison import Key, Past, State
from ..findings import Severity
from ..inspection import History
from ..outcome import Outcome, Reported
from .tables import ARTEFACTS, DEVICES, FINDINGS, INSPECTIONS, MEASUREMENTS, RESULTS, RUNS

FORGET = delete(FINDINGS).where(
    FINDINGS.c.device == bindparam("of_device"), FINDINGS.c.rule == bindparam("of_rule"), FINDINGS.c.object == bindparam("of_object"),
)
HISTORY_LIMIT = 40          # inspections looked back for trends: ten years of quarters
# Made once: for a fleet of ten thousand, making them takes longer than asking them
OF_DEVICE: BindParameter[int] = bindparam("of_device")
DEVICE_BY_NAME = select(DEVICES.c.id, DEVICES.c.settings).where(DEVICES.c.name == bindparam("of_name"))
PAST = select(
    FINDINGS.c.rule, FINDINGS.c.object, FINDINGS.c.severity, FINDINGS.c.state, FINDINGS.c.times, FINDINGS.c.first_run, FINDINGS.c.message,
    FINDINGS.c["values"],
).where(FINDINGS.c.device == OF_DEVICE)
OLDEST = select(INSPECTIONS.c.taken_at).where(INSPECTIONS.c.device == OF_DEVICE).order_by(INSPECTIONS.c.taken_at.desc()).offset(
    HISTORY_LIMIT).limit(1)
MEASURED = select(
    MEASUREMENTS.c.rule, MEASUREMENTS.c.object, MEASUREMENTS.c.name, MEASUREMENTS.c.taken_at, MEASUREMENTS.c.value,
).where(MEASUREMENTS.c.device == OF_DEVICE).order_by(MEASUREMENTS.c.taken_at, MEASUREMENTS.c.id)
TREND = select(INSPECTIONS).where(INSPECTIONS.c.device == OF_DEVICE).order_by(INSPECTIONS.c.taken_at.desc()).limit(HISTORY_LIMIT)


def quarter(now: datetime) -> str:
    """``2026Q4``."""
    return f"{now.year}Q{(now.month + 2) // 3}"


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


def device_id(connection: Connection, name: str, settings: Mapping[str, Any]) -> int:
    """The device's id; it is added or its settings brought up to date."""
    found = connection.execute(DEVICE_BY_NAME, {"of_name": name}).first()
    if found is None:
        added = connection.execute(insert(DEVICES).values(name=name, settings=dict(settings)).returning(DEVICES.c.id))
        return int(added.scalar_one())
    if found.settings != settings:
        connection.execute(update(DEVICES).where(DEVICES.c.id == found.id).values(settings=dict(settings)))
    return int(found.id)


def past_of(connection: Connection, device: int) -> dict[Key, Past]:
    """What earlier runs said of the findings of a device."""
    return {
        (rule, thing): Past(Severity(severity), State(state), times, first_run, message, values)
        for rule, thing, severity, state, times, first_run, message, values in connection.execute(PAST, {"of_device": device})
    }


def history_of(connection: Connection, device: int) -> History:
    """The tracked figures of a device's newest inspections, oldest first."""
    oldest = connection.execute(OLDEST, {"of_device": device}).scalar()
    query = MEASURED if oldest is None else MEASURED.where(MEASUREMENTS.c.taken_at > oldest)
    history: dict[str, dict[str, dict[str, tuple[tuple[datetime, float], ...]]]] = {}
    for rule, thing, name, taken_at, value in connection.execute(query, {"of_device": device}):
        series = history.setdefault(rule, {}).setdefault(thing, {})
        series[name] = (*series.get(name, ()), (aware(taken_at), value))
    return history


def trend_of(connection: Connection, device: int) -> list[dict[str, Any]]:
    """[{"run", "taken_at", "score", "coverage", "counts"}] of a device's inspections, oldest first."""
    rows = connection.execute(TREND, {"of_device": device}).mappings().all()
    return [
        {"run": row["run"], "taken_at": aware(row["taken_at"]), "score": row["score"], "counts": row["counts"],
         "coverage": row["judged"] / row["applicable"] if row["applicable"] else 0.0}
        for row in reversed(rows)
    ]


def aware(moment: datetime) -> datetime:
    """SQLite gives back times without their zone; all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def add_outcome(connection: Connection, device: int, outcome: Outcome, sha256: str) -> None:
    """Record one host of a run: its inspection, results, the life of its findings, its measurements."""
    inspection = outcome.inspection
    connection.execute(insert(INSPECTIONS).values(
        run=outcome.run, device=device, taken_at=outcome.taken_at, reached=outcome.problem is None, score=inspection.score,
        applicable=inspection.applicable, judged=inspection.judged, counts=dict(outcome.counts), archive_sha256=sha256,
    ))
    if outcome.findings:
        connection.execute(insert(RESULTS), [_result(outcome.run, device, item) for item in outcome.findings])
        lives = [_life(outcome.run, device, item) for item in outcome.findings]
        connection.execute(FORGET, [{"of_device": device, "of_rule": life["rule"], "of_object": life["object"]} for life in lives])
        connection.execute(insert(FINDINGS), lives)
    if outcome.tracked:
        about = {"run": outcome.run, "device": device, "taken_at": outcome.taken_at}
        figures = [{"rule": rule, "object": thing, "name": name, "value": value} for rule, thing, name, value in outcome.tracked]
        connection.execute(insert(MEASUREMENTS), [{**about, **figure} for figure in figures])


def _result(run: str, device: int, item: Reported) -> dict[str, Any]:
    waiver = item.waiver
    accepted = waiver and {
        "reason": waiver.reason, "owner": waiver.owner, "expires": waiver.expires.isoformat(), "object": waiver.object,
    }
    return {**_state(device, item), "run": run, "waiver": accepted}


def _life(run: str, device: int, item: Reported) -> dict[str, Any]:
    return {**_state(device, item), "first_run": item.compared.first_run, "last_run": run}


def _state(device: int, item: Reported) -> dict[str, Any]:
    finding = item.compared.finding
    return {
        "device": device, "rule": finding.rule, "object": finding.object, "severity": int(finding.severity),
        "state": item.compared.state.value, "times": item.compared.times, "message": finding.message, "values": plain(finding.values),
    }


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as any database's JSON can hold them."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value).replace("\0", "\ufffd")


def add_artefacts(connection: Connection, run: str, artefacts: Mapping[str, str]) -> None:
    """{path: sha256} of the files written for a run."""
    if artefacts:
        connection.execute(insert(ARTEFACTS), [{"run": run, "path": path, "sha256": sha256} for path, sha256 in artefacts.items()])


def failed_in(connection: Connection, run: str) -> dict[str, set[str]]:
    """{host: rules that were open in this run}: what a recheck looks at again."""
    query = select(DEVICES.c.name, RESULTS.c.rule).join(RESULTS, RESULTS.c.device == DEVICES.c.id).where(
        RESULTS.c.run == run, RESULTS.c.severity >= int(Severity.UNKNOWN), RESULTS.c.state != State.RESOLVED.value,
    )
    failed: dict[str, set[str]] = {}
    for host, rule in connection.execute(query):
        failed.setdefault(host, set()).add(rule)
    return failed
