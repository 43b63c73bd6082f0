# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iSCSI sessions of this host as initiator: their targets and states. All from /sys."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def capture(host):
    sessions = host.glob("/sys/class/iscsi_session/session*")
    host.note("iscsi sessions", "\n".join(session.split("/")[-1] for session in sessions))
    for session in sessions:
        host.file(session + "/state")
        host.file(session + "/targetname")
