# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four weeks of metrics as exporters name them, in the text format OpenMetrics, up to now; runs on the host of Prometheus.

Each host is well but for one thing, on working days from 8 to 18 UTC: pg1 spills and is slow, app1 loses connections at a full queue, web1
turns connections away. maria1 is well.
"""

import itertools
import math
import time

STEP = 300
DAY = 86400
COUNT = 29 * DAY // STEP
END = int(time.time()) // STEP * STEP
MEMORY = 8 << 30


def office(at):
    moment = time.gmtime(at)
    return moment.tm_wday < 5 and 8 <= moment.tm_hour < 18


# {metric: {labels: growth a second, in business hours and otherwise}} of counters
def counters(host):
    found = {
        "node_cpu_seconds": {f'cpu="0",mode="{mode}"': rates for mode, rates in (
            ("user", (0.25, 0.05)), ("system", (0.1, 0.02)), ("iowait", (0.02, 0.01)), ("idle", (0.63, 0.92)))},
        "node_disk_io_time_seconds": {'device="vda"': (0.1, 0.02)},
        "node_disk_io_time_weighted_seconds": {'device="vda"': (0.1, 0.02)},
        "node_disk_reads_completed": {'device="vda"': (50, 5)}, "node_disk_writes_completed": {'device="vda"': (50, 5)},
        "node_disk_read_time_seconds": {'device="vda"': (0.05, 0.005)}, "node_disk_write_time_seconds": {'device="vda"': (0.05, 0.005)},
        "node_vmstat_pgmajfault": {"": (1, 0.1)}, "node_vmstat_pswpin": {"": (0, 0)}, "node_vmstat_pswpout": {"": (0, 0)},
        "node_netstat_TcpExt_ListenOverflows": {"": (3, 0) if host == "app1" else (0, 0)},
    }
    if host == "pg1":
        found |= {
            "pg_stat_database_active_time_seconds": {'datname="shop"': (8, 0.01)},
            "pg_stat_database_xact_commit": {'datname="shop"': (4, 2)}, "pg_stat_database_xact_rollback": {'datname="shop"': (0.01, 0.01)},
            "pg_stat_database_temp_bytes": {'datname="shop"': (60e6, 1e3)},
            "pg_stat_database_blks_hit": {'datname="shop"': (9000, 900)}, "pg_stat_database_blks_read": {'datname="shop"': (90, 9)},
        }
    if host == "web1":
        found |= {"nginx_connections_accepted": {"": (120, 10)}, "nginx_connections_handled": {"": (90, 10)}}
    return found


def gauges(host):
    found = {"node_procs_running": 1, "node_memory_MemTotal_bytes": MEMORY, "node_memory_MemAvailable_bytes": MEMORY // 2}
    if host == "pg1":
        found |= {"pg_stat_database_numbackends": 12, "pg_settings_max_connections": 100}
    return found


# All of a metric stands together, whatever host it is of
hosts = ("pg1", "maria1", "app1", "web1")
for metric in dict.fromkeys(itertools.chain(*(gauges(host) for host in hosts))):
    print(f"# TYPE {metric} gauge")
    for host in hosts:
        for number in range(COUNT if metric in gauges(host) else 0):
            print(f'{metric}{{instance="{host}"}} {gauges(host)[metric]} {END - (COUNT - number) * STEP}')
for metric in dict.fromkeys(itertools.chain(*(counters(host) for host in hosts))):
    # Client libraries add _total to counters; exporters that mirror another program's names leave them as they are
    is_typed = metric.startswith(("node_cpu", "node_disk")) or metric == "pg_stat_database_active_time_seconds"
    print(f"# TYPE {metric} {'counter' if is_typed else 'unknown'}")
    suffix = "_total" if is_typed else ""
    for host in hosts:
        for labels, (busy, quiet) in counters(host).get(metric, {}).items():
            value = 0.0
            words = ",".join(part for part in (f'instance="{host}"', labels) if part)
            for number in range(COUNT):
                at = END - (COUNT - number) * STEP
                value += STEP * (busy if office(at) else quiet) * (1 + 0.1 * math.sin(number))
                print(f"{metric}{suffix}{{{words}}} {value:.3f} {at}")
print("# EOF")
