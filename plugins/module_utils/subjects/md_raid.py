# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux software RAID (md): state of the arrays and members, consistency checks, what mdadm.conf expects.

/proc/mdstat and /sys tell an ordinary user all that the rules need; mdadm itself is asked, as root, for the same in its
own words, and for the superblocks of arrays that did not start.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

ARRAY_FILES = ("level", "array_state", "degraded", "sync_action", "last_sync_action", "mismatch_cnt")
MEMBER_FILES = ("state", "errors", "bad_blocks")
CONFIGURATION = ("/etc/mdadm/mdadm.conf", "/etc/mdadm.conf")
# What starts the regular consistency check of the distributions; a timer's stamp was last touched when it fired.
SCHEDULES = (
    "/etc/cron.d/mdadm",                                                # Debian to 11, Ubuntu to 22.04
    "/etc/cron.d/raid-check",                                           # Red Hat to 8
    "/etc/systemd/system/timers.target.wants/raid-check.timer",         # Red Hat from 9
    "/etc/systemd/system/timers.target.wants/mdcheck_start.timer",      # SUSE, Debian from 12
    "/etc/systemd/system/mdmonitor.service.wants/mdcheck_start.timer",
    "/usr/lib/systemd/system/mdmonitor.service.wants/mdcheck_start.timer",
)
STAMPS = ("/var/lib/systemd/timers/stamp-raid-check.timer", "/var/lib/systemd/timers/stamp-mdcheck_start.timer")


def capture(host):
    mdstat = host.file("/proc/mdstat")
    files_that_exist(host, CONFIGURATION)
    arrays = [os.path.dirname(path) for path in host.glob("/sys/block/md*/md")]
    if not arrays and not mdstat:
        return
    for array in arrays:
        folder = array + "/md/"
        files_that_exist(host, [folder + name for name in ARRAY_FILES])      # raid0 has no sync_action and so on
        for member in host.glob(folder + "dev-*"):
            files_that_exist(host, [member + "/" + name for name in MEMBER_FILES])
    for path in host.glob("/dev/md/*") + host.glob("/dev/disk/by-id/md-uuid-*"):
        if not path.rsplit("-part", 1)[-1].isdigit():
            host.link(path)
    host.note("md_scrub_schedules", "\n".join(schedules(host)))
    if arrays:
        host.command(["mdadm", "--detail"] + ["/dev/" + os.path.basename(array) for array in arrays], root=True)
    members = members_of_inactive(mdstat or "")
    if members:
        host.command(["mdadm", "--examine"] + members, root=True)


def files_that_exist(host, paths):
    for path in paths:
        if host.exists(path):
            host.file(path)


def schedules(host):
    """``PATH`` of each schedule, ``PATH SECONDS`` of each stamp with the time when it was last touched (Unix time)."""
    lines = [path for path in SCHEDULES if host.exists(path) or os.path.islink(path)]
    stamps = [path for path in STAMPS if host.exists(path)]
    return lines + ["%s %d" % (path, os.stat(path).st_mtime) for path in stamps]


def members_of_inactive(mdstat):
    """The member devices of the arrays that did not start; a container of firmware RAID is always inactive and left out."""
    members = []
    lines = mdstat.splitlines()
    for number, line in enumerate(lines):
        words = line.split()
        if words[1:3] == [":", "inactive"] and "super external:" not in "".join(lines[number + 1:number + 2]):
            members.extend("/dev/" + word.split("[")[0].replace("!", "/") for word in words[3:] if "[" in word)
    return sorted(members)
