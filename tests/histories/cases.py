# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labelled cases: what is done to a host, and which bottlenecks (class, resource) a good engineer would then name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.bottleneck.circumstances import Consumer, Impaired, Link, Query
from plugins.plugin_utils.bottleneck.diagnosis import Diagnosis, diagnose

from .host import DAY, Host

Label = tuple[str, str]
Fault = Callable[[Host], None]
GIB = 2**30


@dataclass(frozen=True)
class Case:
    """``labels`` None: too little is known, and the answer must be "unknown"."""

    name: str
    faults: tuple[Fault, ...]
    labels: frozenset[Label] | None


def spells(host: Host, share: float = 0.75) -> np.ndarray:
    """Most of the office hours; how much of them differs from host to host."""
    return host.episodes(min(0.95, (share + host.rng.uniform(-0.1, 0.15)) * min(1.0, host.strength)))


# Faults: each changes the load of a host ------------------------------------------------------------------------------------------

def cpu_short(host: Host) -> None:
    host.load["cpu"] = np.where(spells(host), host.fault_level(1.9, 0.1), host.load["cpu"])


def cpu_short_always(host: Host) -> None:
    host.load["cpu"] = host.fault_level(2.4, 0.12)


def throttled(host: Host) -> None:
    cpu_short(host)
    host.facts["throttled_count"] = int(host.rng.integers(2000, 90000))


def stolen(host: Host) -> None:
    host.load["steal"] = np.where(spells(host), host.fault_level(0.28, 0.15), host.load["steal"])


def stolen_and_busy(host: Host) -> None:
    busy = spells(host)
    host.load["steal"] = np.where(busy, host.fault_level(0.3, 0.1), host.load["steal"])
    host.load["cpu"] = np.where(busy, 1.3, host.load["cpu"])


def kernel_time(host: Host) -> None:
    busy = spells(host)
    host.load["cpu"] = np.where(busy, host.fault_level(1.9, 0.08), host.load["cpu"])
    host.load["kernel"] = np.where(busy, 0.9, host.load["kernel"])


def query(host: Host) -> None:
    cpu_short(host)
    host.facts["consumers"] = (Consumer("postgres", 6.5, 20 * GIB, "postgresql@15-main.service"), Consumer("java", 0.4, 8 * GIB, "shop.service"))
    host.facts["queries"] = (Query("postgresql 5432/shop", "SELECT * FROM orders WHERE lower(note) = $1", 0.71, "-6575392506435940546"),)


def swap_storm(host: Host) -> None:
    busy = spells(host)
    host.load["memory"] = np.where(busy, 0.975, 0.9)
    host.load["swap"] = np.where(busy, host.fault_level(400, 0.3), 0)


def memory_lost(host: Host) -> None:
    swap_storm(host)
    host.facts["memory_missing_bytes"] = 32 * GIB


def swaps_with_room(host: Host) -> None:
    host.load["swap"] = np.where(spells(host), host.fault_level(60, 0.3), 0)
    host.load["memory"] = host.level(0.6, 0.03)


def group_limited(host: Host) -> None:
    """A service is short of memory, not the host."""
    host.has_psi = True
    host.load["stalls"] = np.where(spells(host), host.fault_level(0.4, 0.2), 0)
    host.load["memory"] = host.level(0.5, 0.03)


def leak(host: Host) -> None:
    """Grows, is killed every five days, and grows again; at its height the host swaps."""
    age = host.day + host.hour / 24
    cycle = age % 5
    host.load["memory"] = 0.9 + 0.035 * cycle + host.rng.normal(0, 0.001, len(age))
    host.load["oom"] = np.where((cycle < host.interval / DAY) & (host.day > 0), 1 / host.interval, 0)
    host.restarts = []


def slow_leak(host: Host) -> None:
    age = host.day + host.hour / 24
    host.load["memory"] = 0.93 + 0.006 * age


def disk_short(host: Host) -> None:
    host.load["disk"] = np.where(spells(host), host.fault_level(1.3, 0.1), host.load["disk"])


def disk_fails(host: Host) -> None:
    busy = spells(host, 0.8)
    host.load["service"] = np.where(busy, 40, 10) * host.rng.lognormal(0, 0.2, len(host.times))
    host.facts["failing_disks"] = {"sda": "SMART"}


