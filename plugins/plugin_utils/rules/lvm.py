# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about LVM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.lvm import LogicalVolume, PhysicalVolume, VolumeGroup
from ..findings import Above, Below, Domain, Finding, Rule, Severity

PVS, VGS, LVS = ("pvs *",), ("vgs *",), ("lvs *",)
# Characters 5 and 9 of lv_attr, from lvs(8); one that is not listed here is a warning
STATES: Mapping[str, Severity] = {
    "-": Severity.OK, "a": Severity.OK, "h": Severity.OK, "s": Severity.WARNING, "I": Severity.CRITICAL, "S": Severity.CRITICAL,
    "m": Severity.WARNING, "M": Severity.WARNING, "d": Severity.WARNING, "i": Severity.WARNING, "c": Severity.CRITICAL,
    "C": Severity.CRITICAL, "X": Severity.UNKNOWN,
}
HEALTH: Mapping[str, Severity] = {
    "-": Severity.OK, "w": Severity.OK, "p": Severity.CRITICAL, "r": Severity.WARNING, "m": Severity.WARNING, "R": Severity.INFO,
    "F": Severity.CRITICAL, "D": Severity.CRITICAL, "M": Severity.CRITICAL, "E": Severity.CRITICAL, "X": Severity.UNKNOWN,
}
MIRRORED = "mMrRiI"


def check_lvm_missing_pv(_levels: Mapping[str, Any], physical: tuple[PhysicalVolume, ...]) -> Iterator[Finding]:
    for volume in physical:
        values = {"vg": volume.group, "size_bytes": volume.size_bytes}
        if volume.missing:
            yield Finding(Severity.CRITICAL, volume.name, "a physical volume of {vg} is missing", values)
        elif volume.duplicate:
            yield Finding(Severity.WARNING, volume.name, "this physical volume is seen more than once: a path or clone of another", values)
    if not any(volume.missing or volume.duplicate for volume in physical):
        yield Finding(Severity.OK, "lvm", "all physical volumes are there")


LVM_MISSING_PV = Rule(
    id="lvm_missing_pv",
    title="All physical volumes of LVM are there",
    domain=Domain.OS,
    why="What lies on a missing physical volume can't be read; a mirror over it has lost its redundancy.",
    fix="Bring the disk or path back, or replace it and repair (lvconvert --repair, vgextend --restoremissing); never vgreduce first.",
    needs=("lvm.physical",),
    evidence=PVS,
    impact=4,
    change_risk=3,
    check=check_lvm_missing_pv,
)


def check_lvm_vg_free(levels: Mapping[str, Any], groups: tuple[VolumeGroup, ...]) -> Iterator[Finding]:
    """Never worse than INFO: many installers give all space away on purpose."""
    for group in groups:
        ratio = group.free_bytes / group.size_bytes if group.size_bytes else 0.0
        values = {"free_ratio": ratio, "free_bytes": group.free_bytes, "size_bytes": group.size_bytes}
        if levels["free_ratio"].grade(ratio) is Severity.OK:
            yield Finding(Severity.OK, group.name, "{free_bytes} of {size_bytes} are free", values)
        else:
            yield Finding(Severity.INFO, group.name,
                          "only {free_bytes} of {size_bytes} are free to extend a volume or take a snapshot", values)


LVM_VG_FREE = Rule(
    id="lvm_vg_free",
    title="Volume groups have room to grow",
    domain=Domain.OS,
    why="Without free extents no volume can be extended and no snapshot taken when it is needed in a hurry.",
    fix="Add a physical volume (vgextend), or take back what is not used.",
    needs=("lvm.groups",),
    evidence=VGS,
    levels={"free_ratio": Below(warning=0.10, source="our judgement: 10 % for one snapshot or one extension")},
    impact=1,
    track=("free_bytes",),
    check=check_lvm_vg_free,
)


def check_lvm_thin_pool(levels: Mapping[str, Any], logical: tuple[LogicalVolume, ...]) -> Iterator[Finding]:
    pools = [volume for volume in logical if volume.kind == "t"]
    for pool in pools:
        if pool.data_ratio is None or pool.metadata_ratio is None:
            yield Finding(Severity.UNKNOWN, pool.name, "its fill level is not told; is the pool active?")
            continue
        severity = max(levels["data_ratio"].grade(pool.data_ratio), levels["metadata_ratio"].grade(pool.metadata_ratio))
        yield Finding(severity, pool.name, "{data_ratio} of the data and {metadata_ratio} of the metadata space used",
                      {"data_ratio": pool.data_ratio, "metadata_ratio": pool.metadata_ratio, "size_bytes": pool.size_bytes})
    if not pools:
        yield Finding(Severity.OK, "lvm", "no thin pool")


LVM_THIN_POOL = Rule(
    id="lvm_thin_pool",
    title="Thin pools have room",
    domain=Domain.OS,
    why="When a thin pool is full, writes to all its volumes fail; full metadata may need a repair off line.",
    fix="Extend the pool (lvextend, lvextend --poolmetadatasize), trim the file systems on it, remove old snapshots; set autoextend.",
    needs=("lvm.logical",),
    evidence=LVS,
    levels={
        "data_ratio": Above(warning=0.80, critical=0.90, source="lvmthin(7): act well before 100 %; our judgement: 80 and 90 %"),
        "metadata_ratio": Above(warning=0.80, critical=0.90, source="lvmthin(7): act well before 100 %; our judgement: 80 and 90 %"),
    },
    impact=4,
    track=("data_ratio", "metadata_ratio"),
    check=check_lvm_thin_pool,
)


