# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HAProxy instances of this host, the files of their configuration, and what their stats sockets say of limits."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from .local_http import exchange
from .process_files import instance_name, text_of
from .servers import running

DEFAULT = "/etc/haproxy/haproxy.cfg"
SOCKET = re.compile(r"(?m)^\s*stats\s+socket\s+(?:unix@)?(/\S+)")
FRONTENDS = "show stat -1 1 -1\n"       # of all proxies the frontends, of these all


def find_servers():
    """[{"instance", "pid", "exe", "container", "paths", "masters": [process, ...], "children": [process, ...]}, ...]"""
    processes = running(["haproxy"])
    pids = set(item["pid"] for item in processes)
    groups = {}
    for item in [item for item in processes if item["parent"] not in pids]:
        groups.setdefault((item["container"], tuple(configurations(item))), []).append(item)
    found, taken = [], set()
    for (container, paths), masters in sorted(groups.items()):
        name = instance_name(re.sub(r"\.cfg$", "", os.path.basename(paths[0].rstrip("/"))), masters[0], taken)
        parents = [master["pid"] for master in masters]
        found.append({"instance": name, "pid": masters[0]["pid"], "exe": masters[0]["exe"], "container": container, "paths": paths,
                      "masters": masters, "children": [item for item in processes if item["parent"] in parents]})
    return found


def configurations(process):
    """The paths after -f; all words after -- are paths too."""
    argv = process["argv"]
    paths = [argv[place + 1] for place, word in enumerate(argv[:-1]) if word == "-f"]
    if "--" in argv:
        paths.extend(argv[argv.index("--") + 1:])
    return [os.path.join(process["cwd"] or "/", path) for path in paths] or [DEFAULT]


def files_of(host, paths):
    """The files that it reads; of a folder its .cfg files, as HAProxy does."""
    files = []
    for path in paths:
        files.extend(host.glob(path.rstrip("/") + "/*.cfg") if os.path.isdir(path) else [path])
    return files


def sockets_in(files):
    """The stats sockets that the configuration names."""
    return [socket for path in files for socket in SOCKET.findall(text_of(path))]


def frontends(socket):
    """({name: row of show stat} of the frontends, None), or (None, what the socket said instead). Texts that have commas come last."""
    answer = exchange(socket, 0, FRONTENDS)
    # # pxname,svname,qcur,qmax,scur,smax,slim,stot,...
    lines = (answer.get("text") or "").splitlines()
    if not lines or not lines[0].startswith("# pxname,"):
        return None, answer.get("stderr") or "its stats socket does not tell its frontends"
    names = lines[0][2:].split(",")
    rows = [dict(zip(names, line.split(","))) for line in lines[1:] if line]       # noqa: B905 - Python 2.7 has no strict
    return dict((row["pxname"], row) for row in rows), None
