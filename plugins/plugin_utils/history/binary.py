# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sysstat's own binary files (sa02, sa20261102), by the sadf of this machine: their form differs from version to version."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ..absent import Unreadable

MAGIC = (b"\x96\xd5", b"\xd5\x96")      # 0xd596 of a little-endian and of a big-endian machine
SECONDS = 120
ELSEWHERE = "on the host itself, or one with its version, write it as JSON and take that: sadf -j FILE -- -A > FILE.json"


def is_binary(data: bytes) -> bool:
    return data[:2] in MAGIC


def rows_of_binary(path: Path) -> str:
    """The rows of sadf -d; a file of an older version is converted into a temporary one. Raises Unreadable."""
    if shutil.which("sadf") is None:
        raise Unreadable("is a binary file of sysstat, and this machine has no sadf to read it: install sysstat; or " + ELSEWHERE)
    rows, said = _sadf("-d", str(path), "--", "-A")
    if "sadf -c" in said:
        with tempfile.TemporaryDirectory() as folder:
            newer = Path(folder) / "sa"
            newer.write_bytes(_run("-c", str(path)).stdout)
            rows, said = _sadf("-d", str(newer), "--", "-A")
    if not rows:
        raise Unreadable("this machine's sadf can't read it ({detail}); " + ELSEWHERE, detail=said or "it says nothing")
    return rows


def _sadf(*words: str) -> tuple[str, str]:
    """(what it printed, the first line of what it complained of)."""
    done = _run(*words)
    said = done.stderr.decode("utf-8", "replace").strip()
    return done.stdout.decode("utf-8", "replace"), " ".join(said.split())[:300]


def _run(*words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["sadf", *words], capture_output=True, timeout=SECONDS, check=False, env={**os.environ, "LC_ALL": "C"})
    except subprocess.TimeoutExpired as error:
        raise Unreadable("this machine's sadf did not end within {seconds} s", seconds=str(SECONDS)) from error
