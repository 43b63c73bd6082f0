# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge one MySQL or MariaDB server after the other, and their counters over a period that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ..absent import NotHere, Unknown, Unreadable
from ..facts.mysql_model import Names, Server
from ..findings import Finding, Severity
from ..since import LAST_INSPECTION, Period, period

Levels = Mapping[str, Any]
History = Mapping[str, Mapping[str, Any]]
Judge = Callable[..., Iterator[Finding]]
ANSWERS = "mysql_answers"       # the rule that tells why a server could not be asked, for all others


def each(judge: Judge, *parts: str) -> Judge:
    """A check over all servers: ``judge(levels, server, *parts of it, *other needs)``; a part that is absent is said once."""

    def check(levels: Levels, servers: tuple[Server, ...], *others: Any) -> Iterator[Finding]:
        for server in servers:
            values = [getattr(server, part) for part in parts]
            unknown = next((value for value in values if isinstance(value, Unknown)), None)
            not_here = next((value for value in values if isinstance(value, NotHere)), None)
            if unknown is not None:
                yield Finding(Severity.UNKNOWN, server.name, unknown.reason, unknown.values)
            elif not_here is not None:
                yield Finding(Severity.OK, server.name, not_here.reason, not_here.values)
            else:
                try:
                    yield from judge(levels, server, *values, *others)
                except Unreadable as error:
                    yield Finding(Severity.UNKNOWN, server.name, error.unknown.reason, error.unknown.values)

    return check


def since(server: Server, status: Names, counters: Mapping[str, float], taken_at: datetime, history: History) -> Period | None:
    """The period that the counters are judged over; None where the server is too young."""
    return period(counters, status.number("Uptime"), taken_at, history.get(server.name, {}))


def too_early(server: Server, status: Names, counters: Mapping[str, float]) -> Finding:
    return Finding(Severity.OK, server.name, "too early to judge: it started {uptime_seconds} ago",
                   {"uptime_seconds": status.number("Uptime"), **counters})


def basis(found: Period) -> dict[str, object]:
    """Values for messages that end with ``over {period_seconds} ({basis})``."""
    return {"period_seconds": found.seconds, "basis": "since the last inspection" if found.basis == LAST_INSPECTION else "since its start"}
