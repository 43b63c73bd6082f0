# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonded interfaces, as the kernel's driver shows them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    if host.glob("/proc/net/bonding/*"):
        host.files("/proc/net/bonding/*")
    else:
        host.note("bonds", "none\n")
