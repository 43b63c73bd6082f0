# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the facts of Redis look when a level's value is ``v``; see test_boundaries.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from plugins.plugin_utils.absent import NotHere
from plugins.plugin_utils.facts import redis_model as model
from plugins.plugin_utils.facts.middleware import Version
from plugins.plugin_utils.findings import DAY, GIB, Severity
from tests.unit.boundaries_middleware import ended

NOW = datetime(2026, 11, 20, tzinfo=UTC)
NONE = NotHere("")
SYSTEM = model.System(1000 * GIB, 0, 4096, "never")
MEMORY = model.Memory(GIB, GIB, 100 * GIB, 1000 * GIB, "noeviction", 1.0)
COUNTERS = model.Counters(10 * DAY, 0, 0, 0, 0, 0, 0)
SETTINGS = model.Settings("3600 1", True, True, 511, True, True, True, 128, True)
RDB = model.Rdb("ok", 5, NOW.timestamp(), NOW.timestamp(), 1.0)
LINK = model.Link("192.0.2.1:6379", "up", False, 1.0, None)
REPLICA = model.Replica("192.0.2.2:6379", "online", 0.0, 0)
SERVER = model.Server(
    "x", model.Process("/opt/redis-server", ("127.0.0.1",), (), 0, False), "standalone", "Redis", Version("7.0.1", "7.0", False), MEMORY,
    model.Clients(1, 10000, 0), COUNTERS, RDB, NONE, LINK, (REPLICA,), {}, SETTINGS, NONE, (), 0, NONE, NONE)


def redis(**changes: Any) -> tuple[model.Server, ...]:
    return (replace(SERVER, **changes),)


def memory(**changes: Any) -> tuple[model.Server, ...]:
    return redis(memory=replace(MEMORY, **changes))


def counted(**changes: Any) -> tuple[Any, ...]:
    return redis(counters=replace(COUNTERS, **changes)), NOW, {}


FACTS: dict[tuple[str, str], Callable[[float, str], tuple[Any, ...]]] = {
    ("redis_version", "left_seconds"): lambda v, _: (redis(), ended(2024, 7, 29, v)),
    ("redis_memory", "used_ratio"): lambda v, _: (memory(used_bytes=v * 100 * GIB), SYSTEM),
    ("redis_maxmemory", "machine_ratio"): lambda v, _: (memory(limit_bytes=v * 1000 * GIB), SYSTEM),
    ("redis_fragmentation", "fragmentation"): lambda v, _: (memory(fragmentation_ratio=v, resident_bytes=9 * GIB),),
    ("redis_fragmentation", "wasted_bytes"): lambda v, _: (memory(fragmentation_ratio=1.6, resident_bytes=GIB + round(v)),),
    ("redis_swapped", "swapped_bytes"): lambda v, _: (redis(process=replace(SERVER.process, swapped_bytes=round(v))),),
    ("redis_evictions", "evicted_per_second"): lambda v, _: counted(evicted_count=v * 10 * DAY, hits_count=1, misses_count=9),
    ("redis_evictions", "hit_ratio"):
        lambda v, _: counted(evicted_count=99 * DAY, hits_count=round(v * 10**6), misses_count=round((1 - v) * 10**6)),
    ("redis_clients", "used_ratio"): lambda v, _: (redis(clients=model.Clients(round(v * 10000), 10000, 0)),),
    ("redis_rejected", "refused_count"): lambda v, _: counted(rejected_count=round(v)),
    ("redis_latency", "latest_seconds"): lambda v, _: (redis(latency=(model.Latency("fork", NOW.timestamp(), v, v),)), NOW),
    ("redis_save", "age_seconds"): lambda v, _: (redis(rdb=replace(RDB, saved_at_seconds=NOW.timestamp() - v)), NOW),
    ("redis_save_duration", "duration_seconds"): lambda v, _: (redis(rdb=replace(RDB, duration_seconds=v)),),
    ("redis_replica_link", "silent_seconds"): lambda v, _: (redis(link=replace(LINK, silent_seconds=v)),),
    ("redis_replica_lag", "lag_seconds"): lambda v, _: (redis(replicas=(replace(REPLICA, lag_seconds=v),)),),
    ("redis_replica_lag", "behind_bytes"): lambda v, _: (redis(replicas=(replace(REPLICA, behind_bytes=round(v)),)),),
    ("redis_overcommit", "memory_ratio"): lambda v, _: (memory(used_bytes=v * 1000 * GIB), SYSTEM),
}
# {(rule, level): {graded: shown as}}: dropped keys are worth naming where they do no harm
SHOWN_AS = {("redis_evictions", "evicted_per_second"): {Severity.OK: Severity.INFO}, ("redis_evictions", "hit_ratio"): {Severity.OK: Severity.INFO}}