def raid_degraded(host: Host) -> None:
    host.load["service"] = np.where(host.office, 6.0, 4.0)
    host.load["disk"] = host.load["disk"] * 1.5 + 0.05
    host.facts["impaired"] = (Impaired("md0", "rebuilding", ("md0", "sda1", "sdb1")),)


def volume_degraded(host: Host) -> None:
    host.load["service"] = np.full(len(host.times), 6.0)
    host.load["disk"] = host.load["disk"] * 1.5 + 0.05
    host.facts["impaired"] = (Impaired("/c0/v1", "Dgrd"),)


def write_through(host: Host) -> None:
    host.load["service"] = np.where(host.office, 7.0, 5.0)
    host.load["disk"] = host.load["disk"] * 1.4 + 0.05
    host.facts["write_through"] = ("/c0/v0",)


def dirty_pages(host: Host) -> None:
    busy = spells(host)
    host.load["disk"] = np.where(busy, 1.2, host.load["disk"])
    host.load["dirty"] = np.where(busy, 0.19, 0.02)


def full_disk(host: Host) -> None:
    host.load["fs"] = 0.93 + 0.0015 * (host.day + host.hour / 24)


def no_inodes(host: Host) -> None:
    host.load["inodes"] = np.full(len(host.times), 0.97)


def net_full(host: Host) -> None:
    host.load["net"] = np.where(spells(host), host.level(0.97, 0.02), host.load["net"])


def link_slow(host: Host) -> None:
    net_full(host)
    host.facts["links"] = {"eth0": Link(100, "half")}


def cable(host: Host) -> None:
    host.load["errors"] = np.where(spells(host), host.fault_level(40, 0.4), 0.01)


def ring(host: Host) -> None:
    host.load["drops"] = np.where(spells(host), host.fault_level(250, 0.3), 0.1)


def softnet(host: Host) -> None:
    host.load["softnet"] = np.where(spells(host), host.fault_level(60, 0.3), 0)


def path(host: Host) -> None:
    host.load["retransmits"] = np.where(spells(host), host.fault_level(0.05, 0.3), 0.001)


def listen(host: Host) -> None:
    host.load["overflow"] = np.where(spells(host), host.rng.exponential(2, len(host.times)) + 0.1, 0)


def conntrack(host: Host) -> None:
    host.load["conntrack"] = np.where(spells(host), 0.93, 0.5)


def files(host: Host) -> None:
    host.load["files"] = np.where(spells(host), 0.9, 0.4)


def connections(host: Host) -> None:
    host.load["conn"] = np.where(spells(host), host.level(0.99, 0.01), host.load["conn"])


def locks(host: Host) -> None:
    busy = spells(host)
    host.load["locks"] = np.where(busy, host.fault_level(9, 0.3), 0)
    host.load["conn"] = np.where(busy, np.maximum(host.load["conn"], 0.95), host.load["conn"])


def log_buffer(host: Host) -> None:
    host.load["log"] = np.where(spells(host), host.fault_level(15, 0.3), 0)


def checkpoints(host: Host) -> None:
    busy = spells(host)
    host.load["checkpoints"] = np.where(busy, 0.93, 0.1)
    host.load["disk"] = np.where(busy, host.fault_level(1.25, 0.08), host.load["disk"])


def spilled(host: Host) -> None:
    busy = spells(host)
    host.load["temp"] = np.where(busy, 180e6, 1e5)
    host.load["disk"] = np.where(busy, host.fault_level(1.25, 0.08), host.load["disk"])


def vacuum(host: Host) -> None:
    busy = spells(host)
    host.load["dead"] = np.where(busy, 0.45, 0.12)
    host.load["disk"] = np.where(busy, host.fault_level(1.25, 0.08), host.load["disk"])


def small_cache(host: Host) -> None:
    busy = spells(host)
    host.load["hit"] = np.where(busy, 0.72, 0.97)
    host.load["disk"] = np.where(busy, host.fault_level(1.25, 0.08), host.load["disk"])


def plans(host: Host) -> None:
    host.load["slow"] = np.where(spells(host), host.fault_level(2.2, 0.1), 0)
    host.load["pool"] *= 0.2
    host.load["threads"] *= 0.3


def pool(host: Host) -> None:
    busy = spells(host)
    host.load["pool"] = np.where(busy, 1.2, host.load["pool"])


def threads(host: Host) -> None:
    host.load["threads"] = np.where(spells(host), 1.1, host.load["threads"])


def turned_away(host: Host) -> None:
    host.load["dropped"] = np.where(spells(host), host.fault_level(0.05, 0.4), 0)


