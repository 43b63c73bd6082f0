# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.middleware import Log, Presence, Version
from ..facts.tomcat import Configuration, Requests, Used, User
from ..findings import Above, Domain, Finding, Rule, Severity
from ..since import LAST_INSPECTION, START, period
from .middleware import ERROR_LEVELS, SUPPORT_LEVELS, for_each, log_findings, not_running, support_finding


def check_tomcat_answers(_levels: Mapping[str, Any], presence: Presence) -> Iterator[Finding]:
    yield from not_running(presence)
    for server in presence.servers:
        if not server.container:
            yield Finding(Severity.OK, server.name, "runs")


TOMCAT_ANSWERS = Rule(
    id="tomcat_answers",
    title="Tomcat runs and can be looked at",
    domain=Domain.PLATFORM,
    why="A Tomcat that does not run serves no one; one that can't be looked at is not inspected.",
    fix="Start it and read its log and journalctl -u tomcat10 for why it ended; inspect containers as hosts of their own.",
    needs=("tomcat.presence",),
    evidence=("tomcat instances",),
    impact=4,
    change_risk=2,
    check=check_tomcat_answers,
)


def judge_version(levels: Mapping[str, Any], name: str, version: Version, taken_at: datetime) -> Iterator[Finding]:
    yield support_finding(levels, name, "tomcat", version, taken_at)


TOMCAT_VERSION = Rule(
    id="tomcat_version",
    title="Tomcat is of a branch that gets fixes",
    domain=Domain.PLATFORM,
    why="Holes found in a branch that ended are published, and stay open.",
    fix="Plan the upgrade; from 9.0 to 10.1 programs change from javax to jakarta.",
    needs=("tomcat.instances", "capture.taken_at"),
    evidence=("tomcat * version",),
    levels=SUPPORT_LEVELS,
    impact=3,
    change_risk=3,
    check=for_each("version", judge=judge_version),
    told_by="tomcat_answers",
)


def judge_threads(levels: Mapping[str, Any], name: str, used: tuple[Used, ...]) -> Iterator[Finding]:
    for item in used:
        values: dict[str, Any] = {"busy_count": item.busy_count, "limit_count": item.threads_limit}
        if not item.threads_limit:
            yield Finding(Severity.OK, f"{name} {item.connector}", "{busy_count} threads busy", values)
            continue
        values["busy_ratio"] = item.busy_count / item.threads_limit
        yield Finding(levels["busy_ratio"].grade(values["busy_ratio"]), f"{name} {item.connector}",
                      "{busy_count} of {limit_count} threads busy", values)


TOMCAT_THREADS = Rule(
    id="tomcat_threads",
    title="Tomcat has threads to spare",
    domain=Domain.PLATFORM,
    why="When all threads of a connector are busy, new requests wait in its queue and then are refused.",
    fix="Take a thread dump and look what they wait for (database, other services); raise maxThreads only if that can bear more.",
    needs=("tomcat.instances",),
    evidence=("tomcat * status", "java * threads"),
    levels={"busy_ratio": Above(warning=0.80, critical=0.95, source="80 %: Linuxfabrik monitoring-plugins (wildfly); 95 %: our judgement")},
    impact=3,
    check=for_each("used", judge=judge_threads),
    told_by="tomcat_answers",
)


def judge_requests(
    levels: Mapping[str, Any], name: str, requests: tuple[Requests, ...], uptime: float, taken_at: datetime, history: Mapping[str, Any]
) -> Iterator[Finding]:
    for item in requests:
        thing = f"{name} {item.connector}"
        counters = {"failed_count": float(item.errors_count), "answered_count": float(item.requests_count)}
        lately = period(counters, uptime, taken_at, history.get(thing, {}))
        values: dict[str, Any] = {key: int(value) for key, value in counters.items()}
        if lately is None:
            yield Finding(Severity.OK, thing, "too early for a verdict: it runs for less than a day", values)
            continue
        errors, ratio = lately.growth["failed_count"], lately.ratio("failed_count", "answered_count") or 0.0
        values.update(errors_ratio=ratio, errors_count=int(errors), requests_count=int(lately.growth["answered_count"]),
                      period_seconds=lately.seconds)
        # Tomcat counts every answer from 400 on here, also what clients ask wrongly: a share, but no alarm
        enough = levels["errors_count"].grade(errors) is not Severity.OK
        severity = min(levels["errors_ratio"].grade(ratio), Severity.WARNING) if enough else Severity.OK
        yield Finding(severity, thing, FAILED_SINCE[lately.basis], values)


FAILED_SINCE = {
    LAST_INSPECTION: "{errors_count} of {requests_count} requests failed since the last inspection, {period_seconds} ago",
    START: "{errors_count} of {requests_count} requests failed since its start, {period_seconds} ago",
}

TOMCAT_REQUESTS = Rule(
    id="tomcat_requests",
    title="Few requests to Tomcat fail",
    domain=Domain.PLATFORM,
    why="A request that failed is a user who did not get what he wanted.",
    fix="Look at the access log for which answers and which program they are of, and at the program's log of that time.",
    needs=("tomcat.instances", "capture.taken_at", "history.tomcat_requests"),
    evidence=("tomcat * status",),
    levels={"errors_ratio": Above(warning=0.05, source="our judgement, as for web servers; Tomcat counts answers from 400 on"),
            "errors_count": ERROR_LEVELS["errors_count"]},
    impact=2,
    track=("failed_count", "answered_count"),
    check=for_each("requests", "uptime_seconds", judge=judge_requests),
    told_by="tomcat_answers",
)

