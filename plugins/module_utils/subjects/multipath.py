# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipath volumes and their paths; asked only where the device mapper has such volumes."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    volumes = [path.split("/")[3] for path, uuid in host.files("/sys/block/dm-*/dm/uuid").items() if uuid.startswith("mpath-")]
    # The kernel's own count of paths shows whether the tool's list is whole
    counts = ["%s %d\n" % (name, len(host.glob("/sys/block/%s/slaves/*" % name))) for name in sorted(volumes)]
    host.note("multipath volumes", "".join(counts) or "none\n")
    if volumes:
        host.command(["multipath", "-ll"], root=True)
