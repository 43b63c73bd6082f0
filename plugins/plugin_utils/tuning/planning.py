# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tuning plan: the advice on the hosts of a run, as steps in stages to be approved.

The steps of one stage of a host are applied, measured and, if need be, put back together: settings of one server act on each other, and
one restart serves them all. Whoever wants one to be proven by itself gives it a stage of its own before the plan is approved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..approval.plan import BadPlan
from ..approval.writing import Heading, Site, document_of_changes
from ..archive import captures_of_run, load
from ..inspection import judge
from ..wording import render
from .advice import advise
from .step import Advice, Step


def advice_of_run(home: Path, run: str, hosts: Collection[str]) -> dict[str, Advice]:
    """{host: advice} by the captures of a run. Raises BadPlan for a run that is not there, BadCapture."""
    captures = [load(path) for path in captures_of_run(home, run)]
    if not captures:
        raise BadPlan(f"{home / 'archive'} has no captures of a run {run!r}; scripts/status names the newest run")
    return {capture.host: advise(judge(capture).facts) for capture in captures if capture.host in hosts and not capture.problem}


def tuning_document(site: Site, heading: Heading, run: str, advice: Mapping[str, Advice]) -> dict[str, Any]:
    """The document of a plan with a step a setting. Raises BadPlan where there is nothing to change."""
    steps = [step for host in sorted(advice) for step in _of_host(host, advice[host])]
    if not steps:
        undecided = sum(len(item.undecided) for item in advice.values())
        raise BadPlan(f"run {run}: nothing to change on these hosts ({undecided} things are undecided; scripts/advise says why)")
    return document_of_changes(site, "tuning", heading, run, [{"id": f"s{number}", **step} for number, step in enumerate(steps, 1)])


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
        "formula": render(target.formula, target.values), "source": target.source, "effect": target.effect,
        "restart": target.needs_restart, "risk": target.change_risk, "proof": target.proof,
    }
