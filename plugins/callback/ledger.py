# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = """
name: ledger
type: notification
short_description: Record every task's outcome in a ledger that can't be edited unnoticed
version_added: 1.0.0
description:
  - Appends one line for each task and host to a JSON-lines file in which each line holds the previous line's hash.
  - Passwords and other secrets are replaced, by the values of the host's variables and by what they look like.
  - At the end of a playbook the control node signs where the ledger stands.
  - C(scripts/ledger verify) finds any edit, cut or reorder.
requirements:
  - ssh-keygen of OpenSSH 8.2 or later on the control node
options:
  path:
    description: The ledger's file. Its folder also holds the control node's key and the signed anchors.
    type: path
    default: ~/.local/share/caretaker/ledger/ledger.jsonl
    env:
      - name: CARETAKER_LEDGER
    ini:
      - section: caretaker_ledger
        key: path
author:
  - Caretaker contributors (@caretaker)
"""

import getpass
import os
import socket
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible_collections.caretaker.infra.plugins.plugin_utils.ledger import anchors
from ansible_collections.caretaker.infra.plugins.plugin_utils.ledger.book import BadLedger, Book
from ansible_collections.caretaker.infra.plugins.plugin_utils.ledger.entries import changes, message_of, outcome_of, secrets_of, without
from ansible_collections.caretaker.infra.plugins.plugin_utils.ledger.recording import RUNNING
from ansible_collections.caretaker.infra.plugins.plugin_utils.signing import BadSignature

# What answers with the digest of the plan that it is about
PLANNED = frozenset({"caretaker.infra.require_approval", "caretaker.infra.decide_plan"})


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "caretaker.infra.ledger"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._book: Book | None = None
        self._play = ""
        self._run = uuid4().hex[:16]
        self._secrets = lru_cache(maxsize=100_000)(lambda host: secrets_of(host.get_vars()))

    def v2_playbook_on_start(self, playbook: Any) -> None:
        path = Path(self.get_option("path")).expanduser()
        try:
            self._book = Book(path)
        except BadLedger as error:
            self._display.warning(f"Nothing is recorded: {error}")
            return
        arguments = context.CLIARGS
        self._add({
            "event": "start", "playbook": os.path.basename(playbook._file_name), "who": f"{getpass.getuser()}@{socket.gethostname()}",
            "for": os.environ.get("SUDO_USER", ""), "inventory": [str(item) for item in arguments.get("inventory") or ()],
            "limit": str(arguments.get("subset") or ""), "check": bool(arguments.get("check")),
        })
        os.environ[RUNNING] = f"{self._run} {path}"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play.get_name().strip()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._task(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._task(result, "failed", ignored=ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._task(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._task(result, "skipped")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = {host: {name: count for name, count in stats.summarize(host).items() if count} for host in sorted(stats.processed)}
        self._add({"event": "end", "hosts": hosts})
        if self._book is None:
            return
        self._book.sync()
        try:
            anchors.add(self._book.path, self._book.end())
        except (BadSignature, OSError) as error:
            self._display.warning(f"The ledger has no anchor for this run: {error}")

    def _task(self, result: Any, kind: str, ignored: bool = False) -> None:
        host, task, values = result._host, result._task, result._result
        values = values if isinstance(values, Mapping) else {}
        outcome = outcome_of(values, kind)
        entry: dict[str, Any] = {
            "event": "task", "play": self._play, "task": task.get_name().strip(), "action": str(task.resolved_action or task.action),
            "host": host.get_name(), "outcome": outcome,
        }
        if isinstance(values.get("digest"), str) and entry["action"] in PLANNED:
            entry["digest"] = values["digest"]
        if entry["action"] == "caretaker.infra.begin_run":
            entry["inspection"] = values.get("run")         # ties the plan above it to the run's records
        if outcome == "changed":
            entry["changes"] = changes(values)
        elif outcome != "ok":
            entry["message"] = message_of(values)
        if ignored:
            entry["ignored"] = True
        self._add(without(self._secrets(host), entry))

    def _add(self, entry: dict[str, Any]) -> None:
        if self._book is None:
            return
        try:
            self._book.add({"run": self._run, **entry})
        except BadLedger as error:
            self._book = None
            os.environ.pop(RUNNING, None)       # what can't be recorded must not be done: from here on the gate refuses
            self._display.warning(f"Nothing more is recorded: {error}")
