# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the kernel that tuning deals with: their values, and the files that set them at the start."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container

SETTINGS = (
    "vm.swappiness", "vm.dirty_ratio", "vm.dirty_background_ratio", "vm.dirty_bytes", "vm.dirty_background_bytes", "vm.nr_hugepages",
    "vm.overcommit_memory", "vm.overcommit_ratio", "vm.max_map_count", "vm.min_free_kbytes", "vm.zone_reclaim_mode",
    "kernel.numa_balancing", "kernel.pid_max", "kernel.threads-max", "fs.file-max", "fs.aio-max-nr", "fs.nr_open",
    "net.core.somaxconn", "net.core.netdev_max_backlog", "net.core.rmem_max", "net.core.wmem_max",
    "net.ipv4.tcp_max_syn_backlog", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_tw_reuse", "net.netfilter.nf_conntrack_max",
)
# In this order sysctl --system lets a file of the same name hide those after it
FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")


def capture(host):
    look_for_container(host)
    for name in SETTINGS:
        path = "/proc/sys/" + name.replace(".", "/")
        if host.exists(path):
            host.file(path)
    host.file("/etc/sysctl.conf")
    for folder in FOLDERS:
        host.files(folder + "/*.conf")
    host.file("/etc/tuned/active_profile")
