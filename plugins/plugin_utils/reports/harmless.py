# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of hosts made fit to be shown: control characters stand as escapes, so that no host steers a terminal or a reader's eye.

    line("\\x1b[31mred")    is the visible text  \\x1b[31mred
"""

from __future__ import annotations

import re

# C0, DEL, C1; zero-width and direction marks (a text must read as it is stored); line separators; what UTF-8 and XML can't hold
_OTHERS = "\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
IN_LINE = re.compile(f"[\x00-\x1f{_OTHERS}]")
IN_BLOCK = re.compile(f"[\x00-\x08\x0b-\x1f{_OTHERS}]")


def line(text: str) -> str:
    """A text of one line: line ends and tabs are escaped too."""
    return text if text.isprintable() else IN_LINE.sub(_escape, text)       # which all that is escaped is not


def block(text: str) -> str:
    """A text of many lines, such as the output of a command."""
    return IN_BLOCK.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
