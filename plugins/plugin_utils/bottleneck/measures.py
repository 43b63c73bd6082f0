# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of each resource, by the USE method (utilisation, saturation, errors), and when a resource counts as saturated.

The method: https://www.brendangregg.com/usemethod.html. Each limit names its source; a site overrides one by
``caretaker_bottleneck_limits``. A sample is saturated where all measures of a sign are over their limits at once: a CPU that is busy
while nothing waits for it does its work well, as does a disk that answers slowly once a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from ..findings import GIB, Above, Below, ByClass, Level

NODE_MIXIN = "node-mixin of the Prometheus community"
AWESOME = "awesome-prometheus-alerts"
PMIE = "Performance Co-Pilot, default rules of pmie"
ZABBIX = "Zabbix templates"
JUDGEMENT = "judgement of this project"


class Use(Enum):
    UTILISATION = "utilisation"
    SATURATION = "saturation"
    ERRORS = "errors"


@dataclass(frozen=True)
class Measure:
    """``name``: a series of History or of derived.py; ``text`` tells its 95th percentile beside its limit."""

    name: str
    use: Use
    limit: Level | ByClass
    text: str

    def level(self, device_class: str | None) -> Level:
        return self.limit.of(device_class) if isinstance(self.limit, ByClass) else self.limit


@dataclass(frozen=True)
class Sign:
    """One way in which a resource runs short.

    ``ways``: sets of measures that must be over their limits in the same sample; the first set whose series are all there is used.
    ``alone`` False: by itself no bottleneck (nobody waits), only an explanation of others.
    ``share``: how much of the business hours of a week must be saturated; errors count from any sample on.
    """

    id: str
    resource: str
    title: str
    ways: tuple[tuple[str, ...], ...]
    alone: bool = True
    any_sample: bool = False


