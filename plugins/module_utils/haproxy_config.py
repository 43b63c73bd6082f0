# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's configuration as far as its limits go: where maxconn and ulimit-n stand in the lines of its sections."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# First words that begin a section (configuration manual, chapters 3, 4 and 10 to 12)
SECTIONS = frozenset((
    "global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist", "cache", "program", "http-errors",
    "ring", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme"))
LIMITED = ("global", "defaults", "frontend", "listen")
#     maxconn 2000   # as shipped
LIMIT = re.compile(r"[ \t]*(maxconn|ulimit-n)[ \t]+[\"']?([^\s#\"']+)")
LINE = re.compile(r"[^\n]*\n|[^\n]+")        # splitlines() would also end a line at bytes of other encodings
# .if defined(LARGE)
CONDITION = re.compile(r"(?m)^[ \t]*\.if[ \t]")


def limits(text):
    """[{"section": "frontend shop", "name": "maxconn", "value": "2000", "span": (of the value in the text)}, ...]"""
    found = []
    for section, start, line in _lines(text):
        match = LIMIT.match(line)
        if match and section.partition(" ")[0] in LIMITED:
            found.append({"section": section, "name": match.group(1), "value": match.group(2),
                          "span": (start + match.start(2), start + match.end(2))})
    return found


def headers(text):
    """[(section, where the text goes on after its first line), ...]"""
    return [(section, start + len(line)) for section, start, line in _lines(text) if line.split()[:1] == section.split()[:1]]


def changed(text, section, name, value):
    """The text with this value in the section, or without the line where that is None. The section must be there once."""
    for item in limits(text):
        if (item["section"], item["name"]) == (section, name):
            start, end = item["span"]
            if value is not None:
                return text[:start] + value + text[end:]
            begin = text.rfind("\n", 0, start) + 1
            return text[:begin] + text[text.find("\n", end) + 1 or len(text):]
    if value is None:
        return text
    place = next(place for header, place in headers(text) if header == section)
    indent = re.match(r"[ \t]*", text[place:]).group(0) or "    "
    line_end = "" if text[:place].endswith("\n") else "\n"
    return "%s%s%s%s %s\n%s" % (text[:place], line_end, indent, name, value, text[place:])


def _lines(text):
    """(section, where the line starts, line) of each line from the first section on."""
    section, place = "", 0
    for line in LINE.findall(text):
        words = line.partition("#")[0].split()
        if words and words[0] in SECTIONS:
            named = words[0] in ("frontend", "listen", "backend") and len(words) > 1
            section = "%s %s" % (words[0], words[1]) if named else words[0]
        if section:
            yield section, place, line
        place += len(line)
