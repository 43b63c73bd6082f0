# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells that a host is a container."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

# systemd writes the first (its text is "systemd-nspawn", "lxc", ...), podman the second, docker the third
MARKS = ("/run/systemd/container", "/run/.containerenv", "/.dockerenv")


def look_for_container(host):
    """Record the files that container managers leave inside."""
    for path in MARKS:
        host.file(path)
