# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smartctl's JSON (``smartctl -j -x``, version 7 and later) as a Disk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..absent import Unreadable
from .disk_model import Attribute, Disk, SelfTest, from_attributes

HOUR = 3600
# Bits of smartctl's exit status, from smartctl(8)
OPEN_FAILED = 1 << 1
IN_PROGRESS = 15                        # ATA's and NVMe's number for a self-test that runs
# Results of an ATA self-test in which the disk failed, of 0 to 15; the others were ended from outside
ATA_FAILED = range(3, 9)
NVME_FAILED = (5, 6, 7)
SCSI_FAILED = (3, 4, 5, 6, 7)


# {"smartctl": {"version": [7, 3], "exit_status": 0}, "device": {"name": "/dev/sda", "protocol": "ATA"}, "model_name": "EXAMPLE 4000",
#  "smart_status": {"passed": true}, "ata_smart_attributes": {"table": [{"id": 5, "name": "Reallocated_Sector_Ct", ...}]}}
def parse_smart_json(name: str, text: str) -> Disk:
    """Raises Unreadable for what is cut off, no answer of smartctl's, or its word that the disk could not be opened."""
    try:
        document = json.loads(text)
        return _disk(name, document)
    except Unreadable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise Unreadable("{disk}: the answer of smartctl is cut off or not in its JSON format", disk=name) from error


def _disk(name: str, document: Mapping[str, Any]) -> Disk:
    bits = document["smartctl"]["exit_status"]
    if bits & OPEN_FAILED or "protocol" not in document.get("device", {}):
        messages = document["smartctl"].get("messages", [])
        detail = "; ".join(str(message.get("string")) for message in messages) or f"exit status {bits}"
        raise Unreadable("{disk}: smartctl can't read this disk: {detail}", disk=name, detail=detail[:200])
    protocol = str(document["device"]["protocol"])
    rotation = document.get("rotation_rate")
    common: dict[str, Any] = {
        "name": name, "protocol": protocol, "exit_bits": bits, "rotation_rpm": rotation,
        "model": str(document.get("model_name") or document.get("scsi_model_name") or ""),
        "passed": document.get("smart_status", {}).get("passed"),
        "supported": document.get("smart_support", {}).get("available", True) is not False,
        "capacity_bytes": document.get("user_capacity", {}).get("bytes") or document.get("nvme_total_capacity"),
        "power_on_seconds": _power_on(document), "power_cycles": document.get("power_cycle_count"),
        "temperature_celsius": document.get("temperature", {}).get("current"),
        "trip_celsius": document.get("temperature", {}).get("drive_trip") or document.get("temperature", {}).get("critical_limit_max"),
    }
    if protocol == "NVMe":
        return Disk(**common, device_class="nvme", **_nvme(document))
    solid_state = rotation == 0 or "SSD" in common["model"]
    own = _scsi(document) if protocol == "SCSI" else _ata(document, solid_state)
    if "endurance_used" in document:
        own["used_ratio"] = document["endurance_used"]["current_percent"] / 100
    return Disk(**common, device_class="ssd" if solid_state else "hdd", **own)


def _power_on(document: Mapping[str, Any]) -> float | None:
    hours = document.get("power_on_time", {}).get("hours")
    return None if hours is None else float(hours * HOUR + 60 * document["power_on_time"].get("minutes", 0))


def _nvme(document: Mapping[str, Any]) -> dict[str, Any]:
    log = document.get("nvme_smart_health_information_log")
    if log is None:
        return {"attributes_told": False, "tests_told": False}
    spare, threshold = log.get("available_spare"), log.get("available_spare_threshold")
    limits = document.get("nvme_composite_temperature_threshold", {})
    used = log.get("percentage_used")
    fields = {
        "warning_bits": log["critical_warning"], "media_errors": log.get("media_errors"),
        "spare_ratio": None if spare is None else spare / 100, "spare_threshold_ratio": None if threshold is None else threshold / 100,
        "used_ratio": None if used is None else used / 100, "logged_errors": log.get("num_err_log_entries"),
        "self_test": _nvme_test(document.get("nvme_self_test_log", {}).get("table") or []),
    }
    if limits.get("critical"):
        fields["trip_celsius"] = limits["critical"]
    return fields


def _nvme_test(table: list[Mapping[str, Any]]) -> SelfTest | None:
    for row in table:
        value = row["self_test_result"]["value"]
        if value != IN_PROGRESS:
            return SelfTest(row["self_test_code"]["string"], row["self_test_result"]["string"], value not in NVME_FAILED)
    return None


def _scsi(document: Mapping[str, Any]) -> dict[str, Any]:
    log = document.get("scsi_error_counter_log")
    used = document.get("scsi_percentage_used_endurance_indicator")
    pending = document.get("scsi_pending_defects", {}).get("count")
    return {
        "grown_defects": document.get("scsi_grown_defect_list"), "attributes_told": log is not None or "scsi_grown_defect_list" in document,
        "uncorrected": sum(page.get("total_uncorrected_errors", 0) for page in log.values()) if log is not None else None,
        "pending": pending, "used_ratio": None if used is None else used / 100, "self_test": _scsi_test(document),
    }


def _scsi_test(document: Mapping[str, Any]) -> SelfTest | None:
    for number in range(20):
        row = document.get(f"scsi_self_test_{number}")
        if row is None:
            return None
        if row["result"]["value"] != IN_PROGRESS:
            return SelfTest(row["code"]["string"], row["result"]["string"], row["result"]["value"] not in SCSI_FAILED)
    return None


def _ata(document: Mapping[str, Any], solid_state: bool) -> dict[str, Any]:
    table = document.get("ata_smart_attributes", {}).get("table")
    rows = tuple(_attribute(row) for row in table or ())
    fields: dict[str, Any] = {**from_attributes(rows, solid_state), "attributes_told": table is not None}
    statistics = _statistics(document)
    if "Percentage Used Endurance Indicator" in statistics:
        fields["used_ratio"] = statistics["Percentage Used Endurance Indicator"] / 100
    errors = document.get("ata_smart_error_log", {})
    counts = [errors[kind]["count"] for kind in ("extended", "summary") if kind in errors and "count" in errors[kind]]
    fields["logged_errors"] = max(counts) if counts else None
    fields["self_test"] = _ata_test(document.get("ata_smart_self_test_log", {}))
    return fields


def _attribute(row: Mapping[str, Any]) -> Attribute:
    digits = re.match(r"\d+", str(row["raw"].get("string", "")))
    return Attribute(row["id"], str(row["name"]), row.get("value", 100), int(digits[0]) if digits else int(row["raw"]["value"]),
                     str(row.get("when_failed", "")))


def _statistics(document: Mapping[str, Any]) -> dict[str, int]:
    """The device statistics that are valid, by name."""
    return {
        row["name"]: row["value"]
        for page in document.get("ata_device_statistics", {}).get("pages", []) for row in page.get("table", [])
        if row.get("flags", {}).get("valid", True) and "value" in row
    }


def _ata_test(log: Mapping[str, Any]) -> SelfTest | None:
    """The newest stands first."""
    rows = (log.get("extended") or log.get("standard") or {}).get("table", [])
    for row in rows:
        value = row["status"]["value"] >> 4
        if value != IN_PROGRESS:
            return SelfTest(row["type"]["string"], row["status"]["string"], value not in ATA_FAILED)
    return None
