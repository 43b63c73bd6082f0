# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAID controllers: what the vendors' tools tell of controllers, volumes, disks and batteries.

A tool is run only where it is installed; a controller on the PCI bus is noted also where none is.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

# Tools of one family tell the same: the first that is installed is asked.
STORCLI = ("storcli2", "perccli2", "storcli64", "perccli64", "storcli", "perccli")
MEGACLI = ("MegaCli64", "MegaCli", "megacli", "CmdTool2_64", "CmdTool2")
IRCU = ("sas3ircu", "sas2ircu")
SSACLI = ("ssacli", "hpssacli", "hpacucli")
SLOW = 60       # seconds: these tools ask every disk
# Firmware RAID that md runs, and cards given to a virtual machine: there is nothing that a tool could ask here
NOT_OURS = ("vmd", "ahci", "isci", "vfio-pci", "pci-stub")
RAID_CLASS = "0x0104"


def capture(host):
    host.note("pci_raid_controllers", "\n".join(" ".join(card) for card in raid_cards(host)))
    for family in (capture_lsi, capture_hp, capture_arcconf, capture_tw_cli, capture_areca, capture_mpt_status, capture_others):
        family(host)


def capture_lsi(host):
    """The tools of Broadcom's controllers replaced one another; the newest that is installed tells most."""
    tool = installed(host, STORCLI)
    if tool:
        # without nolog it writes a log file
        ask(host, tool, "/call show all J nolog", "/call/eall/sall show all J nolog", "/call/vall show all J nolog")
        return
    tool = installed(host, MEGACLI)
    if tool:
        ask(host, tool, "-LDInfo -Lall -aAll -NoLog", "-PDList -aAll -NoLog", "-AdpBbuCmd -aAll -NoLog")
    tool = installed(host, IRCU)
    if tool:
        controllers = re.findall(r"(?m)^\s+(\d+)\s+SAS\d", ask(host, tool, "LIST"))
        ask(host, tool, *[number + " DISPLAY" for number in controllers])


def capture_hp(host):
    tool = installed(host, SSACLI)
    if tool:
        ask(host, tool, "ctrl all show status", "ctrl all show config detail")
    elif host.which("cciss_vol_status"):
        devices = host.glob("/dev/cciss/c*d0") or smart_array_devices(host)
        if devices:
            ask(host, "cciss_vol_status", "-V " + " ".join(devices))


def capture_arcconf(host):
    if host.which("arcconf"):
        found = re.search(r"Controllers found: (\d+)", ask(host, "arcconf", "getconfig 1"))
        for number in range(2, min(int(found.group(1)) if found else 1, 8) + 1):
            ask(host, "arcconf", "getconfig %d" % number)


def capture_tw_cli(host):
    if host.which("tw_cli"):
        for controller in re.findall(r"(?m)^(c\d+)\s", ask(host, "tw_cli", "info")):
            ask(host, "tw_cli", "info %s unitstatus" % controller, "info %s drivestatus" % controller)


def capture_areca(host):
    if host.which("cli64"):
        ask(host, "cli64", "rsf info", "disk info")


def capture_mpt_status(host):
    """Which SCSI ids hold a volume is told by -p: one ``Found SCSI id=1`` for each."""
    if host.which("mpt-status"):
        ask(host, "mpt-status", *["-i " + number for number in re.findall(r"Found SCSI id=(\d+)", ask(host, "mpt-status", "-p"))])


def capture_others(host):
    if host.which("mvcli"):
        ask(host, "mvcli", "info -o vd")
    host.files("/proc/scsi/gdth/[0-9]*")
    if any(first_line(path).startswith("DMRAID-") for path in host.glob("/sys/block/dm-*/dm/uuid")):
        ask(host, "dmsetup", "status")


def ask(host, tool, *questions):
    """Run the tool with each line of options; the last answer, or "" if there was none."""
    answer = ""
    for options in questions:
        answer = host.command([tool] + options.split(), root=True, timeout=SLOW) or ""
    return answer


def smart_array_devices(host):
    """/dev/sgN of HP's controllers (SCSI type 12: array controller)."""
    folders = host.glob("/sys/class/scsi_generic/sg*/device")
    return ["/dev/" + folder.split("/")[4] for folder in folders
            if first_line(folder + "/type") == "12" and first_line(folder + "/vendor") in ("HP", "HPE", "COMPAQ")]


def installed(host, names):
    return next((name for name in names if host.which(name)), None)


def raid_cards(host):
    """(address, class, vendor, device, driver) of each RAID controller on the PCI bus that is a card of its own."""
    cards = []
    for folder in host.glob("/sys/bus/pci/devices/*"):
        values = [first_line(os.path.join(folder, name)) for name in ("class", "vendor", "device")]
        driver = os.path.basename(os.path.realpath(os.path.join(folder, "driver"))) if host.exists(folder + "/driver") else ""
        if values[0].startswith(RAID_CLASS) and driver not in NOT_OURS:
            cards.append([os.path.basename(folder)] + values + [driver or "-"])
    return cards


def first_line(path):
    try:
        with open(path) as stream:
            return stream.readline().strip()
    except (OSError, IOError):
        return ""
