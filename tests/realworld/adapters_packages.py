# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of pending updates, of services and kernels that wait for a restart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.facts.package_lists import parse_updateinfo
from plugins.plugin_utils.facts.packages import PackagesFacts
from plugins.plugin_utils.facts.restarts import parse_checkrestart, parse_needrestart
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, file_entry, worst

UPDATE_RULES = ("packages_security_updates", "packages_updates")
RESTART_RULES = ("service_deleted_library", "reboot_required")
Values = Callable[[Case, PackagesFacts], dict[str, Any]]


def command(*keys: str) -> Callable[[Case], list[Entry]]:
    return lambda case: [command_entry(key, text) for key, text in zip(keys, case.texts, strict=False)]


def answer_updates(values: Values) -> Callable[[Case, Inspection], Answer]:
    def answer(case: Case, inspection: Inspection) -> Answer:
        facts = inspection.facts["packages"]
        if not isinstance(facts, PackagesFacts) or not isinstance(facts.updates, tuple):
            return Answer("unknown")
        if worst(inspection, ("packages_security_updates",)) > Severity.UNKNOWN:
            return Answer("security", values(case, facts))
        if worst(inspection, ("packages_updates",)) == Severity.INFO:
            return Answer("pending", values(case, facts))
        return Answer(WORDS[worst(inspection, UPDATE_RULES)], values(case, facts))
    return answer


def names(facts: PackagesFacts) -> list[str]:
    return [update.name for update in facts.updates] if isinstance(facts.updates, tuple) else []


def security(facts: PackagesFacts) -> list[str]:
    return [update.name for update in facts.security] if isinstance(facts.security, tuple) else []


def apt_values(_case: Case, facts: PackagesFacts) -> dict[str, Any]:
    return {"count": len(names(facts)), "packages": names(facts), "security": security(facts), "security_count": len(security(facts))}


def simulation_values(_case: Case, facts: PackagesFacts) -> dict[str, Any]:
    updates = facts.updates if isinstance(facts.updates, tuple) else ()
    removals = [update.name for update in updates if update.source == "to be removed"]
    return {"removals": removals, "security": security(facts),
            "updates": [name for name in names(facts) if name not in security(facts) + removals]}


def upgrade_values(_case: Case, facts: PackagesFacts) -> dict[str, Any]:
    return {"count": len(names(facts)), "packages": names(facts)}


def row_values(_case: Case, facts: PackagesFacts) -> dict[str, Any]:
    rows = []
    for update in facts.updates if isinstance(facts.updates, tuple) else ():
        version, _dash, release = update.version.rpartition("-")
        rows.append({"name": update.name, "version": version, "release": release, "repository": update.source})
    return {"packages": rows}


def zypper_values(case: Case, facts: PackagesFacts) -> dict[str, Any]:
    rows = row_values(case, facts)["packages"]
    return {"packages": [{"name": row["name"], "version": row["version"], "release": row["release"], "arch": "x86_64"} for row in rows]}


def dnf_values(case: Case, facts: PackagesFacts) -> dict[str, Any]:
    try:
        advisories = parse_updateinfo("updateinfo", case.texts[-1])
    except Unreadable:
        return {}
    grave = [item for item in advisories if item.kind == "security"]
    values: dict[str, Any] = {
        "advisories": len({item.id for item in advisories}), "advisory_lines": len(advisories), "packages": names(facts),
        "security_advisories": sorted({item.id for item in grave}), "security_lines": len(grave), "upgrades": len(names(facts)),
    }
    values.update({f"security_by_severity.{name}": count for name, count in Counter(item.severity for item in grave).items()})
    return values


def updateinfo_entries(case: Case) -> list[Entry]:
    """The list of advisories alone, beside a list of updates that is not part of the recording."""
    return [command_entry("dnf -C updateinfo list", case.texts[0])]


