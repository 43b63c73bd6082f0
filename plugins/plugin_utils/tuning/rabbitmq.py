# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ: the memory at which it holds up who publishes, where it is near it and the host has more to give."""

from __future__ import annotations

from collections.abc import Iterator

from ..absent import Known, Unknown
from ..facts.middleware import Version
from ..facts.rabbitmq import Broker, Status, Used, Watermark
from .step import Limit, Target

SETTING = "vm_memory_high_watermark.relative"
SHARE = 0.6                         # of the host's memory; the default since RabbitMQ 4.0
FULL_RATIO = 0.8                    # as the inspection warns
SOURCE = "RabbitMQ documentation, memory alarms: 0.4 to 0.7 of the memory; 0.6 is the default since RabbitMQ 4"
FORMULA = "{used_bytes} of the {limit_bytes} at which publishing stops; 0.6 of {memory_bytes}, as {available_bytes} are available to it"
EFFECT = "who publishes is held up later; consumers have longer to catch up"
FILES_SINCE = (3, 10)               # reads conf.d; seen there, older ones were not tried
TOO_OLD = Unknown("whether this version reads a file of settings beside the administrators' own was not tried; set it by hand")
FIXED = Unknown("its watermark is a fixed size; set it by hand")
NO_ROOM = "it would take {needed_bytes} more of the host's memory, of which {available_bytes} are available to it"


def of_instance(broker: Broker, available_bytes: int | Unknown) -> Iterator[Limit]:
    """``available_bytes``: this node's part of the host's memory. Nothing where the watermark is not near, or as high as it should be."""
    if isinstance(broker.status, Unknown):
        yield Limit("", "", "", broker.status)
    elif isinstance(broker.status, Status) and isinstance(broker.status.memory, Unknown):
        yield Limit("", "", "", broker.status.memory)
    elif isinstance(broker.status, Status) and isinstance(broker.status.memory, Used) and _is_near(broker.status.memory):
        yield from _limit(broker, broker.status.memory, available_bytes)


def _is_near(memory: Used) -> bool:
    return memory.limit > 0 and memory.used >= FULL_RATIO * memory.limit


def _limit(broker: Broker, memory: Used, available: int | Unknown) -> Iterator[Limit]:
    mark = broker.watermark
    if not isinstance(mark, Watermark):
        yield Limit(SETTING, "", "", Unknown(mark.reason, mark.values))
    elif mark.relative is None:
        yield Limit(SETTING, "", "", FIXED)
    elif 0 < mark.relative < SHARE and not _reads_our_file(broker.version):
        yield Limit(SETTING, "", "", TOO_OLD)
    elif 0 < mark.relative < SHARE:
        yield Limit(SETTING, f"{mark.relative:g}", mark.set_by, _target(broker.name, memory, memory.limit / mark.relative, available))


def _reads_our_file(version: Known[Version]) -> bool:
    return isinstance(version, Version) and tuple(int(part) for part in version.branch.split(".")) >= FILES_SINCE


def _target(name: str, memory: Used, whole: float, available: int | Unknown) -> Target | Unknown:
    """``whole``: bytes of the host's memory as the node counts them, which a control group may limit."""
    if isinstance(available, Unknown):
        return available
    values = {"used_bytes": memory.used, "limit_bytes": memory.limit, "memory_bytes": whole, "available_bytes": available,
              "needed_bytes": SHARE * whole - memory.used}
    if values["needed_bytes"] > available:
        return Unknown(NO_ROOM, values)
    return Target(SETTING, f"{SHARE:g}", SHARE, 1.0, FORMULA, values, SOURCE, EFFECT, "queue_length", change_risk=2,
                  answers=(("rabbitmq_memory", name),))
