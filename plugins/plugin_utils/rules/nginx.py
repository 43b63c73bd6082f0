# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.middleware import Log, Presence, Version
from ..facts.nginx import Configuration, Counters, Workers
from ..findings import Above, Domain, Finding, Rule, Severity
from ..since import LAST_INSPECTION, period
from .middleware import ERROR_LEVELS, SUPPORT_LEVELS, error_findings, for_each, log_findings, not_running, stale_logs, support_finding

GRACE_SECONDS = 60      # for a change that was loaded at once


def check_nginx_answers(_levels: Mapping[str, Any], presence: Presence) -> Iterator[Finding]:
    yield from not_running(presence)
    for server in presence.servers:
        if not server.container:
            yield Finding(Severity.OK, server.name, "runs")


NGINX_ANSWERS = Rule(
    id="nginx_answers",
    title="nginx runs and can be looked at",
    domain=Domain.PLATFORM,
    why="An nginx that does not run serves no one; one that can't be looked at is not inspected.",
    fix="Start it and read journalctl -u nginx for why it ended; inspect containers as hosts of their own.",
    needs=("nginx.presence",),
    evidence=("nginx instances",),
    impact=4,
    change_risk=2,
    check=check_nginx_answers,
)


def judge_version(levels: Mapping[str, Any], name: str, version: Version, taken_at: datetime) -> Iterator[Finding]:
    yield support_finding(levels, name, "nginx", version, taken_at)


NGINX_VERSION = Rule(
    id="nginx_version",
    title="nginx is of a branch that gets fixes",
    domain=Domain.PLATFORM,
    why="Holes found in a branch that ended are published, and stay open.",
    fix="Plan the upgrade to the stable branch, or to the package of the distribution, which mends it.",
    needs=("nginx.instances", "capture.taken_at"),
    evidence=("nginx * version",),
    levels=SUPPORT_LEVELS,
    impact=3,
    change_risk=2,
    check=for_each("version", judge=judge_version),
    told_by="nginx_answers",
)


def judge_connections(levels: Mapping[str, Any], name: str, workers: Workers, configuration: Configuration) -> Iterator[Finding]:
    used = max((worker.connections_count for worker in workers.workers if not worker.leaving), default=0)
    ratio = used / configuration.worker_connections
    yield Finding(levels["used_ratio"].grade(ratio), name, "its fullest worker holds {used_count} of {limit_count} connections",
                  {"used_ratio": ratio, "used_count": used, "limit_count": configuration.worker_connections})


NGINX_CONNECTIONS = Rule(
    id="nginx_connections",
    title="nginx has room for more connections",
    domain=Domain.PLATFORM,
    why="A worker at worker_connections refuses clients, while the host may be idle.",
    fix="Raise worker_connections and worker_rlimit_nofile (a proxied request takes two connections); look for clients or "
        "upstreams that hold connections for long.",
    needs=("nginx.instances",),
    evidence=("nginx * workers", "nginx * configuration"),
    levels={"used_ratio": Above(warning=0.90, critical=0.95, source="Linuxfabrik monitoring-plugins (nginx-status): 460 and 486 of 512")},
    impact=3,
    check=for_each("workers", "configuration", judge=judge_connections),
    told_by="nginx_answers",
)


def judge_dropped(
    levels: Mapping[str, Any], name: str, counters: Counters, workers: Workers, taken_at: datetime, history: Mapping[str, Any]
) -> Iterator[Finding]:
    counts = {"dropped_count": float(counters.dropped_count), "accepted_count": float(counters.accepted_count)}
    lately = period(counts, workers.seconds, taken_at, history.get(name, {}))
    values: dict[str, Any] = {**{key: int(value) for key, value in counts.items()}, "active_count": counters.active_count}
    if lately is None:
        yield Finding(Severity.OK, name, "too early for a verdict: it runs for less than a day", values)
        return
    values.update(new_count=int(lately.growth["dropped_count"]), period_seconds=lately.seconds)
    yield Finding(levels["new_count"].grade(values["new_count"]), name, SINCE[lately.basis], values)


