# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits that HAProxy, Tomcat and RabbitMQ reached on a host; several of one kind get equal parts of its memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..absent import Unknown
from ..facts.memory import MemorySizes
from . import haproxy, rabbitmq, tomcat
from .causes import causes_of
from .step import Limit


def limits(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, Limit]]:
    """(kind, instance, limit)"""
    balancers, tomcats, brokers = _instances(facts, "haproxy"), _instances(facts, "tomcat"), _instances(facts, "rabbitmq", "brokers")
    for item in balancers:
        for limit in haproxy.of_instance(item, _memory(facts, "total_bytes", len(balancers))):
            yield "haproxy", item.name, limit
    for item in tomcats:
        for limit in tomcat.of_instance(item, _memory(facts, "total_bytes", len(tomcats)), _short_of_threads(facts, item.name)):
            yield "tomcat", item.name, limit
    for item in brokers:
        for limit in rabbitmq.of_instance(item, _memory(facts, "available_bytes", len(brokers))):
            yield "rabbitmq", item.name, limit


def _instances(facts: Mapping[str, Any], subject: str, called: str = "instances") -> list[Any]:
    found = getattr(facts.get(subject), called, ())
    return list(found) if isinstance(found, tuple) else []


def _memory(facts: Mapping[str, Any], size: str, instances: int) -> int | Unknown:
    """An equal part of one of MemorySizes."""
    sizes = getattr(facts.get("memory"), "sizes", Unknown("the host's memory was not looked at"))
    return getattr(sizes, size) // instances if isinstance(sizes, MemorySizes) else Unknown(sizes.reason, sizes.values)


def _short_of_threads(facts: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Connectors of a Tomcat, as its history calls them."""
    start = f"tomcat {name} "
    return tuple(found.removeprefix(start) for found in causes_of(facts).get("threads_few", ()) if found.startswith(start))
