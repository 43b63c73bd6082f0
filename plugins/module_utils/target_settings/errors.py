# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with a setting."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class BadSetting(Exception):
    """A setting that can't be read or changed; the text names it and says why."""
