# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache httpd: version, configuration, workers by mod_status, logs; an Instance for each configuration that runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, text_of
from .guard import readable
from .middleware import Log, Presence, Responses, Version, is_packaged, json_object, logs, number, presence, responses

NONE = NotHere("no Apache httpd runs here and none is configured")
NOT_RUNNING = NotHere("no Apache httpd runs here that could be looked at")
NO_PAGE = NotHere("Apache offers no server-status page to this host, so its workers can't be counted")
NO_ERROR_LOG = NotHere("it writes its errors to no file that is there")
NO_ACCESS_LOG = NotHere("it writes its requests to no file that is there")
# https://httpd.apache.org/docs/2.4/mod/mpm_common.html#maxrequestworkers
DEFAULT_WORKERS = {"prefork": 256, "worker": 400, "event": 400}


@dataclass(frozen=True)
class Configuration:
    """``workers_limit``: MaxRequestWorkers. ``protocols``: the words of SSLProtocol, () where it is not set."""

    mpm: str
    workers_limit: int
    server_tokens: str
    trace: bool
    protocols: tuple[str, ...]


@dataclass(frozen=True)
class Scoreboard:
    """Workers that serve somebody or wait for somebody to serve, and those that stay until their last request ends (G)."""

    busy_count: int
    idle_count: int
    leaving_count: int


@dataclass(frozen=True)
class Instance:
    name: str
    version: Known[Version]
    configuration: Known[Configuration]
    scoreboard: Known[Scoreboard]
    open_paths: Known[tuple[str, ...]]
    error_logs: Known[tuple[Log, ...]]
    access_logs: Known[tuple[Responses, ...]]


@dataclass(frozen=True)
class HttpdFacts:
    presence: Known[Presence]
    instances: Known[tuple[Instance, ...]]


def parse(capture: Capture) -> HttpdFacts:
    found = presence(capture, "httpd", NONE)
    if not isinstance(found, Presence):
        return HttpdFacts(found, found)
    instances = tuple(instance(capture, server.name) for server in found.servers if not server.container)
    return HttpdFacts(found, instances or NOT_RUNNING)


def instance(capture: Capture, name: str) -> Instance:
    key = f"httpd {name} "
    return Instance(
        name, readable(parse_version, capture.known(key + "version"), capture.known(key + "processes")),
        readable(parse_configuration, capture.known(key + "configuration")), readable(parse_status, capture, key + "status"),
        readable(parse_processes, capture.known(key + "processes")),
        readable(logs, capture, key + "error_log *", NO_ERROR_LOG), readable(responses, capture, key + "access_log *", NO_ACCESS_LOG),
    )


# Server version: Apache/2.4.68 (Debian)
# Server built:   2026-06-12T05:08:45
def parse_version(text: str | Unknown, processes: str | Unknown) -> Known[Version]:
    if isinstance(text, Unknown):
        return text
    match = re.search(r"(?m)^Server version: [\w-]+/((\d+\.\d+)\.\d+)\b.*\nServer built:.*\n", text)
    if match is None:
        raise Unreadable("{key}: is cut off or not Apache's answer", key="version")
    program = str(json_object(processes, "processes").get("exe", "")) if isinstance(processes, str) else ""
    return Version(match.group(1), match.group(2), is_packaged(program))


# main loadmodule mpm_event_module
# ifmodule:mpm_prefork_module maxrequestworkers 150
# # 31 files
def parse_configuration(text: str | Unknown) -> Known[Configuration]:
    if isinstance(text, Unknown):
        return text
    lines = text.splitlines()
    if not text.endswith("\n") or re.fullmatch(r"# \d+ files", lines[-1]) is None:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key="configuration")
    denied = next((line for line in lines if line.startswith("# cannot read ")), None)
    if denied is not None:
        return Unknown("a file of the configuration can't be read: {detail}", {"detail": denied.removeprefix("# cannot read ")})
    found = [line.split() for line in lines if not line.startswith("#")]
    modules = {words[2] for words in found if words[1] == "loadmodule" and len(words) > 2}
    mpm = next((name for name in DEFAULT_WORKERS if f"mpm_{name}_module" in modules), "event")
    valid = [words for words in found if "ifmodule:mpm_" not in words[0] or f"mpm_{mpm}" in words[0]]
    limit = last(valid, "maxrequestworkers") or last(valid, "maxclients")
    if limit is not None and not limit.isdigit():
        raise Unreadable("{key}: {name} is not a number", key="configuration", name="MaxRequestWorkers")
    return Configuration(mpm, int(limit or DEFAULT_WORKERS[mpm]), (last(valid, "servertokens") or "Full").lower(),
                         (last(valid, "traceenable") or "on").lower() != "off",
                         tuple(word for words in found if words[1] == "sslprotocol" for word in words[2:]))


def last(found: list[list[str]], name: str) -> str | None:
    return next((words[2] for words in reversed(found) if words[1] == name and len(words) > 2), None)


# Total Accesses: 812
# BusyWorkers: 3
# IdleWorkers: 47
# Scoreboard: W_K_____.....
def parse_status(capture: Capture, key: str) -> Known[Scoreboard]:
    entry = capture.entry(key)
    if entry is None:
        return NO_PAGE
    text = text_of(entry)
    if not isinstance(text, str):
        return Unknown(text.reason, text.values)
    found = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    board = found.get("Scoreboard", "")
    if not text.endswith("\n") or not (found.get("BusyWorkers", "").isdigit() and found.get("IdleWorkers", "").isdigit()) \
            or re.fullmatch(r"[_SRWKDCLGI.]+", board) is None:
        raise Unreadable("{key}: is cut off or not a server-status page", key=key)
    return Scoreboard(int(found["BusyWorkers"]), int(found["IdleWorkers"]), board.count("G"))


# {"seconds": 864000.0, "exe": "/usr/sbin/apache2", "children": 2,
#  "master": {"files": 9, "sockets": 2, "paths": ["/var/log/apache2/error.log"]}}
def parse_processes(text: str | Unknown) -> Known[tuple[str, ...]]:
    if isinstance(text, Unknown):
        return text
    found = json_object(text, "processes")
    number(found, "seconds", "processes")
    master = found.get("master")
    if not isinstance(master, dict):
        return Unknown("the open files of Apache can't be seen; inspect as root")
    return tuple(map(str, master.get("paths", ())))
