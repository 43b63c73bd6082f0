# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plugins.module_utils.subjects.md_raid import members_of_inactive
from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.facts.md_raid import Array, Consistency, MemberErrors, Operation, Scrub, parse_configuration, parse_mdstat
from plugins.plugin_utils.facts.mdadm import parse_detail, parse_examine
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules import md_raid as rules

TAKEN_AT = datetime(2026, 11, 23, tzinfo=UTC)
MIRROR = Array("md0", "raid1", "active", required=2, working=2)
RAID6 = Array("md6", "raid6", "active", required=5, working=5)


def only(findings: object) -> Severity:
    (finding,) = findings  # type: ignore[misc]
    return finding.severity


@pytest.mark.parametrize(("array", "severity"), [
    (MIRROR, Severity.OK),
    (replace(MIRROR, working=1), Severity.CRITICAL),
    (replace(MIRROR, working=1, operation=Operation("recovery", "running", 0.5)), Severity.WARNING),
    (replace(MIRROR, working=1, operation=Operation("recovery", "delayed")), Severity.WARNING),
    (replace(MIRROR, working=1, operation=Operation("resync", "pending")), Severity.CRITICAL),
    (replace(MIRROR, working=1, operation=Operation("check", "running")), Severity.CRITICAL),
    (replace(MIRROR, working=0), Severity.CRITICAL),
    (replace(RAID6, working=4, operation=Operation("recovery", "running")), Severity.WARNING),
    (replace(RAID6, working=2, operation=Operation("recovery", "running")), Severity.CRITICAL),
    (replace(MIRROR, words=("clean", "checking")), Severity.OK),
    (replace(MIRROR, words=("clean", "resyncing (delayed)")), Severity.OK),
    (replace(MIRROR, words=("clean", "degraded")), Severity.WARNING),
    (replace(MIRROR, words=("wedged",)), Severity.WARNING),
    (replace(MIRROR, words=("active", "failed")), Severity.CRITICAL),
    (replace(MIRROR, state="broken"), Severity.CRITICAL),
    (replace(MIRROR, state="strange"), Severity.WARNING),
    (Array("md1", "raid0", "active"), Severity.OK),
])
def test_degraded(array: Array, severity: Severity) -> None:
    assert only(rules.check_md_degraded({}, (array,))) is severity


@pytest.mark.parametrize(("level", "count", "severity"), [
    ("raid1", 1023, Severity.OK), ("raid1", 1024, Severity.WARNING), ("raid10", 1025, Severity.WARNING),
    ("raid5", 0, Severity.OK), ("raid5", 1, Severity.WARNING), ("raid6", 2, Severity.WARNING),
])
def test_mismatch(level: str, count: int, severity: Severity) -> None:
    item = Consistency("md0", level, count, "idle", "check")
    assert only(rules.check_md_mismatch(rules.MD_MISMATCH.levels, (item,))) is severity


@pytest.mark.parametrize(("days", "severity"), [(34.99, Severity.OK), (35, Severity.WARNING), (35.01, Severity.WARNING)])
def test_scrub(days: float, severity: Severity) -> None:
    scrub = Scrub("raid-check.timer", TAKEN_AT - timedelta(days=days))
    assert only(rules.check_md_scrub(rules.MD_SCRUB.levels, scrub, TAKEN_AT)) is severity


@pytest.mark.parametrize(("before", "now", "severity"), [
    (None, 0, Severity.OK), (None, 1, Severity.WARNING), (3, 3, Severity.OK), (3, 4, Severity.WARNING), (9, 0, Severity.OK),
    (9, 2, Severity.WARNING),       # assembled anew since: the two are new
])
def test_member_errors(before: int | None, now: int, severity: Severity) -> None:
    history = {} if before is None else {"md0/sda1": {"read_errors_count": ((TAKEN_AT, before),)}}
    item = MemberErrors("md0", "sda1", ("in_sync",), now, 0)
    assert only(rules.check_md_member_errors(rules.MD_MEMBER_ERRORS.levels, (item,), history)) is severity


