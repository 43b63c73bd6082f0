# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.haproxy import Info, Processes, Proxy
from ..facts.middleware import Presence, Version
from ..findings import DAY, Above, Below, Domain, Finding, Rule, Severity
from ..since import LAST_INSPECTION, START, period
from .middleware import ERROR_LEVELS, SUPPORT_LEVELS, for_each, not_running, support_finding

Proxies = tuple[Proxy, ...]


def check_haproxy_answers(_levels: Mapping[str, Any], presence: Presence) -> Iterator[Finding]:
    yield from not_running(presence)
    for server in presence.servers:
        if not server.container:
            yield Finding(Severity.OK, server.name, "runs")


HAPROXY_ANSWERS = Rule(
    id="haproxy_answers",
    title="HAProxy runs and can be looked at",
    domain=Domain.PLATFORM,
    why="An HAProxy that does not run serves no one; one that can't be looked at is not inspected.",
    fix="Start it and read journalctl -u haproxy for why it ended; inspect containers as hosts of their own.",
    needs=("haproxy.presence",),
    evidence=("haproxy instances",),
    impact=4,
    change_risk=2,
    check=check_haproxy_answers,
)


def judge_statistics(_levels: Mapping[str, Any], name: str, info: Info, proxies: Proxies) -> Iterator[Finding]:
    if info.dropped_logs_count:
        yield Finding(Severity.INFO, name, "{dropped_count} log lines were dropped: the log server does not keep up",
                      {"dropped_count": info.dropped_logs_count})
    else:
        yield Finding(Severity.OK, name, "tells its statistics: {rows_count} rows", {"rows_count": len(proxies)})


HAPROXY_STATISTICS = Rule(
    id="haproxy_statistics",
    title="HAProxy tells its statistics",
    domain=Domain.PLATFORM,
    why="Without its statistics nobody sees which servers are down, how full it is and how many requests fail.",
    fix="Add to the global section: stats socket /run/haproxy/admin.sock mode 660 level user; reload.",
    needs=("haproxy.instances",),
    evidence=("haproxy * processes", "haproxy * info", "haproxy * stat"),
    impact=2,
    check=for_each("info", "proxies", judge=judge_statistics),
    told_by="haproxy_answers",
)


def judge_version(levels: Mapping[str, Any], name: str, version: Version, taken_at: datetime) -> Iterator[Finding]:
    yield support_finding(levels, name, "haproxy", version, taken_at)


HAPROXY_VERSION = Rule(
    id="haproxy_version",
    title="HAProxy is of a branch that gets fixes",
    domain=Domain.PLATFORM,
    why="Holes found in a branch that ended are published, and stay open.",
    fix="Plan the upgrade to a branch with long-term support, or to the package of the distribution, which mends it.",
    needs=("haproxy.instances", "capture.taken_at"),
    evidence=("haproxy * info",),
    levels=SUPPORT_LEVELS,
    impact=3,
    change_risk=2,
    check=for_each("version", judge=judge_version),
    told_by="haproxy_statistics",
)


def judge_connections(levels: Mapping[str, Any], name: str, info: Info) -> Iterator[Finding]:
    ratio = info.connections_count / info.connections_limit if info.connections_limit else 0.0
    yield Finding(levels["used_ratio"].grade(ratio), name, "{used_count} of {limit_count} connections",
                  {"used_ratio": ratio, "used_count": info.connections_count, "limit_count": info.connections_limit})


HAPROXY_CONNECTIONS = Rule(
    id="haproxy_connections",
    title="HAProxy has room for more connections",
    domain=Domain.PLATFORM,
    why="At maxconn new clients wait in the kernel's queue, and are dropped when it is full.",
    fix="Raise maxconn in the global section (about 33 KiB each); look for clients that hold connections for long (timeouts).",
    needs=("haproxy.instances",),
    evidence=("haproxy * info",),
    levels={"used_ratio": Above(warning=0.80, critical=0.95, source="80 %: awesome-prometheus-alerts; 95 %: our judgement")},
    impact=3,
    check=for_each("info", judge=judge_connections),
    told_by="haproxy_statistics",
)