def updateinfo_answer(case: Case, inspection: Inspection) -> Answer:
    if worst(inspection, ("packages_security_updates",)) == Severity.UNKNOWN:
        return Answer("unknown")
    advisories = parse_updateinfo("updateinfo", case.texts[0])
    items = [{"advisory": item.id, "package": item.package, "type": f"{item.severity}/Sec." if item.kind == "security" else item.kind}
             for item in advisories]
    grave = worst(inspection, ("packages_security_updates",)) > Severity.UNKNOWN
    return Answer("security" if grave else "pending" if advisories else "ok", {"count": len(items), "items": items})


def kernel_entries(case: Case) -> list[Entry]:
    return [command_entry("rpm -q --last kernel", case.texts[0]),
            file_entry("/proc/sys/kernel/osrelease", case.expected["running_kernel"] + "\n")]


def kernel_answer(case: Case, inspection: Inspection) -> Answer:
    severity = worst(inspection, ("kernel_not_newest",))
    return Answer("reboot" if severity > Severity.UNKNOWN else WORDS[severity],
                  {} if severity == Severity.UNKNOWN else {"reboot_required": severity > Severity.UNKNOWN})


def restart_answer(case: Case, inspection: Inspection) -> Answer:
    severity = worst(inspection, ("service_deleted_library",))
    if severity == Severity.UNKNOWN:
        return Answer("unknown")
    return Answer("restart" if severity > Severity.UNKNOWN else WORDS[severity], {"processes": [
        {"package": item.name, "path": path, "pid": pid}
        for item in parse_checkrestart("checkrestart", case.texts[0]) for pid, path in zip(item.pids, item.files, strict=True)]})


def needrestart_answer(case: Case, inspection: Inspection) -> Answer:
    try:
        known = parse_needrestart("needrestart", case.texts[0])
    except Unreadable:
        return Answer("unknown")
    return Answer("restart" if worst(inspection, RESTART_RULES) > Severity.UNKNOWN else WORDS[worst(inspection, RESTART_RULES)], {
        "version": known.version, "running_kernel_version": known.running, "expected_kernel_version": known.expected,
        "kernel_status": known.kernel, "service": list(known.services),
    })


def hint_entries(case: Case) -> list[Entry]:
    """An operating system that has none of these tools has nothing to show, whatever the recording holds."""
    keys = {"reboothint": "needs-restarting -r", "services": "needs-restarting -s", "needrestart": "needrestart -b -r l"}
    if not any(family in case.expected.get("params", "") for family in ("RedHat", "Debian", "Suse")):
        return []
    return [command_entry(keys[path.rsplit("-", 1)[-1]], text) for path, text in zip(case.inputs, case.texts, strict=True)
            if path.rsplit("-", 1)[-1] in keys]


def hint_answer(_case: Case, inspection: Inspection) -> Answer:
    return Answer(WORDS[worst(inspection, RESTART_RULES)])


APT_LIST = Adapter(command("apt list --upgradable"), answer_updates(apt_values), UPDATE_RULES)
APT_SIMULATE = Adapter(command("apt-get -s dist-upgrade"), answer_updates(simulation_values), UPDATE_RULES)
APT_UPGRADE = Adapter(command("apt-get -s dist-upgrade"), answer_updates(upgrade_values), UPDATE_RULES)
DNF = Adapter(command("dnf -C list --upgrades", "dnf -C updateinfo list"), answer_updates(dnf_values), UPDATE_RULES)
REPOQUERY = Adapter(command("repoquery -C --all --pkgnarrow=updates"), answer_updates(row_values), UPDATE_RULES)
ZYPPER = Adapter(command("zypper --no-refresh list-updates"), answer_updates(zypper_values), UPDATE_RULES)
UPDATEINFO = Adapter(updateinfo_entries, updateinfo_answer, ("packages_security_updates",))
KERNEL_LAST = Adapter(kernel_entries, kernel_answer, ("kernel_not_newest",))
CHECKRESTART = Adapter(command("checkrestart"), restart_answer, ("service_deleted_library",))
NEEDRESTART = Adapter(command("needrestart -b -r l"), needrestart_answer, RESTART_RULES)
NEEDS_RESTARTING = Adapter(hint_entries, hint_answer, RESTART_RULES)
