# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tuning plan: what was short for weeks on the hosts of a run and what is done about it; the advice on them, as steps in stages.

The steps of one stage of a host are applied, measured and, if need be, put back together: settings of one server act on each other, and
one restart serves them all. Whoever wants one to be proven by itself gives it a stage of its own before the plan is approved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..approval.plan import BadPlan
from ..approval.writing import Heading, Site, document_of_changes
from ..archive import captures_of_run, load
from ..bottleneck.causes import CAUSES
from ..bottleneck.diagnosis import Diagnosis, Verdict
from ..findings import Severity
from ..inspection import Inspection, Judged, judge
from ..registry import RULES_BY_ID
from ..reports.bottlenecks import diagnosis_of, forecasts_of
from ..reports.document import in_both
from .advice import advise
from .origins import Line, origins
from .proposals import value_for
from .remedies import FIRST, PROPOSED, by_hand, how_much, steps_for
from .step import Advice, Step

SHORT_OF_FINE = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


@dataclass(frozen=True)
class Found:
    """What an inspection says of a host; ``diagnosis`` None without a history; ``proposals``: findings of rules in PROPOSED that no step
    answers; ``set_by``: {(rule, object): who sets the value that such a finding is about}."""

    advice: Advice
    diagnosis: Diagnosis | None = None
    proposals: tuple[Judged, ...] = ()
    set_by: Mapping[tuple[str, str], Line] = field(default_factory=dict)


def found_in_run(home: Path, run: str, hosts: Collection[str]) -> dict[str, Found]:
    """{host: what was found} by the captures of a run. Raises BadPlan for a run that is not there, BadCapture."""
    captures = [load(path) for path in captures_of_run(home, run)]
    if not captures:
        raise BadPlan(f"{home / 'archive'} has no captures of a run {run!r}; scripts/status names the newest run")
    return {capture.host: found_in(judge(capture)) for capture in captures if capture.host in hosts and not capture.problem}


def found_in(inspection: Inspection) -> Found:
    advice = advise(inspection.facts)
    answered = {finding for step in advice.steps for finding in step.target.answers}
    proposals = tuple(
        item for item in inspection.findings
        if item.rule in PROPOSED and item.severity in SHORT_OF_FINE and (item.rule, item.object) not in answered)
    return Found(advice, diagnosis_of(inspection.facts), proposals, origins(inspection.facts))


def tuning_document(site: Site, heading: Heading, run: str, found: Mapping[str, Found]) -> dict[str, Any]:
    """The document of a plan with a step a setting, and each long-term bottleneck with the steps, or the work of people, against it.

    Raises BadPlan where there is nothing to change.
    """
    steps = [step for host in sorted(found) for step in _of_host(host, found[host].advice)]
    if not steps:
        undecided = sum(len(item.advice.undecided) for item in found.values())
        raise BadPlan(f"run {run}: nothing to change on these hosts ({undecided} things are undecided; scripts/advise says why)")
    numbered = [{"id": f"s{number}", **step} for number, step in enumerate(steps, 1)]
    document = document_of_changes(site, "tuning", heading, run, numbered)
    return {
        **document,
        "bottlenecks": [item for host in sorted(found) for item in _bottlenecks(host, found[host].diagnosis, numbered)],
        "forecasts": [{"host": host, **item} for host in sorted(found) for item in forecasts_of(found[host].diagnosis)],
        "proposals": [{"host": host, **_proposal(item, found[host].set_by)} for host in sorted(found) for item in found[host].proposals],
    }


def _proposal(item: Judged, set_by: Mapping[tuple[str, str], Line]) -> dict[str, Any]:
    value = value_for(item.rule, item.object, item.values)
    what = {} if value is None else {"setting": value.setting, "before": value.before, "after": value.after,
                                     "formula": in_both(value.formula, value.values), "source": value.source}
    origin = set_by.get((item.rule, item.object))
    return {"object": item.object, "says": in_both(item.message, item.values), "by_hand": in_both(RULES_BY_ID[item.rule].fix, {}), **what,
            **({"set_by": in_both(*origin)} if value is not None and origin else {})}


def _bottlenecks(host: str, diagnosis: Diagnosis | None, steps: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of one host, the worst first."""
    settings = {step["setting"]: step["id"] for step in steps if step["host"] == host}
    verdicts: Iterable[Verdict] = diagnosis.verdicts if diagnosis else ()
    for verdict in sorted(verdicts, key=lambda item: -item.hours_a_week):
        answering = steps_for(verdict.cause, settings)
        people = {} if answering and verdict.cause not in FIRST else {"by_hand": in_both(*by_hand(verdict.cause))}
        size = how_much(verdict)
        sized = {"how_much": in_both(*size)} if size else {}
        yield {
            "host": host, "domain": verdict.domain.value, "resource": verdict.resource, "cause": in_both(CAUSES[verdict.cause].title, {}),
            "says": in_both(verdict.message, verdict.values), "hours_a_week": round(verdict.hours_a_week, 1),
            "confidence": round(verdict.confidence, 2), "steps": answering,
            "consumers": [in_both(user.text, user.values) for user in verdict.consumers], **people, **sized,
        }


def _of_host(host: str, advice: Advice) -> Iterator[dict[str, Any]]:
    stages: dict[tuple[str, str], int] = {}
    for step in advice.steps:
        stage = stages.setdefault((step.how, step.instance), len(stages) + 1)
        yield {"host": host, "stage": stage, **_of_step(step)}


def _of_step(step: Step) -> dict[str, Any]:
    target = step.target
    return {
        "domain": step.domain.value, "action": step.how, "object": step.instance, "setting": target.setting,
        "before": step.before, "after": target.value, "rollback": step.before, "set_by": step.set_by,
        "formula": in_both(target.formula, target.values), "source": target.source, "effect": in_both(target.effect, {}),
        "restart": target.needs_restart, "risk": target.change_risk, "proof": target.proof,
    }
