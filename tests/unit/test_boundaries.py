# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every limit of every rule, judged just below, at and just above it, by the rule itself and not by the level alone.

FACTS says for each level how the rule's facts look when its value is ``v``; where a rule joins levels, the others are held
where this one decides. A rule with a level that has no entry here fails the last test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from plugins.plugin_utils.facts import (
    accounts,
    block_devices,
    bonding,
    btrfs,
    certificates,
    clock,
    cpu,
    filesystems,
    hardware,
    identity,
    limits,
    logs,
    lvm,
    md_raid,
    memory,
    mounts,
    multipath,
    network,
    pressure,
    processes,
    services,
    tcp,
    zfs,
)
from plugins.plugin_utils.facts.disk_model import Disk
from plugins.plugin_utils.facts.fibre_channel import Port
from plugins.plugin_utils.facts.raid_model import Disk as RaidDisk
from plugins.plugin_utils.findings import DAY, Above, Below, ByClass, Severity
from plugins.plugin_utils.registry import RULES, RULES_BY_ID
from tests.unit import boundaries_middleware, boundaries_mysql, boundaries_postgresql, boundaries_rabbitmq, boundaries_redis

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
NOW = datetime(2026, 11, 20, tzinfo=UTC)
LAST_DAY = date(2026, 12, 31)
HUGE = 10**15

