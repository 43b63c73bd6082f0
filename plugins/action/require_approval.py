# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of require_approval: gather what is so now, ask the gate once for the whole play, refuse with every reason."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.decision import APPROVE, BadDecision, read_all
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.freeze import BadFreeze, of_calendar, parse
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.gate import Situation, refusals
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.plan import BadPlan, load, parse_duties
    from ansible_collections.caretaker.infra.plugins.plugin_utils.ledger.recording import RUNNING, recorded_at
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    BYPASS_HOST_LOOP = True             # one answer for all hosts of the play: none of them may begin where one may not
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec(argument_spec={
            "plan": {"type": "path", "required": True}, "kind": {"type": "str", "required": True},
            "approvers_file": {"type": "path", "required": True}, "approval": {"type": "dict", "required": True},
            "way_back": {"type": "bool", "default": False}, "freezes": {"type": "list", "elements": "dict", "default": []},
            "freeze_calendars": {"type": "list", "elements": "path", "default": []},
        })
        now = datetime.now(UTC)
        try:
            plan = load(Path(options["plan"]))
            decisions = read_all(Path(options["plan"]))
            calendars = (freeze for path in options["freeze_calendars"] for freeze in of_calendar(Path(path), now))
            situation = Situation(
                now, addresses(variables), parse_duties(options["approval"], "caretaker_approval"),
                Path(options["approvers_file"]).read_text(encoding="utf-8", errors="surrogateescape"),
                recorded_at(os.environ.get(RUNNING, "")), (*parse(options["freezes"]), *calendars),
            )
        except (BadPlan, BadDecision, BadFreeze, OSError) as error:
            return {**result, "failed": True, "refusals": [str(error)], "msg": f"refused: {error}"}
        reasons = refusals(plan, options["kind"], decisions, situation, options["way_back"])
        if reasons:
            return {**result, "failed": True, "refusals": list(reasons), "msg": f"refused: {'; '.join(reasons)}"}
        steps: dict[str, list[Any]] = {host: [] for host in plan.hosts}
        for step in plan.steps:
            steps[step["host"]].append(dict(step))
        approved_by = sorted({decision.by for decision in decisions if decision.decision == APPROVE and decision.digest == plan.digest})
        return {**result, "changed": False, "plan": plan.id, "digest": plan.digest, "emergency": plan.incident or "",
                "approved_by": approved_by, "steps": steps}


def addresses(variables: Mapping[str, Any]) -> dict[str, str]:
    """What each host of the play, also of batches to come, is reached at."""
    hostvars = variables["hostvars"]
    return {host: str(hostvars[host].get("ansible_host", host)) for host in variables["ansible_play_hosts_all"]}
