# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Space and inodes of the local file systems, and the errors that ext file systems counted.

df gets the mount points by name, one for each file system: without names it would also ask the network file systems, and
hang with a server that is gone.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..mount_points import NETWORK_TYPES, mounts

FULL_BY_NATURE = ("iso9660", "udf", "squashfs", "cramfs", "erofs", "romfs")
MEMORY_POINTS = ("/", "/run", "/tmp", "/var/tmp", "/dev/shm")     # noqa: S108 - looked at, not written to
EXT_TYPES = ("ext2", "ext3", "ext4")


def capture(host):
    table = mounts(host.file("/proc/self/mountinfo") or "")
    points = local_points(table)
    host.note("local file systems", "\n".join(points))
    if points:
        host.command(["df", "-PT", "-B1"] + points)
        host.command(["df", "-iPT"] + points)
    capture_ext_errors(host, table)


def local_points(table):
    """One mount point for each file system of this host whose fill level matters; of bind mounts the shortest."""
    chosen = {}
    for device, point, kind, source in table:
        if "\n" in point or kind in FULL_BY_NATURE or kind in NETWORK_TYPES:
            continue
        if kind in ("tmpfs", "ramfs"):
            wanted = kind == "tmpfs" and point in MEMORY_POINTS
        elif kind == "overlay":
            wanted = point == "/"
        else:
            wanted = source.startswith("/dev/") or kind == "zfs"
        if wanted and (device not in chosen or len(point) < len(chosen[device])):
            chosen[device] = point
    return sorted(chosen.values())


def capture_ext_errors(host, table):
    counts = host.files("/sys/fs/ext4/*/errors_count")
    for path, text in sorted(counts.items()):
        folder = path[:-len("errors_count")]
        host.file("/sys/class/block/" + folder.split("/")[-2] + "/dev")
        if text.strip() != "0":
            host.file(folder + "first_error_time")
            host.file(folder + "last_error_time")
    if not counts:                      # older kernels don't tell it there
        for source in sorted(set(mount[3] for mount in table if mount[2] in EXT_TYPES and mount[3].startswith("/dev/"))):
            host.command(["tune2fs", "-l", source], root=True)
