# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as systemd-nspawn containers: quick and small, with the kernel of this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from . import cgroup, host_files, image, mounts, network
from .state import Host, Lab
from .system import LabError, say

NEEDED = {"systemd-nspawn": "systemd-container"}
RUNTIME = Path("/run/systemd/nspawn")
PYTHONS = "/opt/pythons"
# Each container's systemd takes about 5; the usual limit of 128 ends at 23 hosts
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 4096
# As systemd on a real server has it; some daemons complain of less
OPEN_FILES = "1024:524288"


def start(lab: Lab, host: Host, base: Path, pythons: Path | None) -> None:
    folder = lab.host_folder(host)
    host_files.write(lab, host, folder / "upper")
    command = [
        "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", f"--machine={lab.unique_name(host)}",
        f"--hostname={host.name}", f"--network-namespace-path=/run/netns/{lab.unique_name(host)}", "--resolv-conf=off", "--timezone=off",
        "--console=pipe", "--capability=CAP_NET_ADMIN", f"--rlimit=NOFILE={OPEN_FILES}",
    ]
    if pythons is not None:
        # The interpreters look for their libraries where they were installed
        command.append(f"--bind-ro={pythons}")
        (folder / "upper/opt").mkdir(exist_ok=True)
        (folder / "upper" / PYTHONS.lstrip("/")).symlink_to(pythons)
    root = mounts.overlay(base, folder)
    network.attach_container(lab, host)
    cgroup.start(f"{lab.name}/{host.name}", [*command, f"--directory={root}"], folder / "console.log")


def prepare() -> Path:
    """The image; and limits of this machine that many containers would hit."""
    if int(INOTIFY_LIMIT.read_text()) < INOTIFY_INSTANCES:
        INOTIFY_LIMIT.write_text(str(INOTIFY_INSTANCES))
    return image.ready("nspawn")


def leftovers(lab: Lab, host: Host) -> list[Path]:
    """What systemd-nspawn leaves under /run when it is killed; to be asked while the host's root is still mounted."""
    paths = [RUNTIME / "propagate" / lab.unique_name(host)]
    root = lab.host_folder(host) / "root"
    if root.is_mount():
        status = root.stat()
        paths.append(RUNTIME / "locks" / f"inode-{status.st_dev}:{status.st_ino}")
    return [path for path in paths if path.exists()]


def find_pythons() -> Path:
    """The folder of pyenv's interpreters on this machine."""
    try:
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError("--pythons needs pyenv on this machine (pyenv root), and there is none. Leave the option out.") from error
    versions = Path(root) / "versions"
    names = sorted(os.listdir(versions)) if versions.is_dir() else []
    if not names:
        raise LabError(f"--pythons: pyenv has no interpreter installed in {versions}. Leave the option out.")
    say(f"Interpreters in {PYTHONS} of each container: {' '.join(names)}")
    return versions
