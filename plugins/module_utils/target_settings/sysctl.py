# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting of the kernel: in force at once, and after a start by a file of our own that is read last."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from .errors import BadSetting
from .own_file import settings_in, store

PROC = "/proc/sys"
FILE = "/etc/sysctl.d/99-zz-caretaker.conf"


def read(_host, _instance, name):
    """{"value", "kept", "pending", "unit"}: what is in force, what our file says (None: nothing); it never waits for a restart."""
    path = os.path.join(PROC, name.replace(".", "/"))
    try:
        with open(path, "rb", 0) as stream:
            value = " ".join(stream.read(4096).decode("utf-8", "replace").split())
    except (OSError, IOError) as error:
        raise BadSetting("%s can't be read here: %s" % (path, error.strerror))
    return {"value": value, "kept": settings_in(FILE).get(name), "pending": False, "unit": ""}


def write(_host, _instance, name, value, kept):
    """Put ``value`` in force, and ``kept`` (None: no line) into our file."""
    path = os.path.join(PROC, name.replace(".", "/"))
    try:
        with open(path, "wb", 0) as stream:
            stream.write(value.encode("ascii") + b"\n")
        store(FILE, name, kept)
    except (OSError, IOError) as error:
        raise BadSetting("%s does not take %s: %s" % (path, value, error.strerror))
