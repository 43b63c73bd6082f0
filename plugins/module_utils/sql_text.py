# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the values out of SQL texts, so that what a statement does leaves the host, and whose data it does it to does not."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

HIDDEN = "?"
LONGEST = 300
# A literal that is cut off goes on to the end of the text
COMMENT = re.compile(r"(?s)/\*.*?(?:\*/|\Z)|--[^\n]*")
DOLLARS = re.compile(r"(?s)\$([A-Za-z_]\w*)?\$.*?(?:\$\1\$|\Z)")
STRING = re.compile(r"(?s)(?<![\w])(?:[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z)|(?:[uU]&|[bBxXnN])?'(?:[^']|'')*(?:'|\Z))|'(?:[^']|'')*(?:'|\Z)")
NUMBER = re.compile(r"(?<![\w$\"?])[-+]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)(?!\w)")
LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")


def normalised(text):
    """``SELECT * FROM clients WHERE name = ? AND id IN (...)``: no literal, no comment, one line, at most 300 characters."""
    text = COMMENT.sub(" ", STRING.sub(HIDDEN, DOLLARS.sub(HIDDEN, text))) if "'" in text or "$" in text else COMMENT.sub(" ", text)
    text = " ".join(NUMBER.sub(HIDDEN, text).split())
    return LIST.sub("(...)", text)[:LONGEST]


def without_values(rows):
    """The rows of an answer with their SQL texts normalised."""
    return [dict(row, query=normalised(row.get("query") or "")) for row in rows]
