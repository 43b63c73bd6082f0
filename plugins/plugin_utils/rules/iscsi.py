# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about iSCSI sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.iscsi import Session
from ..findings import Domain, Finding, Rule, Severity

EVIDENCE = ("/sys/class/iscsi_session/*",)
FIX = "Check the network to the target and its state; iscsiadm -m session -P 1 tells more; log in anew: iscsiadm -m node --login."


def check_iscsi_session_state(_levels: Mapping[str, Any], sessions: tuple[Session, ...]) -> Iterator[Finding]:
    """A state that is not listed is a warning."""
    for session in sessions:
        values = {"target": session.target, "state": session.state}
        if session.state == "LOGGED_IN":
            yield Finding(Severity.OK, session.name, "logged in to {target}", values)
        elif session.state in ("FAILED", "FREE"):
            yield Finding(Severity.CRITICAL, session.name,
                          "the session with {target} is {state}: its disks can't be reached over it", values)
        else:
            yield Finding(Severity.WARNING, session.name, "the session with {target} is in a state that is not known: {state}", values)


ISCSI_SESSION_STATE = Rule(
    id="iscsi_session_state",
    title="iSCSI sessions are logged in",
    domain=Domain.PLATFORM,
    why="Over a failed session no disk can be reached; without a second path its file systems hang or turn read-only.",
    fix=FIX,
    needs=("iscsi.sessions",),
    evidence=EVIDENCE,
    impact=4,
    check=check_iscsi_session_state,
)


def check_iscsi_expected_sessions(_levels: Mapping[str, Any], sessions: tuple[Session, ...], expected: int) -> Iterator[Finding]:
    count = sum(session.state == "LOGGED_IN" for session in sessions)
    severity = Severity.OK if count >= expected else Severity.WARNING if count else Severity.CRITICAL
    yield Finding(severity, "iscsi", "{sessions_count} sessions are logged in, {expected_count} are expected",
                  {"sessions_count": count, "expected_count": expected})


ISCSI_EXPECTED_SESSIONS = Rule(
    id="iscsi_expected_sessions",
    title="There are as many iSCSI sessions as planned",
    domain=Domain.PLATFORM,
    why="A session that was not made at boot leaves no trace but its absence.",
    fix=FIX,
    needs=("iscsi.listed", "settings.iscsi_sessions"),
    evidence=EVIDENCE,
    impact=4,
    check=check_iscsi_expected_sessions,
)


RULES = (ISCSI_SESSION_STATE, ISCSI_EXPECTED_SESSIONS)
