# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of MySQL, MariaDB and Percona servers as rows, in each of the three forms in which a client prints them."""

from __future__ import annotations

import re

from ..absent import Unreadable

COUNT = re.compile(r"^-- (\d+) rows$")
RECORD = re.compile(r"^\*{5,} \d+\. row \*{5,}$")
FIELD = re.compile(r"^\s*(\w+):(?: (.*))?$")
BORDER = re.compile(r"^\+(?:-+\+)+$")
ESCAPES = {"\\n": "\n", "\\t": "\t", "\\0": "\0", "\\\\": "\\"}
ESCAPE = re.compile(r"\\[nt0\\]")

Row = dict[str, str]


def rows(text: str) -> list[Row]:
    """One mapping a row, {column in the server's spelling: text}. Raises Unreadable for what is not whole.

    Tab-separated as ``--batch`` prints it, or vertical (``\\G``), with a last line that counts the rows; or a drawn table.
    """
    lines = text.rstrip("\n").split("\n")
    if BORDER.match(lines[0].strip()):
        return _drawn(lines)
    count = COUNT.match(lines[-1])
    if count is None or not text.endswith("\n"):
        raise Unreadable("the answer has no last line that counts its rows; it is cut off")
    body = lines[:-1]
    found = _vertical(body) if body and RECORD.match(body[0]) else _tabbed(body)
    if len(found) != int(count.group(1)):
        raise Unreadable("the answer has {seen} rows of {told}; it is cut off", seen=len(found), told=int(count.group(1)))
    return found


# Variable_name	Value
# Threads_connected	7
def _tabbed(lines: list[str]) -> list[Row]:
    if not lines:
        return []
    names = lines[0].split("\t")
    found = []
    for line in lines[1:]:
        fields = [plain(field) if "\\" in field else field for field in line.split("\t")]
        if len(fields) != len(names):
            raise Unreadable("a row of the answer has {seen} fields instead of {told}", seen=len(fields), told=len(names))
        found.append(dict(zip(names, fields, strict=True)))
    return found


# *************************** 1. row ***************************
#               Slave_IO_State: Waiting for master to send event
def _vertical(lines: list[str]) -> list[Row]:
    found: list[Row] = []
    name = ""
    for line in lines:
        if RECORD.match(line):
            found.append({})
            continue
        field = FIELD.match(line)
        if field:
            name = field.group(1)
            found[-1][name] = field.group(2) or ""
        elif name:
            found[-1][name] += "\n" + line
    return found


# +-------------------+-------+
# | Variable_name     | Value |
# +-------------------+-------+
# | Threads_connected | 7     |
# +-------------------+-------+
def _drawn(lines: list[str]) -> list[Row]:
    borders = [number for number, line in enumerate(lines) if BORDER.match(line.strip())]
    if len(borders) < 3 or borders[-1] != len(lines) - 1:
        raise Unreadable("the table has no last border; it is cut off")
    names = _cells(lines[1])
    found = []
    row = ""
    for line in lines[borders[1] + 1:-1]:
        row = f"{row}\n{line}" if row else line
        cells = _cells(row)
        if len(cells) < len(names) or not row.rstrip().endswith("|"):
            continue                    # a value with a line end in it goes on in the next line
        if len(cells) > len(names):
            raise Unreadable("a row of the answer has {seen} fields instead of {told}", seen=len(cells), told=len(names))
        found.append(dict(zip(names, cells, strict=True)))
        row = ""
    if row:
        raise Unreadable("the table has no last border; it is cut off")
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def plain(text: str) -> str:
    """Without the escapes that --batch writes for line ends, tabs and backslashes."""
    return ESCAPE.sub(lambda match: ESCAPES[match.group()], text)
