# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of prove_change: the verdict on a stage, kept beside its plan."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.tuning.verdict import judge_stage, told
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(argument_spec={
            "path": {"type": "path", "required": True}, "server": {"type": "str", "required": True},
            "measures": {"type": "list", "elements": "str", "required": True},
            "before": {"type": "list", "elements": "dict", "required": True},
            "after": {"type": "list", "elements": "dict", "required": True},
            "interval_seconds": {"type": "float", "default": 10},
        })
        verdict = judge_stage(options["server"], options["measures"], options["before"], options["after"], options["interval_seconds"])
        lines = list(told(verdict))
        document = {"at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "server": options["server"], **verdict.document}
        try:
            path = Path(options["path"])
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
            path.chmod(0o600)
        except OSError as error:
            return {**result, "failed": True, "msg": f"the verdict can't be kept: {error}", "outcome": verdict.outcome.value}
        return {**result, "changed": False, "outcome": verdict.outcome.value, "told": lines, "msg": "; ".join(lines)}