SINCE = {
    LAST_INSPECTION: "{new_count} connections dropped since the last inspection, {period_seconds} ago",
    "start": "{new_count} connections dropped since its start, {period_seconds} ago",
}

NGINX_DROPPED = Rule(
    id="nginx_dropped",
    title="nginx drops no connections",
    domain=Domain.PLATFORM,
    why="Connections that were accepted and not handled are clients that got no answer: worker_connections or a memory limit was hit.",
    fix="Raise worker_connections and worker_rlimit_nofile; look into the error log for the time it happens.",
    needs=("nginx.instances", "capture.taken_at", "history.nginx_dropped"),
    evidence=("nginx * status",),
    levels={"new_count": Above(warning=1, source="nginx documentation (stub_status): handled equals accepts unless a limit was reached")},
    impact=3,
    track=("dropped_count", "accepted_count"),
    check=for_each("counters", "workers", judge=judge_dropped),
    told_by="nginx_answers",
)


def judge_files(levels: Mapping[str, Any], name: str, workers: Workers, configuration: Configuration) -> Iterator[Finding]:
    used = [(worker.files_count, worker.files_limit) for worker in workers.workers if worker.files_limit]
    if not used:
        yield Finding(Severity.OK, name, "no worker with a limit of open files")
        return
    count, limit = max(used, key=lambda pair: pair[0] / pair[1])
    values = {"used_ratio": count / limit, "used_count": count, "limit_count": limit, "connections_count": configuration.worker_connections}
    severity = levels["used_ratio"].grade(count / limit)
    if severity is Severity.OK and configuration.worker_connections > limit:
        yield Finding(Severity.WARNING, name,
                      "its workers may open {limit_count} files, fewer than the {connections_count} connections they are to hold", values)
    else:
        yield Finding(severity, name, "its fullest worker has {used_count} of {limit_count} files open", values)


NGINX_FILES = Rule(
    id="nginx_files",
    title="nginx may open as many files as it needs",
    domain=Domain.PLATFORM,
    why="Every connection is an open file, a proxied one two: at the limit nginx answers with errors or not at all.",
    fix="Set worker_rlimit_nofile to at least twice worker_connections.",
    needs=("nginx.instances",),
    evidence=("nginx * workers", "nginx * configuration"),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="our judgement: node-mixin has 70/90 %, Linuxfabrik 90/95 %")},
    impact=3,
    check=for_each("workers", "configuration", judge=judge_files),
    told_by="nginx_answers",
)

GRADES = {
    "worker_connections are not enough": Severity.CRITICAL, "no live upstreams": Severity.CRITICAL,
    "Too many open files": Severity.CRITICAL, "No space left on device": Severity.CRITICAL,
    "exited on signal": Severity.CRITICAL, "upstream timed out": Severity.WARNING,
    "upstream prematurely closed": Severity.WARNING, "Connection refused": Severity.WARNING,
    "upstream server temporarily disabled": Severity.WARNING, "upstream sent too big header": Severity.WARNING,
    "conflicting server name": Severity.WARNING, "worker_connections exceed open file resource limit": Severity.WARNING,
    "could not build": Severity.WARNING, "SSL_": Severity.INFO, "limiting requests": Severity.INFO,
}


def judge_error_log(_levels: Mapping[str, Any], name: str, logs: tuple[Log, ...], taken_at: datetime) -> Iterator[Finding]:
    yield from log_findings(name, logs, taken_at, GRADES, ("crit", "alert", "emerg"))


NGINX_ERROR_LOG = Rule(
    id="nginx_error_log",
    title="nginx logs no serious errors",
    domain=Domain.PLATFORM,
    why="The error log names what clients only see as a failed request: upstreams that fail, limits that are hit, crashed workers.",
    fix="Read the lines in the error log; for upstreams look at the application behind nginx, for limits at worker_connections and files.",
    needs=("nginx.instances", "capture.taken_at"),
    evidence=("nginx * error_log *",),
    impact=3,
    check=for_each("error_logs", judge=judge_error_log),
    told_by="nginx_answers",
)