def judge_sessions(levels: Mapping[str, Any], name: str, proxies: Proxies) -> Iterator[Finding]:
    full = 0
    for proxy in proxies:
        ratio = proxy.sessions_count / proxy.sessions_limit if proxy.sessions_limit and proxy.kind in ("frontend", "server") else 0.0
        severity = levels["used_ratio"].grade(ratio)
        if severity > Severity.OK:
            full += 1
            yield Finding(severity, f"{name} {proxy.label}", "{used_count} of {limit_count} sessions",
                          {"used_ratio": ratio, "used_count": proxy.sessions_count, "limit_count": proxy.sessions_limit})
    if not full:
        yield Finding(Severity.OK, name, "no frontend and no server is near its limit of sessions")


HAPROXY_SESSIONS = Rule(
    id="haproxy_sessions",
    title="Frontends and servers have room for more sessions",
    domain=Domain.PLATFORM,
    why="A frontend at its limit lets clients wait, a server at its limit queues requests.",
    fix="Raise maxconn of the frontend or server if what stands behind it can bear that; otherwise add servers.",
    needs=("haproxy.instances",),
    evidence=("haproxy * stat",),
    levels={"used_ratio": Above(warning=0.80, critical=0.95, source="80 %: awesome-prometheus-alerts; 95 %: our judgement")},
    impact=3,
    check=for_each("proxies", judge=judge_sessions),
    told_by="haproxy_statistics",
)

# https://docs.haproxy.org/2.8/management.html#9.1, column status; "UP 1/3" is on its way down, "DOWN 1/2" on its way up
GOOD = ("UP", "OPEN", "no check")


def judge_backends(_levels: Mapping[str, Any], name: str, proxies: Proxies) -> Iterator[Finding]:
    bad = 0
    for proxy in proxies:
        if proxy.kind in ("frontend", "backend") and proxy.status not in GOOD:
            bad += 1
            values = {"status": proxy.status, "changed_seconds": proxy.changed_seconds}
            if proxy.status.startswith(("DOWN", "STOP")):
                yield Finding(Severity.CRITICAL, f"{name} {proxy.label}", "is {status} for {changed_seconds}: nobody is served", values)
            elif proxy.status.startswith("FULL"):
                yield Finding(Severity.WARNING, f"{name} {proxy.label}", "is {status}: new clients wait", values)
            else:
                yield Finding(Severity.UNKNOWN, f"{name} {proxy.label}", "has the state {status}, which Caretaker does not know", values)
    if not bad:
        yield Finding(Severity.OK, name, "all frontends and backends serve")


HAPROXY_BACKENDS = Rule(
    id="haproxy_backends",
    title="All backends can serve",
    domain=Domain.PLATFORM,
    why="A backend without a working server answers every request with 503.",
    fix="Look at its servers and at why their checks fail (show servers state; the application's own log).",
    needs=("haproxy.instances",),
    evidence=("haproxy * stat",),
    impact=4,
    check=for_each("proxies", judge=judge_backends),
    told_by="haproxy_statistics",
)


def server_finding(name: str, proxy: Proxy) -> Finding:
    thing, values = f"{name} {proxy.label}", {"status": proxy.status, "changed_seconds": proxy.changed_seconds}
    if proxy.status.startswith(("DOWN", "UP ")) or proxy.status == "MAINT (resolution)":
        return Finding(Severity.WARNING, thing, "is {status} for {changed_seconds}", values)
    if proxy.status.startswith(("MAINT", "DRAIN", "NOLB")):
        return Finding(Severity.INFO, thing, "was taken out of service {changed_seconds} ago: {status}", values)
    return Finding(Severity.UNKNOWN, thing, "has the state {status}, which Caretaker does not know", values)


def judge_servers(_levels: Mapping[str, Any], name: str, proxies: Proxies) -> Iterator[Finding]:
    servers = [proxy for proxy in proxies if proxy.kind == "server"]
    bad = [proxy for proxy in servers if proxy.status not in GOOD]
    for proxy in bad:
        yield server_finding(name, proxy)
    unchecked = sum(proxy.status == "no check" for proxy in servers)
    if not bad and unchecked:
        yield Finding(Severity.INFO, name, "{unchecked_count} of {servers_count} servers are not checked, so their failure is not seen",
                      {"unchecked_count": unchecked, "servers_count": len(servers)})
    elif not bad:
        yield Finding(Severity.OK, name, "all of {servers_count} servers are up", {"servers_count": len(servers)})


