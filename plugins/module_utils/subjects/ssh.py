# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SSH server allows: its effective settings, and its files where only these can be read."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    if host.command(["sshd", "-T"], root=True):
        return
    host.file("/etc/ssh/sshd_config")
    host.files("/etc/ssh/sshd_config.d/*.conf")
