# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each state that md and mdadm can write of an array: what is found worst, and by which rule. Made up after drivers/md/md.c, Detail.c."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import judge
from plugins.plugin_utils.rules import md_raid

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
RULES = (md_raid.MD_DEGRADED, md_raid.MD_FAILED_MEMBER, md_raid.MD_INACTIVE, md_raid.MD_REBUILDING)
PAIR, MIRROR = "raid1 sdb1[1] sda1[0]", "1046528 blocks super 1.2 [2/2] [UU]"
THREE, FIVE = "raid5 sdc1[3] sdb1[1] sda1[0]", "2093056 blocks super 1.2 level 5, 512k chunk, algorithm 2"


def worst(*entries: Entry) -> Severity:
    return max(finding.severity for finding in judge(Capture("h", "r", datetime(2026, 11, 20, tzinfo=UTC), entries), rules=RULES).findings)


@pytest.mark.parametrize(("head", "lines", "severity"), [
    (f"active {PAIR}", MIRROR, OK),
    (f"active (auto-read-only) {PAIR}", MIRROR + "\n\tresync=PENDING", INFO),
    (f"active (read-only) {PAIR}", MIRROR, INFO),
    (f"active {PAIR}", MIRROR + "\n\tresync=DELAYED", WARNING),
    (f"active {PAIR}", MIRROR + "\n\tresync=REMOTE", WARNING),
    (f"active {PAIR}", MIRROR + "\n  [>....]  check =  0.1% (1300/1046528) finish=1.1min speed=15000K/sec\n  bitmap: 0/1 pages [0KB], 65536KB chunk", INFO),
    (f"active {PAIR}", MIRROR + "\n  [>....]  repair =  0.1% (1300/1046528) finish=1.1min speed=15000K/sec", INFO),
    (f"active {PAIR}", MIRROR + "\n  [>....]  lazy_recovery =  0.1% (1300/1046528) finish=1.1min speed=15000K/sec", WARNING),
    (f"active {THREE}", FIVE + " [3/2] [UU_]\n\trecovery=DELAYED", WARNING),
    (f"active {THREE}", FIVE + " [3/2] [UU_]\n  bitmap: 1/1 pages [4KB], 65536KB chunk", CRITICAL),
    (f"active {THREE}", FIVE + " [3/3] [UUU]\n  [=>...]  reshape =  8.0% (83968/1046528) finish=3.1min speed=5000K/sec", WARNING),
    ("active raid5 sdc1[3] sdb1[1](F) sda1[0](F)", FIVE + " [3/1] [__U]", CRITICAL),
    ("active raid5 nvme0n1[4](J)(F) sdc1[3] sdb1[1] sda1[0]", FIVE + " [3/3] [UUU]", WARNING),
    ("active raid1 sdc1[2](R) sdb1[1](W) sda1[0]", MIRROR, OK),
    ("active raid1 sdc1[2](S) sdb1[1] sda1[0]", MIRROR.replace("1.2", "non-persistent"), OK),
    ("active raid10 sdd1[3](F) sdc1[2] sdb1[1](F) sda1[0]", "2093056 blocks super 1.2 512K chunks 2 near-copies [4/2] [U_U_]", CRITICAL),
    ("active raid10 sdc1[2] sdb1[1] sda1[0]", "1569792 blocks super 1.2 512K chunks 2 far-copies [3/3] [UUU]", OK),
    ("active raid4 sdc1[3] sdb1[1] sda1[0]", "2093056 blocks super 1.2 level 4, 512k chunk, algorithm 5 [3/2] [UU_]", CRITICAL),
    ("active linear sdb1[1] sda1[0]", "2093056 blocks super 1.2 0k rounding", OK),
    ("broken linear sdb1[1] sda1[0]", "2093056 blocks super 1.2 0k rounding", CRITICAL),
    ("active raid0 sdb1[1] sda1[0]", "2093056 blocks super 1.2 512k chunks", OK),
    ("active raid0 sdb1[1](F) sda1[0]", "2093056 blocks super 1.2 512k chunks", CRITICAL),
    ("broken raid0 sdb1[1] sda1[0]", "2093056 blocks super 1.2 512k chunks", CRITICAL),
    ("active multipath sdb1[1](F) sda1[0]", "1046528 blocks super 1.2 [2/1] [U_]", CRITICAL),
    ("active faulty sda1[0]", "1046528 blocks super 1.2 WriteTransient=3(10)", OK),
    ("inactive sdb1[1](S) sda1[0](S)", "2093056 blocks super 1.2", CRITICAL),
    ("inactive sdb[1](S) sda[0](S)", "6306 blocks super external:imsm", OK),
    ("active raid1 sda[1] sdb[0]", "1046528 blocks super external:/md127/0 [2/2] [UU]", OK),
    ("active (read-only) raid1 sda[1]", "1046528 blocks super external:-md127/0 [2/1] [_U]", CRITICAL),
    ("active raid1 cciss/c0d1p1[1] cciss/c0d0p1[0]", "1046528 blocks [2/2] [UU]", OK),
    ("wedged raid1 sdb1[1] sda1[0]", MIRROR, WARNING),
    (f"active {PAIR}", "1046528 blocks super 1.2", UNKNOWN),
])
def test_mdstat(head: str, lines: str, severity: Severity) -> None:
    text = f"Personalities : [raid1]\nmd0 : {head}\n      " + lines.replace("\n", "\n      ") + "\n\nunused devices: <none>\n"
    assert worst(Entry("md_raid", "file", "/proc/mdstat", text)) is severity