HAPROXY_SERVERS = Rule(
    id="haproxy_servers",
    title="All servers behind HAProxy are up",
    domain=Domain.PLATFORM,
    why="With a server down the others carry its load, and the next failure may be an outage.",
    fix="Find why its check fails (last_chk in show stat, the server's own log); give servers without a check one.",
    needs=("haproxy.instances",),
    evidence=("haproxy * stat",),
    impact=3,
    check=for_each("proxies", judge=judge_servers),
    told_by="haproxy_statistics",
)


def judge_queue(levels: Mapping[str, Any], name: str, proxies: Proxies) -> Iterator[Finding]:
    waiting = [proxy for proxy in proxies if proxy.kind == "backend" and levels["queue_count"].grade(proxy.queue_count) > Severity.OK]
    for proxy in waiting:
        yield Finding(levels["queue_count"].grade(proxy.queue_count), f"{name} {proxy.label}", "{queue_count} requests wait for a server",
                      {"queue_count": proxy.queue_count})
    if not waiting:
        yield Finding(Severity.OK, name, "no request waits for a server")


HAPROXY_QUEUE = Rule(
    id="haproxy_queue",
    title="No requests wait for a server",
    domain=Domain.PLATFORM,
    why="Requests are queued when all servers are at their maxconn: users wait, and in the end get 503.",
    fix="Look why the servers are slow; add servers, or raise their maxconn if they can bear it.",
    needs=("haproxy.instances",),
    evidence=("haproxy * stat",),
    levels={"queue_count": Above(warning=1, critical=100, source="1: awesome-prometheus-alerts (pending requests); 100: our judgement")},
    impact=3,
    check=for_each("proxies", judge=judge_queue),
    told_by="haproxy_statistics",
)


def judge_errors(
    levels: Mapping[str, Any], name: str, info: Info, proxies: Proxies, taken_at: datetime, history: Mapping[str, Any]
) -> Iterator[Finding]:
    http = [proxy for proxy in proxies if proxy.kind == "backend" and proxy.errors_count is not None]
    for proxy in http:
        thing = f"{name} {proxy.label}"
        counters = {"answers_5xx_count": float(proxy.errors_count or 0), "answers_count": float(proxy.responses_count)}
        lately = period(counters, info.uptime_seconds, taken_at, history.get(thing, {}))
        values: dict[str, Any] = {key: int(value) for key, value in counters.items()}
        if lately is None:
            yield Finding(Severity.OK, thing, "too early for a verdict: it runs for less than a day", values)
            continue
        errors, ratio = lately.growth["answers_5xx_count"], lately.ratio("answers_5xx_count", "answers_count") or 0.0
        values.update(errors_ratio=ratio, errors_count=int(errors), requests_count=int(lately.growth["answers_count"]),
                      period_seconds=lately.seconds)
        enough = levels["errors_count"].grade(errors) is not Severity.OK
        yield Finding(levels["errors_ratio"].grade(ratio) if enough else Severity.OK, thing, ERRORS_SINCE[lately.basis], values)
    if not http:
        yield Finding(Severity.OK, name, "no backend speaks HTTP")


ERRORS_SINCE = {
    LAST_INSPECTION: "{errors_count} of {requests_count} answers were server errors (5xx) since the last inspection, {period_seconds} ago",
    START: "{errors_count} of {requests_count} answers were server errors (5xx) since its start, {period_seconds} ago",
}

HAPROXY_SERVER_ERRORS = Rule(
    id="haproxy_server_errors",
    title="Few answers of the backends are server errors",
    domain=Domain.PLATFORM,
    why="An answer 5xx is a user's request that failed on our side.",
    fix="Look at the servers of this backend: which one answers so, and what its own log says of that time.",
    needs=("haproxy.instances", "capture.taken_at", "history.haproxy_server_errors"),
    evidence=("haproxy * stat",),
    levels=ERROR_LEVELS,
    impact=3,
    track=("answers_5xx_count", "answers_count"),
    check=for_each("info", "proxies", judge=judge_errors),
    told_by="haproxy_statistics",
)


