# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the owners of devices are told: what an inspection found on theirs, or what an approved plan will do to them.

One notice an owner's address; a letter shows it to people, its document goes to programs (webhook).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .approval.plan import Plan
from .findings import Severity
from .mail import Letter
from .records.results import OpenFinding
from .registry import RULES_BY_ID
from .reports.harmless import line
from .reports.translation import translator
from .rules.itself import HOST_INSPECTED
from .wording import render

TEXTS = (
    "Inspection {run}: {count} findings on your hosts", "Plan {plan}: {count} steps on your hosts", "Hosts: {hosts}",
    "No findings that need anything done.", "What to do: {fix}", "Window: {begin} to {end}",
    "Nothing is changed on your hosts.", "before {before}, after {after}",
)


@dataclass(frozen=True)
class Item:
    """A finding (``severity``, ``message``, ``values``), or a step of a plan (``action``, ``before``, ``after``)."""

    host: str
    about: str                          # a finding's rule, a step's action
    object: str
    severity: str = ""
    message: str = ""
    values: Mapping[str, Any] | None = None
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Notice:
    """``kind``: inspection or plan; ``name``: the run or the plan; times as text, only for a plan."""

    to: str
    kind: str
    name: str
    hosts: tuple[str, ...]
    items: tuple[Item, ...]
    window_from: str = ""
    window_until: str = ""

    @property
    def document(self) -> dict[str, Any]:
        return {"schema": 1, **asdict(self), "items": [asdict(item) for item in self.items]}


def notices_of_run(run: str, inspected: Iterable[str], found: Iterable[OpenFinding], owners: Mapping[str, str]) -> tuple[Notice, ...]:
    """For each owner of an inspected host, worst first. ``owners``: {host: address}; hosts without one are left out.

    Of what is UNKNOWN owners are told only that a host could not be inspected at all; the rest is for the engineers.
    """
    told = sorted((item for item in found if item.severity is not Severity.UNKNOWN or item.rule == HOST_INSPECTED.id),
                  key=lambda item: (-item.severity, item.host, item.rule, item.object))
    return tuple(
        Notice(to, "inspection", run, hosts, tuple(
            Item(item.host, item.rule, item.object, item.severity.name.lower(), item.message, item.values)
            for item in told if item.host in hosts))
        for to, hosts in sorted(_by_owner(inspected, owners).items()))


def notices_of_plan(plan: Plan, owners: Mapping[str, str]) -> tuple[Notice, ...]:
    hosts = _by_owner(plan.hosts, owners)
    return tuple(
        Notice(to, "plan", plan.id, mine, tuple(_step(step) for step in plan.steps if step["host"] in mine),
               _told(plan.window_from), _told(plan.window_until))
        for to, mine in sorted(hosts.items()))


def _by_owner(hosts: Iterable[str], owners: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for host in sorted(hosts):
        if host in owners:
            found.setdefault(owners[host], []).append(host)
    return {to: tuple(mine) for to, mine in found.items()}


def _step(step: Mapping[str, Any]) -> Item:
    return Item(str(step["host"]), str(step.get("action", "")), str(step.get("object", "")),
                before=str(step.get("before", "")), after=str(step.get("after", "")))


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def letter_of(notice: Notice, language: str) -> Letter:
    translate = translator(language)
    counted = {"run": notice.name, "plan": notice.name, "count": str(len(notice.items))}
    form = "Inspection {run}: {count} findings on your hosts" if notice.kind == "inspection" else "Plan {plan}: {count} steps on your hosts"
    return Letter((notice.to,), "Caretaker: " + render(form, counted, translate), "\n".join(_lines(notice, language)) + "\n")


def _lines(notice: Notice, language: str) -> Iterator[str]:
    translate = translator(language)
    yield line(render("Hosts: {hosts}", {"hosts": list(notice.hosts)}, translate))
    if notice.kind == "plan":
        yield render("Window: {begin} to {end}", {"begin": notice.window_from, "end": notice.window_until}, translate)
        if not notice.items:
            yield translate("Nothing is changed on your hosts.")
    elif not notice.items:
        yield translate("No findings that need anything done.")
    for item in notice.items:
        yield ""
        if notice.kind == "plan":
            yield line(f"{item.host}  {item.about}  {item.object}")
            yield line("  " + render("before {before}, after {after}", {"before": item.before, "after": item.after}, translate))
            continue
        rule = RULES_BY_ID[item.about]
        yield line(f"{translate(item.severity).upper()}  {item.host}  {item.object}: {render(item.message, item.values or {}, translate)}")
        yield line(f"  {translate(rule.title)}. {render('What to do: {fix}', {'fix': translate(rule.fix)}, translate)}")
