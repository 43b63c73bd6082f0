# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each verdict, mark of an attribute, result of a self-test and warning that smartctl can write. Made up after its sources."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import judge
from plugins.plugin_utils.rules import disk_health

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def found(key: str, text: str) -> dict[str, Severity]:
    """{rule: severity} of what is not fine."""
    inspection = judge(Capture("h", "r", NOW, (Entry("disk_health", "command", key, text, rc=0),)), rules=disk_health.RULES)
    return {finding.rule: finding.severity for finding in inspection.findings if finding.severity > OK}


def by_text(text: str) -> dict[str, Severity]:
    return found("smartctl -x /dev/sda", text)


def by_json(**changes: Any) -> dict[str, Severity]:
    document = {"smartctl": {"version": [7, 3], "exit_status": 0}, "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
                "model_name": "EXAMPLE 4000", "rotation_rate": 7200, "smart_status": {"passed": True}, "ata_smart_attributes": {"table": []}}
    return found("smartctl -j -x /dev/sda", json.dumps({**document, **changes}))


HEAD = "smartctl 6.6 2017-11-05 r4594 [x86_64-linux] (local build)\n\n=== START OF INFORMATION SECTION ===\n"
ATA = HEAD + """Device Model:     EXAMPLE 4000
User Capacity:    4,000,787,030,016 bytes [4.00 TB]
Rotation Rate:    7200 rpm
SMART support is: Available - device has SMART capability.
SMART support is: Enabled

=== START OF READ SMART DATA SECTION ===
{health}

Vendor Specific SMART Attributes with Thresholds:
ID# ATTRIBUTE_NAME          FLAGS    VALUE WORST THRESH FAIL RAW_VALUE
  7 Seek_Error_Rate         PO--CK   {row}
197 Current_Pending_Sector  -O--C-   100   100   000    -    0
                            ||||||_ K auto-keep

SMART Extended Self-test Log Version: 1 (1 sectors)
Num  Test_Description    Status                  Remaining  LifeTime(hours)  LBA_of_first_error
{test}

"""
PASSED = "SMART overall-health self-assessment test result: PASSED"
FINE, DONE = "100   100   036    -    0", "# 1  Short offline       Completed without error       00%       685         -"


def ata(health: str = PASSED, row: str = FINE, test: str = DONE) -> dict[str, Severity]:
    return by_text(ATA.format(health=health, row=row, test=test))


@pytest.mark.parametrize(("health", "severity"), [
    (PASSED, None), (PASSED.replace("PASSED", "FAILED!\nDrive failure expected in less than 24 hours. SAVE ALL DATA."), CRITICAL),
    (PASSED.replace("PASSED", "UNKNOWN!\nSMART Status, Attributes and Thresholds cannot be read."), UNKNOWN),
    ("SMART Status not supported: Incomplete response, ATA output registers missing\n" + PASSED, None),
    ("SMART Status command failed: scsi error unsupported field in scsi command", UNKNOWN),
])
def test_verdicts_of_ata_disks(health: str, severity: Severity | None) -> None:
    assert ata(health=health) == ({} if severity is None else {"disk_health_status": severity})


@pytest.mark.parametrize(("row", "severity"), [
    (FINE, None), ("036   036   036    NOW  3956", CRITICAL), ("104   004   036    Past 0", WARNING),
    ("036   036   036    Pre-fail  Always   FAILING_NOW 3956", CRITICAL), ("104   004   036    Old_age   Offline  In_the_past 0", WARNING),
    ("---   ---   ---    -    0", None),
])
def test_marks_of_attributes(row: str, severity: Severity | None) -> None:
    assert ata(row=row) == ({} if severity is None else {"disk_health_status": severity})


