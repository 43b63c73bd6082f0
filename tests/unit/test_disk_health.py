# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.subjects.disk_health import PHYSICAL, VIRTUAL, VOLUME, behind_megaraid
from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.facts.disk_model import Disk, SelfTest
from plugins.plugin_utils.facts.nvme_log import parse_nvme_log
from plugins.plugin_utils.facts.smart_json import parse_smart_json
from plugins.plugin_utils.facts.smart_text import parse_smart_text
from plugins.plugin_utils.findings import Rule, Severity
from plugins.plugin_utils.rules import disk_health as rules

FIXTURES = Path(__file__).parents[1] / "fixtures" / "disk_health"
TAKEN_AT = datetime(2026, 11, 23, tzinfo=UTC)
HDD = Disk("sda", "ATA", "hdd", passed=True)
NVME = Disk("nvme0", "NVMe", "nvme", passed=True)


def judged(rule: Rule, disk: Disk, before: Mapping[str, float] | None = None) -> Severity:
    """``before``: what the last inspection kept of this disk."""
    history = {disk.name: {name: ((TAKEN_AT, value),) for name, value in (before or {}).items()}}
    arguments: list[Any] = [(disk,), history] if len(rule.needs) > 1 else [(disk,)]
    (finding,) = rule.check(rule.levels, *arguments)
    return finding.severity


@pytest.mark.parametrize(("changes", "severity"), [
    ({}, Severity.OK), ({"passed": False}, Severity.CRITICAL), ({"passed": None}, Severity.UNKNOWN),
    ({"passed": None, "supported": False}, Severity.INFO), ({"failing": ("Spin_Up_Time",)}, Severity.CRITICAL),
    ({"failed_past": ("Spin_Up_Time",)}, Severity.WARNING), ({"exit_bits": 8}, Severity.CRITICAL), ({"exit_bits": 16}, Severity.CRITICAL),
    ({"exit_bits": 32}, Severity.WARNING), ({"exit_bits": 4 + 64 + 128}, Severity.OK),
])
def test_status(changes: dict[str, Any], severity: Severity) -> None:
    assert judged(rules.DISK_HEALTH_STATUS, replace(HDD, **changes)) is severity