def check_lvm_snapshot(levels: Mapping[str, Any], logical: tuple[LogicalVolume, ...]) -> Iterator[Finding]:
    snapshots = [volume for volume in logical if volume.kind in "sS" and not volume.in_pool]
    for snapshot in snapshots:
        if snapshot.state in "IS":
            yield Finding(Severity.CRITICAL, snapshot.name, "the snapshot overflowed and is invalid")
        elif snapshot.data_ratio is None:
            yield Finding(Severity.UNKNOWN, snapshot.name, "its fill level is not told")
        else:
            yield Finding(levels["data_ratio"].grade(snapshot.data_ratio), snapshot.name, "{data_ratio} of the snapshot used",
                          {"data_ratio": snapshot.data_ratio, "size_bytes": snapshot.size_bytes})
    if not snapshots:
        yield Finding(Severity.OK, "lvm", "no snapshot of a fixed size")


LVM_SNAPSHOT = Rule(
    id="lvm_snapshot",
    title="Snapshots have room",
    domain=Domain.OS,
    why="A snapshot that overflows is lost, and a backup that reads it with it; every old snapshot also slows writes.",
    fix="Remove it if its backup is done (lvremove), or extend it (lvextend).",
    needs=("lvm.logical",),
    evidence=LVS,
    levels={"data_ratio": Above(warning=0.80, critical=0.95, source="our judgement: 80 and 95 %")},
    impact=2,
    track=("data_ratio",),
    check=check_lvm_snapshot,
)


def check_lvm_partial(_levels: Mapping[str, Any], groups: tuple[VolumeGroup, ...], logical: tuple[LogicalVolume, ...]) -> Iterator[Finding]:
    names = [group.name for group in groups if group.partial] + [volume.name for volume in logical if volume.health == "p"]
    for name in names:
        yield Finding(Severity.CRITICAL, name, "lies partly on physical volumes that are missing")
    if not names:
        yield Finding(Severity.OK, "lvm", "no group or volume is partial")


LVM_PARTIAL = Rule(
    id="lvm_partial",
    title="No volume group or volume is incomplete",
    domain=Domain.OS,
    why="A partial volume can't be activated as a whole; after the next boot it may not come up at all.",
    fix="Bring the missing physical volume back, or restore from backup what lay on it.",
    needs=("lvm.groups", "lvm.logical"),
    evidence=VGS + LVS,
    impact=4,
    change_risk=3,
    check=check_lvm_partial,
)


def check_lvm_health(_levels: Mapping[str, Any], logical: tuple[LogicalVolume, ...]) -> Iterator[Finding]:
    found = False
    for volume in logical:
        severity = max(STATES.get(volume.state, Severity.WARNING), HEALTH.get(volume.health, Severity.WARNING))
        values = {"state": volume.state, "health": volume.health, "synced_ratio": volume.synced_ratio}
        if severity is not Severity.OK:
            found = True
            yield Finding(severity, volume.name, "lvs shows state {state} and health {health} in its attributes (see lvs(8))", values)
        elif volume.kind in MIRRORED and volume.synced_ratio is not None and volume.synced_ratio < 1:
            found = True
            yield Finding(Severity.WARNING, volume.name, "its copies are only {synced_ratio} in step", values)
    if not found:
        yield Finding(Severity.OK, "lvm", "all volumes are in order")


LVM_HEALTH = Rule(
    id="lvm_health",
    title="Logical volumes are in order",
    domain=Domain.OS,
    why="LVM marks volumes that are suspended, out of step, have mismatches, failed or need a check.",
    fix="Look the attribute up in lvs(8); refresh a RAID volume (lvchange --refresh), repair a thin pool (lvconvert --repair).",
    needs=("lvm.logical",),
    evidence=LVS,
    impact=3,
    change_risk=2,
    check=check_lvm_health,
)


def check_lvm_messages(_levels: Mapping[str, Any], messages: tuple[str, ...]) -> Iterator[Finding]:
    if messages:
        yield Finding(Severity.WARNING, "lvm", "the tools of LVM complain {messages_count} times, first: {example}",
                      {"messages_count": len(messages), "example": messages[0], "messages": messages[:20]})
    else:
        yield Finding(Severity.OK, "lvm", "the tools of LVM have no complaint")


LVM_MESSAGES = Rule(
    id="lvm_messages",
    title="The tools of LVM run without a complaint",
    domain=Domain.OS,
    why="What pvs, vgs and lvs write beside their tables are read errors, damaged metadata, duplicates, missing devices.",
    fix="Run pvs, vgs and lvs by hand and follow the messages; exclude foreign devices by the filter of lvm.conf.",
    needs=("lvm.messages",),
    evidence=PVS + VGS + LVS,
    impact=2,
    check=check_lvm_messages,
)

RULES = (LVM_MISSING_PV, LVM_VG_FREE, LVM_THIN_POOL, LVM_SNAPSHOT, LVM_PARTIAL, LVM_HEALTH, LVM_MESSAGES)
