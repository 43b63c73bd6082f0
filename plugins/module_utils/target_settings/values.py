# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two texts say the same value: servers show 4096MB as 4GB, 0.90 as 0.9 and on as ON."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

UNITS = {"": 1, "B": 1, "K": 1 << 10, "KB": 1 << 10, "8KB": 8 << 10, "M": 1 << 20, "MB": 1 << 20, "G": 1 << 30, "GB": 1 << 30, "T": 1 << 40,
         "TB": 1 << 40, "US": 1e-6, "MS": 1e-3, "S": 1, "MIN": 60, "H": 3600, "D": 86400}
NUMBER = re.compile(r"^(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) ?([A-Za-z]*)$")
SWITCHES = {"on": "on", "yes": "on", "true": "on", "off": "off", "no": "off", "false": "off"}


def same(one, other):
    """``same("4GB", "4096MB")`` is true, as is ``same("ON", "on")``; texts that are no numbers must be equal but for blanks."""
    return meaning(one) == meaning(other)


def meaning(text):
    words = " ".join(str(text).split())
    match = NUMBER.match(words)
    if match and match.group(2).upper() in UNITS:
        return float(match.group(1)) * UNITS[match.group(2).upper()]
    return SWITCHES.get(words.lower(), words)