FIRST = "       0       8        1        0      active sync   /dev/sda1\n"
SECOND = "       1       8       17        1      active sync   /dev/sdb1\n"
REMOVED = "       -       0        0        {}      removed\n"
SPARE = "       2       8       33        1      spare rebuilding   /dev/sdc1\n"


@pytest.mark.parametrize(("state", "level", "slots", "rows", "severity"), [
    ("clean", "raid1", 2, FIRST + SECOND, OK),
    ("active", "raid1", 2, FIRST + SECOND.replace("sync", "sync writemostly"), OK),
    ("clean", "raid10", 2, FIRST.replace("sync", "sync set-A") + SECOND.replace("sync", "sync set-B"), OK),
    ("active, checking", "raid1", 2, FIRST + SECOND, INFO),
    ("active, resyncing (PENDING)", "raid1", 2, FIRST + SECOND, INFO),
    ("active, resyncing (DELAYED)", "raid1", 2, FIRST + SECOND, WARNING),
    ("clean, reshaping", "raid1", 2, FIRST + SECOND, WARNING),
    ("clean, degraded", "raid1", 2, FIRST + REMOVED.format(1), CRITICAL),
    ("clean, degraded", "raid1", 2, FIRST + SECOND.replace("active sync", "faulty"), CRITICAL),
    ("clean, degraded, recovering", "raid1", 2, FIRST + SPARE, WARNING),
    ("active, degraded, recovering (DELAYED)", "raid1", 2, FIRST + SPARE, WARNING),
    ("clean, FAILED", "raid5", 3, FIRST + REMOVED.format(1) + REMOVED.format(2), CRITICAL),
    ("active, degraded, Not Started", "raid5", 3, FIRST + SECOND + REMOVED.format(2), CRITICAL),
    ("broken", "raid0", 2, FIRST + SECOND, CRITICAL),
    ("enchanted", "raid1", 2, FIRST + SECOND, WARNING),
    ("clean", "raid1", 2, FIRST, UNKNOWN),
])
def test_mdadm(state: str, level: str, slots: int, rows: str, severity: Severity) -> None:
    text = (f"/dev/md0:\n           Version : 1.2\n        Raid Level : {level}\n        Array Size : 1046528 (1022.00 MiB 1071.64 MB)\n"
            f"      Raid Devices : {slots}\n             State : {state} \n\n    Number   Major   Minor   RaidDevice State\n{rows}")
    assert worst(Entry("md_raid", "file", "/proc/mdstat", error="denied"), Entry("md_raid", "command", "mdadm --detail /dev/md0", text)) is severity