NGINX_SERVER_ERRORS = Rule(
    id="nginx_server_errors",
    title="nginx answers few requests with a server error",
    domain=Domain.PLATFORM,
    why="An answer 5xx is a user's request that failed on our side.",
    fix="Find which application and time they belong to in the access log; look at the error log of that time and the application.",
    needs=("nginx.instances", "capture.taken_at"),
    evidence=("nginx * access_log *",),
    levels=ERROR_LEVELS,
    impact=3,
    check=for_each("access_logs", judge=error_findings),
    told_by="nginx_answers",
)


def judge_log_files(_levels: Mapping[str, Any], name: str, workers: Workers) -> Iterator[Finding]:
    yield from stale_logs(name, workers.open_paths)


NGINX_LOG_FILES = Rule(
    id="nginx_log_files",
    title="nginx reopens its logs after rotation",
    domain=Domain.PLATFORM,
    why="What is written to a rotated log is found by nobody, and the space of a deleted one is not given back.",
    fix="Let nginx reopen its logs: nginx -s reopen; mend postrotate in /etc/logrotate.d/nginx.",
    needs=("nginx.instances",),
    evidence=("nginx * workers",),
    impact=2,
    check=for_each("workers", judge=judge_log_files),
    told_by="nginx_answers",
)


def judge_hardening(_levels: Mapping[str, Any], name: str, configuration: Configuration) -> Iterator[Finding]:
    old = [protocol for protocol in configuration.protocols if protocol in ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")]
    broken = [protocol for protocol in old if protocol.startswith("SSL")]
    if broken:
        yield Finding(Severity.WARNING, name, "ssl_protocols allows {protocols}, which is broken", {"protocols": broken})
    elif old:
        yield Finding(Severity.INFO, name, "ssl_protocols allows {protocols}, which RFC 8996 has withdrawn", {"protocols": old})
    elif configuration.server_tokens == "on":
        yield Finding(Severity.INFO, name, "server_tokens is on: every answer tells the version")
    else:
        yield Finding(Severity.OK, name, "tells no version and allows no withdrawn protocol")


NGINX_HARDENING = Rule(
    id="nginx_hardening",
    title="nginx tells no version and speaks no withdrawn protocol",
    domain=Domain.PLATFORM,
    why="SSL 3 and TLS before 1.2 can be broken; a version in each answer tells attackers which holes to try.",
    fix="ssl_protocols TLSv1.2 TLSv1.3; server_tokens off;",
    needs=("nginx.instances",),
    evidence=("nginx * configuration",),
    impact=2,
    check=for_each("configuration", judge=judge_hardening),
    told_by="nginx_answers",
)


def judge_loaded(_levels: Mapping[str, Any], name: str, workers: Workers) -> Iterator[Finding]:
    values = {"changed_seconds": workers.changed_seconds, "loaded_seconds": workers.loaded_seconds}
    if workers.changed_seconds is None:
        yield Finding(Severity.UNKNOWN, name, "the files of its configuration can't be seen")
    elif workers.changed_seconds < workers.loaded_seconds - GRACE_SECONDS:
        yield Finding(Severity.INFO, name, "its configuration was changed {changed_seconds} ago, but loaded {loaded_seconds} ago", values)
    else:
        yield Finding(Severity.OK, name, "runs with its configuration as it is on disk", values)


NGINX_LOADED = Rule(
    id="nginx_loaded",
    title="nginx runs with the configuration that is on disk",
    domain=Domain.PLATFORM,
    why="A change that was never loaded shows its errors at the next restart, when nobody expects it.",
    fix="Test it (nginx -t) and load it (systemctl reload nginx), or take the change back.",
    needs=("nginx.instances",),
    evidence=("nginx * workers",),
    impact=2,
    check=for_each("workers", judge=judge_loaded),
    told_by="nginx_answers",
)

RULES = (NGINX_ANSWERS, NGINX_VERSION, NGINX_CONNECTIONS, NGINX_DROPPED, NGINX_FILES, NGINX_ERROR_LOG, NGINX_SERVER_ERRORS, NGINX_LOG_FILES,
         NGINX_HARDENING, NGINX_LOADED)