@pytest.mark.parametrize(("rule", "disk", "changes", "before", "severity"), [
    (rules.DISK_REALLOCATED_SECTORS, HDD, {"reallocated": 0}, {}, Severity.OK),
    (rules.DISK_REALLOCATED_SECTORS, HDD, {"reallocated": 1}, {}, Severity.WARNING),
    (rules.DISK_REALLOCATED_SECTORS, HDD, {"reallocated": 16}, {}, Severity.WARNING),
    (rules.DISK_REALLOCATED_SECTORS, HDD, {"reallocated": 17}, {}, Severity.CRITICAL),
    (rules.DISK_REALLOCATED_SECTORS, HDD, {"grown_defects": 17}, {}, Severity.CRITICAL),
    (rules.DISK_REALLOCATED_SECTORS, HDD, {}, {}, Severity.OK),
    (rules.DISK_REALLOCATED_SECTORS, HDD, {"attributes_told": False}, {}, Severity.UNKNOWN),
    (rules.DISK_PENDING_SECTORS, HDD, {"pending": 0}, {}, Severity.OK),
    (rules.DISK_PENDING_SECTORS, HDD, {"pending": 1}, {}, Severity.WARNING),
    (rules.DISK_UNCORRECTABLE, HDD, {"offline_uncorrectable": 0}, {}, Severity.OK),
    (rules.DISK_UNCORRECTABLE, HDD, {"offline_uncorrectable": 1}, {}, Severity.CRITICAL),
    (rules.DISK_UNCORRECTABLE, HDD, {"reported_uncorrectable": 1}, {}, Severity.WARNING),
    (rules.DISK_UNCORRECTABLE, HDD, {"uncorrected": 1}, {}, Severity.WARNING),
    (rules.DISK_CRC_ERRORS, HDD, {"crc_errors": 0}, {}, Severity.OK),
    (rules.DISK_CRC_ERRORS, HDD, {"crc_errors": 90}, {}, Severity.INFO),
    (rules.DISK_CRC_ERRORS, HDD, {"crc_errors": 90}, {"crc_errors_count": 90}, Severity.INFO),
    (rules.DISK_CRC_ERRORS, HDD, {"crc_errors": 90}, {"crc_errors_count": 89}, Severity.WARNING),
    (rules.DISK_CRC_ERRORS, HDD, {"crc_errors": 2}, {"crc_errors_count": 89}, Severity.INFO),   # another disk
    (rules.DISK_TEMPERATURE, HDD, {"temperature_celsius": 59}, {}, Severity.OK),
    (rules.DISK_TEMPERATURE, HDD, {"temperature_celsius": 60}, {}, Severity.WARNING),
    (rules.DISK_TEMPERATURE, HDD, {"temperature_celsius": 70}, {}, Severity.CRITICAL),
    (rules.DISK_TEMPERATURE, HDD, {"temperature_celsius": 55, "trip_celsius": 55}, {}, Severity.CRITICAL),
    (rules.DISK_TEMPERATURE, NVME, {"temperature_celsius": 69}, {}, Severity.OK),
    (rules.DISK_TEMPERATURE, NVME, {"temperature_celsius": 70}, {}, Severity.WARNING),
    (rules.DISK_TEMPERATURE, NVME, {"temperature_celsius": 0}, {}, Severity.OK),
    (rules.DISK_WEAR, NVME, {"used_ratio": 0.79}, {}, Severity.OK),
    (rules.DISK_WEAR, NVME, {"used_ratio": 0.80}, {}, Severity.WARNING),
    (rules.DISK_WEAR, NVME, {"used_ratio": 0.99}, {}, Severity.WARNING),
    (rules.DISK_WEAR, NVME, {"used_ratio": 1.0}, {}, Severity.CRITICAL),
    (rules.DISK_WEAR, replace(HDD, device_class="ssd"), {"used_ratio": 0.90}, {}, Severity.CRITICAL),
    (rules.DISK_POWER_ON_HOURS, HDD, {"power_on_seconds": 43799 * 3600.0}, {}, Severity.OK),
    (rules.DISK_POWER_ON_HOURS, HDD, {"power_on_seconds": 43800 * 3600.0}, {}, Severity.INFO),
    (rules.NVME_CRITICAL_WARNING, NVME, {"warning_bits": 0}, {}, Severity.OK),
    (rules.NVME_CRITICAL_WARNING, NVME, {"warning_bits": 32}, {}, Severity.CRITICAL),
    (rules.NVME_CRITICAL_WARNING, NVME, {"warning_bits": 64}, {}, Severity.CRITICAL),
    (rules.NVME_MEDIA_ERRORS, NVME, {"media_errors": 0}, {}, Severity.OK),
    (rules.NVME_MEDIA_ERRORS, NVME, {"media_errors": 1}, {}, Severity.WARNING),
    (rules.NVME_MEDIA_ERRORS, NVME, {"media_errors": 1}, {"media_errors_count": 0}, Severity.CRITICAL),
    (rules.NVME_SPARE, NVME, {"spare_ratio": 0.0, "spare_threshold_ratio": 0.0}, {}, Severity.OK),
    (rules.NVME_SPARE, NVME, {"spare_ratio": 1.0, "spare_threshold_ratio": 0.99}, {}, Severity.OK),
    (rules.NVME_SPARE, NVME, {"spare_ratio": 0.21, "spare_threshold_ratio": 0.1}, {}, Severity.OK),
    (rules.NVME_SPARE, NVME, {"spare_ratio": 0.20, "spare_threshold_ratio": 0.1}, {}, Severity.WARNING),
    (rules.NVME_SPARE, NVME, {"spare_ratio": 0.10, "spare_threshold_ratio": 0.1}, {}, Severity.WARNING),
    (rules.NVME_SPARE, NVME, {"spare_ratio": 0.09, "spare_threshold_ratio": 0.1}, {}, Severity.CRITICAL),
    (rules.DISK_SELF_TEST, HDD, {}, {}, Severity.OK),
    (rules.DISK_SELF_TEST, HDD, {"tests_told": False}, {}, Severity.UNKNOWN),
    (rules.DISK_SELF_TEST, HDD, {"self_test": SelfTest("Short", "Completed: read failure", False)}, {}, Severity.WARNING),
    (rules.DISK_ERROR_LOG, HDD, {"logged_errors": 5}, {}, Severity.INFO),
    (rules.DISK_ERROR_LOG, HDD, {"logged_errors": 5}, {"logged_count": 4}, Severity.WARNING),
    (rules.DISK_ERROR_LOG, NVME, {"logged_errors": 5}, {"logged_count": 4}, Severity.OK),
])
def test_levels(rule: Rule, disk: Disk, changes: dict[str, Any], before: dict[str, float], severity: Severity) -> None:
    assert judged(rule, replace(disk, **changes), before) is severity


