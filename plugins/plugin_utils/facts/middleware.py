# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the facts of nginx, Apache, HAProxy, JVMs and Tomcat have in common: which instances run, their versions, digests of their logs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, text_of


@dataclass(frozen=True)
class Server:
    """A server that runs here. ``container`` is "" for one of this host, else what its container is called."""

    name: str
    pid: int
    container: str


@dataclass(frozen=True)
class Presence:
    """Which instances run, and the unit that the system's start would start, or None."""

    servers: tuple[Server, ...]
    enabled_unit: str | None


# {"instances": [{"instance": "nginx", "pid": 812, "container": ""}], "installed": true, "enabled": "nginx.service"}
def presence(capture: Capture, subject: str, absent: NotHere) -> Known[Presence]:
    """From the note "SUBJECT instances"; ``absent`` where nothing runs and nothing is configured."""
    text = capture.known(subject + " instances")
    if isinstance(text, Unknown):
        return text
    found = json_object(text, subject + " instances")
    try:
        servers = tuple(Server(str(item["instance"]), int(item["pid"]), str(item["container"])) for item in found["instances"])
        enabled = found["enabled"]
        installed = bool(found["installed"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key=subject + " instances") from error
    return Presence(servers, enabled) if servers or installed else absent


def json_object(text: str, key: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key=key) from error
    if not isinstance(found, dict):
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key=key)
    return found


@dataclass(frozen=True)
class LogLine:
    """``count`` lines of one day that say the same. ``day`` None where the log has lines before its first date."""

    day: date | None
    level: str
    count: int
    message: str


@dataclass(frozen=True)
class Log:
    """A digest of the end of a log."""

    path: str
    lines_count: int
    first: date | None
    last: date | None
    kinds: tuple[LogLine, ...]

    def recent(self, taken_at: datetime, days: int) -> dict[str, int]:
        """{message: lines} of the last days; lines without a date count as of the day of the log's end."""
        since = (taken_at - timedelta(days=days)).date()
        found: dict[str, int] = {}
        for kind in self.kinds:
            day = kind.day or self.last
            if day is not None and day >= since:
                name = kind.message
                found[name] = found.get(name, 0) + kind.count
        return found


# 2026-11-22 crit 17 connect() failed (111: Connection refused)
KIND = re.compile(r"(-|\d{4}-\d\d-\d\d) (\S+) (\d+) (.+)")
# # 5120 lines, 2026-11-01 to 2026-11-22
END = re.compile(r"# (\d+) lines, (\S+) to (\S+)\n")


def parse_log(path: str, text: str) -> Log:
    """The digest that the target made of a log. Raises Unreadable when its last line is missing."""
    body, _newline, last = text.rstrip("\n").rpartition("\n")
    end = END.fullmatch(last + "\n") if text.endswith("\n") else None
    kinds = [KIND.fullmatch(line) for line in body.splitlines()]
    if end is None or not all(kinds):
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key=path)
    days = [day_of(end.group(number)) for number in (2, 3)]
    return Log(path, int(end.group(1)), days[0], days[1],
               tuple(LogLine(day_of(kind.group(1)), kind.group(2), int(kind.group(3)), kind.group(4)) for kind in kinds if kind))


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def logs(capture: Capture, pattern: str, nothing: NotHere) -> Known[tuple[Log, ...]]:
    """All the digests whose keys match, as "nginx main error_log *"; the path is what stands for the star."""
    found = []
    for entry in capture.matching(pattern):
        text = text_of(entry)
        if not isinstance(text, str):
            return Unknown(text.reason, text.values)
        found.append(parse_log(entry.key[len(pattern) - 1:], text))
    return tuple(found) or nothing


@dataclass(frozen=True)
class Responses:
    """Requests of the end of an access log, by kind of answer."""

    path: str
    requests_count: int
    server_errors_count: int
    gateway_timeouts_count: int
    last: datetime | None


# 2000 lines, 0 of another form; 1xx 0, 2xx 1890, 3xx 10, 4xx 60, 5xx 40, 504 3; 21/Nov/2026:03:00:00 +0100 to 22/Nov/2026:03:00:00 +0100
RESPONSES = re.compile(r"(\d+) lines, (\d+) of another form; "
                       r"1xx (\d+), 2xx (\d+), 3xx (\d+), 4xx (\d+), 5xx (\d+), 504 (\d+); (.+) to (.+)\n")


def parse_responses(path: str, text: str) -> Responses:
    match = RESPONSES.fullmatch(text)
    if match is None:
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key=path)
    lines, other, *kinds, timeouts = (int(number) for number in match.groups()[:8])
    if lines and other > lines / 2:
        raise Unreadable("{key}: most lines are not of the form of a usual access log; their answers can't be counted", key=path)
    return Responses(path, sum(kinds), kinds[4], timeouts, time_of(match.group(10)))


def time_of(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None


def responses(capture: Capture, pattern: str, nothing: NotHere) -> Known[tuple[Responses, ...]]:
    found = []
    for entry in capture.matching(pattern):
        text = text_of(entry)
        if not isinstance(text, str):
            return Unknown(text.reason, text.values)
        found.append(parse_responses(entry.key[len(pattern) - 1:], text))
    return tuple(found) or nothing


@dataclass(frozen=True)
class Version:
    """``packaged``: built by the distribution, which mends it after its makers no longer do."""

    text: str
    branch: str
    packaged: bool


def is_packaged(path: str) -> bool:
    """Programs of the distribution lie below /usr, what administrators built or unpacked in /usr/local, /opt, /srv, ..."""
    return path.startswith(("/usr/", "/bin/", "/sbin/", "/lib/")) and not path.startswith("/usr/local/")


def number(values: Mapping[str, Any], name: str, key: str) -> float:
    """A number of a JSON object; Unreadable where it is missing or something else."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable("{key}: {name} is missing", key=key, name=name)
    return value
