# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAID controllers: themselves, their volumes, disks and batteries, from whichever vendor's tool is installed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, Entry, text_of
from . import raid_arcconf, raid_megacli, raid_other, raid_ssacli, raid_storcli, raid_twcli
from .raid_model import Battery, Controller, Disk, Part, Volume, joined

Thing = TypeVar("Thing", Controller, Disk, Battery)


@dataclass(frozen=True)
class Card:
    """A RAID controller on the PCI bus; ``tool`` is what would tell its state.

    ``answer`` is "told", "unreadable" (it answered, but nothing could be made of it), "nothing" (it sees no controller) or "none".
    """

    address: str
    driver: str
    tool: str
    answer: str


@dataclass(frozen=True)
class HardwareRaidFacts:
    cards: Known[tuple[Card, ...]]
    controllers: Known[tuple[Controller, ...]]
    volumes: Known[tuple[Volume, ...]]
    disks: Known[tuple[Disk, ...]]
    batteries: Known[tuple[Battery, ...]]


# The tool for each driver, and how the command lines begin that count as asking it
TOOLS: dict[str, tuple[str, str]] = {
    "megaraid_sas": ("storcli", r"storcli|perccli|MegaCli|megacli|CmdTool2"), "megaraid": ("MegaCli", r"MegaCli|megacli|CmdTool2"),
    "mpi3mr": ("storcli2", r"storcli2|perccli2"), "hpsa": ("ssacli", r"ssacli|hpssacli|hpacucli|cciss_vol_status"),
    "cciss": ("hpacucli", r"ssacli|hpssacli|hpacucli|cciss_vol_status"), "smartpqi": ("ssacli or arcconf", r"ssacli|arcconf"),
    "aacraid": ("arcconf", r"arcconf"), "3w-9xxx": ("tw_cli", r"tw_cli"), "3w-sas": ("tw_cli", r"tw_cli"), "3w-xxxx": ("tw_cli", r"tw_cli"),
    "arcmsr": ("areca cli64", r"cli64"),
}
NO_CARDS = NotHere("no RAID controller on this host")


def parse(capture: Capture) -> HardwareRaidFacts:
    told = [*_parts(capture), *_tw_cli(capture)]
    parts = [item for _entry, item in told]
    cards = _cards(capture, told)
    volumes, disks = joined(item.volumes for item in parts), joined(item.disks for item in parts)
    return HardwareRaidFacts(
        cards=cards, controllers=_each_once(joined(item.controllers for item in parts)),
        volumes=tuple(_merged_volumes(volumes)) if isinstance(volumes, tuple) else volumes,
        disks=_each_once(disks), batteries=_each_once(joined(item.batteries for item in parts)),
    )


def _each_once(items: Known[tuple[Thing, ...]]) -> Known[tuple[Thing, ...]]:
    """Some tools tell the same thing in two of their answers; the later one tells more."""
    return tuple({item.name: item for item in items}.values()) if isinstance(items, tuple) else items


def _merged_volumes(volumes: tuple[Volume, ...]) -> Iterator[Volume]:
    """storcli tells the volumes twice, and only one of them with the cache that was set."""
    found: dict[str, Volume] = {}
    for volume in volumes:
        known = found.get(volume.name)
        wanted = volume.write_back_wanted if volume.write_back_wanted is not None else known.write_back_wanted if known else None
        found[volume.name] = replace(volume, write_back_wanted=wanted)
    yield from found.values()


# Which parser reads which command
PARSERS: tuple[tuple[re.Pattern[str], Callable[[str, str], Part]], ...] = tuple((re.compile(pattern), parser) for pattern, parser in (
    (r"(storcli2?|perccli2?)(64)? ", raid_storcli.part),
    (r"(MegaCli|megacli|CmdTool2)(64|_64)? ", raid_megacli.part),
    (r"(ssacli|hpssacli|hpacucli) ", raid_ssacli.part),
    (r"(?i:arcconf getconfig) ", raid_arcconf.part),
    *raid_other.PARSERS.items(),
))


def _parts(capture: Capture) -> Iterator[tuple[Entry, Part]]:
    for entry in capture.entries:
        if entry.kind != "command" and not entry.key.startswith("/proc/scsi/gdth/"):
            continue
        for pattern, parser in PARSERS:
            if pattern.match(entry.key):
                yield entry, _part(entry, parser)


def _part(entry: Entry, parser: Callable[[str, str], Part]) -> Part:
    text = text_of(entry)
    if isinstance(text, NotHere):
        return Part()
    try:
        if isinstance(text, str):
            return parser(text, entry.key)
        return _unknown(entry.key, text)
    except Unreadable as error:
        return _unknown(entry.key, error.unknown)


def _unknown(key: str, reason: Unknown) -> Part:
    """The reason in place of what this command would have told."""
    if "-AdpBbuCmd" in key:
        return Part(batteries=reason)
    if "-LDInfo" in key or "/vall" in key or key == "cli64 rsf info":
        return Part(volumes=reason)
    if "-PDList" in key or "/sall" in key or key == "cli64 disk info":
        return Part(disks=reason)
    if " show status" in key:
        return Part(controllers=reason, batteries=reason)
    if re.match("mvcli|dmsetup|/proc/", key):
        return Part(volumes=reason)
    if re.match("sas[23]ircu|mpt-status|MegaCli.* -LDPDInfo", key):
        return Part(volumes=reason, disks=reason)
    return Part(reason, reason, reason, reason)


def _tw_cli(capture: Capture) -> Iterator[tuple[Entry, Part]]:
    entry = capture.entry("tw_cli info")
    if entry is None:
        return
    texts: dict[str, dict[str, Known[str]]] = {"unitstatus": {}, "drivestatus": {}}
    for item in capture.matching("tw_cli info c* *status"):
        _tool, _info, controller, what = item.key.split()
        if what in texts:
            texts[what][controller] = text_of(item)
    yield entry, _part(entry, lambda text, _key: raid_twcli.part(text, texts["unitstatus"], texts["drivestatus"]))


# 0000:3b:00.0 0x010400 0x1000 0x0016 megaraid_sas
def _cards(capture: Capture, told: list[tuple[Entry, Part]]) -> Known[tuple[Card, ...]]:
    entry = capture.entry("pci_raid_controllers")
    text = text_of(entry) if entry else Unknown("{key}: was not looked at in this capture", {"key": "pci_raid_controllers"})
    if not isinstance(text, str):
        return text
    cards = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 4:
            return Unknown("pci_raid_controllers: a line is not understood: {line}", {"line": line[:80]})
        driver = words[4] if len(words) > 4 else ""
        tool, pattern = TOOLS.get(driver, ("", r"(?!)"))
        cards.append(Card(words[0], driver, tool, _answer([pair for pair in told if re.match(pattern, pair[0].key)])))
    return tuple(cards) or NO_CARDS


def _answer(told: list[tuple[Entry, Part]]) -> str:
    if not any(isinstance(text_of(entry), str) for entry, _part in told):
        return "none"
    values = [value for _entry, item in told for value in (item.controllers, item.volumes, item.disks, item.batteries)]
    if any(isinstance(value, tuple) for value in values):
        return "told"
    return "unreadable" if any(isinstance(value, Unknown) for value in values) else "nothing"
