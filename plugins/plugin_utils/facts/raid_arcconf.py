# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""arcconf (Adaptec, Microsemi, IBM ServeRAID): ``getconfig`` of one controller, whole or only its logical or physical devices."""

from __future__ import annotations

import re

from ..absent import Unreadable
from .raid_model import NOTHING, Battery, Controller, Disk, Part, Section, Volume, celsius, number

VOLUME = re.compile(r"^Logical (?:device|drive) number (\d+)", re.IGNORECASE)
DEVICE = re.compile(r"^Device #(\d+)")
LEADING = re.compile(r"^(.*?)\s*:(?:\s+(.*))?$")
NOT_DISKS = ("enclosure", "backplane", "tape", "processor", "expander", "cd rom", "smp")
COUNTS = ("Defunct disk drive count", "Failed disk drive count")


# Controllers found: 1
# ----------------------------------------------------------------------
# Controller information
# ----------------------------------------------------------------------
#    Controller Status                        : Optimal
#    Controller Model                         : Adaptec ASR8405
#    Defunct disk drive count                 : 0
#    --------------------------------------------------------
#    Controller Battery Information
#    --------------------------------------------------------
#    Status                                   : Optimal
# ----------------------------------------------------------------------
# Logical device information
# ----------------------------------------------------------------------
# Logical device number 0
#    Status of logical device                 : Optimal
# ----------------------------------------------------------------------
# Physical Device information
# ----------------------------------------------------------------------
#       Device #0
#          Device is a Hard drive
#          State                              : Online
#
# Command completed successfully.
def part(text: str, key: str) -> Part:
    """Raises Unreadable for a text that is cut off or not of this format."""
    if re.search(r"^Controllers found: 0\b", text, re.MULTILINE):
        return Part()
    sections = _sections(text)
    if "Command completed successfully." not in text or len(sections) < 2:
        raise Unreadable("{key}: its text is cut off or not of a known format", key=key)
    prefix = "c" + (re.search(r"(?i)getconfig (\d+)", key) or ["", "1"])[1]
    main = next((section for section in sections if "Controller Status" in section.fields), None)
    try:
        return Part(
            controllers=(_controller(prefix, main),) if main else NOTHING,
            volumes=tuple(_volume(prefix, section) for section in sections if VOLUME.match(section.title)),
            disks=tuple(_disk(prefix, section) for section in sections if _is_disk(section)),
            batteries=tuple(battery for section in sections for battery in _battery(prefix, section)) if main else NOTHING,
        )
    except KeyError as missing:
        name = str(missing.args[0])
        raise Unreadable("{key}: a section has no line {name}; it is not of a known format", key=key, name=name) from missing


def _sections(text: str) -> list[Section]:
    sections: list[Section] = []
    for line in text.splitlines():
        plain = line.strip()
        if not plain or set(plain) == {"-"}:
            continue
        match = LEADING.match(plain)
        if VOLUME.match(plain) or DEVICE.match(plain) or (plain.lower().endswith(" information") and not match):
            sections.append(Section(plain))
        elif match and sections:
            sections[-1].fields.setdefault(match[1], (match[2] or "").strip())
        elif plain.startswith("Device is ") and sections:
            sections[-1].fields.setdefault("Device is", plain.removeprefix("Device is "))
    return sections


def _of(section: Section, *names: str) -> str:
    """The value of the first of these lines, whichever case; raises KeyError if there is none."""
    lowered = {name.lower(): value for name, value in section.fields.items()}
    for name in names:
        if name.lower() in lowered:
            return lowered[name.lower()]
    raise KeyError(names[0])


def _controller(prefix: str, section: Section) -> Controller:
    fields = section.fields
    problems = [f"{name}: {fields[name]}" for name in COUNTS if number(fields.get(name))]
    temperature = fields.get("Temperature", "")
    if re.search(r"\((?!Normal)\w+", temperature):
        problems.append(f"Temperature: {temperature}")
    return Controller(prefix, fields.get("Controller Model", ""), fields["Controller Status"], tuple(problems))


def _volume(prefix: str, section: Section) -> Volume:
    match = VOLUME.match(section.title)
    lowered = {name.lower(): value for name, value in section.fields.items()}
    wanted = lowered.get("write-cache setting", "")
    now = lowered.get("write-cache status", lowered.get("write-cache mode", ""))
    stripes = lowered.get("failed stripes", lowered.get("defunct stripes", "No"))
    return Volume(
        f"{prefix}/ld{match[1] if match else '?'}", lowered.get("logical device name", lowered.get("logical drive name", "")),
        lowered.get("raid level", ""), _of(section, "Status of logical device", "Status of logical drive"),
        write_back=_on(now), write_back_wanted=_on(wanted),
        problems=() if stripes.lower() in ("no", "n/a", "") else (f"Failed stripes: {stripes}",),
    )


def _on(text: str) -> bool | None:
    word = text.lower()
    if word.startswith(("enabled", "on")):
        return True
    return False if word.startswith(("disabled", "off")) else None


def _is_disk(section: Section) -> bool:
    kind = section.fields.get("Device is", "").lower()
    return bool(DEVICE.match(section.title)) and not any(word in kind for word in NOT_DISKS)


def _disk(prefix: str, section: Section) -> Disk:
    fields = section.fields
    place = fields.get("Reported Channel,Device(T:L)", fields.get("Reported Channel,Device", section.title.split("#")[-1]))
    warnings = number(fields.get("S.M.A.R.T. warnings"))
    return Disk(
        f"{prefix}/{place.split('(')[0].strip()}", _of(section, "State"),
        model=" ".join((fields.get("Vendor", "") + " " + fields.get("Model", "")).split()),
        media_errors=number(fields.get("Medium Error Count")), other_errors=number(fields.get("Hardware Error Count")),
        predictive_errors=warnings,
        predicted=bool(warnings) or any(fields.get(name, "No").lower() == "yes" for name in ("S.M.A.R.T.", "PFA")),
        temperature_celsius=celsius(fields.get("Temperature", fields.get("Current Temperature"))),
    )


def _battery(prefix: str, section: Section) -> list[Battery]:
    title = section.title.lower()
    if not any(word in title for word in ("battery", "zmm", "backup unit")) or "controller" not in title:
        return []
    state = section.fields.get("Overall Backup Unit Status", section.fields.get("Status", ""))
    if not state:
        raise KeyError("Status")
    if state.lower().startswith(("not installed", "not present", "zmm not installed", "not applicable", "n/a")):
        return []
    hot = section.fields.get("Over temperature", "No")
    return [Battery(f"{prefix}/battery", state, () if hot.lower() == "no" else (f"Over temperature: {hot}",),
                    celsius(section.fields.get("Current Temperature")))]
