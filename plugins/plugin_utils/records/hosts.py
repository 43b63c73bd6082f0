# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries about the hosts of runs: what a run adds, and what earlier runs left behind."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, delete, func, insert, select, update

from ..comparison import Key, Past, State
from ..findings import Severity
from ..inspection import History
from ..outcome import Outcome, Reported
from .tables import DEVICES, FINDINGS, INSPECTIONS, MEASUREMENTS, RESULTS, RUNS

HISTORY_LIMIT = 40          # inspections looked back for trends: ten years of quarters
# Made once: for a fleet of ten thousand, making them takes longer than asking them
OF_NAMES: BindParameter[str] = bindparam("of_names", expanding=True)
OF_DEVICES: BindParameter[int] = bindparam("of_devices", expanding=True)
DEVICES_BY_NAME = select(DEVICES.c.name, DEVICES.c.id, DEVICES.c.settings).where(DEVICES.c.name.in_(OF_NAMES))
ADD_DEVICES = insert(DEVICES).returning(DEVICES.c.name, DEVICES.c.id)
CHANGE_DEVICES = update(DEVICES).where(DEVICES.c.id == bindparam("of_device")).values(settings=bindparam("new_settings"))
PAST = select(
    FINDINGS.c.device, FINDINGS.c.rule, FINDINGS.c.object, FINDINGS.c.severity, FINDINGS.c.state, FINDINGS.c.times, FINDINGS.c.first_run,
    FINDINGS.c.message, FINDINGS.c["values"],
).where(FINDINGS.c.device.in_(OF_DEVICES))
NUMBERED = select(
    INSPECTIONS, func.row_number().over(partition_by=INSPECTIONS.c.device, order_by=INSPECTIONS.c.taken_at.desc()).label("age"),
).where(INSPECTIONS.c.device.in_(OF_DEVICES)).subquery()
# Without rechecks: their score is that of a few checks, mostly those that had failed
TREND = select(NUMBERED).join(RUNS, RUNS.c.id == NUMBERED.c.run).where(
    NUMBERED.c.age <= HISTORY_LIMIT, RUNS.c.kind == "inspection",
).order_by(NUMBERED.c.age.desc())
MEASURED = select(
    MEASUREMENTS.c.device, MEASUREMENTS.c.rule, MEASUREMENTS.c.object, MEASUREMENTS.c.name, MEASUREMENTS.c.taken_at, MEASUREMENTS.c.value,
).join(NUMBERED, and_(MEASUREMENTS.c.run == NUMBERED.c.run, MEASUREMENTS.c.device == NUMBERED.c.device)).where(
    MEASUREMENTS.c.device.in_(OF_DEVICES), NUMBERED.c.age <= HISTORY_LIMIT,
).order_by(MEASUREMENTS.c.taken_at, MEASUREMENTS.c.id)
FORGET = delete(FINDINGS).where(
    FINDINGS.c.device == bindparam("of_device"), FINDINGS.c.rule == bindparam("of_rule"), FINDINGS.c.object == bindparam("of_object"),
)
ADD_INSPECTIONS, ADD_RESULTS, ADD_FINDINGS, ADD_MEASUREMENTS = insert(INSPECTIONS), insert(RESULTS), insert(FINDINGS), insert(MEASUREMENTS)


