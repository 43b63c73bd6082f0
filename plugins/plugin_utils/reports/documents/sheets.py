# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workbook with our formats; all texts are written as texts, never as formulas, numbers or links that a host could have made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from ..harmless import block

LONGEST = 32_000  # characters; a cell holds 32,767
ROWS = 1_000_000  # a sheet holds 1,048,576 rows
FILLS = {
    "critical": ("#F8D3D0", "#8E1B11"),
    "warning": ("#FDE9C4", "#7A4B00"),
    "unknown": ("#E3E3EA", "#3F4350"),
    "ok": ("#DDF0DF", "#1D5C25"),
    "info": ("#DCE9F7", "#1F3A5F"),
}
FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))


class Book:
    """An XLSX that is written row by row."""

    def __init__(self, path: Path) -> None:
        self.book = xlsxwriter.Workbook(
            str(path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": False}
        )
        self.head = self.book.add_format(
            {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F3A5F", "text_wrap": True, "valign": "vcenter"}
        )
        self.title = self.book.add_format({"bold": True, "font_size": 16, "font_color": "#1F3A5F"})
        self.name = self.book.add_format({"bold": True, "bg_color": "#EEF2F6", "valign": "top"})
        self.text = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.number = self.book.add_format({"valign": "top"})
        self.share = self.book.add_format({"valign": "top", "num_format": "0.0%"})
        self.raw = self.book.add_format({"font_name": "Courier New", "font_size": 9, "text_wrap": True, "valign": "top"})
        self.link = self.book.add_format({"font_color": "#1F5FA8", "underline": 1, "valign": "top"})
        self.severity = {name: self.book.add_format({"bg_color": fill, "font_color": ink}) for name, (fill, ink) in FILLS.items()}
        self._names: set[str] = set()

    def sheet(self, wanted: str) -> Any:
        return self.book.add_worksheet(self.free_name(wanted))

    def free_name(self, wanted: str) -> str:
        """At most 31 characters, without what Excel forbids, and unlike all others whatever their case."""
        base = block(wanted).translate(FORBIDDEN).strip("' ")[:31] or "_"
        base = base + "_" if base.lower() == "history" else base
        name, number = base, 1
        while name.lower() in self._names:
            number += 1
            suffix = f"~{number}"
            name = base[: 31 - len(suffix)] + suffix
        self._names.add(name.lower())
        return name

    def close(self) -> None:
        """Raises OSError."""
        try:
            self.book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise OSError(str(error)) from error


class Table:
    """A table on a sheet, from ``first`` on: a frozen, filtered head, and rows as they come."""

    def __init__(
        self, book: Book, sheet: Any, head: Sequence[str], widths: Sequence[float], first: int = 0, is_whole: bool = True
    ) -> None:
        self.book, self.sheet, self.first, self.next = book, sheet, first, first + 1
        self._columns, self._is_whole = len(head), is_whole
        for column, (text, width) in enumerate(zip(head, widths, strict=True)):
            sheet.write_string(first, column, block(text), book.head)
            if is_whole:
                sheet.set_column(column, column, width)
        if is_whole:
            sheet.freeze_panes(first + 1, 1)

    def add(self, values: Iterable[Any], look: Any = None) -> None:
        if self.next >= ROWS:
            return
        for column, value in enumerate(values):
            write(self.book, self.sheet, self.next, column, value, look)
        self.next += 1

    def finish(self, colours: Callable[[int, int], None] | None = None) -> None:
        last = max(self.next - 1, self.first + 1)
        if self._is_whole:
            self.sheet.autofilter(self.first, 0, last, self._columns - 1)
            self.sheet.repeat_rows(self.first)
        if colours is not None:
            colours(self.first + 1, last)


def write(book: Book, sheet: Any, row: int, column: int, value: Any, look: Any = None) -> None:
    if value is None:
        sheet.write_blank(row, column, None, look or book.text)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        sheet.write_string(row, column, cut(block(str(value))), look or book.text)
    else:
        sheet.write_number(row, column, value, look or book.number)


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "\n[...]"


def colour_words(book: Book, sheet: Any, column: int, words: dict[str, str]) -> Callable[[int, int], None]:
    """Colour the cells of a column that say one of ``words`` ({severity: word})."""

    def colour(first: int, last: int) -> None:
        for severity, word in words.items():
            sheet.conditional_format(
                first, column, last, column, {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": book.severity[severity]}
            )

    return colour


def colour_numbers(book: Book, sheet: Any, columns: dict[int, str]) -> Callable[[int, int], None]:
    """Colour the numbers over 0 of columns ({column: severity})."""

    def colour(first: int, last: int) -> None:
        for column, severity in columns.items():
            sheet.conditional_format(
                first, column, last, column, {"type": "cell", "criteria": ">", "value": 0, "format": book.severity[severity]}
            )

    return colour