@pytest.mark.parametrize(("before", "severity"), [(0, Severity.OK), (1, Severity.WARNING)])
def test_spare_gone_since_last_time(before: int, severity: Severity) -> None:
    history = {"md0": {"spares_count": ((TAKEN_AT, before),)}}
    assert only(rules.check_md_spare_missing({}, (MIRROR,), (), {}, history)) is severity


MDSTAT = """Personalities : [raid1]
md_d1 : active raid1 nvme0n1p2[0] sdb1[1](W) sdc1[2](J) sdd1[3](R) cciss!c0d0p1[4](F)
      1046528 blocks super 1.2 [2/2] [UU]

unused devices: <none>
"""


def test_mdstat_flags() -> None:
    (array,) = parse_mdstat(MDSTAT)
    members = {member.name: member for member in array.members}
    assert members["sdb1"].write_mostly
    assert members["sdc1"].journal
    assert members["sdd1"].replacement
    assert array.faulty == ("cciss/c0d0p1",)
    assert array.size_bytes == 1046528 * 1024


@pytest.mark.parametrize("text", ["", "\x00\xff\x07", "unused", MDSTAT[:-25], MDSTAT.replace("[2/2] [UU]", ""), MDSTAT.replace("Personalities", "!!")])
def test_mdstat_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_mdstat(text)


DETAIL = """/dev/md0:
        Raid Level : raid1
      Raid Devices : 2
     Total Devices : 2
             State : clean
    Number   Major   Minor   RaidDevice State
       0       8        1        0      active sync   /dev/sda1
       1       8       17        1      active sync   /dev/sdb1
"""


@pytest.mark.parametrize("length", range(0, len(DETAIL) - 20, 7))
def test_detail_cut_off(length: int) -> None:
    with pytest.raises(Unreadable):
        parse_detail(DETAIL[:length])


def test_detail_whole() -> None:
    (detail,) = parse_detail(DETAIL)
    assert (detail.name, detail.words, len(detail.rows)) == ("md0", ("clean",), 2)


# The superblock of format 0.90 and of firmware RAID in two tools' words
OLD = """/dev/sda1:
          Magic : a92b4efc
        Version : 0.90.00
           UUID : 3f720601:29af5283:96fc04a8:108a4af7
     Raid Level : raid1
   Raid Devices : 2
          State : clean
 Failed Devices : 1
       Checksum : 2e1bdeb8 - correct
         Events : 0.18

      Number   Major   Minor   RaidDevice State
this     0       8        1        0      active sync   /dev/sda1

   0     0       8        1        0      active sync   /dev/sda1
   1     1       0        0        1      faulty removed
"""
IMSM = """/dev/sda:
          Magic : Intel Raid ISM Cfg Sig.
        Version : 1.3.00
       Checksum : 5b482818 correct

[Volume0]:
     RAID Level : 1
      Map State : degraded
"""


@pytest.mark.parametrize(("text", "severity"), [(OLD, Severity.WARNING), (OLD.replace("Devices : 1", "Devices : 0"), Severity.OK)])
def test_examine_old_format(text: str, severity: Severity) -> None:
    assert only(rules.check_md_superblocks({}, parse_examine(text))) is severity


def test_examine_firmware() -> None:
    assert only(rules.check_md_superblocks({}, parse_examine(IMSM))) is Severity.WARNING


@pytest.mark.parametrize("text", ["", "garbage", OLD[:200], IMSM[:60]])
def test_examine_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_examine(text)


def test_configuration_lines() -> None:
    first, second = parse_configuration("# x\nDEVICE partitions\narray /dev/md0 UUID=AA:bb\n  spares=2\nARRAY <ignore> UUID=cc\nARRAY UUID=dd # y\n")
    assert (first.device, first.uuid, first.spares) == ("/dev/md0", "aabb", 2)
    assert (second.device, second.uuid, second.spares) == ("", "dd", None)


def test_examines_only_what_did_not_start() -> None:
    text = "md0 : inactive sdb1[0](S) cciss!c0d1[1](S)\n      1 blocks super 1.2\n\nmd1 : inactive sdc[0](S)\n      1 blocks super external:imsm\n"
    assert members_of_inactive(text) == ["/dev/cciss/c0d1", "/dev/sdb1"]
