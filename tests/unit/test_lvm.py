# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LVM: limits at, below and above; every state its attributes know; reports cut off or garbled."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.facts.lvm import LogicalVolume, PhysicalVolume, VolumeGroup, logical_volume, physical_volume, rows, size
from plugins.plugin_utils.findings import GIB, MIB, Severity
from plugins.plugin_utils.rules import lvm

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity


def volume(attributes: str, data: float | None = None, metadata: float | None = None, synced: float | None = None, pool: bool = False):
    return LogicalVolume("vg/lv", attributes[0], attributes[4], attributes[8], GIB, data, metadata, synced, pool)


def one(rule, *facts) -> Severity:
    found = list(rule.check(rule.levels, *facts))
    assert len(found) == 1, found
    return found[0].severity


@pytest.mark.parametrize(("data", "metadata", "expected"), [
    (0.799, 0.1, OK), (0.80, 0.1, WARNING), (0.899, 0.1, WARNING), (0.90, 0.1, CRITICAL), (0.1, 0.799, OK), (0.1, 0.8, WARNING), (0.1, 0.9, CRITICAL),
    (None, 0.1, UNKNOWN), (0.1, None, UNKNOWN),
])
def test_thin_pool(data: float | None, metadata: float | None, expected: Severity) -> None:
    assert one(lvm.LVM_THIN_POOL, (volume("twi-aotz--", data, metadata),)) is expected


@pytest.mark.parametrize(("attributes", "data", "expected"), [
    ("swi-a-s---", 0.799, OK), ("swi-a-s---", 0.80, WARNING), ("swi-a-s---", 0.949, WARNING), ("swi-a-s---", 0.95, CRITICAL),
    ("swi-I-s---", 1.0, CRITICAL), ("swi---s---", None, UNKNOWN), ("Swi-a-s---", 0.1, OK),
])
def test_snapshot(attributes: str, data: float | None, expected: Severity) -> None:
    assert one(lvm.LVM_SNAPSHOT, (volume(attributes, data),)) is expected


def test_thin_snapshots_have_no_size_of_their_own() -> None:
    assert one(lvm.LVM_SNAPSHOT, (volume("Vwi-a-tz--", 0.99, pool=True),)) is OK


@pytest.mark.parametrize(("free", "expected"), [(0, INFO), (10, INFO), (11, OK)])
def test_vg_free(free: int, expected: Severity) -> None:
    assert one(lvm.LVM_VG_FREE, (VolumeGroup("vg", False, 100, free),)) is expected


@pytest.mark.parametrize(("attributes", "synced", "expected"), [
    ("-wi-ao----", None, OK), ("-wi-------", None, OK), ("rwi-aor---", 1.0, OK), ("rwi-aor---", 0.999, WARNING), ("rwi-aor-r-", 1.0, WARNING),
    ("rwi-aor-m-", 1.0, WARNING), ("rwi-aor-p-", 1.0, CRITICAL), ("rwi-aor-w-", 1.0, OK), ("twi-cotz--", None, CRITICAL),
    ("twi-aotzD-", None, CRITICAL), ("twi-aotzF-", None, CRITICAL), ("twi-aotzM-", None, CRITICAL),
    ("-wi-so----", None, WARNING), ("-wi-Xo--X-", None, UNKNOWN), ("-wi-do----", None, WARNING), ("-wi-zo----", None, WARNING), ("-wi-ao--?-", None, WARNING),
])
def test_health(attributes: str, synced: float | None, expected: Severity) -> None:
    assert one(lvm.LVM_HEALTH, (volume(attributes, synced=synced),)) is expected


@pytest.mark.parametrize(("row", "expected"), [
    ({"pv_name": "/dev/sdb", "pv_attr": "a--"}, OK), ({"pv_name": "/dev/sdb", "pv_attr": "a-m"}, CRITICAL),
    ({"pv_name": "[unknown]", "pv_attr": "a--", "pv_uuid": "u"}, CRITICAL), ({"pv_name": "unknown device", "pv_attr": "a--"}, CRITICAL),
    ({"pv_name": "/dev/sdb", "pv_attr": "d--"}, WARNING), ({"pv_name": "/dev/sdb", "pv_attr": "---", "pv_missing": "missing"}, CRITICAL),
])
def test_physical_volumes(row: dict[str, str], expected: Severity) -> None:
    assert one(lvm.LVM_MISSING_PV, (physical_volume(row),)) is expected
    assert isinstance(physical_volume(row), PhysicalVolume)


@pytest.mark.parametrize(("text", "expected"), [
    ("214232465408", 214232465408), ("<6.59g", int(6.59 * GIB)), ("20.00m", 20 * MIB), ("0 ", 0), ("1.5G", 1500000000), ("8S", 4096), ("4.00B", 4),
    ("", None), ("many", None), ("1.2.3g", None),
])
def test_sizes(text: str, expected: int | None) -> None:
    assert size(text) == expected


JSON = '  {"report": [{"lv": [{"vg_name":"vg0", "lv_name":"root", "lv_attr":"-wi-ao----"}]}]}\n'
PREFIXED = "  LVM2_VG_NAME='vg0' LVM2_LV_NAME='root' LVM2_LV_ATTR='-wi-ao----'\n  LVM2_VG_NAME='vg0'|LVM2_LV_NAME='it\\'s'|LVM2_LV_ATTR='-wi-ao----'\n"


def report(text: str, rc: int = 0, stderr: str = "") -> Entry:
    return Entry("lvm", "command", "lvs", text, rc=rc, stderr=stderr)


@pytest.mark.parametrize("text", [JSON, PREFIXED, "  WARNING: odd\n" + JSON, "WARNING: odd\n" + PREFIXED])
def test_both_forms(text: str) -> None:
    found, said = rows(report(text))
    assert logical_volume(found[0]).name == "vg0/root"
    assert said == (["WARNING: odd"] if "odd" in text else [])


@pytest.mark.parametrize("text", [JSON[:20], JSON[:-3], "{}", '{"report": 1}', "[]{", PREFIXED[:30], PREFIXED[:100], PREFIXED[:-20], "\x00\xff", "",
                                  PREFIXED.rstrip().removesuffix("|LVM2_LV_ATTR='-wi-ao----'")])
def test_cut_off_or_garbled(text: str) -> None:
    with pytest.raises(Unreadable):
        rows(report(text))


def test_failed_without_a_report() -> None:
    with pytest.raises(Unreadable, match="ended with status 5: no such VG"):
        rows(report("", rc=5, stderr="no such VG"))


@pytest.mark.parametrize("row", [{"lv_name": "x"}, {"lv_name": "x", "lv_attr": "-w"}, {"lv_attr": "-wi-ao----"},
                                 {"lv_name": "x", "lv_attr": "twi-aotz--", "data_percent": "full"}])
def test_rows_without_what_matters(row: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        logical_volume(row)
