# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about local file systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.filesystems import ExtErrors, Unreachable, Usage
from ..findings import DAY, GIB, Above, Below, Domain, Finding, Rule, Severity
from ..trend import Point, growth_per_second

History = Mapping[str, Mapping[str, tuple[Point, ...]]]


def seconds_until_full(usage: Usage, history: History, taken_at: datetime) -> tuple[float | None, float | None]:
    """(bytes a second that its use grows by, seconds until nothing is left): None where that is not known or not the case."""
    growth = growth_per_second((*history.get(usage.point, {}).get("used_bytes", ()), (taken_at, usage.used)))
    return growth, usage.available / growth if growth is not None and growth > 0 else None


def check_filesystem_space(
    levels: Mapping[str, Any], space: tuple[Usage, ...], history: History, taken_at: datetime
) -> Iterator[Finding]:
    """Bad only if the level is high AND little is free in bytes or it will be full within a day."""
    for usage in space:
        if not usage.total:
            continue
        growth, until_full = seconds_until_full(usage, history, taken_at)
        level = levels["used_ratio"].grade(usage.used_ratio)
        room = levels["free_bytes"].grade(usage.available)
        soon = levels["full_in_seconds"].grade(until_full) if until_full is not None else Severity.OK
        severity = min(level, max(room, soon))
        values = {"used_ratio": usage.used_ratio, "free_bytes": usage.available, "used_bytes": usage.used, "total_bytes": usage.total,
                  "growth_bytes_per_second": growth, "full_in_seconds": until_full}
        if level is Severity.CRITICAL and severity is Severity.OK:
            yield Finding(Severity.INFO, usage.point, "{used_ratio} used, but {free_bytes} are still free", values)
        else:
            yield Finding(severity, usage.point, "{used_ratio} of {total_bytes} used, {free_bytes} free", values)


FILESYSTEM_SPACE = Rule(
    id="filesystem_space",
    title="File systems have free space",
    domain=Domain.OS,
    why="Services stop, and databases may be damaged, when their file system is full.",
    fix="Find what grew (du -x), remove or move it, then extend the volume; check log rotation and old kernels first.",
    needs=("filesystems.space", "history.filesystem_space", "capture.taken_at"),
    evidence=("df -PT -B1*",),
    levels={
        "used_ratio": Above(warning=0.80, critical=0.90, source="Zabbix template Linux filesystems"),
        "free_bytes": Below(warning=10 * GIB, critical=5 * GIB, source="Zabbix template Linux filesystems"),
        "full_in_seconds": Below(warning=DAY, critical=DAY, source="Zabbix template Linux filesystems: full within 24 h"),
    },
    impact=4,
    track=("used_bytes", "used_ratio"),
    check=check_filesystem_space,
)


def check_filesystem_space_forecast(
    levels: Mapping[str, Any], space: tuple[Usage, ...], history: History, taken_at: datetime
) -> Iterator[Finding]:
    on_disk = [usage for usage in space if usage.total and usage.fs_type != "tmpfs"]
    if not on_disk:
        yield Finding(Severity.OK, "filesystems", "no file system on a disk")
    for usage in on_disk:
        growth, until_full = seconds_until_full(usage, history, taken_at)
        values = {"full_in_seconds": until_full, "growth_bytes_per_second": growth, "free_bytes": usage.available}
        if growth is None:
            yield Finding(Severity.INFO, usage.point, "no forecast yet: it takes three inspections over at least two weeks", values)
        elif until_full is None:
            yield Finding(Severity.OK, usage.point, "its use does not grow", values)
        else:
            yield Finding(levels["full_in_seconds"].grade(until_full), usage.point,
                          "full in {full_in_seconds} if it goes on growing as over the past inspections", values)


FILESYSTEM_SPACE_FORECAST = Rule(
    id="filesystem_space_forecast",
    title="File systems will have space until the inspection after next",
    domain=Domain.OS,
    why="Growth over the past inspections will fill the file system; there is still time to plan for it.",
    fix="Order disks or extend the volume before the date; find what grows and whether it must be kept.",
    needs=("filesystems.space", "history.filesystem_space", "capture.taken_at"),
    evidence=("df -PT -B1*",),
    levels={"full_in_seconds": Below(warning=180 * DAY, critical=90 * DAY,
                                     source="our judgement: two quarters, and one; inspections are quarterly")},
    impact=3,
    check=check_filesystem_space_forecast,
)


