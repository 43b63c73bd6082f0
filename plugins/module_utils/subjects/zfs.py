# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ZFS pools, where the module is loaded: its tools would load it themselves otherwise."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container


def capture(host):
    look_for_container(host)
    loaded = host.exists("/sys/module/zfs")
    host.note("zfs module", "loaded" if loaded else "")
    if loaded:
        host.files("/proc/spl/kstat/zfs/*/state")       # told without asking the disks, also of a pool that hangs
        host.command(["zpool", "list", "-p"])
        host.command(["zpool", "status"])