@pytest.mark.parametrize(("per_day", "severity"), [(0.001, Severity.OK), (0.003, Severity.WARNING), (0.02, Severity.CRITICAL)])
def test_wear_forecast(per_day: float, severity: Severity) -> None:
    points = tuple((TAKEN_AT - timedelta(days=days), 0.5 - per_day * days) for days in (20, 10, 0))
    (finding,) = rules.check_disk_wear(rules.DISK_WEAR.levels, (replace(NVME, used_ratio=0.5),), {"nvme0": {"used_ratio": points}})
    assert finding.severity is severity


def test_each_bit_is_told() -> None:
    (finding,) = rules.check_nvme_critical_warning({}, (replace(NVME, warning_bits=0xFF),))
    assert len(finding.values["warnings"].split(", ")) == 7


TEXTS = sorted(FIXTURES.glob("old_smartctl/commands/text-sd[ab]/stdout"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.parent.name)
def test_text_cut_off_is_never_better_than_the_whole(path: Path) -> None:
    """Cut anywhere, each counter is what it is in the whole, or the text is unreadable, or the rule that needs it says so."""
    text = path.read_text()
    whole = parse_smart_text("sda", text)
    for length in range(0, len(text), 3):
        try:
            part = parse_smart_text("sda", text[:length])
        except Unreadable:
            continue
        assert part.passed == whole.passed
        assert (part.pending, part.reallocated, part.grown_defects) == (whole.pending, whole.reallocated, whole.grown_defects)
        assert part.uncorrected == whole.uncorrected
        assert part.self_test == whole.self_test or not part.tests_told


@pytest.mark.parametrize("text", ["", "\x00\xff", "{", "[]", "{}", '{"smartctl": {}}', '{"smartctl": {"exit_status": 2}}', "null", "Segmentation fault"])
def test_unreadable(text: str) -> None:
    for parser in (parse_smart_json, parse_smart_text, parse_nvme_log):
        with pytest.raises(Unreadable):
            parser("sda", text)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/commands/nvme*/stdout")), ids=lambda path: f"{path.parts[-4]}-{path.parts[-2]}")
def test_json_cut_off(path: Path) -> None:
    text = path.read_text().rstrip()
    parser = parse_nvme_log if "nvme_cli" in str(path) else parse_smart_json
    for share in (0.25, 0.5, 0.9):
        with pytest.raises(Unreadable):
            parser("nvme0", text[: int(len(text) * share)])


def test_which_disks() -> None:
    assert [name for name in ("sda", "sdaa", "nvme0n1", "nvme0c0n1", "vda", "dm-0", "md0", "loop1", "sr0") if PHYSICAL.match(name)] == [
        "sda", "sdaa", "nvme0n1"]
    assert all(VIRTUAL.search(model) for model in ("QEMU HARDDISK", "VMware Virtual disk", "QEMU NVMe Ctrl", "Msft Virtual Disk"))
    assert all(VOLUME.search(model) for model in ("DELL PERC H730", "AVAGO MR9361-8i", "HP LOGICAL VOLUME", "LSI MegaRAID"))
    assert not any(VOLUME.search(model) or VIRTUAL.search(model) for model in ("ATA WDC WD4000FYYZ", "SEAGATE ST1200MM0009", "EXAMPLE NV 960"))


def test_disks_behind_megaraid() -> None:
    text = '{"devices": [{"name": "/dev/sda", "type": "scsi"}, {"name": "/dev/bus/0", "type": "sat+megaraid,7"}]}'
    assert behind_megaraid(text) == ["-d sat+megaraid,7 /dev/bus/0"]
    assert behind_megaraid(text[:40]) == []
