# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux and AppArmor: which is there, and does it enforce."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    host.file("/sys/kernel/security/lsm")
    host.file("/sys/fs/selinux/enforce")
    host.file("/etc/selinux/config")
    host.file("/sys/module/apparmor/parameters/enabled")
    host.file("/sys/kernel/security/apparmor/profiles")
