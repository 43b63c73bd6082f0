# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger says of a task: who did what where, with which outcome, and the values before and after."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...module_utils.redaction import HIDDEN, redact

MAX_TEXT = 4096
SECRET_NAME = re.compile(r"(?i)pass(?:word|wd|phrase|code)?(?:_|$)|passw|secret|token|private_key|api_?key")
SHORTEST_SECRET = 4                     # shorter values would black out half the ledger


def secrets_of(variables: Mapping[str, Any]) -> frozenset[str]:
    """The values that must not appear: texts below a variable whose name says that it holds a secret."""
    return frozenset(_secrets(variables, False))


def _secrets(value: Any, secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets(item, secret or bool(SECRET_NAME.search(str(name))))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item, secret)
    elif secret and isinstance(value, str) and len(value) >= SHORTEST_SECRET:
        yield str(value)


def without(secrets: Iterable[str], value: Any) -> Any:
    """The value with secrets, known ones and what looks like one, replaced in every text of it."""
    if isinstance(value, Mapping):
        return {str(name): without(secrets, item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without(secrets, item) for item in value]
    if isinstance(value, str):
        text = str(value)
        for secret in secrets:
            text = text.replace(secret, HIDDEN)
        return redact(text)
    return value


def outcome_of(result: Mapping[str, Any], kind: str) -> str:
    """``kind`` is ok, failed, unreachable or skipped; an ok that changed something is changed."""
    return "changed" if kind == "ok" and result.get("changed") else kind


def changes(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the module (or each item of its loop) says it changed: [{"what", "before", "after"}]; empty where it does not say."""
    found = []
    for part in result["results"] if isinstance(result.get("results"), list) else [result]:
        diffs = part.get("diff") if isinstance(part, Mapping) else None
        for diff in diffs if isinstance(diffs, list) else [diffs]:
            if isinstance(diff, Mapping) and ("before" in diff or "after" in diff):
                what = diff.get("before_header") or diff.get("after_header") or ""
                found.append({"what": str(what), "before": short(diff.get("before")), "after": short(diff.get("after"))})
            elif isinstance(diff, Mapping) and "prepared" in diff:
                found.append({"what": "", "diff": short(diff["prepared"])})
    return found


def short(value: Any) -> Any:
    """A value as it is, or the beginning of its text with the sha256 of the whole where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
    if len(text) <= MAX_TEXT:
        return str(value) if isinstance(value, str) else json.loads(text)
    return f"{text[:MAX_TEXT]}... ({len(text)} characters, sha256 {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()})"


def message_of(result: Mapping[str, Any]) -> str:
    """Why a task failed or was left out, in one line."""
    return " ".join(str(result.get("msg") or result.get("skip_reason") or "").split())[:500]
