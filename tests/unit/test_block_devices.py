# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks: limits at, below and above by class; states; counters that grow; diskstats in odd shapes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from plugins.plugin_utils.facts.block_devices import Disk, Partition, Traffic, parse_diskstats
from plugins.plugin_utils.facts.kernel_log import KernelEvent
from plugins.plugin_utils.findings import MIB, Severity
from plugins.plugin_utils.rules import block_devices

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
DISK = Disk("sda", "ssd", 10**12, False, "VENDOR", "MODEL", "naa.1", "", "running", "none", 4096, True, 0, ())


def one(rule, *facts) -> Severity:
    found = list(rule.check(rule.levels, *facts))
    assert len(found) == 1, found
    return found[0].severity


def traffic(kind: str, await_seconds: float, boot: float | None = None, requests: int = 1000, busy: float = 0.1) -> tuple[Traffic, ...]:
    return (Traffic("sda", kind, requests, await_seconds, await_seconds if boot is None else boot, busy),)


@pytest.mark.parametrize(("kind", "warning", "critical"), [
    ("nvme", 0.005, 0.020), ("ssd", 0.005, 0.020), ("san", 0.020, 0.050), ("virtual", 0.020, 0.050), ("hdd", 0.030, 0.100),
])
def test_latency_by_class(kind: str, warning: float, critical: float) -> None:
    rule = block_devices.DISK_LATENCY
    assert one(rule, traffic(kind, warning - 0.001)) is OK
    assert one(rule, traffic(kind, warning)) is WARNING
    assert one(rule, traffic(kind, critical - 0.001)) is WARNING
    assert one(rule, traffic(kind, critical)) is CRITICAL
    assert one(rule, traffic(kind, critical, boot=0.0001)) is INFO, "a moment alone is no fault"
    assert one(rule, traffic(kind, 0.0001, boot=critical)) is OK, "slow once, not now"
    assert one(rule, traffic(kind, critical, requests=99)) is OK
    assert one(rule, traffic(kind, critical, requests=100)) is CRITICAL


@pytest.mark.parametrize(("busy", "wait", "expected"), [(0.899, 1.0, OK), (0.90, 0.0049, INFO), (0.90, 0.005, WARNING), (1.0, 1.0, WARNING)])
def test_saturation(busy: float, wait: float, expected: Severity) -> None:
    assert one(block_devices.DISK_SATURATION, traffic("ssd", wait, busy=busy)) is expected


@pytest.mark.parametrize(("state", "expected"), [
    ("running", OK), ("live", OK), ("", OK), ("offline", CRITICAL), ("transport-offline", CRITICAL), ("dead", CRITICAL), ("blocked", WARNING),
    ("quiesce", WARNING), ("a word of a later kernel", WARNING),
])
def test_state(state: str, expected: Severity) -> None:
    assert one(block_devices.DISK_STATE, (replace(DISK, state=state),)) is expected


@pytest.mark.parametrize(("before", "now", "vendor", "expected"), [
    (None, 500, "SEAGATE", OK), (5, 14, "SEAGATE", OK), (5, 15, "SEAGATE", WARNING), (5, 16, "SEAGATE", WARNING), (5, 500, "ATA", INFO),
    (500, 3, "SEAGATE", OK), (None, None, "", OK),
])
def test_io_errors(before: int | None, now: int | None, vendor: str, expected: Severity) -> None:
    history = {} if before is None else {"sda": {"errors_count": ((datetime(2026, 8, 1, tzinfo=UTC), before),)}}
    assert one(block_devices.DISK_IO_ERRORS, (replace(DISK, io_errors=now, vendor=vendor),), (), history) is expected


@pytest.mark.parametrize(("device", "day", "expected"), [
    ("sda", 2, CRITICAL), ("sda1", 2, CRITICAL), ("sda", 1, OK), ("sda", None, CRITICAL), ("sdaa", 2, OK), ("", 2, OK),
])
def test_io_errors_that_the_kernel_logged(device: str, day: int | None, expected: Severity) -> None:
    history = {"sda": {"errors_count": ((datetime(2026, 8, 1, tzinfo=UTC), 0),)}}
    event = KernelEvent(CRITICAL, "I/O error", device, None if day is None else datetime(2026, 8, day, tzinfo=UTC), "text")
    assert one(block_devices.DISK_IO_ERRORS, (DISK,), (event,), history) is expected


@pytest.mark.parametrize(("device", "disk"), [
    ("sda1", "sda"), ("sda", "sda"), ("nvme0n1p2", "nvme0n1"), ("nvme0n1", "nvme0n1"), ("vdb3", "vdb"), ("dm-0", "dm-0"), ("mmcblk0p1", "mmcblk0"),
])
def test_disk_of_a_partition(device: str, disk: str) -> None:
    assert block_devices.disk_of(device) == disk


@pytest.mark.parametrize(("maps", "expected"), [(("", ""), WARNING), (("dm-1", "dm-1"), OK), (("dm-1", ""), WARNING), (("dm-1", "dm-2"), WARNING)])
def test_duplicate_identities(maps: tuple[str, str], expected: Severity) -> None:
    disks = tuple(replace(DISK, name=name, multipath=multipath) for name, multipath in zip(("sda", "sdb"), maps, strict=True))
    assert one(block_devices.DISK_DUPLICATE_WWID, disks) is expected


def test_disks_without_identity_and_removable_ones_are_no_duplicates() -> None:
    disks = (replace(DISK, wwid=""), replace(DISK, wwid=""), replace(DISK, removable=True), DISK)
    assert one(block_devices.DISK_DUPLICATE_WWID, disks) is OK


@pytest.mark.parametrize(("kind", "scheduler", "expected"), [
    ("ssd", "cfq", INFO), ("ssd", "bfq", INFO), ("hdd", "cfq", OK), ("nvme", "none", OK), ("san", "mq-deadline", OK), ("virtual", "", OK),
])
def test_scheduler(kind: str, scheduler: str, expected: Severity) -> None:
    assert one(block_devices.DISK_SCHEDULER, (replace(DISK, device_class=kind, scheduler=scheduler),)) is expected


@pytest.mark.parametrize(("start", "size", "expected"), [
    (MIB, 100 * MIB, OK), (63 * 512, 100 * MIB, WARNING), (4096 * 3, 100 * MIB, INFO), (63 * 512, 64 * MIB, WARNING), (63 * 512, 64 * MIB - 512, OK),
])
def test_alignment(start: int, size: int, expected: Severity) -> None:
    assert one(block_devices.DISK_ALIGNMENT, (replace(DISK, partitions=(Partition("sda1", start, size),)),)) is expected


@pytest.mark.parametrize(("kind", "can", "trimmed", "expected"), [
    ("ssd", True, False, INFO), ("ssd", True, True, OK), ("ssd", False, False, OK), ("virtual", True, False, OK), ("hdd", True, False, OK),
])
def test_trim(kind: str, can: bool, trimmed: bool, expected: Severity) -> None:
    assert one(block_devices.DISK_TRIM, (replace(DISK, device_class=kind, can_discard=can),), trimmed) is expected


@pytest.mark.parametrize("text", ["", "\x00", "8 0 sda 1 2 3\n", "8 0 sda a b c d e f g h i j k\n"])
def test_diskstats_odd(text: str) -> None:
    assert parse_diskstats(text) == {}


def test_diskstats() -> None:
    found = parse_diskstats("   8       0 sda 10 1 80 5 20 2 160 40 0 30 45 0 0 0 0\n")
    assert found == {"sda requests": 30, "sda wait": 45, "sda busy": 30}
