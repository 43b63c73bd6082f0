# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health data of physical disks: smartctl where it is installed, nvme-cli for NVMe drives where it is not.

Not asked: virtual disks without such data, LUNs of storage arrays (the array watches its disks), volumes of RAID controllers;
disks behind a MegaRAID controller are asked by the names that ``smartctl --scan`` gives them.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re

PHYSICAL = re.compile(r"^(sd[a-z]+|hd[a-z]+|nvme\d+n\d+)$")
VIRTUAL = re.compile(
    r"QEMU|VBOX|VMware|Virtual|Msft|LIO-ORG|IET|Amazon Elastic|nvme_card-pd|PersistentDisk|EphemeralDisk|ORCL", re.IGNORECASE)
# Volumes and not disks: their disks are hidden behind the controller
VOLUME = re.compile(r"PERC|LOGICAL VOLUME|^(AVAGO|LSI|BROADCOM|INTEL|LENOVO)?\s*MR\d|RAID|RS\d[A-Z]{2}\d", re.IGNORECASE)


def capture(host):
    disks, hidden = physical_disks(host)
    if hidden and host.exists("/sys/module/megaraid_sas") and host.which("smartctl"):
        disks.extend(behind_megaraid(host.command(["smartctl", "--scan", "-j"], root=True) or ""))
    host.note("physical disks", "\n".join(disks))
    for disk in disks:
        words = disk.split()
        if words[-1] == "virtual":
            words.pop()
        if host.which("smartctl"):
            ask_smartctl(host, words)
        elif words[-1].startswith("/dev/nvme") and host.which("nvme"):
            host.command(["nvme", "smart-log", "-o", "json", words[-1]], root=True)


def physical_disks(host):
    """(what to ask smartctl for, a line each; whether volumes of RAID controllers were left out).

    A line is ``/dev/sda``, ``/dev/nvme0``, ``/dev/nvme1 virtual`` or ``-d megaraid,3 /dev/bus/0``.
    """
    disks, volumes = [], False
    for folder in host.glob("/sys/block/*"):
        name = folder.split("/")[-1]
        if not PHYSICAL.match(name) or not host.exists("/dev/" + name) or is_on("removable", host, folder):
            continue
        place = host.link(folder) or ""
        vendor = host.file(folder + "/device/vendor") if host.exists(folder + "/device/vendor") else ""
        model = "%s %s" % ((vendor or "").strip(), (host.file(folder + "/device/model") or "").strip())
        virtual = VIRTUAL.search(model)
        if name.startswith("nvme"):
            line = "/dev/" + re.match(r"nvme\d+", name).group(0) + (" virtual" if virtual else "")
            if line not in disks and "nvme-fabrics" not in place:
                disks.append(line)
        elif VOLUME.search(model.strip()):
            volumes = True
        elif not virtual and "/session" not in place and "/rport-" not in place:
            disks.append("/dev/" + name)
    return disks, volumes


def is_on(attribute, host, folder):
    return host.exists(folder + "/" + attribute) and (host.file(folder + "/" + attribute) or "").strip() == "1"


def behind_megaraid(text):
    try:
        devices = json.loads(text).get("devices", [])
    except ValueError:
        return []                       # what was printed is recorded, and found unreadable when it is judged
    return ["-d %s %s" % (device["type"], device["name"]) for device in devices if "megaraid" in device.get("type", "")]


def ask_smartctl(host, words):
    """As JSON; versions before 7 don't know -j, print how they are used, and are asked for the text."""
    text = host.command(["smartctl", "-j", "-x"] + words, root=True)
    if text is not None and not text.lstrip().startswith("{"):
        host.command(["smartctl", "-x"] + words, root=True)
