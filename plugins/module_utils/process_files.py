# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process has open, from /proc: listed, not judged."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re


def open_files(pid):
    """The number of open files, of sockets among them, and the targets of those that are files on a disk; None if it can't be seen."""
    folder = "/proc/%d/fd" % pid
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    sockets = 0
    paths = set()
    for name in names:
        try:
            target = os.readlink(folder + "/" + name)
        except OSError:
            continue                    # closed in the meantime
        if target.startswith("socket:"):
            sockets += 1
        elif target.startswith("/") and not target.startswith(("/dev/", "/proc/")):
            paths.add(target)
    return {"files": len(names), "sockets": sockets, "paths": sorted(paths)}


def limit_of_files(pid, hard=False):
    """The soft limit of open files, or the ``hard`` one up to which a process may raise it; None where it can't be seen."""
    # Max open files            1024                 524288               files
    match = re.search(r"(?m)^Max open files\s+(\d+)(?:\s+(\d+))?", text_of("/proc/%d/limits" % pid))
    limit = match.group(2 if hard else 1) if match else None
    return int(limit) if limit else None


def age(pid):
    """Seconds since the process started, or None where it has gone."""
    fields = text_of("/proc/%d/stat" % pid).rpartition(")")[2].split()
    uptime = text_of("/proc/uptime").split()
    if len(fields) < 20 or not uptime:
        return None
    return round(float(uptime[0]) - float(fields[19]) / os.sysconf("SC_CLK_TCK"), 1)


def text_of(path):
    """A file's text, or '' where it can't be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read(1048576).decode("utf-8", "replace")
    except (IOError, OSError):
        return ""


def instance_name(name, process, taken):
    """A name without blanks that outlives restarts; the container's for what runs in one. ``taken`` are the names given until now."""
    name = re.sub(r"[^\w.:-]", "-", process["container"] or name)[:60]
    if name in taken:
        name += "-%d" % process["pid"]
    taken.add(name)
    return name


def enabled_unit(host, names):
    """The first of these systemd services that the system's start is to start, by its link, or None."""
    for name in names:
        if host.glob("/etc/systemd/system/*.target.wants/%s.service" % name):
            return name + ".service"
    return None


def memory_limit(pid):
    """The lowest memory limit of the control groups that the process is in, in bytes, or None where there is none."""
    limits = []
    # 0::/system.slice/shop.service      4:memory:/docker/3f2a
    for line in text_of("/proc/%d/cgroup" % pid).splitlines():
        number, controllers, path = (line.split(":", 2) + ["", ""])[:3]
        if number == "0" and not controllers:
            base, name = "/sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            base, name = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        while True:
            text = text_of(base + path.rstrip("/") + "/" + name).strip()
            if text.isdigit() and int(text) < 1 << 60:      # what no limit looks like in version 1
                limits.append(int(text))
            if path in ("", "/"):
                break
            path = os.path.dirname(path)
    return min(limits) if limits else None
