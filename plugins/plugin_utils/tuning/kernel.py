# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel of a host that databases are on, of one whose listeners lose connections, and of one whose limits were short for weeks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..absent import Unknown
from ..bottleneck.diagnosis import Diagnosis
from ..facts.memory import MemorySizes
from .share import MIB
from .step import Target

TUNED = "tuned profile {}"
SWAPPINESS = 10
BACKLOG = 4096
KERNEL_MANUAL = "Linux kernel documentation"
DIRTY, DIRTY_BACKGROUND = 512 * MIB, 64 * MIB
CONNTRACK_BYTES = 16384     # of memory for each tracked connection that may be: an entry takes some 320, so 2 % of all memory
FILE_BYTES = 10240          # the kernel's own rule: a tenth of memory at 1 KiB a file
PACKETS = 5000


def targets(facts: Mapping[str, Any], databases: bool) -> Iterator[Target]:
    """Values of sysctl, whatever they are today."""
    if databases:
        yield Target(
            "vm.swappiness", str(SWAPPINESS), 0, 20, "the host serves databases", {}, TUNED.format("throughput-performance"),
            "the kernel drops file pages before it swaps out a database's memory", "swap_out_pages_rate")
    overflows = getattr(facts.get("tcp"), "overflows", Unknown(""))
    if isinstance(overflows, int) and overflows > 0:
        yield Target(
            "net.core.somaxconn", str(BACKLOG), BACKLOG, float("inf"),
            "{overflows_count} connections were lost at a full queue since the start",
            {"overflows_count": overflows}, "Linux default since 5.4; " + TUNED.format("throughput-performance") + ": at least 2048",
            "listeners that ask for a longer queue get it; restart them", "tcp_listen_overflows_rate")
    yield from _of_weeks(facts)


def huge_pages(facts: Mapping[str, Any]) -> Iterator[tuple[str, Target]]:
    """(value of today, target) of a host with databases: only who asks for large pages gets them."""
    now = getattr(facts.get("memory"), "transparent_huge_pages", None)
    if now == "always":
        yield now, Target(
            "kernel/mm/transparent_hugepage/enabled", "madvise", 0, 0, "the host serves databases", {},
            TUNED.format("postgresql") + ", oracle: never; madvise leaves it to those who ask",
            "no process stands still while the kernel looks for large pages", "compaction_stalls_rate")


def _of_weeks(facts: Mapping[str, Any]) -> Iterator[Target]:
    """What the diagnosis of weeks found to be the kernel's. Values hang on the memory alone, so no later look asks for more."""
    diagnosis = getattr(facts.get("bottlenecks"), "diagnosis", None)
    causes = {verdict.cause for verdict in diagnosis.verdicts} if isinstance(diagnosis, Diagnosis) else set()
    sizes = getattr(facts.get("memory"), "sizes", None)
    if "writeback" in causes:
        what = "writers stood still for weeks, as too much waited to be written"
        effect = "less is written at a time, and sooner"
        for name, size in (("vm.dirty_bytes", DIRTY), ("vm.dirty_background_bytes", DIRTY_BACKGROUND)):
            yield Target(name, str(size), 1, size * 2, what, {}, TUNED.format("postgresql"), effect, "disk_await_seconds")
    if "network_backlog" in causes:
        yield Target(
            "net.core.netdev_max_backlog", str(PACKETS), PACKETS, float("inf"), "packets overflowed the backlog for weeks", {},
            f"{KERNEL_MANUAL}, netdev_max_backlog: 1000; five times as much", "bursts of packets are kept", "softnet_drops_rate")
    if isinstance(sizes, MemorySizes):
        yield from _by_memory(sizes.total_bytes, causes)


def _by_memory(memory: int, causes: Collection[str]) -> Iterator[Target]:
    values = {"memory_bytes": memory}
    if "conntrack_limit" in causes:
        wanted = memory // CONNTRACK_BYTES
        yield Target(
            "net.netfilter.nf_conntrack_max", str(wanted), wanted, float("inf"), "one for each 16 KiB of {memory_bytes}, the host's memory",
            values, f"{KERNEL_MANUAL}, nf_conntrack_max", "more connections are tracked; each takes some 320 bytes", "conntrack_used_ratio")
    if "files_limit" in causes:
        wanted = memory // FILE_BYTES
        yield Target(
            "fs.file-max", str(wanted), wanted, float("inf"), "one for each 10 KiB of {memory_bytes}, the host's memory", values,
            f"{KERNEL_MANUAL}, file-max", "more files may be open", "files_open_ratio")
