# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's report as a folder of files, written host by host so that memory stays flat however large the fleet is.

    report.html     for people; large fleets have hosts/N.js beside it, which it loads when a host is opened
    report.json     the run in figures; hosts.jsonl: a host a line, in full
    report.xml      JUnit
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..ledger.anchors import Anchor
from ..outcome import Outcome
from ..registry import RULES
from . import junit
from .bottlenecks import TITLES, data_of, diagnosis_of, fleet_data
from .document import described, document_of, evidence_of, moment
from .fleet import Fleet, as_json
from .harmless import line
from .page import harmless_json, page_of
from .storage import storage_of
from .text import text_of

EMBEDDED = 60               # hosts whose details stand in the page itself
SCHEMA = 1


@dataclass(frozen=True)
class Finished:
    """``files``: {path in the folder: sha256}; ``text``: for the terminal; score 0 to 100 or None, coverage 0 to 1."""

    files: dict[str, str]
    text: str
    counts: dict[str, int]
    score: float | None
    coverage: float


class ReportFolder:
    """Writes into ``path``, which exists and is empty; some hosts at a time. Files are for their owner's eyes only."""

    def __init__(
        self, path: Path, run: str, started_at: datetime, recheck_of: str | None = None, customer: str | None = None,
        anchor: Anchor | None = None,
    ) -> None:
        self._path = path
        self._fleet = Fleet(run, started_at, recheck_of, customer, anchor)
        self._details: list[str] = []           # of the hosts that are not written yet, as are the next two
        self._lines: list[str] = []
        self._suites: list[str] = []
        self._files: dict[str, str] = {}
        self._hashes: dict[str, Any] = {}       # of the files that still grow
        self._suites.append(junit.begin(run))

    def add(self, outcome: Outcome, trend: list[dict[str, Any]], sha256: str) -> None:
        """One host; ``trend``: its inspections as records.hosts.trend_of gives them; ``sha256``: of its capture in the archive."""
        document = document_of(outcome, trend, sha256)
        written, storage = as_json(document), as_json(storage_of(outcome.inspection))
        self._lines.append(written + "\n")
        self._suites.append(junit.suite(document))
        diagnosis = diagnosis_of(outcome.inspection.facts)
        drawn = as_json(None if diagnosis is None else data_of(diagnosis))
        self._details.append(f'{{"host":{written},"storage":{storage},"bottlenecks":{drawn},"evidence":{as_json(evidence_of(outcome))}}}')
        settings = outcome.inspection.settings
        if outcome.source != "cluster":
            self._fleet.bottlenecks.add(document["host"], diagnosis, TITLES, document["system"], settings.importance)
        self._fleet.add(document)
        if len(self._details) > EMBEDDED:
            self._write()

    def finish(self) -> Finished:
        fleet = self._fleet
        self._suites.append(junit.end())
        self._write()
        self._append("report.json", as_json(self._summary()) + "\n")
        self._append("report.html", page_of(fleet, None if len(fleet.rows) > EMBEDDED else self._details))
        files = {**self._files, **{name: digest.hexdigest() for name, digest in self._hashes.items()}}
        return Finished(files, text_of(fleet), fleet.numbers, fleet.score, fleet.coverage)

    def _write(self) -> None:
        self._append("hosts.jsonl", "".join(self._lines))
        self._append("report.xml", "".join(self._suites))
        self._lines.clear()
        self._suites.clear()
        if len(self._fleet.rows) > EMBEDDED:
            self._put_details_aside()

    def _put_details_aside(self) -> None:
        """Each as a script that hands its host to the page: a page opened from a file may load scripts, but no data."""
        (self._path / "hosts").mkdir(exist_ok=True, mode=0o700)
        first = len(self._fleet.rows) - len(self._details)
        for number, detail in enumerate(self._details, first):
            name = f"hosts/{number}.js"
            self._append(name, f"caretaker({number},{harmless_json(detail)})\n")
            self._files[name] = self._hashes.pop(name).hexdigest()
        self._details.clear()

    def _summary(self) -> Mapping[str, Any]:
        fleet = self._fleet
        return {
            "schema": SCHEMA, "run": fleet.run, "started_at": moment(fleet.started_at), "recheck_of": fleet.recheck_of,
            "customer": line(fleet.customer) if fleet.customer else None, "score": fleet.score, "coverage": fleet.coverage,
            "ledger_anchor": fleet.anchor_told,
            "counts": fleet.numbers, "states": dict(fleet.states), "open_by_rule": fleet.by_rule, "hosts_file": "hosts.jsonl",
            "remediation": [{**asdict(action), "due": action.due.isoformat()} for action in fleet.actions],
            "bottlenecks": fleet_data(fleet.bottlenecks) if fleet.bottlenecks.looked_at else None,
            "rules": {rule.id: described(rule) for rule in RULES},
        }

    def _append(self, name: str, text: str) -> None:
        data = text.encode()
        self._hashes.setdefault(name, hashlib.sha256()).update(data)
        handle = os.open(self._path / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
