# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about disks as the kernel sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.block_devices import Disk, Traffic
from ..facts.kernel_log import KernelEvent
from ..findings import MIB, Above, ByClass, Domain, Finding, Rule, Severity
from ..trend import Point

History = Mapping[str, Mapping[str, tuple[Point, ...]]]
ENOUGH_REQUESTS = 100                   # fewer in the sample say nothing about a disk
LARGE_PARTITION_BYTES = 64 * MIB        # the small ones of boot loaders have no traffic
STATES: Mapping[str, Severity] = {"running": Severity.OK, "live": Severity.OK, "": Severity.OK, "offline": Severity.CRITICAL,
                                  "transport-offline": Severity.CRITICAL, "dead": Severity.CRITICAL}
SIMPLE_SCHEDULERS = ("none", "noop", "mq-deadline", "deadline", "kyber", "")
AWAIT = ByClass(
    {
        "nvme": Above(warning=0.005, critical=0.020, source="field practice: 5 and 20 ms for SSD"),
        "ssd": Above(warning=0.005, critical=0.020, source="field practice: 5 and 20 ms for SSD"),
        "san": Above(warning=0.020, critical=0.050, source="Zabbix: 20 ms; 50 ms: field practice for SAN"),
        "virtual": Above(warning=0.020, critical=0.050, source="as SAN: our judgement"),
    },
    default=Above(warning=0.030, critical=0.100, source="Pigsty: 32 ms, awesome-prometheus-alerts: 100 ms"),
)


def check_disk_latency(levels: Mapping[str, Any], traffic: tuple[Traffic, ...]) -> Iterator[Finding]:
    """Bad only if it is slow now AND was on the average since boot: ten seconds alone say little."""
    for disk in traffic:
        level = levels["await_seconds"].of(disk.device_class)
        now = level.grade(disk.await_seconds) if disk.requests >= ENOUGH_REQUESTS else Severity.OK
        severity = min(now, level.grade(disk.boot_await_seconds))
        values = {"await_seconds": disk.await_seconds, "boot_await_seconds": disk.boot_await_seconds, "requests_count": disk.requests,
                  "class": disk.device_class}
        if now is not Severity.OK and severity is Severity.OK:
            yield Finding(Severity.INFO, disk.name, "{await_seconds} a request at the moment, {boot_await_seconds} since boot", values)
        else:
            yield Finding(severity, disk.name, "{await_seconds} a request, {boot_await_seconds} since boot", values)


DISK_LATENCY = Rule(
    id="disk_latency",
    title="Disks answer in the time that their kind needs",
    domain=Domain.HARDWARE,
    why="All that reads or writes waits for a slow disk; databases suffer first.",
    fix="See who writes (pidstat -d), then the disk's health, controller cache, paths, and the load of the array or hypervisor.",
    needs=("block_devices.traffic",),
    evidence=("/proc/diskstats",),
    levels={"await_seconds": AWAIT},
    impact=3,
    track=("await_seconds", "boot_await_seconds"),
    check=check_disk_latency,
)


def check_disk_saturation(levels: Mapping[str, Any], traffic: tuple[Traffic, ...]) -> Iterator[Finding]:
    """Busy all the time means little for a disk that works in parallel; it is bad when its requests wait as well."""
    for disk in traffic:
        busy = levels["busy_ratio"].grade(disk.busy_ratio)
        slow = levels["await_seconds"].of(disk.device_class).grade(disk.await_seconds)
        values = {"busy_ratio": disk.busy_ratio, "await_seconds": disk.await_seconds, "class": disk.device_class}
        if busy is Severity.OK:
            yield Finding(Severity.OK, disk.name, "busy {busy_ratio} of the time", values)
        elif slow is Severity.OK:
            yield Finding(Severity.INFO, disk.name, "busy {busy_ratio} of the time, but requests do not wait", values)
        else:
            yield Finding(Severity.WARNING, disk.name, "busy {busy_ratio} of the time, and a request takes {await_seconds}", values)


DISK_SATURATION = Rule(
    id="disk_saturation",
    title="Disks have reserves",
    domain=Domain.HARDWARE,
    why="A disk that is always busy and lets requests wait limits all that runs on it.",
    fix="Spread the load, add memory for caches, move the busiest files to faster disks.",
    needs=("block_devices.traffic",),
    evidence=("/proc/diskstats",),
    levels={"busy_ratio": Above(warning=0.90, source="pmie: over 90 % with rising wait"), "await_seconds": AWAIT},
    impact=2,
    check=check_disk_saturation,
)


