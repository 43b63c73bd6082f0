# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a process listens: the sockets among its open files, looked up in the kernel's tables."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import socket
import struct

from .process_files import text_of

LISTENING = "0A"
TABLES = ("/proc/self/net/tcp", "/proc/self/net/tcp6")


def listening(pid):
    """{"tcp": [["127.0.0.1", 6379], ...], "unix": ["/run/x.sock", ...]} of a process, or None where its files can't be seen."""
    inodes = sockets_of(pid)
    return None if inodes is None else {"tcp": sorted(tcp(inodes)), "unix": sorted(unix(inodes))}


def sockets_of(pid):
    """The inodes of a process's sockets, as the kernel's tables show them; None where its files can't be seen."""
    folder = "/proc/%d/fd" % pid
    inodes = set()
    try:
        for name in os.listdir(folder):
            try:
                match = re.match(r"socket:\[(\d+)\]", os.readlink(os.path.join(folder, name)))
            except OSError:
                continue                # closed in the meantime
            if match:
                inodes.add(match.group(1))
    except OSError:
        return None
    return inodes


# 0: 0100007F:1F40 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 219420 3 ...
def waiting(inodes, tables=TABLES):
    """How many connections to these listening sockets wait to be accepted: the kernel shows them as what is to be read."""
    count = 0
    for path in tables:
        try:
            with open(path, "rb") as stream:
                next(stream, None)
                for line in stream:
                    words = line.decode("ascii", "replace").split()
                    if len(words) < 10 or words[3] != LISTENING:
                        break           # all that listen come first, before what may be many thousands
                    if words[9] in inodes:
                        count += int(words[4].partition(":")[2], 16)
        except (OSError, IOError):
            continue                    # a kernel without IPv6
    return count


# 0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 31337 1 ...
def tcp(inodes):
    for table in TABLES:
        for line in text_of(table).splitlines()[1:]:
            words = line.split()
            if len(words) > 9 and words[3] == LISTENING and words[9] in inodes:
                address, port = words[1].split(":")
                yield [address_of(address), int(port, 16)]


def address_of(hexadecimal):
    """``0100007F`` is 127.0.0.1: the kernel shows each 32 bits as a number of this machine's."""
    data = b"".join(struct.pack("=I", int(hexadecimal[place:place + 8], 16)) for place in range(0, len(hexadecimal), 8))
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


# ffff9a1c: 00000002 00000000 00010000 0001 01 31338 /run/redis/redis-server.sock
def unix(inodes):
    for line in text_of("/proc/self/net/unix").splitlines()[1:]:
        words = line.split(None, 7)
        if len(words) > 7 and words[3] == "00010000" and words[6] in inodes and words[7].startswith("/"):
            yield words[7]
