# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge, record and report a run; thin: plugin_utils.conclude does it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.caretaker.infra.plugins.plugin_utils.requirement import missing

try:
    from ansible_collections.caretaker.infra.plugins.plugin_utils.begin import BadRun
    from ansible_collections.caretaker.infra.plugins.plugin_utils.conclude import conclude
    from ansible_collections.caretaker.infra.plugins.plugin_utils.records.database import BadRecords
    from ansible_collections.caretaker.infra.plugins.plugin_utils.settings import BadSetting
except ImportError as error:
    raise AnsibleError(missing(error)) from error


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(argument_spec={
            "home": {"type": "path", "required": True}, "run": {"type": "str", "required": True}, "recheck": {"type": "str"},
            "records_url": {"type": "str", "no_log": True}, "report_dir": {"type": "path"}, "customer": {"type": "str"},
            "documents": {"type": "list", "elements": "str", "choices": ["docx", "pdf", "xlsx"], "default": []}, "logo": {"type": "path"},
            "plan": {"type": "path"}, "approvers_file": {"type": "path"},
        })
        try:
            finished, folder = conclude(
                Path(options["home"]), options["records_url"] or None, options["run"],
                Path(options["report_dir"]) if options["report_dir"] else None, options["recheck"] or None, options["customer"] or None,
                ledger_of(Path(options["home"])),
            )
        except (BadRun, BadRecords, BadSetting) as error:
            return {**result, "failed": True, "msg": str(error)}
        Display().display(f"\n{finished.text}\n\nReport: {folder / 'report.html'}\n")
        if options["documents"]:
            result.update(documents_of(options, folder))
        return {
            **result, "changed": True, "run": options["run"], "folder": str(folder), "text": finished.text.splitlines(),
            "counts": dict(finished.counts), "score": finished.score, "coverage": finished.coverage,
        }


def documents_of(options: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The result's part about documents; their libraries are loaded only here, for most runs want none."""
    try:
        from ansible_collections.caretaker.infra.plugins.plugin_utils.documents import Sources, add_documents
        from ansible_collections.caretaker.infra.plugins.plugin_utils.reports.documents.finished import BadFolder
    except ImportError as error:
        return {"failed": True, "msg": f"the run is recorded and its report complete, but without documents: {missing(error)}"}
    named = {name: Path(options[name]) if options[name] else None for name in ("logo", "plan", "approvers_file")}
    sources = Sources(named["logo"], named["plan"], named["approvers_file"], ledger_of(Path(options["home"])))
    try:
        written = add_documents(
            Path(options["home"]), options["records_url"] or None, options["run"], folder, options["documents"], sources)
    except (BadFolder, BadRecords) as error:
        return {"failed": True, "msg": f"the run is recorded and its report complete, but without documents: {error}"}
    display = Display()
    display.display("\n".join(f"Document: {folder / name}" for name in written.files))
    for note in written.notes:
        display.display(f"Note: {note}")
    return {"documents": [str(folder / name) for name in written.files], "document_notes": list(written.notes)}


def ledger_of(home: Path) -> Path:
    """The ledger that this playbook is recorded in; else the one of the home."""
    _run, _blank, name = os.environ.get("CARETAKER_LEDGER_RUN", "").partition(" ")
    return Path(name) if name else home / "ledger" / "ledger.jsonl"
