# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diagnosis as plain JSON values in the report's languages, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..absent import Unknown
from ..bottleneck.causes import CAUSES
from ..bottleneck.diagnosis import Diagnosis, Verdict
from ..bottleneck.fleet import Fleet
from ..bottleneck.line import Line
from ..wording import render, show
from .document import in_both, plain
from .harmless import line

SHOWN = 20
ARROW = " <- "
TITLES = {cause.id: cause.title for cause in CAUSES.values()}


def diagnosis_of(facts: Mapping[str, Any]) -> Diagnosis | None:
    """Of a judged host; None where it has no history, or none that could be read (its findings say why)."""
    diagnosis = getattr(facts.get("bottlenecks"), "diagnosis", None)
    return diagnosis if isinstance(diagnosis, Diagnosis) else None


def data_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """What the page draws of one host."""
    return {
        "sources": [line(source) for source in diagnosis.sources],
        "judged": list(diagnosis.judged),
        "verdicts": [_verdict(verdict) for verdict in diagnosis.verdicts],
        "forecasts": forecasts_of(diagnosis),
        "unseen": [{"resource": item.resource, "reason": in_both(item.reason.reason, item.reason.values)} for item in diagnosis.unseen],
    }


def forecasts_of(diagnosis: Diagnosis | None) -> list[dict[str, Any]]:
    return [{
        "name": line(f"{item.measure} {item.instance}".strip()), "now": item.now_ratio, "limit": item.limit_ratio,
        "in": show("in_seconds", item.in_seconds), "earliest": show("in_seconds", item.earliest_seconds),
        "latest": None if item.latest_seconds is None else show("in_seconds", item.latest_seconds),
    } for item in (diagnosis.forecasts if diagnosis else ())]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "cause": verdict.cause, "domain": verdict.domain.value, "resource": verdict.resource,
        "names": [line(name) for name in verdict.names],
        "message": in_both(verdict.message, verdict.values), "chain": [in_both(title, {}) for title in verdict.chain],
        "evidence": [_told(item) for item in verdict.evidence],
        "ruled_out": [{"title": in_both(item.title, {}), "why": _told(item.why), "checked": item.checked} for item in verdict.ruled_out],
        "confidence": round(verdict.confidence, 2), "over_ratio": round(verdict.over_ratio, 4),
        "hours_a_week": round(verdict.hours_a_week, 1),
        "consumers": [_told(item) for item in verdict.consumers],
        "week": [None if share is None else round(share, 2) for share in verdict.week],
        "values": {name: plain(value) for name, value in verdict.values.items()},
    }


def _told(item: Line) -> dict[str, str]:
    return in_both(item.text, item.values)


def fleet_data(fleet: Fleet) -> dict[str, Any]:
    """What the page draws of all hosts: counts, the worst devices, and the heat map of the week."""
    return {
        "judged": fleet.judged, "unseen": fleet.unseen, "without": fleet.none, "hosts": fleet.hosts,
        "by_domain": fleet.hosts_by("domain"), "by_resource": fleet.hosts_by("resource"), "by_system": fleet.hosts_by("system"),
        "by_importance": fleet.hosts_by("importance"),
        "worst": [{
            "host": line(device.host), "system": line(device.system), "importance": device.importance, "domain": device.domain,
            "resource": device.resource, "cause": in_both(device.title, {}), "hours": round(device.hours_a_week, 1),
            "rank": round(device.rank, 1), "confidence": round(device.confidence, 2),
            "consumers": [_told(item) for item in device.consumers],
        } for device in fleet.ranked()[:100]],
        "heat": {resource: [round(value, 2) for value in row] for resource, row in fleet.heat.items()},
    }


def text_of(host: str, diagnosis: Diagnosis | Unknown) -> Iterator[str]:
    """Lines for a terminal."""
    if isinstance(diagnosis, Unknown):
        yield line(f"{host}: unknown: {render(diagnosis.reason, diagnosis.values)}")
        return
    yield line(f"{host}: {len(diagnosis.verdicts)} long-term bottlenecks; judged: {', '.join(diagnosis.judged) or 'nothing'}")
    for verdict in diagnosis.verdicts:
        yield line(f"  {verdict.domain.value}, {verdict.resource}: {render(verdict.message, verdict.values)}")
        yield line(f"    chain: {ARROW.join(verdict.chain)}")
        yield line(f"    over the limit {verdict.hours_a_week:.0f} h of business time a week, confidence {verdict.confidence:.0%}")
        yield from (line(f"    evidence: {render(fact.text, fact.values)}") for fact in verdict.evidence)
        for item in verdict.ruled_out:
            word = "ruled out" if item.checked else "could not be checked"
            yield line(f"    {word}: {item.title}: {render(item.why.text, item.why.values)}")
        yield from (line(f"    uses most: {render(user.text, user.values)}") for user in verdict.consumers)
    for growing in diagnosis.forecasts:
        latest = "more than a year" if growing.latest_seconds is None else show("_seconds", growing.latest_seconds)
        earliest, soon = show("_seconds", growing.earliest_seconds), show("_seconds", growing.in_seconds)
        yield line(f"  forecast: {growing.measure} {growing.instance}: {show('_ratio', growing.now_ratio)} now, "
                   f"{show('_ratio', growing.limit_ratio)} in {soon} ({earliest} to {latest})")
    yield from (line(f"  unknown: {unseen.resource}: {render(unseen.reason.reason, unseen.reason.values)}") for unseen in diagnosis.unseen)


def fleet_text(fleet: Fleet) -> Iterator[str]:
    """Lines for the summary of a run; none where no host has a history."""
    if not fleet.looked_at:
        return
    yield (f"Long-term bottlenecks: {fleet.hosts} of {fleet.judged} hosts with enough history, {fleet.unseen} with too little, "
           f"{fleet.none} without")
    domains = ", ".join(f"{number} {name}" for name, number in fleet.hosts_by("domain").items())
    if domains:
        yield f"  hosts by class: {domains}"
    for device in fleet.ranked()[:SHOWN]:
        yield line(f"  {device.host}  {device.domain}, {device.resource}: {device.title}; {device.hours_a_week:.0f} h a week, "
                   f"importance {device.importance}")
