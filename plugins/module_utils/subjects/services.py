# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd: how far the start came, failed units, restarts of services, which unit a timer starts."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container

SHOWN = ["--property=Id", "--property=Unit", "--property=NRestarts", "--property=ActiveState", "--property=SubState",
         "--property=ActiveEnterTimestampMonotonic"]


def capture(host):
    host.file("/proc/1/comm")
    if not host.exists("/run/systemd/system"):
        return
    host.file("/proc/uptime")
    look_for_container(host)
    host.command(["systemctl", "is-system-running"])
    failed = host.command(["systemctl", "list-units", "--state=failed", "--all", "--plain", "--full", "--no-pager"])
    # Each unit costs systemd more than a file read: timers are asked for only if what they start may be among the failed
    timers = [] if failed is not None and "\n0 loaded units" in failed else ["*.timer"]
    host.command(["systemctl", "show", "--no-pager"] + SHOWN + ["*.service"] + timers)
