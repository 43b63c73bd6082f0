# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is mounted and how, what /etc/fstab asks for, and whether each network file system answers.

Every network file system is asked by a command of its own with a short time limit, so that a dead server costs that time only.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container
from ..mount_points import NETWORK_TYPES, mounts, unescape

ANSWER_SECONDS = 3


def capture(host):
    table = mounts(host.file("/proc/self/mountinfo") or "")
    host.file("/proc/net/rpc/nfs")
    look_for_container(host)
    capture_links(host, host.file("/etc/fstab") or "", set(mount[1] for mount in table))
    for _device, point, kind, _source in table:
        if kind in NETWORK_TYPES:
            host.command(["stat", "-f", "-t", point], timeout=ANSWER_SECONDS)


def capture_links(host, fstab, mounted):
    """Mount points of fstab that are symbolic links stand in the mount table under their real names."""
    for line in fstab.splitlines():
        words = line.split()
        if len(words) > 2 and words[1].startswith("/") and not line.lstrip().startswith("#"):
            point = unescape(words[1]).rstrip("/") or "/"
            if point not in mounted:
                host.link(point)
