# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local accounts: passwd, group, shadow without its hashes, sudoers, last logins."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

KINDS = {"1": "md5", "2": "bcrypt", "2a": "bcrypt", "2b": "bcrypt", "2x": "bcrypt", "2y": "bcrypt", "3": "nt", "5": "sha256", "6": "sha512",
         "7": "scrypt", "y": "yescrypt", "gy": "gost-yescrypt", "md5": "sunmd5", "sha1": "sha1"}


def capture(host):
    host.file("/etc/passwd")
    host.file("/etc/group")
    host.command(["cat", "/etc/shadow"], root=True, transform=without_hashes)
    host.file("/etc/sudoers")
    host.files("/etc/sudoers.d/*")
    if host.which("lastlog"):
        host.command(["lastlog"])
    elif host.which("lastlog2"):
        host.command(["lastlog2"])


def without_hashes(text):
    """The text of /etc/shadow with each password hash replaced by the name of its kind."""
    lines = []
    for line in text.splitlines(True):
        fields = line.rstrip("\n").split(":")
        if len(fields) > 1:
            fields[1] = kind_of(fields[1])
        lines.append(":".join(fields) + ("\n" if line.endswith("\n") else ""))
    return "".join(lines)


def kind_of(password):
    """``empty``, ``locked``, or the kind of hash; never a part of the hash itself."""
    if not password:
        return "empty"
    if password[0] in "!*":
        return "locked"
    if password[0] == "$":
        return KINDS.get(password.split("$")[1], "other")
    if password[0] == "_" or len(password) == 13:
        return "des"
    return "locked" if len(password) < 13 else "other"      # crypt(3) can't give a shorter one: nothing matches it
