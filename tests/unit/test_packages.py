# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugins.module_utils.subjects.packages import deleted_of
from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.facts import package_lists, restarts
from plugins.plugin_utils.facts.packages import Kernels, SecurityUpdate
from plugins.plugin_utils.findings import DAY, Severity
from plugins.plugin_utils.rules import packages

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
PARSERS = (
    package_lists.parse_apt_simulation, package_lists.parse_apt_list, package_lists.parse_dpkg, package_lists.parse_dnf_list,
    package_lists.parse_repoquery, package_lists.parse_updateinfo, package_lists.parse_zypper_updates, package_lists.parse_zypper_patches,
    package_lists.parse_rpm_last, restarts.parse_needrestart, restarts.parse_needs_restarting, restarts.parse_checkrestart,
    restarts.parse_deleted,
)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
@pytest.mark.parametrize("text", ["", "\n", "\x00\x7f\ufffd\ufffd", "Inst {broken\nRHSA-2026:1 \nab.x86_64 1\n  \n"],
                         ids=["empty", "blank", "binary", "odd"])
def test_what_is_not_such_an_output_is_unreadable(parser: object, text: str) -> None:
    with pytest.raises(Unreadable):
        parser("command", text)     # type: ignore[operator]


@pytest.mark.parametrize(("days", "severity"), [
    (29.99, Severity.OK), (30, Severity.WARNING), (30.01, Severity.WARNING), (4000, Severity.WARNING), (-1, Severity.OK),
])
def test_metadata_age(days: float, severity: Severity) -> None:
    found = list(packages.check_metadata_age(packages.PACKAGES_METADATA_AGE.levels, NOW - timedelta(days=days), NOW))
    assert [item.severity for item in found] == [severity]


@pytest.mark.parametrize(("days", "severity"), [
    (89.99, Severity.OK), (90, Severity.WARNING), (364.99, Severity.WARNING), (365, Severity.CRITICAL), (366, Severity.CRITICAL),
])
def test_last_update(days: float, severity: Severity) -> None:
    found = list(packages.check_last_update(packages.PACKAGES_LAST_UPDATE.levels, NOW - timedelta(days=days), NOW))
    assert [item.severity for item in found] == [severity]
    assert found[0].values["age_seconds"] == days * DAY


@pytest.mark.parametrize(("updates", "severity"), [
    ((), Severity.OK), ((SecurityUpdate("bash"),), Severity.WARNING), ((SecurityUpdate("bash", "important"),), Severity.WARNING),
    ((SecurityUpdate("bash", "critical"),), Severity.CRITICAL),
])
def test_security_updates(updates: tuple[SecurityUpdate, ...], severity: Severity) -> None:
    assert [item.severity for item in packages.check_security_updates({}, updates)] == [severity]


@pytest.mark.parametrize(("running", "installed", "newest", "severity"), [
    ("6.1.0-9-amd64", ["6.1.0-31-amd64", "6.1.0-9-amd64"], "6.1.0-31-amd64", Severity.WARNING),
    ("6.1.0-31-amd64", ["6.1.0-31-amd64", "6.12.9+bpo-cloud-amd64"], "6.1.0-31-amd64", Severity.OK),
    ("6.1.0-31-amd64", ["6.1.0-31-amd64", "6.12.48+deb13-amd64"], "6.12.48+deb13-amd64", Severity.WARNING),
    ("5.14.0-427.el9_4.x86_64", ["5.14.0-427.el9_4.x86_64", "5.14.0-503.el9_5.x86_64"], "5.14.0-503.el9_5.x86_64", Severity.WARNING),
    ("5.15.0-100.el8uek.x86_64", ["5.15.0-100.el8uek.x86_64", "6.0-1.el8.x86_64"], "5.15.0-100.el8uek.x86_64", Severity.OK),
    ("6.4.0-150600.23.25-default", ["6.4.0-150600.23.25.1.x86_64"], "6.4.0-150600.23.25.1.x86_64", Severity.OK),
    ("6.9.0-custom", ["6.1.0-31-amd64"], "6.1.0-31-amd64", Severity.OK),
])
def test_kernels(running: str, installed: list[str], newest: str, severity: Severity) -> None:
    assert restarts.newest_of(running, installed) == newest
    assert [item.severity for item in packages.check_kernel({}, Kernels(running, newest))] == [severity]


@pytest.mark.parametrize(("left", "right", "result"), [
    ("1.0", "1.0", 0), ("1.10", "1.9", 1), ("1.0", "1.0.1", -1), ("1.a", "1.1", -1), ("010", "10", 0), ("a", "b", -1),
])
def test_compare(left: str, right: str, result: int) -> None:
    assert restarts.compare(left, right) == result
    assert restarts.compare(right, left) == -result


