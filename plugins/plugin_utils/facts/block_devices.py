# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks: size and position in bytes, class, state, error counters; their traffic in seconds a request and shares of time."""

from __future__ import annotations

from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .container import is_container
from .counters import deltas
from .guard import readable

SECTOR_BYTES = 512                      # the unit of sysfs and diskstats, whatever the disk's own is
VIRTUAL_VENDORS = ("vmware", "qemu", "msft", "google", "vbox", "xen", "virtual", "nutanix", "alibaba", "oracle")


@dataclass(frozen=True)
class Partition:
    name: str
    start_bytes: int
    size_bytes: int


@dataclass(frozen=True)
class Disk:
    """``device_class`` is nvme, ssd, hdd, san or virtual. "" or None where the driver tells nothing."""

    name: str
    device_class: str
    size_bytes: int
    removable: bool
    vendor: str
    model: str
    wwid: str
    multipath: str
    state: str
    scheduler: str
    physical_block_bytes: int
    can_discard: bool
    io_errors: int | None
    partitions: tuple[Partition, ...]
    read_ahead_kib: int | None = None


@dataclass(frozen=True)
class Traffic:
    """Between the two samples; ``boot_await_seconds`` is the average since boot."""

    name: str
    device_class: str
    requests: int
    await_seconds: float
    boot_await_seconds: float
    busy_ratio: float


@dataclass(frozen=True)
class BlockDevicesFacts:
    disks: Known[tuple[Disk, ...]]
    traffic: Known[tuple[Traffic, ...]]
    is_trimmed: Known[bool]


def parse(capture: Capture) -> BlockDevicesFacts:
    if is_container(capture):
        foreign = NotHere("a container: its disks belong to the host that runs it")
        return BlockDevicesFacts(foreign, foreign, foreign)
    disks = readable(_disks, capture)
    timers = capture.known("trim timers")
    return BlockDevicesFacts(
        disks=disks, traffic=readable(_traffic, capture, disks),
        is_trimmed=timers if isinstance(timers, Unknown) else bool(timers.strip()),
    )


def _disks(capture: Capture) -> Known[tuple[Disk, ...]]:
    names = capture.known("block devices")
    if isinstance(names, Unknown):
        return names
    if not names.strip():
        return NotHere("this host has no disk")
    members = capture.text("multipath members")
    maps = {}
    for line in members.splitlines() if isinstance(members, str) else ():
        multipath, *paths = line.split()
        maps.update(dict.fromkeys(paths, multipath))
    partitions = _partitions(capture)
    disks = tuple(_disk(capture, name, maps.get(name, ""), partitions.get(name, [])) for name in names.split("\n"))
    return tuple(disk for disk in disks if disk.size_bytes) or NotHere("this host has no disk")


# /sys/block/sda/size: 937703088                      in sectors
# /sys/block/sda/queue/scheduler: [mq-deadline] kyber bfq none
# /sys/block/sda/device/ioerr_cnt: 0x2
# /sys/block/sda -> ../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda
def _disk(capture: Capture, name: str, multipath: str, partitions: list[Partition]) -> Disk:
    def read(attribute: str) -> str:
        text = capture.text(f"/sys/block/{name}/{attribute}")
        return text.strip() if isinstance(text, str) else ""

    errors = read("device/ioerr_cnt")
    scheduler = read("queue/scheduler")
    block, ahead = read("queue/physical_block_size"), read("queue/read_ahead_kb")
    return Disk(
        name=name, device_class=_class(capture, name, read("device/vendor"), read("queue/rotational")),
        size_bytes=_number(capture, f"/sys/block/{name}/size") * SECTOR_BYTES, removable=read("removable") == "1",
        vendor=read("device/vendor"), model=read("device/model"), wwid=read("wwid") or read("device/wwid"), multipath=multipath,
        state=read("device/state"), scheduler=scheduler.partition("[")[2].partition("]")[0] or scheduler,
        physical_block_bytes=int(block) if block.isdigit() else SECTOR_BYTES,
        can_discard=read("queue/discard_max_bytes") not in ("", "0"),
        io_errors=int(errors, 16) if errors.startswith("0x") else None,
        partitions=tuple(partitions), read_ahead_kib=int(ahead) if ahead.isdigit() else None,
    )


def _partitions(capture: Capture) -> dict[str, list[Partition]]:
    """{disk: its partitions}."""
    found: dict[str, list[Partition]] = {}
    for entry in capture.matching("/sys/block/*/start"):
        folder = entry.key.removesuffix("start")
        disk, name = folder.split("/")[3:5]
        found.setdefault(disk, []).append(Partition(name, _number(capture, entry.key) * SECTOR_BYTES,
                                                    _number(capture, folder + "size") * SECTOR_BYTES))
    return found


def _number(capture: Capture, key: str) -> int:
    text = capture.known(key)
    if isinstance(text, Unknown):
        raise Unreadable(text.reason, **text.values)
    if not text.strip().isdigit():
        raise Unreadable("{key}: is not a number", key=key)
    return int(text)


def _class(capture: Capture, name: str, vendor: str, rotational: str) -> str:
    link = capture.text(f"/sys/block/{name}")
    path = link if isinstance(link, str) else ""
    if name.startswith("nvme"):
        return "nvme"
    if name.startswith(("vd", "xvd")) or "/virtio" in path or vendor.lower().startswith(VIRTUAL_VENDORS):
        return "virtual"
    if "/rport-" in path or "/session" in path:         # Fibre Channel, iSCSI
        return "san"
    if rotational not in ("0", "1"):
        raise Unreadable("{key}: does not say whether the disk rotates", key=f"/sys/block/{name}/queue/rotational")
    return "ssd" if rotational == "0" else "hdd"


#    8       0 sda 184822 5240 9381204 61250 921004 402114 31220460 512330 0 401220 573580 0 0 0 0
# major, minor, name, reads, merged, sectors, ms reading, writes, merged, sectors, ms writing, in flight, ms busy, ...
def parse_diskstats(text: str) -> dict[str, float]:
    """{"sda requests": count, "sda wait": ms, "sda busy": ms}."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) < 14 or not all(word.isdigit() for word in words[3:14]):
            continue
        reads, read_ms, writes, write_ms, busy_ms = (int(words[place]) for place in (3, 6, 7, 10, 12))
        name = words[2]
        found[name + " requests"] = reads + writes
        found[name + " wait"] = read_ms + write_ms
        found[name + " busy"] = busy_ms
    return found


def _traffic(capture: Capture, disks: Known[tuple[Disk, ...]]) -> Known[tuple[Traffic, ...]]:
    if not isinstance(disks, tuple):
        return disks
    growth = deltas(capture, "/proc/diskstats", parse_diskstats)
    if isinstance(growth, Unknown | NotHere):
        return growth
    seconds, grown = growth
    total = parse_diskstats(capture.samples("/proc/diskstats")[-1].text or "")
    found = []
    for disk in disks:
        requests, wait, busy = (grown.get(f"{disk.name} {name}") for name in ("requests", "wait", "busy"))
        if requests is None or wait is None or busy is None:
            raise Unreadable("/proc/diskstats: has no line of {name} in both samples", name=disk.name)
        since_boot = total[disk.name + " requests"]
        boot_await = total[disk.name + " wait"] / since_boot / 1000 if since_boot else 0.0
        found.append(Traffic(disk.name, disk.device_class, int(requests), await_seconds=wait / requests / 1000 if requests else 0.0,
                             boot_await_seconds=boot_await, busy_ratio=min(1.0, busy / seconds / 1000)))
    return tuple(found)
