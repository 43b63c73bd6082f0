# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.clock import Clock, Source
from ..findings import Above, Below, Domain, Finding, Rule, Severity

EVIDENCE = ("chronyc *", "ntpq *", "timedatectl *")


def check_clock_synchronised(_levels: Mapping[str, Any], clock: Clock) -> Iterator[Finding]:
    values = {"by": clock.by, "server": clock.server or "-", "kept": "-" if clock.kept is None else "yes" if clock.kept else "no"}
    if clock.synchronised:
        yield Finding(Severity.OK, "clock", "synchronised, says {by}", values)
    else:
        yield Finding(Severity.WARNING, "clock", "not synchronised, says {by} (server: {server})", values)


CLOCK_SYNCHRONISED = Rule(
    id="clock_synchronised",
    title="The clock follows a time server",
    domain=Domain.OS,
    why="A clock that runs free drifts by seconds a week: logs no longer match, tickets and certificates fail, clusters split.",
    fix="Look at chronyc sources (or ntpq -p): enable the daemon, name servers that answer, let UDP port 123 through.",
    needs=("clock.clock",),
    evidence=EVIDENCE,
    impact=3,
    check=check_clock_synchronised,
)


def check_clock_offset(levels: Mapping[str, Any], clock: Clock) -> Iterator[Finding]:
    if clock.offset_seconds is None:
        yield Finding(Severity.INFO, "clock", "{by} tells no offset", {"by": clock.by})
        return
    distance = abs(clock.offset_seconds)
    yield Finding(levels["offset_seconds"].grade(distance), "clock", "{offset_seconds} off its server", {"offset_seconds": distance})


CLOCK_OFFSET = Rule(
    id="clock_offset",
    title="The clock is right",
    domain=Domain.OS,
    why="Clocks that differ mix up the order of events between hosts; Kerberos, clusters and databases give up at some point.",
    fix="Find why the daemon can't keep it (chronyc tracking): a bad server, a paused virtual machine, a failing crystal; step it once.",
    needs=("clock.clock",),
    evidence=EVIDENCE,
    levels={"offset_seconds": Above(warning=0.05, critical=1, source="node-mixin: 50 ms; 1 s: our judgement")},
    impact=3,
    check=check_clock_offset,
)


def check_clock_sources(levels: Mapping[str, Any], sources: tuple[Source, ...]) -> Iterator[Finding]:
    reached = [source for source in sources if source.reach > 0 or source.mode == "#"]
    values = {"reached_count": len(reached), "sources_count": len(sources)}
    severity = levels["reached_count"].grade(len(reached))
    if severity is Severity.OK and len(reached) < len(sources):
        severity = Severity.INFO
    yield Finding(severity, "sources", "{reached_count} of {sources_count} time sources answer", values)


CLOCK_SOURCES = Rule(
    id="clock_sources",
    title="Time sources answer",
    domain=Domain.OS,
    why="A daemon without a source that answers lets the clock run free.",
    fix="Name servers that answer, best four of them (RFC 8633), and let UDP port 123 through.",
    needs=("clock.sources",),
    evidence=("chronyc *", "ntpq *"),
    levels={"reached_count": Below(warning=0, source="RFC 8633 recommends four; none at all is our limit")},
    impact=2,
    check=check_clock_sources,
)


def check_clock_rtc_local(_levels: Mapping[str, Any], local: bool) -> Iterator[Finding]:
    if local:
        yield Finding(Severity.WARNING, "hardware clock", "is kept in local time, not in UTC")
    else:
        yield Finding(Severity.OK, "hardware clock", "is kept in UTC")


CLOCK_RTC_LOCAL = Rule(
    id="clock_rtc_local",
    title="The hardware clock is kept in UTC",
    domain=Domain.OS,
    why="In local time it is an hour off after each change of daylight saving until the system has set it, and logs of the boot are wrong.",
    fix="timedatectl set-local-rtc 0",
    needs=("clock.rtc_local",),
    evidence=("/etc/adjtime", "timedatectl *"),
    impact=1,
    check=check_clock_rtc_local,
)

RULES = (CLOCK_SYNCHRONISED, CLOCK_OFFSET, CLOCK_SOURCES, CLOCK_RTC_LOCAL)
