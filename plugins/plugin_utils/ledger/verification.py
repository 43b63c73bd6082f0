# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find any edit, cut or reorder of a ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .line import NOTHING, is_torn, read


@dataclass(frozen=True)
class Verdict:
    """What a check of a ledger gave: whole lines, torn ones that were closed, and the first thing that is wrong, if any.

    ``hashes``: {seq: hash} of the lines that were asked for.
    """

    lines: int
    torn: int
    problem: str | None
    hash: str
    hashes: Mapping[int, str]


def verify(path: Path, wanted: frozenset[int] = frozenset()) -> Verdict:
    """Read a ledger from its start to its end, or to the first line that is wrong. Raises OSError where it can't be read."""
    previous, seq, torn = NOTHING, 0, 0
    open_piece: bytes | None = None
    hashes: dict[int, str] = {}

    def verdict(problem: str | None) -> Verdict:
        return Verdict(seq, torn, problem, previous, hashes)

    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            head = read(line.removesuffix(b"\n"))
            if open_piece is not None:
                if head is None or not _closes(line, open_piece):
                    return verdict(f"line {number - 1} was changed")
                open_piece, torn = None, torn + 1
            if head is None:
                open_piece = line.removesuffix(b"\n")
                continue
            if head.prev != previous or head.seq != seq + 1:
                return verdict(f"line {number} (number {head.seq}) does not continue number {seq}: lines were removed, added or moved")
            previous, seq = head.hash, head.seq
            if seq in wanted:
                hashes[seq] = previous
    if open_piece is None:
        return verdict(None)
    if line.endswith(b"\n") or not is_torn(open_piece):
        return verdict("the last line was changed")
    torn += 1                           # its writer was killed; whoever writes next closes it
    return verdict(None)


def _closes(line: bytes, torn: bytes) -> bool:
    entry = json.loads(line)
    return bool(entry.get("event") == "closed_torn_line" and entry.get("torn_sha256") == hashlib.sha256(torn).hexdigest())
