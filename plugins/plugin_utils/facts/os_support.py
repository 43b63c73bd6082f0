# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when distributions get security updates without a further contract.

The last day on which such updates are promised, by ID and VERSION_ID of os-release; where the vendor names only a month, its
last day. Paid extensions (Ubuntu Pro, LTSS, ELS, Extended Support) are left out: a host that has one sets support_until.
An os-release that says SUPPORT_END itself comes first. Compared in November 2026 with https://endoflife.date (its files
products/NAME.md); where that tells another day of the same month, or less, the vendor's own page stands:

debian       https://wiki.debian.org/LTS (end of LTS)             ubuntu   https://wiki.ubuntu.com/Releases (standard support)
rhel         https://access.redhat.com/support/policy/updates/errata   centos   https://www.centos.org/cl-vs-cs/ and /centos-linux-eol/
almalinux    https://wiki.almalinux.org/release-notes/            rocky    https://wiki.rockylinux.org/rocky/version/
ol           https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf (Premier)
sles         https://www.suse.com/lifecycle (general support)     opensuse-leap  https://en.opensuse.org/Lifetime
fedora       https://docs.fedoraproject.org/en-US/releases/eol/   amzn     https://aws.amazon.com/linux/ (FAQs)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

SUPPORT_ENDS: Mapping[str, Mapping[str, str]] = {
    "debian": {
        "7": "2018-05-31", "8": "2020-06-30", "9": "2022-06-30", "10": "2024-06-30", "11": "2026-08-31", "12": "2028-06-30",
        "13": "2030-06-30",
    },
    "ubuntu": {
        "12.04": "2017-04-28", "14.04": "2019-04-30", "16.04": "2021-04-30", "18.04": "2023-05-31", "20.04": "2025-05-31",
        "20.10": "2021-07-22", "21.04": "2022-01-20", "21.10": "2022-07-14", "22.04": "2027-04-30", "22.10": "2023-07-20",
        "23.04": "2024-01-20", "23.10": "2024-07-12", "24.04": "2029-05-31", "24.10": "2025-07-10", "25.04": "2026-01-17",
        "25.10": "2026-07-31", "26.04": "2031-04-30",
    },
    "rhel": {"5": "2017-03-31", "6": "2020-11-30", "7": "2024-06-30", "8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"},
    "centos": {"5": "2017-03-31", "6": "2020-11-30", "7": "2024-06-30", "8": "2021-12-31", "9": "2027-05-31", "10": "2030-05-31"},
    "almalinux": {"8": "2029-03-01", "9": "2032-05-31", "10": "2035-05-31"},
    "rocky": {"8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"},
    "ol": {"6": "2021-03-31", "7": "2024-12-31", "8": "2029-07-31", "9": "2032-06-30", "10": "2035-06-30"},
    "sles": {
        "11.4": "2019-03-31", "12.3": "2019-06-30", "12.4": "2020-06-30", "12.5": "2024-10-31", "15": "2019-12-31", "15.1": "2021-01-31",
        "15.2": "2021-12-31", "15.3": "2022-12-31", "15.4": "2023-12-31", "15.5": "2024-12-31", "15.6": "2025-12-31",
        "15.7": "2031-07-31", "16.0": "2027-11-30",
    },
    "opensuse-leap": {
        "15.2": "2022-01-04", "15.3": "2022-12-31", "15.4": "2023-12-07", "15.5": "2024-12-31", "15.6": "2026-04-30", "16.0": "2027-10-31",
    },
    "fedora": {
        "35": "2022-12-13", "36": "2023-05-16", "37": "2023-12-05", "38": "2024-05-21", "39": "2024-11-26", "40": "2025-05-13",
        "41": "2025-12-15", "42": "2026-05-13", "43": "2026-12-09",
    },
    "amzn": {"2018.03": "2023-12-31", "2": "2026-06-30", "2023": "2029-06-30"},
}
MAJOR_ONLY = ("debian", "rhel", "centos", "almalinux", "rocky", "ol")      # a point release is supported until the next one
ROLLING = ("arch", "gentoo", "opensuse-tumbleweed", "void", "nixos-unstable", "manjaro", "kali", "endeavouros")


def support_end(os_id: str, version: str) -> date | None:
    """The last day, or None if the table does not know this release."""
    name = version.split(".")[0] if os_id in MAJOR_ONLY else version
    found = SUPPORT_ENDS.get("sles" if os_id == "sles_sap" else os_id, {}).get(name)
    return date.fromisoformat(found) if found else None
