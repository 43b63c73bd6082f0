# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local file systems: limits at, below and above; df and mount tables in odd shapes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugins.module_utils.mount_points import mounts
from plugins.module_utils.subjects.filesystems import local_points
from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.facts.filesystems import ExtErrors, Unreachable, Usage, usages
from plugins.plugin_utils.facts.mount_table import parse_fstab, parse_mountinfo, parse_mounts
from plugins.plugin_utils.findings import DAY, GIB, Severity
from plugins.plugin_utils.rules import filesystems
from plugins.plugin_utils.trend import growth_per_second

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def usage(used: float, available: float, total: float = 1) -> Usage:
    return Usage("/srv", "xfs", "/dev/sdb1", int(total * GIB), int(used * GIB), int(available * GIB))


def one(rule, *facts):
    found = list(rule.check(rule.levels, *facts))
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(("used", "available", "expected"), [
    (39.9, 10, OK), (40, 10, WARNING), (40, 10.1, OK), (81, 9, WARNING), (44.9, 5, WARNING), (45, 5, CRITICAL), (45.1, 5.1, WARNING),
    (990, 11, INFO), (0.5, 0, CRITICAL), (0, 0, OK),
])
def test_space_joins_level_and_room(used: float, available: float, expected: Severity) -> None:
    assert one(filesystems.FILESYSTEM_SPACE, (usage(used, available),), {}, NOW).severity is expected


@pytest.mark.parametrize(("growth_a_day", "expected"), [(10, INFO), (1000, CRITICAL), (999, INFO), (-5, INFO), (0, INFO)])
def test_space_counts_the_trend_when_much_is_free(growth_a_day: float, expected: Severity) -> None:
    history = {"/srv": {"used_bytes": tuple((NOW - timedelta(days=days), (9500 - days * growth_a_day) * GIB) for days in (60, 30))}}
    assert one(filesystems.FILESYSTEM_SPACE, (usage(9500, 1000),), history, NOW).severity is expected


@pytest.mark.parametrize(("days", "expected"), [(89, CRITICAL), (90, CRITICAL), (91, WARNING), (180, WARNING), (181, OK)])
def test_forecast(days: int, expected: Severity) -> None:
    history = {"/srv": {"used_bytes": ((NOW - timedelta(days=40), 60 * GIB), (NOW - timedelta(days=20), 80 * GIB))}}
    finding = one(filesystems.FILESYSTEM_SPACE_FORECAST, (usage(100, days),), history, NOW)
    assert finding.severity is expected
    assert finding.values["full_in_seconds"] == pytest.approx(days * DAY)


def test_forecast_needs_three_inspections_over_two_weeks() -> None:
    few = ((NOW - timedelta(days=40), 1.0), (NOW, 2.0))
    near = ((NOW - timedelta(days=13), 1.0), (NOW - timedelta(days=5), 1.5), (NOW, 2.0))
    enough = ((NOW - timedelta(days=14), 1.0), (NOW - timedelta(days=7), 2.0), (NOW, 3.0))
    assert growth_per_second(few) is None
    assert growth_per_second(near) is None
    assert growth_per_second(enough) == pytest.approx(1 / (7 * DAY))
    assert growth_per_second(((NOW, 1.0),) * 5) is None


def test_one_clean_up_does_not_hide_growth() -> None:
    points = [(NOW + timedelta(days=10 * step), step * 10.0) for step in range(9)]
    points[4] = (points[4][0], 0.0)
    assert growth_per_second(points) == pytest.approx(1 / DAY)


@pytest.mark.parametrize(("used", "expected"), [(899, OK), (900, WARNING), (949, WARNING), (950, CRITICAL)])
def test_inodes(used: int, expected: Severity) -> None:
    assert one(filesystems.FILESYSTEM_INODES, (Usage("/", "ext4", "/dev/sda1", 1000, used, 1000 - used),)).severity is expected


def test_inodes_of_file_systems_without_a_number_of_them() -> None:
    assert one(filesystems.FILESYSTEM_INODES, (Usage("/", "btrfs", "/dev/sda1", 0, 0, 0),)).severity is OK


@pytest.mark.parametrize(("denied", "expected"), [(True, UNKNOWN), (False, CRITICAL)])
def test_unreachable(denied: bool, expected: Severity) -> None:
    assert one(filesystems.FILESYSTEM_REACHABLE, (Unreachable("/srv", "Input/output error", denied),)).severity is expected


