# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of notify_owners: letters to the owners of devices, and the documents that a webhook is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.addresses import is_address
    from ansible_collections.caretaker.infra.plugins.plugin_utils.approval.plan import BadPlan, load
    from ansible_collections.caretaker.infra.plugins.plugin_utils.findings import Severity
    from ansible_collections.caretaker.infra.plugins.plugin_utils.mail import BadMail, Post, parse_post, send
    from ansible_collections.caretaker.infra.plugins.plugin_utils.notification import Notice, letter_of, notices_of_plan, notices_of_run
    from ansible_collections.caretaker.infra.plugins.plugin_utils.records.database import BadRecords, open_records, transaction
    from ansible_collections.caretaker.infra.plugins.plugin_utils.records.results import hosts_of, open_findings
    from ansible_collections.caretaker.infra.plugins.plugin_utils.records.runs import run_ids
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(
            argument_spec={
                "home": {"type": "path", "required": True}, "records_url": {"type": "str", "no_log": True},
                "hosts": {"type": "list", "elements": "str", "required": True}, "run": {"type": "str"}, "plan": {"type": "path"},
                "mail": {"type": "dict", "no_log": True}, "language": {"type": "str", "choices": ["en", "zh_CN"], "default": "en"},
            }, required_one_of=[["run", "plan"]], mutually_exclusive=[["run", "plan"]])
        owners = addresses_of(options["hosts"], (task_vars or {})["hostvars"])
        try:
            post = parse_post(options["mail"]) if options["mail"] else None
            notices = notices_of(options, owners)
        except (BadMail, BadPlan, BadRecords) as error:
            return {**result, "failed": True, "msg": str(error)}
        result.update(notices=[notice.document for notice in notices], without_address=sorted(set(options["hosts"]) - set(owners)))
        if not notices:
            return {**result, "failed": True, "msg": "no owner has an address: set caretaker_owner_email for hosts or groups"}
        if post is None or self._task.check_mode:
            return {**result, "changed": False, "sent": []}
        sent, problems = send_all(post, notices, options["language"])
        if problems:
            return {**result, "failed": True, "changed": bool(sent), "sent": sent, "msg": "; ".join(problems)}
        return {**result, "changed": True, "sent": sent}


def addresses_of(hosts: Iterable[str], hostvars: Any) -> dict[str, str]:
    """{host: its owner's address} of the hosts that have one."""
    given = {str(host): str(hostvars[host].get("caretaker_owner_email", "")) for host in hosts}
    return {host: address for host, address in given.items() if is_address(address)}


def notices_of(options: Mapping[str, Any], owners: Mapping[str, str]) -> tuple[Notice, ...]:
    """Raises BadPlan (also for a run that the records do not have) or BadRecords."""
    if options["plan"]:
        return notices_of_plan(load(Path(options["plan"])), owners)
    with transaction(open_records(Path(options["home"]), options["records_url"] or None)) as connection:
        runs = run_ids(connection)
        if options["run"] not in runs:
            raise BadPlan(f"the records have no run {options['run']!r}; the newest are {', '.join(sorted(runs)[-3:]) or 'none'}")
        found = open_findings(connection, options["run"], Severity.UNKNOWN)
        return notices_of_run(options["run"], hosts_of(connection, options["run"]), found, owners)


def send_all(post: Post, notices: Iterable[Notice], language: str) -> tuple[list[str], list[str]]:
    """Whom a letter was sent, and why it was not to others; one that fails does not keep the next from being sent."""
    sent, problems = [], []
    for notice in notices:
        try:
            send(post, letter_of(notice, language))
            sent.append(notice.to)
        except BadMail as error:
            problems.append(f"{notice.to}: {error}")
    return sent, problems
