# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tomcat: an Instance for each, with its connectors, users, manager applications, threads and logs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, text_of
from .guard import readable
from .java import Threads, parse_threads
from .middleware import Log, Presence, Server, Version, is_packaged, json_object, logs, number, presence

NONE = NotHere("no Tomcat runs here and none is configured")
NOT_RUNNING = NotHere("no Tomcat runs here that could be looked at")
NO_ACCOUNT = NotHere("caretaker_credentials names no account of the manager (role manager-status), so requests are not counted")
NO_LOG = NotHere("it writes no catalina.out and no catalina log of its own")


@dataclass(frozen=True)
class Connector:
    """``threads_limit`` None where that is not told. ``open``: others than this host can reach it. ``executor``: whose threads it has, ""
    for its own."""

    port: str
    protocol: str
    threads_limit: int | None
    open: bool
    has_secret: bool
    executor: str

    @property
    def is_ajp(self) -> bool:
        return "AJP" in self.protocol.upper()


@dataclass(frozen=True)
class Executor:
    """Threads that connectors share. ``pool``: what they are called in a thread dump, "" where that can't be told."""

    name: str
    threads_limit: int | None
    pool: str


@dataclass(frozen=True)
class Configuration:
    """``shutdown_port`` -1 where there is none; ``shutdown_word`` True where it is the one that everybody knows."""

    connectors: tuple[Connector, ...]
    executors: tuple[Executor, ...]
    shutdown_port: int
    shutdown_word: bool


@dataclass(frozen=True)
class User:
    """``weak`` says what is wrong with the password, "" if nothing is."""

    name: str
    roles: tuple[str, ...]
    weak: str


@dataclass(frozen=True)
class Requests:
    """Of one connector, since the start."""

    connector: str
    requests_count: int
    errors_count: int


@dataclass(frozen=True)
class Used:
    """A connector's threads; ``threads_limit`` None where that is not told."""

    connector: str
    busy_count: int
    threads_limit: int | None


@dataclass(frozen=True)
class Instance:
    name: str
    uptime_seconds: Known[float]
    version: Known[Version]
    configuration: Known[Configuration]
    users: Known[tuple[User, ...]]
    managers: Known[tuple[tuple[str, str | None], ...]]     # (application, addresses that it lets in)
    used: Known[tuple[Used, ...]]
    requests: Known[tuple[Requests, ...]]
    logs: Known[tuple[Log, ...]]
    unit: Known[str]                                        # systemd's, "" for none


@dataclass(frozen=True)
class TomcatFacts:
    presence: Known[Presence]
    instances: Known[tuple[Instance, ...]]


def parse(capture: Capture) -> TomcatFacts:
    found = presence(capture, "tomcat", NONE)
    if not isinstance(found, Presence):
        return TomcatFacts(found, found)
    instances = tuple(instance(capture, server) for server in found.servers if not server.container)
    return TomcatFacts(found, instances or NOT_RUNNING)


def instance(capture: Capture, server: Server) -> Instance:
    key = f"tomcat {server.name} "
    configuration = readable(parse_server, capture.known(key + "server"))
    status = readable(parse_status, capture, key + "status")
    return Instance(
        server.name, readable(parse_uptime, capture.known(key + "process")), readable(parse_version, capture, key),
        configuration, readable(parse_users, capture, key + "users"), readable(parse_managers, capture.known(key + "manager")),
        readable(used_threads, capture, server, configuration, status), requests_of(status), readable(logs, capture, key + "log *", NO_LOG),
        readable(parse_unit, capture.known(key + "process")),
    )


# {"seconds": 864000.0, "exe": "/usr/share/tomcat10/", "unit": "tomcat10.service"}
def parse_uptime(text: str | Unknown) -> Known[float]:
    return text if isinstance(text, Unknown) else number(json_object(text, "process"), "seconds", "process")


def parse_unit(text: str | Unknown) -> Known[str]:
    if isinstance(text, Unknown):
        return text
    unit = json_object(text, "process").get("unit")
    return Unknown("this capture does not tell which unit runs it; inspect again") if unit is None else str(unit)


# server.info=Apache Tomcat/10.1.52 (Debian)
# server.number=10.1.52.0
def parse_version(capture: Capture, key: str) -> Known[Version]:
    text = capture.known(key + "version")
    if isinstance(text, Unknown):
        return text
    match = re.search(r"(?m)^server\.info=Apache Tomcat(?: \(\w+\))?/((\d+)\.(\d+)\.\d+)\b.*$", text)
    process = capture.text(key + "process")
    if match is None or not isinstance(process, str):
        raise Unreadable("{key}: is cut off or not Tomcat's own", key=key + "version")
    home = str(json_object(process, "process").get("exe", ""))
    return Version(match.group(1), f"{match.group(2)}.{match.group(3)}", is_packaged(home))