def test_only_deleted_program_files_count() -> None:
    lines = [
        b"7f00-7f01 r-xp 00000000 fe:01 1 /usr/lib/libssl.so.3 (deleted)\n",
        b"7f01-7f02 r--p 00000000 fe:01 2 /usr/lib/libdata.so (deleted)\n",
        b"7f02-7f03 r-xp 00000000 00:01 3 /memfd:jit (deleted)\n",
        b"7f03-7f04 r-xp 00000000 fe:01 4 /tmp/native.so (deleted)\n",
        b"7f04-7f05 r-xp 00000000 fe:01 5 /usr/bin/true\n",
    ]
    assert deleted_of(lines) == ["/usr/lib/libssl.so.3"]


@pytest.mark.parametrize("text", [
    "kernel-5.4.17-2102.el7uek.x86_64   Mon 05 Apr 2021 04:52:06 PM UTC\n", "kernel-5.4.17-2102.el7uek.x86_64   Mon Apr  5 16:52:06 2021\n",
    "kernel-5.4.17-2102.el7uek.x86_64   Mon 05 Apr 2021 16:52:06 CEST\n",
])
def test_dates_of_rpm(text: str) -> None:
    assert package_lists.parse_rpm_last("rpm -qa --last", text)[0].at == datetime(2021, 4, 5, 16, 52, 6, tzinfo=UTC)


INST = "Inst bash [1] (2 Debian:12.11/oldstable [amd64])\nInst libssl3 [3] (4 Debian-Security:12/oldstable-security [amd64]) []\n"
READING = "Reading package lists...\nBuilding dependency tree...\n"


@pytest.mark.parametrize(("summary", "names"), [
    (INST + "2 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.\n", ["bash", "libssl3"]),
    ("Summary:\n  Upgrading: 2, Installing: 0, Removing: 0, Not Upgrading: 3\n" + INST, ["bash", "libssl3"]),
    ("Summary:\n  Upgrading: 1, Installing: 0, Reinstalling: 2, Downgrading: 1, Removing: 0, Not Upgrading: 0\n" + INST, ["bash", "libssl3"]),
    ("0 upgraded, 0 newly installed, 1 reinstalled, 0 to remove and 0 not upgraded.\n", []),
    ("Summary:\n  Upgrading: 0, Installing: 0, Removing: 0, Not Upgrading: 0\n", []),
])
def test_summaries_of_all_versions_of_apt(summary: str, names: list[str]) -> None:
    plan = package_lists.parse_apt_simulation("apt-get", READING + summary)
    assert [update.name for update in plan.updates] == names


@pytest.mark.parametrize("summary", [INST, "Summary:\n  Upgrading: 3, Installing: 0, Removing: 0, Not Upgrading: 3\n" + INST,
                                     "3 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.\n" + INST])
def test_a_plan_of_apt_that_lacks_what_its_summary_counts(summary: str) -> None:
    with pytest.raises(Unreadable):
        package_lists.parse_apt_simulation("apt-get", READING + summary)


PATCH = "Repository | Name | Category | Severity | Interactive | Status | Summary\n---+---\nU | SUSE-2026-1 | security | important | --- | needed | x\n"


def test_patches_of_zypper_must_be_as_many_as_it_counts() -> None:
    (patch,) = package_lists.parse_zypper_patches("zypper", PATCH + "\nFound 1 applicable patch:\n1 patch needed (1 security patch)\n")
    assert (patch.kind, patch.severity) == ("security", "important")
    assert package_lists.parse_zypper_patches("zypper", "0 patches needed (0 security patches)\n") == ()
    for text in ("2 patches needed (1 security patch)\n", PATCH + "2 patches needed (1 security patch)\n"):
        with pytest.raises(Unreadable):
            package_lists.parse_zypper_patches("zypper", text)


@pytest.mark.parametrize(("text", "needed"), [
    ("No core libraries or services have been updated since the last system boot.\nReboot is probably not necessary.\n", False),
    ("No core libraries or services have been updated since boot-up.\nReboot should not be necessary.\n", False),
    ("Core libraries or services have been updated.\nReboot is required to ensure that your system benefits from these updates.\n", True),
    ("Core libraries or services have been updated since boot-up:\n  * kernel\n\nReboot is required to fully utilize these updates.\n", True),
])
def test_words_about_a_reboot(text: str, needed: bool) -> None:
    assert restarts.parse_needs_restarting("needs-restarting -r", text)[0] is needed
