# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of RAID controllers' tools."""

from __future__ import annotations

from typing import Any

from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, file_entry

RULES = ("raid_controller_health", "raid_volume_state", "raid_disk_state", "raid_disk_errors", "raid_battery", "raid_cache_policy")


def verdict(inspection: Inspection, but: tuple[str, ...] = ()) -> str:
    """The worst of the rules that apply; unknown where none does."""
    found = [item.severity for item in inspection.findings if item.rule in RULES and item.rule not in but]
    return WORDS[max(found, default=Severity.UNKNOWN)]


def by_roles(case: Case, keys: dict[str, str]) -> list[Entry]:
    """Roles that were not recorded point to a file named "empty": no such command ran there."""
    roles = case.expected.get("roles", {})
    return [command_entry(key, case.role(role) or "") for role, key in keys.items() if role in roles and not not_recorded(case, role)]


def not_recorded(case: Case, role: str) -> bool:
    return str(case.expected.get("roles", {}).get(role, "")).endswith("/empty")


def megacli(case: Case) -> list[Entry]:
    keys = {"ldinfo": "MegaCli64 -LDInfo -Lall -aAll -NoLog", "pdlist": "MegaCli64 -PDList -aAll -NoLog"}
    entries = by_roles(case, {**keys, "battery": "MegaCli64 -AdpBbuCmd -aAll -NoLog"})
    # that the tool printed nothing about the volumes is no absence of the recording, but a fault of the host
    return entries if not not_recorded(case, "ldinfo") else [*entries, command_entry(keys["ldinfo"], "")]


def hpacucli(case: Case) -> list[Entry]:
    return by_roles(case, {"controller": "hpacucli ctrl all show status", "logical": "hpacucli ctrl all show config"})


def answer_hpacucli(case: Case, inspection: Inspection) -> Answer:
    """Some cases were told that a cache or battery that is busy is no matter."""
    options = case.expected.get("options", {})
    if options.get("cache_fail_status") == "OK" and options.get("bbulearn_status") == "OK":
        return Answer(verdict(inspection, ("raid_controller_health", "raid_battery")))
    return Answer(verdict(inspection))


def arcconf(case: Case) -> list[Entry]:
    return by_roles(case, {"getconfig": "arcconf getconfig 1"})


def tw_cli(case: Case) -> list[Entry]:
    return by_roles(case, {"info": "tw_cli info", "unitstatus": "tw_cli info c0 unitstatus", "drivestatus": "tw_cli info c0 drivestatus"})


def netdata(case: Case) -> list[Entry]:
    """Its recordings are named by tool: the id begins with it."""
    tool = case.name.split("/")[0].removeprefix("netdata-")
    if tool == "storcli":
        keys = {"drives": "storcli64 /call/eall/sall show all J nolog", "controllers": "storcli64 /call show all J nolog"}
    elif tool == "megacli":
        keys = {"bbu": "MegaCli64 -AdpBbuCmd -aAll -NoLog", "drives": "MegaCli64 -LDPDInfo -aAll -NoLog"}
    elif tool == "hpssa":
        keys = {"": "ssacli ctrl all show config detail"}
    else:
        keys = {"ld": "arcconf GETCONFIG 1 LD", "pd": "arcconf GETCONFIG 1 PD"}
    entries = []
    for path, text in zip(case.inputs, case.texts, strict=True):
        key = next((key for word, key in keys.items() if word in path.rsplit("/", 1)[-1]), None)
        if key:
            entries.append(command_entry(key, text))
    return entries


OTHERS: dict[str, dict[str, str]] = {
    "areca": {"rsf": "cli64 rsf info", "disk": "cli64 disk info"}, "mpt": {"input": "mpt-status -i 0"},
    "sas2ircu": {"cdisplay": "sas2ircu 0 DISPLAY"}, "cciss": {"controller": "cciss_vol_status -V /dev/sg0"},
    "cmdtool2": {"config": "CmdTool2 -CfgDsply -aAll"}, "mvcli": {"mvcli vd": "mvcli info -o vd"}, "dm": {"dmsetup": "dmsetup status"},
}


def others(case: Case) -> list[Entry]:
    tool = case.name.split("/")[0]
    if tool == "gdth":
        return [file_entry(f"/proc/scsi/gdth/{number}", text) for number, text in enumerate(case.texts)]
    return by_roles(case, OTHERS.get(tool, {}))


def answer_netdata(case: Case, inspection: Inspection) -> Answer:
    facts = inspection.facts["hardware_raid"]
    values: dict[str, Any] = {}
    tool = case.name.split("/")[0]
    if isinstance(facts.disks, tuple) and tool in ("netdata-storcli", "netdata-megacli"):
        for disk in facts.disks:
            middle = f"phys_drive_{disk.wwn}" + ("_" + disk.name.split("/")[0].replace("c", "cntrl_") if tool == "netdata-storcli" else "")
            values[f"metrics.{middle}_media_error_count"] = disk.media_errors
            values[f"metrics.{middle}_predictive_failure_count"] = disk.predictive_errors
            if tool == "netdata-storcli":
                values[f"metrics.{middle}_other_error_count"] = disk.other_errors
                values[f"metrics.{middle}_temperature"] = disk.temperature_celsius
                values[f"metrics.{middle}_smart_alert_status_active"] = int(disk.predicted)
    if isinstance(facts.batteries, tuple) and tool == "netdata-megacli":
        for battery in facts.batteries:
            adapter = battery.name.split("/")[0].removeprefix("c")
            values[f"metrics.bbu_adapter_{adapter}_temperature"] = battery.temperature_celsius
            values[f"metrics.bbu_adapter_{adapter}_relative_state_of_charge"] = round((battery.charge_ratio or 0) * 100)
    return Answer(verdict(inspection), values)


def answer(_case: Case, inspection: Inspection) -> Answer:
    return Answer(verdict(inspection))


MEGACLI = Adapter(megacli, answer, RULES)
HPACUCLI = Adapter(hpacucli, answer_hpacucli, RULES)
ARCCONF = Adapter(arcconf, answer, RULES)
TW_CLI = Adapter(tw_cli, answer, RULES)
NETDATA_RAID = Adapter(netdata, answer_netdata, RULES)
OTHER_RAID = Adapter(others, answer, RULES)
