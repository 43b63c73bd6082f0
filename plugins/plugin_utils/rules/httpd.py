# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.httpd import Configuration, Scoreboard
from ..facts.middleware import Log, Presence, Version
from ..findings import Above, Domain, Finding, Rule, Severity
from .middleware import ERROR_LEVELS, SUPPORT_LEVELS, error_findings, for_each, log_findings, not_running, stale_logs, support_finding


def check_httpd_answers(_levels: Mapping[str, Any], presence: Presence) -> Iterator[Finding]:
    yield from not_running(presence)
    for server in presence.servers:
        if not server.container:
            yield Finding(Severity.OK, server.name, "runs")


HTTPD_ANSWERS = Rule(
    id="httpd_answers",
    title="Apache runs and can be looked at",
    domain=Domain.PLATFORM,
    why="An Apache that does not run serves no one; one that can't be looked at is not inspected.",
    fix="Start it and read its error log and journal for why it ended; inspect containers as hosts of their own.",
    needs=("httpd.presence",),
    evidence=("httpd instances",),
    impact=4,
    change_risk=2,
    check=check_httpd_answers,
)


def judge_version(levels: Mapping[str, Any], name: str, version: Version, taken_at: datetime) -> Iterator[Finding]:
    yield support_finding(levels, name, "httpd", version, taken_at)


HTTPD_VERSION = Rule(
    id="httpd_version",
    title="Apache is of a branch that gets fixes",
    domain=Domain.PLATFORM,
    why="Holes found in a branch that ended are published, and stay open.",
    fix="Plan the upgrade to 2.4.",
    needs=("httpd.instances", "capture.taken_at"),
    evidence=("httpd * version",),
    levels=SUPPORT_LEVELS,
    impact=3,
    change_risk=2,
    check=for_each("version", judge=judge_version),
    told_by="httpd_answers",
)


def judge_workers(levels: Mapping[str, Any], name: str, scoreboard: Scoreboard, configuration: Configuration) -> Iterator[Finding]:
    ratio = scoreboard.busy_count / configuration.workers_limit
    values = {"busy_ratio": ratio, "busy_count": scoreboard.busy_count, "limit_count": configuration.workers_limit,
              "leaving_count": scoreboard.leaving_count}
    yield Finding(levels["busy_ratio"].grade(ratio), name,
                  "{busy_count} of {limit_count} workers busy, {leaving_count} of them finish from before a reload", values)


HTTPD_WORKERS = Rule(
    id="httpd_workers",
    title="Apache has workers to spare",
    domain=Domain.PLATFORM,
    why="At MaxRequestWorkers new clients wait in the kernel's queue, while the host may be idle.",
    fix="Look what the workers do (server-status: slow programs behind it, KeepAliveTimeout); raise MaxRequestWorkers if memory allows.",
    needs=("httpd.instances",),
    evidence=("httpd * status", "httpd * configuration"),
    levels={"busy_ratio": Above(warning=0.80, critical=0.95, source="Linuxfabrik monitoring-plugins (apache-httpd-status): 80, 95 %")},
    impact=3,
    check=for_each("scoreboard", "configuration", judge=judge_workers),
    told_by="httpd_answers",
)

GRADES = {
    "server reached MaxRequestWorkers": Severity.CRITICAL, "scoreboard is full": Severity.CRITICAL,
    "exit signal Segmentation fault": Severity.CRITICAL, "exit signal": Severity.WARNING, "Too many open files": Severity.CRITICAL,
    "No space left on device": Severity.CRITICAL, "Unable to fork": Severity.CRITICAL, "Cannot allocate memory": Severity.CRITICAL,
    "failed to make connection to backend": Severity.WARNING, "attempt to connect to": Severity.WARNING,
    "error reading status line from remote server": Severity.WARNING, "Error reading from remote server": Severity.WARNING,
    "server is within MinSpareThreads": Severity.WARNING, "AH01909": Severity.INFO, "AH02568": Severity.INFO,
}


