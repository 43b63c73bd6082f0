# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx: version, configuration, workers with their connections and files, counters, logs; an Instance for each master."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, succeeded
from .guard import readable
from .middleware import (
    Log,
    Presence,
    Responses,
    Version,
    is_packaged,
    json_object,
    logs,
    number,
    presence,
    responses,
)

NONE = NotHere("no nginx runs here and none is configured")
NOT_RUNNING = NotHere("no nginx runs here that could be looked at")
NO_PAGE = NotHere("nginx offers no stub_status page, so its counters can't be seen")
NO_ERROR_LOG = NotHere("it writes its errors to no file that is there")
NO_ACCESS_LOG = NotHere("it writes its requests to no file that is there")


@dataclass(frozen=True)
class Worker:
    """A worker process. ``connections_count``: its sockets, listening ones too, as worker_connections counts them."""

    connections_count: int
    files_count: int
    files_limit: int | None
    leaving: bool


@dataclass(frozen=True)
class Workers:
    """``seconds``: since the master's start; ``changed_seconds``: since the last change of the configuration's files."""

    seconds: float
    changed_seconds: float | None
    loaded_seconds: float
    open_paths: tuple[str, ...]
    workers: tuple[Worker, ...]


@dataclass(frozen=True)
class Configuration:
    """What nginx was told, with its own defaults (https://nginx.org/en/docs/ngx_core_module.html) where nothing was said."""

    worker_connections: int
    worker_files: int | None
    server_tokens: str
    protocols: tuple[str, ...]


@dataclass(frozen=True)
class Counters:
    """Since the start; ``dropped_count`` connections were accepted by the kernel's side and then closed for want of room."""

    active_count: int
    accepted_count: int
    handled_count: int
    requests_count: int

    @property
    def dropped_count(self) -> int:
        return self.accepted_count - self.handled_count


@dataclass(frozen=True)
class Instance:
    name: str
    version: Known[Version]
    configuration: Known[Configuration]
    workers: Known[Workers]
    counters: Known[Counters]
    error_logs: Known[tuple[Log, ...]]
    access_logs: Known[tuple[Responses, ...]]


@dataclass(frozen=True)
class NginxFacts:
    presence: Known[Presence]
    instances: Known[tuple[Instance, ...]]


def parse(capture: Capture) -> NginxFacts:
    found = presence(capture, "nginx", NONE)
    if not isinstance(found, Presence):
        return NginxFacts(found, found)
    instances = tuple(instance(capture, server.name) for server in found.servers if not server.container)
    return NginxFacts(found, instances or NOT_RUNNING)


def instance(capture: Capture, name: str) -> Instance:
    key = f"nginx {name} "
    workers = readable(parse_workers, capture.known(key + "workers"))
    return Instance(
        name, readable(parse_version, capture, key + "version", capture.known(key + "workers")),
        readable(parse_configuration, capture.known(key + "configuration")), workers, readable(parse_counters, capture, key + "status"),
        readable(logs, capture, key + "error_log *", NO_ERROR_LOG), readable(responses, capture, key + "access_log *", NO_ACCESS_LOG),
    )


# nginx version: nginx/1.22.1 (Ubuntu)
def parse_version(capture: Capture, key: str, workers: str | Unknown) -> Known[Version]:
    text = capture.known(key)
    if isinstance(text, Unknown):
        return text
    match = re.match(r"nginx version: [\w-]+/(\d+\.\d+)(\.\d+)\b.*\n", text)
    if match is None:
        raise Unreadable("{key}: is cut off or not nginx's answer", key=key)
    program = str(json_object(workers, "workers").get("exe", "")) if isinstance(workers, str) else ""
    return Version(match.group(1) + match.group(2), match.group(1), is_packaged(program))


# {"seconds": 86400.0, "changed_seconds": 90000.0, "master": {"files": 12, "sockets": 3, "paths": ["/var/log/nginx/error.log"]},
#  "workers": [{"files": 14, "sockets": 5, "limit": 1024, "seconds": 86400.0, "leaving": false}]}
def parse_workers(text: str | Unknown) -> Known[Workers]:
    if isinstance(text, Unknown):
        return text
    found = json_object(text, "workers")
    seconds = number(found, "seconds", "workers")
    rows = found.get("workers")
    master = found.get("master")
    if not isinstance(rows, list):
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key="workers")
    if not isinstance(master, dict) or not all("files" in row for row in rows):
        return Unknown("the open files of nginx can't be seen; inspect as root")
    workers = tuple(
        Worker(int(number(row, "sockets", "workers")), int(number(row, "files", "workers")), row.get("limit"), bool(row.get("leaving")))
        for row in rows)
    ages = [float(row["seconds"]) for row in rows if row.get("seconds") is not None and not row.get("leaving")]
    return Workers(seconds, found.get("changed_seconds"), max(ages, default=seconds), tuple(master.get("paths", ())), workers)


# main worker_processes auto
# http/server#1 listen 127.0.0.1:8080
# # 4 files
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
    tokens = {words[2] for words in found if words[1] == "server_tokens" and len(words) > 2}
    return Configuration(
        worker_connections=int(first(found, "worker_connections") or 512),
        worker_files=int(first(found, "worker_rlimit_nofile") or 0) or None,
        server_tokens="on" if "on" in tokens or not tokens else min(tokens),
        protocols=tuple(sorted({name for words in found if words[1] == "ssl_protocols" for name in words[2:]})),
    )


def first(found: list[list[str]], name: str) -> str | None:
    value = next((words[2] for words in found if words[1] == name and len(words) > 2), None)
    if value is not None and not value.isdigit():
        raise Unreadable("{key}: {name} is not a number", key="configuration", name=name)
    return value


# Active connections: 3
# server accepts handled requests
#  14 14 22
# Reading: 0 Writing: 1 Waiting: 2
STATUS = re.compile(r"Active connections: (\d+) *\r?\nserver accepts handled requests *\r?\n\s*(\d+)\s+(\d+)\s+(\d+)[^\n]*\n"
                    r"Reading: \d+ Writing: \d+ Waiting: \d+")


def parse_counters(capture: Capture, key: str) -> Known[Counters]:
    entry = capture.entry(key)
    if entry is None:
        return NO_PAGE
    text = succeeded(entry)
    if not isinstance(text, str):
        return Unknown(text.reason, text.values)
    match = STATUS.match(text)
    if match is None:
        raise Unreadable("{key}: is cut off or not a stub_status page", key=key)
    return Counters(*(int(count) for count in match.groups()))
