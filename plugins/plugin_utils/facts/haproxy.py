# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy: what ``show info`` and ``show stat`` tell on the stats socket, and its processes; an Instance for each configuration."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .guard import readable
from .middleware import Presence, Version, is_packaged, json_object, presence

T = TypeVar("T")
NONE = NotHere("no HAProxy runs here and none is configured")
NOT_RUNNING = NotHere("no HAProxy runs here that could be looked at")
NO_SOCKET = Unknown("its configuration names no stats socket; add to its global section: "
                    "stats socket /run/haproxy/admin.sock mode 660 level user")
DENIED = Unknown("its configuration can't be read; inspect as root")


@dataclass(frozen=True)
class Info:
    """The whole process; ``idle_ratio`` is the share of its time in which it waited for something to do.

    ``reached_count``: how often a connection took the last place since the start; 0 from versions that do not count it.
    """

    version: str
    uptime_seconds: float
    connections_count: int
    connections_limit: int
    idle_ratio: float
    dropped_logs_count: int
    processes_count: int
    reached_count: int


@dataclass(frozen=True)
class Proxy:
    """A row of ``show stat``. ``kind``: frontend, backend, server, listener. Limits are None where none is set.

    ``peak_count``: the most sessions since the start. Counters since then: ``errors_count`` answers 5xx of ``responses_count`` answers
    (None where it is not HTTP), ``retries_count`` connections tried again, ``downs_count`` times the checks found it gone.
    """

    proxy: str
    name: str
    kind: str
    status: str
    queue_count: int
    sessions_count: int
    sessions_limit: int | None
    retries_count: int
    downs_count: int
    changed_seconds: float | None
    errors_count: int | None
    responses_count: int
    peak_count: int

    @property
    def label(self) -> str:
        return self.proxy if self.kind in ("frontend", "backend") else f"{self.proxy}/{self.name}"


@dataclass(frozen=True)
class Processes:
    """``ages_seconds``: of the workers, or of the one process there is, youngest first."""

    ages_seconds: tuple[float, ...]


@dataclass(frozen=True)
class Written:
    """A limit as the configuration says it. ``section``: "global", "defaults", "frontend shop" or "listen shop"."""

    section: str
    name: str
    value: str
    path: str


@dataclass(frozen=True)
class Limits:
    """``files``: the hard limit of open files, up to which HAProxy raises its own."""

    files: int
    written: tuple[Written, ...]


@dataclass(frozen=True)
class Instance:
    name: str
    info: Known[Info]
    version: Known[Version]
    proxies: Known[tuple[Proxy, ...]]
    processes: Known[Processes]
    limits: Known[Limits]


@dataclass(frozen=True)
class HaproxyFacts:
    presence: Known[Presence]
    instances: Known[tuple[Instance, ...]]


def parse(capture: Capture) -> HaproxyFacts:
    found = presence(capture, "haproxy", NONE)
    if not isinstance(found, Presence):
        return HaproxyFacts(found, found)
    instances = tuple(instance(capture, server.name) for server in found.servers if not server.container)
    return HaproxyFacts(found, instances or NOT_RUNNING)


def instance(capture: Capture, name: str) -> Instance:
    key = f"haproxy {name} "
    note = capture.known(key + "processes")
    info = readable(answer, capture, note, key + "info", parse_info)
    return Instance(
        name, info, readable(parse_version, info, note), readable(answer, capture, note, key + "stat", parse_stat),
        readable(parse_processes, note), readable(parse_limits, capture.known(key + "limits")),
    )


def answer(capture: Capture, note: str | Unknown, key: str, read: Callable[[str], T]) -> Known[T]:
    """What the stats socket said, or why it said nothing."""
    if isinstance(note, Unknown):
        return note
    found = json_object(note, "processes")
    if not found.get("sockets"):
        return NO_SOCKET if found.get("readable") else DENIED
    text = capture.known(key)
    return text if isinstance(text, Unknown) else read(text)


