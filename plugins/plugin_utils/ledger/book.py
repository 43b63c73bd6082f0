# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Append to a ledger: one writer at a time, each line written at once, forced to disk in batches.

A process that is killed loses no line that it wrote; a machine that loses its power loses those since the last ``sync``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .line import NOTHING, read, write

TAIL_BYTES = 1 << 16


class BadLedger(Exception):
    """A ledger that can't be used; the text names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class End:
    """The newest whole line: where the next one continues from."""

    seq: int
    hash: str


class Book:
    """An open ledger. Raises BadLedger where it can't be opened or its end is not a ledger's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise BadLedger(f"the ledger {path} can't be opened ({error.strerror}); make it writable or set CARETAKER_LEDGER") from error
        self._size = -1
        self._end = End(0, NOTHING)

    def add(self, entry: Mapping[str, Any]) -> End:
        """Append one entry with the time of now."""
        with self._alone():
            self._add(entry)
            return self._end

    def end(self) -> End:
        with self._alone():
            return self._end

    def sync(self) -> None:
        os.fsync(self._file)

    def close(self) -> None:
        self.sync()
        os.close(self._file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock, and know the end, which another process may have moved."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if os.fstat(self._file).st_size != self._size:
                self._find_end()
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _add(self, entry: Mapping[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        own, line = write(self._end.hash, self._end.seq + 1, {"at": at, **entry})
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise BadLedger(f"the ledger {self.path} can't be written ({error.strerror}); make room, then run again") from error
        if written != len(line):
            raise BadLedger(f"the ledger {self.path} took only a part of a line; make room, then run again")
        self._end = End(self._end.seq + 1, own)
        self._size = os.fstat(self._file).st_size

    def _find_end(self) -> None:
        """Read the newest line; one that a killed writer left torn is closed, and the next entry says so."""
        size = os.fstat(self._file).st_size
        if size == 0:
            self._size, self._end = 0, End(0, NOTHING)
            return
        lines = self._last_lines(size)
        torn = lines.pop()              # what follows the last line end: nothing, where all is well
        if read(torn):                  # only the line end itself was lost
            os.write(self._file, b"\n")
            size, torn, lines = size + 1, b"", [*lines, torn]
        newest = read(lines[-1]) if lines else None
        if newest is None and lines:
            raise BadLedger(f"the last line of the ledger {self.path} was changed; see: scripts/ledger verify")
        self._end = End(newest.seq, newest.hash) if newest else End(0, NOTHING)
        self._size = size
        if torn:
            os.write(self._file, b"\n")
            self._add({"event": "closed_torn_line", "torn_bytes": len(torn), "torn_sha256": hashlib.sha256(torn).hexdigest()})

    def _last_lines(self, size: int) -> list[bytes]:
        """The pieces between line ends of the end of the file, with at least one whole line where there is one."""
        reach = TAIL_BYTES
        while True:
            start = max(0, size - reach)
            lines = os.pread(self._file, size - start, start).split(b"\n")
            if start == 0:
                return lines
            if len(lines) > 2:
                return lines[1:]        # the first may be cut in two by where we began to read
            reach *= 4
