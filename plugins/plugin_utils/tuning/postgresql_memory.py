# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's memory: its cache, what hangs on the cache's size, and the huge pages that it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..facts.postgresql_model import Instance, Setting
from .postgresql import MANUAL, PGTUNE, number, size
from .share import GIB, MIB
from .step import Target

QUARTER, MOST = 0.25, 0.4           # of the memory: where to begin, and beyond what hardly anything is won (PostgreSQL documentation)
NEAR = 0.5                          # of the target; less is raised
HIGHEST = 0.425                     # of the memory; 40 % is still good
MISSED = 0.01                       # PgHero: 99 % of the blocks in the cache
LARGE = 256 * MIB                   # of shared_buffers; scripts/bench tuning measures what huge pages give at 0.8 GiB (judgement)
PAGE = 2 * MIB                      # of most machines; where the server counts larger ones, nothing is advised
GROWTH = 1.05                       # what the server keeps beside each byte of its cache: 2 to 4.5 %, seen with PostgreSQL 15
SPARE = 1.02
A_QUARTER = "a quarter of {memory_bytes}, the memory of this instance"
TWO_FIFTHS = ("two fifths of {memory_bytes}, the memory of this instance: its databases take {stored_bytes}, and its cache missed "
              "{missed_ratio} of the blocks that were asked for")


@dataclass(frozen=True)
class Data:
    """What an instance keeps, as far as it is known, and the share of the blocks asked for that its cache did not have."""

    stored_bytes: float
    missed_ratio: float


def data_of(instance: Instance, facts: Mapping[str, Any]) -> Data:
    """Zero for what is not known: then the cache is not advised to be larger than usual."""
    looked_at = getattr(facts.get("postgresql_tables"), "databases", ())
    own = [item.about for item in looked_at if item.thing.startswith(f"{instance.name}/")] if isinstance(looked_at, tuple) else []
    counted = instance.databases if isinstance(instance.databases, tuple) else ()
    read, hit = sum(item.blocks_read for item in counted), sum(item.blocks_hit for item in counted)
    return Data(sum(getattr(about, "size_bytes", 0.0) for about in own), read / (read + hit) if read else 0.0)


def targets(settings: Mapping[str, Setting], memory: int, data: Data) -> Iterator[Target]:
    """``memory``: bytes that the instance may use."""
    shared = shared_bytes(memory, data)
    yield Target(
        "shared_buffers", size(shared), shared * NEAR, memory * HIGHEST, TWO_FIFTHS if _is_short(memory, data) else A_QUARTER,
        {"memory_bytes": memory, "stored_bytes": data.stored_bytes, "missed_ratio": data.missed_ratio},
        f"{PGTUNE}; {MANUAL}, shared_buffers: 25 % to 40 %", "more of what is read often stays in memory", "database_cache_hit_ratio",
        needs_restart=True, change_risk=2)
    cache, maintenance = memory * 3 // 4, min(memory // 16, 2 * GIB)
    yield Target(
        "effective_cache_size", size(cache), cache / 2, memory, "three quarters of {memory_bytes}, the memory of this instance",
        {"memory_bytes": memory}, PGTUNE, "the planner trusts that indexes are in memory; nothing is allocated", "database_latency_seconds")
    yield Target(
        "maintenance_work_mem", size(maintenance), maintenance / 2, maintenance * 4,
        "a sixteenth of {memory_bytes}, the memory of this instance, at most 2 GiB", {"memory_bytes": memory}, PGTUNE,
        "vacuum and the building of indexes take fewer passes", "database_dead_rows_ratio")
    yield from _sorts(settings, memory, shared)


def shared_bytes(memory: int, data: Data) -> int:
    return int(memory * (MOST if _is_short(memory, data) else QUARTER))


def huge_pages(settings: Mapping[str, Setting], memory: int, data: Data) -> tuple[int, int] | None:
    """(huge pages that the instance takes with the shared_buffers advised here, as many and a few to spare).

    None: little to gain, switched off, or unknown. The server itself tells how many it takes today, since version 15.
    """
    now, told, wish = settings.get("shared_buffers"), settings.get("shared_memory_size_in_huge_pages"), settings.get("huge_pages")
    if now is None or told is None or number(told) * PAGE < number(now) or (wish is not None and wish.setting == "off"):
        return None
    wanted = shared_bytes(memory, data)
    shared = number(now) if wanted * NEAR <= number(now) <= memory * HIGHEST else wanted
    pages = number(told) + (shared - number(now)) * GROWTH / PAGE
    return (ceil(pages), ceil(pages * SPARE)) if shared >= LARGE else None


def _is_short(memory: int, data: Data) -> bool:
    """Whether a quarter can't hold what is kept, and what is asked for is missed."""
    return data.stored_bytes > memory * QUARTER and data.missed_ratio >= MISSED


def _sorts(settings: Mapping[str, Setting], memory: int, shared: int) -> Iterator[Target]:
    connections, workers = settings.get("max_connections"), settings.get("max_worker_processes")
    if connections is None or workers is None:
        return
    sorts = (number(connections) + number(workers)) * 3
    work = max(4 * MIB, int((memory - shared) / sorts))
    yield Target(
        "work_mem", size(work), work / 2, work * 4,
        "({memory_bytes} less shared_buffers) / ({connections_count} connections and {workers_count} workers) / 3, at least 4 MiB",
        {"memory_bytes": memory, "connections_count": int(number(connections)), "workers_count": int(number(workers))}, PGTUNE,
        "sorts and hashes write fewer temporary files", "database_temporary_bytes_rate", change_risk=2)
