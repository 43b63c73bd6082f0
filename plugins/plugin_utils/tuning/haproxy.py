# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy: room for connections, for the whole process or a frontend, where new ones had to wait.

The target depends on the host's memory and on the limit of files alone, never on the limit of today.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..absent import Known, Unknown
from ..facts.haproxy import Info, Instance, Limits, Proxy, Written
from .step import Limit, Target

MANUAL = "HAProxy management guide: some 33 KiB a connection; at most a quarter of the memory, 20000: judgement of this project"
MOST = 20000
CONNECTION_BYTES = 33 << 10         # two buffers of 16 KiB and what describes it; TLS takes about as much again
SHARE_OF_MEMORY = 4                 # a quarter of it; the rest is for TLS, the kernel's own buffers and everything else
FILES_RESERVED = 512                # HAProxy takes two files a connection, and some for listeners, checks and logs
FULL_RATIO = 0.8                    # as the inspection warns
EFFECT = "clients are let in that had to wait in the kernel's queue; the servers behind get more at once"
TWICE = "{setting} is written more than once in HAProxy's configuration; set it by hand"
WORDS = "{setting} is {value} in {path}, which is no plain number; set it by hand"
ROOM = "; a quarter of {memory_bytes} at 33 KiB each, half of {files_count} files, at most 20000"
CONNECTIONS = "{used_count} of {limit_count} connections, {peak_count} at the most since the start" + ROOM
SESSIONS = "{used_count} of {limit_count} sessions, {peak_count} at the most since the start" + ROOM


def of_instance(instance: Instance, memory_bytes: int | Unknown) -> Iterator[Limit]:
    """``memory_bytes``: this instance's part of the host's. Nothing where no limit was reached."""
    absent = next((part for part in (instance.info, instance.proxies) if isinstance(part, Unknown)), None)
    if absent is not None:
        yield Limit("", "", "", absent)
    elif isinstance(instance.info, Info) and isinstance(instance.proxies, tuple):
        frontends = [proxy for proxy in instance.proxies if proxy.kind == "frontend"]
        for full in (*_global(instance, instance.info, frontends), *_frontends(instance, instance.info, frontends)):
            if full.limit < MOST:
                yield _room(instance, full, memory_bytes)


@dataclass(frozen=True)
class Full:
    """A limit that was reached. ``sections``: where it may be written, those last that it would only inherit from."""

    setting: str
    sections: tuple[str, ...]
    used: int
    peak: int
    limit: int
    formula: str
    answers: tuple[tuple[str, str], ...]


def _global(instance: Instance, info: Info, frontends: list[Proxy]) -> Iterator[Full]:
    used, limit = info.connections_count, info.connections_limit
    peak = max((used, *(frontend.peak_count for frontend in frontends)))
    if limit and (used >= FULL_RATIO * limit or peak >= limit or info.reached_count > 0):
        following = (_sessions(instance, frontend) for frontend in frontends if not _is_own(instance, info, frontend))
        yield Full("global maxconn", ("global",), used, peak, limit, CONNECTIONS, (("haproxy_connections", instance.name), *following))


def _frontends(instance: Instance, info: Info, frontends: list[Proxy]) -> Iterator[Full]:
    for frontend in frontends:
        used, limit, peak = frontend.sessions_count, frontend.sessions_limit or 0, frontend.peak_count
        if limit and _is_own(instance, info, frontend) and (used >= FULL_RATIO * limit or peak >= limit):
            yield Full(
                f"frontend {frontend.proxy} maxconn", _sections(frontend), used, peak, limit, SESSIONS, (_sessions(instance, frontend),))


def _is_own(instance: Instance, info: Info, frontend: Proxy) -> bool:
    """Without a limit of its own a frontend shows the whole process's, and follows it."""
    return frontend.sessions_limit != info.connections_limit or bool(_written(instance.limits, _sections(frontend)))


def _sections(frontend: Proxy) -> tuple[str, ...]:
    return f"frontend {frontend.proxy}", f"listen {frontend.proxy}", "defaults"


def _sessions(instance: Instance, frontend: Proxy) -> tuple[str, str]:
    return "haproxy_sessions", f"{instance.name} {frontend.label}"


def _room(instance: Instance, full: Full, memory: int | Unknown) -> Limit:
    limits, now = instance.limits, str(full.limit)
    if not isinstance(limits, Limits):
        return Limit(full.setting, now, "", Unknown(limits.reason, limits.values))
    if isinstance(memory, Unknown):
        return Limit(full.setting, now, "", memory)
    inherited = _written(limits, full.sections)
    found = tuple(item for item in inherited if item.section != "defaults")
    set_by = (found or inherited)[0].path if inherited else "default"
    if len(found) > 1:
        return Limit(full.setting, now, set_by, Unknown(TWICE, {"setting": full.setting}))
    if found and not found[0].value.isdigit():
        return Limit(full.setting, now, set_by, Unknown(WORDS, {"setting": full.setting, "value": found[0].value, "path": found[0].path}))
    files = _files(limits)
    most = min(MOST, memory // SHARE_OF_MEMORY // CONNECTION_BYTES, (files - FILES_RESERVED) // 2) // 100 * 100
    values = {"used_count": full.used, "limit_count": full.limit, "peak_count": full.peak, "memory_bytes": memory, "files_count": files}
    return Limit(full.setting, now, set_by, Target(
        full.setting, str(most), most, float("inf"), full.formula, values, MANUAL, EFFECT, "connections_wait_seconds", change_risk=2,
        answers=full.answers))


def _written(limits: Known[Limits], sections: tuple[str, ...]) -> tuple[Written, ...]:
    written = limits.written if isinstance(limits, Limits) else ()
    return tuple(item for item in written if item.name == "maxconn" and item.section in sections)


def _files(limits: Limits) -> int:
    """How many files it may open: HAProxy raises its limit as maxconn asks, but not where ulimit-n is written."""
    written = [int(item.value) for item in limits.written if item.name == "ulimit-n" and item.value.isdigit()]
    return min((limits.files, *written))
