# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A remediation plan: the findings of a run that Caretaker can remedy by itself, as steps to be approved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..approval.plan import BadPlan
from ..approval.writing import Site, engineer_for, frame
from ..records.results import OpenFinding
from ..registry import RULES_BY_ID
from .remedies import remedy_for


def remediation_document(
    site: Site, plan_id: str, title: str, requester: str, window: tuple[datetime, datetime], run: str,
    found: Iterable[OpenFinding], now: datetime,
) -> dict[str, Any]:
    """The document of a plan with one step a remedy; findings about one object that have the same remedy share a step. Raises BadPlan."""
    steps: dict[tuple[str, str, str], dict[str, Any]] = {}
    for finding in sorted(found, key=lambda item: (item.host, item.rule, item.object)):
        remedy = remedy_for(finding.rule, finding.values)
        if remedy is None or finding.host not in site.hosts:
            continue
        step = steps.setdefault((finding.host, remedy.name, finding.object), {
            "id": f"s{len(steps) + 1}", "host": finding.host, "domain": RULES_BY_ID[finding.rule].domain.value, "action": remedy.name,
            "object": finding.object, "before": remedy.before, "after": remedy.after, "rollback": remedy.rollback, "rules": [],
        })
        step["rules"].append(finding.rule)
    if not steps:
        raise BadPlan(f"run {run}: Caretaker can remedy none of its open findings on these hosts by itself; its report says what to do")
    if site.engineers:
        for step in steps.values():
            step["engineer"] = engineer_for(step["domain"], site.engineers)
    hosts = {step["host"] for step in steps.values()}
    scope = replace(site, hosts={host: place for host, place in site.hosts.items() if host in hosts})
    return {**frame(scope, plan_id, "remediation", title, requester, window, now), "run": run, "steps": list(steps.values())}
