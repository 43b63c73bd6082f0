# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Anchors: where the ledger stood at a time, signed by the control node. They find a cut end, which the chain alone can't.

One JSON line each in ``anchors.jsonl`` beside the ledger; the newest is printed in reports, out of the reach of whoever edits both.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..signing import BadSignature, check, make_key, sign
from .book import End

NAMESPACE = "caretaker-anchor"
SIGNER = "control-node"


@dataclass(frozen=True)
class Anchor:
    """``at`` in UTC as ISO 8601."""

    seq: int
    hash: str
    at: str
    signature: str

    @property
    def signed(self) -> bytes:
        return json.dumps([self.seq, self.hash, self.at]).encode("ascii")


def key_of(ledger: Path) -> Path:
    return ledger.parent / "control_node_key"


def anchors_of(ledger: Path) -> Path:
    return ledger.parent / "anchors.jsonl"


def add(ledger: Path, end: End) -> Anchor:
    """Sign where the ledger ends now; the first time makes the control node's key. Raises BadSignature or OSError."""
    key = key_of(ledger)
    if not key.exists():
        make_key(key, "caretaker control node")
    bare = Anchor(end.seq, end.hash, datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"), "")
    anchor = Anchor(bare.seq, bare.hash, bare.at, sign(key, NAMESPACE, bare.signed))
    file = os.open(anchors_of(ledger), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, json.dumps(asdict(anchor)).encode("ascii") + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    return anchor


def read(ledger: Path) -> Iterator[Anchor]:
    """All anchors, oldest first; none where there is no file. Raises ValueError for a line that is no anchor."""
    path = anchors_of(ledger)
    if not path.exists():
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            yield Anchor(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: line {number} is no anchor") from error


def newest(ledger: Path) -> Anchor | None:
    return max(read(ledger), key=lambda anchor: anchor.seq, default=None)


def problem_of(ledger: Path, anchor: Anchor, hash_there: str | None) -> str | None:
    """What is wrong with an anchor, given the hash that the ledger has at its number; None if nothing is."""
    if hash_there is None:
        return f"the anchor of {anchor.at} names line {anchor.seq}, which the ledger does not have: its end was cut off"
    if hash_there != anchor.hash:
        return f"the anchor of {anchor.at} does not fit line {anchor.seq}: the ledger was written anew"
    try:
        public = key_of(ledger).with_suffix(".pub").read_text()
        check(f"{SIGNER} {public}", SIGNER, NAMESPACE, anchor.signature, anchor.signed)
    except (OSError, BadSignature) as error:
        return f"the anchor of {anchor.at}: {error}"
    return None