@pytest.mark.parametrize(("count", "before", "expected"), [
    (0, None, OK), (1, None, WARNING), (2, 2, WARNING), (3, 2, CRITICAL), (0, 5, OK), (1, 5, WARNING),
])
def test_ext_errors(count: int, before: int | None, expected: Severity) -> None:
    history = {} if before is None else {"/srv": {"errors_count": ((NOW, before),)}}
    assert one(filesystems.EXT_ERRORS, (ExtErrors("/srv", "sdb1", count, None),), history).severity is expected


DF = """Filesystem     Type    1-blocks        Used   Available Capacity Mounted on
/dev/vda1      ext4 20956397568  9105612800 10758823936      46% /
/dev/vdb1      xfs  20956397568  9105612800 10758823936      46% /srv/with blank
"""


def df(text: str, stderr: str = "") -> Entry:
    return Entry("filesystems", "command", "df -PT -B1 / '/srv/with blank'", text, stderr=stderr, rc=0)


ASKED = frozenset({"/", "/srv/with blank"})


def test_df_with_a_blank_in_a_mount_point() -> None:
    assert [row.point for row in usages(df(DF), ASKED)] == ["/", "/srv/with blank"]


@pytest.mark.parametrize("text", ["", "\x00\xff\n", DF[:10], DF[:80], DF[:150], DF[:-1], DF[:-10] + "\n", DF.replace("46%", "many"),
                                  DF.replace("1-blocks", "blocks"), DF + "garbage\n", "df: no file systems processed\n"])
def test_df_garbled_or_cut_off(text: str) -> None:
    with pytest.raises(Unreadable):
        usages(df(text), ASKED)


def test_df_says_which_it_could_not_look_at() -> None:
    first = DF[:DF.index("/dev/vdb1")]
    for complaint in ("df: '/srv/with blank': Stale file handle\n", "df: `/srv/with blank': Stale NFS file handle\n",
                      "df: cannot access '/srv/with blank': Permission denied\n", "/bin/df: /srv/with blank: Input/output error\n"):
        assert len(usages(df(first, complaint), ASKED)) == 1
    with pytest.raises(Unreadable):
        usages(df(first, "df: /srv: Input/output error"), ASKED)


@pytest.mark.parametrize("text", ["", "\n", "36 25 8:3 / /srv rw - ext4 /dev/sda3 rw", "36 25 8:3 / /srv rw,relatime - ext4\n", "hello\n"])
def test_mountinfo_cut_off(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_mountinfo(text)


@pytest.mark.parametrize("text", ["", "/dev/sda3 / ext4 rw 0 0", "/dev/sda3 / ext4\n", "/dev/sda3 / ext4 rw x y\n"])
def test_mounts_cut_off(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_mounts(text)


def test_mount_table_escapes_and_covered_mounts() -> None:
    table = parse_mountinfo("1 0 8:1 / /a\\040b ro - ext4 /dev/sda1 ro\n2 1 8:2 / /a\\040b rw shared:1 master:2 - xfs /dev/sdb1 rw,noquota\n")
    assert [(mount.point, mount.fs_type, mount.device) for mount in table] == [("/a b", "xfs", "8:2")]
    assert parse_mounts("host: /x\\011y fuse.sshfs rw 0 0\nhost:a b /z fuse.sshfs rw 0 0\n")[1].source == "host:a b"


def test_fstab() -> None:
    entries = parse_fstab("# c\n\nUUID=1 / ext4\n/dev/sdb1\t/srv/x\\040y/ xfs noauto,nofail 0 2 # data\n")
    assert [(entry.point, sorted(entry.options)) for entry in entries] == [("/", ["defaults"]), ("/srv/x y", ["noauto", "nofail"])]
    with pytest.raises(Unreadable):
        parse_fstab("/dev/sdb1 /srv\n")


def test_the_target_asks_one_point_of_each_local_file_system() -> None:
    table = mounts(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:1 /x /bind/longer rw - ext4 /dev/sda1 rw\n3 1 0:9 / /run rw - tmpfs tmpfs rw\n"
        "4 1 0:10 / /run/user/0 rw - tmpfs tmpfs rw\n5 1 0:11 / /nfs rw - nfs4 s:/x rw\n6 1 7:0 / /snap/x ro - squashfs /dev/loop0 ro\n"
        "7 1 0:12 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw\n8 1 0:13 / /tank rw - zfs tank rw\n"
        "9 1 0:14 / /sshfs rw - fuse.sshfs h:/ rw\n10 1 0:15 / /proc rw - proc proc rw\nnot a line\n"
    )
    assert local_points(table) == ["/", "/run", "/tank"]
