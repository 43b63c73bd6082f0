# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the service stands: the newest run, quarters without an inspection, plans that wait, findings that are overdue, waivers that end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from .approval.decision import BadDecision, read_all
from .approval.gate import Situation, lacking
from .approval.plan import BadPlan, load
from .findings import Severity
from .outcome import likelihood
from .quarters import missed_quarters
from .records.hosts import aware
from .records.tables import DEVICES, FINDINGS, RUNS
from .registry import RULES_BY_ID
from .remediation.listing import DUE_DAYS

WAIVER_DAYS = 30                # a waiver that ends sooner is told


@dataclass(frozen=True)
class Waiting:
    """A plan whose window has not ended, and what still stands against it; ``lacks`` is empty where it may be carried out."""

    plan: str
    kind: str
    until: datetime
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class Overdue:
    host: str
    rule: str
    object: str
    since: date
    due: date


@dataclass(frozen=True)
class Status:
    """``newest``: (run, when it started), None without any. ``missed``: quarters such as 2026Q3, since the first run."""

    newest: tuple[str, datetime] | None
    missed: tuple[str, ...]
    waiting: tuple[Waiting, ...]
    overdue: tuple[Overdue, ...]
    ending: tuple[tuple[str, str, date], ...]       # host, rule, last day

    @property
    def needs_attention(self) -> bool:
        return bool(self.newest is None or self.missed or self.overdue or self.ending or any(item.lacks for item in self.waiting))


def waiting_plans(home: Path, approvers: str, now: datetime) -> Iterator[Waiting]:
    for path in sorted(home.glob("plans/*/plan.yml")):
        try:
            plan = load(path)
            if plan.window_until > now:
                situation = Situation(now, {}, {}, approvers, None, ())
                yield Waiting(plan.id, plan.kind, plan.window_until, tuple(lacking(plan, read_all(path), situation)))
        except (BadPlan, BadDecision) as error:
            yield Waiting(path.parent.name, "?", now, (str(error),))


def status_of(connection: Connection, waiting: Iterable[Waiting], now: datetime) -> Status:
    started = {run: aware(moment) for run, moment in connection.execute(select(RUNS.c.id, RUNS.c.started_at))}
    inspections = [aware(moment) for (moment,) in connection.execute(select(RUNS.c.started_at).where(RUNS.c.kind == "inspection"))]
    newest = max(started.items(), key=lambda item: item[1], default=None)
    settings = {row.name: row.settings for row in connection.execute(select(DEVICES.c.name, DEVICES.c.settings))}
    return Status(newest, missed_quarters(inspections, now), tuple(waiting),
                  tuple(sorted(_overdue(connection, started, now), key=lambda item: item.due)), tuple(_ending(settings, now.date())))


def _overdue(connection: Connection, started: Mapping[str, datetime], now: datetime) -> Iterator[Overdue]:
    """By the days that its total risk allows from the run that found it first."""
    of = FINDINGS.c
    columns = (DEVICES.c.name, of.rule, of.object, of.severity, of.times, of.first_run, of.state)
    for host, rule, thing, severity, times, first, state in connection.execute(select(*columns).join_from(FINDINGS, DEVICES)):
        if severity < Severity.WARNING or state in ("resolved", "not_rechecked") or rule not in RULES_BY_ID or first not in started:
            continue
        risk = (RULES_BY_ID[rule].impact + likelihood(Severity(severity), times)) // 2
        due = (started[first] + timedelta(days=DUE_DAYS[risk])).date()
        if due < now.date():
            yield Overdue(host, rule, thing, started[first].date(), due)


def _ending(settings: Mapping[str, Mapping[str, Any]], today: date) -> Iterator[tuple[str, str, date]]:
    for host, values in sorted(settings.items()):
        for waiver in values.get("waivers") or ():
            last = date.fromisoformat(str(waiver["expires"])[:10])
            if today <= last <= today + timedelta(days=WAIVER_DAYS):
                yield host, str(waiver["rule"]), last
