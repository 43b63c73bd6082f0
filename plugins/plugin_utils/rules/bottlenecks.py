# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about long-term bottlenecks, one for each domain, and about when there will be one: see docs/bottlenecks.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..bottleneck.diagnosis import Diagnosis
from ..findings import DAY, Domain, Finding, Rule, Severity

HALF = 0.5                      # of the business time saturated: critical (judgement)
SOON_SECONDS = 90 * DAY         # as for file systems: a quarter is needed to buy and build in
# Whose measures tell that a domain was looked at
RESOURCES = {
    Domain.HARDWARE: {"cpu", "memory", "disk", "network"}, Domain.OS: {"cpu", "memory", "disk", "network"},
    Domain.PLATFORM: {"pool", "threads", "queue", "heap", "answers"},
    Domain.DATABASE: {"connections", "locks", "cache", "log", "plan", "checkpoints", "work_memory", "vacuum"},
}


def _check(domain: Domain) -> Callable[..., Iterator[Finding]]:
    def check(_levels: Mapping[str, Any], diagnosis: Diagnosis) -> Iterator[Finding]:
        found = [verdict for verdict in diagnosis.verdicts if verdict.domain is domain]
        for verdict in found:
            severity = Severity.CRITICAL if verdict.persistent_ratio >= HALF else Severity.WARNING
            yield Finding(severity, verdict.cause, verdict.message, verdict.values)
        judged = RESOURCES[domain] & set(diagnosis.judged)
        unseen = RESOURCES[domain] & {item.resource for item in diagnosis.unseen}
        if not found and judged:
            yield Finding(Severity.OK, "bottlenecks", "no long-term bottleneck has its cause here; looked at: {resources}",
                          {"resources": sorted(judged)})
        elif not found and unseen:
            yield Finding(Severity.UNKNOWN, "bottlenecks", "too little is known of {resources}", {"resources": sorted(unseen)})
        elif not found:
            yield Finding(Severity.INFO, "bottlenecks", "the history holds no measures of this kind")
    return check


def _rule(domain: Domain, title: str, why: str, fix: str) -> Rule:
    return Rule(id=f"bottleneck_{domain.value}", title=title, domain=domain, why=why, fix=fix, needs=("bottlenecks.diagnosis",),
                check=_check(domain), evidence=(), impact=3, change_risk=2, track=("persistent_ratio",), told_by="bottleneck_history")


BOTTLENECK_HARDWARE = _rule(
    Domain.HARDWARE, "The hardware is enough for its work over the long term",
    "Whoever waits for a resource in a quarter of all business hours, week after week, waits every day.",
    "Mend what fails first; then move or spread the work; then buy more of the resource.")
BOTTLENECK_OS = _rule(
    Domain.OS, "The operating system's limits and settings hold nothing up over the long term",
    "A limit that is reached every day refuses work that the hardware could do.",
    "Raise the limit or change the setting that the finding names, by an approved tuning plan.")
BOTTLENECK_PLATFORM = _rule(
    Domain.PLATFORM, "Pools, threads, heaps and queues suffice over the long term",
    "Requests that wait for a thread, a connection or the collector wait while the hardware is idle.",
    "Size the pool, thread limit or heap that the finding names, after what it leads to was found quick.")
BOTTLENECK_DATABASE = _rule(
    Domain.DATABASE, "The databases wait for nothing over the long term",
    "What a database waits for, all that use it wait for.",
    "Look at the statements and settings that the finding names: locks, log, checkpoints, memory, vacuum, plans.")


def check_forecast(_levels: Mapping[str, Any], diagnosis: Diagnosis) -> Iterator[Finding]:
    for item in diagnosis.forecasts:
        severity = Severity.WARNING if item.in_seconds < SOON_SECONDS else Severity.INFO
        values = {"now_ratio": item.now_ratio, "limit_ratio": item.limit_ratio, "in_seconds": item.in_seconds,
                  "earliest_seconds": item.earliest_seconds,
                  "latest_seconds": item.latest_seconds}
        thing = f"{item.measure} {item.instance}".strip()
        if item.latest_seconds is None:
            yield Finding(severity, thing,
                          "{now_ratio} now, {limit_ratio} in about {in_seconds}, at the earliest in {earliest_seconds}", values)
        else:
            yield Finding(severity, thing,
                          "{now_ratio} now, {limit_ratio} in about {in_seconds} ({earliest_seconds} to {latest_seconds})", values)
    if not diagnosis.forecasts:
        text = "nothing grows steadily towards its limit within a year" if diagnosis.judged else "too little is known to see a trend"
        yield Finding(Severity.OK if diagnosis.judged else Severity.UNKNOWN, "resources", text)


BOTTLENECK_FORECAST = Rule(
    id="bottleneck_forecast",
    title="No resource comes to its end within a quarter",
    domain=Domain.HARDWARE,
    why="Hardware takes weeks to buy; a forecast leaves the time.",
    fix="Plan more of the resource, or less work, before the earliest date.",
    needs=("bottlenecks.diagnosis",),
    check=check_forecast,
    evidence=(),
    impact=2,
    told_by="bottleneck_history",
)


def check_history_complete(_levels: Mapping[str, Any], diagnosis: Diagnosis) -> Iterator[Finding]:
    for item in diagnosis.unseen:
        yield Finding(Severity.UNKNOWN, item.resource, item.reason.reason, item.reason.values)
    if not diagnosis.unseen:
        yield Finding(Severity.OK, "history", "four weeks of history are there for {resources}", {"resources": list(diagnosis.judged)})


HISTORY_COMPLETE = Rule(
    id="bottleneck_history",
    title="The history is complete enough to judge bottlenecks",
    domain=Domain.OS,
    why="A bottleneck can hide in the weeks that nothing measured.",
    fix="Let sysstat run all the time, with a sample every 1 to 10 minutes kept for 90 days, and inspect again after four weeks.",
    needs=("bottlenecks.diagnosis",),
    check=check_history_complete,
    evidence=(),
    impact=1,
)

RULES = (HISTORY_COMPLETE, BOTTLENECK_HARDWARE, BOTTLENECK_OS, BOTTLENECK_PLATFORM, BOTTLENECK_DATABASE, BOTTLENECK_FORECAST)
