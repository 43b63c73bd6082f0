# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks as the kernel sees them: size, kind, state, error counters, queue settings, partitions; their traffic, sampled twice."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container

# No disks of their own: memory, files, removable media, what lies on top of disks, and the single paths of native NVMe multipath
NOT_DISKS = ("loop", "ram", "zram", "sr", "fd", "nbd", "dm-", "md", "rbd")
ATTRIBUTES = (
    "size", "removable", "wwid", "queue/rotational", "queue/scheduler", "queue/physical_block_size", "queue/discard_max_bytes",
    "queue/read_ahead_kb", "device/state", "device/ioerr_cnt", "device/vendor", "device/model", "device/wwid",
)
TRIM_TIMERS = ("/etc/systemd/system/timers.target.wants/fstrim.timer", "/etc/cron.weekly/fstrim", "/etc/cron.daily/fstrim")


def capture(host):
    look_for_container(host)
    host.file("/proc/diskstats", sample=True)
    names = [folder.split("/")[-1] for folder in host.glob("/sys/block/*")]
    disks = [name for name in names if not name.startswith(NOT_DISKS) and not is_single_nvme_path(name)]
    host.note("block devices", "\n".join(disks))
    for name in disks:
        folder = "/sys/block/" + name
        host.link(folder)
        for attribute in ATTRIBUTES:
            if host.exists(folder + "/" + attribute):
                host.file(folder + "/" + attribute)
        for start in host.glob(folder + "/" + name + "*/start"):
            host.file(start)
            host.file(start[:-len("start")] + "size")
    host.note("multipath members", "\n".join(multipath_members(host)))
    host.note("trim timers", "\n".join(path for path in TRIM_TIMERS if host.exists(path)))


def is_single_nvme_path(name):
    return name.startswith("nvme") and "c" in name


def multipath_members(host):
    """A line for each multipath map: its name and those of its paths."""
    lines = []
    for path, uuid in sorted(host.files("/sys/block/dm-*/dm/uuid").items()):
        if uuid.startswith("mpath-"):
            folder = path[:-len("/dm/uuid")]
            members = [member.split("/")[-1] for member in host.glob(folder + "/slaves/*")]
            lines.append(" ".join([folder.split("/")[-1]] + members))
    return lines
