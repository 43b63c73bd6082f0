# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the inspection itself: what could not be looked at must be seen in the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..archive import Entry
from ..findings import Domain, Finding, Rule, Severity
from ..quarters import first_day, missed_quarters


def check_host_inspected(_levels: Mapping[str, Any], problem: str) -> Iterator[Finding]:
    if problem:
        yield Finding(Severity.UNKNOWN, "host", "could not be inspected: {problem}", {"problem": problem})
    else:
        yield Finding(Severity.OK, "host", "was inspected")


HOST_INSPECTED = Rule(
    id="host_inspected",
    title="The host could be inspected",
    domain=Domain.OS,
    why="Nothing is known about a host that could not be reached or did not run the capture.",
    fix="Try the connection by hand with the same user and key, mend what the message names, and inspect the host again.",
    needs=("capture.problem",),
    evidence=(),
    impact=4,
    check=check_host_inspected,
)


def check_capture_complete(_levels: Mapping[str, Any], crashed: tuple[Entry, ...]) -> Iterator[Finding]:
    for entry in crashed:
        reason = entry.stderr or "did not finish within total_timeout"
        yield Finding(Severity.UNKNOWN, entry.key, "the look at this subject failed: {reason}", {"reason": reason})
    if not crashed:
        yield Finding(Severity.OK, "capture", "all subjects were looked at")


CAPTURE_COMPLETE = Rule(
    id="capture_complete",
    title="The look at the host was complete",
    domain=Domain.OS,
    why="A subject that could not be looked at may hide anything.",
    fix="Look for a hung command or a dead disk on the host; raise total_timeout if the host is only slow.",
    needs=("capture.crashed",),
    evidence=(),
    impact=2,
    check=check_capture_complete,
)


def check_inspected_each_quarter(
    _levels: Mapping[str, Any], problem: str, taken_at: datetime, whole: bool, history: Mapping[str, Any]
) -> Iterator[Finding]:
    """Judged by the newest inspection before this quarter, so that every inspection of this quarter tells what was missed before it.

    The count is kept, and with it when the host was inspected, only if all of it was looked at: a recheck is no inspection.
    """
    if problem:
        yield Finding(Severity.UNKNOWN, "host", "could not be inspected: {problem}", {"problem": problem})
        return
    known = [when for when, _value in history.get("host", {}).get("missed_count", ())]
    earlier = [when for when in known if when.date() < first_day(taken_at.date())]
    missed = missed_quarters([max(earlier)], taken_at) if earlier else ()
    values = {"missed_count": len(missed)} if whole else {}
    if missed:
        yield Finding(Severity.WARNING, "host", "was not inspected in {quarters}", {**values, "quarters": list(missed)})
    elif earlier:
        yield Finding(Severity.OK, "host", "was inspected in the quarter before", values)
    else:
        yield Finding(Severity.OK, "host", "is in the quarter of its first inspection", values)


INSPECTED_EACH_QUARTER = Rule(
    id="inspected_each_quarter",
    title="The host is inspected each quarter",
    domain=Domain.OS,
    why="What went wrong in a quarter without an inspection was seen by nobody, and the contract promises one each quarter.",
    fix="Find out why the inspection did not take place (scripts/status tells the last try), and that the timer runs (docs/schedule.md).",
    needs=("capture.problem", "capture.taken_at", "capture.whole", "history.inspected_each_quarter"),
    evidence=(),
    impact=2,
    check=check_inspected_each_quarter,
    track=("missed_count",),
    told_by="host_inspected",
)

RULES = (HOST_INSPECTED, CAPTURE_COMPLETE, INSPECTED_EACH_QUARTER)
