# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of LVM, ZFS, mount tables and df."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable

from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, file_entry, worst

LVS_RULES = ("lvm_snapshot", "lvm_health", "lvm_messages")
PVS_RULES = ("lvm_missing_pv", "lvm_messages")
VGS_RULES = ("lvm_messages", "lvm_vg_free")
POOL_RULES = ("zfs_pool_state", "zfs_devices", "zfs_errors")
POOL_STATES = ("online", "degraded", "faulted", "offline", "unavail", "removed", "suspended")
# What the recorded plug-in leaves out where its --ignore does not say otherwise
IGNORED_MOUNTS = ("/proc", "/run/credentials", "/snap", "/sys/fs")


def note(key: str, text: str) -> Entry:
    return Entry("realworld", "note", key, text)


def lvm_entries(tool: str, options: str) -> Callable[[Case], list[Entry]]:
    def entries(case: Case) -> list[Entry]:
        return [note("lvm volumes", "/sys/block/dm-0/dm/uuid"), command_entry(f"{tool} {options}", case.texts[0])]
    return entries


def lvs_answer(case: Case, inspection: Inspection) -> Answer:
    """Where the recorded lvs was not asked for the fill of thin pools, they are not judged."""
    rules = (*LVS_RULES, "lvm_thin_pool") if "data_percent" in case.texts[0].lower() else LVS_RULES
    logical = inspection.facts["lvm"].logical
    values = {}
    for volume in logical if isinstance(logical, tuple) else ():
        group, name = volume.name.split("/")
        for kind, ratio in (("data", volume.data_ratio), ("metadata", volume.metadata_ratio)):
            if volume.kind == "t" and ratio is not None:
                values[f"metrics.lv_{name}_vg_{group}_{kind}_percent"] = round(ratio * 10000)
    return Answer(WORDS[worst(inspection, rules)], values)


def pvs_answer(_case: Case, inspection: Inspection) -> Answer:
    return Answer(WORDS[worst(inspection, PVS_RULES)])


def vgs_answer(_case: Case, inspection: Inspection) -> Answer:
    return Answer(WORDS[worst(inspection, VGS_RULES)])


def zpool_list_entries(case: Case) -> list[Entry]:
    """The second input is the same tool's output with -v, which Caretaker does not run."""
    return [note("zfs module", "loaded"), command_entry("zpool list -p", case.texts[0])]


def zpool_list_answer(_case: Case, inspection: Inspection) -> Answer:
    sizes = inspection.facts["zfs"].sizes
    values = {}
    for pool in sizes if isinstance(sizes, tuple) else ():
        figures = {"size": pool.size_bytes, "alloc": pool.used_bytes, "free": pool.free_bytes,
                   "cap": pool.used_ratio and round(pool.used_ratio * 100), "frag": pool.fragmented_ratio and round(pool.fragmented_ratio * 100)}
        values.update({f"metrics.zpool_{pool.name}_{name}": figure for name, figure in figures.items() if figure is not None})
        values.update({f"metrics.zpool_{pool.name}_health_state_{state}": int(pool.state.lower() == state) for state in POOL_STATES})
    severity = worst(inspection, ("zfs_pool_state",))
    return Answer("not_ok" if severity > Severity.UNKNOWN else WORDS[severity], values)


def zpool_status_entries(case: Case) -> list[Entry]:
    return [note("zfs module", "loaded"), command_entry("zpool status", case.texts[0])]


def zpool_status_answer(_case: Case, inspection: Inspection) -> Answer:
    pools = inspection.facts["zfs"].pools
    values = {}
    if isinstance(pools, tuple) and len(pools) == 1:
        bad = [device.name for device in pools[0].devices if device.state not in ("ONLINE", "AVAIL", "DEGRADED")]
        values = {"pool": pools[0].name, "state": pools[0].state, "bad_devices": bad}
    severity = worst(inspection, POOL_RULES)
    return Answer("degraded" if severity > Severity.UNKNOWN else WORDS[severity], values)


def mounts_entries(case: Case) -> list[Entry]:
    return [file_entry("/proc/mounts", case.texts[0]), file_entry("/etc/fstab", "")]


def mounts_answer(case: Case, inspection: Inspection) -> Answer:
    """The recorded plug-in warns of every read-only mount, also of those that Caretaker only notes, but for those it ignores."""
    words = shlex.split(str(case.expected.get("params", "")).replace("=", " "))
    ignored = tuple(words[place + 1] for place, word in enumerate(words[:-1]) if word == "--ignore") or IGNORED_MOUNTS
    found = [finding for finding in inspection.findings if finding.rule == "mount_read_only" and not finding.object.startswith(ignored)]
    severity = max((finding.severity for finding in found), default=Severity.UNKNOWN)
    return Answer("warning" if severity is Severity.INFO else WORDS[severity])


def df_entries(case: Case) -> list[Entry]:
    inodes = case.texts[0].partition("\n")[0].split()[1:2] == ["Inodes"]
    return [note("local file systems", "/"), command_entry("df -iPT /" if inodes else "df -PT -B1 /", case.texts[0])]


def df_answer(_case: Case, inspection: Inspection) -> Answer:
    facts = inspection.facts["filesystems"]
    usages = next((part for part in (facts.space, facts.inodes) if isinstance(part, tuple)), ())
    percents = [math.ceil(usage.used_ratio * 100) for usage in usages if usage.total]
    return Answer(WORDS[worst(inspection, ("filesystem_space", "filesystem_inodes"))], {"max_percent": max(percents)} if percents else {})


LVM_LVS = Adapter(lvm_entries("lvs", "--nameprefixes"), lvs_answer, (*LVS_RULES, "lvm_thin_pool"))
LVM_JSON = Adapter(lvm_entries("lvs", "--reportformat json"), lvs_answer, (*LVS_RULES, "lvm_thin_pool"))
LVM_PVS = Adapter(lvm_entries("pvs", "--nameprefixes"), pvs_answer, PVS_RULES)
LVM_VGS = Adapter(lvm_entries("vgs", "--nameprefixes"), vgs_answer, VGS_RULES)
ZPOOL_LIST = Adapter(zpool_list_entries, zpool_list_answer, ("zfs_pool_state",))
ZPOOL_STATUS = Adapter(zpool_status_entries, zpool_status_answer, POOL_RULES)
MOUNTS = Adapter(mounts_entries, mounts_answer, ("mount_read_only",))
DF = Adapter(df_entries, df_answer, ("filesystem_space", "filesystem_inodes"))
