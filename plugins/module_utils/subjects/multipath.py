# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipath volumes and their paths; asked only where the device mapper has such volumes."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    uuids = host.files("/sys/block/dm-*/dm/uuid")
    if any(uuid.startswith("mpath-") for uuid in uuids.values()):
        host.command(["multipath", "-ll"], root=True)
    else:
        host.note("multipath volumes", "none\n")
