# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sets a value today that a proposal is about, where the facts know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.java import Options

HEAP = ("-Xmx", "-XX:MaxHeapSize=", "-XX:MaxRAMPercentage=", "-XX:MaxRAMFraction=")
BY_COMMAND = "command line: {word}"
BY_JVM = "default: a quarter of the memory"             # Java documentation, ergonomics
BY_SERVER = "{who}"                                     # as the server calls it: a file, "default"

Line = tuple[str, Mapping[str, str]]


def origins(facts: Mapping[str, Any]) -> dict[tuple[str, str], Line]:
    """{(rule, object): a template in English and its values}"""
    return dict((*_heaps(facts), *_connections(facts)))


def _heaps(facts: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Line]]:
    for jvm in _every(facts, "java", "instances"):
        if isinstance(jvm.options, Options):
            words = [word for word in jvm.options.words if word.startswith(HEAP)]
            yield ("java_heap", jvm.name), (BY_COMMAND, {"word": words[-1]}) if words else (BY_JVM, {})


def _connections(facts: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Line]]:
    for server in _every(facts, "mysql", "servers"):
        if isinstance(server.origins, Mapping):
            yield ("mysql_connections", server.name), (BY_SERVER, {"who": server.origins.get("max_connections", "default")})


def _every(facts: Mapping[str, Any], subject: str, name: str) -> tuple[Any, ...]:
    found = getattr(facts.get(subject), name, ())
    return found if isinstance(found, tuple) else ()
