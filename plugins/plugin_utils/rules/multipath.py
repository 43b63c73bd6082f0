# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.multipath import Map
from ..findings import Below, Domain, Finding, Rule, Severity

EVIDENCE = ("multipath *", "multipathd *")


def check_multipath_paths(_levels: Mapping[str, Any], maps: tuple[Map, ...]) -> Iterator[Finding]:
    for volume in maps:
        failed = [path.name for path in volume.paths if path.failed]
        values = {"names": failed, "failed_count": len(failed), "paths_count": len(volume.paths)}
        if len(failed) == len(volume.paths):
            yield Finding(Severity.CRITICAL, volume.name, "no usable path of {paths_count}", values)
        elif failed:
            yield Finding(Severity.WARNING, volume.name, "{failed_count} of {paths_count} paths failed: {names}", values)
        else:
            yield Finding(Severity.OK, volume.name, "all {paths_count} paths work", values)


MULTIPATH_PATHS = Rule(
    id="multipath_paths",
    title="All paths to multipath volumes work",
    domain=Domain.HARDWARE,
    why="With the last path the volume is gone; until then there is less redundancy and bandwidth.",
    fix="Follow the path: HBA or NIC, cable, switch port, zoning, port of the array; then multipathd reinstates it by itself.",
    needs=("multipath.maps",),
    evidence=EVIDENCE,
    impact=4,
    check=check_multipath_paths,
)


def check_multipath_redundancy(levels: Mapping[str, Any], maps: tuple[Map, ...]) -> Iterator[Finding]:
    for volume in maps:
        count = len(volume.paths)
        yield Finding(levels["paths_count"].grade(count), volume.name, "is seen over {paths_count} paths", {"paths_count": count})


MULTIPATH_REDUNDANCY = Rule(
    id="multipath_redundancy",
    title="Multipath volumes have more than one path",
    domain=Domain.HARDWARE,
    why="One path is no multipath: a cable or a switch that fails takes the volume away.",
    fix="Check zoning, LUN masking and the second adapter, then rescan (rescan-scsi-bus.sh) and reload multipath maps.",
    needs=("multipath.maps",),
    evidence=EVIDENCE,
    levels={"paths_count": Below(warning=1, critical=0, source="two paths are the least that is redundant")},
    impact=3,
    check=check_multipath_redundancy,
)


def check_multipath_expected_paths(_levels: Mapping[str, Any], maps: tuple[Map, ...], expected: int) -> Iterator[Finding]:
    for volume in maps:
        count = sum(not path.failed for path in volume.paths)
        severity = Severity.WARNING if count < expected else Severity.OK
        values = {"paths_count": count, "expected_count": expected}
        yield Finding(severity, volume.name, "has {paths_count} working paths of {expected_count} expected", values)


MULTIPATH_EXPECTED_PATHS = Rule(
    id="multipath_expected_paths",
    title="Multipath volumes have the paths that the inventory says",
    domain=Domain.HARDWARE,
    why="A path that was lost before the last boot is no longer listed as failed: only their number shows it.",
    fix="Find the missing path (HBA port, zoning, array port) and rescan; or correct caretaker_multipath_paths.",
    needs=("multipath.maps", "settings.multipath_paths"),
    evidence=EVIDENCE,
    impact=3,
    check=check_multipath_expected_paths,
)


def check_multipath_queueing(_levels: Mapping[str, Any], maps: tuple[Map, ...]) -> Iterator[Finding]:
    for volume in maps:
        if volume.queues and all(path.failed for path in volume.paths):
            yield Finding(Severity.CRITICAL, volume.name, "has no path and queues: programs that use it hang")
        elif volume.queues:
            yield Finding(Severity.INFO, volume.name, "would queue when all paths fail, so that programs hang until one is back")
        else:
            yield Finding(Severity.OK, volume.name, "gives errors when all paths fail")


MULTIPATH_QUEUEING = Rule(
    id="multipath_queueing",
    title="Programs do not hang on volumes without a path",
    domain=Domain.OS,
    why="With queue_if_no_path and no limit, programs hang for ever when all paths fail, and the host can't even shut down.",
    fix="Set no_path_retry to a number of tries as the array's manufacturer says, unless a cluster needs queueing.",
    needs=("multipath.maps",),
    evidence=EVIDENCE,
    impact=2,
    change_risk=2,
    check=check_multipath_queueing,
)

RULES = (MULTIPATH_PATHS, MULTIPATH_REDUNDANCY, MULTIPATH_EXPECTED_PATHS, MULTIPATH_QUEUEING)
