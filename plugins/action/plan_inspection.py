# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of plan_inspection: the plan of an inspection, to be approved."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.plan import BadPlan
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.request import OPTIONS, write_plan
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.writing import inspection_document
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(argument_spec={
            **OPTIONS, "title": {"type": "str", "default": "Health inspection"},
            "subjects": {"type": "list", "elements": "str", "default": []},
        })
        try:
            made = write_plan(
                options, (task_vars or {})["hostvars"], "inspection",
                lambda site, heading: inspection_document(site, heading, options["subjects"]), self._task.check_mode)
        except (BadPlan, OSError) as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, **made}