def judge_retries(
    levels: Mapping[str, Any], name: str, info: Info, proxies: Proxies, taken_at: datetime, history: Mapping[str, Any]
) -> Iterator[Finding]:
    for proxy in [proxy for proxy in proxies if proxy.kind == "backend"]:
        thing = f"{name} {proxy.label}"
        counters = {"retries_count": float(proxy.retries_count), "downs_count": float(proxy.downs_count)}
        lately = period(counters, info.uptime_seconds, taken_at, history.get(thing, {}))
        values: dict[str, Any] = {key: int(value) for key, value in counters.items()}
        if lately is None:
            yield Finding(Severity.OK, thing, "too early for a verdict: it runs for less than a day", values)
            continue
        values.update(again_per_second=lately.per_second("retries_count"), outages_count=int(lately.growth["downs_count"]),
                      period_seconds=lately.seconds)
        severity = max(levels["again_per_second"].grade(values["again_per_second"]), levels["outages_count"].grade(values["outages_count"]))
        yield Finding(severity, thing, RETRIES_SINCE[lately.basis], values)
    if not any(proxy.kind == "backend" for proxy in proxies):
        yield Finding(Severity.OK, name, "has no backend")


RETRIES_SINCE = {
    LAST_INSPECTION: "{again_per_second} connections tried again, {outages_count} times without a server, since the last inspection, "
                     "{period_seconds} ago",
    START: "{again_per_second} connections tried again, {outages_count} times without a server, since its start, {period_seconds} ago",
}

HAPROXY_RETRIES = Rule(
    id="haproxy_retries",
    title="Backends are reached at the first try, and were never gone",
    domain=Domain.PLATFORM,
    why="Connections that have to be tried again, and outages that ended by themselves, announce the outage that does not.",
    fix="Look at the network to the servers, their accept queues and their restarts at the times when checks failed.",
    needs=("haproxy.instances", "capture.taken_at", "history.haproxy_retries"),
    evidence=("haproxy * stat",),
    levels={
        "again_per_second": Above(warning=10, source="awesome-prometheus-alerts (HAProxy retry high)"),
        "outages_count": Above(warning=1, source="our judgement: a backend without a server was an outage"),
    },
    impact=3,
    track=("retries_count", "downs_count"),
    check=for_each("info", "proxies", judge=judge_retries),
    told_by="haproxy_statistics",
)


def judge_idle(levels: Mapping[str, Any], name: str, info: Info) -> Iterator[Finding]:
    yield Finding(levels["idle_ratio"].grade(info.idle_ratio), name, "idle for {idle_ratio} of its time", {"idle_ratio": info.idle_ratio})


HAPROXY_IDLE = Rule(
    id="haproxy_idle",
    title="HAProxy has computing time to spare",
    domain=Domain.PLATFORM,
    why="When its event loop is never idle, all that passes through it waits.",
    fix="Give it more threads (nbthread) or CPUs; look for costly work: TLS handshakes, compression, regular expressions, Lua.",
    needs=("haproxy.instances",),
    evidence=("haproxy * info",),
    levels={"idle_ratio": Below(warning=0.20, critical=0.05, source="20 %: HAProxy's management guide (Idle_pct); 5 %: our judgement")},
    impact=3,
    check=for_each("info", judge=judge_idle),
    told_by="haproxy_statistics",
)


def judge_old_workers(levels: Mapping[str, Any], name: str, processes: Processes, info: Info) -> Iterator[Finding]:
    current = processes.ages_seconds[:info.processes_count]
    old = [age for age in processes.ages_seconds[info.processes_count:] if age > max(current) + DAY]
    yield Finding(levels["old_count"].grade(len(old)), name, "{old_count} processes stay from before the last reload, for over a day",
                  {"old_count": len(old)})


HAPROXY_OLD_WORKERS = Rule(
    id="haproxy_old_workers",
    title="Old processes end after a reload",
    domain=Domain.PLATFORM,
    why="A process from before a reload goes on serving its connections with the old configuration and certificates, and takes memory.",
    fix="Set hard-stop-after (such as 1h) in the global section; look for connections that never end (timeout tunnel).",
    needs=("haproxy.instances",),
    evidence=("haproxy * processes",),
    levels={"old_count": Above(warning=3, source="our judgement: one or two with long connections are usual")},
    impact=2,
    check=for_each("processes", "info", judge=judge_old_workers),
    told_by="haproxy_statistics",
)

RULES = (HAPROXY_ANSWERS, HAPROXY_STATISTICS, HAPROXY_VERSION, HAPROXY_CONNECTIONS, HAPROXY_SESSIONS, HAPROXY_BACKENDS, HAPROXY_SERVERS,
         HAPROXY_QUEUE, HAPROXY_SERVER_ERRORS, HAPROXY_RETRIES, HAPROXY_IDLE, HAPROXY_OLD_WORKERS)
