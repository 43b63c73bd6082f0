# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's log says, by day and kind, counted on the target: no line of a log leaves it, so no address, path or customer's data.

    2026-11-22 crit 17 connect() failed (111: Connection refused)
    2026-11-22 - 2 OutOfMemoryError
    # 5120 lines, 2026-11-01 to 2026-11-22
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

MAX_KINDS = 300
MAX_BYTES = 524288
# As logs have them, whatever the language of this host
MONTHS = {"Jan": "01", "Feb": "02", "Mar": "03", "Apr": "04", "May": "05", "Jun": "06", "Jul": "07", "Aug": "08", "Sep": "09", "Oct": "10",
          "Nov": "11", "Dec": "12"}
# What may be somebody's data in a message: quoted texts, paths, addresses, numbers
DATA = ((re.compile(r"\"[^\"]*\"?|'[^']*'?"), '"..."'), (re.compile(r"(?<![\w.])/[^\s,:;)]+"), "/..."),
        (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\[[0-9a-f:]{4,}\](?::\d+)?"), "ADDRESS"), (re.compile(r"0x[0-9a-f]+|\d{4,}"), "N"))


def digest(text, split, signatures, grave):
    """Count the lines that hold one of ``signatures`` or have one of the levels ``grave``.

    ``split(line)`` gives (day as YYYY-MM-DD, level, message), or None for a line that continues the one before it.
    """
    counts = {}
    days = []
    lines = 0
    day = "-"
    for line in text.splitlines():
        lines += 1
        level, message = "-", line
        parts = split(line)
        if parts is not None:
            day, level, message = parts
            days.append(day)
        known = next((words for words in signatures if words in message), None)
        if known is not None or level in grave:
            key = (day, level, known or without_data(message))
            if key not in counts and len(counts) >= MAX_KINDS:
                key = (day, level, "(other messages)")
            counts[key] = counts.get(key, 0) + 1
    rows = ["%s %s %d %s" % (day, level, counts[day, level, message], message) for day, level, message in sorted(counts)]
    rows.append("# %d lines, %s to %s" % (lines, days[0] if days else "-", days[-1] if days else "-"))
    return "\n".join(rows) + "\n"


def without_data(message):
    for pattern, replacement in DATA:
        message = pattern.sub(replacement, message)
    return message[:120].strip() or "(empty)"


# 192.0.2.7 - - [22/Nov/2026:03:00:00 +0100] "GET /shop HTTP/1.1" 200 512 "-" "Mozilla/5.0"
REQUEST = re.compile(r'\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(?:[^"\\]|\\.)*" (\d)(\d\d) ')


def responses(text):
    """How many requests of an access log got which kind of answer, in one line."""
    counts = dict((kind, 0) for kind in "12345")
    times = []
    lines = other = timeouts = 0
    for line in text.splitlines():
        lines += 1
        match = REQUEST.search(line)
        if match is None or match.group(2) not in counts:
            other += 1
            continue
        times.append(match.group(1))
        counts[match.group(2)] += 1
        timeouts += match.group(2) + match.group(3) == "504"
    return "%d lines, %d of another form; 1xx %d, 2xx %d, 3xx %d, 4xx %d, 5xx %d, 504 %d; %s to %s\n" % (
        lines, other, counts["1"], counts["2"], counts["3"], counts["4"], counts["5"], timeouts,
        times[0] if times else "-", times[-1] if times else "-")
