# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ..absent import NotHere, Unknown
from ..facts.redis_model import Counters, Server
from ..findings import Finding, Severity
from ..since import Period, period

Levels = Mapping[str, Any]
History = Mapping[str, Mapping[str, Any]]
ANSWERS = "redis_answers"       # the rule that tells why a server could not be asked, for all others


def each(judge: Callable[..., Iterator[Finding]], *parts: str) -> Callable[..., Iterator[Finding]]:
    """A check over all servers: ``judge(levels, name, *parts of it, *other needs)``; a part that is absent is said once."""

    def check(levels: Levels, servers: tuple[Server, ...], *others: Any) -> Iterator[Finding]:
        for server in servers:
            values = [getattr(server, part) for part in parts]
            absent = next((value for value in values if isinstance(value, Unknown)), None) or next(
                (value for value in values if isinstance(value, NotHere)), None)
            if absent is None:
                yield from judge(levels, server.name, *values, *others)
            else:
                yield Finding(Severity.UNKNOWN if isinstance(absent, Unknown) else Severity.OK, server.name, absent.reason, absent.values)

    return check


def lately(name: str, found: Counters, taken_at: datetime, history: History, *names: str) -> Period | None:
    """The period in which these counters are judged; None where the server is too young."""
    return period({counter: float(getattr(found, counter)) for counter in names}, found.uptime_seconds, taken_at, history.get(name, {}))


def too_early(name: str, found: Counters, *names: str) -> Finding:
    return Finding(Severity.OK, name, "too early for a verdict: it runs for {uptime_seconds}",
                   {"uptime_seconds": found.uptime_seconds, **{counter: getattr(found, counter) for counter in names}})
