# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smaller tools: sas2ircu and sas3ircu (LSI IR), mpt-status (older LSI), cli64 (Areca), cciss_vol_status (HP Smart Array),
mvcli (Marvell), the kernel's /proc/scsi/gdth (ICP vortex) and device-mapper (dmraid, LVM).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ..absent import Unreadable
from .raid_model import NOTHING, Controller, Disk, Part, Section, Volume

CUT_OFF = "{key}: its text is cut off or not of a known format"


# IR volume 1
#   Status of volume                        : Okay (OKY)
#   RAID level                              : RAID1
# Device is a Hard disk
#   Enclosure #                             : 1
#   Slot #                                  : 0
#   State                                   : Optimal (OPT)
# SAS2IRCU: Command DISPLAY Completed Successfully.
def sas_ircu(text: str, key: str) -> Part:
    """``sas3ircu 0 DISPLAY``. Raises Unreadable."""
    if "DISPLAY Completed Successfully" not in text:
        raise Unreadable(CUT_OFF, key=key)
    sections: list[Section] = []
    for line in text.splitlines():
        name, colon, value = line.strip().partition(":")
        if not colon and re.match(r"IR volume \d+|Device is a ", name, re.IGNORECASE):
            sections.append(Section(name))
        elif colon and sections:
            sections[-1].fields.setdefault(name.strip(), value.strip())
    controller = "c" + key.split()[1]
    return Part(volumes=tuple(_ir_volumes(controller, sections, key)), disks=tuple(_ir_disks(controller, sections, key)))


def _ir_volumes(controller: str, sections: list[Section], key: str) -> Iterator[Volume]:
    for section in sections:
        if section.title.lower().startswith("ir volume"):
            if "Status of volume" not in section.fields:
                raise Unreadable(CUT_OFF, key=key)
            number = section.title.split()[-1]
            yield Volume(f"{controller}/v{number}", "", section.fields.get("RAID level", ""), section.fields["Status of volume"])


def _ir_disks(controller: str, sections: list[Section], key: str) -> Iterator[Disk]:
    for section in sections:
        if re.match(r"Device is a (?:unknown device|Hard disk|Solid State)", section.title, re.IGNORECASE):
            if "State" not in section.fields:
                raise Unreadable(CUT_OFF, key=key)
            place = f"{controller}/e{section.fields.get('Enclosure #', '?')}/s{section.fields.get('Slot #', '?')}"
            yield Disk(place, section.fields["State"], section.fields.get("Model Number", ""))


# ioc0 vol_id 0 type IM, 2 phy, 73 GB, state OPTIMAL, flags ENABLED
# ioc0 phy 1 scsi_id 32 ATA      ST3808110AS      J   , 74 GB, state ONLINE, flags NONE
MPT_VOLUME = re.compile(r"^(ioc\d+) vol_id (\d+) type (\w+), (\d+) phy, .*state (\w+), flags (.*)$")
MPT_DISK = re.compile(r"^(ioc\d+) phy (\d+) scsi_id \d+ (.*?)\s*, [\d.]+ \w+, state (\w+), flags (.*)$")


def mpt_status(text: str, key: str) -> Part:
    """``mpt-status -i 0``. Raises Unreadable where it shows fewer disks than its volumes have."""
    lines = text.splitlines()
    volumes = [match for match in map(MPT_VOLUME.match, lines) if match]
    disks = [match for match in map(MPT_DISK.match, lines) if match]
    if not volumes or not text.endswith("\n") or len(disks) < sum(int(match[4]) for match in volumes):
        raise Unreadable(CUT_OFF, key=key)
    return Part(
        volumes=tuple(Volume(f"{match[1]}/v{match[2]}", "", match[3], "Rebuilding" if "RESYNC" in match[6] else match[5])
                      for match in volumes),
        disks=tuple(Disk(f"{match[1]}/p{match[2]}", "Rebuilding" if "OUT_OF_SYNC" in match[5] else match[4], " ".join(match[3].split()))
                    for match in disks),
    )


#  #  Name             Disks TotalCap  FreeCap DiskChannels       State
#  1  Raid Set # 00        4 2000.0GB    0.0GB 1432               Normal
#
#   # Ch# ModelName                       Capacity  Usage
#   1  1  WDC WD5000YS-01MPB1              500.1GB  Raid Set # 00
# GuiErrMsg<0x00>: Success.
ARECA_SET = re.compile(r"^\s*(\d+)\s+(.+?)\s+\d+\s+[\d.]+[GT]B\s+[\d.]+[GT]B\s+(\S+)\s+(\S.*?)\s*$")
ARECA_DISK = re.compile(r"^\s*(\d+)\s+\S+\s+(?:Slot#?\s*\d+\s+)?(.+?)\s+([\d.]+)[GT]B\s+(\S.*?)\s*$", re.IGNORECASE)


