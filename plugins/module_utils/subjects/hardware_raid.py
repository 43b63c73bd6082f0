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
MEGACLI = ("MegaCli64", "MegaCli", "megacli")
SSACLI = ("ssacli", "hpssacli", "hpacucli")
SLOW = 60       # seconds: these tools ask every disk
# Firmware RAID that md runs, and cards given to a virtual machine: there is nothing that a tool could ask here
NOT_OURS = ("vmd", "ahci", "isci", "vfio-pci", "pci-stub")
RAID_CLASS = "0x0104"


def capture(host):
    cards = raid_cards(host)
    host.note("pci_raid_controllers", "\n".join(" ".join(card) for card in cards))
    storcli = installed(host, STORCLI)
    if storcli:
        for words in (["/call", "show", "all", "J"], ["/call/eall/sall", "show", "all", "J"], ["/call/vall", "show", "all", "J"]):
            host.command([storcli] + words, root=True, timeout=SLOW)
    megacli = None if storcli else installed(host, MEGACLI)
    if megacli:
        for words in (["-LDInfo", "-Lall", "-aAll"], ["-PDList", "-aAll"], ["-AdpBbuCmd", "-aAll"]):
            host.command([megacli] + words + ["-NoLog"], root=True, timeout=SLOW)
    ssacli = installed(host, SSACLI)
    if ssacli:
        host.command([ssacli, "ctrl", "all", "show", "status"], root=True, timeout=SLOW)
        host.command([ssacli, "ctrl", "all", "show", "config", "detail"], root=True, timeout=SLOW)
    if host.which("arcconf"):
        capture_arcconf(host)
    if host.which("tw_cli"):
        capture_tw_cli(host)


def capture_arcconf(host):
    text = host.command(["arcconf", "getconfig", "1"], root=True, timeout=SLOW) or ""
    found = re.search(r"Controllers found: (\d+)", text)
    for number in range(2, min(int(found.group(1)) if found else 1, 8) + 1):
        host.command(["arcconf", "getconfig", str(number)], root=True, timeout=SLOW)


def capture_tw_cli(host):
    text = host.command(["tw_cli", "info"], root=True, timeout=SLOW) or ""
    for controller in re.findall(r"(?m)^(c\d+)\s", text):
        host.command(["tw_cli", "info", controller, "unitstatus"], root=True, timeout=SLOW)
        host.command(["tw_cli", "info", controller, "drivestatus"], root=True, timeout=SLOW)


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
