# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory: sizes, swap traffic, huge pages, the kernel's settings for them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container


def capture(host):
    look_for_container(host)
    host.file("/proc/self/mountinfo")       # shows whether lxcfs gives a container figures of its own
    host.file("/proc/meminfo")
    host.file("/proc/vmstat", sample=True)
    host.file("/proc/swaps")
    host.file("/sys/kernel/mm/transparent_hugepage/enabled")
    for name in ("swappiness", "overcommit_memory", "overcommit_ratio", "nr_hugepages"):
        host.file("/proc/sys/vm/" + name)
