# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counters that every HotSpot JVM keeps in a file, /tmp/hsperfdata_USER/PID: read without asking the JVM anything."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import struct

MAGIC = b"\xca\xfe\xc0\xc0"
# Whatever else is in the file stays there: it holds the command line and all properties
KEPT = re.compile(r"^(sun\.gc\.(collector\.\d+\.(name|invocations|time)"
                  r"|generation\.\d+\.(name|maxCapacity|capacity|space\.\d+\.(name|used|capacity))|metaspace\.(used|capacity|maxCapacity))"
                  r"|sun\.gc\.cause|sun\.os\.hrt\.frequency"
                  r"|java\.property\.java\.(version|vm\.name)|java\.threads\.(live|peak))$")


def counters(data):
    """{name: number or text} of a performance data file of version 2 (Java 1.5 and later); ValueError for anything else."""
    if len(data) < 32 or data[:4] != MAGIC:
        raise ValueError("not a performance data file")
    order = "<" if bytearray(data)[4] == 1 else ">"
    major = bytearray(data)[5]
    if major != 2:
        raise ValueError("performance data of version %d" % major)
    offset, number = struct.unpack(order + "ii", data[24:32])
    found = {}
    for _entry in range(number):
        length, name_offset, vector, kind, _flags, _unit, _variability, data_offset = struct.unpack_from(order + "iiicBBBi", data, offset)
        if length <= 0 or offset + length > len(data):
            raise ValueError("the performance data is cut off")
        name = data[offset + name_offset:offset + length].split(b"\0", 1)[0].decode("ascii", "replace")
        if KEPT.match(name):
            place = offset + data_offset
            if kind == b"J" and vector == 0:
                found[name] = struct.unpack_from(order + "q", data, place)[0]
            elif kind == b"B":
                found[name] = data[place:place + vector].split(b"\0", 1)[0].decode("utf-8", "replace")
        offset += length
    return found
