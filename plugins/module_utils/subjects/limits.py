# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the kernel and how near they are: files, threads, tracked connections, asynchronous I/O, entropy."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

FILES = (
    "/proc/sys/fs/file-nr", "/proc/loadavg", "/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max",
    "/proc/sys/net/netfilter/nf_conntrack_count", "/proc/sys/net/netfilter/nf_conntrack_max",
    "/proc/sys/fs/aio-nr", "/proc/sys/fs/aio-max-nr",
    "/proc/sys/kernel/random/entropy_avail", "/proc/sys/kernel/random/poolsize",
)


def capture(host):
    for path in FILES:
        host.file(path)
