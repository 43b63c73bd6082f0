# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts import identity as facts
from plugins.plugin_utils.facts.identity import OperatingSystem
from plugins.plugin_utils.facts.os_support import SUPPORT_ENDS, support_end
from plugins.plugin_utils.findings import DAY, Severity
from plugins.plugin_utils.rules import identity

TODAY = date(2026, 11, 20)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\nHOME_URL="https://www.debian.org/"\n'


@pytest.mark.parametrize(("days", "severity"), [
    (180, Severity.OK), (179, Severity.WARNING), (178, Severity.WARNING), (0, Severity.WARNING), (-1, Severity.CRITICAL), (-400, Severity.CRITICAL),
])
def test_end_of_support(days: int, severity: Severity) -> None:
    """The last day counts whole: 179 days after today there are 180 days left at its end."""
    found = list(identity.check_os_end_of_support(
        identity.OS_END_OF_SUPPORT.levels, TODAY + timedelta(days=days), OperatingSystem("debian", "12", "Debian 12"), MIDNIGHT))
    assert [item.severity for item in found] == [severity]


@pytest.mark.parametrize(("days", "severity"), [(90, Severity.OK), (89, Severity.WARNING), (0, Severity.WARNING), (-1, Severity.CRITICAL)])
def test_warranty_and_contract(days: int, severity: Severity) -> None:
    for check, rule in ((identity.check_warranty, identity.WARRANTY_EXPIRY), (identity.check_support, identity.SUPPORT_EXPIRY)):
        assert [item.severity for item in check(rule.levels, TODAY + timedelta(days=days), MIDNIGHT)] == [severity]


@pytest.mark.parametrize(("seconds", "long", "short"), [
    (179, Severity.OK, Severity.INFO), (180, Severity.OK, Severity.INFO), (181, Severity.OK, Severity.OK),
    (365 * DAY - 1, Severity.OK, Severity.OK), (365 * DAY, Severity.WARNING, Severity.OK), (365 * DAY + 1, Severity.WARNING, Severity.OK),
])
def test_uptime(seconds: float, long: Severity, short: Severity) -> None:
    assert [item.severity for item in identity.check_uptime_long(identity.UPTIME_LONG.levels, seconds)] == [long]
    assert [item.severity for item in identity.check_uptime_short(identity.UPTIME_SHORT.levels, seconds)] == [short]


@pytest.mark.parametrize(("os_id", "version", "end"), [
    ("debian", "12", "2028-06-30"), ("debian", "12.9", "2028-06-30"), ("rhel", "9.4", "2032-05-31"), ("ubuntu", "22.04", "2027-04-30"),
    ("sles", "15.6", "2025-12-31"), ("sles_sap", "15.6", "2025-12-31"), ("sles", "15.99", None), ("beos", "5", None), ("ubuntu", "", None),
])
def test_table(os_id: str, version: str, end: str | None) -> None:
    found = support_end(os_id, version)
    assert (found.isoformat() if found else None) == end


def test_all_dates_of_the_table_are_dates() -> None:
    assert all(date.fromisoformat(day) for releases in SUPPORT_ENDS.values() for day in releases.values())


@pytest.mark.parametrize("share", range(0, 100, 5))
def test_a_cut_os_release_is_never_another_one(share: int) -> None:
    text = RELEASE[: len(RELEASE) * share // 100]
    found = facts.parse(Capture("web1", "raw", MIDNIGHT, (Entry("identity", "file", "/etc/os-release", text),)))
    assert isinstance(found.support_ends, Unknown) or found.support_ends == date(2028, 6, 30)


def test_what_vendors_leave_unfilled_is_empty() -> None:
    dmi = {"sys_vendor": "Northwind\n", "product_name": "To be filled by O.E.M.\n", "product_serial": "Default string\n"}
    found = facts.parse(Capture("web1", "raw", MIDNIGHT, tuple(
        Entry("identity", "file", "/sys/class/dmi/id/" + name, text) for name, text in dmi.items())))
    assert found.machine == facts.Machine("Northwind", "", "", "", "")


@pytest.mark.parametrize(("looks", "expected"), [
    ({"/run/systemd/container": "systemd-nspawn\n", "/sys/class/dmi/id/sys_vendor": "Dell Inc.\n"}, "systemd-nspawn"),
    ({"/.dockerenv": ""}, "container"),
    ({"/sys/class/dmi/id/sys_vendor": "VMware, Inc.\n", "/sys/class/dmi/id/product_name": "VMware20,1\n"}, "vmware"),
    ({"/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n", "/sys/class/dmi/id/product_name": "Virtual Machine\n"}, "microsoft"),
    ({"/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n", "/proc/cpuinfo": "flags\t\t: fpu vme\n"}, "none"),
    ({"/proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm\n"}, "vm-other"),
])
def test_virtualisation(looks: dict[str, str], expected: str) -> None:
    entries = tuple(Entry("identity", "file", key, text) for key, text in looks.items())
    assert facts.parse(Capture("h", "r", MIDNIGHT, entries)).virtualisation == expected


def test_a_cpu_without_flags_does_not_tell_of_virtualisation() -> None:
    assert isinstance(facts.parse(Capture("h", "r", MIDNIGHT, ())).virtualisation, Unknown)
