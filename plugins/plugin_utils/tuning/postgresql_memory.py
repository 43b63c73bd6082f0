# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's memory: its cache, what hangs on the cache's size, and the huge pages that it lies in.

What PostgreSQL reads lies in the kernel's cache too. Where all that is read often fits into both, a larger cache of its own saves the way
to the kernel; where much must come from a disk anyway, it holds twice what is held already, and the disk is asked more often: pgbench -S
over 3.3 GB in 2 GiB of memory did 0.89 times the default's throughput with two fifths of the memory (0.86 to 0.96), 0.92 with a quarter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..facts.postgresql_model import Instance, Reads, Setting
from .postgresql import MANUAL, PGTUNE, number, size
from .share import GIB, MIB
from .step import Target

QUARTER, MOST = 0.25, 0.4           # of the memory: where to begin, and beyond what hardly anything is won (PostgreSQL documentation)
NEAR = 0.5                          # of the target; less is raised
HIGHEST = 0.425                     # of the memory; 40 % is still good
MISSED = 0.01                       # PgHero: 99 % of the blocks in the cache
LEAST = 128 * MIB                   # PostgreSQL's default
FROM_DISK = 0.25                    # of what it asks the kernel for: so much means that the memory is too small, however it is shared out
ENOUGH_BYTES = 1 << 30              # that it asked for; less says nothing of its work
LARGE = 256 * MIB                   # of shared_buffers; huge pages for 128 MiB were no gain in scripts/bench tuning (judgement)
PAGE = 2 * MIB                      # of most machines; where the server counts larger ones, nothing is advised
GROWTH = 1.05                       # what the server keeps beside each byte of its cache: 2 to 4.5 %, seen with PostgreSQL 15
SPARE = 1.02
A_QUARTER = "a quarter of {memory_bytes}, the memory of this instance"
TWO_FIFTHS = ("two fifths of {memory_bytes}, the memory of this instance: its databases take {stored_bytes}, its cache missed "
              "{missed_ratio} of the blocks that were asked for, and {disk_ratio} of these came from a disk")
A_SIXTEENTH = ("a sixteenth of {memory_bytes}, the memory of this instance, at least 128 MiB: its databases take {stored_bytes}, and "
               "{disk_ratio} of what its cache missed came from a disk, so a larger one would only hold twice what the kernel's holds")


@dataclass(frozen=True)
class Data:
    """What an instance keeps, as far as it is known, the share of the blocks asked for that its cache did not have, and the share of those
    that came from a disk; None where that is not known."""

    stored_bytes: float
    missed_ratio: float
    disk_ratio: float | None


def data_of(instance: Instance, facts: Mapping[str, Any]) -> Data:
    """Zero for what is not known: then the cache is not advised to be larger than usual."""
    looked_at = getattr(facts.get("postgresql_tables"), "databases", ())
    own = [item.about for item in looked_at if item.thing.startswith(f"{instance.name}/")] if isinstance(looked_at, tuple) else []
    counted = instance.databases if isinstance(instance.databases, tuple) else ()
    read, hit = sum(item.blocks_read for item in counted), sum(item.blocks_hit for item in counted)
    reads = instance.reads
    disk = min(1.0, reads.disk_bytes / reads.asked_bytes) if isinstance(reads, Reads) and reads.asked_bytes >= ENOUGH_BYTES else None
    return Data(sum(getattr(about, "size_bytes", 0.0) for about in own), read / (read + hit) if read else 0.0, disk)


def targets(settings: Mapping[str, Setting], memory: int, data: Data) -> Iterator[Target]:
    """``memory``: bytes that the instance may use."""
    wanted, lowest, formula = _wanted(memory, data)
    yield Target(
        "shared_buffers", size(wanted), lowest, memory * HIGHEST, formula,
        {"memory_bytes": memory, "stored_bytes": data.stored_bytes, "missed_ratio": data.missed_ratio, "disk_ratio": data.disk_ratio},
        f"{PGTUNE}; {MANUAL}, shared_buffers: 25 % to 40 %; scripts/bench tuning", "more of what is read often stays in memory",
        "database_cache_hit_ratio", needs_restart=True, change_risk=2)
    cache, maintenance = memory * 3 // 4, min(memory // 16, 2 * GIB)
    yield Target(
        "effective_cache_size", size(cache), cache / 2, memory, "three quarters of {memory_bytes}, the memory of this instance",
        {"memory_bytes": memory}, PGTUNE, "the planner trusts that indexes are in memory; nothing is allocated", "database_latency_seconds")
    yield Target(
        "maintenance_work_mem", size(maintenance), maintenance / 2, maintenance * 4,
        "a sixteenth of {memory_bytes}, the memory of this instance, at most 2 GiB", {"memory_bytes": memory}, PGTUNE,
        "vacuum and the building of indexes take fewer passes", "database_dead_rows_ratio")
    yield from _sorts(settings, memory, _shared(settings, memory, data))


def huge_pages(settings: Mapping[str, Setting], memory: int, data: Data) -> tuple[int, int] | None:
    """(huge pages that the instance takes with the shared_buffers advised here, as many and a few to spare).

    None: little to gain, switched off, or unknown. The server itself tells how many it takes today, since version 15.
    """
    now, told, wish = settings.get("shared_buffers"), settings.get("shared_memory_size_in_huge_pages"), settings.get("huge_pages")
    if now is None or told is None or number(told) * PAGE < number(now) or (wish is not None and wish.setting == "off"):
        return None
    shared = _shared(settings, memory, data)
    pages = number(told) + (shared - number(now)) * GROWTH / PAGE
    return (ceil(pages), ceil(pages * SPARE)) if shared >= LARGE else None


def _wanted(memory: int, data: Data) -> tuple[int, float, str]:
    """(bytes of shared_buffers, from how many on they are left alone, by which formula)"""
    if data.stored_bytes <= memory * QUARTER or data.missed_ratio < MISSED or data.disk_ratio is None:
        return int(memory * QUARTER), memory * QUARTER * NEAR, A_QUARTER
    if data.disk_ratio < FROM_DISK:
        return int(memory * MOST), memory * MOST * NEAR, TWO_FIFTHS
    least = max(LEAST, memory // 16)
    return least, least, A_SIXTEENTH


def _shared(settings: Mapping[str, Setting], memory: int, data: Data) -> float:
    """Bytes of shared_buffers once all is done that is advised here."""
    wanted, lowest, _formula = _wanted(memory, data)
    now = number(settings["shared_buffers"]) if "shared_buffers" in settings else 0.0
    return now if lowest <= now <= memory * HIGHEST else wanted


def _sorts(settings: Mapping[str, Setting], memory: int, shared: float) -> Iterator[Target]:
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
