# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP: counters of lost connections and of segments sent again, sockets, listening ports with their queues."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    host.file("/proc/net/netstat", sample=True)
    host.file("/proc/net/snmp", sample=True)
    host.file("/proc/net/sockstat")
    for name in ("core/somaxconn", "ipv4/tcp_max_tw_buckets", "ipv4/tcp_max_orphans", "ipv4/ip_local_port_range"):
        host.file("/proc/sys/net/" + name)
    host.command(["ss", "-ltn"])