U, S, E = Use.UTILISATION, Use.SATURATION, Use.ERRORS

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in (
    # CPU
    Measure("cpu_busy_ratio", U, Above(0.9, source=f"{PMIE} and {NODE_MIXIN}: CPU over 90 %; time of niced processes is left out"),
            "CPU busy {p95_ratio} at P95 (limit {limit_ratio})"),
    Measure("cpu_full_ratio", U, Above(0.95, source=f"{PMIE}: some CPU over 95 %; used where the run queue is not known"),
            "CPU busy {p95_ratio} at P95 (limit {limit_ratio}; its queue is not known)"),
    Measure("run_queue_per_cpu", S, Above(1.5, source=f"{ZABBIX}: load of 1.5 per CPU"),
            "{p95_count} tasks run or wait per CPU at P95 (limit {limit_count})"),
    Measure("psi_cpu_some_ratio", S, Above(0.25, source=f"{JUDGEMENT}: a task waits for a CPU a quarter of the time (kernel PSI)"),
            "tasks wait for a CPU {p95_ratio} of the time at P95 (limit {limit_ratio})"),
    Measure("cpu_steal_ratio", S, Above(0.1, source=f"{AWESOME} and netdata: steal over 10 %"),
            "the hypervisor takes {p95_ratio} of the CPU time at P95 (limit {limit_ratio})"),
    # Memory
    Measure("memory_available_ratio", U, Below(0.1, source=f"{NODE_MIXIN} and {AWESOME}: under 10 % available"),
            "{p95_ratio} of memory available at its lowest P5 (limit {limit_ratio})"),
    Measure("memory_scarce_ratio", U, Below(0.05, source="Linuxfabrik monitoring-plugins: 95 % used; used where paging is not known"),
            "{p95_ratio} of memory available at its lowest P5 (limit {limit_ratio}; paging is not known)"),
    Measure("swap_in_pages_rate", S, Above(5, source=f"{PMIE}: 5 pages a second; read back, so that somebody waits for them"),
            "{p95_per_second} pages swapped in at P95 (limit {limit_per_second})"),
    Measure("swap_out_pages_rate", S, Above(5, source=f"{PMIE}: 5 pages a second"),
            "{p95_per_second} pages swapped out at P95 (limit {limit_per_second})"),
    Measure("major_faults_rate", S, Above(500, source=f"{NODE_MIXIN}: 500 major faults a second"),
            "{p95_per_second} major page faults at P95 (limit {limit_per_second})"),
    Measure("psi_memory_some_ratio", S, Above(0.1, source=f"{JUDGEMENT}: some task stalls a tenth of the time (kernel PSI)"),
            "tasks stall for memory {p95_ratio} of the time at P95 (limit {limit_ratio})"),
    Measure("oom_kills_rate", E, Above(1e-9, source=f"{PMIE}: any"), "processes were killed for want of memory"),
    # Disks
    Measure("disk_await_seconds", S, ByClass({
        "nvme": Above(0.005, source="NetApp Harvest: 5 ms for flash"), "ssd": Above(0.005, source="NetApp Harvest: 5 ms for flash"),
        "san": Above(0.02, source=f"{ZABBIX}: 20 ms"), "virtual": Above(0.02, source=f"{ZABBIX}: 20 ms"),
        "hdd": Above(0.03, source="Pigsty: 32 ms for any disk, rounded"),
    }, Above(0.03, source="Pigsty: 32 ms for any disk, rounded")), "{instance}: an I/O takes {p95_seconds} at P95 (limit {limit_seconds})"),
    Measure("disk_busy_ratio", U, Above(0.6, source=f"{JUDGEMENT}: waiting counts where the disk is in use most of the time"),
            "{instance}: busy {p95_ratio} of the time at P95 (limit {limit_ratio})"),
    Measure("disk_queue_length", S, Above(1, source="Little's law: on average always an I/O outstanding"),
            "{instance}: {p95_count} I/Os outstanding at P95 (limit {limit_count})"),
    Measure("psi_io_full_ratio", S, Above(0.1, source=f"{JUDGEMENT}: all tasks stall a tenth of the time (kernel PSI)"),
            "all tasks stall for I/O {p95_ratio} of the time at P95 (limit {limit_ratio})"),
    Measure("cpu_iowait_ratio", S, Above(0.2, source=f"twice the 10 % of {AWESOME}, netdata: 40 %"),
            "CPUs wait for I/O {p95_ratio} of the time at P95 (limit {limit_ratio})"),
    # File systems
    Measure("filesystem_used_ratio", U, Above(0.9, source=f"{ZABBIX}: 90 %"), "{instance}: {p95_ratio} used (limit {limit_ratio})"),
    Measure("filesystem_free_bytes", U, Below(10 * GIB, source=f"{ZABBIX}: under 10 GB free; a large volume at 95 % has room"),
            "{instance}: {p95_bytes} free (limit {limit_bytes})"),
    Measure("filesystem_inodes_used_ratio", U, Above(0.9, source="Linuxfabrik monitoring-plugins: 90 %"),
            "{instance}: {p95_ratio} of its inodes used (limit {limit_ratio})"),
    # Network
    Measure("interface_full_ratio", U, Above(0.85, source=f"{PMIE}: 85 % of the speed of the link"),
            "{instance}: {p95_ratio} of its speed used at P95 (limit {limit_ratio})"),
    Measure("interface_errors_rate", E, Above(1, source=f"{JUDGEMENT}: a damaged frame a second; Linuxfabrik warns of any, pmie from 15"),
            "{instance}: {p95_per_second} damaged frames at P95 (limit {limit_per_second})"),
    Measure("interface_drops_rate", S, Above(10, source=f"{JUDGEMENT}: below that a few frames of unknown protocols are usual"),
            "{instance}: {p95_per_second} frames dropped at P95 (limit {limit_per_second})"),
    Measure("softnet_drops_rate", S, Above(1, source=f"{JUDGEMENT}: a packet a second that the backlog had no room for"),
            "{p95_per_second} packets dropped for want of backlog at P95 (limit {limit_per_second})"),
    Measure("tcp_retransmits_ratio", E, Above(0.01, source="Pigsty and netdata: 1 % of the segments"),
            "{p95_ratio} of the TCP segments sent again at P95 (limit {limit_ratio})"),
    Measure("tcp_segments_out_rate", U, Above(10, source=f"{JUDGEMENT}: fewer segments make no ratio"),
            "{p95_per_second} TCP segments sent at P95"),
    Measure("tcp_listen_overflows_rate", S, Above(0.01, source=f"{PMIE}: any; about one in two minutes, on average"),
            "{p95_per_second} connections refused for a full queue at P95 (limit {limit_per_second})"),
    # Limits of the kernel
    Measure("conntrack_used_ratio", U, Above(0.75, source=f"{NODE_MIXIN}: 75 %"),
            "table of tracked connections {p95_ratio} full at P95 (limit {limit_ratio})"),
    Measure("files_open_ratio", U, Above(0.7, source=f"{NODE_MIXIN}: 70 %"),
            "{p95_ratio} of the open files allowed at P95 (limit {limit_ratio})"),
    # Databases
    Measure("database_connections_ratio", U, Above(0.9, source="postgresqltuner and netdata: 90 %"),
            "{instance}: {p95_ratio} of its connections used at P95 (limit {limit_ratio})"),
    Measure("database_lock_waits_count", S, Above(2, source=f"{JUDGEMENT}: two sessions that wait for locks, on average"),
            "{instance}: {p95_count} sessions wait for locks at P95 (limit {limit_count})"),
    Measure("database_io_waits_count", S, Above(2, source=f"{JUDGEMENT}: two sessions that wait for I/O, on average"),
            "{instance}: {p95_count} sessions wait for I/O at P95 (limit {limit_count})"),
    Measure("database_log_waits_rate", S, Above(0.1, source="MySQLTuner: any wait for the log buffer; one in ten seconds, on average"),
            "{instance}: {p95_per_second} waits for its log buffer at P95 (limit {limit_per_second})"),
    Measure("database_checkpoints_requested_ratio", S, Above(0.5, source="postgres_mixin: half of the checkpoints are forced"),
            "{instance}: {p95_ratio} of the checkpoints are forced at P95 (limit {limit_ratio})"),
    Measure("database_redo_used_ratio", U, Above(0.75, source="netdata, MySQL checkpoint age: from 75 % on InnoDB flushes in haste"),
            "{instance}: its redo log {p95_ratio} full at P95 (limit {limit_ratio})"),
    Measure("database_temporary_bytes_rate", S, Above(10 * 2**20,
                                                      source=f"{JUDGEMENT}: 10 MiB a second; postgres-checkup counts 1 GB a day"),
            "{instance}: {p95_bytes_per_second} of temporary files at P95 (limit {limit_bytes_per_second})"),
    Measure("database_temporary_tables_rate", S, Above(10, source=f"{JUDGEMENT}: ten temporary tables on disk a second"),
            "{instance}: {p95_per_second} temporary tables on disk at P95 (limit {limit_per_second})"),
    Measure("database_dead_rows_ratio", S, Above(0.2, source="postgresql.conf, autovacuum_vacuum_scale_factor: 20 %"),
            "{instance}: {p95_ratio} of its rows are dead at P95 (limit {limit_ratio})"),
    Measure("database_history_list_count", S, Above(1_000_000, source="Percona: a million row versions that wait to be purged"),
            "{instance}: {p95_count} old row versions wait to be purged at P95 (limit {limit_count})"),
    Measure("database_cache_hit_ratio", S, Below(0.9, source=f"{ZABBIX}: 90 %"),
            "{instance}: {p95_ratio} of the blocks found in its cache at P5 (limit {limit_ratio})"),
    Measure("database_latency_seconds", S, Above(1, source=f"{JUDGEMENT}: a second for the mean statement"),
            "{instance}: a statement takes {p95_seconds} at P95 (limit {limit_seconds})"),
    # Middleware
    Measure("pool_used_ratio", U, Above(0.95, source="Caretaker's own limit for pools of database connections"),
            "{instance}: {p95_ratio} of its pool used at P95 (limit {limit_ratio})"),
    Measure("threads_used_ratio", U, Above(0.9, source="Linuxfabrik monitoring-plugins: 90 % of a server's threads"),
            "{instance}: {p95_ratio} of its threads busy at P95 (limit {limit_ratio})"),
    Measure("connections_dropped_ratio", S, Above(0.001, source=f"nginx documentation (stub_status): none unless a limit was reached; "
                                                                f"{JUDGEMENT}: one in a thousand"),
            "{instance}: {p95_ratio} of its connections dropped at P95 (limit {limit_ratio})"),
    Measure("places_used_ratio", U, Above(0.9, source="Linuxfabrik monitoring-plugins: 90 % of a server's connections"),
            "{instance}: {p95_ratio} of its places for connections used at P95 (limit {limit_ratio})"),
    Measure("queue_length", S, Above(1000, source=f"{AWESOME}: over 1,000 messages ready"),
            "{instance}: {p95_count} in its queues at P95 (limit {limit_count})"),
    Measure("heap_after_gc_ratio", U, Above(0.8, source="Caretaker's own limit for a heap after a full collection"),
            "{instance}: {p95_ratio} of the heap in use after a collection at P95 (limit {limit_ratio})"),
    Measure("gc_time_ratio", S, Above(0.1, source=f"twice the 5 % of {AWESOME}"),
            "{instance}: {p95_ratio} of the time in garbage collections at P95 (limit {limit_ratio})"),
    Measure("latency_seconds", S, Above(3, source=f"{AWESOME}: 3 s"),
            "{instance}: an answer takes {p95_seconds} at P95 (limit {limit_seconds})"),
)}