MEMORY = memory.MemorySizes(1000, 1000, 1000, 1000, 0, 0, 0, 1000)
SHARES = cpu.CpuShares(0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
LOADED = cpu.Load(9, 9, 9, 99)
DISK = Disk("sda", "ATA", "hdd", passed=True)
TRAFFIC = block_devices.Traffic("sda", "hdd", 1000, 0, 0, 0)
BLOCK = block_devices.Disk("sda", "hdd", 1, False, "EXAMPLE", "", "", "", "running", "none", 512, False, 0, ())
PROCESS = processes.Process(7, 1, "x", "S", 0, "-", 100, 0, 0)
PASSWORD = accounts.Password("anna", "sha512", None, None)
POOL = lvm.LogicalVolume("vg/pool", "t", "a", "", 1, 0.0, 0.0, None, False)
PATH = multipath.Path("sda", "0:0:0:0", "active", "ready")
CERTIFICATE = certificates.Certificate("/etc/c.pem", "CN=x", "CN=ca", NOW - timedelta(days=1), NOW + timedelta(days=999), "1", "RSA 2048", 2048,
                                       "sha256WithRSAEncryption", False)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def before(name: str, value_name: str, value: float = 0) -> dict[str, Any]:
    """What the last inspection kept of one object."""
    return {name: {value_name: ((ago(90 * DAY), value),)}}


def until_last_day(seconds: float) -> datetime:
    return datetime(2027, 1, 1, tzinfo=UTC) - timedelta(seconds=seconds)


def memory_of(**changes: float) -> memory.MemorySizes:
    return replace(MEMORY, **{name: round(value) for name, value in changes.items()})


def stalls(some: float, full: float) -> pressure.Pressure:
    return pressure.Pressure(pressure.Stall(0, 0, some, 0), pressure.Stall(0, 0, full, 0))


def used(ratio: float) -> limits.Used:
    return limits.Used(round(ratio * 1000), 1000)


def growing(seconds: float, used_bytes: int) -> tuple[Any, ...]:
    """A file system that grows by a MB a second and is full in so many seconds."""
    points = tuple((ago(days * DAY), used_bytes - days * DAY * 1e6) for days in (30, 15))
    usage = filesystems.Usage("/srv", "xfs", "/dev/sdb1", HUGE, used_bytes, round(seconds * 1e6))
    return (usage,), {"/srv": {"used_bytes": points}}, NOW


def usage(used_bytes: int, available: int) -> tuple[filesystems.Usage, ...]:
    return (filesystems.Usage("/srv", "xfs", "/dev/sdb1", used_bytes + available, used_bytes, available),)


def worn(seconds: float) -> tuple[Any, ...]:
    """A drive half used up, the rest of which lasts so many seconds, less one ms for what floating point adds."""
    points = tuple((ago(days * DAY), 0.5 - days * DAY * 0.5 / (seconds - 0.001)) for days in (30, 15, 0))
    return (replace(DISK, used_ratio=0.5),), {"sda": {"used_ratio": points}}


def packets(bad: float, count: float) -> tuple[Any, ...]:
    return (network.Counters("eth0", round(count), round(bad), round(bad)),), {}


def bond(**changes: Any) -> bonding.Bond:
    whole = bonding.Bond("bond0", "active-backup", "up", "eth0", (bonding.Member("eth0", "up", "1000 Mbps", 0, None),))
    return replace(whole, **changes)


Build = Callable[[float, str], tuple[Any, ...]]
# {(rule, level): its facts for a value and a class}
FACTS: dict[tuple[str, str], Build] = {
    ("os_end_of_support", "left_seconds"): lambda v, _: (LAST_DAY, identity.OperatingSystem("x", "1", "X 1"), until_last_day(v)),
    ("uptime_long", "uptime_seconds"): lambda v, _: (v,),
    ("uptime_short", "uptime_seconds"): lambda v, _: (v,),
    ("warranty_expiry", "left_seconds"): lambda v, _: (LAST_DAY, until_last_day(v)),
    ("support_expiry", "left_seconds"): lambda v, _: (LAST_DAY, until_last_day(v)),
    ("unclean_start", "age_seconds"): lambda v, _: ((ago(v),), NOW),
    ("cpu_busy", "busy_ratio"): lambda v, _: ({"cpu": replace(SHARES, idle_ratio=1 - v)}, LOADED, 1),
    ("cpu_load", "load_per_cpu"): lambda v, _: (cpu.Load(0, 0, v, 1), 1),
    ("cpu_iowait", "iowait_ratio"): lambda v, _: ({"cpu": replace(SHARES, iowait_ratio=v)}, LOADED, 1),
    ("cpu_steal", "steal_ratio"): lambda v, _: ({"cpu": replace(SHARES, steal_ratio=v)}, LOADED, 1),
    ("cpu_busy_long_term", "p95_ratio"): lambda v, _: (cpu.History(v, 100, 28),),
    ("memory_available", "available_ratio"): lambda v, _: (memory_of(available_bytes=v * 1000),),
    ("swap_activity", "out_per_second"): lambda v, _: (memory.SwapTraffic(0, v),),
    ("swap_used", "swap_used_ratio"): lambda v, _: (memory_of(swap_free_bytes=1000 - v * 1000, available_bytes=1),),
    ("swap_used_database", "swap_used_ratio"): lambda v, _: (memory_of(swap_free_bytes=1000 - v * 1000), "postgresql"),
    ("huge_pages_unused", "unused_ratio"): lambda v, _: (memory_of(huge_total_bytes=500, huge_free_bytes=v * 1000),),
    ("memory_expected", "present_ratio"): lambda v, _: (memory_of(total_bytes=v * 1000), 1000),
    ("memory_overcommit", "committed_ratio"): lambda v, _: (2, memory_of(committed_bytes=v * 1000)),
    ("pressure_cpu", "some_ratio"): lambda v, _: (stalls(v, 0),),
    ("pressure_memory", "some_ratio"): lambda v, _: (stalls(v, 0),),
    ("pressure_memory", "full_ratio"): lambda v, _: (stalls(0, v),),
    ("pressure_io", "some_ratio"): lambda v, _: (stalls(v, 0),),
    ("pressure_io", "full_ratio"): lambda v, _: (stalls(0, v),),
    ("limit_files", "used_ratio"): lambda v, _: (used(v),),
    ("limit_processes", "used_ratio"): lambda v, _: (used(v),),
    ("limit_conntrack", "used_ratio"): lambda v, _: (used(v),),
    ("limit_aio", "used_ratio"): lambda v, _: (used(v),),
    ("limit_entropy", "available_bits"): lambda v, _: (limits.Entropy(round(v), 4096),),
    ("process_uninterruptible", "waiting_count"): lambda v, _: ((replace(PROCESS, state="D"),) * round(v),),
    ("process_zombies", "zombies_count"): lambda v, _: ((replace(PROCESS, state="Z"),) * round(v),),
    ("processes_top", "memory_ratio"): lambda v, _: ((replace(PROCESS, resident_bytes=round(v * 1000)),), 1000),
    ("processes_top", "cpu_ratio"): lambda v, _: ((replace(PROCESS, cpu_ratio=v),), 1000),
    ("memory_ecc_errors", "new_count"): lambda v, _: ((hardware.EccCounts("mc0", round(v), 0),), {}),
    ("cpu_throttled", "new_count"): lambda v, _: (round(v), {}),
    ("disk_latency", "await_seconds"):
        lambda v, kind: ((replace(TRAFFIC, device_class=kind, await_seconds=v, boot_await_seconds=v),),),
    ("disk_saturation", "busy_ratio"): lambda v, kind: ((replace(TRAFFIC, device_class=kind, busy_ratio=v, await_seconds=9),),),
    ("disk_saturation", "await_seconds"): lambda v, kind: ((replace(TRAFFIC, device_class=kind, busy_ratio=1, await_seconds=v),),),
    ("disk_io_errors", "new_errors_count"): lambda v, _: ((replace(BLOCK, io_errors=round(v)),), (), before("sda", "errors_count")),
    ("disk_reallocated_sectors", "reallocated_count"): lambda v, _: ((replace(DISK, reallocated=round(v)),), {}),
    ("disk_pending_sectors", "pending_count"): lambda v, _: ((replace(DISK, pending=round(v)),),),
    ("disk_uncorrectable", "offline_count"): lambda v, _: ((replace(DISK, offline_uncorrectable=round(v)),),),
    ("disk_uncorrectable", "reported_count"): lambda v, _: ((replace(DISK, reported_uncorrectable=round(v)),),),
    ("disk_crc_errors", "new_count"): lambda v, _: ((replace(DISK, crc_errors=round(v)),), before("sda", "crc_errors_count")),
    ("disk_temperature", "temperature_celsius"): lambda v, kind: ((replace(DISK, device_class=kind, temperature_celsius=v),),),
    ("disk_wear", "used_ratio"): lambda v, kind: ((replace(DISK, device_class=kind, used_ratio=v),), {}),
    ("disk_wear", "left_seconds"): lambda v, _: worn(v),
    ("disk_power_on_hours", "power_on_seconds"): lambda v, _: ((replace(DISK, power_on_seconds=v),),),
    ("nvme_media_errors", "media_errors_count"): lambda v, _: ((replace(DISK, media_errors=round(v)),), {}),
    ("nvme_media_errors", "new_count"):
        lambda v, _: ((replace(DISK, media_errors=5 + round(v)),), before("sda", "media_errors_count", 5)),
    ("nvme_spare", "margin_ratio"): lambda v, _: ((replace(DISK, spare_ratio=0.1 + v, spare_threshold_ratio=0.1),),),
    ("disk_error_log", "new_count"): lambda v, _: ((replace(DISK, logged_errors=round(v)),), before("sda", "logged_count")),
    ("raid_disk_errors", "media_errors_count"): lambda v, _: ((RaidDisk("0:1", "ok", media_errors=round(v)),), {}),
    ("md_mismatch", "mismatch_count"):
        lambda v, kind: ((md_raid.Consistency("md0", "raid1" if kind == "mirror" else "raid6", round(v), "idle", "check"),),),
    ("md_member_errors", "new_errors_count"): lambda v, _: ((md_raid.MemberErrors("md0", "sda", (), round(v), 0),), {}),
    ("md_scrub", "age_seconds"): lambda v, _: (md_raid.Scrub("cron", ago(v)), NOW),
    ("multipath_redundancy", "paths_count"): lambda v, _: ((multipath.Map("w", None, None, False, (PATH,) * round(v)),),),
    ("fc_link_errors", "new_errors_count"):
        lambda v, _: ((Port("host1", "0x5", "Online", 16.0, 16.0, round(v)),), before("host1", "errors_count")),
    ("lvm_vg_free", "free_ratio"): lambda v, _: ((lvm.VolumeGroup("vg", False, 1000, round(v * 1000)),),),
    ("lvm_thin_pool", "data_ratio"): lambda v, _: ((replace(POOL, data_ratio=v),),),
    ("lvm_thin_pool", "metadata_ratio"): lambda v, _: ((replace(POOL, metadata_ratio=v),),),
    ("lvm_snapshot", "data_ratio"): lambda v, _: ((replace(POOL, kind="s", data_ratio=v),),),
    ("filesystem_space", "used_ratio"): lambda v, _: (usage(round(v * 1000), 1000 - round(v * 1000)), {}, NOW),
    ("filesystem_space", "free_bytes"): lambda v, _: (usage(HUGE, round(v)), {}, NOW),
    ("filesystem_space", "full_in_seconds"): lambda v, _: growing(v, HUGE),
    ("filesystem_space_forecast", "full_in_seconds"): lambda v, _: growing(v, HUGE),
    ("filesystem_inodes", "used_ratio"): lambda v, _: (usage(round(v * 1000), 1000 - round(v * 1000)),),
    ("ext_errors", "errors_count"): lambda v, _: ((filesystems.ExtErrors("/srv", "sda1", round(v), None),), {}),
    ("mount_nfs_retransmissions", "retransmitted_ratio"): lambda v, _: (mounts.RpcCounts(10**6, round(v * 10**6)),),
    ("mount_nfs_retransmissions", "retransmitted_count"): lambda v, _: (mounts.RpcCounts(200, round(v)),),
    ("zfs_capacity", "used_ratio"): lambda v, _: ((zfs.PoolSize("tank", "ONLINE", 1, 1, 1, v, None),),),
    ("zfs_scrub", "age_seconds"): lambda v, _: ((zfs.Pool("tank", "ONLINE", (), None, "", ago(v), 0),), NOW),
    ("btrfs_space", "metadata_ratio"): lambda v, _: ((btrfs.Space("/", 1, 0, 0, 1000, round(v * 1000)),),),
    ("btrfs_space", "unallocated_bytes"): lambda v, _: ((btrfs.Space("/", 1, round(v), 0, 1000, 1000),),),
    ("network_link_changes", "new_count"):
        lambda v, _: ((network.Link("eth0", True, 1000, "full", round(v)),), before("eth0", "changes_count")),
    ("network_errors", "bad_ratio"): lambda v, _: packets(v * 10**7, 10**7),
    ("network_errors", "bad_count"): lambda v, _: packets(v, 10**6),
    ("network_drops", "bad_ratio"): lambda v, _: packets(v * 10**7, 10**7),
    ("network_drops", "bad_count"): lambda v, _: packets(v, 10**5),
    ("bond_redundancy", "members_count"): lambda v, _: ((bond(members=bond().members * round(v)),),),
    ("bond_flaps", "new_count"):
        lambda v, _: ((bond(members=(replace(bond().members[0], failures=round(v)),)),), before("bond0", "failures_count")),
    ("tcp_listen_overflow", "new_count"): lambda v, _: ((), round(v), before("tcp", "overflows_count")),
    ("tcp_retransmissions", "again_ratio"): lambda v, _: (tcp.Traffic(10, 10**6, v * 10**6, 0),),
    ("tcp_retransmissions", "again_count"): lambda v, _: (tcp.Traffic(10, 2000, v, 0),),
    ("tcp_sockets", "used_ratio"): lambda v, _: (tcp.Sockets(round(v * 1000), 1000, 0, 1000),),
    ("clock_offset", "offset_seconds"): lambda v, _: (clock.Clock("chrony", True, v),),
    ("clock_sources", "reached_count"): lambda v, _: ((clock.Source("s", "^", "*", 2, 377),) * round(v),),
    ("system_state", "up_seconds"): lambda v, _: (services.SystemState("starting", v),),
    ("unit_restart_loop", "restarts_count"): lambda v, _: ((services.Restarts("a.service", round(v), "running", None),), {}),
    ("unit_restart_loop", "active_seconds"): lambda v, _: ((services.Restarts("a.service", 9, "running", v),), {}),
    ("journal_size", "journal_bytes"): lambda v, _: (round(v),),
    ("log_large_files", "size_bytes"): lambda v, _: ((logs.LargeFile("/var/log/x", round(v)),),),
    ("log_rotation", "age_seconds"): lambda v, _: (ago(v), NOW),
    ("failed_logins", "per_day_count"): lambda v, _: (v,),
    ("packages_metadata_age", "age_seconds"): lambda v, _: (ago(v), NOW),
    ("packages_last_update", "age_seconds"): lambda v, _: (ago(v), NOW),
    ("account_expiring", "left_seconds"): lambda v, _: ((replace(PASSWORD, password_ends=ago(-v)),), NOW),
    ("account_unused", "unused_seconds"):
        lambda v, _: ((accounts.Account("anna", 1000, "/bin/sh", False),), (PASSWORD,), (accounts.LastLogin("anna", ago(v)),), NOW),
    ("certificate_expiry", "left_seconds"): lambda v, _: ((replace(CERTIFICATE, ends_at=ago(-v)),), (), NOW),
    ("certificate_weak", "key_bits"):
        lambda v, kind: ((replace(CERTIFICATE, key=f"{kind} x", key_bits=round(v)),),),
}
FACTS.update(boundaries_middleware.FACTS)
FACTS.update(boundaries_mysql.FACTS)
FACTS.update(boundaries_postgresql.FACTS)
FACTS.update(boundaries_rabbitmq.FACTS)
FACTS.update(boundaries_redis.FACTS)
# Where a rule makes something else of its level's severity: it is only worth naming, or another level has its say too
AS_INFO = {WARNING: INFO}
SHOWN_AS: dict[tuple[str, str], dict[Severity, Severity]] = {
    ("uptime_short", "uptime_seconds"): AS_INFO, ("processes_top", "memory_ratio"): AS_INFO, ("processes_top", "cpu_ratio"): AS_INFO,
    ("disk_power_on_hours", "power_on_seconds"): AS_INFO, ("lvm_vg_free", "free_ratio"): AS_INFO,
    ("system_state", "up_seconds"): {OK: INFO},
    ("disk_saturation", "await_seconds"): {OK: INFO, CRITICAL: WARNING},
    ("unit_restart_loop", "active_seconds"): {OK: WARNING, WARNING: INFO},
    ("filesystem_space", "full_in_seconds"): {OK: INFO}, ("filesystem_space", "free_bytes"): {OK: INFO},
    ("nvme_media_errors", "new_count"): {OK: WARNING},
    **boundaries_mysql.SHOWN_AS,
    **boundaries_postgresql.SHOWN_AS,
}
SHOWN_AS.update(boundaries_middleware.SHOWN_AS)
SHOWN_AS.update(boundaries_redis.SHOWN_AS)
STEPS = {"_ratio": 0.001, "await_seconds": 0.0001, "offset_seconds": 0.0001, "_seconds": 60.0, "load_per_cpu": 0.01, "_per_second": 0.1}
FINER = {("network_errors", "bad_ratio"): 0.00001}


@dataclass(frozen=True)
class Limit:
    """One limit of a level, for one class of objects."""

    rule: str
    level: str
    kind: str
    limits: Above | Below
    value: float

    def __str__(self) -> str:
        return f"{self.rule}-{self.level}-{self.kind}-{self.value}"

    def around(self) -> list[float]:
        """Just below, at, just above; no count and no share is under nothing."""
        step = FINER.get((self.rule, self.level)) or next((step for suffix, step in STEPS.items() if self.level.endswith(suffix)), 1)
        values = [round(self.value + steps * step, 9) for steps in (-1, 0, 1)]
        return [value for value in values if value >= 0 or self.level.endswith("_seconds")]


def all_limits() -> Iterator[Limit]:
    for rule in RULES:
        for name, level in rule.levels.items():
            by_class = {**level.levels, "no such class": level.default} if isinstance(level, ByClass) else {"": level}
            for kind, limits_ in by_class.items():
                for value in dict.fromkeys((limits_.warning, limits_.critical)):
                    if value is not None:
                        yield Limit(rule.id, name, kind, limits_, value)


LIMITS = tuple(all_limits())


@pytest.mark.parametrize(("limit", "value"), [(limit, value) for limit in LIMITS for value in limit.around()], ids=str)
def test_limit(limit: Limit, value: float) -> None:
    key = (limit.rule, limit.level)
    facts = FACTS[key](value, limit.kind)
    rule = RULES_BY_ID[limit.rule]
    finding = max(rule.check(rule.levels, *facts), key=lambda found: found.severity)
    graded = limit.limits.grade(value)
    assert finding.severity is SHOWN_AS.get(key, {}).get(graded, graded)
    if finding.severity >= WARNING and limit.level in finding.values:
        assert finding.values[limit.level] == pytest.approx(value)


def test_every_level_has_its_facts() -> None:
    assert {(limit.rule, limit.level) for limit in LIMITS} == set(FACTS)
