# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of the ledger: JSON whose first field is the sha256 of all that follows it, among that the previous line's.

    {"hash":"9f2c...","prev":"41ab...","seq":7,"at":"2026-11-22T03:00:00.120Z","event":"task","host":"db1",...}

The hash covers the bytes of the line from ``"prev"`` to the end, so that a check needs no parsing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOTHING = "0" * 64                      # what the first line has in place of the previous line's hash
START, LINK, NUMBER = b'{"hash":"', b'","prev":"', b'","seq":'
# Where they are: hash, what it covers, the previous hash, the number
HASH = len(START)
COVERED = HASH + 64 + 2
PREVIOUS = HASH + 64 + len(LINK)
SEQ = PREVIOUS + 64 + len(NUMBER)


@dataclass(frozen=True)
class Head:
    """What links a line to the others."""

    hash: str
    prev: str
    seq: int


def write(prev: str, seq: int, entry: Mapping[str, Any]) -> tuple[str, bytes]:
    """The line's hash, and the line with its line end."""
    text = json.dumps({"prev": prev, "seq": seq, **entry}, ensure_ascii=True, separators=(",", ":"))
    body = text[1:].encode("ascii")
    own = hashlib.sha256(body).hexdigest()
    return own, START + own.encode("ascii") + b'",' + body + b"\n"


def read(line: bytes) -> Head | None:
    """The head of a line without its line end; None if this is not what was once written."""
    if not line.startswith(START) or line[HASH + 64:PREVIOUS] != LINK or line[PREVIOUS + 64:SEQ] != NUMBER:
        return None
    own = line[HASH:HASH + 64].decode("latin-1")
    if hashlib.sha256(line[COVERED:]).hexdigest() != own:
        return None
    return Head(own, line[PREVIOUS:PREVIOUS + 64].decode("latin-1"), int(line[SEQ:line.index(b",", SEQ)]))


def is_torn(piece: bytes) -> bool:
    """Whether this may be the beginning of a line whose writer was killed: no whole line with something after it."""
    return piece.startswith(START[:len(piece)]) and read(piece[:-1]) is None
