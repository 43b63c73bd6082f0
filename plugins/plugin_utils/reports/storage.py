# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page draws of a host's storage: file systems, disks, arrays, pools, and where space will run out.

Drawn from findings and facts as far as they are known; what is not known is told by the findings, and not drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..absent import NotHere, Unknown
from ..findings import Severity
from ..inspection import Inspection, Judged
from ..wording import show
from .document import in_both
from .harmless import line

DRAWN = 200                 # things of a kind; what has more can't be looked at one by one


def storage_of(inspection: Inspection) -> dict[str, list[dict[str, Any]]]:
    """Lists of what is there; each thing has a name, the worst severity of the findings that name it, and what to draw."""
    worst = _worst_of_each(inspection.findings)
    facts = inspection.facts
    by_rule: dict[str, list[Judged]] = {}
    for finding in inspection.findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    inodes = {finding.object: finding.values.get("used_ratio") for finding in by_rule.get("filesystem_inodes", ())}
    drawn = {
        "filesystems": [_filesystem(item, inodes) for item in by_rule.get("filesystem_space", ()) if "used_ratio" in item.values],
        "forecasts": [_forecast(item, inspection) for item in by_rule.get("filesystem_space_forecast", ())
                      if isinstance(item.values.get("full_in_seconds"), int | float)],
        "arrays": [_array(array, worst) for array in known(facts, "md_raid", "arrays")],
        "volumes": [_named(volume, worst, volume.level, volume.state) for volume in known(facts, "hardware_raid", "volumes")],
        "raid_disks": [_named(disk, worst, disk.model, disk.state) for disk in known(facts, "hardware_raid", "disks")],
        "pools": [_pool(volume, worst) for volume in known(facts, "lvm", "logical") if volume.data_ratio is not None],
        "zfs_pools": [_zfs_pool(pool, worst) for pool in known(facts, "zfs", "sizes") if pool.used_ratio is not None],
        "disk_health": [_disk_health(disk, worst) for disk in known(facts, "disk_health", "disks")],
        "disks": [_named(disk, worst, disk.device_class, disk.model, show("size_bytes", disk.size_bytes))
                  for disk in known(facts, "block_devices", "disks")],
    }
    return {kind: things[:DRAWN] for kind, things in drawn.items() if things}


def known(facts: Mapping[str, Any], subject: str, name: str) -> Iterable[Any]:
    """A list among the facts, empty if there is none to draw."""
    value = getattr(facts.get(subject), name, ())
    return () if isinstance(value, Unknown | NotHere) else value


def _worst_of_each(findings: Iterable[Judged]) -> dict[str, Severity]:
    worst: dict[str, Severity] = {}
    for finding in findings:
        if finding.severity > Severity.INFO:
            name = _bare(finding.object)
            worst[name] = max(worst.get(name, Severity.OK), finding.severity)
    return worst


def _bare(thing: str) -> str:
    """``sdc`` of ``/dev/sdc`` and of ``sdc: I/O error``."""
    words = thing.removeprefix("/dev/").split()
    return words[0].rstrip(":") if words else ""


def _severity(name: str, worst: Mapping[str, Severity]) -> str:
    return worst.get(_bare(name), Severity.OK).name.lower()


def _filesystem(finding: Judged, inodes: Mapping[str, Any]) -> dict[str, Any]:
    values, limit = finding.values, finding.limits.get("used_ratio", {})
    return {
        "name": line(finding.object), "severity": finding.severity.name.lower(), "used_ratio": values["used_ratio"],
        "inodes_ratio": inodes.get(finding.object), "warning": limit.get("warning"), "critical": limit.get("critical"),
        **{name: show(name, values.get(name)) for name in ("used_bytes", "total_bytes", "free_bytes")},
    }


def _forecast(finding: Judged, inspection: Inspection) -> dict[str, Any]:
    """``past``: [[seconds before this inspection, ratio used]], oldest first; the last is now."""
    taken_at = inspection.taken_at
    series: Iterable[tuple[datetime, float]] = (
        inspection.facts["history"].get("filesystem_space", {}).get(finding.object, {}).get("used_ratio", ()))
    now = [item.values["used_ratio"] for item in inspection.findings
           if item.rule == "filesystem_space" and item.object == finding.object and "used_ratio" in item.values]
    past = [[(taken_at - when).total_seconds(), ratio] for when, ratio in series] + [[0, ratio] for ratio in now]
    return {
        "name": line(finding.object), "severity": finding.severity.name.lower(), "full_in_seconds": finding.values["full_in_seconds"],
        "past": past, "message": in_both(finding.message, finding.values),
    }


def _array(array: Any, worst: Mapping[str, Severity]) -> dict[str, Any]:
    members = [
        {"name": line(member.name), "severity": "critical" if member.faulty else "ok",
         "kind": "failed" if member.faulty else "spare" if member.spare else "active"} for member in array.members
    ]
    missing = array.required - array.working if array.required is not None and array.working is not None else 0
    failed = sum(member.faulty for member in array.members)
    members += [{"name": "", "severity": "critical", "kind": "missing"}] * max(0, missing - failed)
    size = show("size_bytes", array.size_bytes) if array.size_bytes else ""
    return {"name": line(array.name), "severity": _severity(array.name, worst), "about": _joined(array.level, size), "members": members}


def _named(thing: Any, worst: Mapping[str, Severity], *about: str) -> dict[str, Any]:
    return {"name": line(thing.name), "severity": _severity(thing.name, worst), "about": _joined(*about)}


def _disk_health(disk: Any, worst: Mapping[str, Severity]) -> dict[str, Any]:
    """``used_ratio`` of a flash disk's life, None for others."""
    told = [show(name, getattr(disk, name)) for name in ("temperature_celsius", "power_on_seconds") if getattr(disk, name) is not None]
    return {**_named(disk, worst, disk.device_class, disk.model, *told), "used_ratio": disk.used_ratio}


def _pool(volume: Any, worst: Mapping[str, Severity]) -> dict[str, Any]:
    size = show("size_bytes", volume.size_bytes) if volume.size_bytes else ""
    return {
        "name": line(volume.name), "severity": _severity(volume.name, worst), "used_ratio": volume.data_ratio, "total_bytes": size,
        "metadata_ratio": volume.metadata_ratio,
    }


def _zfs_pool(pool: Any, worst: Mapping[str, Severity]) -> dict[str, Any]:
    shown = {name: show(name, getattr(pool, name)) for name in ("used_bytes", "free_bytes")}
    return {"name": line(pool.name), "severity": _severity(pool.name, worst), "used_ratio": pool.used_ratio,
            "total_bytes": show("size_bytes", pool.size_bytes), **shown}


def _joined(*parts: str) -> str:
    return line(" · ".join(filter(None, parts)))
