# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All processes by their /proc/PID/stat: without starting ps, and without their arguments, which may hold secrets."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os


def capture(host):
    host.file("/proc/uptime")
    host.file("/proc/meminfo")
    lines = ["clock_ticks %d page_bytes %d" % (os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"))]
    for folder in host.glob("/proc/[0-9]*"):
        line = describe(folder)
        if line is not None:
            lines.append(line)
    lines.append("end %d" % (len(lines) - 1))
    host.note("processes", "\n".join(lines) + "\n")


def describe(folder):
    """``UID WCHAN STAT...`` of one process, or None if it has ended. WCHAN is what it waits for, or ``-``."""
    try:
        uid = os.stat(folder).st_uid
        stat = read(folder + "/stat").strip().replace("\n", " ")
    except (OSError, IOError):
        return None
    if stat.rpartition(") ")[2].startswith("Z %d " % os.getpid()):
        return None                     # one of our own commands, which has ended this moment: no zombie of the host's
    wchan = "-"
    if ") D " in stat:
        try:
            wchan = read(folder + "/wchan").strip() or "-"
        except (OSError, IOError):
            pass                        # only its owner and root may see it
    return "%d %s %s" % (uid, wchan, stat)


def read(path):
    with open(path, "rb") as stream:
        return stream.read().decode("utf-8", "replace")
