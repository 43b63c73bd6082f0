# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of md arrays: /proc/mdstat whole and an array at a time, mdadm --detail and --examine."""

from __future__ import annotations

from typing import Any

from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.facts.md_raid import Array, parse_mdstat
from plugins.plugin_utils.facts.mdadm import parse_detail
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, file_entry, worst

STATE_RULES = ("md_degraded", "md_failed_member", "md_inactive", "md_rebuilding")
HOST_RULES = (*STATE_RULES, "md_spare_missing", "md_configured")
ACTIVITIES = {"resync": "resyncing", "recovery": "recovering", "check": "checking", "reshape": "reshaping", "repair": "checking"}


def mdstat(case: Case) -> list[Entry]:
    """The plugin's option for the number of spares is, on a host, what mdadm.conf says."""
    entries = [file_entry("/proc/mdstat", case.texts[0])]
    wanted = case.expected.get("options", {}).get("mdstat_spare_count", "")
    lines = ["ARRAY /dev/{} spares={}".format(*item.split(":")) for item in wanted.split(",") if item]
    return [*entries, file_entry("/etc/mdadm/mdadm.conf", "\n".join(lines))] if lines else entries


def severities(inspection: Inspection, array: str) -> dict[str, Severity]:
    return {item.rule: item.severity for item in inspection.findings if item.object == array}


def answer_array(_case: Case, inspection: Inspection) -> Answer:
    arrays = inspection.facts["md_raid"].arrays
    if not isinstance(arrays, tuple):
        return Answer("unknown")
    array = arrays[0]
    found = severities(inspection, array.name)
    words = (("md_inactive", "inactive"), ("md_degraded", "degraded"), ("md_failed_member", "failed_member"), ("md_rebuilding", "busy"))
    verdict = next((word for rule, word in words if found[rule] > Severity.INFO), "ok")
    if verdict == "ok":
        # this kind's words are about what the array does: also a container is inactive, also a regular check keeps it busy
        verdict = "inactive" if array.state == "inactive" else "busy" if array.operation else "ok"
    return Answer(verdict, array_values(array))


def array_values(array: Array) -> dict[str, Any]:
    operation = array.operation
    size = (array.size_bytes or 0) // 1024
    working = [member for member in array.members if not (member.faulty or member.spare)]
    active = array.working if array.working is not None else len(working)
    total = array.required if array.required is not None else len(working)
    running = operation is not None and operation.state == "running"
    return {
        "array": array.name, "level": array.level or "unknown", "blocks_total": size,
        "activity": ACTIVITIES.get(operation.kind, operation.kind) if operation else array.state,
        "blocks_synced": (operation.done_bytes // 1024 if running else 0) if operation else size,
        "disks_active": 0 if array.state == "inactive" else active, "disks_total": 0 if array.state == "inactive" else total,
        "disks_failed": len(array.faulty), "disks_spare": array.spares, "disks_down": total - active,
        "finish_minutes": operation.left_seconds / 60 if operation else 0,
        "speed_kbs": operation.speed_bytes_per_second / 1024 if operation else 0,
        "sync_percent": round(operation.progress_ratio * 100, 2) if operation else 0,
        "members": [{"name": member.name, "slot": member.slot, "faulty": member.faulty, "spare": member.spare}
                    for member in sorted(array.members, key=lambda item: item.name)],
    }


def answer_host(case: Case, inspection: Inspection) -> Answer:
    """A running check is a warning only where the plugin was told so."""
    verdict = WORDS[worst(inspection, HOST_RULES)]
    arrays = inspection.facts["md_raid"].arrays
    checking = isinstance(arrays, tuple) and any(array.operation and array.operation.kind == "check" for array in arrays)
    if verdict == "ok" and checking and case.expected.get("options", {}).get("check_status") == "WARNING":
        verdict = "warning"
    return Answer(verdict)


def answer_components(case: Case, inspection: Inspection) -> Answer:
    arrays = inspection.facts["md_raid"].arrays
    if not isinstance(arrays, tuple):
        return Answer("unknown")
    components = [
        {"active": array.state == "active", "auto_read_only": array.read_only == "auto-read-only", "blocks": (array.size_bytes or 0) // 1024,
         "component_name": member.name, "device_name": array.name, "raid": array.level or None, "role": member.slot,
         "device_flag": "F" if member.faulty else "S" if member.spare else "W" if member.write_mostly else None}
        for array in parse_mdstat(case.texts[0]) for member in array.members
    ]
    return Answer(WORDS[worst(inspection, STATE_RULES)], {"components": components})


def mdadm(case: Case) -> list[Entry]:
    """The set's names don't tell which of the two it is: its table of slots does."""
    text = case.texts[0]
    device = text.split(":", 1)[0]
    option = "--examine" if "Magic :" in text else "--detail"
    return [command_entry(f"mdadm {option} {device}", text)]


def answer_mdadm(case: Case, inspection: Inspection) -> Answer:
    """The set's verdict is only about redundancy: a rebuild of one disk into a whole mirror, or a failed third disk, is ok there."""
    examined = "Magic :" in case.texts[0]
    severity = worst(inspection, ("md_superblocks",) if examined else ("md_degraded", "md_inactive"))
    words = {Severity.WARNING: "degraded", Severity.CRITICAL: "degraded"}
    values: dict[str, Any] = {}
    if severity is not Severity.UNKNOWN and not examined:
        detail = parse_detail(case.texts[0])[0]
        values = {name: getattr(detail, name) for name in (
            "device", "raid_devices", "total_devices", "active_devices", "working_devices", "failed_devices", "spare_devices")}
        values.update(raid_level=detail.level, state_list=list(detail.words), uuid_val=None)
        values = {name: value for name, value in values.items() if value not in (None, [])}
    elif severity is not Severity.UNKNOWN:
        block = inspection.facts["md_raid"].superblocks[0]
        values = {"device": block.device, "version": block.version}
        if block.slots:
            values.update(raid_level=block.level, state_list=list(block.words), events_num=block.events)
    verdict = words.get(severity, WORDS[severity])
    if not examined and worst(inspection, ("md_inactive",)) is Severity.CRITICAL:
        verdict = "inactive"
    return Answer("n/a" if verdict == "ok" and is_container(inspection) else verdict, values)


def is_container(inspection: Inspection) -> bool:
    """A container of firmware RAID, or a disk of one, is no array: the set has no verdict on it."""
    facts = inspection.facts["md_raid"]
    arrays, superblocks = facts.arrays, facts.superblocks
    return (isinstance(arrays, tuple) and arrays[0].container) or (isinstance(superblocks, tuple) and not superblocks[0].level)


MDSTAT_ARRAY = Adapter(mdstat, answer_array, STATE_RULES)
MDSTAT_HOST = Adapter(mdstat, answer_host, HOST_RULES)
MDSTAT_COMPONENTS = Adapter(mdstat, answer_components, STATE_RULES)
MDADM = Adapter(mdadm, answer_mdadm, ("md_degraded", "md_superblocks", "md_inactive"))
