# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting of the kernel under /sys: in force at once, and after a start by a file of our own from which systemd-tmpfiles writes it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from .errors import BadSetting
from .own_file import TMPFILES, settings_in, store

ROOT = "/sys"
FILE = "/etc/tmpfiles.d/zz-caretaker.conf"
CHOICES = re.compile(r"(kernel/mm/transparent_hugepage/(enabled|defrag)|block/[\w!.-]+/queue/scheduler)$")
NUMBERS = re.compile(r"block/[\w!.-]+/queue/read_ahead_kb$")


def read(_host, _instance, name):
    """{"value", "kept", "pending", "unit"}: what is chosen, what our file says (None: nothing); it never waits for a restart."""
    path = _path(name)
    try:
        with open(path, "rb", 0) as stream:
            text = stream.read(4096).decode("utf-8", "replace")
    except (OSError, IOError) as error:
        raise BadSetting("%s can't be read here: %s" % (path, error.strerror))
    #                                always [madvise] never                           128
    found = re.search(r"\[(\S+)\]", text) if CHOICES.match(name) else re.match(r"(\d+)\n", text)
    if found is None:
        raise BadSetting("%s names no value: %s" % (path, text.strip()))
    return {"value": found.group(1), "kept": settings_in(FILE, TMPFILES).get(path), "pending": False, "unit": ""}


def write(_host, _instance, name, value, kept):
    """Put ``value`` in force, and ``kept`` (None: no line) into our file."""
    path = _path(name)
    try:
        with open(path, "wb", 0) as stream:
            stream.write(value.encode("ascii") + b"\n")
        store(FILE, path, kept, form=TMPFILES)
    except (OSError, IOError) as error:
        raise BadSetting("%s does not take %s: %s" % (path, value, error.strerror))


def _path(name):
    if not CHOICES.match(name) and not NUMBERS.match(name):
        raise BadSetting("%r is neither of transparent huge pages nor the scheduler or read-ahead of a disk" % name)
    return os.path.join(ROOT, name)
