# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the settings of all hosts and reserve a run id; thin: plugin_utils.begin does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.begin import BadRun, begin
    from ansible_collections.caretaker.infra.plugins.plugin_utils.records.database import BadRecords
    from ansible_collections.caretaker.infra.plugins.plugin_utils.settings import BadSetting
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(argument_spec={
            "home": {"type": "path", "required": True}, "hosts": {"type": "list", "elements": "str", "required": True},
            "records_url": {"type": "str", "no_log": True}, "run": {"type": "str"}, "recheck": {"type": "str"},
            "subjects": {"type": "list", "elements": "str", "default": []},
        })
        hostvars = (task_vars or {})["hostvars"]
        variables = {host: caretaker_variables(hostvars[host]) for host in options["hosts"]}
        try:
            started = begin(
                Path(options["home"]), options["records_url"] or None, variables, options["run"] or None, options["recheck"] or None,
                options["subjects"], clusters_of(hostvars, variables),
            )
        except (BadSetting, BadRun, BadRecords) as error:
            return {**result, "failed": True, "msg": str(error)}
        except OSError as error:
            problem = f"{options['home']} can't be used: {error}; set caretaker_home to a folder you may write to"
            return {**result, "failed": True, "msg": problem}
        return {
            **result, "changed": False, "run": started.id, "recheck_of": started.recheck_of or "",
            "subjects_by_host": {host: list(names) for host, names in started.subjects_by_host.items()},
        }


def clusters_of(hostvars: Any, variables: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """{caretaker_cluster: all its hosts in the inventory} of the clusters that hosts of this play are in."""
    clusters: dict[str, list[str]] = {str(mine["caretaker_cluster"]): [] for mine in variables.values() if "caretaker_cluster" in mine}
    for host in hostvars if clusters else ():
        name = (variables[host] if host in variables else hostvars[host]).get("caretaker_cluster")
        if name is not None and str(name) in clusters:
            clusters[str(name)].append(str(host))
    return clusters


def caretaker_variables(variables: Any) -> dict[str, Any]:
    """A host's caretaker_* variables, templated; the hostvars of ansible-core give them lazily."""
    return {name: variables[name] for name in variables if name.startswith("caretaker_")}
