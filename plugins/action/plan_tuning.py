# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of plan_tuning: what formulas would change on the hosts of a run, as a plan in stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.plan import BadPlan
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.request import OPTIONS, write_plan
    from ansible_collections.caretaker.infra.plugins.plugin_utils.archive import BadCapture
    from ansible_collections.caretaker.infra.plugins.plugin_utils.tuning.planning import found_in_run, tuning_document
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(argument_spec={
            **OPTIONS, "title": {"type": "str", "default": "Tuning"}, "run": {"type": "str", "required": True},
        })
        try:
            made = write_plan(
                options, (task_vars or {})["hostvars"], "tuning",
                lambda site, heading: tuning_document(site, heading, options["run"], found_in_run(
                    Path(options["home"]), options["run"], site.hosts)), self._task.check_mode)
        except (BadCapture, BadPlan, OSError) as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, **made}
