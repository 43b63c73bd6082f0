# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel of a host that databases are on, of one whose listeners lose connections, and of one whose limits were short for weeks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..absent import Unknown
from ..facts.memory import MemorySizes
from .causes import causes_of
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
# Those that sort requests for a head, and what the same kernel has instead (cfq: before blk-mq)
SCHEDULERS = {"cfq": "deadline", "bfq": "mq-deadline"}
READ_AHEAD, READ_AHEAD_LOW = 4096, 1024


def targets(facts: Mapping[str, Any], databases: bool) -> Iterator[Target]:
    """Values of sysctl, whatever they are today."""
    if databases:
        yield Target(
            "vm.swappiness", str(SWAPPINESS), 0, 20, "the host serves databases", {}, TUNED.format("throughput-performance"),
            "the kernel drops file pages before it swaps out a database's memory", "swap_out_pages_rate")
        yield Target(
            "vm.zone_reclaim_mode", "0", 0, 0, "the host serves databases", {}, f"{KERNEL_MANUAL}, zone_reclaim_mode",
            "memory of another NUMA node is used before file pages of this one are dropped", "disk_await_seconds")
    overflows = getattr(facts.get("tcp"), "overflows", Unknown(""))
    if isinstance(overflows, int) and overflows > 0:
        yield Target(
            "net.core.somaxconn", str(BACKLOG), BACKLOG, float("inf"),
            "{overflows_count} connections were lost at a full queue since the start",
            {"overflows_count": overflows}, "Linux default since 5.4; " + TUNED.format("throughput-performance") + ": at least 2048",
            "listeners that ask for a longer queue get it; restart them", "tcp_listen_overflows_rate")
    yield from _of_weeks(facts)


def reserved_pages(needed: Collection[tuple[int, int]]) -> Iterator[Target]:
    """Huge pages for all instances that gain by them: (least, with some to spare) of each."""
    least, wanted = (sum(pages[place] for pages in needed) for place in (0, 1))
    if least:
        yield Target(
            "vm.nr_hugepages", str(wanted), least, float("inf"),
            "{pages_count} pages for shared_buffers, by what the server tells, and 2 % to spare", {"pages_count": least},
            "PostgreSQL documentation, Linux huge pages",
            "from the server's next start on the tables of pages take less memory and time", "database_latency_seconds",
            change_risk=3)


def of_sysfs(facts: Mapping[str, Any], databases: bool) -> Iterator[tuple[str, Target]]:
    """(value of today, target) of what stands below /sys and is not as it should be."""
    if databases:
        yield from _huge_pages(facts)
    disks = getattr(facts.get("block_devices"), "disks", ())
    causes = causes_of(facts)
    for disk in disks if isinstance(disks, tuple) else ():
        better = SCHEDULERS.get(disk.scheduler)
        if better is not None and disk.device_class != "hdd":
            yield disk.scheduler, Target(
                f"block/{disk.name}/queue/scheduler", "none" if disk.device_class == "nvme" else better, 0, 0,
                "by the class of the disk: {class}", {"class": disk.device_class}, f"{KERNEL_MANUAL}, switching schedulers",
                "requests are not held back to be sorted for a head that the disk does not have", "disk_await_seconds")
        ahead = disk.read_ahead_kib
        if disk.device_class == "hdd" and ahead is not None and ahead < READ_AHEAD_LOW and disk.name in causes.get("capacity_disk", ()):
            yield str(ahead), Target(
                f"block/{disk.name}/queue/read_ahead_kb", str(READ_AHEAD), READ_AHEAD_LOW, float("inf"),
                "the disk rotates and was too slow for weeks", {}, TUNED.format("throughput-performance"),
                "a head that has arrived reads more before it goes", "disk_await_seconds")


def _huge_pages(facts: Mapping[str, Any]) -> Iterator[tuple[str, Target]]:
    """Only who asks for large pages gets them."""
    now = getattr(facts.get("memory"), "transparent_huge_pages", None)
    if now == "always":
        yield now, Target(
            "kernel/mm/transparent_hugepage/enabled", "madvise", 0, 0, "the host serves databases", {},
            TUNED.format("postgresql") + ", oracle: never; madvise leaves it to those who ask",
            "no process stands still while the kernel looks for large pages", "compaction_stalls_rate")


def _of_weeks(facts: Mapping[str, Any]) -> Iterator[Target]:
    """What the diagnosis of weeks found to be the kernel's. Values hang on the memory alone, so no later look asks for more."""
    causes = causes_of(facts)
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
