# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the PostgreSQL instances of this host: those that run, and those that should but don't."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import pwd
import re

from .host import decode, find_executable
from .servers import running

# Debian: /etc/postgresql/15/main; Red Hat and its kin: /var/lib/pgsql/15/data, /var/lib/pgsql/data
DEBIAN_CLUSTERS = "/etc/postgresql/*/*/postgresql.conf"
RED_HAT_FOLDERS = ("/var/lib/pgsql/data", "/var/lib/pgsql/*/data")
ENABLED_UNITS = "/etc/systemd/system/*.wants/postgresql*.service"
DEFAULT_PORT = "5432"
PROGRAMS = ("postgres", "postmaster")
TOOLS = frozenset(("--single", "--boot", "--check", "-C", "--version"))


def find_instances(host):
    """The instances of this host; each

        {"instance": "5432", "state": "running", "pid": 812, "user": "postgres", "data": "/srv/pg", "version": "15", "socket": "/run/pg",
         "status": "ready", "psql": "/usr/lib/postgresql/15/bin/psql", "log": "/var/log/postgresql/pg.log", "cluster": "", "container": "",
         "enabled": false}

    ``state`` is running, down (configured, but no process) or container. ``status`` is what the server wrote into
    postmaster.pid: starting, ready, standby, stopping. What can't be seen is "".
    """
    found = [of_process(process) for process in running(PROGRAMS, workers=False) if is_server(process)]
    folders = set(item["data"] for item in found if item["state"] == "running")
    enabled = [os.path.basename(path) for path in host.glob(ENABLED_UNITS)]
    found.extend(item for item in debian_clusters(host, enabled) if item["data"] not in folders)
    found.extend(item for item in red_hat_folders(host, enabled) if item["data"] not in folders)
    names = set()
    for item in found:
        if item["instance"] in names:   # two may share a port if one of them is down or in a container
            item["instance"] = "%s-%s" % (item["instance"], item["pid"] or re.sub(r"\W+", "-", item["cluster"] or item["data"]).strip("-"))
        names.add(item["instance"])
    host.note(host.subject + " instances", json.dumps(found))
    return found


def is_server(process):
    """Tools and single-user sessions have that name too; sessions show their own words instead of arguments."""
    words = process["argv"]
    return os.path.basename(words[0]) in ("postgres", "postmaster") and not set(words) & TOOLS


def new_instance(data, **fields):
    item = {"instance": DEFAULT_PORT, "state": "down", "pid": 0, "user": owner_of(data), "data": data, "version": major_version(data),
            "socket": "", "status": "", "psql": "", "log": "", "cluster": "", "container": "", "enabled": False}
    item.update(fields)
    return item


def of_process(process):
    words = process["argv"]
    data = process["cwd"] or option(words, "-D", "data_directory") or ""
    if process["container"]:
        item = new_instance("", state="container", container=process["container"])
        item["data"] = data
    else:
        item = new_instance(data, state="running", cluster=cluster_of(option(words, "-c", "config_file") or ""))
        item["log"] = log_of(process["pid"])
        item["psql"] = psql_beside(process["exe"])
    # Where the data can't be read, as on a dead disk, the configuration may lie elsewhere
    configured = setting(text_of(option(words, "-c", "config_file") or ""), "port") if item["state"] == "running" else ""
    item.update(pid=process["pid"], user=process["user"], instance=option(words, "-p", "port") or configured or DEFAULT_PORT)
    if item["state"] == "container":
        item["instance"] = re.sub(r"\W+", "-", item["container"]) + "-" + item["instance"]
    # 812 \n /srv/pg \n 1795412058 (start) \n 5432 \n /run/pg (socket folder) \n 127.0.0.1 \n 2277997 65592 \n ready
    lines = [] if item["state"] == "container" else text_of(os.path.join(data, "postmaster.pid")).split("\n")
    if len(lines) > 4 and lines[3].strip().isdigit():
        item["instance"] = lines[3].strip()
        item["socket"] = lines[4].strip()
        item["status"] = lines[7].strip() if len(lines) > 7 else ""
    return item


def debian_clusters(host, enabled):
    """What pg_createcluster set up; start.conf says auto, manual or disabled."""
    for path in host.glob(DEBIAN_CLUSTERS):
        cluster = cluster_of(path)
        text = text_of(path)
        data = setting(text, "data_directory") or "/var/lib/postgresql/" + cluster
        start = [line.strip() for line in text_of(os.path.join(os.path.dirname(path), "start.conf")).split("\n")]
        started = ("auto" in start and "postgresql.service" in enabled) or "postgresql@%s.service" % cluster.replace("/", "-") in enabled
        yield new_instance(os.path.realpath(data), instance=setting(text, "port") or DEFAULT_PORT, cluster=cluster, enabled=started,
                           log="/var/log/postgresql/postgresql-%s.log" % cluster.replace("/", "-"))


def red_hat_folders(host, enabled):
    for pattern in RED_HAT_FOLDERS:
        for data in host.glob(pattern):
            version = major_version(data)
            if not version:
                continue                # made by the package, never set up
            units = ("postgresql.service",) if data == RED_HAT_FOLDERS[0] else ("postgresql-%s.service" % version,)
            yield new_instance(os.path.realpath(data), instance=setting(text_of(data + "/postgresql.conf"), "port") or DEFAULT_PORT,
                               enabled=bool(set(units) & set(enabled)))


def cluster_of(config):
    """15/main of /etc/postgresql/15/main/postgresql.conf"""
    match = re.match(r"/etc/postgresql/([^/]+/[^/]+)/", config)
    return match.group(1) if match else ""


def option(words, letter, name):
    """A setting on the command line: -p 5433, -p5433, -c port=5433, --port=5433; the last one counts."""
    value = None
    for number, word in enumerate(words):
        following = words[number + 1] if number + 1 < len(words) else ""
        if letter != "-c" and word.startswith(letter):
            value = word[2:] or following
        elif word.startswith("--" + name + "="):
            value = word.partition("=")[2]
        elif word == "-c" and following.partition("=")[0].strip() == name:
            value = following.partition("=")[2].strip()
    return value


def setting(text, name):
    """A setting of postgresql.conf, such as: port = 5433 # main"""
    found = re.findall(r"(?m)^[ \t]*%s(?:[ \t]*=[ \t]*|[ \t]+)('(?:[^'\n]|'')*'|[^\s#']+)" % name, text)
    return found[-1].strip("'") if found else ""


def psql_beside(exe):
    """The psql of the server's own version, else the host's."""
    beside = os.path.join(os.path.dirname(exe.replace(" (deleted)", "")), "psql") if exe else ""
    return beside if beside and os.access(beside, os.X_OK) else find_executable("psql") or ""


def log_of(pid):
    """The file that the server's error output goes to; "" for a pipe of the journal or of its own logger."""
    try:
        path = os.readlink("/proc/%d/fd/2" % pid)
    except OSError:
        return ""
    return path if path.startswith("/") and not path.startswith("/dev/") else ""


def major_version(data):
    """15, or 9.6"""
    return text_of(os.path.join(data, "PG_VERSION")).strip() if data else ""


def owner_of(path):
    try:
        return pwd.getpwuid(os.stat(path).st_uid).pw_name if path else ""
    except (OSError, KeyError):
        return ""


def text_of(path):
    try:
        with open(path, "rb") as stream:
            return decode(stream.read(1048576))
    except (OSError, IOError):
        return ""
