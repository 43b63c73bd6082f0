# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the host a container, whose kernel belongs to another host?"""

from __future__ import annotations

from ...module_utils.container import MARKS
from ..absent import NotHere, Unknown, Unreadable
from ..archive import Capture
from .mount_table import mount_table

OF_MACHINE = NotHere("a container: the kernel counts this for the whole machine that runs it")


def is_container(capture: Capture) -> bool:
    """Whether one of the files that container managers leave inside was seen."""
    return any(entry is not None and entry.error is None for entry in map(capture.entry, MARKS))


# 412 398 0:58 /proc/stat /proc/stat rw,nosuid,nodev,relatime - fuse.lxcfs lxcfs rw,user_id=0,group_id=0,allow_other
def not_its_own(capture: Capture, path: str) -> NotHere | Unknown | None:
    """Why a file of /proc does not count for this host alone; None where it does.

    In a container it counts for the whole machine, unless lxcfs has mounted the container's own over it.
    """
    if not is_container(capture):
        return None
    try:
        table = mount_table(capture)
    except Unreadable as error:
        return error.unknown
    if isinstance(table, Unknown):
        return table
    return None if any(mount.point == path and mount.fs_type == "fuse.lxcfs" for mount in table) else OF_MACHINE
