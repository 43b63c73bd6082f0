# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces: physical ones with their link, all of them with their counters; routes, name servers."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

SHOWN = ("operstate", "carrier", "flags", "speed", "duplex", "carrier_changes")


def capture(host):
    counters = host.file("/proc/net/dev", sample=True) or ""
    host.file("/proc/net/route")
    host.file("/proc/net/ipv6_route")
    host.file("/etc/resolv.conf")
    for path in host.glob("/sys/class/net/*/device"):       # only hardware, also virtual hardware, has a device
        folder = path.rsplit("/", 1)[0]
        if is_ours(host, folder.rsplit("/", 1)[1], counters):
            for name in SHOWN:
                host.file(folder + "/" + name)


def is_ours(host, name, counters):
    """Whether an interface of /sys is of our network namespace; a container may see the /sys of the machine around it.

    /proc always shows our own. Its settings name also what a /proc/net/dev that was cut off leaves out; but they lack
    an interface whose MTU is too small for IPv4.
    """
    return host.exists("/proc/sys/net/ipv4/conf/" + name) or (name + ":") in counters.split()
