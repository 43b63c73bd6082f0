# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy: each instance's processes, and its own statistics over the stats socket that its configuration names."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ..local_http import exchange
from ..process_files import age, enabled_unit, instance_name, text_of
from ..servers import running

DEFAULT = "/etc/haproxy/haproxy.cfg"
SOCKET = re.compile(r"(?m)^\s*stats\s+socket\s+(?:unix@)?(/\S+)")


def capture(host):
    processes = running(["haproxy"])
    pids = set(item["pid"] for item in processes)
    groups = {}
    for item in [item for item in processes if item["parent"] not in pids]:
        groups.setdefault((item["container"], tuple(configurations(item))), []).append(item)
    found, taken = [], set()
    for (container, paths), masters in sorted(groups.items()):
        name = instance_name(re.sub(r"\.cfg$", "", os.path.basename(paths[0].rstrip("/"))), masters[0], taken)
        found.append({"instance": name, "pid": masters[0]["pid"], "container": container})
        if not container:
            look(host, name, masters, paths, [item for item in processes if item["parent"] in [master["pid"] for master in masters]])
    installed = host.exists(DEFAULT)
    host.note("haproxy instances", json.dumps({"instances": found, "installed": installed,
                                               "enabled": enabled_unit(host, ["haproxy"]) if installed else None}))


def configurations(process):
    """The paths after -f; all words after -- are paths too."""
    argv = process["argv"]
    paths = [argv[place + 1] for place, word in enumerate(argv[:-1]) if word == "-f"]
    if "--" in argv:
        paths.extend(argv[argv.index("--") + 1:])
    return [os.path.join(process["cwd"] or "/", path) for path in paths] or [DEFAULT]


def look(host, name, masters, paths, children):
    sockets = sockets_of(host, paths)
    host.record("processes", name, json.dumps({
        "exe": masters[0]["exe"], "sockets": sockets, "readable": all(os.access(path, os.R_OK) for path in paths),
        "ages": [age(item["pid"]) for item in children or masters]}), kind="note")
    answer = {}
    for question in ("info", "stat") if sockets else ():
        if "error" not in answer:       # one that hangs is not asked again
            answer = exchange(sockets[0], 0, "show %s\n" % question)
        host.record(question, name, **answer)


def sockets_of(host, paths):
    """The stats sockets that the configuration names; of a folder its .cfg files are read, as HAProxy does."""
    files = []
    for path in paths:
        files.extend(host.glob(path.rstrip("/") + "/*.cfg") if os.path.isdir(path) else [path])
    return [socket for path in files for socket in SOCKET.findall(text_of(path))]
