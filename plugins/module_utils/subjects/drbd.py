# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DRBD: the state of replicated block devices. Version 8 shows it in /proc/drbd, version 9 tells it by drbdsetup."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    if not host.exists("/proc/drbd"):
        host.note("drbd devices", "none\n")
        return
    devices = [path.split("/")[-1] for path in host.glob("/sys/block/drbd*")]
    host.note("drbd devices", "".join(name + "\n" for name in devices) + "# %d devices\n" % len(devices))
    text = host.file("/proc/drbd") or ""
    if devices and "version: 8." not in text:
        host.command(["drbdsetup", "status", "--json"], root=True)
