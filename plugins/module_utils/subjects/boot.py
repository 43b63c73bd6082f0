# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot: is a crash kernel ready, did the kernel crash, was it damaged, did the host go down without a shutdown."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ..container import look_for_container

CRASH = "/var/crash"


def capture(host):
    for path in ("/proc/cmdline", "/proc/sys/kernel/tainted", "/proc/uptime", "/sys/kernel/kexec_crash_loaded",
                 "/sys/kernel/kexec_crash_size"):
        host.file(path)
    look_for_container(host)
    host.note("kdump services", "\n".join(host.glob("/etc/systemd/system/*.wants/kdump*.service")) + "\n")
    host.note("crash dumps", dumps())
    if host.which("last"):
        host.command(["last", "-x", "-F", "-n", "60", "reboot", "shutdown"])


def dumps():
    """A line for each folder with a dump of the kernel: name, its time (epoch seconds), bytes; then how many entries there were.

        127.0.0.1-2026-11-14-10:30:45<TAB>1794652245<TAB>1073741824
        # 3 entries
    """
    if not os.path.isdir(CRASH):
        return "# 0 entries\n"
    try:
        names = sorted(os.listdir(CRASH))
        lines = [line for line in (line_of(name) for name in names) if line]
    except OSError as error:
        return "# can't be read: %s\n" % error.strerror
    return "".join(line + "\n" for line in lines) + "# %d entries\n" % len(names)


def line_of(name):
    """Of a folder in /var/crash, None if it holds no dump: ``vmcore`` is kdump's, ``dump.*`` that of Debian's kdump-tools."""
    folder = os.path.join(CRASH, name)
    if not os.path.isdir(folder):
        return None
    files = [os.path.join(folder, item) for item in os.listdir(folder) if item.startswith(("vmcore", "dump."))]
    if not files:
        return None
    return "%s\t%d\t%d" % (name, os.stat(folder).st_mtime, sum(os.stat(item).st_size for item in files))
