# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about btrfs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.btrfs import DeviceErrors, Scrub, Space
from ..findings import GIB, Above, Below, Domain, Finding, Rule, Severity

USAGE = ("btrfs filesystem usage -b *",)


def check_btrfs_errors(_levels: Mapping[str, Any], errors: tuple[DeviceErrors, ...]) -> Iterator[Finding]:
    for item in errors:
        values = {"device": item.device, "errors_count": sum(item.counts.values()),
                  "counts": [f"{name} {count}" for name, count in item.counts.items()]}
        if item.counts:
            yield Finding(Severity.WARNING, f"{item.point} {item.device}", "the device counted errors: {counts}", values)
        else:
            yield Finding(Severity.OK, f"{item.point} {item.device}", "no errors", values)


BTRFS_ERRORS = Rule(
    id="btrfs_errors",
    title="btrfs counted no errors of its devices",
    domain=Domain.HARDWARE,
    why="Read, write or checksum errors show a failing disk, cable or memory; without a second copy files are damaged.",
    fix="Check the disk and the kernel log, run a scrub, restore what it names; then reset the counters (btrfs device stats -z).",
    needs=("btrfs.errors",),
    evidence=("btrfs device stats *",),
    impact=4,
    track=("errors_count",),
    check=check_btrfs_errors,
)


def check_btrfs_space(levels: Mapping[str, Any], spaces: tuple[Space, ...]) -> Iterator[Finding]:
    """Full metadata stops all writes though data has room; bad only if no space is left to make more of it."""
    for space in spaces:
        ratio = space.metadata_used_bytes / space.metadata_size_bytes if space.metadata_size_bytes else 0.0
        severity = min(levels["metadata_ratio"].grade(ratio), levels["unallocated_bytes"].grade(space.unallocated_bytes))
        yield Finding(severity, space.point, "{metadata_ratio} of the metadata space used, {unallocated_bytes} not given to any use yet",
                      {"metadata_ratio": ratio, "unallocated_bytes": space.unallocated_bytes, "size_bytes": space.size_bytes})


BTRFS_SPACE = Rule(
    id="btrfs_space",
    title="btrfs has room for its metadata",
    domain=Domain.OS,
    why="When the metadata is full and nothing is unallocated, every write fails with 'no space left', even deleting.",
    fix="Run btrfs balance start -dusage=50 to give data chunks back, remove old snapshots, or add a device.",
    needs=("btrfs.space",),
    evidence=USAGE,
    levels={
        "metadata_ratio": Above(warning=0.80, critical=0.90, source="our judgement: 80 and 90 %"),
        "unallocated_bytes": Below(warning=5 * GIB, critical=1 * GIB, source="our judgement: a metadata chunk is up to 1 GiB"),
    },
    impact=3,
    check=check_btrfs_space,
)


def check_btrfs_missing_device(
    _levels: Mapping[str, Any], spaces: tuple[Space, ...], errors: tuple[DeviceErrors, ...]
) -> Iterator[Finding]:
    lost = {item.point for item in errors if "missing" in item.device or item.device.startswith("devid:")}
    for space in spaces:
        if space.missing_bytes or space.point in lost:
            yield Finding(Severity.CRITICAL, space.point, "a device of the file system is missing", {"missing_bytes": space.missing_bytes})
        else:
            yield Finding(Severity.OK, space.point, "all its devices are there", {"missing_bytes": 0})


BTRFS_MISSING_DEVICE = Rule(
    id="btrfs_missing_device",
    title="All devices of btrfs file systems are there",
    domain=Domain.HARDWARE,
    why="The file system runs without the redundancy it was made with, and will not mount at the next boot.",
    fix="Bring the device back, or replace it (btrfs replace start), then run btrfs balance to restore the redundancy.",
    needs=("btrfs.space", "btrfs.errors"),
    evidence=(*USAGE, "btrfs device stats *"),
    impact=4,
    change_risk=2,
    check=check_btrfs_missing_device,
)


def check_btrfs_scrub(_levels: Mapping[str, Any], scrubs: tuple[Scrub, ...]) -> Iterator[Finding]:
    for item in scrubs:
        if item.errors is None:
            yield Finding(Severity.INFO, item.point, "no scrub is known")
        elif item.errors:
            yield Finding(Severity.WARNING, item.point, "the last scrub found errors: {errors}", {"errors": item.errors})
        else:
            yield Finding(Severity.OK, item.point, "the last scrub found no errors")


BTRFS_SCRUB = Rule(
    id="btrfs_scrub",
    title="The last scrub of btrfs found no errors",
    domain=Domain.HARDWARE,
    why="A scrub reads all and compares it with its checksums; what it can't repair is lost.",
    fix="Look in the kernel log for the files it names, restore them, check the disk; schedule a monthly scrub.",
    needs=("btrfs.scrubs",),
    evidence=("btrfs scrub status *",),
    impact=3,
    check=check_btrfs_scrub,
)

RULES = (BTRFS_ERRORS, BTRFS_SPACE, BTRFS_MISSING_DEVICE, BTRFS_SCRUB)
