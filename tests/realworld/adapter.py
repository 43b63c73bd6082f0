# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a recorded case becomes a capture, and our verdict on it an answer: no parser here, only the product's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection


@dataclass(frozen=True)
class Case:
    """One recorded case: ``texts`` are its inputs in their order, ``folder`` is where they lie; ``expected`` may only be read for roles and
    params.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    texts: tuple[str, ...]
    expected: Mapping[str, Any]
    folder: Path = Path()

    def role(self, name: str) -> str | None:
        """The text that plays a role ("pdlist") by expected.roles, or None."""
        path = self.expected.get("roles", {}).get(name)
        return self.texts[self.inputs.index(path)] if path in self.inputs else None


@dataclass(frozen=True)
class Answer:
    verdict: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Adapter:
    """``entries`` makes of a case what a capture of that host would hold; ``answer`` reads facts and findings."""

    entries: Callable[[Case], list[Entry]]
    answer: Callable[[Case, Inspection], Answer]
    rules: tuple[str, ...]      # ids of the rules whose findings make the verdict


def file_entry(path: str, text: str) -> Entry:
    return Entry("realworld", "file", path, text)


def command_entry(key: str, text: str, rc: int = 0, stderr: str = "") -> Entry:
    return Entry("realworld", "command", key, text, stderr=stderr, rc=rc)


def capture_of(case: Case, entries: list[Entry], taken_at: datetime | None = None) -> Capture:
    return Capture(host=case.name, run="realworld", taken_at=taken_at or datetime.now(UTC), entries=tuple(entries))


def worst(inspection: Inspection, rules: tuple[str, ...]) -> Severity:
    """The worst finding of these rules; UNKNOWN where none of them gave one."""
    return max((item.severity for item in inspection.findings if item.rule in rules), default=Severity.UNKNOWN)


WORDS: Mapping[Severity, str] = {
    Severity.OK: "ok", Severity.INFO: "ok", Severity.UNKNOWN: "unknown", Severity.WARNING: "warning", Severity.CRITICAL: "critical",
}
