# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A made-up host over four weeks: loads and faults go in, and what sysstat and the exporters would have measured comes out.

The model is one of queues (an I/O takes service / (1 - utilisation), as in M/M/1), of memory that overflows into swap and of threads
that wait for databases that wait for disks. It knows no limit of the diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from plugins.plugin_utils.bottleneck.circumstances import Circumstances, Consumer
from plugins.plugin_utils.history.series import History

Array = npt.NDArray[np.float64]
DAY = 86400
END = 1795392000.0                      # 2026-11-23 00:00 UTC, a Monday
SERVICE = {"nvme": 0.00015, "ssd": 0.0005, "hdd": 0.007, "san": 0.0018, "virtual": 0.0015}
FINE = {"failing_disks": {}, "impaired": (), "write_through": (), "throttled_count": 0, "memory_missing_bytes": 0, "links": {}, "swappiness": 60,
        "queries": (), "consumers": (Consumer("systemd", 0.01, 2**24, "init.scope"),), "tables": (), "blockers": ()}


@dataclass
class Host:
    """``load``: what drives the series, by name, one value a sample; ``facts``: what the newest capture says."""

    rng: np.random.Generator
    interval: int = 600
    disk_class: str = "ssd"
    cpus: int = 8
    memory: float = 64 * 2.0**30
    has_database: bool = True
    is_mysql: bool = False
    has_platform: bool = True
    has_psi: bool = False
    load: dict[str, Array] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=lambda: dict(FINE))
    gaps: list[tuple[float, float]] = field(default_factory=list)       # seconds since the begin
    restarts: list[float] = field(default_factory=list)
    drop: tuple[str, ...] = ()
    strength: float = 1.0

    def __post_init__(self) -> None:
        count = 28 * DAY // self.interval
        self.times: Array = END - 28 * DAY + self.interval * np.arange(1, count + 1)
        middle = self.times - self.interval / 2
        self.hour = (middle % DAY) / 3600
        self.weekday = ((middle // DAY).astype(int) + 3) % 7
        self.day = ((middle - middle[0]) // DAY).astype(int)
        self.office = (self.weekday < 5) & (self.hour >= 8) & (self.hour < 18)
        day_shape = np.exp(-(((self.hour - 13) / 4.5) ** 2)) * np.where(self.weekday < 5, 1.0, 0.25)
        for name, base, swing in (("cpu", 0.12, 0.35), ("disk", 0.08, 0.3), ("net", 0.05, 0.25), ("conn", 0.2, 0.3), ("pool", 0.1, 0.35), ("threads", 0.1, 0.3)):
            self.load[name] = self.wobble(base + swing * day_shape, 0.12)
        for name, level in (("steal", 0.01), ("memory", 0.55), ("heap", 0.5), ("gc", 0.012), ("fs", 0.6), ("inodes", 0.2), ("retransmits", 0.001),
                            ("conntrack", 0.1), ("files", 0.1), ("kernel", 0.25), ("hit", 0.99), ("checkpoints", 0.1), ("dead", 0.04), ("dirty", 0.01)):
            self.load[name] = self.wobble(np.full(count, level), 0.05)
        for name in ("swap", "stalls", "oom", "locks", "overflow", "errors", "drops", "softnet", "log", "temp", "queue", "nice", "slow", "faults",
                     "dropped"):
            self.load[name] = np.zeros(count)
        self.load["service"], self.load["places"] = np.ones(count), 0.8 * self.load["threads"]

    def wobble(self, values: Array, size: float) -> Array:
        """With noise that remembers itself for an hour or so, never below zero."""
        noise = self.rng.normal(0, 1, len(values))
        keep = np.exp(-self.interval / 3600)
        reach = keep ** np.arange(min(len(values), int(6 * 3600 / self.interval)))
        out = np.convolve(noise, reach * np.sqrt(1 - keep * keep))[:len(values)]
        return np.maximum(values * (1 + size * out), 0)

    def fault_level(self, level: float, size: float) -> Array:
        """A fault's load around a level, stronger on one host than on another."""
        return self.wobble(np.full(len(self.times), level * self.strength), size)

    def level(self, level: float, size: float) -> Array:
        """A load around a level."""
        return self.wobble(np.full(len(self.times), level), size)

    def episodes(self, share: float, where: npt.NDArray[np.bool_] | None = None, hours: float = 1.5) -> npt.NDArray[np.bool_]:
        """Spells that together fill a share of the samples (of those in ``where``)."""
        allowed = self.office if where is None else where
        length = max(1, int(hours * 3600 / self.interval))
        blocks = self.rng.random(len(self.times) // length + 1) < share
        return np.repeat(blocks, length)[:len(self.times)] & allowed

    def history(self) -> tuple[History, Circumstances]:
        series = self._series()
        keep = np.ones(len(self.times), dtype=bool)
        for begin, end in self.gaps:
            offset = self.times - self.times[0]
            keep &= ~((offset >= begin) & (offset < end))
        for start in self.restarts:
            keep &= ~((self.times > start) & (self.times - self.interval <= start))
        facts = {"disk_classes": {"sda": self.disk_class, "sdb": self.disk_class}, **self.facts}
        named = {name: values[keep] for name, values in series.items() if not name[0].startswith(self.drop or ("-",))}
        history = History(self.times[keep], np.full(int(keep.sum()), float(self.interval)), named, tuple(self.restarts), 0, ("made up",), {})
        return history, Circumstances(**facts)

    def _series(self) -> dict[tuple[str, str], Array]:
        load, cpus, rng = self.load, self.cpus, self.rng
        count = len(self.times)
        made: dict[tuple[str, str], Array] = {}
        # Memory: what does not fit is swapped, and reading it back takes the disk
        overflow = np.maximum(load["memory"] - 0.96, 0)
        swapped = load["swap"] + overflow * 4000
        made["memory_total_bytes", ""] = np.full(count, self.memory)
        made["memory_available_bytes", ""] = self.memory * np.clip(1 - load["memory"], 0.015, 1)
        made["memory_dirty_bytes", ""] = self.memory * load["dirty"]
        made["swap_total_bytes", ""] = np.full(count, self.memory / 4)
        made["swap_used_ratio", ""] = np.clip(0.01 + overflow * 4, 0, 1)
        made["swap_in_pages_rate", ""] = swapped * rng.uniform(0.6, 1.1, count)
        made["swap_out_pages_rate", ""] = swapped * rng.uniform(0.7, 1.2, count)
        made["major_faults_rate", ""] = rng.exponential(3, count) + swapped * 0.8 + load["faults"]
        made["oom_kills_rate", ""] = load["oom"]
        # Disks
        wait = np.zeros(count)
        for device, part in (("sda", 1.0), ("sdb", 0.3)):
            service = SERVICE[self.disk_class] * (load["service"] if part == 1.0 else 1.0)
            rho = np.clip((load["disk"] * part + swapped / 3000) * (load["service"] if part == 1.0 else 1.0), 0.001, 0.975)
            each = service / (1 - rho) * rng.lognormal(0, 0.12, count)
            made["disk_await_seconds", device], made["disk_busy_ratio", device] = each, rho
            made["disk_queue_length", device] = rho / (1 - rho)
            made["disk_transfers_rate", device] = rho / service
            made["disk_read_bytes_rate", device], made["disk_write_bytes_rate", device] = rho / service * 16384, rho / service * 4096
            if part == 1.0:
                wait, queue = each, rho / (1 - rho)
        # CPU: what the hypervisor takes is missing, what does not fit waits in the queue
        room = np.clip(1 - load["steal"], 0.05, 1)
        demand = load["cpu"] * (1 + load["gc"])
        busy = np.minimum(demand, room * 0.985)
        waiting = np.clip(queue * 0.02, 0, 0.6) * (1 - busy)
        nice = np.minimum(load["nice"], np.maximum(0, room - busy - waiting))
        made["cpu_system_ratio", ""] = busy * np.clip(load["kernel"], 0, 0.97)
        made["cpu_user_ratio", ""] = busy - made["cpu_system_ratio", ""]
        made["cpu_nice_ratio", ""], made["cpu_iowait_ratio", ""], made["cpu_steal_ratio", ""] = nice, waiting, load["steal"]
        made["cpu_idle_ratio", ""] = np.clip(1 - busy - nice - waiting - load["steal"], 0, 1)
        made["cpus_count", ""] = np.full(count, float(cpus))
        made["run_queue_length", ""] = cpus * np.maximum(busy, demand / room + np.maximum(demand / room - 1, 0)) * rng.uniform(0.75, 1.2, count)
        if self.has_psi:
            made["psi_cpu_some_ratio", ""] = np.clip(np.maximum(demand / room - 0.85, 0) * 1.5 + rng.exponential(0.01, count), 0, 1)
            made["psi_memory_some_ratio", ""] = np.clip(swapped / 1500 + load["stalls"], 0, 0.9)
            made["psi_io_full_ratio", ""] = np.clip(queue / 60 + swapped / 4000, 0, 0.9)
        # Space, network, kernel
        made["filesystem_used_ratio", "/"], made["filesystem_inodes_used_ratio", "/"] = np.minimum(load["fs"], 1), np.minimum(load["inodes"], 1)
        made["filesystem_free_bytes", "/"] = 80e9 * np.maximum(1 - load["fs"], 0)
        speed = 1e9
        for name, bytes_rate in (("receive", load["net"] * speed / 8 * 0.6), ("transmit", np.minimum(load["net"], 0.98) * speed / 8)):
            made[f"interface_{name}_bytes_rate", "eth0"] = bytes_rate
            made[f"interface_{name}_errors_rate", "eth0"] = load["errors"] / 2
            made[f"interface_{name}_drops_rate", "eth0"] = load["drops"] / 2
        made["interface_speed_bits", "eth0"] = np.full(count, speed)
        full = np.maximum(load["net"] - 0.9, 0)
        made["tcp_segments_out_rate", ""] = 50 + load["net"] * 20000
        made["tcp_retransmits_rate", ""] = made["tcp_segments_out_rate", ""] * (load["retransmits"] + load["errors"] / 2000 + full * 0.3 + load["softnet"] / 3000)
        made["softnet_drops_rate", ""] = load["softnet"]
        made["conntrack_used_ratio", ""], made["files_open_count", ""] = np.minimum(load["conntrack"], 1), load["files"] * 1e6
        made["files_limit_count", ""] = np.full(count, 1e6)
        # What waits for all of this
        slowness = np.clip(wait / SERVICE["hdd"] / 3, 0, 10) + np.maximum(demand / room - 1, 0) * 3 + swapped / 100
        latency = 0.02 + 0.06 * slowness + load["locks"] * 0.4 + load["slow"] + load["log"] * 0.05
        if self.has_database:
            name = "mysql 3306" if self.is_mysql else "PostgreSQL 5432"
            made["database_connections_ratio", name] = np.clip(load["conn"] * (1 + np.minimum(latency, 1) * 0.2), 0, 1)
            made["database_lock_waits_count", name] = load["locks"] + rng.exponential(0.05, count)
            made["database_log_waits_rate", name], made["database_cache_hit_ratio", name] = load["log"], np.minimum(load["hit"], 1)
            if self.is_mysql:           # what is not checkpointed fills the redo log; a temporary table has 4 MB, the busy tables 6 million rows
                made["database_redo_used_ratio", name] = np.clip(load["checkpoints"], 0, 0.97)
                made["database_temporary_tables_rate", name] = load["temp"] / 4e6
                made["database_history_list_count", name] = load["dead"] * 6e6
            else:
                made["database_io_waits_count", name] = np.clip(wait / 0.02, 0, 12) * (queue > 1) + (1 - np.minimum(load["hit"], 1)) * 2
                made["database_checkpoints_requested_ratio", name] = np.clip(load["checkpoints"], 0, 1)
                made["database_temporary_bytes_rate", name], made["database_dead_rows_ratio", name] = load["temp"], load["dead"]
                made["database_latency_seconds", name] = latency
        if self.has_platform:
            name = "Tomcat 8080"
            made["pool_used_ratio", name] = np.clip(load["pool"] * (1 + latency * 3), 0, 1)
            made["threads_used_ratio", name] = np.clip(load["threads"] * (1 + latency + np.maximum(made["pool_used_ratio", name] - 0.97, 0) * 20), 0, 1)
            made["heap_after_gc_ratio", name], made["gc_time_ratio", name] = np.minimum(load["heap"], 0.99), load["gc"]
            made["queue_length", name] = load["queue"] + rng.exponential(5, count)
            made["latency_seconds", name] = 0.05 + latency
            made["connections_dropped_ratio", "nginx 80"] = load["dropped"]
            made["places_used_ratio", "haproxy shop"] = np.clip(load["places"] * (1 + latency), 0, 1)
        made["tcp_listen_overflows_rate", ""] = load["overflow"]
        return made