def proxy_full(host: Host) -> None:
    host.load["places"] = np.where(spells(host), host.level(0.98, 0.01), host.load["places"])


def consumers(host: Host) -> None:
    host.load["queue"] = np.where(spells(host), host.fault_level(9000, 0.3), 20)


def heap(host: Host) -> None:
    busy = spells(host)
    host.load["heap"] = np.where(busy, 0.94, 0.6)
    host.load["gc"] = np.where(busy, 0.3, 0.02)


def collections(host: Host) -> None:
    host.load["gc"] = np.where(spells(host), 0.25, 0.02)


# What looks bad and is not ---------------------------------------------------------------------------------------------------------

def busy_and_well(host: Host) -> None:
    for name, level in (("cpu", 0.8), ("disk", 0.5), ("net", 0.6), ("conn", 0.7), ("threads", 0.6), ("pool", 0.6)):
        host.load[name] = np.where(host.office, host.wobble(np.full(len(host.times), level), 0.05), host.load[name])


def batch_at_night(host: Host) -> None:
    night = (host.hour >= 0.5) & (host.hour < 5.5)
    host.load["cpu"] = np.where(night, 2.2, host.load["cpu"])
    host.load["disk"] = np.where(night, 1.4, host.load["disk"])


def backup_at_night(host: Host) -> None:
    night = (host.hour >= 21) | (host.hour < 3)
    host.load["disk"] = np.where(night, 1.4, host.load["disk"])
    host.load["net"] = np.where(night, 0.98, host.load["net"])


def computing(host: Host) -> None:
    """All CPUs in use by niced jobs."""
    host.load["nice"] = np.full(len(host.times), 0.9)


def one_bad_week(host: Host) -> None:
    bad = (host.day >= 8) & (host.day < 14)
    host.load["cpu"] = np.where(bad & host.office, 2.2, host.load["cpu"])
    host.load["disk"] = np.where(bad & host.office, 1.3, host.load["disk"])


def two_bad_weeks(host: Host) -> None:
    host.load["cpu"] = np.where((host.day < 14) & host.episodes(0.8), 2.2, host.load["cpu"])


def monday_mornings(host: Host) -> None:
    host.load["cpu"] = np.where((host.weekday == 0) & (host.hour >= 8) & (host.hour < 10), 1.8, host.load["cpu"])


def weekends(host: Host) -> None:
    host.load["cpu"] = np.where(host.weekday >= 5, 2.0, host.load["cpu"])
    host.load["disk"] = np.where(host.weekday >= 5, 1.3, host.load["disk"])


def huge_pages(host: Host) -> None:
    """A database that has reserved most of the memory, so that little is available and nothing pages."""
    host.load["memory"] = host.level(0.93, 0.004)


def warm_pages(host: Host) -> None:
    """Idle pages go to swap and stay there."""
    host.load["swap"] = np.where(host.rng.random(len(host.times)) < 0.02, 40.0, 0.0)


def full_but_large(host: Host) -> None:
    host.load["fs"] = np.full(len(host.times), 0.85)


def now_and_then(host: Host) -> None:
    """Saturated a sixth of the time, in spells that leave whole days alone."""
    host.load["cpu"] = np.where(host.episodes(0.15, hours=2), 1.8, host.load["cpu"])
    host.load["locks"] = np.where(host.episodes(0.08, hours=1), 6.0, 0.0)


def old_degrade(host: Host) -> None:
    """A RAID that is degraded, and quick all the same: a finding of its own, but no bottleneck."""
    host.facts["impaired"] = (Impaired("md0", "degraded", ("sda1", "sdb1")),)


def many_errors_now_and_then(host: Host) -> None:
    host.load["errors"] = np.where(host.rng.random(len(host.times)) < 0.03, 30.0, 0.0)


# What is missing -------------------------------------------------------------------------------------------------------------------

def some_gaps(host: Host) -> None:
    for day in range(1, 28, 7):
        host.gaps.append((day * DAY + 10 * 3600, day * DAY + 13 * 3600))


def half_missing(host: Host) -> None:
    host.gaps += [(day * DAY, (day + 1) * DAY) for day in range(0, 28, 2)]


def two_weeks_only(host: Host) -> None:
    host.gaps.append((0, 14 * DAY))


def restarts_at_night(host: Host) -> None:
    host.restarts = [float(host.times[0] - host.interval + day * DAY + 3 * 3600 + 60) for day in range(28)]


