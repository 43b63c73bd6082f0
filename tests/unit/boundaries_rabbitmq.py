# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the facts of RabbitMQ look when a level's value is ``v``; see test_boundaries.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from plugins.plugin_utils.absent import NotHere
from plugins.plugin_utils.facts import rabbitmq as model
from plugins.plugin_utils.facts.middleware import Version
from plugins.plugin_utils.findings import GIB
from tests.unit.boundaries_middleware import ended

NONE = NotHere("")
VERSION = Version("4.0.1", "4.0", False)
ERLANG = Version("26", "26", False)
STATUS = model.Status(VERSION, ERLANG, (), model.Used(1, 1000), 100 * GIB, 2 * GIB, model.Used(1, 1000), model.Used(1, 1000), model.Used(1, 1000),
                      False, ())
QUEUE = model.Queue("/orders", "quorum", "running", 0, 0, 0, True, False, (), (), (), ())
BROKER = model.Broker("x", STATUS, VERSION, ERLANG, NONE, NONE, NONE, (QUEUE,), model.Watermark(0.4, "default"))


def broker(**changes: Any) -> tuple[model.Broker, ...]:
    return (replace(BROKER, **changes),)


def status(**changes: Any) -> tuple[tuple[model.Broker, ...]]:
    return (broker(status=replace(STATUS, **changes)),)


def queue(**changes: Any) -> tuple[model.Broker, ...]:
    return broker(queues=(replace(QUEUE, **changes),))


FACTS: dict[tuple[str, str], Callable[[float, str], tuple[Any, ...]]] = {
    ("rabbitmq_version", "left_seconds"): lambda v, _: (broker(), ended(2025, 4, 15, v)),
    ("rabbitmq_erlang", "left_seconds"): lambda v, _: (broker(), ended(2026, 5, 15, v)),
    ("rabbitmq_memory", "used_ratio"): lambda v, _: status(memory=model.Used(v * 1000, 1000)),
    ("rabbitmq_disk", "margin_bytes"): lambda v, _: status(disk_free_bytes=2 * GIB + v),
    ("rabbitmq_resources", "used_ratio"): lambda v, _: status(sockets=model.Used(v * 1000, 1000)),
    ("rabbitmq_channels", "channels_each"): lambda v, _: (broker(connections=model.Connections(1000, round(v * 1000), 0)),),
    ("rabbitmq_channels", "channels_count"): lambda v, _: (broker(connections=model.Connections(1, round(v), 0)),),
    ("rabbitmq_backlog", "ready_count"): lambda v, _: (queue(ready_count=round(v)), {}),
    ("rabbitmq_unacknowledged", "unacknowledged_count"): lambda v, _: (queue(unacknowledged_count=round(v)),),
    ("rabbitmq_dead_letters", "dead_count"): lambda v, _: (queue(name="/orders.dlq", ready_count=round(v)),),
}
