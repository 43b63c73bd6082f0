# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock: whichever time daemon runs, the kernel's word, and how the hardware clock is kept."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    for mark in ("/run/systemd/container", "/run/.containerenv", "/.dockerenv"):
        if host.exists(mark):
            host.file(mark)
    if host.which("chronyc"):
        host.command(["chronyc", "-n", "tracking"])
        host.command(["chronyc", "-n", "sources"])
    if host.which("ntpq"):
        host.command(["ntpq", "-pn"])
    if host.which("timedatectl") and host.exists("/run/systemd/system"):
        host.command(["timedatectl", "status"])
