# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nginx masters of this host, their workers, and where their configuration is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from .process_files import instance_name
from .servers import running


def find_masters():
    """[{"instance", "pid", "exe", "container", "title", "workers": [process, ...]}, ...]"""
    processes = running(["nginx"])
    found, taken = [], set()
    for master in [item for item in processes if item["argv"][0].startswith("nginx: master")]:
        title = master["argv"][0]
        name = instance_name(re.sub(r"\.conf$", "", os.path.basename(chosen(title, "-c") or "nginx.conf")), master, taken)
        workers = [item for item in processes if item["parent"] == master["pid"] and "worker process" in item["argv"][0]]
        found.append({"instance": name, "pid": master["pid"], "exe": master["exe"], "container": master["container"], "title": title,
                      "workers": workers})
    return found


def is_leaving(worker):
    """A worker of an earlier configuration, which ends with its last connection."""
    return "shutting down" in worker["argv"][0]


def places(master, built):
    """(path of the configuration, folder that other paths start from); ``built`` is the first line and the options of nginx -V."""
    path = chosen(master["title"], "-c") or built_in(built, "conf-path") or "/etc/nginx/nginx.conf"
    prefix = chosen(master["title"], "-p") or built_in(built, "prefix") or "/etc/nginx"
    return os.path.join(prefix, path), prefix


def chosen(title, option):
    match = re.search(r"\s%s\s+(\S+)" % option, title)
    return match.group(1) if match else None


def built_in(built, option):
    match = re.search(r"--%s=(\S+)" % option, built)
    return match.group(1) if match else None


def read(path):
    with open(path, "rb") as stream:
        return stream.read(1048576).decode("utf-8", "replace")