def judge_error_log(_levels: Mapping[str, Any], name: str, logs: tuple[Log, ...], taken_at: datetime) -> Iterator[Finding]:
    yield from log_findings(name, logs, taken_at, GRADES, ("crit", "alert", "emerg"))


HTTPD_ERROR_LOG = Rule(
    id="httpd_error_log",
    title="Apache logs no serious errors",
    domain=Domain.PLATFORM,
    why="The error log names what clients only see as a failed or slow request: limits that are hit, crashed workers, backends that fail.",
    fix="Read the lines in the error log; for backends look at the application, for crashes at modules, for limits at MaxRequestWorkers.",
    needs=("httpd.instances", "capture.taken_at"),
    evidence=("httpd * error_log *",),
    impact=3,
    check=for_each("error_logs", judge=judge_error_log),
    told_by="httpd_answers",
)

HTTPD_SERVER_ERRORS = Rule(
    id="httpd_server_errors",
    title="Apache answers few requests with a server error",
    domain=Domain.PLATFORM,
    why="An answer 5xx is a user's request that failed on our side.",
    fix="Find which application and time they belong to in the access log; look at the error log of that time and the application.",
    needs=("httpd.instances", "capture.taken_at"),
    evidence=("httpd * access_log *",),
    levels=ERROR_LEVELS,
    impact=3,
    check=for_each("access_logs", judge=error_findings),
    told_by="httpd_answers",
)


def judge_log_files(_levels: Mapping[str, Any], name: str, open_paths: tuple[str, ...]) -> Iterator[Finding]:
    yield from stale_logs(name, open_paths)


HTTPD_LOG_FILES = Rule(
    id="httpd_log_files",
    title="Apache reopens its logs after rotation",
    domain=Domain.PLATFORM,
    why="What is written to a rotated log is found by nobody, and the space of a deleted one is not given back.",
    fix="Let Apache reopen its logs: apachectl graceful; mend postrotate in /etc/logrotate.d/apache2 or httpd.",
    needs=("httpd.instances",),
    evidence=("httpd * processes",),
    impact=2,
    check=for_each("open_paths", judge=judge_log_files),
    told_by="httpd_answers",
)


def judge_hardening(_levels: Mapping[str, Any], name: str, configuration: Configuration) -> Iterator[Finding]:
    allowed = [word for word in configuration.protocols if not word.startswith("-")]
    old = [word for word in allowed if word.lstrip("+").lower() in ("sslv2", "sslv3", "tlsv1", "tlsv1.1")]
    broken = [word for word in old if "ssl" in word.lower()]
    if broken:
        yield Finding(Severity.WARNING, name, "SSLProtocol allows {protocols}, which is broken", {"protocols": broken})
    elif old:
        yield Finding(Severity.INFO, name, "SSLProtocol allows {protocols}, which RFC 8996 has withdrawn", {"protocols": old})
    elif configuration.trace:
        yield Finding(Severity.INFO, name, "TraceEnable is on: requests are sent back to who asks")
    elif configuration.server_tokens not in ("prod", "productonly"):
        yield Finding(Severity.INFO, name, "ServerTokens is {tokens}: every answer tells more than the name",
                      {"tokens": configuration.server_tokens})
    else:
        yield Finding(Severity.OK, name, "tells no version and allows no withdrawn protocol")


HTTPD_HARDENING = Rule(
    id="httpd_hardening",
    title="Apache tells no version and speaks no withdrawn protocol",
    domain=Domain.PLATFORM,
    why="SSL 3 and TLS before 1.2 can be broken; a version in each answer tells attackers which holes to try.",
    fix="SSLProtocol -all +TLSv1.2 +TLSv1.3; ServerTokens Prod; TraceEnable Off.",
    needs=("httpd.instances",),
    evidence=("httpd * configuration",),
    impact=2,
    check=for_each("configuration", judge=judge_hardening),
    told_by="httpd_answers",
)

RULES = (HTTPD_ANSWERS, HTTPD_VERSION, HTTPD_WORKERS, HTTPD_ERROR_LOG, HTTPD_SERVER_ERRORS, HTTPD_LOG_FILES, HTTPD_HARDENING)
