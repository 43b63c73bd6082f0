# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control group for each host: whatever the host started can be found and killed there, even if its parent died.

A pid file would not do: killing systemd-nspawn leaves the container's own systemd running.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from .state import PREFIX
from .system import LabError

KILL_SECONDS = 20


def start(group: str, command: list[str], log: Path) -> int:
    """Start a command detached from this session and inside the group ("LAB/HOST"); return its process id."""
    folders = [root / PREFIX / group for root in _roots()]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)

    def enter() -> None:
        for folder in folders:
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    with log.open("ab") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True,
                                   preexec_fn=enter)  # noqa: PLW1509  (no other thread runs yet)
    return process.pid


def processes(group: str) -> set[int]:
    """The processes of the group and of the groups below."""
    found: set[int] = set()
    for root in _roots():
        # Groups come and go while they are listed: os.walk leaves out what has vanished
        for folder, _folders, _files in os.walk(root / PREFIX / group):
            try:
                found.update(int(line) for line in (Path(folder) / "cgroup.procs").read_text().split())
            except OSError:                  # ENOENT or ENODEV, by when it vanished
                continue
    return found - {0}


def remove(group: str) -> None:
    """Kill all that runs in the group, then remove it. Fine if there is none."""
    deadline = time.monotonic() + KILL_SECONDS
    while running := processes(group):
        if time.monotonic() > deadline:
            raise LabError(f"Processes of {group} survive SIGKILL: {sorted(running)}. See what they wait for (ps), then repeat.")
        for process in running:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)
    for root in _roots():
        _remove_folders(root / PREFIX / group)
        _remove_if_empty(root / PREFIX)


def memory_folder(group: str) -> Path:
    """The group's folder in the hierarchy that limits memory, made if need be."""
    for root in _roots():
        folder = root / PREFIX / group
        folder.mkdir(parents=True, exist_ok=True)
        if (root / "cgroup.controllers").exists():
            if "memory" not in (root / "cgroup.controllers").read_text().split():
                continue
            for parent in reversed([place for place in folder.parents if place == root or root in place.parents]):
                (parent / "cgroup.subtree_control").write_text("+memory")
        if (folder / "memory.max").exists() or (folder / "memory.limit_in_bytes").exists():
            return folder
    raise LabError("No control group of this machine limits memory: its kernel was started without (cgroup_disable=memory?).")


def _roots() -> list[Path]:
    """The version 2 hierarchy and, on a hybrid machine, systemd's and the memory's of version 1.

    29 22 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
    30 22 0:27 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
    31 22 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
    """
    roots = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, _dash, filesystem = line.partition(" - ")
        kind, _source, options = filesystem.split(" ", 2)
        if kind == "cgroup2" or (kind == "cgroup" and {"name=systemd", "memory"} & set(options.split(","))):
            roots.append(Path(place.split(" ")[4]))
    if not roots:
        raise LabError("No control groups are mounted under /sys/fs/cgroup; the lab needs them to keep its hosts apart.")
    return roots


def _remove_folders(top: Path) -> None:
    for path in sorted((folder for folder in top.rglob("*") if folder.is_dir()), reverse=True):
        path.rmdir()
    _remove_if_empty(top)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(child.is_dir() for child in folder.iterdir()):
        folder.rmdir()
