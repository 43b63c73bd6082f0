# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's own captures of the last weeks tell, for the history in its newest one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from glob import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from .archive import BadCapture, Capture, host_file_name, load, parse
from .bottleneck.readings import SUBJECTS as TELLING, readings_of
from .facts.history import CAPTURES_KEY
from .findings import DAY
from .history.captures import LONGEST, Snapshot, document_of
from .inspection import facts_of
from .registry import SUBJECTS


def history_entry(home: Path, document: dict[str, Any], days: int) -> dict[str, Any] | None:
    """The entry for a capture's document; None where no two captures of the last days are neighbours, or none tells anything."""
    newest = parse(document, "the new capture")
    now = newest.taken_at.timestamp()
    oldest = now - days * DAY
    earlier = (capture for capture in _loaded(_candidates(home, newest.host, oldest, now)) if capture.run != newest.run)
    made = document_of(_snapshot(capture) for capture in (*earlier, newest)
                       if capture.taken_at.timestamp() >= oldest and not capture.problem)
    if not made["series"]:
        return None
    return {"subject": "history", "instance": "history", "kind": "note", "key": CAPTURES_KEY, "at": 0.0,
            "text": json.dumps(made, separators=(",", ":"))}


def _candidates(home: Path, host: str, oldest: float, newest: float) -> list[Path]:
    """Files of the archive that may hold neighbours; a file is never older than its capture, so quarterly ones are not even opened."""
    found = sorted((path.stat().st_mtime, path) for path in home.glob(f"archive/*/{escape(host_file_name(host))}.json.zst"))
    recent = [(at, path) for at, path in found if at >= oldest]
    is_near = any(two - one <= LONGEST for one, two in pairwise((*(at for at, _path in recent), newest)))
    return [path for _at, path in recent] if is_near else []


def _loaded(paths: Iterable[Path]) -> Iterator[Capture]:
    for path in paths:
        try:
            yield load(path)
        except BadCapture:          # the ledger's check tells of it; a history is no place for that
            continue


def _snapshot(capture: Capture) -> Snapshot:
    looked_at = set(capture.subjects) or set(TELLING)
    facts = {subject.name: facts_of(subject, capture) for subject in SUBJECTS if subject.name in TELLING and subject.name in looked_at}
    at = capture.taken_at.timestamp()
    return Snapshot(at, readings_of(facts, at))
