# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the values out of SQL texts, so that what a statement does leaves the host, and whose data it does it to does not."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

HIDDEN = "?"
LONGEST = 300
# In one pass, as a comment may hold quotes and a literal dashes. What is cut off goes on to the end of the text.
QUOTED = re.compile(r"""(?sx)
    (?P<comment> /\*.*?(?:\*/|\Z) | --[^\n]* )
    | \$(?P<tag>[A-Za-z_]\w*|)\$.*?(?:\$(?P=tag)\$|\Z)
    | (?<!\w)[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z)
    | (?:(?<!\w)(?:[uU]&|[bBxXnN]))?'(?:[^']|'')*(?:'|\Z)
    """)
NUMBER = re.compile(r"(?<![\w$\"?])[-+]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)(?!\w)")
LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
# Errors that hold a statement: ... on query. Default database: 'shop'. Query: 'INSERT INTO ...'
STATEMENT = re.compile(r"(?i)\b(?:query|statement): ?'.*")
# From the first quote to the last: the quotes of such messages stand one in another, as 'Duplicate entry 'x' for key 'y''
QUOTES = re.compile(r"'.*'|\".*\"|['\"].*$")


def normalised(text):
    """``SELECT * FROM clients WHERE name = ? AND id IN (...)``: no literal, no comment, one line, at most 300 characters."""
    text = QUOTED.sub(lambda match: " " if match.group("comment") is not None else HIDDEN, text)
    text = " ".join(NUMBER.sub(HIDDEN, text).split())
    return LIST.sub("(...)", text)[:LONGEST]


def without_values(rows):
    """The rows of an answer with their SQL texts normalised."""
    return [dict(row, query=normalised(row.get("query") or "")) for row in rows]


def unquoted(words):
    """A message without what it quotes: statements, values, names."""
    return QUOTES.sub("'?'", STATEMENT.sub("query left out", words)) if "'" in words or '"' in words else words
