# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Less memory for a container than this machine has: really no more, and told in its /proc/meminfo as lxcfs tells it.

The figures that move are not followed: half of the memory is told to be available, whatever is.
"""

from __future__ import annotations

import re
from pathlib import Path

from .cgroup import memory_folder
from .system import LabError

UNITS = {"M": 1 << 20, "G": 1 << 30}
LEAST = 256 << 20
MEMINFO_STUB = "/etc/meminfo.stub"


def size_of(text: str) -> int:
    """Bytes of "512M" or "2G"."""
    match = re.fullmatch(r"([0-9]+)([MG])", text)
    size = int(match[1]) * UNITS[match[2]] if match else 0
    if size < LEAST:
        raise LabError(f"{text!r} is no memory for a host: give 256M or more, as in 512M or 2G.")
    return size


def limit(group: str, size: int) -> None:
    """To be done before anything runs in the group ("LAB/HOST")."""
    folder = memory_folder(group)
    name = "memory.max" if (folder / "memory.max").exists() else "memory.limit_in_bytes"
    (folder / name).write_text(str(size))


def tell(root: Path, size: int) -> None:
    """Have the container lay a file over its /proc/meminfo when it starts; systemd-nspawn itself can't."""
    (root / "etc").mkdir(parents=True, exist_ok=True, mode=0o755)
    (root / MEMINFO_STUB.lstrip("/")).write_text(meminfo(size))
    (root / "etc" / "fstab").write_text(f"{MEMINFO_STUB} /proc/meminfo none bind 0 0\n")


def meminfo(size: int) -> str:
    kilobytes = size >> 10
    figures = {"MemTotal": kilobytes, "MemFree": kilobytes // 4, "MemAvailable": kilobytes // 2, "Buffers": 0, "Cached": kilobytes // 4,
               "SwapCached": 0, "SwapTotal": 0, "SwapFree": 0, "Dirty": 0, "Shmem": 0, "CommitLimit": kilobytes, "Committed_AS": 0}
    return "".join(f"{name + ':':<16}{value:>8} kB\n" for name, value in figures.items())
