# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series of a host from the metrics of the exporters for node, PostgreSQL, MySQL and nginx, by Prometheus' range queries.

The API: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

import numpy as np

from ..absent import Unknown
from .series import History, Values

MOST_POINTS = 11000     # what Prometheus gives at once of one series
DISKS = 'device!~"(loop|ram|sr|fd|zram).*"'
INTERFACES = 'device!~"lo|(veth|tap|vnet|cali|cni|flannel).*"'
FILE_SYSTEMS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|devtmpfs"'

# measure: (label that names the instance, query); @ is the selector of the exporter, % the window of a rate
NODE: Mapping[str, tuple[str, str]] = {
    **{f"cpu_{name}_ratio": ("", f'avg(rate(node_cpu_seconds_total{{@,mode="{mode}"}}[%]))') for name, mode in (
        ("user", "user"), ("nice", "nice"), ("system", "system"), ("iowait", "iowait"), ("steal", "steal"), ("idle", "idle"))},
    "cpu_irq_ratio": ("", 'avg(sum by (cpu) (rate(node_cpu_seconds_total{@,mode=~"irq|softirq"}[%])))'),
    "cpus_count": ("", 'count(node_cpu_seconds_total{@,mode="idle"})'),
    **{name: ("", f"{metric}{{@}}") for name, metric in (
        ("run_queue_length", "node_procs_running"), ("blocked_processes_count", "node_procs_blocked"), ("load_1", "node_load1"),
        ("load_5", "node_load5"), ("load_15", "node_load15"), ("memory_total_bytes", "node_memory_MemTotal_bytes"),
        ("memory_free_bytes", "node_memory_MemFree_bytes"), ("memory_available_bytes", "node_memory_MemAvailable_bytes"),
        ("memory_cached_bytes", "node_memory_Cached_bytes"), ("memory_buffers_bytes", "node_memory_Buffers_bytes"),
        ("memory_committed_bytes", "node_memory_Committed_AS_bytes"), ("memory_dirty_bytes", "node_memory_Dirty_bytes"),
        ("swap_total_bytes", "node_memory_SwapTotal_bytes"), ("files_open_count", "node_filefd_allocated"),
        ("files_limit_count", "node_filefd_maximum"), ("sockets_tcp_count", "node_sockstat_TCP_inuse"))},
    "swap_used_ratio": ("", "1 - node_memory_SwapFree_bytes{@} / node_memory_SwapTotal_bytes{@}"),
    "hugepages_free_ratio": ("", "node_memory_HugePages_Free{@} / node_memory_HugePages_Total{@}"),
    "conntrack_used_ratio": ("", "node_nf_conntrack_entries{@} / node_nf_conntrack_entries_limit{@}"),
    **{name: ("", f"sum(rate({metric}{{@}}[%]))") for name, metric in (
        ("context_switches_rate", "node_context_switches_total"), ("forks_rate", "node_forks_total"),
        ("swap_in_pages_rate", "node_vmstat_pswpin"), ("swap_out_pages_rate", "node_vmstat_pswpout"),
        ("major_faults_rate", "node_vmstat_pgmajfault"), ("oom_kills_rate", "node_vmstat_oom_kill"),
        ("psi_cpu_some_ratio", "node_pressure_cpu_waiting_seconds_total"),
        ("psi_memory_some_ratio", "node_pressure_memory_waiting_seconds_total"),
        ("psi_memory_full_ratio", "node_pressure_memory_stalled_seconds_total"),
        ("psi_io_some_ratio", "node_pressure_io_waiting_seconds_total"),
        ("psi_io_full_ratio", "node_pressure_io_stalled_seconds_total"),
        ("tcp_retransmits_rate", "node_netstat_Tcp_RetransSegs"), ("tcp_segments_out_rate", "node_netstat_Tcp_OutSegs"),
        ("tcp_listen_overflows_rate", "node_netstat_TcpExt_ListenOverflows"), ("softnet_drops_rate", "node_softnet_dropped_total"),
        ("softnet_squeezed_rate", "node_softnet_times_squeezed_total"))},
    **{name: ("device", f"rate({metric}{{@,{DISKS}}}[%])") for name, metric in (
        ("disk_busy_ratio", "node_disk_io_time_seconds_total"), ("disk_queue_length", "node_disk_io_time_weighted_seconds_total"),
        ("disk_read_bytes_rate", "node_disk_read_bytes_total"), ("disk_write_bytes_rate", "node_disk_written_bytes_total"))},
    "disk_transfers_rate": ("device", f"rate(node_disk_reads_completed_total{{@,{DISKS}}}[%]) + "
                                      f"rate(node_disk_writes_completed_total{{@,{DISKS}}}[%])"),
    "disk_await_seconds": ("device", f"(rate(node_disk_read_time_seconds_total{{@,{DISKS}}}[%]) + "
                                     f"rate(node_disk_write_time_seconds_total{{@,{DISKS}}}[%])) / "
                                     f"(rate(node_disk_reads_completed_total{{@,{DISKS}}}[%]) + "
                                     f"rate(node_disk_writes_completed_total{{@,{DISKS}}}[%]))"),
    "filesystem_used_ratio": ("mountpoint", f"1 - node_filesystem_avail_bytes{{@,{FILE_SYSTEMS}}} / "
                                            f"node_filesystem_size_bytes{{@,{FILE_SYSTEMS}}}"),
    "filesystem_inodes_used_ratio": ("mountpoint", f"1 - node_filesystem_files_free{{@,{FILE_SYSTEMS}}} / "
                                                   f"node_filesystem_files{{@,{FILE_SYSTEMS}}}"),
    "filesystem_free_bytes": ("mountpoint", f"node_filesystem_avail_bytes{{@,{FILE_SYSTEMS}}}"),
    **{f"interface_{name}_rate": ("device", f"rate(node_network_{metric}_total{{@,{INTERFACES}}}[%])") for name, metric in (
        ("receive_bytes", "receive_bytes"), ("transmit_bytes", "transmit_bytes"), ("receive_errors", "receive_errs"),
        ("transmit_errors", "transmit_errs"), ("receive_drops", "receive_drop"), ("transmit_drops", "transmit_drop"))},
    "interface_speed_bits": ("device", f"node_network_speed_bytes{{@,{INTERFACES}}} * 8"),
}
POSTGRESQL: Mapping[str, tuple[str, str]] = {
    "database_connections_ratio": ("", "sum(pg_stat_database_numbackends{@}) / max(pg_settings_max_connections{@})"),
    "database_cache_hit_ratio": ("", "sum(rate(pg_stat_database_blks_hit{@}[%])) / "
                                     "(sum(rate(pg_stat_database_blks_hit{@}[%])) + sum(rate(pg_stat_database_blks_read{@}[%])))"),
    "database_transactions_rate": ("", "sum(rate(pg_stat_database_xact_commit{@}[%])) + sum(rate(pg_stat_database_xact_rollback{@}[%]))"),
    "database_temporary_bytes_rate": ("", "sum(rate(pg_stat_database_temp_bytes{@}[%]))"),
    "database_latency_seconds": ("", "sum(rate(pg_stat_database_active_time_seconds_total{@}[%])) / "
                                     "(sum(rate(pg_stat_database_xact_commit{@}[%])) + sum(rate(pg_stat_database_xact_rollback{@}[%])))"),
    "database_dead_rows_ratio": ("", "sum(pg_stat_user_tables_n_dead_tup{@}) / "
                                     "(sum(pg_stat_user_tables_n_dead_tup{@}) + sum(pg_stat_user_tables_n_live_tup{@}))"),
}
MYSQL: Mapping[str, tuple[str, str]] = {
    "database_connections_ratio": ("", "max(mysql_global_status_threads_connected{@}) / max(mysql_global_variables_max_connections{@})"),
    "database_cache_hit_ratio": ("", "1 - sum(rate(mysql_global_status_innodb_buffer_pool_reads{@}[%])) / "
                                     "sum(rate(mysql_global_status_innodb_buffer_pool_read_requests{@}[%]))"),
    "database_transactions_rate": ("", 'sum(rate(mysql_global_status_commands_total{@,command=~"commit|rollback"}[%]))'),
    "database_log_waits_rate": ("", "sum(rate(mysql_global_status_innodb_log_waits{@}[%]))"),
    "database_lock_waits_count": ("", "max(mysql_global_status_innodb_row_lock_current_waits{@})"),
}
NGINX: Mapping[str, tuple[str, str]] = {
    "connections_dropped_ratio": ("", "1 - sum(rate(nginx_connections_handled{@}[%])) / sum(rate(nginx_connections_accepted{@}[%]))"),
}
EXPORTERS = {"node": NODE, "postgresql": POSTGRESQL, "mysql": MYSQL, "nginx": NGINX}
BOOT = "node_boot_time_seconds{@}"


