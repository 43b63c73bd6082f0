# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the inspection itself: what could not be looked at must be seen in the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..archive import Entry
from ..findings import Domain, Finding, Rule, Severity


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

RULES = (HOST_INSPECTED, CAPTURE_COMPLETE)
