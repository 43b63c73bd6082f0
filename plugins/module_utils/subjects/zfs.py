# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ZFS pools, where the module is loaded: its tools would load it themselves otherwise."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    for path in ("/run/systemd/container", "/run/.containerenv", "/.dockerenv"):
        host.file(path)
    loaded = host.exists("/sys/module/zfs")
    host.note("zfs module", "loaded" if loaded else "")
    if loaded:
        host.files("/proc/spl/kstat/zfs/*/state")       # told without asking the disks, also of a pool that hangs
        host.command(["zpool", "list", "-p"])
        host.command(["zpool", "status"])