SIGNS: Mapping[str, Sign] = {sign.id: sign for sign in (
    Sign("cpu_busy", "cpu", "tasks wait for a CPU",
         (("cpu_busy_ratio", "run_queue_per_cpu"), ("cpu_busy_ratio", "psi_cpu_some_ratio"), ("cpu_full_ratio",))),
    Sign("cpu_steal", "cpu", "the hypervisor takes CPU time", (("cpu_steal_ratio",),)),
    Sign("memory_swapping", "memory", "memory is swapped to and fro", (("swap_in_pages_rate", "swap_out_pages_rate"),)),
    Sign("memory_stalled", "memory", "tasks stall for memory", (("psi_memory_some_ratio",),)),
    Sign("memory_low", "memory", "hardly any memory is available",
         (("memory_available_ratio", "major_faults_rate"), ("memory_scarce_ratio",))),
    Sign("memory_killed", "memory", "processes are killed for want of memory", (("oom_kills_rate",),), any_sample=True),
    Sign("disk_slow", "disk", "a disk answers slowly",
         (("disk_await_seconds", "disk_busy_ratio"), ("disk_await_seconds", "disk_queue_length"))),
    Sign("storage_waits", "disk", "the host waits for I/O", (("psi_io_full_ratio", "cpu_iowait_ratio"), ("cpu_iowait_ratio",))),
    Sign("filesystem_full", "filesystem", "a file system is full", (("filesystem_used_ratio", "filesystem_free_bytes"),
                                                                    ("filesystem_used_ratio",))),
    Sign("filesystem_inodes", "filesystem", "a file system has no inodes left", (("filesystem_inodes_used_ratio",),)),
    Sign("interface_full", "network", "a network link is full", (("interface_full_ratio",),)),
    Sign("interface_errors", "network", "a network link damages frames", (("interface_errors_rate",),)),
    Sign("interface_drops", "network", "frames are dropped", (("interface_drops_rate",),)),
    Sign("softnet_drops", "network", "packets overflow the kernel's backlog", (("softnet_drops_rate",),)),
    Sign("tcp_retransmits", "network", "TCP segments are lost", (("tcp_retransmits_ratio", "tcp_segments_out_rate"),)),
    Sign("tcp_listen", "backlog", "connections are refused", (("tcp_listen_overflows_rate",),)),
    Sign("conntrack_full", "conntrack", "the table of tracked connections is full", (("conntrack_used_ratio",),)),
    Sign("files_full", "files", "open files reach their limit", (("files_open_ratio",),)),
    Sign("database_connections", "connections", "the database's connections run out", (("database_connections_ratio",),)),
    Sign("database_locks", "locks", "sessions wait for locks", (("database_lock_waits_count",),)),
    Sign("database_io", "cache", "the database waits for I/O", (("database_io_waits_count",),)),
    Sign("database_log", "log", "the database waits for its log", (("database_log_waits_rate",),)),
    Sign("database_checkpoints", "checkpoints", "checkpoints are forced",
         (("database_checkpoints_requested_ratio",), ("database_redo_used_ratio",)), alone=False),
    Sign("database_temporary", "work_memory", "sorts spill to disk",
         (("database_temporary_bytes_rate",), ("database_temporary_tables_rate",)), alone=False),
    Sign("database_dead_rows", "vacuum", "dead rows pile up", (("database_dead_rows_ratio",), ("database_history_list_count",)),
         alone=False),
    Sign("database_cache", "cache", "the database's cache is too small", (("database_cache_hit_ratio",),), alone=False),
    Sign("database_latency", "plan", "queries are slow", (("database_latency_seconds",),)),
    Sign("pool_full", "pool", "a connection pool is used up", (("pool_used_ratio",),)),
    Sign("threads_full", "threads", "all threads are busy", (("threads_used_ratio",),)),
    Sign("places_full", "places", "a server's places for connections are used up", (("places_used_ratio",),)),
    Sign("connections_dropped", "places", "a server turns connections away", (("connections_dropped_ratio",),)),
    Sign("queue_long", "queue", "a queue grows", (("queue_length",),)),
    Sign("heap_full", "heap", "a heap is full", (("heap_after_gc_ratio",),)),
    Sign("heap_collected", "heap", "garbage collections take the time", (("gc_time_ratio",),)),
    Sign("answers_slow", "answers", "answers are slow", (("latency_seconds",),)),
)}

