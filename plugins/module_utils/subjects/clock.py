# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock: whichever time daemon runs, the kernel's word, and how the hardware clock is kept."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container


def capture(host):
    look_for_container(host)
    host.file("/etc/adjtime")
    answers = []
    if host.which("chronyc"):
        answers.append(host.command(["chronyc", "-n", "tracking"]))
        host.command(["chronyc", "-n", "sources"])
    if host.which("ntpq"):
        answers.append(host.command(["ntpq", "-pn"]))
    # It has systemd start a service that answers it: ten times the CPU of chronyc, which knows better
    daemon_answers = any("Leap status" in (text or "") or "refid" in (text or "") for text in answers)
    if not daemon_answers and host.which("timedatectl") and host.exists("/run/systemd/system"):
        host.command(["timedatectl", "status"])