def areca(text: str, key: str) -> Part:
    """``cli64 rsf info`` and ``cli64 disk info``. Raises Unreadable."""
    if not re.search(r"GuiErrMsg<0x0+>: Success", text):
        raise Unreadable(CUT_OFF, key=key)
    if " rsf " in key:
        sets = [match for match in map(ARECA_SET.match, text.splitlines()) if match]
        return Part(volumes=tuple(Volume(f"set{match[1]}", match[2], "", match[4]) for match in sets))
    disks = [match for match in map(ARECA_DISK.match, text.splitlines()) if match and not match[4].startswith("N.A.")]
    return Part(disks=tuple(Disk(f"disk{match[1]}", _areca_state(match[4]), match[2]) for match in disks))


def _areca_state(usage: str) -> str:
    """The column holds what the disk is used for, which is the name of its set, or what is wrong with it."""
    if usage.lower().startswith(("failed", "offline", "missing", "incomplete", "removed")):
        return "Failed"
    return "Hot Spare" if "hotspare" in usage.lower().replace(" ", "") else "Online"


# Controller: Smart Array P410i
#   Logical drives: 1
# /dev/sda: (Smart Array P410i) RAID 5 Volume 0 status: OK.   At least one spare drive designated.
#   Physical drives: 1
#          connector 1I box 1 bay 1                 HP      EF0300FATFD             JXY1BLJN     HPDB OK
CCISS_VOLUME = re.compile(r"^(/dev/\S+): \((.*?)\) (RAID .*?) Volume (\d+) status: ([^.]*)\.(.*)$")
CCISS_ENCLOSURE = re.compile(r"^/dev/\S+: \(.*?\) Enclosure (.*?) on Bus .* status: ([^.]*)\.")
CCISS_DISK = re.compile(r"^\s+connector (\S+) box (\S+) bay (\S+)\s+(\S+)\s+(\S+)\s.*\s(\S.*?)\s*$")


def cciss_vol_status(text: str, key: str) -> Part:
    """``cciss_vol_status -V DEVICE...``. Raises Unreadable where it shows fewer drives than it announces."""
    lines = text.splitlines()
    volumes = [match for match in map(CCISS_VOLUME.match, lines) if match]
    enclosures = [match for match in map(CCISS_ENCLOSURE.match, lines) if match]
    announced = sum(map(int, re.findall(r"(?m)^  Physical drives: (\d+)$", text)))
    disks = list(_cciss_disks(lines))
    told = [line for line in lines if re.match(r"/dev/\S+: \(", line)]
    if not volumes or len(told) > len(volumes) + len(enclosures) or len(disks) < announced or not text.endswith("\n"):
        raise Unreadable(CUT_OFF, key=key)
    return Part(
        controllers=tuple(Controller(match[1], "", match[2]) for match in enclosures) or NOTHING,
        volumes=tuple({volume.name: volume for volume in map(_cciss_volume, volumes)}.values()),
        disks=tuple({disk.name: disk for disk in disks}.values()),
    )


def _cciss_volume(match: re.Match[str]) -> Volume:
    remarks = [remark.strip() for remark in match[6].split(".") if "failed" in remark]
    return Volume(f"{match[1]}/v{match[4]}", match[2], match[3], match[5], problems=tuple(remarks))


def _cciss_disks(lines: list[str]) -> Iterator[Disk]:
    in_service = False
    for line in lines:
        if re.match(r"^  \w+ drives:", line):
            in_service = line.startswith("  Physical drives:")
        match = CCISS_DISK.match(line)
        if match and in_service:
            yield Disk(f"{match[1]}-{match[2]}-{match[3]}", match[6], f"{match[4]} {match[5]}")


