# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonded interfaces, as the kernel's driver shows them, and those of teamd."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    teams = [path.split("/")[-1][:-len(".sock")] for path in host.glob("/run/teamd/*.sock")]
    if not teams and not host.glob("/proc/net/bonding/*"):
        host.note("bonds", "none\n")
    host.files("/proc/net/bonding/*")
    host.files("/sys/class/net/*/bonding/slaves")           # shows whether the description is whole
    for team in teams:
        host.command(["teamdctl", team, "state", "dump"], root=True)
