# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of plan_remediation: a run's open findings, as a plan of safe remedies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.plan import BadPlan, parse
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.writing import Site, next_id, places_of, store, window_of
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
            "home": {"type": "path", "required": True}, "records_url": {"type": "str", "no_log": True},
            "run": {"type": "str", "required": True}, "hosts": {"type": "list", "elements": "str", "required": True},
            "title": {"type": "str", "default": "Remedies for an inspection"}, "requester": {"type": "str", "required": True},
            "window_from": {"type": "str", "required": True}, "window_until": {"type": "str", "required": True},
            "approvers_file": {"type": "path", "required": True}, "approval": {"type": "dict", "required": True},
            "engineers": {"type": "dict", "default": {}},
        })
        home, now = Path(options["home"]), datetime.now(UTC)
        try:
            site = Site(
                places_of(options["hosts"], (task_vars or {})["hostvars"]), options["approval"], options["engineers"],
                Path(options["approvers_file"]).read_text(encoding="utf-8", errors="surrogateescape"),
            )
            taken = [path.name for path in (home / "plans").glob("*")]
            document = remediation_document(
                site, next_id(taken, "remediation", now), options["title"], options["requester"],
                window_of(options["window_from"], options["window_until"]), options["run"],
                findings_of(home, options["records_url"] or None, options["run"]), now)
            if self._task.check_mode:
                plan = parse(document, document["id"])
                return {**result, "changed": True, "plan": plan.id, "path": "", "digest": plan.digest, "steps": document["steps"]}
            path, plan = store(home, document)
        except (BadPlan, BadRecords, OSError) as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, "changed": True, "plan": plan.id, "path": str(path), "digest": plan.digest, "steps": document["steps"]}


def findings_of(home: Path, url: str | None, run: str) -> list[OpenFinding]:
    """Raises BadPlan for a run that the records do not have."""
    with transaction(open_records(home, url)) as connection:
        runs = run_ids(connection)
        if run not in runs:
            raise BadPlan(f"the records have no run {run!r}; the newest are {', '.join(sorted(runs)[-3:]) or 'none'}")
        return open_findings(connection, run)
