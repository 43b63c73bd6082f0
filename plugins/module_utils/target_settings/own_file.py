# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of settings that is wholly ours, beside the administrators' own, so that a setting is taken back by taking out its line."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import stat

NOTE = "# By Caretaker. A value that you change here is respected and reported, not changed back."


# (what finds name and value in a line, what makes a line of them)
EQUALS = (re.compile(r"^([^#\[\s=]+)\s*=\s*(.*?)\s*$"), "%s = %s")
TMPFILES = (re.compile(r"^w (/\S+) - - - - (.*?)\s*$"), "w %s - - - - %s")


def settings_in(path, form=EQUALS):
    """{name: value} of the lines of that form; none where there is no such file."""
    try:
        with open(path, "rb", 0) as stream:
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except (OSError, IOError):
        return {}
    return dict(match.groups() for match in map(form[0].match, lines) if match)


def store(path, name, value, head="", form=EQUALS):
    """Set a line, or take it out where ``value`` is None; a file without lines goes away. Whoever reads it meanwhile sees a whole one."""
    settings = settings_in(path, form)
    if value is None:
        settings.pop(name, None)
    else:
        settings[name] = value
    if not settings:
        if os.path.exists(path):
            os.unlink(path)
        return
    lines = [NOTE] + ([head] if head else []) + [form[1] % item for item in sorted(settings.items())]
    replace(path, "\n".join(lines) + "\n")


def replace(path, text):
    replace_bytes(path, text.encode("utf-8"))


def replace_bytes(path, data):
    """Write a file at once and for good; one that is there keeps its mode and owner, and a link stays a link."""
    path = os.path.realpath(path)
    beside = path + ".new"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(descriptor, "wb") as stream:
        if os.path.exists(path):
            status = os.stat(path)
            os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode))
            os.fchown(stream.fileno(), status.st_uid, status.st_gid)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(beside, path)