def check_filesystem_inodes(levels: Mapping[str, Any], inodes: tuple[Usage, ...]) -> Iterator[Finding]:
    counted = [usage for usage in inodes if usage.total]
    if not counted:
        yield Finding(Severity.OK, "filesystems", "no file system with a fixed number of inodes")
    for usage in counted:
        yield Finding(levels["used_ratio"].grade(usage.used_ratio), usage.point, "{used_ratio} of {total_count} inodes used",
                      {"used_ratio": usage.used_ratio, "total_count": usage.total, "free_count": usage.available})


FILESYSTEM_INODES = Rule(
    id="filesystem_inodes",
    title="File systems have free inodes",
    domain=Domain.OS,
    why="Without inodes no file can be made, however much space is free.",
    fix="Find the folder with very many small files (du --inodes -x), clean it up, or make the file system again with more inodes.",
    needs=("filesystems.inodes",),
    evidence=("df -iPT*",),
    levels={"used_ratio": Above(warning=0.90, critical=0.95, source="Linuxfabrik inode check: 90 and 95 %")},
    impact=3,
    track=("used_ratio",),
    check=check_filesystem_inodes,
)


def check_filesystem_reachable(_levels: Mapping[str, Any], unreachable: tuple[Unreachable, ...]) -> Iterator[Finding]:
    for failure in unreachable:
        severity = Severity.UNKNOWN if failure.denied else Severity.CRITICAL
        yield Finding(severity, failure.point, "can't be looked at: {reason}", {"reason": failure.reason})
    if not unreachable:
        yield Finding(Severity.OK, "filesystems", "all local file systems answer")


FILESYSTEM_REACHABLE = Rule(
    id="filesystem_reachable",
    title="Mounted file systems answer",
    domain=Domain.OS,
    why="A mounted file system that answers with an error was shut down by the kernel, or its device is gone.",
    fix="Look in the kernel log for the cause, mend the device, then unmount, check and mount the file system again.",
    needs=("filesystems.unreachable",),
    evidence=("df -PT -B1*",),
    impact=4,
    change_risk=2,
    check=check_filesystem_reachable,
)


def check_ext_errors(levels: Mapping[str, Any], found: tuple[ExtErrors, ...], history: History) -> Iterator[Finding]:
    for ext in found:
        seen = history.get(ext.point, {}).get("errors_count", ())
        grown = bool(seen) and ext.errors_count > seen[-1][1]
        values = {"errors_count": ext.errors_count, "last_at": ext.last_at, "device": ext.device}
        if grown:
            yield Finding(max(Severity.CRITICAL, levels["errors_count"].grade(ext.errors_count)), ext.point,
                          "{errors_count} errors, more than at the last inspection; the last at {last_at}", values)
        elif ext.errors_count:
            yield Finding(levels["errors_count"].grade(ext.errors_count), ext.point,
                          "{errors_count} errors since the last check of the file system; the last at {last_at}", values)
        else:
            yield Finding(Severity.OK, ext.point, "no errors", values)


EXT_ERRORS = Rule(
    id="ext_errors",
    title="ext file systems counted no errors",
    domain=Domain.OS,
    why="The kernel found damaged structures in the file system; files may be lost, and it may turn read-only at any time.",
    fix="Secure a backup, find the cause below (disk, controller, memory), unmount and run e2fsck -f; that also resets the count.",
    needs=("filesystems.ext_errors", "history.ext_errors"),
    evidence=("/sys/fs/ext4/*/errors_count", "/sys/fs/ext4/*/last_error_time", "tune2fs -l *"),
    levels={"errors_count": Above(warning=1, source="any error that ext4 recorded in its superblock")},
    impact=4,
    change_risk=2,
    track=("errors_count",),
    check=check_ext_errors,
)

RULES = (FILESYSTEM_SPACE, FILESYSTEM_SPACE_FORECAST, FILESYSTEM_INODES, FILESYSTEM_REACHABLE, EXT_ERRORS)
