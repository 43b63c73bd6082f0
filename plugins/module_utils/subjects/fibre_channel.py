# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of Fibre Channel adapters: state, speed, counters of errors. All from /sys."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

PORT_FILES = ("port_state", "speed", "supported_speeds", "port_name")
COUNTERS = ("link_failure_count", "loss_of_sync_count", "loss_of_signal_count", "invalid_crc_count")


def capture(host):
    ports = host.glob("/sys/class/fc_host/*")
    host.note("fibre channel ports", "\n".join(port.split("/")[-1] for port in ports))
    for port in ports:
        for name in PORT_FILES:
            host.file(port + "/" + name)
        for name in COUNTERS:
            if host.exists(port + "/statistics/" + name):       # virtual ports of some drivers have none
                host.file(port + "/statistics/" + name)
