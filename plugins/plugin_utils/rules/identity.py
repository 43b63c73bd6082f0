# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ..facts.identity import OperatingSystem
from ..findings import DAY, Above, Below, Domain, Finding, Rule, Severity


def seconds_left(last_day: date, taken_at: datetime) -> float:
    """To the end of that day, UTC; negative when it is over."""
    return (datetime.combine(last_day + timedelta(days=1), time(), UTC) - taken_at).total_seconds()


def check_os_end_of_support(levels: Mapping[str, Any], ends: date, system: OperatingSystem, taken_at: datetime) -> Iterator[Finding]:
    left = seconds_left(ends, taken_at)
    values = {"left_seconds": left, "ends_on": ends.isoformat(), "system": system.name}
    if left > 0:
        yield Finding(levels["left_seconds"].grade(left), "system", "{system} gets security updates until {ends_on}", values)
    else:
        yield Finding(levels["left_seconds"].grade(left), "system", "{system} has had no security updates since {ends_on}", values)


OS_END_OF_SUPPORT = Rule(
    id="os_end_of_support",
    title="The operating system is supported",
    domain=Domain.OS,
    why="After the end of support holes in the system stay open for good, and vendors of applications withdraw their support too.",
    fix="Plan the upgrade or the move now. If a paid extension was bought, set caretaker_support_until and accept this finding.",
    needs=("identity.support_ends", "identity.system", "capture.taken_at"),
    evidence=("/etc/os-release", "/usr/lib/os-release", "/etc/redhat-release"),
    levels={"left_seconds": Below(warning=180 * DAY, critical=0, source="vendors' dates (facts/os_support.py); 180 d: our judgement")},
    impact=4,
    change_risk=4,
    check=check_os_end_of_support,
)


def check_uptime_long(levels: Mapping[str, Any], uptime: float) -> Iterator[Finding]:
    yield Finding(levels["uptime_seconds"].grade(uptime), "host", "up for {uptime_seconds}", {"uptime_seconds": uptime})


UPTIME_LONG = Rule(
    id="uptime_long",
    title="The host is restarted now and then",
    domain=Domain.OS,
    why="A host that was not restarted for long runs an old kernel, and nobody knows whether it would come up again as it is.",
    fix="Restart it in a maintenance window, with somebody at hand who knows its services.",
    needs=("identity.uptime_seconds",),
    evidence=("/proc/uptime",),
    levels={"uptime_seconds": Above(warning=365 * DAY, source="Linuxfabrik monitoring-plugins: 365 d (and a warning at 180 d)")},
    impact=2,
    change_risk=3,
    track=("uptime_seconds",),
    check=check_uptime_long,
)


def check_uptime_short(levels: Mapping[str, Any], uptime: float) -> Iterator[Finding]:
    values = {"uptime_seconds": uptime}
    if levels["uptime_seconds"].grade(uptime) > Severity.OK:
        yield Finding(Severity.INFO, "host", "started only {uptime_seconds} ago: counters and rates tell little yet", values)
    else:
        yield Finding(Severity.OK, "host", "up for {uptime_seconds}", values)


UPTIME_SHORT = Rule(
    id="uptime_short",
    title="The host did not just start",
    domain=Domain.OS,
    why="Right after a start caches are cold and services still come up; and if nobody restarted it, it went down.",
    fix="Ask who restarted it; inspect it again later.",
    needs=("identity.uptime_seconds",),
    evidence=("/proc/uptime",),
    levels={"uptime_seconds": Below(warning=180, source="Linuxfabrik monitoring-plugins: 3 min")},
    impact=1,
    check=check_uptime_short,
)


def check_warranty(levels: Mapping[str, Any], last_day: date, taken_at: datetime) -> Iterator[Finding]:
    left = seconds_left(last_day, taken_at)
    values = {"left_seconds": left, "ends_on": last_day.isoformat()}
    if left > 0:
        yield Finding(levels["left_seconds"].grade(left), "hardware", "the warranty lasts until {ends_on}", values)
    else:
        yield Finding(levels["left_seconds"].grade(left), "hardware", "the warranty ended on {ends_on}", values)


WARRANTY_EXPIRY = Rule(
    id="warranty_expiry",
    title="The hardware is under warranty",
    domain=Domain.HARDWARE,
    why="Without warranty a spare part takes days or weeks, and its price is open.",
    fix="Prolong the warranty or plan the replacement; then set caretaker_warranty_until.",
    needs=("settings.warranty_until", "capture.taken_at"),
    evidence=(),
    levels={"left_seconds": Below(warning=90 * DAY, critical=0, source="our judgement: one quarter to act")},
    impact=3,
    check=check_warranty,
)


def check_support(levels: Mapping[str, Any], last_day: date, taken_at: datetime) -> Iterator[Finding]:
    left = seconds_left(last_day, taken_at)
    values = {"left_seconds": left, "ends_on": last_day.isoformat()}
    if left > 0:
        yield Finding(levels["left_seconds"].grade(left), "contract", "the support contract lasts until {ends_on}", values)
    else:
        yield Finding(levels["left_seconds"].grade(left), "contract", "the support contract ended on {ends_on}", values)


SUPPORT_EXPIRY = Rule(
    id="support_expiry",
    title="The support contract is valid",
    domain=Domain.OS,
    why="Without a contract the vendor helps nobody, and paid updates stop.",
    fix="Prolong the contract; then set caretaker_support_until.",
    needs=("settings.support_until", "capture.taken_at"),
    evidence=(),
    levels={"left_seconds": Below(warning=90 * DAY, critical=0, source="our judgement: one quarter to act")},
    impact=3,
    check=check_support,
)

RULES = (OS_END_OF_SUPPORT, UPTIME_LONG, UPTIME_SHORT, WARRANTY_EXPIRY, SUPPORT_EXPIRY)
