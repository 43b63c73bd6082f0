# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity: operating system, kernel, uptime, product and serial number of the machine."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container

DMI = ("sys_vendor", "product_name", "product_version", "product_serial", "chassis_serial", "bios_vendor", "bios_version", "bios_date")


def capture(host):
    for path in ("/etc/os-release", "/usr/lib/os-release", "/etc/redhat-release", "/proc/sys/kernel/hostname",
                 "/proc/sys/kernel/osrelease", "/proc/uptime", "/etc/machine-id", "/proc/device-tree/model", "/proc/cpuinfo"):
        host.file(path)
    look_for_container(host)
    for name in DMI:
        host.file("/sys/class/dmi/id/" + name)
