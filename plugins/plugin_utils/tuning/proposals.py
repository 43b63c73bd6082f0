# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which value a finding asks for where only the application's people may set it: connections, heaps and limits of middleware.

What a step of the plan changes is not among them. A proposal has the same bound as a step: what was raised so is no finding at the same
load, and then nothing more is proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MIB = 1 << 20
TWICE = "twice as many: at {used_ratio} in use nobody knows how many more would come"
HALF_MORE = "half as much again: {used_ratio} of it stay in use; where the host's memory allows, and if nothing leaks"
POOLED = ("a pooler (ProxySQL) or smaller pools first: each connection takes memory (see the rule mysql_memory); else twice as many, as "
          "{used_ratio} were in use at the most")


@dataclass(frozen=True)
class Growth:
    """``times`` what the finding calls ``limit``; ``ratio``: how much of it that finding says is in use.

    ``of``: what the names of objects hold that it is for.
    """

    setting: str
    limit: str
    ratio: str
    times: float
    formula: str
    source: str
    of: str = ""


@dataclass(frozen=True)
class Value:
    """``formula`` is a template in English, filled from ``values``."""

    setting: str
    before: str
    after: str
    formula: str
    values: Mapping[str, Any]
    source: str


GROWTH: Mapping[str, Growth] = {
    # Of a server behind it, such as shop/web1: a frontend's limit is a step of the plan
    "haproxy_sessions": Growth("maxconn (server)", "limit_count", "used_ratio", 2, TWICE, "HAProxy configuration manual, maxconn", "/"),
    "httpd_workers": Growth("MaxRequestWorkers", "limit_count", "busy_ratio", 2, TWICE, "Apache documentation, MaxRequestWorkers"),
    "java_heap": Growth("-Xmx", "limit_bytes", "used_ratio", 1.5, HALF_MORE, "Java documentation: room for what lives, and as much again"),
    "rabbitmq_memory": Growth("vm_memory_high_watermark.absolute", "limit_bytes", "used_ratio", 1.5, HALF_MORE,
                              "RabbitMQ documentation: 0.4 to 0.7 of the host's memory"),
    "mysql_connections": Growth("max_connections", "max_count", "peak_ratio", 2, POOLED, "MySQL reference manual, max_connections"),
    "java_files": Growth("LimitNOFILE", "limit_count", "used_ratio", 2, TWICE, "systemd documentation, LimitNOFILE"),
    "limit_files": Growth("fs.file-max", "limit", "used_ratio", 2, TWICE, "Linux kernel documentation, file-max"),
}


def value_for(rule: str, name: str, values: Mapping[str, Any]) -> Value | None:
    """What a finding of this rule at the object of that name asks for; None where no formula knows or the finding tells no limit."""
    growth = GROWTH.get(rule)
    if growth is None or growth.of not in name or not values.get(growth.limit) or growth.ratio not in values:
        return None
    before = float(values[growth.limit])
    return Value(growth.setting, _shown(before, growth), _shown(before * growth.times, growth), growth.formula,
                 {"used_ratio": values[growth.ratio]}, growth.source)


def _shown(value: float, growth: Growth) -> str:
    """As the setting takes it: a count, or whole mebibytes."""
    return f"{round(value / MIB)}m" if growth.limit.endswith("_bytes") else str(round(value))