@pytest.mark.parametrize(("test", "severity"), [
    (DONE, None), ("No self-tests have been logged.  [To run self-tests, use: smartctl -t]", None),
    ("# 1  Short offline       Aborted by host               90%       685         -", None),
    ("# 1  Short offline       Interrupted (host reset)      90%       685         -", None),
    ("# 1  Extended offline    Completed: read failure       80%       685         5405327816", WARNING),
    ("# 1  Extended offline    Completed: electrical failure 80%       685         -", WARNING),
    ("# 1  Extended offline    Completed: servo/seek failure 80%       685         -", WARNING),
    ("# 1  Extended offline    Completed: unknown failure    80%       685         -", WARNING),
    ("# 1  Extended offline    Completed: handling damage??  80%       685         -", WARNING),
    ("# 1  Conveyance offline  Fatal or unknown error        80%       685         -", WARNING),
    ("# 1  Short offline       Self-test routine in progress 80%       685         -\n" + DONE.replace("# 1", "# 2"), None),
    ("# 1  Short offline       Self-test routine in progress 80%       685         -\n"
     "# 2  Short offline       Completed: electrical failure 80%       684         -", WARNING),
])
def test_self_tests_of_ata_disks(test: str, severity: Severity | None) -> None:
    assert ata(test=test) == ({} if severity is None else {"disk_self_test": severity})


@pytest.mark.parametrize(("value", "severity"), [(0x00, None), (0x19, None), (0x29, None), (0x39, WARNING), (0x49, WARNING), (0x59, WARNING),
                                                 (0x69, WARNING), (0x79, WARNING), (0x89, WARNING), (0xF9, None)])
def test_self_tests_of_ata_disks_as_numbers(value: int, severity: Severity | None) -> None:
    row = {"type": {"value": 1, "string": "Short offline"}, "status": {"value": value, "string": "any"}}
    seen = by_json(ata_smart_self_test_log={"extended": {"count": 1, "table": [row]}})
    assert seen == ({} if severity is None else {"disk_self_test": severity})


SCSI = HEAD + """Vendor:               EXAMPLE
Product:              S600
User Capacity:        600,127,266,816 bytes [600 GB]
Rotation Rate:        10000 rpm
SMART support is:     Available - device has SMART capability.
SMART support is:     Enabled

=== START OF READ SMART DATA SECTION ===
SMART Health Status: {health}

Current Drive Temperature:     30 C
Drive Trip Temperature:        65 C

Elements in grown defect list: {grown}

Error counter log:
           Errors Corrected by           Total   Correction     Gigabytes    Total
read:   36118267        0         0  36118267          0       1273.442           {uncorrected}
write:         0        0         0         0          0        100.000           0

Non-medium error count:        5
Pending defect count:{pending} Pending Defects

SMART Self-test log
Num  Test              Status                 segment  LifeTime  LBA_first_err [SK ASC ASQ]
# 1  {test}

"""


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, {}),
    ({"health": "FAILURE PREDICTION THRESHOLD EXCEEDED [asc=5d, ascq=10]"}, {"disk_health_status": CRITICAL}),
    ({"health": "HARDWARE IMPENDING FAILURE GENERAL HARD DRIVE FAILURE [asc=5d, ascq=10]"}, {"disk_health_status": CRITICAL}),
    ({"grown": 1}, {"disk_reallocated_sectors": WARNING}), ({"grown": 17}, {"disk_reallocated_sectors": CRITICAL}),
    ({"uncorrected": 1}, {"disk_uncorrectable": WARNING}), ({"pending": 1}, {"disk_pending_sectors": WARNING}),
    ({"test": "Background long   Failed in segment -->       3   11345           4187231 [0x3 0x11 0x0]"}, {"disk_self_test": WARNING}),
    ({"test": "Background long   Unknown error, incomplete   -   11345                 - [-   -    -]"}, {"disk_self_test": WARNING}),
    ({"test": "Background short  Aborted (by user command)   -   11345                 - [-   -    -]"}, {}),
    ({"test": "Background short  Self test in progress ...   -     NOW                 - [-   -    -]"}, {}),
])
def test_scsi(changes: dict[str, Any], expected: dict[str, Severity]) -> None:
    whole = {"health": "OK", "grown": 0, "uncorrected": 0, "pending": 0,
             "test": "Background short  Completed                   -    3113                 - [-   -    -]"}
    assert by_text(SCSI.format(**{**whole, **changes})) == expected


@pytest.mark.parametrize("bit", [1, 2, 4, 8, 16, 32, 64, 128])
def test_every_warning_of_an_nvme_drive(bit: int) -> None:
    log = {"critical_warning": bit, "temperature": 40, "available_spare": 100, "available_spare_threshold": 10, "percentage_used": 3,
           "media_errors": 0, "num_err_log_entries": 0}
    assert by_json(device={"name": "/dev/nvme0", "protocol": "NVMe"}, nvme_smart_health_information_log=log)["nvme_critical_warning"] is CRITICAL
