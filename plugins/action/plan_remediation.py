# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of plan_remediation: a run's open findings, as a plan of safe remedies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.plan import BadPlan
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.request import OPTIONS, write_plan
    from ansible_collections.caretaker.infra.plugins.plugin_utils.records.database import BadRecords, open_records, transaction
    from ansible_collections.caretaker.infra.plugins.plugin_utils.records.results import OpenFinding, open_findings
    from ansible_collections.caretaker.infra.plugins.plugin_utils.records.runs import run_ids
    from ansible_collections.caretaker.infra.plugins.plugin_utils.remediation.planning import remediation_document
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(argument_spec={
            **OPTIONS, "title": {"type": "str", "default": "Remedies for an inspection"}, "run": {"type": "str", "required": True},
            "records_url": {"type": "str", "no_log": True},
        })
        try:
            made = write_plan(
                options, (task_vars or {})["hostvars"], "remediation",
                lambda site, heading: remediation_document(site, heading, options["run"], findings_of(
                    Path(options["home"]), options["records_url"] or None, options["run"])), self._task.check_mode)
        except (BadPlan, BadRecords, OSError) as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, **made}


def findings_of(home: Path, url: str | None, run: str) -> list[OpenFinding]:
    """Raises BadPlan for a run that the records do not have."""
    with transaction(open_records(home, url)) as connection:
        runs = run_ids(connection)
        if run not in runs:
            raise BadPlan(f"the records have no run {run!r}; the newest are {', '.join(sorted(runs)[-3:]) or 'none'}")
        return open_findings(connection, run)