def no_database_series(host: Host) -> None:
    host.drop = ("database",)


def mysql(host: Host) -> None:
    """The server tells what MySQL and MariaDB tell: no bytes, no shares of dead rows or of checkpoints, no latency."""
    host.is_mysql = True


def bare(host: Host) -> None:
    host.has_database = host.has_platform = False


def pressures(host: Host) -> None:
    host.has_psi = True


def spinning(host: Host) -> None:
    host.disk_class = "hdd"
    host.load["disk"] *= 0.6


def array_disks(host: Host) -> None:
    host.disk_class = "san"


def labels(*found: str) -> frozenset[Label]:
    return frozenset((kind, resource) for kind, resource in (text.split() for text in found))


def case(name: str, found: frozenset[Label] | None, *faults: Fault) -> Case:
    return Case(name, faults, found)


NONE: frozenset[Label] = frozenset()
HW_CPU, HW_MEMORY, HW_DISK, HW_NET = (labels(f"hardware {name}") for name in ("cpu", "memory", "disk", "network"))
LOCKS, PLAN = labels("database locks"), labels("database plan")

CASES: tuple[Case, ...] = (
    # One cause
    case("cpu short", HW_CPU, cpu_short), case("cpu short, psi", HW_CPU, pressures, cpu_short), case("cpu short always", HW_CPU, cpu_short_always),
    case("cpu short, bare host", HW_CPU, bare, cpu_short), case("cpu throttled", HW_CPU, throttled), case("cpu stolen", HW_CPU, stolen),
    case("cpu stolen and busy", HW_CPU, stolen_and_busy), case("kernel time", labels("os cpu"), kernel_time), case("one statement", PLAN, query),
    case("swap storm", HW_MEMORY, swap_storm), case("swap storm, psi", HW_MEMORY, pressures, swap_storm), case("memory lost", HW_MEMORY, memory_lost),
    case("swaps with room", labels("os memory"), swaps_with_room), case("limited group", labels("os memory"), group_limited),
    case("memory leak", labels("platform memory"), leak),
    case("slow leak", labels("platform memory"), slow_leak), case("disk short, ssd", HW_DISK, disk_short),
    case("disk short, hdd", HW_DISK, spinning, disk_short), case("disk short, bare", HW_DISK, bare, disk_short),
    case("disk short, san", HW_DISK, array_disks, disk_short), case("disk fails", HW_DISK, spinning, disk_fails),
    case("raid degraded", HW_DISK, spinning, raid_degraded), case("volume degraded", HW_DISK, spinning, volume_degraded),
    case("write through", HW_DISK, spinning, write_through), case("dirty pages", labels("os disk"), dirty_pages),
    case("file system full", labels("hardware filesystem"), full_disk), case("no inodes", labels("os filesystem"), no_inodes),
    case("link full", HW_NET, net_full), case("link slow", HW_NET, link_slow), case("cable", HW_NET, cable), case("ring", labels("os network"), ring),
    case("softnet", labels("os network"), softnet), case("path", HW_NET, path), case("listen queue", labels("os backlog"), listen),
    case("conntrack", labels("os conntrack"), conntrack), case("open files", labels("os files"), files),
    case("connections", labels("database connections"), connections), case("lock chains", LOCKS, locks),
    case("log buffer", labels("database log"), log_buffer), case("checkpoint storms", labels("database checkpoints"), checkpoints),
    case("spills", labels("database work_memory"), spilled), case("vacuum behind", labels("database vacuum"), vacuum),
    case("small cache", labels("database cache"), small_cache), case("slow plans", PLAN, plans), case("pool", labels("platform pool"), pool),
    case("threads", labels("platform threads"), threads), case("queue", labels("platform queue"), consumers),
    case("turned away", labels("platform places"), turned_away), case("proxy full", labels("platform places"), proxy_full),
    case("log buffer, mysql", labels("database log"), mysql, log_buffer), case("redo log full, mysql", labels("database checkpoints"), mysql, checkpoints),
    case("spills, mysql", labels("database work_memory"), mysql, spilled), case("purge behind, mysql", labels("database vacuum"), mysql, vacuum),
    case("small cache, mysql", labels("database cache"), mysql, small_cache), case("disk short, mysql", HW_DISK, mysql, disk_short),
    case("heap", labels("platform heap"), heap), case("collections", labels("platform heap"), collections),
    # Mixtures
    case("cpu and cable", HW_CPU | HW_NET, cpu_short, cable), case("locks and file system", LOCKS | labels("hardware filesystem"), locks, full_disk),
    case("swap and conntrack", HW_MEMORY | labels("os conntrack"), swap_storm, conntrack),
    case("raid and files", HW_DISK | labels("os files"), spinning, raid_degraded, files),
    case("steal and inodes", HW_CPU | labels("os filesystem"), stolen, no_inodes),
    case("heap and ring", labels("platform heap", "os network"), heap, ring),
    case("checkpoints and connections", labels("database checkpoints", "database connections"), checkpoints, connections),
    case("queue and link", labels("platform queue") | HW_NET, consumers, net_full),
    case("locks, conntrack and inodes", LOCKS | labels("os conntrack", "os filesystem"), locks, conntrack, no_inodes),
    # With gaps, restarts and noise around
    case("cpu short with gaps", HW_CPU, cpu_short, some_gaps), case("locks, restarted nightly", LOCKS, locks, restarts_at_night),
    case("disk short with backups", HW_DISK, disk_short, backup_at_night), case("leak with batch", labels("platform memory"), leak, batch_at_night),
    case("heap without database", labels("platform heap"), heap, no_database_series),
    # Healthy
    case("quiet", NONE), case("quiet, psi", NONE, pressures), case("quiet, bare", NONE, bare), case("busy and well", NONE, busy_and_well),
    case("busy and well, psi", NONE, pressures, busy_and_well), case("busy and well, hdd", NONE, spinning, busy_and_well),
    case("quiet, mysql", NONE, mysql), case("busy and well, mysql", NONE, mysql, busy_and_well),
    case("busy and well, san", NONE, array_disks, busy_and_well), case("batch at night", NONE, batch_at_night),
    case("busy, batch at night", NONE, busy_and_well, batch_at_night), case("backup at night", NONE, backup_at_night),
    case("computing", NONE, computing), case("one bad week", NONE, one_bad_week), case("two bad weeks", NONE, two_bad_weeks),
    case("monday mornings", NONE, monday_mornings), case("weekends", NONE, weekends), case("huge pages", NONE, huge_pages),
    case("warm pages", NONE, warm_pages), case("large file system", NONE, full_but_large), case("now and then", NONE, now_and_then),
    case("degraded but quick", NONE, old_degrade), case("errors now and then", NONE, many_errors_now_and_then),
    case("restarts at night", NONE, restarts_at_night, busy_and_well), case("gaps", NONE, some_gaps, busy_and_well),
    # Too little known
    case("half missing", None, cpu_short, half_missing), case("two weeks only", None, disk_short, two_weeks_only),
    case("quiet, half missing", None, half_missing),
)


