# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A time server for the lab: this machine's clock, on the lab's bridge only. It does not touch this machine's clock."""

from __future__ import annotations

from pathlib import Path

from . import cgroup
from .state import Lab

GROUP = "clock"
SCRIPT = 'mount -t tmpfs lab "$0/run" && exec chroot "$0" /usr/sbin/chronyd -x -d -u root "$@"'


def start(lab: Lab, base: Path) -> None:
    """Run the image's chronyd, so that this machine needs none; what it writes goes to a file system of its own in memory."""
    if cgroup.processes(f"{lab.name}/{GROUP}"):
        return
    directives = ("local stratum 8", f"allow 10.231.{lab.network}.0/24", f"bindaddress {lab.control_address}", "cmdport 0",
                  "bindcmdaddress /", "pidfile /run/chronyd.pid")
    command = ["unshare", "--mount", "sh", "-c", SCRIPT, str(base), *directives]
    cgroup.start(f"{lab.name}/{GROUP}", command, lab.folder / "clock.log")
