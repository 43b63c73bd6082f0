# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of physical disks: what smartctl or nvme-cli told of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, Entry, text_of
from .disk_model import Disk
from .nvme_log import parse_nvme_log
from .smart_json import parse_smart_json
from .smart_text import parse_smart_text

NO_DISKS = NotHere("no physical disk of its own: it is virtual, or its disks lie behind a RAID controller or in a storage array")
NO_TOOL = "{disk}: no tool to read its health is installed; install the package smartmontools (for NVMe drives nvme-cli will do)"
# smartctl -j -x -d megaraid,3 /dev/bus/0; nvme smart-log -o json /dev/nvme0
SMARTCTL = re.compile(r"^smartctl (?:(?:-j|--json|-x|-a|-H|-i) )*((?:-d \S+ )?/dev/\S+)")
NVME = re.compile(r"^nvme smart-log .*?(/dev/\S+)")


@dataclass(frozen=True)
class Silent:
    """A disk that could not be read, and why."""

    name: str
    reason: Unknown


@dataclass(frozen=True)
class DiskHealthFacts:
    """``answers`` are all physical disks; ``disks`` those that could be read, Unknown where none could; ``nvme`` of these."""

    answers: Known[tuple[Disk | Silent, ...]]
    disks: Known[tuple[Disk, ...]]
    nvme: Known[tuple[Disk, ...]]


def parse(capture: Capture) -> DiskHealthFacts:
    scan = capture.entry("smartctl --scan -j")
    asked = _asked(capture)
    listed = capture.text("physical disks")
    wanted = [line for line in listed.splitlines() if line.strip()] if isinstance(listed, str) else list(asked)
    answers = tuple(_answer(line, asked) for line in wanted if not (line.endswith(" virtual") and line.split()[0] not in asked))
    if scan is not None and "megaraid" not in (scan.text or "") and not _whole(scan):
        reason = Unknown("{key}: its list of disks behind the RAID controller can't be read", {"key": scan.key})
        answers = (*answers, Silent("megaraid", reason))
    if not answers:
        absent = listed if isinstance(listed, Unknown) else NO_DISKS
        return DiskHealthFacts(absent, absent, absent)
    disks = tuple(answer for answer in answers if isinstance(answer, Disk))
    if not disks:
        reason = next(answer.reason for answer in answers if isinstance(answer, Silent))
        return DiskHealthFacts(answers, reason, reason)
    nvme = tuple(disk for disk in disks if disk.protocol == "NVMe")
    silent = next((answer.reason for answer in answers if isinstance(answer, Silent) and "nvme" in answer.name), None)
    return DiskHealthFacts(answers, disks, nvme or silent or NotHere("no NVMe drive on this host"))


def _whole(scan: Entry) -> bool:
    return scan.error is None and (scan.text or "").rstrip().endswith("}")


def _asked(capture: Capture) -> dict[str, list[Entry]]:
    """{line of the note: what was asked for this disk, in the order of the capture}."""
    asked: dict[str, list[Entry]] = {}
    for entry in capture.entries:
        if entry.key.startswith(("smartctl ", "nvme smart-log ")):
            match = SMARTCTL.match(entry.key) or NVME.match(entry.key)
            if match:
                asked.setdefault(match[1], []).append(entry)
    return asked


def _answer(line: str, asked: dict[str, list[Entry]]) -> Disk | Silent:
    """JSON where the tool knows it; the text, which is asked only after a version that does not, where not."""
    words = line.removesuffix(" virtual").split()
    name = " ".join([words[-1].removeprefix("/dev/"), *words[1:-1]])
    entries = asked.get(" ".join(words), [])
    if not entries:
        return Silent(name, Unknown(NO_TOOL, {"disk": name}))
    entry = entries[-1]
    text = text_of(entry)
    if not isinstance(text, str):
        return Silent(name, Unknown(NO_TOOL, {"disk": name}) if isinstance(text, NotHere) else text)
    try:
        return _parser(entry.key, text)(name, text)
    except Unreadable as error:
        return Silent(name, error.unknown)


def _parser(key: str, text: str) -> Callable[[str, str], Disk]:
    if key.startswith("nvme "):
        return parse_nvme_log
    return parse_smart_json if text.lstrip().startswith("{") else parse_smart_text
