# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of nginx, Apache, HAProxy, JVMs and Tomcat have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ..absent import NotHere, Unknown
from ..facts.middleware import Log, Presence, Responses, Version
from ..facts.software_support import end_of, is_known
from ..findings import DAY, Above, Below, Finding, Severity
from .containers import in_containers

RECENT_DAYS = 7
SUPPORT_LEVELS = {"left_seconds": Below(warning=0, source="its makers' own dates; see plugin_utils/facts/software_support.py")}
ERROR_LEVELS = {
    "errors_ratio": Above(warning=0.01, critical=0.05, source="5 %: awesome-prometheus-alerts; 1 %: our judgement"),
    "errors_count": Above(warning=10, source="our judgement: fewer are chance"),
}


def for_each(*names: str, judge: Callable[..., Iterable[Finding]]) -> Callable[..., Iterator[Finding]]:
    """A check that calls ``judge(levels, instance name, *those of its facts, *the other needs)`` for each instance.

    A fact that is Unknown is that instance's UNKNOWN finding, with its reason; one that is NotHere an INFO.
    """
    def check(levels: Mapping[str, Any], instances: Iterable[Any], *others: object) -> Iterator[Finding]:
        for item in instances:
            facts = [getattr(item, name) for name in names]
            absent = next((fact for fact in facts if isinstance(fact, Unknown)), None) or next(
                (fact for fact in facts if isinstance(fact, NotHere)), None)
            if absent is None:
                yield from judge(levels, item.name, *facts, *others)
            else:
                severity = Severity.UNKNOWN if isinstance(absent, Unknown) else Severity.INFO
                yield Finding(severity, item.name, absent.reason, absent.values)

    return check


def not_running(presence: Presence) -> Iterator[Finding]:
    """A server that should have been started, one that need not run, those that run in containers."""
    if not presence.servers and presence.enabled_unit:
        yield Finding(Severity.CRITICAL, presence.enabled_unit, "is enabled, but does not run", {})
    elif not presence.servers:
        yield Finding(Severity.INFO, "server", "is installed, but neither runs nor is enabled")
    yield from in_containers(server.container for server in presence.servers if server.container)


def support_finding(levels: Mapping[str, Any], name: str, product: str, version: Version, taken_at: datetime) -> Finding:
    """Whether the branch of a version is still mended by its makers; the distribution's own packages are mended by it."""
    values: dict[str, Any] = {"version": version.text, "branch": version.branch}
    end = end_of(product, version.branch)
    if end is None and is_known(product, version.branch):
        return Finding(Severity.OK, name, "version {version}; branch {branch} is mended by its makers", values)
    if end is None:
        return Finding(Severity.INFO, name, "version {version}; it is not known here until when branch {branch} is mended", values)
    left = (datetime(end.year, end.month, end.day, tzinfo=UTC) + timedelta(days=1) - taken_at).total_seconds()
    values.update(left_seconds=left, ended=end.isoformat())
    severity = levels["left_seconds"].grade(left)
    if severity < Severity.WARNING:
        return Finding(severity, name, "version {version}; branch {branch} is mended until {ended}", values)
    if version.packaged:
        del values["left_seconds"]
        return Finding(Severity.INFO, name, "version {version}; its makers mended branch {branch} until {ended}, "
                       "since then only the distribution's packages get fixes", values)
    return Finding(severity, name, "version {version}; branch {branch} gets no fixes since {ended}", values)


def log_findings(
    name: str, logs: tuple[Log, ...], taken_at: datetime, grades: Mapping[str, Severity], grave: Sequence[str]
) -> Iterator[Finding]:
    """The recent messages of logs. ``grades``: {words: severity}; other messages count if their level is one of ``grave``."""
    for log in logs:
        levels = {kind.message: kind.level for kind in log.kinds}
        values: dict[str, Any] = {"since": earliest(log.first, taken_at), "lines_count": log.lines_count}
        found = log.recent(taken_at, RECENT_DAYS)
        for message, count in found.items():
            severity = next((grade for words, grade in grades.items() if words in message),
                            Severity.WARNING if levels[message] in grave else Severity.INFO)
            yield Finding(severity, f"{name} {log.path}: {message}", "{times_count} times since {since}", {**values, "times_count": count})
        if not found:
            yield Finding(Severity.OK, f"{name} {log.path}", "no serious message among {lines_count} lines since {since}", values)


def earliest(first: date | None, taken_at: datetime) -> str:
    """The day from which on a log's end was looked at."""
    oldest = date.fromordinal(taken_at.date().toordinal() - RECENT_DAYS)
    return max(first, oldest).isoformat() if first else oldest.isoformat()


def error_findings(levels: Mapping[str, Any], name: str, found: tuple[Responses, ...], taken_at: datetime) -> Iterator[Finding]:
    """The share of answers 5xx at the end of each access log, where that is of the last days."""
    for item in found:
        thing = f"{name} {item.path}"
        if item.last is None or (taken_at - item.last).total_seconds() > RECENT_DAYS * DAY:
            yield Finding(Severity.OK, thing, "no requests in the last week")
            continue
        ratio = item.server_errors_count / item.requests_count if item.requests_count else 0.0
        values = {"errors_ratio": ratio, "errors_count": item.server_errors_count, "requests_count": item.requests_count,
                  "timeouts_count": item.gateway_timeouts_count}
        enough = levels["errors_count"].grade(item.server_errors_count) is not Severity.OK
        yield Finding(levels["errors_ratio"].grade(ratio) if enough else Severity.OK, thing,
                      "{errors_count} of the last {requests_count} requests were answered by a server error (5xx), "
                      "{timeouts_count} by a timeout (504)", values)


def stale_logs(name: str, open_paths: Iterable[str]) -> Iterator[Finding]:
    """Logs that were rotated or deleted while the server goes on writing to them."""
    stale = [path for path in open_paths if is_stale_log(path)]
    for path in stale:
        yield Finding(Severity.WARNING, f"{name} {path.removesuffix(' (deleted)')}", "it still writes to a log that was rotated or deleted")
    if not stale:
        yield Finding(Severity.OK, name, "it writes to its current logs")


def is_stale_log(path: str) -> bool:
    """``/var/log/nginx/access.log.1``, ``/var/log/nginx/error.log (deleted)``; other deleted files are temporary ones."""
    name = path.rsplit("/", 1)[-1]
    return ("log" in name and name.endswith(" (deleted)")) or ("log." in name and name.rsplit(".", 1)[-1].isdigit())
