# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""storcli, storcli2 and perccli, in JSON (the option J)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..absent import Unreadable
from .raid_model import Battery, Controller, Disk, Part, Volume, celsius, number

# "VD LIST": [{"DG/VD": "0/0", "TYPE": "RAID1", "State": "Optl", "Access": "RW", "Consist": "Yes", "Cache": "RWBD", "Name": "os"}]
# Cache: R or NR (read ahead), then WB, AWB (always) or WT, then C or D
CACHE = re.compile(r"^N?RA?(A?WB|WT)")
COUNTERS = ("Memory Uncorrectable Errors", "Memory Correctable Errors")
YES_IS_BAD = ("Any Offline VD Cache Preserved", "Controller has booted into safe mode", "Controller shutdown required",
              "Failed to get lock key on bootup", "Bios was not detected during boot")


def part(text: str, key: str) -> Part:
    """Raises Unreadable for a text that is not whole JSON of this tool."""
    try:
        document = json.loads(text[text.index("{"):])
        controllers = [(item["Command Status"], item.get("Response Data")) for item in document["Controllers"]]
        answers = [(status, data if isinstance(data, dict) else {}) for status, data in controllers if _answered(status, key)]
        if not answers:
            return Part()
        if "/eall" in key or "/sall" in key:
            return Part(disks=tuple(disk for status, data in answers for disk in _detailed_disks(status, data)))
        if "/vall" in key:
            return Part(volumes=tuple(volume for status, data in answers for volume in _detailed_volumes(data)))
        return _summary(answers, key)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable("{key}: its text is cut off or not of a known format", key=key) from error


def _summary(answers: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], key: str) -> Part:
    controllers: list[Controller] = []
    disks: list[Disk] = []
    batteries: list[Battery] = []
    volumes: list[Volume] = []
    for status, data in answers:
        prefix = f"c{status['Controller']}"
        controllers.append(_controller(prefix, data))
        volumes.extend(_volume(prefix, item) for item in data.get("VD LIST", ()))
        disks.extend(_disk(prefix, item, {}) for item in data.get("PD LIST", ()))
        batteries.extend(_batteries(prefix, data))
        if data.get("Virtual Drives", 0) and len(data.get("VD LIST", ())) < int(data["Virtual Drives"]):
            raise Unreadable("{key}: its text is cut off or not of a known format", key=key)
    return Part(tuple(controllers), tuple(volumes), tuple(disks), tuple(batteries))


def _answered(status: Mapping[str, Any], key: str) -> bool:
    """Whether the tool told something; False where it says that there is nothing of the kind."""
    if status["Status"] == "Success":
        return True
    if re.search(r"no \w+ found|no vds? |not found", str(status.get("Description", "")).lower()):
        return False
    raise Unreadable("{key}: the tool reports a failure: {detail}", key=key, detail=str(status.get("Description")))


def _controller(prefix: str, data: Mapping[str, Any]) -> Controller:
    status = data["Status"]
    problems = [f"{name}: {status[name]}" for name in COUNTERS if number(status.get(name))]
    problems += [f"{name}: {status[name]}" for name in YES_IS_BAD if str(status.get(name, "No")).lower() == "yes"]
    model = str(data.get("Basics", {}).get("Model", "")).strip()
    return Controller(prefix, model, str(status["Controller Status"]).strip(), tuple(problems))


def _volume(prefix: str, item: Mapping[str, Any]) -> Volume:
    cache = CACHE.match(str(item.get("Cache", "")))
    identity = str(item.get("DG/VD", item.get("VD", "?"))).rsplit("/", maxsplit=1)[-1]
    return Volume(f"{prefix}/v{identity}", str(item.get("Name", "")), str(item.get("TYPE", "")), str(item["State"]),
                  write_back=cache[1] != "WT" if cache else None)


def _batteries(prefix: str, data: Mapping[str, Any]) -> Iterator[Battery]:
    for table in ("BBU_Info", "Cachevault_Info"):
        for item in data.get(table, ()):
            yield Battery(f"{prefix}/{item.get('Model', 'bbu')}", str(item["State"]), (), celsius(item.get("Temp")))


# "Drive /c0/e252/s0": [{"EID:Slt": "252:0", "State": "Onln", "DG": 0, "Model": "..."}],
# "Drive /c0/e252/s0 - Detailed Information": {"Drive /c0/e252/s0 State": {"Media Error Count": 0, ...}, ...}
def _detailed_disks(status: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Disk]:
    for name, rows in data.items():
        if not name.startswith("Drive /c") or name.endswith("- Detailed Information"):
            continue
        details = data.get(f"{name} - Detailed Information", {})
        facts: dict[str, Any] = {}
        for group in details.values():
            if isinstance(group, dict):
                facts.update(group)
        for row in rows:
            yield _disk(f"c{status['Controller']}", row, facts)


def _disk(prefix: str, row: Mapping[str, Any], facts: Mapping[str, Any]) -> Disk:
    enclosure, _colon, slot = str(row.get("EID:Slt", row.get("EID:Slot", "?:?"))).strip().rpartition(":")
    name = f"{prefix}/e{enclosure.strip()}/s{slot}" if enclosure.strip() else f"{prefix}/s{slot}"
    predictive = number(facts.get("Predictive Failure Count"))
    return Disk(
        name, str(row["State"]), str(row.get("Model", "")).strip(),
        media_errors=number(facts.get("Media Error Count")), other_errors=number(facts.get("Other Error Count")),
        predictive_errors=predictive,
        predicted=bool(predictive) or str(facts.get("S.M.A.R.T alert flagged by drive", "No")).lower() == "yes",
        foreign=str(row.get("DG", "")).strip() == "F",
        temperature_celsius=celsius(facts.get("Drive Temperature")), wwn=str(facts.get("WWN", "")).strip(),
    )


# "/c0/v0": [{"DG/VD": "0/0", "TYPE": "RAID1", "State": "Optl", ...}],
# "VD0 Properties": {"Write Cache(initial setting)": "WriteBack", ...}
def _detailed_volumes(data: Mapping[str, Any]) -> Iterator[Volume]:
    for name, rows in data.items():
        match = re.fullmatch(r"/c(\d+)/v(\d+)", name)
        if not match:
            continue
        volume = _volume(f"c{match[1]}", rows[0])
        wanted = str(data.get(f"VD{match[2]} Properties", {}).get("Write Cache(initial setting)", "")).lower()
        yield Volume(volume.name, volume.label, volume.level, volume.state, volume.write_back,
                     write_back_wanted="writeback" in wanted.replace(" ", "") if wanted else None)
