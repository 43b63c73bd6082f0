# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that Caretaker claims: {(set, kind): Adapter}."""

from __future__ import annotations

from collections.abc import Mapping

from .adapter import Adapter
from .adapters_hardware import DMESG
from .adapters_kernel import CPU_USAGE, CPUINFO, MEMINFO
from .adapters_md_raid import MDADM, MDSTAT_ARRAY, MDSTAT_COMPONENTS, MDSTAT_HOST

ADAPTERS: Mapping[tuple[str, str], Adapter] = {
    ("verdicts", "dmesg"): DMESG,
    ("mdstat", "mdstat_array"): MDSTAT_ARRAY,
    ("mdstat", "mdstat_verdict"): MDSTAT_HOST,
    ("mdstat", "mdstat_insights"): MDSTAT_COMPONENTS,
    ("mdstat", "mdadm_detail"): MDADM,
    ("mdstat", "mdadm_examine"): MDADM,
    ("proc", "cpu_usage"): CPU_USAGE,
    ("proc", "cpuinfo"): CPUINFO,
    ("proc", "meminfo"): MEMINFO,
}
