# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Prometheus for a host's history and put the answer into the host's capture."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zstandard
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.archive import SCHEMA, archive_path, store
    from ansible_collections.caretaker.infra.plugins.plugin_utils.history.exporters import EXPORTERS
    from ansible_collections.caretaker.infra.plugins.plugin_utils.history.prometheus import Down, Server, gather
except ImportError as error:
    raise AnsibleError(missing(error)) from error

KEY = "history history prometheus"


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(argument_spec={
            "home": {"type": "path", "required": True}, "run": {"type": "str", "required": True}, "url": {"type": "str", "required": True},
            "host": {"type": "str"}, "selectors": {"type": "dict", "default": {}}, "days": {"type": "int", "default": 28},
            "step_seconds": {"type": "int", "default": 600}, "user": {"type": "str", "default": ""},
            "password": {"type": "str", "default": "", "no_log": True}, "token": {"type": "str", "default": "", "no_log": True},
            "ca_file": {"type": "path"}, "timeout": {"type": "float", "default": 30.0},
        })
        host = options["host"] or (task_vars or {})["inventory_hostname"]
        unknown = sorted(set(options["selectors"]) - set(EXPORTERS))
        if unknown or options["step_seconds"] < 1 or options["days"] < 1:
            return {**result, "failed": True, "msg": f"selectors {unknown} are of no known exporter ({', '.join(EXPORTERS)}), "
                                                     "or days or step_seconds are below 1"}
        selectors = options["selectors"] or {"node": f'instance=~"{host}(:[0-9]+)?"'}
        server = Server(options["url"], options["user"], options["password"], options["token"], options["ca_file"], options["timeout"])
        entry: dict[str, Any] = {"subject": "history", "instance": "history", "kind": "query", "key": KEY, "at": 0.0}
        measures = 0
        try:
            document = gather(server.ask, selectors, time.time(), options["days"], options["step_seconds"])
            entry["text"] = json.dumps(document, separators=(",", ":"))
            measures = len({item[0] for item in document["series"]})
            problem = ""
        except Down as error:
            problem = str(error)
            entry.update(error="failed", stderr=problem)
        try:
            path, sha256 = store(Path(options["home"]), with_entry(Path(options["home"]), options["run"], host, entry))
        except (OSError, ValueError, zstandard.ZstdError) as error:
            return {**result, "failed": True, "msg": f"the history of {host} can't be stored: {error}"}
        return {**result, "changed": False, "archive": str(path), "sha256": sha256, "reached": not problem, "problem": problem,
                "measures": measures}


def with_entry(home: Path, run: str, host: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The host's capture of this run with the entry in it; a capture of this entry alone where there is none."""
    path = archive_path(home, run, host)
    if not path.is_file():
        return {"schema": SCHEMA, "host": host, "run": run, "source": "prometheus", "subjects": ["history"],
                "taken_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "entries": [entry]}
    document: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=256 * 1024 * 1024))
    document["entries"] = [item for item in document["entries"] if item["key"] != KEY] + [entry]
    return document
