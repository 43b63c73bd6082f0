# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as systemd-nspawn containers: quick and small, with the kernel of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import cgroup, host_files, image, memory, mounts, network
from .state import Host, Lab

# A plain server, one with every database and middleware server installed, and one that has what keeps those busy too
KINDS = ("nspawn", "databases", "loads")
NEEDED = {"systemd-nspawn": "systemd-container"}
RUNTIME = Path("/run/systemd/nspawn")
PYTHONS = "/opt/pythons"
# Each container's systemd takes about 5; the usual limit of 128 ends at 23 hosts
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 4096
# As systemd on a real server has it; some daemons complain of less
OPEN_FILES = "1024:524288"


def start(lab: Lab, host: Host, base: Path, pythons: Mapping[str, Path], memory_bytes: int | None) -> None:
    """``pythons``: {series: folder with bin/python} of this machine, which the container gets too. No limit of memory if None."""
    folder = lab.host_folder(host)
    host_files.write(lab, host, folder / "upper")
    command = [
        "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", f"--machine={lab.unique_name(host)}",
        f"--hostname={host.name}", f"--network-namespace-path=/run/netns/{lab.unique_name(host)}", "--resolv-conf=off", "--timezone=off",
        "--console=pipe", "--capability=CAP_NET_ADMIN", f"--rlimit=NOFILE={OPEN_FILES}",
    ]
    # The interpreters look for their libraries where they were installed
    command += [f"--bind-ro={place}" for place in sorted({str(python.parent) for python in pythons.values()})]
    for series, python in pythons.items():
        link = folder / "upper" / PYTHONS.lstrip("/") / series
        link.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        link.symlink_to(python)
    if memory_bytes is not None:
        memory.limit(f"{lab.name}/{host.name}", memory_bytes)
        memory.tell(folder / "upper", memory_bytes)
    root = mounts.overlay(base, folder)
    network.attach_container(lab, host)
    cgroup.start(f"{lab.name}/{host.name}", [*command, f"--directory={root}"], folder / "console.log")


def prepare(kind: str) -> Path:
    """The image of this kind of container; and limits of this machine that many containers would hit."""
    if int(INOTIFY_LIMIT.read_text()) < INOTIFY_INSTANCES:
        INOTIFY_LIMIT.write_text(str(INOTIFY_INSTANCES))
    return image.ready(kind)


def leftovers(lab: Lab, host: Host) -> list[Path]:
    """What systemd-nspawn leaves under /run when it is killed; to be asked while the host's root is still mounted."""
    paths = [RUNTIME / "propagate" / lab.unique_name(host)]
    root = lab.host_folder(host) / "root"
    if root.is_mount():
        status = root.stat()
        paths.append(RUNTIME / "locks" / f"inode-{status.st_dev}:{status.st_ino}")
    return [path for path in paths if path.exists()]

