# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of decide_plan: sign a decision and keep it beside the plan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.decision import DECISIONS, BadDecision, decide, store
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.plan import BadPlan, load
    from ansible_collections.caretaker.infra.plugins.plugin_utils.signing import BadSignature
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(argument_spec={
            "plan": {"type": "path", "required": True}, "decision": {"type": "str", "required": True, "choices": list(DECISIONS)},
            "by": {"type": "str", "required": True}, "key": {"type": "path", "required": True}, "reason": {"type": "str", "default": ""},
        })
        path = Path(options["plan"])
        try:
            plan = load(path)
            if self._task.check_mode:
                return {**result, "changed": True, "path": "", "digest": plan.digest}
            decision = decide(plan, options["decision"], options["by"], options["reason"], Path(options["key"]), datetime.now(UTC))
            kept = store(path, decision)
        except (BadPlan, BadDecision, BadSignature, OSError) as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, "changed": True, "path": str(kept), "digest": plan.digest}