def check_disk_state(_levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    """A state that is not listed is a warning."""
    found = False
    for disk in disks:
        severity = STATES.get(disk.state, Severity.WARNING)
        if severity is not Severity.OK:
            found = True
            yield Finding(severity, disk.name, "the kernel says that the disk is {state}", {"state": disk.state, "model": disk.model})
    if not found:
        yield Finding(Severity.OK, "disks", "all {disks_count} disks are running", {"disks_count": len(disks)})


DISK_STATE = Rule(
    id="disk_state",
    title="Disks are online",
    domain=Domain.HARDWARE,
    why="The kernel gave up a disk or path; what lies on it can't be reached.",
    fix="Look in the kernel log for the cause; mend cable, path or disk, then rescan it (echo running > device/state).",
    needs=("block_devices.disks",),
    evidence=("/sys/block/*/device/state",),
    impact=4,
    change_risk=2,
    check=check_disk_state,
)


def check_disk_io_errors(
    levels: Mapping[str, Any], disks: tuple[Disk, ...], logged: tuple[KernelEvent, ...], history: History
) -> Iterator[Finding]:
    """What the kernel logged of a disk since the last inspection counts as it is graded there.

    The counter of failed commands alone counts by its growth, and only as INFO for ATA disks: there each query of the SMART
    data adds to it.
    """
    since = max((when for values in history.values() for series in values.values() for when, _value in series), default=None)
    fresh = [event for event in logged if since is None or event.at is None or event.at > since]
    for disk in disks:
        events = [event for event in fresh if disk_of(event.device) == disk.name]
        seen = history.get(disk.name, {}).get("errors_count", ())
        failed = disk.io_errors or 0
        new = int(failed - seen[-1][1]) if seen and seen[-1][1] <= failed else 0
        severity = levels["new_errors_count"].grade(new)
        values = {"new_errors_count": new, "errors_count": failed, "messages_count": len(events), "vendor": disk.vendor}
        if events:
            yield Finding(max(severity, *(event.severity for event in events)), disk.name,
                          "the kernel logged {messages_count} I/O errors, the last: {example}", {**values, "example": events[-1].text})
        elif severity is not Severity.OK and disk.vendor == "ATA":
            yield Finding(Severity.INFO, disk.name,
                          "{new_errors_count} failed commands since the last inspection; queries of the SMART data count too", values)
        elif disk.io_errors is None:
            yield Finding(Severity.OK, disk.name, "the kernel logged no I/O error")
        else:
            yield Finding(severity, disk.name,
                          "{new_errors_count} failed commands since the last inspection, {errors_count} in all", values)


def disk_of(device: str) -> str:
    """The disk of a partition: sda of sda1, nvme0n1 of nvme0n1p2."""
    match = re.fullmatch(r"((?:sd|hd|vd|xvd)[a-z]+)\d+|((?:nvme\d+n|mmcblk)\d+)p\d+", device)
    return (match[1] or match[2]) if match else device


DISK_IO_ERRORS = Rule(
    id="disk_io_errors",
    title="Disks carry out their commands",
    domain=Domain.HARDWARE,
    why="Failed reads and writes, or a growing number of failed commands, show a failing disk, path or controller.",
    fix="Secure a backup; compare with the SMART data of the disk, check cables and paths, replace what fails.",
    needs=("block_devices.disks", "kernel_log.io_errors", "history.disk_io_errors"),
    evidence=("/sys/block/*/device/ioerr_cnt", "dmesg -r"),
    levels={"new_errors_count": Above(warning=10, source="our judgement: probes for commands that a disk does not know cost some")},
    impact=3,
    track=("errors_count",),
    check=check_disk_io_errors,
)


def check_disk_duplicate_wwid(_levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    by_wwid: dict[str, list[Disk]] = {}
    for disk in disks:
        if disk.wwid and not disk.removable:
            by_wwid.setdefault(disk.wwid, []).append(disk)
    found = False
    for wwid, same in by_wwid.items():
        maps = {disk.multipath for disk in same}
        if len(same) > 1 and (len(maps) > 1 or maps == {""}):
            found = True
            yield Finding(Severity.WARNING, wwid, "{disks} have this same identity, and no multipath map joins them",
                          {"disks": [disk.name for disk in same]})
    if not found:
        yield Finding(Severity.OK, "disks", "no two disks have the same identity but paths of one map")


DISK_DUPLICATE_WWID = Rule(
    id="disk_duplicate_wwid",
    title="Every disk has an identity of its own",
    domain=Domain.HARDWARE,
    why="Two disks of one identity are paths without multipath, or a cloned LUN: used as two, they destroy the data.",
    fix="Set up multipath for them, or have the clone unmapped by the array's administrator.",
    needs=("block_devices.disks",),
    evidence=("/sys/block/*/wwid", "/sys/block/*/device/wwid"),
    impact=4,
    change_risk=3,
    check=check_disk_duplicate_wwid,
)


def check_disk_scheduler(_levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    wrong = [disk for disk in disks if disk.device_class != "hdd" and disk.scheduler not in SIMPLE_SCHEDULERS]
    for disk in wrong:
        yield Finding(Severity.INFO, disk.name, "uses the scheduler {scheduler}, which is made for disks that rotate",
                      {"scheduler": disk.scheduler, "class": disk.device_class})
    if not wrong:
        yield Finding(Severity.OK, "disks", "all disks use a scheduler that fits their kind")


DISK_SCHEDULER = Rule(
    id="disk_scheduler",
    title="The I/O scheduler fits the disk",
    domain=Domain.OS,
    why="cfq and bfq reorder requests for a moving head; on flash, SAN and virtual disks that costs time and gains nothing.",
    fix="Choose none or mq-deadline by a udev rule or the tuned profile.",
    needs=("block_devices.disks",),
    evidence=("/sys/block/*/queue/scheduler", "/sys/block/*/queue/rotational"),
    impact=1,
    check=check_disk_scheduler,
)


def check_disk_alignment(_levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    found = False
    for disk in disks:
        for partition in disk.partitions:
            if partition.size_bytes < LARGE_PARTITION_BYTES:
                continue
            values = {"start_bytes": partition.start_bytes, "block_bytes": disk.physical_block_bytes}
            if partition.start_bytes % disk.physical_block_bytes:
                found = True
                yield Finding(Severity.WARNING, partition.name, "begins inside a physical block of {block_bytes}", values)
            elif partition.start_bytes % MIB:
                found = True
                yield Finding(Severity.INFO, partition.name, "does not begin at a multiple of 1 MiB", values)
    if not found:
        yield Finding(Severity.OK, "disks", "all partitions begin at a multiple of 1 MiB")


DISK_ALIGNMENT = Rule(
    id="disk_alignment",
    title="Partitions are aligned to the blocks of the disk",
    domain=Domain.OS,
    why="Every write that begins inside a physical block makes the disk read it first and write two.",
    fix="Move the data to a partition made anew by a current tool, at the next migration.",
    needs=("block_devices.disks",),
    evidence=("/sys/block/*/*/start", "/sys/block/*/queue/physical_block_size"),
    impact=2,
    change_risk=4,
    check=check_disk_alignment,
)


def check_disk_trim(_levels: Mapping[str, Any], disks: tuple[Disk, ...], is_trimmed: bool) -> Iterator[Finding]:
    names = [disk.name for disk in disks if disk.can_discard and disk.device_class in ("ssd", "nvme")]
    if names and not is_trimmed:
        yield Finding(Severity.INFO, "disks", "no timer trims {disks}", {"disks": names})
    else:
        yield Finding(Severity.OK, "disks", "what should be trimmed is trimmed by a timer")


DISK_TRIM = Rule(
    id="disk_trim",
    title="Flash disks are trimmed",
    domain=Domain.OS,
    why="A flash disk that is never told which blocks are free wears faster and writes slower.",
    fix="Enable fstrim.timer.",
    needs=("block_devices.disks", "block_devices.is_trimmed"),
    evidence=("trim timers", "/sys/block/*/queue/discard_max_bytes"),
    impact=1,
    check=check_disk_trim,
)

RULES = (DISK_LATENCY, DISK_SATURATION, DISK_STATE, DISK_IO_ERRORS, DISK_DUPLICATE_WWID, DISK_SCHEDULER, DISK_ALIGNMENT, DISK_TRIM)
