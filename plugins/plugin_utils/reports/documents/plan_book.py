# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of any kind as an XLSX to sort and filter: a row for each step, and what else the plan lists. It is signed as a DOCX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...approval.plan import Plan
from .closing import plan_facts
from .model import DOMAIN_WORDS, words
from .plan_rows import LABELS, proposals, reasons, title_of, value_of
from .sheets import Book, Table, write as write_cell

CENTIMETRE = 5.5  # characters of a column's width, so that a page's widths serve a sheet
WIDE = 24
FIRST = ("id", "host")
NAMED = ("action", "object", "setting")  # together they are the step's title


def write(plan: Plan, document: Mapping[str, Any], path: Path, language: str) -> None:
    """Raises OSError."""
    t = words(language)
    book = Book(path)
    _about(book, t, plan)
    _steps(book, t, language, plan.steps)
    for listing in (*reasons(document, language, t), *proposals(document, language, t)):
        table = Table(book, book.sheet(listing.title), listing.head, [width * CENTIMETRE for width in listing.widths])
        for row in listing.rows:
            table.add(row)
        table.finish()
    book.close()


def _about(book: Book, t: Any, plan: Plan) -> None:
    sheet = book.sheet(t("Plan"))
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, f"{plan.id}: {plan.title}", book.title)
    for row, (name, value) in enumerate(plan_facts(t, plan), 2):
        write_cell(book, sheet, row, 0, name, book.name)
        write_cell(book, sheet, row, 1, value)


def _steps(book: Book, t: Any, language: str, steps: Sequence[Mapping[str, Any]]) -> None:
    told = dict.fromkeys(name for step in steps for name, value in step.items() if value not in (None, "", []))
    columns = [name for name in told if name not in (*FIRST, *NAMED)]
    head = ["ID", t("Host"), t("Step"), *(t(LABELS.get(name, name)) for name in columns)]
    table = Table(book, book.sheet(t("Steps")), head, [8, 16, 44, *(WIDE for _column in columns)])
    for step in steps:
        table.add([step.get("id", ""), step["host"], title_of(t, step), *(_shown(t, language, name, step.get(name)) for name in columns)])
    table.finish()


def _shown(t: Any, language: str, name: str, value: Any) -> Any:
    if name == "domain":
        return t(DOMAIN_WORDS.get(value, value)) if value else ""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else value_of(t, language, value)
