# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts: why one is read-only, limits at, below and above, odd inputs."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.facts.mount_table import FstabEntry, Mount
from plugins.plugin_utils.facts.mounts import NO_ANSWER, NetworkMount, ReadOnly, RpcCounts, parse
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import judge
from plugins.plugin_utils.rules import mounts
from tests.realworld.adapter import Case, capture_of, command_entry, file_entry

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity


def capture(mountinfo: str, fstab: str = "", *more):
    return capture_of(Case("h", "", (), (), {}), [file_entry("/proc/self/mountinfo", mountinfo), file_entry("/etc/fstab", fstab), *more])


@pytest.mark.parametrize(("mountinfo", "fstab", "reason"), [
    ("rw - ext4 /dev/sda1 ro", "", ReadOnly.KERNEL),
    ("rw - ext4 /dev/sda1 rw,errors=remount-ro,emergency_ro", "", ReadOnly.KERNEL),
    ("rw - ext4 /dev/sda1 rw,shutdown", "", ReadOnly.KERNEL),
    ("rw - xfs /dev/sda1 ro", "U /x xfs ro 0 0\n", ReadOnly.KERNEL),
    ("ro - ext4 /dev/sda1 ro", "U /x ext4 defaults 0 0\n", ReadOnly.AGAINST_FSTAB),
    ("ro - ext4 /dev/sda1 ro", "U /x/ ext4 ro,nosuid 0 0\n", ReadOnly.ASKED),
    ("ro - ext4 /dev/sda1 ro", "", ReadOnly.UNLISTED),
    ("ro - ext4 /dev/sda1 rw", "", ReadOnly.VIEW),
    ("ro - iso9660 /dev/sr0 ro", "", ReadOnly.NATURE),
    ("ro - ext4 /dev/sda1 ro", "broken\n", ReadOnly.NOT_KNOWN),
])
def test_why_a_mount_is_read_only(mountinfo: str, fstab: str, reason: ReadOnly) -> None:
    facts = parse(capture(f"1 0 8:1 / /x {mountinfo}\n", fstab))
    assert [mount.reason for mount in facts.read_only] == [reason]


@pytest.mark.parametrize("line", ["rw - ext4 /dev/sda1 rw", "ro - squashfs /dev/loop0 ro", "rw - tmpfs tmpfs ro"])
def test_not_read_only(line: str) -> None:
    assert parse(capture(f"1 0 8:1 / /x {line}\n")).read_only == ()


def test_views_of_engines_are_left_out() -> None:
    assert parse(capture("1 0 0:9 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n2 1 0:8 / /run/credentials/x ro - tmpfs none ro\n")).read_only == ()


@pytest.mark.parametrize(("fstab", "missing"), [
    ("U /y xfs defaults 0 0\n", ["/y"]), ("U /y xfs noauto 0 0\n", []), ("U none swap sw 0 0\n", []), ("U /x xfs defaults 0 0\n", []),
    ("U /x/ xfs\n", []), ("/a /y none bind 0 0\n", ["/y"]), ("tmpfs /y tmpfs size=1g 0 0\n", ["/y"]), ("U swap swap\n", []),
    ("s:/e /y nfs _netdev,nofail 0 0\n", ["/y"]), ("", []),
])
def test_missing_mounts(fstab: str, missing: list[str]) -> None:
    facts = parse(capture("1 0 8:1 / /x rw - xfs /dev/sda1 rw\n", fstab))
    assert [entry.point for entry in facts.missing] == missing


def network(options: str, problem: str | Unknown | None = None, fs_type: str = "nfs4") -> tuple[NetworkMount, ...]:
    words = frozenset(options.split(","))
    return (NetworkMount(Mount("/n", fs_type, "s:/e", words, words), problem),)


@pytest.mark.parametrize(("options", "expected"), [
    ("rw,hard,proto=tcp", OK), ("rw,soft,proto=tcp", WARNING), ("ro,soft,proto=tcp", OK), ("rw,softerr", WARNING), ("rw,hard,proto=udp", WARNING),
])
def test_nfs_options(options: str, expected: Severity) -> None:
    rule = mounts.MOUNT_NFS_OPTIONS
    assert [finding.severity for finding in rule.check(rule.levels, network(options))] == [expected]


@pytest.mark.parametrize(("problem", "expected"), [(None, OK), (NO_ANSWER, CRITICAL), ("Stale file handle", CRITICAL), (Unknown("x"), UNKNOWN)])
def test_network_answers(problem, expected: Severity) -> None:
    rule = mounts.MOUNT_NETWORK_ANSWERS
    assert [finding.severity for finding in rule.check(rule.levels, network("rw", problem))] == [expected]


@pytest.mark.parametrize(("calls", "again", "expected"), [
    (10000, 100, WARNING), (10000, 99, OK), (10001, 100, OK), (100, 50, OK), (0, 0, OK), (1000, 500, WARNING),
])
def test_retransmissions(calls: int, again: int, expected: Severity) -> None:
    rule = mounts.NFS_RETRANSMISSIONS
    assert [finding.severity for finding in rule.check(rule.levels, RpcCounts(calls, again))] == [expected]


@pytest.mark.parametrize(("option", "expected"), [("nobarrier", WARNING), ("barrier=0", WARNING), ("barrier=1", OK), ("rw", OK)])
def test_barrier(option: str, expected: Severity) -> None:
    rule = mounts.MOUNT_BARRIER
    table = (Mount("/x", "ext4", "/dev/sda1", frozenset({"rw"}), frozenset({option})),)
    assert [finding.severity for finding in rule.check(rule.levels, table)] == [expected]


@pytest.mark.parametrize(("source", "expected"), [
    ("/dev/sda1", INFO), ("/dev/nvme0n1p2", INFO), ("/dev/vdb", INFO), ("/dev/mapper/vg-x", OK), ("UUID=1", OK), ("/dev/sr0", OK), ("/dev/md0", OK),
])
def test_device_names(source: str, expected: Severity) -> None:
    rule = mounts.MOUNT_BY_DEVICE_NAME
    assert [finding.severity for finding in rule.check(rule.levels, (FstabEntry(source, "/x", "ext4", frozenset()),))] == [expected]


@pytest.mark.parametrize("text", ["", "\x00\x01", "1 0 8:1 / /x rw", "1 0 8:1 / /x rw - ext4 /dev/sda1 r"])
def test_odd_mount_tables_are_unknown_to_every_rule(text: str) -> None:
    inspection = judge(capture(text, "U /x ext4\n"), rules=mounts.RULES)
    severities = {finding.rule: finding.severity for finding in inspection.findings}
    assert severities.pop("mount_by_device_name") is OK
    assert set(severities.values()) == {UNKNOWN}


def test_rpc_counts_that_are_cut_off() -> None:
    found = parse(capture("1 0 0:9 / /n rw - nfs4 s:/e rw\n", "", file_entry("/proc/net/rpc/nfs", "net 0 0\nrpc 12"),
                          command_entry("stat -f -t /n", "")))
    assert isinstance(found.nfs_calls, Unknown)
    assert found.network[0].problem is None
    assert isinstance(parse(capture("1 0 0:9 / /n rw - xfs /dev/sda rw\n")).nfs_calls, NotHere)
