# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All processes by their /proc/PID/stat, and the control group of each: without starting ps, and without their arguments, which may
hold secrets."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

KERNEL_THREAD = 0x00200000      # PF_KTHREAD


def capture(host):
    host.file("/proc/uptime")
    host.file("/proc/meminfo")
    lines = ["clock_ticks %d page_bytes %d" % (os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"))]
    groups = []
    for folder in host.glob("/proc/[0-9]*"):
        line = describe(folder)
        if line is None:
            continue
        lines.append(line)
        group = None if is_kernel_thread(line) else control_group(folder)
        if group is not None:
            groups.append("%s %s" % (os.path.basename(folder), group))
    lines.append("end %d" % (len(lines) - 1))
    groups.append("end %d" % len(groups))
    host.note("processes", "\n".join(lines) + "\n")
    host.note("process_groups", "\n".join(groups) + "\n")


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


def is_kernel_thread(line):
    """Whether a line of describe() is of a kernel thread, by its flags: in a container process 2 is any program."""
    # 0 - 17 (ksoftirqd/0) S 2 0 0 0 -1 69238848 ...
    return bool(int(line.rpartition(") ")[2].split(" ", 7)[6]) & KERNEL_THREAD)


def control_group(folder):
    """The path of the control group that systemd put a process in, or None where it can't be told."""
    try:
        text = read(folder + "/cgroup")
    except (OSError, IOError):
        return None                     # it has ended, or the kernel has no control groups
    # version 2: 0::/system.slice/nginx.service      version 1, maybe beside it: 1:name=systemd:/system.slice/nginx.service
    groups = dict(line.split(":", 2)[1:] for line in text.splitlines() if line.count(":") >= 2)
    return groups.get("name=systemd", groups.get(""))


def read(path):
    with open(path, "rb") as stream:
        return stream.read().decode("utf-8", "replace")