# Name: HAProxy
# Version: 2.6.12-1+deb12u3
# Uptime_sec: 86400
# Maxconn: 9980
def parse_info(text: str) -> Info:
    """``show info`` ends with an empty line."""
    found = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    try:
        if not text.endswith("\n\n"):
            raise KeyError
        return Info(
            version=found["Version"], uptime_seconds=float(found["Uptime_sec"]), connections_count=int(found["CurrConns"]),
            connections_limit=int(found["Maxconn"]), idle_ratio=int(found["Idle_pct"]) / 100,
            dropped_logs_count=int(found.get("DroppedLogs", 0)), processes_count=int(found.get("Nbproc", 1)),
            reached_count=int(found.get("MaxconnReached", 0)),
        )
    except (KeyError, ValueError) as error:
        raise Unreadable("{key}: is cut off or not HAProxy's answer", key="show info") from error


KINDS = {"0": "frontend", "1": "backend", "2": "server", "3": "listener"}
ANSWERS = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")


# # pxname,svname,qcur,qmax,scur,smax,slim,stot,...,status,...,type,...,hrsp_5xx,...
# shop,web1,0,0,3,41,200,81203,...,UP,...,2,...,12,...
def parse_stat(text: str) -> tuple[Proxy, ...]:
    """``show stat`` in CSV, which ends with an empty line; versions differ in how many columns they have."""
    lines = text.splitlines()
    if not text.endswith("\n\n") or not lines[0].startswith("# pxname,svname,"):
        raise Unreadable("{key}: is cut off or not HAProxy's answer", key="show stat")
    names = lines[0][2:].rstrip(",").split(",")
    found = []
    for fields in csv.reader(line for line in lines[1:] if line):
        if len(fields) < len(names):
            raise Unreadable("{key}: is cut off or not HAProxy's answer", key="show stat")
        found.append(proxy_of(dict(zip(names, fields, strict=False))))
    return tuple(found)


def proxy_of(row: dict[str, str]) -> Proxy:
    def count(name: str) -> int:
        return int(row.get(name) or 0)

    try:
        return Proxy(
            proxy=row["pxname"], name=row["svname"], kind=KINDS[row["type"]], status=row["status"], queue_count=count("qcur"),
            sessions_count=count("scur"), sessions_limit=count("slim") or None, retries_count=count("wretr"), downs_count=count("chkdown"),
            changed_seconds=float(row["lastchg"]) if row.get("lastchg") else None,
            errors_count=count("hrsp_5xx") if row.get("hrsp_5xx") else None, responses_count=sum(count(name) for name in ANSWERS),
            peak_count=count("smax"),
        )
    except (KeyError, ValueError) as error:
        raise Unreadable("{key}: is cut off or not HAProxy's answer", key="show stat") from error


def parse_version(info: Known[Info], note: str | Unknown) -> Known[Version]:
    if not isinstance(info, Info):
        return info
    match = re.match(r"(\d+\.\d+)[.-]", info.version)
    if match is None or not isinstance(note, str):
        raise Unreadable("{key}: is cut off or not HAProxy's answer", key="show info")
    return Version(info.version, match.group(1), is_packaged(str(json_object(note, "processes").get("exe", ""))))


# {"exe": "/usr/sbin/haproxy", "sockets": ["/run/haproxy/admin.sock"], "readable": true, "ages": [3600.1, 90000.2]}
def parse_processes(note: str | Unknown) -> Known[Processes]:
    if isinstance(note, Unknown):
        return note
    ages = json_object(note, "processes").get("ages")
    if not isinstance(ages, list):
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key="processes")
    return Processes(tuple(sorted(float(age) for age in ages if age is not None)))


# {"files": 524288, "written": [{"section": "global", "name": "maxconn", "value": "2000", "path": "/etc/haproxy/haproxy.cfg"}]}
def parse_limits(text: str | Unknown) -> Known[Limits]:
    if isinstance(text, Unknown):
        return text
    found = json_object(text, "limits")
    if found.get("files") is None:
        return Unknown("its limit of open files can't be seen")
    try:
        return Limits(int(found["files"]), tuple(
            Written(str(item["section"]), str(item["name"]), str(item["value"]), str(item["path"])) for item in found["written"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key="limits") from error
