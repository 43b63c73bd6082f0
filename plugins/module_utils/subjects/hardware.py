# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine itself: DMI table, sensors, memory errors, throttling, and what its BMC tells over the local interface."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

BMC_DEVICES = ("/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0")
BMC_TIMEOUT = 60        # seconds; a BMC reads its sensors over a slow bus


def capture(host):
    host.command(["dmidecode"], root=True)
    for name in ("sys_vendor", "product_name", "product_serial", "bios_version"):
        host.file("/sys/class/dmi/id/" + name)
    for pattern in ("name", "temp*_input", "temp*_label", "temp*_max", "temp*_crit", "temp*_crit_alarm", "fan*_input", "fan*_label",
                    "fan*_min", "fan*_alarm"):
        host.files("/sys/class/hwmon/hwmon*/" + pattern)
    for name in ("mc_name", "ce_count", "ue_count"):
        host.files("/sys/devices/system/edac/mc/mc*/" + name)
    for name in ("dimm_label", "dimm_ce_count", "dimm_ue_count"):
        host.files("/sys/devices/system/edac/mc/mc*/dimm*/" + name)
    host.note("thermal_throttle", throttled(host))
    bmc = [path for path in BMC_DEVICES if host.exists(path)]
    host.note("bmc_device", bmc[0] if bmc else "none")
    if bmc:
        for words in ("sdr elist", "sel elist", "chassis status"):
            host.command(["ipmitool"] + words.split(), root=True, timeout=BMC_TIMEOUT)


def throttled(host):
    """A line ``cpu0 core 12 package 30`` for each CPU, ``end N`` below; one note in place of two files a CPU."""
    lines = []
    for folder in host.glob("/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle"):
        try:
            counts = [read(folder + "/" + name + "_throttle_count") for name in ("core", "package")]
        except (OSError, IOError):
            continue                    # the CPU was switched off in the meantime
        lines.append("%s core %s package %s" % (folder.split("/")[-2], counts[0], counts[1]))
    return "\n".join(lines + ["end %d" % len(lines)]) + "\n"


def read(path):
    with open(path, "r") as stream:
        return stream.read().strip()
