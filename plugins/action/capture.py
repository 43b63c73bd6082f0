# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control-node half of the capture module: store what the target sent, or why it sent nothing; return a summary only."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.caretaker.infra.plugins.module_utils.observation import ARGUMENTS
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.archive import SCHEMA, BadCapture, store, unpack
    from ansible_collections.caretaker.infra.plugins.plugin_utils.program import INTERPRETERS, answer_of, command, packed_texts, program
    from ansible_collections.caretaker.infra.plugins.plugin_utils.settings import settings_of
except ImportError as error:
    raise AnsibleError(missing(error)) from error

COLLECTOR = "caretaker.infra 1.0.0"
packed_texts()                          # here, once, and not in the process that Ansible forks for each host


class ActionModule(ActionBase):
    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        host = variables["inventory_hostname"]
        _validation, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        mine = {name: self._templar.template(value) for name, value in variables.items() if name.startswith("caretaker_")}
        document = {
            "schema": SCHEMA, "host": host, "run": options["run"], "source": "linux", "collector": COLLECTOR,
            "settings": settings_of(host, mine), **self._observe(options, variables),
        }
        if options["history_days"] > 0 and not document.get("problem"):
            _add_earlier(Path(options["home"]), document, options["history_days"])
        try:
            path, sha256 = store(Path(options["home"]), document)
        except OSError as error:
            problem_here = f"the capture of {host} can't be stored: {error}; make room or set caretaker_home, then inspect again"
            return {**result, "failed": True, "msg": problem_here}
        errors = Counter(entry["error"] for entry in document["entries"] if entry.get("error"))
        summary = {"archive": str(path), "sha256": sha256, "entries": len(document["entries"]), "errors": dict(errors)}
        problem = document.get("problem")
        if problem:
            # Marked unreachable, which the role ignores: the host stays in the play and the report tells what happened
            return {**result, **summary, "reached": False, "unreachable": True, "msg": problem}
        return {**result, **summary, "reached": True, "changed": False}

    def _observe(self, options: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """The capture that the target sent, or one without entries that names the problem."""
        send = self._by_program if self._is_pipelining_enabled("new") else self._by_module
        try:
            packed, problem = send(options, variables)
            return unpack(packed) if packed else without_entries(problem)
        except AnsibleConnectionFailure as error:
            return without_entries(f"unreachable: {one_line(error)}")
        except (AnsibleError, BadCapture) as error:
            return without_entries(one_line(error))

    def _by_program(self, options: dict[str, Any], variables: dict[str, Any]) -> tuple[str | None, str]:
        """The packed capture or None, and what is wrong: over the connection's standard input, which leaves no file on the target."""
        named = str(self._templar.template(variables.get("ansible_python_interpreter") or "auto"))
        arguments = {name: value for name, value in options.items() if name not in ("home", "run")}
        done = self._low_level_execute_command(
            command(INTERPRETERS if named.startswith("auto") else [named]), in_data=program("observation", "packed_capture", arguments))
        said = (done["stderr"] or done["stdout"]).strip().splitlines() or ["no word why"]
        return answer_of(done["stdout"]), one_line(f"the capture gave no answer, status {done['rc']} ({said[-1]})")

    def _by_module(self, options: dict[str, Any], variables: dict[str, Any]) -> tuple[str | None, str]:
        """The same where pipelining is off: as an ordinary module, by a temporary file."""
        answer = self._execute_module(module_name="caretaker.infra.capture", module_args=options, task_vars=variables)
        return None if answer.get("failed") else answer.get("capture"), one_line(reason_of(answer))


def _add_earlier(home: Path, document: dict[str, Any], days: int) -> None:
    # It loads every parser, which only who asks for a history should pay
    from ansible_collections.caretaker.infra.plugins.plugin_utils.earlier import history_entry

    entry = history_entry(home, document, days)
    if entry is not None:
        document["entries"].append(entry)


def without_entries(problem: str) -> dict[str, Any]:
    return {"taken_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "problem": problem, "entries": []}


def reason_of(answer: dict[str, Any]) -> str:
    """Why a module gave no capture: the interpreter's own words say more than Ansible's MODULE FAILURE."""
    said = str(answer.get("module_stderr") or answer.get("module_stdout") or "").strip().splitlines()
    text = str(answer.get("msg") or "the module gave no answer")
    return f"{text.splitlines()[0]} ({said[-1]})" if said else text


def one_line(text: object) -> str:
    return " ".join(str(text).split())[:500]
