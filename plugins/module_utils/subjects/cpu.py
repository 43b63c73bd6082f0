# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU: use in two samples, load, topology, what is offline, known vulnerabilities, and sysstat's history if it is wanted."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

from ..container import look_for_container

HISTORY = ("/var/log/sysstat/sa[0-9]*", "/var/log/sa/sa[0-9]*")


def capture(host):
    look_for_container(host)
    host.file("/proc/self/mountinfo")       # shows whether lxcfs gives a container figures of its own
    host.file("/proc/stat", sample=True)
    host.file("/proc/loadavg")
    host.file("/proc/cpuinfo")
    for name in ("present", "online", "smt/control"):
        host.file("/sys/devices/system/cpu/" + name)
    host.files("/sys/devices/system/cpu/vulnerabilities/*")
    if host.history_days > 0:
        for path in recent(host):
            host.command(["sadf", "-d", path, "--", "-u"])


def recent(host):
    """The daily files of sysstat, not the compressed ones, that were written in the last history_days."""
    oldest = time.time() - host.history_days * 86400
    paths = [path for pattern in HISTORY for path in host.glob(pattern)]
    return [path for path in paths if os.path.basename(path)[2:].isdigit() and os.path.getmtime(path) >= oldest]
