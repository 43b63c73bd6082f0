# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An administrators' file in which one value is changed where it stands: every other byte stays, in whatever encoding it is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from .errors import BadSetting
from .own_file import replace_bytes

MAX_BYTES = 4194304


def read(path):
    """Its text with a character for each byte."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, IOError) as error:
        raise BadSetting("%s can't be read: %s" % (path, error.strerror))
    if len(data) > MAX_BYTES:
        raise BadSetting("%s is larger than %d bytes; set it by hand" % (path, MAX_BYTES))
    return data.decode("latin-1")


def write(path, text):
    """The text that read() gave, changed."""
    try:
        replace_bytes(path, text.encode("latin-1"))
    except (OSError, IOError) as error:
        raise BadSetting("%s can't be written: %s" % (path, error.strerror))
