# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""btrfs file systems that are mounted: error counters of their devices, space by kind, the last scrub."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..mount_points import mounts


def capture(host):
    chosen = {}
    for device, point, kind, _source in mounts(host.file("/proc/self/mountinfo") or ""):
        if kind == "btrfs" and (device not in chosen or len(point) < len(chosen[device])):
            chosen[device] = point
    points = sorted(set(chosen.values()))
    host.note("btrfs file systems", "\n".join(points))
    for point in points:
        host.command(["btrfs", "device", "stats", point], root=True)
        host.command(["btrfs", "filesystem", "usage", "-b", point], root=True)
        host.command(["btrfs", "scrub", "status", point], root=True)