# id:                  0
# name:                VD0
# status:              functional
# RAID mode:           RAID1
#
# Total # of VD:       1
def mvcli(text: str, key: str) -> Part:
    """``mvcli info -o vd``. Raises Unreadable where it shows fewer volumes than it counts."""
    sections: list[Section] = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip() == "id":
            sections.append(Section(value.strip()))
        elif colon and sections:
            sections[-1].fields.setdefault(name.strip(), value.strip())
    total = re.search(r"(?m)^Total # of VD:\s+(\d+)$", text)
    if not total or int(total[1]) != len(sections) or not all("status" in section.fields for section in sections):
        raise Unreadable(CUT_OFF, key=key)
    return Part(volumes=tuple(
        Volume(f"vd{section.title}", section.fields.get("name", ""), section.fields.get("RAID mode", ""), section.fields["status"])
        for section in sections))


# Logical Drives:
#  Number:       	0         	Status:        	ok
#  Capacity [MB]:	70016     	Type:          	RAID-1
#  Missing Drv.: 	1         	Invalid Drv.:  	0
#
# Array Drives:
#  --
#
# Host Drives:
NUMBERED = re.compile(r"Number:\s+(\d+)\s+Status:\s+(.+?)\s*$", re.MULTILINE)
LOST = re.compile(r"Missing Drv\.:\s+(\d+)\s+Invalid Drv\.:\s+(\d+)")


def gdth(text: str, key: str) -> Part:
    """``/proc/scsi/gdth/0`` (ICP vortex, Intel SRCZCR). Raises Unreadable."""
    drives, found, _rest = text.partition("\nHost Drives:")
    logical, also_found, arrays = drives.partition("\nLogical Drives:")[2].partition("\nArray Drives:")
    states, lost = NUMBERED.findall(logical), LOST.findall(logical)
    if not found or not also_found or not states or len(states) != len(lost):
        raise Unreadable(CUT_OFF, key=key)
    controller = "gdth" + key.rsplit("/", 1)[-1]
    volumes = [
        Volume(f"{controller}/ld{number}", "", "", state, problems=() if gone == ("0", "0") else ("missing {}, invalid {}".format(*gone),))
        for (number, state), gone in zip(states, lost, strict=True)
    ]
    volumes += [Volume(f"{controller}/array{number}", "", "", state) for number, state in NUMBERED.findall(arrays)]
    return Part(volumes=tuple(volumes))


# vg-root: 0 20971520 raid raid1 2 AA 20971520/20971520 idle 0
# isw_data: 0 2097152 mirror 2 8:16 8:32 2048/2048 1 AA 3 disk 252:13 A
DM_RAID = re.compile(r"^(\S+): \d+ \d+ raid (\w+) \d+ (\S+) (\d+)/(\d+) (\w+)\b")
DM_MIRROR = re.compile(r"^(\S+): \d+ \d+ mirror (\d+) (?:\d+:\d+ )+(\d+)/(\d+) \d+ (\S+) ")
DM_ANY = re.compile(r"^\S+: \d+ \d+ (raid|mirror)\b")


def dmsetup(text: str, key: str) -> Part:
    """RAID and mirror targets of ``dmsetup status``. Raises Unreadable where a line of theirs is cut off."""
    volumes = []
    for line in text.splitlines():
        raid, mirror = DM_RAID.match(line), DM_MIRROR.match(line)
        if raid:
            volumes.append(_dm_volume(raid[1], raid[2], raid[3], raid[4] == raid[5]))
        elif mirror:
            volumes.append(_dm_volume(mirror[1], "mirror", mirror[5], mirror[3] == mirror[4]))
        elif DM_ANY.match(line):
            raise Unreadable(CUT_OFF, key=key)
    if not text.endswith("\n"):
        raise Unreadable(CUT_OFF, key=key)
    return Part(volumes=tuple(volumes)) if volumes else Part()


def _dm_volume(name: str, level: str, health: str, in_sync: bool) -> Volume:
    """One letter a member: A is alive and in sync, a is alive and not yet in sync, - means that the slot has no metadata device."""
    if set(health) <= {"A"}:
        return Volume(f"dm/{name}", "", level, "Optimal" if in_sync else "Rebuilding")
    return Volume(f"dm/{name}", "", level, "Rebuilding" if set(health) <= {"A", "a"} else "Degraded", problems=(health,))


# how the keys begin
PARSERS: Mapping[str, Callable[[str, str], Part]] = {
    r"sas[23]ircu \d+ DISPLAY": sas_ircu,
    r"mpt-status -i ": mpt_status,
    r"cli64 \w+ info": areca,
    r"cciss_vol_status -V ": cciss_vol_status,
    r"mvcli info -o vd": mvcli,
    r"/proc/scsi/gdth/\d+": gdth,
    r"dmsetup status": dmsetup,
}