# What goes on besides on any host, and must change no verdict
ASIDE: tuple[Fault, ...] = (
    batch_at_night, backup_at_night, monday_mornings, weekends, warm_pages, many_errors_now_and_then, old_degrade, restarts_at_night, pressures,
    full_but_large, some_gaps,
)
BLIND = ("failing_disks", "impaired", "write_through", "throttled_count", "memory_missing_bytes", "links", "queries", "consumers")


def make(case_: Case, seed: int, interval: int = 600) -> Host:
    """A host of that case; the same seed makes the same host, the first as plain as can be, each other with more going on.

    From the second seed on up to two things happen aside, loads are weaker or stronger, and part of what a capture tells is not known.
    """
    rng = np.random.default_rng([seed, *case_.name.encode()])
    host = Host(rng, interval=interval)
    kind = [fault for fault in case_.faults if fault in (spinning, array_disks, bare, mysql)]
    if seed > 1:
        host.strength = float(rng.uniform(0.85, 1.3))
        for fault in rng.choice(np.array(ASIDE, dtype=object), size=int(rng.integers(0, 3)), replace=False):
            fault(host)
    for fault in (*kind, *(fault for fault in case_.faults if fault not in kind)):
        told = dict(host.facts)
        fault(host)
        if seed > 1:
            for name in BLIND:
                if rng.random() < 0.2 and host.facts[name] is told[name]:
                    host.facts[name] = Unknown("this capture does not tell it")
    return host


def made_up(name: str) -> Diagnosis:
    """The diagnosis of the plainest host of a case."""
    found = diagnose(*make(next(case for case in CASES if case.name == name), 1).history())
    if not isinstance(found, Diagnosis):
        raise TypeError(f"{name}: {found.reason}")
    return found