GRADES = {
    "OutOfMemoryError": Severity.CRITICAL, "Too many open files": Severity.CRITICAL, "No space left on device": Severity.CRITICAL,
    "StackOverflowError": Severity.WARNING, "All threads (": Severity.CRITICAL, "Cannot get a connection": Severity.CRITICAL,
    "PoolExhaustedException": Severity.CRITICAL, "Cannot create PoolableConnectionFactory": Severity.CRITICAL,
    "appears to have started a thread named": Severity.WARNING, "created a ThreadLocal": Severity.WARNING,
    "Context initialization failed": Severity.CRITICAL, "failed to start": Severity.CRITICAL,
}


def judge_log(_levels: Mapping[str, Any], name: str, logs: tuple[Log, ...], taken_at: datetime) -> Iterator[Finding]:
    yield from log_findings(name, logs, taken_at, GRADES, ("SEVERE",))


TOMCAT_LOG = Rule(
    id="tomcat_log",
    title="Tomcat logs no serious errors",
    domain=Domain.PLATFORM,
    why="After an OutOfMemoryError a program may work half; one that failed to start serves no one; leaks fill the heap.",
    fix="Read the lines in catalina.out around that time; restart after an OutOfMemoryError; give leaks to the developers.",
    needs=("tomcat.instances", "capture.taken_at"),
    evidence=("tomcat * log *",),
    impact=3,
    check=for_each("logs", judge=judge_log),
    told_by="tomcat_answers",
)


def judge_connectors(_levels: Mapping[str, Any], name: str, configuration: Configuration) -> Iterator[Finding]:
    bad = 0
    for connector in configuration.connectors:
        if connector.is_ajp and not connector.has_secret:
            bad += 1
            yield Finding(Severity.CRITICAL if connector.open else Severity.WARNING, f"{name} {connector.port}",
                          "AJP without a secret: whoever reaches it can read the programs' files and pass for any user")
    if configuration.shutdown_port > 0 and configuration.shutdown_word:
        bad += 1
        yield Finding(Severity.INFO, f"{name} shutdown", "every account of this host can stop it at port {port} by the word SHUTDOWN",
                      {"port": str(configuration.shutdown_port)})
    if not bad:
        yield Finding(Severity.OK, name, "{connectors_count} connectors, none without protection",
                      {"connectors_count": len(configuration.connectors)})


TOMCAT_CONNECTORS = Rule(
    id="tomcat_connectors",
    title="AJP and the shutdown port are protected",
    domain=Domain.PLATFORM,
    why="AJP believes what it is told: CVE-2020-1938 (Ghostcat) reads any file of a program by it.",
    fix='Remove the AJP connector, or set secret, secretRequired="true" and address="127.0.0.1"; <Server port="-1">.',
    needs=("tomcat.instances",),
    evidence=("tomcat * server",),
    impact=4,
    change_risk=2,
    check=for_each("configuration", judge=judge_connectors),
    told_by="tomcat_answers",
)


def judge_manager(
    _levels: Mapping[str, Any], name: str, managers: tuple[tuple[str, str | None], ...], users: tuple[User, ...],
) -> Iterator[Finding]:
    keys = [user.name for user in users if any(role.startswith(("manager", "admin")) for role in user.roles)]
    for application, addresses in managers:
        if addresses is not None:
            yield Finding(Severity.OK, f"{name} {application}", "is deployed, and lets in {addresses}", {"addresses": addresses})
        else:
            yield Finding(Severity.WARNING if keys else Severity.INFO, f"{name} {application}",
                          "is deployed and open to all addresses; {users_count} accounts may use it", {"users_count": len(keys)})
    if not managers:
        yield Finding(Severity.OK, name, "no manager application is deployed")


TOMCAT_MANAGER = Rule(
    id="tomcat_manager",
    title="The manager applications are not open to everyone",
    domain=Domain.PLATFORM,
    why="Who may use the manager can run any program on this host: it is what attackers try first.",
    fix="Undeploy it, or let in only administrators' addresses by a RemoteCIDRValve in conf/Catalina/localhost/manager.xml.",
    needs=("tomcat.instances",),
    evidence=("tomcat * manager", "tomcat * users"),
    impact=4,
    change_risk=2,
    check=for_each("managers", "users", judge=judge_manager),
    told_by="tomcat_answers",
)


def judge_passwords(_levels: Mapping[str, Any], name: str, users: tuple[User, ...]) -> Iterator[Finding]:
    weak = [user for user in users if user.weak]
    for user in weak:
        yield Finding(Severity.CRITICAL if user.weak != "short" else Severity.WARNING, f"{name} {user.name}",
                      "its password is {weakness}; its roles: {roles}", {"weakness": user.weak, "roles": list(user.roles) or ["-"]})
    if not weak:
        yield Finding(Severity.OK, name, "{users_count} accounts in tomcat-users.xml, none with a weak password",
                      {"users_count": len(users)})


TOMCAT_PASSWORDS = Rule(
    id="tomcat_passwords",
    title="No account of Tomcat has a weak password",
    domain=Domain.PLATFORM,
    why="The passwords of Tomcat's documentation are tried first, and open the manager: any program can then be run on this host.",
    fix="Remove the account, or give it a long random password, stored as a digest (CredentialHandler).",
    needs=("tomcat.instances",),
    evidence=("tomcat * users",),
    impact=4,
    change_risk=1,
    check=for_each("users", judge=judge_passwords),
    told_by="tomcat_answers",
)

RULES = (TOMCAT_ANSWERS, TOMCAT_VERSION, TOMCAT_THREADS, TOMCAT_REQUESTS, TOMCAT_LOG, TOMCAT_CONNECTORS, TOMCAT_MANAGER, TOMCAT_PASSWORDS)
