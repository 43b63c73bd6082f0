# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where elements and attributes stand in the text of server.xml, so that one attribute can be changed and all else stays as it was
written: comments, order, blanks, quotes."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# A comment, CDATA, an instruction, a document type, or a start tag: what is inside the first four is no element
TOKEN = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE(?:[^\[>]|\[.*?\])*>"
                   r"|<([\w:.-]+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.S)
#     maxThreads="200"
ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def elements(text, tag):
    """[{"attributes": {name: value}, "spans": {name: (of its value in the text)}, "head": where the tag's name ends}, ...]"""
    found = []
    for match in TOKEN.finditer(text):
        if match.group(1) != tag:
            continue
        attributes, spans = {}, {}
        for item in ATTRIBUTE.finditer(text, match.start(2), match.end(2)):
            group = 2 if item.group(2) is not None else 3
            attributes[item.group(1)], spans[item.group(1)] = item.group(group), item.span(group)
        found.append({"attributes": attributes, "spans": spans, "head": match.end(1)})
    return found


def changed(text, element, name, value):
    """The text with this value of the element's attribute, or without the attribute, and the blank before it, where that is None."""
    if name not in element["spans"]:
        return text if value is None else '%s %s="%s"%s' % (text[:element["head"]], name, value, text[element["head"]:])
    start, end = element["spans"][name]
    if value is not None:
        return text[:start] + value + text[end:]
    begin = text.rindex(name, 0, start)
    return text[:begin - 1] + text[end + 1:]
