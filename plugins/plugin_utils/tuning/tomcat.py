# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tomcat: threads for a connector, or for the executor that it shares with others, where all were busy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..absent import Known, Unknown
from ..facts.tomcat import Configuration, Instance, Used, port_of
from .share import MIB
from .step import Limit, Target

MANUAL = "Tomcat documentation, maxThreads (200 by default); twice that, with stacks in a quarter of the memory: judgement of this project"
MOST = 400
STACK_BYTES = MIB                   # what a JVM reserves for a thread on 64-bit Linux, unless -Xss says otherwise
SHARE_OF_MEMORY = 4
FULL_RATIO = 0.8                    # as the inspection warns
STACKS = "; twice Tomcat's default, as {needed_bytes} of stacks are within a quarter of {memory_bytes}"
BUSY = "{busy_count} of {limit_count} threads busy" + STACKS
WEEKS = "all threads busy for weeks" + STACKS
EFFECT = "requests are worked on that had to wait; what they ask (databases, other services) gets more at once"
NO_UNIT = Unknown("systemd does not run it, so nobody knows how it is started again; set maxThreads by hand")
NO_NUMBER = Unknown("its maxThreads is no plain number in server.xml; set it by hand")
NOT_FOUND = "server.xml has no connector and no executor of the threads {names}"
NO_ROOM = "{needed_bytes} of stacks for 400 threads are more than a quarter of {memory_bytes}"


def of_instance(instance: Instance, memory_bytes: int | Unknown, short: Collection[str]) -> Iterator[Limit]:
    """``memory_bytes``: this instance's part of the host's; ``short``: connectors that were short of threads for weeks.

    Nothing where no connector was.
    """
    if isinstance(instance.configuration, Unknown):
        yield Limit("", "", "", instance.configuration)
    elif isinstance(instance.used, Unknown) and not short:
        yield Limit("", "", "", instance.used)
    elif isinstance(instance.configuration, Configuration):
        used = instance.used if isinstance(instance.used, tuple) else ()
        yield from _limits(instance, instance.configuration, used, memory_bytes, short)


def _limits(
    instance: Instance, configuration: Configuration, used: tuple[Used, ...], memory: int | Unknown, short: Collection[str]
) -> Iterator[Limit]:
    """One for each connector or executor, whose threads may go by several names."""
    known = {item.connector: item for item in used}
    full = [name for name in dict.fromkeys((*known, *short)) if name in short or _is_full(known[name])]
    elements = {name: _element(configuration, name) for name in full}
    for element in dict.fromkeys(elements.values()):
        names = [name for name in full if elements[name] == element]
        yield from _limit(instance, element, names, known.get(names[0]), memory)


def _is_full(used: Used) -> bool:
    return bool(used.threads_limit) and used.busy_count >= FULL_RATIO * (used.threads_limit or 0)


def _element(configuration: Configuration, name: str) -> tuple[str, int | None]:
    """(setting, its value of today) of threads that are called so; ("", None) where server.xml has no such connector."""
    port = port_of(name)
    connector = next((item for item in configuration.connectors if item.port == port), None)
    shared = connector.executor if connector else next((item.name for item in configuration.executors if item.pool == name), "")
    if shared:
        return f"Executor {shared} maxThreads", next(item.threads_limit for item in configuration.executors if item.name == shared)
    return (f"Connector {port} maxThreads", connector.threads_limit) if connector else ("", None)


def _limit(
    instance: Instance, element: tuple[str, int | None], names: list[str], used: Used | None, memory: int | Unknown
) -> Iterator[Limit]:
    setting, now = element
    if now is None:
        yield Limit(setting, "", "", NO_NUMBER if setting else Unknown(NOT_FOUND, {"names": names}))
    elif now < MOST:
        busy = {"busy_count": used.busy_count, "limit_count": now} if used is not None and _is_full(used) else {}
        answers = tuple(("tomcat_threads", f"{instance.name} {name}") for name in names)
        yield Limit(setting, str(now), "Tomcat's server.xml, or default", _target(instance.unit, setting, busy, answers, memory))


def _target(
    unit: Known[str], setting: str, busy: Mapping[str, int], answers: tuple[tuple[str, str], ...], memory: int | Unknown
) -> Target | Unknown:
    if not isinstance(unit, str):
        return Unknown(unit.reason, unit.values)
    if not unit:
        return NO_UNIT
    if isinstance(memory, Unknown):
        return memory
    values = {**busy, "needed_bytes": MOST * STACK_BYTES, "memory_bytes": memory}
    if memory // SHARE_OF_MEMORY < MOST * STACK_BYTES:
        return Unknown(NO_ROOM, values)
    return Target(setting, str(MOST), MOST, float("inf"), BUSY if busy else WEEKS, values, MANUAL, EFFECT, "threads_used_ratio",
                  needs_restart=True, change_risk=2, answers=answers)