def device_ids(connection: Connection, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """{name: id} of the devices with these names and settings; they are added or their settings brought up to date."""
    found = {row.name: row for row in connection.execute(DEVICES_BY_NAME, {"of_names": list(settings)})}
    ids: dict[str, int] = {name: row.id for name, row in found.items()}
    new = [{"name": name, "settings": dict(mine)} for name, mine in settings.items() if name not in found]
    if new:
        ids.update((name, added) for name, added in connection.execute(ADD_DEVICES, new))
    changed = [{"of_device": ids[name], "new_settings": dict(settings[name])} for name, row in found.items()
               if row.settings != settings[name]]
    if changed:
        connection.execute(CHANGE_DEVICES, changed)
    return ids


def past_of(connection: Connection, devices: Collection[int]) -> dict[int, dict[Key, Past]]:
    """{device: what earlier runs said of its findings}."""
    past: dict[int, dict[Key, Past]] = {device: {} for device in devices}
    for device, rule, thing, severity, state, times, first_run, message, values in connection.execute(PAST, {"of_devices": list(devices)}):
        past[device][rule, thing] = Past(Severity(severity), State(state), times, first_run, message, values)
    return past


def history_of(connection: Connection, devices: Collection[int]) -> Mapping[int, History]:
    """{device: the tracked figures of its newest inspections, oldest first}."""
    history: dict[int, dict[str, dict[str, dict[str, tuple[tuple[datetime, float], ...]]]]] = {device: {} for device in devices}
    for device, rule, thing, name, taken_at, value in connection.execute(MEASURED, {"of_devices": list(devices)}):
        series = history[device].setdefault(rule, {}).setdefault(thing, {})
        series[name] = (*series.get(name, ()), (aware(taken_at), value))
    return history


def trend_of(connection: Connection, devices: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """{device: [{"run", "taken_at", "score", "coverage", "counts"}] of its inspections, oldest first}."""
    trend: dict[int, list[dict[str, Any]]] = {device: [] for device in devices}
    for row in connection.execute(TREND, {"of_devices": list(devices)}):
        trend[row.device].append({
            "run": row.run, "taken_at": aware(row.taken_at), "score": row.score, "counts": row.counts,
            "coverage": row.judged / row.applicable if row.applicable else 0.0,
        })
    return trend


def aware(moment: datetime) -> datetime:
    """SQLite gives back times without their zone; all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def add_outcomes(connection: Connection, outcomes: Mapping[int, tuple[Outcome, str]]) -> None:
    """Record some hosts of a run, {device: (outcome, sha256)}: inspections, results, the life of the findings, measurements."""
    told = [(device, item) for device, (outcome, _sha256) in outcomes.items() for item in outcome.findings]
    lives = [_life(device, item, outcomes[device][0].run) for device, item in told]
    before = [{"of_device": device, "of_rule": item.compared.finding.rule, "of_object": item.compared.finding.object}
              for device, item in told if item.compared.was is not None]
    for statement, rows in (
        (ADD_INSPECTIONS, [_inspection(device, outcome, sha256) for device, (outcome, sha256) in outcomes.items()]),
        (ADD_RESULTS, [_result(device, item, outcomes[device][0].run) for device, item in told]),
        (FORGET, before),
        (ADD_FINDINGS, lives),
        (ADD_MEASUREMENTS, [row for device, (outcome, _sha256) in outcomes.items() for row in _measurements(device, outcome)]),
    ):
        if rows:
            connection.execute(statement, rows)


def _inspection(device: int, outcome: Outcome, sha256: str) -> dict[str, Any]:
    inspection = outcome.inspection
    return {
        "run": outcome.run, "device": device, "taken_at": outcome.taken_at, "reached": outcome.problem is None, "score": inspection.score,
        "applicable": inspection.applicable, "judged": inspection.judged, "counts": dict(outcome.counts), "archive_sha256": sha256,
    }


def _measurements(device: int, outcome: Outcome) -> Iterator[dict[str, Any]]:
    about = {"run": outcome.run, "device": device, "taken_at": outcome.taken_at}
    for rule, thing, name, value in outcome.tracked:
        yield {**about, "rule": rule, "object": thing, "name": name, "value": value}


def _result(device: int, item: Reported, run: str) -> dict[str, Any]:
    waiver = item.waiver
    accepted = waiver and {
        "reason": waiver.reason, "owner": waiver.owner, "expires": waiver.expires.isoformat(), "object": waiver.object,
    }
    return {**_state(device, item), "run": run, "waiver": accepted}


def _life(device: int, item: Reported, run: str) -> dict[str, Any]:
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


def failed_in(connection: Connection, run: str) -> dict[str, set[str]]:
    """{host: rules that were open in this run}: what a recheck looks at again."""
    query = select(DEVICES.c.name, RESULTS.c.rule).join(RESULTS, RESULTS.c.device == DEVICES.c.id).where(
        RESULTS.c.run == run, RESULTS.c.severity >= int(Severity.UNKNOWN), RESULTS.c.state != State.RESOLVED.value,
    )
    failed: dict[str, set[str]] = {}
    for host, rule in connection.execute(query):
        failed.setdefault(host, set()).add(rule)
    return failed
