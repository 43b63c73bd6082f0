# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with a setting."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class BadSetting(Exception):
    """A setting that can't be read or changed; the text names it and says why."""


def problem(answer):
    """What a command, as Host.ask answers for it, had against what it was told; "" where it did it."""
    if not answer.get("error") and not answer.get("rc"):
        return ""
    told = answer.get("stderr") or answer.get("error") or answer.get("text") or "exit status %s" % answer.get("rc")
    return " ".join(told.split())[:300]
