# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file systems are mounted, for the subjects that must know it before they look: the kernel's mount table, cut into words."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# Their fill level belongs to another host, and a look at them can hang for ever
NETWORK_TYPES = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "fuse.ceph", "fuse.s3fs",
                 "lustre", "gpfs", "beegfs", "afs", "9p", "ncpfs")


def mounts(mountinfo):
    """[(device number, mount point, type, source)] of a /proc/self/mountinfo, without the mounts that another one covers."""
    found = {}
    order = []
    for line in mountinfo.splitlines():
        left, _dash, right = line.partition(" - ")
        words, after = left.split(" "), right.split(" ")
        if len(words) < 6 or len(after) < 2:
            continue
        point = unescape(words[4])
        if point not in found:
            order.append(point)
        found[point] = (words[2], point, after[0], unescape(after[1]))
    return [found[point] for point in order]


def unescape(word):
    """A word of the mount table: blanks, tabs, newlines and backslashes stand there as ``\\040``."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), word)
