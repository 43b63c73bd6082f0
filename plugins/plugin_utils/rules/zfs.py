# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about ZFS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.zfs import Pool, PoolSize
from ..findings import DAY, Above, Domain, Finding, Rule, Severity

STATUS, LIST = ("zpool status",), ("zpool list -p",)
# zpoolconcepts(7); a word that is not listed here is a warning
STATES: Mapping[str, Severity] = {
    "ONLINE": Severity.OK, "AVAIL": Severity.OK, "DEGRADED": Severity.CRITICAL, "FAULTED": Severity.CRITICAL, "UNAVAIL": Severity.CRITICAL,
    "SUSPENDED": Severity.CRITICAL, "REMOVED": Severity.CRITICAL, "OFFLINE": Severity.WARNING, "INUSE": Severity.WARNING,
}


def state_of(word: str) -> Severity:
    return STATES.get(word, Severity.WARNING)


def check_zfs_pool_state(_levels: Mapping[str, Any], states: dict[str, tuple[str, ...]]) -> Iterator[Finding]:
    for name, words in sorted(states.items()):
        word = max(words, key=state_of)
        yield Finding(state_of(word), name, "the pool is {state}", {"state": word})


ZFS_POOL_STATE = Rule(
    id="zfs_pool_state",
    title="ZFS pools are online",
    domain=Domain.HARDWARE,
    why="A degraded pool has lost redundancy, the next failure may lose it whole; a faulted or suspended one is not usable.",
    fix="zpool status -x names the device; replace it (zpool replace) or bring it back (zpool online), and wait for the resilver.",
    needs=("zfs.states",),
    evidence=(*STATUS, *LIST, "/proc/spl/kstat/zfs/*/state"),
    impact=4,
    change_risk=2,
    check=check_zfs_pool_state,
)


def check_zfs_devices(_levels: Mapping[str, Any], pools: tuple[Pool, ...]) -> Iterator[Finding]:
    for pool in pools:
        bad = [device for device in pool.devices if state_of(device.state) is not Severity.OK]
        if bad:
            yield Finding(Severity.WARNING, pool.name, "not in order: {devices}",
                          {"devices": [f"{device.name} {device.state}" for device in bad][:10]})
        else:
            yield Finding(Severity.OK, pool.name, "all its devices are online")


ZFS_DEVICES = Rule(
    id="zfs_devices",
    title="The devices of ZFS pools are online",
    domain=Domain.HARDWARE,
    why="A device that is off line, removed or replaced by a spare must be put in order before the next one fails.",
    fix="Replace the device (zpool replace) or bring it back (zpool online).",
    needs=("zfs.pools",),
    evidence=STATUS,
    impact=3,
    change_risk=2,
    check=check_zfs_devices,
)


def check_zfs_capacity(levels: Mapping[str, Any], sizes: tuple[PoolSize, ...]) -> Iterator[Finding]:
    for pool in sizes:
        if pool.used_ratio is None:
            yield Finding(Severity.UNKNOWN, pool.name, "its fill level is not told")
        else:
            yield Finding(levels["used_ratio"].grade(pool.used_ratio), pool.name, "{used_ratio} used, {free_bytes} free",
                          {"used_ratio": pool.used_ratio, "free_bytes": pool.free_bytes, "fragmented_ratio": pool.fragmented_ratio})


ZFS_CAPACITY = Rule(
    id="zfs_capacity",
    title="ZFS pools have free space",
    domain=Domain.OS,
    why="ZFS writes to new places only: over 80 % it slows down, and a full pool can hardly be emptied.",
    fix="Remove snapshots and data, or add devices; set a reservation on an empty dataset as an emergency reserve.",
    needs=("zfs.sizes",),
    evidence=LIST,
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="OpenZFS tuning guide: keep below 80 %; 90 %: our judgement")},
    impact=3,
    track=("used_ratio",),
    check=check_zfs_capacity,
)


def check_zfs_errors(_levels: Mapping[str, Any], pools: tuple[Pool, ...]) -> Iterator[Finding]:
    for pool in pools:
        devices = [device for device in pool.devices if device.errors]
        values = {"devices": [device.name for device in devices][:10], "errors_count": sum(device.errors for device in devices),
                  "data_errors": pool.data_errors, "scan_errors_count": pool.scan_errors}
        if pool.data_errors is None:
            yield Finding(Severity.UNKNOWN, pool.name, "whether data is damaged is not told while the pool is not in use", values)
        elif pool.data_errors:
            yield Finding(Severity.CRITICAL, pool.name, "data is damaged for good: {data_errors}", values)
        elif devices:
            yield Finding(Severity.WARNING, pool.name, "{errors_count} read, write or checksum errors on {devices}", values)
        elif pool.scan_errors:
            yield Finding(Severity.WARNING, pool.name, "the last scan of the pool ended with {scan_errors_count} errors", values)
        else:
            yield Finding(Severity.OK, pool.name, "no errors", values)


ZFS_ERRORS = Rule(
    id="zfs_errors",
    title="ZFS counted no errors",
    domain=Domain.HARDWARE,
    why="Checksum, read or write errors show a failing disk, cable, controller or memory, even while ZFS still repairs them.",
    fix="Check the disk's SMART data and cables; restore files named by zpool status -v; then zpool clear and a scrub.",
    needs=("zfs.pools",),
    evidence=STATUS,
    impact=4,
    check=check_zfs_errors,
)


def check_zfs_scrub(levels: Mapping[str, Any], pools: tuple[Pool, ...], taken_at: datetime) -> Iterator[Finding]:
    for pool in pools:
        if pool.scrubbed_at is None:
            yield Finding(Severity.INFO, pool.name, "no finished scrub is known: {scan}", {"scan": pool.scan or "-"})
            continue
        age = (taken_at - pool.scrubbed_at).total_seconds()
        yield Finding(levels["age_seconds"].grade(age), pool.name, "last scrubbed {age_seconds} ago", {"age_seconds": age})


ZFS_SCRUB = Rule(
    id="zfs_scrub",
    title="ZFS pools are scrubbed",
    domain=Domain.OS,
    why="Damage that nobody reads stays unseen until redundancy is needed; a scrub finds and repairs it in time.",
    fix="Enable the monthly scrub (zfs-scrub-monthly@POOL.timer, or the distribution's cron job).",
    needs=("zfs.pools", "capture.taken_at"),
    evidence=STATUS,
    levels={"age_seconds": Above(warning=35 * DAY, source="our judgement: monthly, with some days of grace")},
    impact=2,
    check=check_zfs_scrub,
)

RULES = (ZFS_POOL_STATE, ZFS_DEVICES, ZFS_CAPACITY, ZFS_ERRORS, ZFS_SCRUB)
