# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture looks at: (subject, capture function). The slow ones come first, so that they overlap with the rest."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from .subjects import (
    accounts,
    cpu,
    filesystems,
    kernel_log,
    md_raid,
    memory,
    processes,
    ssh,
)

SUBJECTS = (
    ("memory", memory.capture),
    ("kernel_log", kernel_log.capture),
    ("processes", processes.capture),
    ("accounts", accounts.capture),
    ("md_raid", md_raid.capture),
    ("ssh", ssh.capture),
    ("cpu", cpu.capture),
    ("filesystems", filesystems.capture),
)
