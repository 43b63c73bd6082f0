# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done about the cause of a long-term bottleneck: settings that formulas know, or else work that people do."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from ..bottleneck.diagnosis import Verdict

# {cause of bottleneck/causes.py: settings whose steps answer to it, as patterns}
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "swappiness": ("vm.swappiness",),
    "capacity_disk": ("block/*/queue/read_ahead_kb", "block/*/queue/scheduler"),
    "writeback": ("vm.dirty_bytes", "vm.dirty_background_bytes"),
    "network_backlog": ("net.core.netdev_max_backlog",),
    "listen_backlog": ("net.core.somaxconn",),
    "conntrack_limit": ("net.netfilter.nf_conntrack_max",),
    "files_limit": ("fs.file-max",),
    "places_few": ("worker_rlimit_nofile", "worker_connections", "* maxconn"),
    "threads_few": ("* maxThreads",),
    "checkpoints_forced": ("max_wal_size", "min_wal_size", "innodb_redo_log_capacity", "innodb_log_file_size"),
    "log_small": ("innodb_log_buffer_size", "innodb_redo_log_capacity", "innodb_log_file_size"),
    "sorts_spill": ("work_mem", "tmp_table_size", "max_heap_table_size"),
    "cache_small": ("shared_buffers", "innodb_buffer_pool_size"),
    "reads_much": ("shared_buffers", "innodb_buffer_pool_size", "effective_cache_size"),
    "vacuum_behind": (
        "autovacuum_vacuum_cost_limit", "autovacuum_vacuum_cost_delay", "autovacuum_max_workers", "maintenance_work_mem"),
    "statements_slow": ("random_page_cost", "effective_cache_size", "work_mem"),
}
# {cause: what people do about it}, where no setting is known or its step was not needed
BY_HAND: Mapping[str, str] = {
    "cpu_throttled": "Look at fans, air and power limits of the server; have the manufacturer's service repair it.",
    "cpu_stolen": "Ask who runs the hypervisor for reserved CPUs, or move the machine to a host that is not overcommitted.",
    "cpu_in_kernel": "Find what calls the kernel so often (perf top), then its program's settings or a newer kernel.",
    "query_dominates": "Work on the statement: its plan, an index for it, or how often it is asked.",
    "capacity_cpu": "More or faster CPUs, or move work to other hosts and hours.",
    "memory_lost": "Find the module that failed (dmidecode, BMC) and replace it.",
    "memory_limit": "Find the control group whose programs stall (its memory.pressure) and give it more (MemoryHigh, MemoryMax).",
    "memory_leak": "Have the program's maker mend what grows; until then restart it in a quiet hour.",
    "capacity_memory": "More memory, or move work to other hosts.",
    "disk_failing": "Replace the disk.",
    "raid_impaired": "Replace the failed member and let it rebuild in quiet hours.",
    "raid_write_through": "Replace the battery or capacitor of the controller's cache.",
    "capacity_disk": "Faster or more disks, or move data and work to others.",
    "capacity_filesystem": "A larger volume, or less data: retention, archives.",
    "too_few_inodes": "Remove or archive many small files, or make the file system anew with more inodes.",
    "link_slow": "Look at cable, port and negotiation on both sides.",
    "capacity_network": "A faster link, a bond, or move work to other hours.",
    "link_damages": "Replace cable or transceiver, then port, then card.",
    "receive_ring": "Enlarge the card's ring (ethtool -G) and spread its interrupts.",
    "path_loses": "Ask the network's team to look at the path, with the hours named here.",
    "pool_small": "Enlarge the pool, as far as the database behind it allows.",
    "threads_few": "More threads, as far as memory and what they wait for allow.",
    "consumers_slow": "More or faster consumers; look at what they wait for.",
    "heap_small": "A larger heap, or find what fills it (heap dump).",
    "collections": "Another collector or a larger young generation; find what makes so much garbage.",
    "answers_slow_cause": "Have the program's maker trace slow requests.",
    "connections_few": "A pooler, fewer idle connections, or more connections where memory allows.",
    "lock_waits": "Shorten the transactions that block others, or change their order.",
    "vacuum_behind": "End long transactions first: what the oldest may still see is not removed, by vacuum (which waits for replication "
                     "slots and prepared transactions too) or by InnoDB's purge.",
}
# Causes whose steps do no good before people did that
FIRST = ("vacuum_behind",)

# Where a setting would answer, and its value is as it should be or nobody could say
LOOK = "Look at {names}: no formula changes them here."

# Rules whose findings are proposals: what they name costs, but what may be changed only the application's people know
PROPOSED = (
    "postgresql_connections", "mysql_connections", "postgresql_unused_indexes", "postgresql_duplicate_indexes",
    "postgresql_invalid_indexes", "postgresql_index_bloat",
    "mysql_unused_indexes", "mysql_redundant_indexes", "limit_files", "limit_processes", "tomcat_threads", "java_heap",
    "java_files", "java_gc_time", "java_memory", "java_options", "haproxy_connections", "haproxy_sessions", "haproxy_queue",
    "httpd_workers", "rabbitmq_memory", "rabbitmq_resources", "rabbitmq_backlog", "redis_overcommit", "redis_huge_pages",
)

# {cause: the value of its evidence that grows with the work and falls with the capacity}
SIZED: Mapping[str, str] = {"capacity_cpu": "p95_count", "capacity_network": "p95_ratio", "capacity_filesystem": "p95_ratio"}
HOW_MUCH = "At least {times_count} times what is there would be within the limit at P95."
HOW_MUCH_DISK = ("Within its limit at least what {disk} does while it is too slow (P95): {transfers_per_second} transfers, "
                 "{read_bytes_per_second} read, {written_bytes_per_second} written.")


def how_much(verdict: Verdict) -> tuple[str, Mapping[str, Any]] | None:
    """How much of a resource there should be, as a multiple of what is there or by its work: a template and its values; None where that
    can't be told.

    The P95 of what is measured by its limit. What a full link or CPU turned away is not in it, so it is the least.
    """
    if "transfers_per_second" in verdict.values:
        return HOW_MUCH_DISK, verdict.values
    name = SIZED.get(verdict.cause, "")
    found = next((fact.values for fact in verdict.evidence if name in fact.values), None)
    if found is None:
        return None
    return HOW_MUCH, {"times_count": round(float(found[name]) / float(found[name.replace("p95", "limit")]), 1)}


def by_hand(cause: str) -> tuple[str, dict[str, str]]:
    """What people do about a cause that no step answers to: a template and its values."""
    return (BY_HAND[cause], {}) if cause in BY_HAND else (LOOK, {"names": ", ".join(name.removeprefix("* ") for name in SETTINGS[cause])})


def steps_for(cause: str, settings: Mapping[str, str]) -> list[str]:
    """Ids of the steps that answer to the cause; ``settings``: {setting: id of its step} of one host."""
    return [settings[name] for pattern in SETTINGS.get(cause, ()) for name in fnmatch.filter(settings, pattern)]
