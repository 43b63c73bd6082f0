# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which measure of a history is which query of the metrics that Prometheus' exporters have.

Data only: every playbook checks its inventory against these names, and should not have to load what asks Prometheus.
"""

from __future__ import annotations

from collections.abc import Mapping

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
        ("run_queue_length", "node_procs_running"), ("memory_total_bytes", "node_memory_MemTotal_bytes"),
        ("memory_available_bytes", "node_memory_MemAvailable_bytes"), ("memory_dirty_bytes", "node_memory_Dirty_bytes"),
        ("swap_total_bytes", "node_memory_SwapTotal_bytes"), ("files_open_count", "node_filefd_allocated"),
        ("files_limit_count", "node_filefd_maximum"))},
    "swap_used_ratio": ("", "1 - node_memory_SwapFree_bytes{@} / node_memory_SwapTotal_bytes{@}"),
    "conntrack_used_ratio": ("", "node_nf_conntrack_entries{@} / node_nf_conntrack_entries_limit{@}"),
    **{name: ("", f"sum(rate({metric}{{@}}[%]))") for name, metric in (
        ("swap_in_pages_rate", "node_vmstat_pswpin"), ("swap_out_pages_rate", "node_vmstat_pswpout"),
        ("major_faults_rate", "node_vmstat_pgmajfault"), ("oom_kills_rate", "node_vmstat_oom_kill"),
        ("psi_cpu_some_ratio", "node_pressure_cpu_waiting_seconds_total"),
        ("psi_memory_some_ratio", "node_pressure_memory_waiting_seconds_total"),
        ("psi_io_full_ratio", "node_pressure_io_stalled_seconds_total"),
        ("tcp_retransmits_rate", "node_netstat_Tcp_RetransSegs"), ("tcp_segments_out_rate", "node_netstat_Tcp_OutSegs"),
        ("tcp_listen_overflows_rate", "node_netstat_TcpExt_ListenOverflows"), ("softnet_drops_rate", "node_softnet_dropped_total"))},
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
    "database_temporary_tables_rate": ("", "sum(rate(mysql_global_status_created_tmp_disk_tables{@}[%]))"),
    "database_redo_used_ratio": ("", "max(mysql_global_status_innodb_checkpoint_age{@}) / "
                                     "max(mysql_global_status_innodb_checkpoint_max_age{@}) or "
                                     "max(mysql_global_status_innodb_redo_log_logical_size{@}) / "
                                     "max(mysql_global_variables_innodb_redo_log_capacity{@})"),
    "database_history_list_count": ("", "max(mysql_global_status_innodb_history_list_length{@}) or "
                                        "max(mysql_info_schema_innodb_metrics_transaction_trx_rseg_history_len{@})"),
}
NGINX: Mapping[str, tuple[str, str]] = {
    "connections_dropped_ratio": ("", "1 - sum(rate(nginx_connections_handled{@}[%])) / sum(rate(nginx_connections_accepted{@}[%]))"),
}
# HAProxy's own, which is part of it
HAPROXY: Mapping[str, tuple[str, str]] = {
    "places_used_ratio": ("", "max(haproxy_process_current_connections{@}) / max(haproxy_process_max_connections{@})"),
}
EXPORTERS = {"node": NODE, "postgresql": POSTGRESQL, "mysql": MYSQL, "nginx": NGINX, "haproxy": HAPROXY}
BOOT = "node_boot_time_seconds{@}"
