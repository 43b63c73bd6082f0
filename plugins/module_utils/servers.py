# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the server processes of a host: a walk through /proc that all subjects share, then details of just what one asks for."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import re
import threading
import time

from .host import decode

PROC = "/proc"
SHOWN = 15              # the kernel keeps so many bytes of a process's name
FRESH_SECONDS = 10.0    # the subjects of one capture share a walk; a later capture makes its own
# 0::/system.slice/docker-3f2a....scope
CONTAINER_GROUP = re.compile(r"[^/\n]*(?:docker|libpod|crio|cri-containerd|kubepods|lxc\.payload|machine-)[^/\n]*")
UNIT = re.compile(r"(?m)/([^/\n]+\.service)")

_WALK = {"at": None, "names": {}}
_LOCK = threading.Lock()


def running(names, workers=True):
    """The processes that bear one of these names, in the order of their pids:

        {"pid": 812, "parent": 1, "name": "postgres", "argv": ["/usr/lib/postgresql/15/bin/postgres", "-D", "/srv/pg"], "uid": 101,
         "user": "postgres", "cwd": "/srv/pg", "exe": "/usr/lib/postgresql/15/bin/postgres", "container": ""}

    ``cwd`` and ``exe`` are "" where we may not see them. ``container`` is "" for a process of this host, else what its container is
    called as far as can be told: what runs there has other files, sockets and accounts. ``workers=False`` leaves out the children
    of a process of the same name, as PostgreSQL has one for each session.
    """
    wanted = set(name[:SHOWN] for name in names)
    found = []
    seen = {}
    for pid, name in sorted(_names().items()):
        if name not in wanted:
            continue
        process = _process(pid, name)
        if process is None:
            continue                    # it ended since the walk
        seen[pid] = process
        if workers or seen.get(process["parent"], {}).get("name") != name:
            found.append(process)
    return found


def forget():
    """Have the next question walk again: processes were started or stopped."""
    with _LOCK:
        _WALK["at"] = None


def unit_of(pid):
    """The systemd service that a process belongs to, or ""."""
    # 0::/system.slice/mariadb.service
    found = UNIT.findall(_read(pid, "cgroup"))
    return found[-1] if found else ""


def _names():
    """{pid: name} of all processes."""
    with _LOCK:
        now = time.time()
        if _WALK["at"] is None or not 0 <= now - _WALK["at"] < FRESH_SECONDS:
            pids = [int(name) for name in os.listdir(PROC) if name.isdigit()]
            _WALK["names"] = dict((pid, _read(pid, "comm").rstrip("\n")) for pid in pids)
            _WALK["at"] = now
        return _WALK["names"]


def _process(pid, name):
    """What /proc tells of a process, or None when it is gone or a zombie."""
    argv = _read(pid, "cmdline")
    status = dict(line.split(":\t", 1) for line in _read(pid, "status").splitlines() if ":\t" in line)
    if not argv or "Uid" not in status:
        return None
    uid = int(status["Uid"].split()[1])
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = ""
    return {"pid": pid, "parent": int(status.get("PPid", 0)), "name": name, "argv": argv.rstrip("\0").split("\0"), "uid": uid, "user": user,
            "cwd": _link(pid, "cwd"), "exe": _link(pid, "exe"), "container": _container(pid, status)}


def _container(pid, status):
    """"" for a process of this host. A name space for processes tells it, and where a container shares the host's, its own root."""
    # NSpid:	4711	1
    nested = len(status.get("NSpid", "").split()) > 1
    there, here = _link(pid, "ns/pid"), _link("self", "ns/pid")
    nested = nested or bool(there and here and there != here)
    group = CONTAINER_GROUP.findall(_read(pid, "cgroup"))
    if nested or (group and _root(pid) not in (None, _root("self"))):
        return group[-1][:60] if group else "another PID namespace"
    return ""


def _read(pid, name):
    """The text of a file in /proc/PID, "" where it can't be read."""
    try:
        with open(os.path.join(PROC, str(pid), name), "rb", 0) as stream:
            return decode(stream.read(65536))
    except (OSError, IOError):
        return ""


def _root(pid):
    """What tells the root folder of a process from others', or None where we may not see it."""
    try:
        root = os.stat(os.path.join(PROC, str(pid), "root", ""))
        return root.st_dev, root.st_ino
    except OSError:
        return None


def _link(pid, name):
    try:
        return os.readlink(os.path.join(PROC, str(pid), name))
    except (OSError, IOError):
        return ""
