# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pressure stall information: how long tasks waited for CPU, memory and I/O."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container


def capture(host):
    look_for_container(host)
    host.file("/proc/self/mountinfo")       # shows whether lxcfs gives a container figures of its own
    for name in ("cpu", "memory", "io"):
        host.file("/proc/pressure/" + name)
