# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's messages since boot, with their levels and times; who writes them (this host, or the host of a container)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container


def capture(host):
    # -r prints level and seconds since boot with every dmesg there is, also busybox's and those before util-linux 2.23
    host.command(["dmesg", "-r"])
    host.file("/proc/uptime")
    look_for_container(host)
