# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy: each instance's processes, its limits as they are written, and its own statistics over the stats socket that its
configuration names."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

from ..haproxy_config import limits
from ..haproxy_servers import DEFAULT, files_of, find_servers, sockets_in
from ..local_http import exchange
from ..process_files import age, enabled_unit, limit_of_files, text_of


def capture(host):
    found = []
    for server in find_servers():
        found.append({"instance": server["instance"], "pid": server["pid"], "container": server["container"]})
        if not server["container"]:
            look(host, server)
    installed = host.exists(DEFAULT)
    host.note("haproxy instances", json.dumps({"instances": found, "installed": installed,
                                               "enabled": enabled_unit(host, ["haproxy"]) if installed else None}))


def look(host, server):
    files = files_of(host, server["paths"])
    sockets = sockets_in(files)
    host.record("processes", server["instance"], json.dumps({
        "exe": server["exe"], "sockets": sockets, "readable": all(os.access(path, os.R_OK) for path in server["paths"]),
        "ages": [age(item["pid"]) for item in server["children"] or server["masters"]]}), kind="note")
    host.record("limits", server["instance"], json.dumps({
        "files": limit_of_files(server["pid"], hard=True),
        "written": [written for path in files for written in written_in(path)]}), kind="note")
    answer = {}
    for question in ("info", "stat") if sockets else ():
        if "error" not in answer:       # one that hangs is not asked again
            answer = exchange(sockets[0], 0, "show %s\n" % question)
        host.record(question, server["instance"], **answer)


def written_in(path):
    """Where its limits are written: [{"section", "name", "value", "path"}, ...]"""
    return [{"section": item["section"], "name": item["name"], "value": item["value"], "path": path} for item in limits(text_of(path))]
