# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A remediation plan: the findings of a run that Caretaker can remedy by itself, as steps to be approved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..approval.plan import BadPlan
from ..approval.writing import Heading, Site, document_of_changes
from ..records.results import OpenFinding
from ..registry import RULES_BY_ID
from .remedies import remedy_for


def remediation_document(site: Site, heading: Heading, run: str, found: Iterable[OpenFinding]) -> dict[str, Any]:
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
    return document_of_changes(site, "remediation", heading, run, list(steps.values()))