# Utilisations that grow towards a limit and whose growth is worth a forecast
FORECAST = (
    "cpu_busy_ratio", "memory_used_ratio", "filesystem_used_ratio", "filesystem_inodes_used_ratio", "interface_full_ratio",
    "conntrack_used_ratio",
    "files_open_ratio", "database_connections_ratio", "pool_used_ratio", "threads_used_ratio", "heap_after_gc_ratio",
)
FORECAST_LIMITS: Mapping[str, float] = {"memory_used_ratio": 0.9}       # 1 - memory_available_ratio
RESOURCE_OF: Mapping[str, str] = {
    "memory_used_ratio": "memory", **{name: sign.resource for sign in SIGNS.values() for way in sign.ways for name in way},
}
# Of which every host has some: where they are missing, that is told
EVERYWHERE = ("cpu", "memory", "disk")


def measures_with(limits: Mapping[str, float | Mapping[str, float]]) -> Mapping[str, Measure]:
    """The registry with a site's own limits: {measure: number}, or {measure: {class of device: number}}."""
    return {**MEASURES, **dict(_changed(limits))}


def _changed(limits: Mapping[str, float | Mapping[str, float]]) -> Iterator[tuple[str, Measure]]:
    for name, wanted in limits.items():
        measure = MEASURES[name]
        default = measure.level(None)
        if isinstance(wanted, Mapping):
            old = measure.limit.levels if isinstance(measure.limit, ByClass) else {}
            yield name, replace(measure, limit=ByClass({**old, **{kind: _of_site(default, value) for kind, value in wanted.items()}},
                                                       default))
        else:
            yield name, replace(measure, limit=_of_site(default, wanted))


def _of_site(level: Level, value: float) -> Level:
    return replace(level, warning=float(value), source="set by this site (caretaker_bottleneck_limits)")