class Down(Exception):
    """Nobody answers at the address, or not as Prometheus: no other query would fare better."""


class Refused(Exception):
    """Prometheus' own word that it can't answer this query, or not wholly."""


Ask: TypeAlias = Callable[[str, float, float, float], list[Any]]       # query, start, end, step -> result of query_range


@dataclass(frozen=True)
class Server:
    """``url`` without /api; times in seconds."""

    url: str
    user: str = ""
    password: str = ""
    token: str = ""
    ca_file: str | None = None
    timeout: float = 30.0

    def ask(self, query: str, start: float, end: float, step: float) -> list[Any]:
        """Raises Down and Refused."""
        # It takes a tenth of a second to load, which every inspection would pay
        from ansible.module_utils.urls import ConnectionError as Unanswered, open_url

        if not self.url.startswith(("http://", "https://")):
            raise Down(f"{self.url} is not an address that begins with http:// or https://")
        words = urlencode({"query": query, "start": start, "end": end, "step": step})
        address = f"{self.url.rstrip('/')}/api/v1/query_range?{words}"
        try:
            with open_url(address, headers=self._headers(), timeout=self.timeout, ca_path=self.ca_file, use_netrc=False) as answer:
                return result_of(answer.read())
        except HTTPError as error:
            if error.code in (400, 422):
                return result_of(error.read())
            raise Down(f"{self.url} answers {error.code} {error.reason}") from error
        except (URLError, HTTPException, Unanswered, OSError) as error:
            raise Down(f"{self.url} gives no answer: {getattr(error, 'reason', error)}") from error

    def _headers(self) -> dict[str, str]:
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        if self.user:
            return {"Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()}
        return {}


def result_of(body: bytes) -> list[Any]:
    """`{"status": "success", "data": {"resultType": "matrix", "result": [...]}, "warnings": [...]}`; a warning: parts are missing."""
    try:
        document = json.loads(body)
        if document["status"] != "success":
            raise Refused(str(document.get("error") or document.get("errorType") or "no word why"))
        if document.get("warnings"):
            raise Refused(f"only a part was answered: {document['warnings'][0]}")
        result = document["data"]["result"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Down("what answers is no Prometheus") from error
    return list(result)


def gather(ask: Ask, selectors: Mapping[str, str], end: float, days: int, step: int) -> dict[str, Any]:
    """The document for the archive; ``selectors``: {exporter: what stands in its braces}. Raises Down."""
    end -= end % step
    times = [end - step * number for number in range(days * 86400 // step - 1, -1, -1)]
    series: list[Any] = []
    missing: dict[str, str] = {}
    for exporter, selector in selectors.items():
        for measure, (label, query) in EXPORTERS[exporter].items():
            try:
                found = values_of(ask, filled(query, selector, step), times, step)
            except Refused as error:
                missing[measure] = str(error)
                continue
            if not found:
                missing[measure] = "Prometheus holds no such metric of this host"
            series += [[measure, labels.get(label, "") if label else ("" if exporter == "node" else exporter), values]
                       for labels, values in found]
    restarts: list[float] = []
    if "node" in selectors:
        try:
            boots = values_of(ask, filled(BOOT, selectors["node"], step), times, step)
            restarts = sorted({round(value) for _labels, values in boots for value in values if value is not None and value > times[0]})
        except Refused as error:
            missing["restarts"] = str(error)
    return {"times": times, "step": step, "series": series, "missing": missing, "restarts": restarts}


def filled(query: str, selector: str, step: int) -> str:
    return query.replace("@", selector).replace("%", f"{step}s")


def values_of(ask: Ask, query: str, times: list[float], step: int) -> list[tuple[dict[str, str], list[float | None]]]:
    """[(labels, one value a time or None)] of a query, asked for in pieces that Prometheus gives at once."""
    places = {round(at): place for place, at in enumerate(times)}
    found: dict[str, tuple[dict[str, str], list[float | None]]] = {}
    for begin, until in pieces(times):
        for item in ask(query, begin, until, step):
            labels = {str(name): str(value) for name, value in item["metric"].items()}
            values = found.setdefault(json.dumps(labels, sort_keys=True), (labels, [None] * len(times)))[1]
            for at, text in item["values"]:
                value = float(text)
                if math.isfinite(value) and round(at) in places:
                    values[places[round(at)]] = float(f"{value:.5g}") if value < 1e9 else value
    return list(found.values())


def pieces(times: list[float]) -> Iterator[tuple[float, float]]:
    for first in range(0, len(times), MOST_POINTS):
        yield times[first], times[min(first + MOST_POINTS, len(times)) - 1]


def history_of(document: Mapping[str, Any]) -> History:
    """A rate over a window in which the host started is no value."""
    times: Values = np.array(document["times"], dtype=float)
    step = float(document["step"])
    across = np.zeros(len(times), dtype=bool)
    for start in document["restarts"]:
        across |= (times >= start) & (times - step <= start)
    series: dict[tuple[str, str], Values] = {}
    for measure, instance, values in document["series"]:
        column: Values = np.array(values, dtype=float)
        unset = measure == "interface_speed_bits" and not (column > 0).any()       # a link that is down, or has no speed, says -1
        if not unset:
            series[measure, instance] = np.where(across, np.nan, column)
    missing = {measure: Unknown("Prometheus: {detail}", {"detail": reason}) for measure, reason in document["missing"].items()}
    return History(times, np.full(len(times), step), series, tuple(map(float, document["restarts"])),
                   int(document.get("utc_offset_seconds", 0)), ("Prometheus",), missing)


def combined(base: History, other: History) -> History:
    """``base`` with the series that only ``other`` has, each sample by the newest one of the other that is not older than its interval."""
    places = np.searchsorted(other.times, base.times, side="right") - 1
    usual = float(np.median(base.seconds)) if len(base.seconds) else 0.0
    fresh = (places >= 0) & (base.times - other.times[np.maximum(places, 0)] <= max(usual, 0.0)) if len(other.times) else places >= 0
    there = {measure for measure, _instance in base.series}
    added = {key: np.where(fresh, values[np.maximum(places, 0)], np.nan) for key, values in other.series.items() if key[0] not in there}
    missing = {measure: reason for measure, reason in {**other.missing, **base.missing}.items() if measure not in {key[0] for key in added}}
    return History(base.times, base.seconds, {**base.series, **added}, base.restarts, base.utc_offset_seconds,
                   (*base.sources, *other.sources), missing)
