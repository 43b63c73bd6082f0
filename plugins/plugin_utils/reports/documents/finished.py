# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a report's folder back: the run in figures, and each host with its storage and evidence, exactly as the page shows them.

Documents are made from this alone, so they can be written at any later time and never say another thing than the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Detail = dict[str, Any]  # {"host": as hosts.jsonl has it, "storage": what is drawn, "evidence": {key of the capture: text}}
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


class BadFolder(Exception):
    """A report that can't be read or written; the text names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class FinishedReport:
    """``summary`` as in report.json; ``embedded``: details of a small fleet, None where each has a file."""

    path: Path
    summary: Mapping[str, Any]
    embedded: tuple[Detail, ...] | None
    number: int

    def detail(self, number: int) -> Detail:
        """A host by its place in hosts.jsonl. Raises BadFolder."""
        if self.embedded is not None:
            return self.embedded[number]
        path = self.path / "hosts" / f"{number}.js"
        try:
            # caretaker(17,{...})
            text = path.read_text("utf-8").rstrip().removesuffix(")")
            detail: Detail = json.loads(text[text.index(",") + 1 :])
        except (OSError, ValueError) as error:
            raise _bad(path, error) from error
        return detail

    def details(self) -> Iterator[Detail]:
        return (self.detail(number) for number in range(self.number))


def read(path: Path) -> FinishedReport:
    """Raises BadFolder for a folder that is no finished report."""
    try:
        summary = json.loads((path / "report.json").read_text("utf-8"))
        number = summary["counts"]["hosts"] + summary["counts"]["clusters"]
        aside = (path / "hosts" / "0.js").exists()
        embedded = None if aside else _embedded(path / "report.html")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad(path, error) from error
    return FinishedReport(path, summary, embedded, number)


def _embedded(page: Path) -> tuple[Detail, ...]:
    found = DATA.search(page.read_text("utf-8"))
    if found is None:
        raise ValueError("report.html holds no data")
    return tuple(json.loads(found.group(1))["details"])


def _bad(path: Path, error: Exception) -> BadFolder:
    return BadFolder(f"{path}: can't be read as a finished report ({error}); restore it, or inspect again")
