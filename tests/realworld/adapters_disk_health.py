# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of smartctl's JSON, text and scan, and of nvme-cli's smart-log."""

from __future__ import annotations

import re
from typing import Any

from plugins.module_utils.subjects.disk_health import behind_megaraid
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.facts.disk_model import Disk
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection
from plugins.plugin_utils.registry import RULES_BY_ID

from .adapter import Adapter, Answer, Case, command_entry, worst

FAILING = ("disk_health_status", "nvme_critical_warning")
ERRORS = ("disk_reallocated_sectors", "disk_pending_sectors", "disk_uncorrectable", "nvme_media_errors")
# The recordings' words for smartctl's exit bits that they name
EXIT_FLAGS = ("command_line_error", "open_failed", "command_failed", "smart_status_failing", "prefail_attribute", "attribute_failed_past",
              "error_log_has_entries", "self_test_log_has_errors")
USED_WARNING = 0.90                     # the recordings' rule for wear; ours warns at 0.80


def smart_json(case: Case) -> list[Entry]:
    return [command_entry("smartctl -j -x /dev/sda", case.texts[0])]


def smart_text(case: Case) -> list[Entry]:
    return [command_entry("smartctl -x /dev/sda", case.texts[0])]


def the_disk(inspection: Inspection) -> Disk | None:
    disks = inspection.facts["disk_health"].disks
    return disks[0] if isinstance(disks, tuple) else None


def answer_json(_case: Case, inspection: Inspection) -> Answer:
    """The recordings count errors that are warnings there as ours; margins and wear by their own limits."""
    disk = the_disk(inspection)
    if disk is None or disk.passed is None:
        return Answer("unreadable" if disk is None else "unknown", values(disk) if disk else {})
    failing = worst(inspection, FAILING)
    spare = [item.severity for item in inspection.findings if item.rule == "nvme_spare"]
    if failing is Severity.CRITICAL:
        verdict = "failed"
    elif failing is Severity.WARNING or worst(inspection, ERRORS) > Severity.UNKNOWN or Severity.CRITICAL in spare:
        verdict = "warning"
    else:
        verdict = "warning" if disk.device_class == "nvme" and (disk.used_ratio or 0) >= USED_WARNING else "ok"
    return Answer(verdict, values(disk))


def values(disk: Disk) -> dict[str, Any]:
    told = {
        "model": disk.model or None, "protocol": disk.protocol, "capacity_bytes": disk.capacity_bytes, "passed": disk.passed,
        "temperature_c": disk.temperature_celsius, "rotation_rpm": disk.rotation_rpm,
        "power_on_hours": disk.power_on_seconds // 3600 if disk.power_on_seconds is not None else None,
        "reallocated_sectors": disk.reallocated, "pending_sectors": disk.pending if disk.protocol == "ATA" else None,
        "offline_uncorrectable": disk.offline_uncorrectable, "reported_uncorrectable": disk.reported_uncorrectable,
        "crc_errors": disk.crc_errors, "scsi_grown_defects": disk.grown_defects, "scsi_uncorrected_errors": disk.uncorrected,
        "nvme_critical_warning": disk.warning_bits, "nvme_media_errors": disk.media_errors,
        "nvme_available_spare": percent(disk.spare_ratio), "nvme_spare_threshold": percent(disk.spare_threshold_ratio),
        "nvme_percentage_used": percent(disk.used_ratio) if disk.protocol == "NVMe" else None,
        "attributes_failing_now": list(disk.failing), "attributes_failed_past": list(disk.failed_past),
        "exit_flags": [flag for bit, flag in enumerate(EXIT_FLAGS) if disk.exit_bits & 1 << bit],
        "netdata_metrics.power_cycle_count": disk.power_cycles, "netdata_metrics.power_on_time": disk.power_on_seconds,
        "netdata_metrics.temperature": disk.temperature_celsius, "netdata_metrics.ata_smart_error_log_summary_count": disk.logged_errors,
    }
    return {name: value for name, value in told.items() if value is not None}


def percent(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio * 100)


def answer_text(_case: Case, inspection: Inspection) -> Answer:
    """Their verdict is that of the disk alone."""
    disk = the_disk(inspection)
    if disk is None:
        return Answer("unknown")
    word = {True: "PASSED", False: "FAILED!", None: None}[disk.passed]
    verdict = "unknown" if disk.passed is None else "critical" if worst(inspection, FAILING) is Severity.CRITICAL else "ok"
    return Answer(verdict, {"model": disk.model, "health": word})


def scan(case: Case) -> list[Entry]:
    return [command_entry("smartctl --scan -j", case.texts[0])]


def answer_scan(case: Case, _inspection: Inspection) -> Answer:
    """All that Caretaker takes from a scan are the disks behind a MegaRAID controller."""
    return Answer("scan", {"megaraid": behind_megaraid(case.texts[0])})


def nvme(case: Case) -> list[Entry]:
    """Every drive of the list answers with the one recorded log."""
    names = sorted(set(re.findall(r'"(?:/dev/)?(nvme\d+)(?:n\d+)?"', case.texts[0])))
    return [command_entry(f"nvme smart-log -o json /dev/{name}", case.texts[1]) for name in names]


def answer_nvme(_case: Case, inspection: Inspection) -> Answer:
    disks = inspection.facts["disk_health"].disks
    if not isinstance(disks, tuple):
        return Answer("unknown")
    told: dict[str, Any] = {}
    for disk in disks:
        metrics = {
            "available_spare": percent(disk.spare_ratio), "percentage_used": percent(disk.used_ratio), "media_errors": disk.media_errors,
            "temperature": int(disk.temperature_celsius or 0), "power_cycles": disk.power_cycles, "power_on_time": disk.power_on_seconds,
            "num_err_log_entries": disk.logged_errors, "critical_warning_available_spare": (disk.warning_bits or 0) & 1,
        }
        told.update({f"metrics.device_{disk.name}_{name}": value for name, value in metrics.items()})
    return Answer("ok" if worst(inspection, (*FAILING, *ERRORS)) < Severity.UNKNOWN else "warning", told)


RULES = tuple(rule for rule in RULES_BY_ID if RULES_BY_ID[rule].subject == "disk_health")
SMART_JSON = Adapter(smart_json, answer_json, RULES)
SMART_TEXT = Adapter(smart_text, answer_text, ("disk_health_status", "nvme_critical_warning"))
SMART_SCAN = Adapter(scan, answer_scan, ("disk_health_status",))
NVME_LOG = Adapter(nvme, answer_nvme, RULES)
