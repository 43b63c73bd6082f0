# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture looks at: (subject, capture function). The slow ones come first, so that they overlap with the rest."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from .subjects import (
    accounts,
    block_devices,
    bonding,
    boot,
    btrfs,
    certificates,
    clock,
    cpu,
    disk_health,
    filesystems,
    hardware,
    hardware_raid,
    identity,
    kernel_log,
    limits,
    lvm,
    md_raid,
    memory,
    mounts,
    multipath,
    packages,
    pressure,
    processes,
    scheduled_jobs,
    security_modules,
    services,
    ssh,
    tcp,
    zfs,
)

SUBJECTS = (
    ("packages", packages.capture),
    ("memory", memory.capture),
    ("kernel_log", kernel_log.capture),
    ("processes", processes.capture),
    ("accounts", accounts.capture),
    ("md_raid", md_raid.capture),
    ("ssh", ssh.capture),
    ("cpu", cpu.capture),
    ("filesystems", filesystems.capture),
    ("pressure", pressure.capture),
    ("limits", limits.capture),
    ("security_modules", security_modules.capture),
    ("mounts", mounts.capture),
    ("hardware_raid", hardware_raid.capture),
    ("hardware", hardware.capture),
    ("lvm", lvm.capture),
    ("boot", boot.capture),
    ("block_devices", block_devices.capture),
    ("identity", identity.capture),
    ("zfs", zfs.capture),
    ("certificates", certificates.capture),
    ("btrfs", btrfs.capture),
    ("disk_health", disk_health.capture),
    ("services", services.capture),
    ("clock", clock.capture),
    ("tcp", tcp.capture),
    ("bonding", bonding.capture),
    ("multipath", multipath.capture),
    ("scheduled_jobs", scheduled_jobs.capture),
)