# {"port": "-1", "word": true, "connectors": [{"port": "8080", "protocol": "HTTP/1.1", "secret": false, "executor": "pool"}],
#  "executors": {"pool": "200"}, "prefixes": {"pool": "catalina-exec-"}}
def parse_server(text: str | Unknown) -> Known[Configuration]:
    if isinstance(text, Unknown):
        return text
    found = json_object(text, "server.xml")
    try:
        connectors = tuple(connector_of(item, found["executors"]) for item in found["connectors"])
        executors = tuple(executor_of(name, most, found.get("prefixes", {})) for name, most in found["executors"].items())
        return Configuration(connectors, executors, int(found["port"]), bool(found["word"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key="server.xml") from error


def executor_of(name: str, most: str, prefixes: dict[str, str]) -> Executor:
    prefix = str(prefixes.get(name, ""))
    return Executor(name, int(most) if most.isdigit() else None, prefix.removesuffix("-exec-") if prefix.endswith("-exec-") else "")


LOOPBACK = ("127.", "localhost", "::1", "0:0:0:0:0:0:0:1")


def connector_of(item: dict[str, Any], executors: dict[str, str]) -> Connector:
    protocol = str(item.get("protocol", "HTTP/1.1"))
    most = str(executors.get(str(item.get("executor")), item.get("maxThreads", "200")))        # 200: Tomcat's own default
    # AJP listens on loopback by itself since 7.0.100, 8.5.51, 9.0.31; without an address HTTP listens everywhere
    address = str(item.get("address", "localhost" if "AJP" in protocol.upper() else "*"))
    return Connector(str(item.get("port", "")), protocol, int(most) if most.isdigit() else None, not address.startswith(LOOPBACK),
                     bool(item["secret"]), str(item["executor"]) if item.get("executor") in executors else "")


# [{"name": "deploy", "roles": ["manager-gui"], "weak": "well known"}]
def parse_users(capture: Capture, key: str) -> Known[tuple[User, ...]]:
    entry = capture.entry(key)
    if entry is None:
        return Unknown("{key}: was not looked at in this capture", {"key": key})
    text = text_of(entry)
    if not isinstance(text, str):
        if "No such file" in entry.stderr:
            return NotHere("there is no tomcat-users.xml")
        return Unknown(text.reason, text.values)
    try:
        return tuple(User(str(item["name"]), tuple(map(str, item["roles"])), str(item["weak"])) for item in json.loads(text))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key=key) from error


# {"manager": null, "host-manager": "127\\.\\d+\\.\\d+\\.\\d+|::1"}
def parse_managers(text: str | Unknown) -> Known[tuple[tuple[str, str | None], ...]]:
    if isinstance(text, Unknown):
        return text
    return tuple(sorted((name, None if rule is None else str(rule)) for name, rule in json_object(text, "manager").items()))


# {"connectors": [{"name": "http-nio-8080", "max": 200, "busy": 3, "threads": 25, "requests": 81200, "errors": 12}]}
def parse_status(capture: Capture, key: str) -> Known[tuple[dict[str, Any], ...]]:
    entry = capture.entry(key)
    if entry is None:
        return NO_ACCOUNT
    text = text_of(entry)
    if not isinstance(text, str):
        return Unknown(text.reason, text.values)
    rows = json_object(text, key).get("connectors")
    if not isinstance(rows, list) or not rows:
        raise Unreadable("{key}: is cut off or not the manager's status page", key=key)
    for row in rows:
        for name in ("max", "busy", "requests", "errors"):
            number(row, name, key)
    return tuple(rows)


def requests_of(status: Known[tuple[dict[str, Any], ...]]) -> Known[tuple[Requests, ...]]:
    if not isinstance(status, tuple):
        return status
    return tuple(Requests(str(row["name"]), int(row["requests"]), int(row["errors"])) for row in status)


def used_threads(
    capture: Capture, server: Server, configuration: Known[Configuration], status: Known[tuple[dict[str, Any], ...]]
) -> Known[tuple[Used, ...]]:
    """From the manager's status page; without an account for it from the thread dump that the subject java has taken."""
    limits = limits_of(configuration)
    if isinstance(status, tuple):
        return tuple(Used(str(row["name"]), int(row["busy"]), int(row["max"]) if row["max"] > 0 else limits.get(port_of(str(row["name"]))))
                     for row in status)
    threads = parse_threads(dump_of(capture, server.pid))
    if not isinstance(threads, Threads):
        return threads
    if not isinstance(configuration, Configuration):
        return configuration
    found = tuple(Used(pool.name, pool.busy_count, limits.get(port_of(pool.name))) for pool in threads.pools)
    return found or NotHere("it has no connector with threads of its own")


def limits_of(configuration: Known[Configuration]) -> dict[str, int | None]:
    """{port of a connector, or pool of an executor: the most threads}; the status page does not tell it of an executor's."""
    if not isinstance(configuration, Configuration):
        return {}
    ports = {connector.port: connector.threads_limit for connector in configuration.connectors}
    return {**{executor.pool: executor.threads_limit for executor in configuration.executors if executor.pool}, **ports}


def port_of(name: str) -> str:
    """``8080`` of ``http-nio-8080`` or ``ajp-nio-127.0.0.1-8009``; of an executor's pool its name."""
    return name.rpartition("-")[2] if name.rpartition("-")[2].isdigit() else name


def dump_of(capture: Capture, pid: int) -> str | Unknown:
    java = presence(capture, "java", NONE)
    if isinstance(java, Unknown):
        return java
    name = next((item.name for item in java.servers if item.pid == pid), None) if isinstance(java, Presence) else None
    return capture.known(f"java {name} threads")
