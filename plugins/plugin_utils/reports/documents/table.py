# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DOCX table as XML, made in one go: python-docx takes seconds for what has some hundred rows.

Its first row is repeated on each page, rows don't break over pages, and its columns keep the widths they were given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from docx.oxml.ns import nsdecls

from ..harmless import block

PAGE_WIDTH = 9638  # twentieths of a point (A4 with margins of 2 cm)
HEAD_FILL, RULE_COLOUR = "1F3A5F", "C9D2DC"
FILLS = {"critical": "F8D3D0", "warning": "FDE9C4", "unknown": "E3E3EA", "ok": "DDF0DF", "info": "DCE9F7"}
TALLEST = 30  # lines of a cell; a row that is higher than the page would be cut off


@dataclass(frozen=True)
class Cell:
    """``fill``: background as RRGGBB."""

    text: str
    fill: str = ""
    bold: bool = False
    right: bool = False
    mono: bool = False


Value = str | int | Cell


def table_xml(head: Sequence[str], rows: Iterable[Sequence[Value]], widths: Sequence[float]) -> str:
    """``widths``: of the columns, in any unit; they fill the page's width together. No head row where ``head`` is empty."""
    columns = [round(PAGE_WIDTH * width / sum(widths)) for width in widths]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in columns)
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="{RULE_COLOUR}"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    margins = "".join(
        f'<w:{edge} w:w="{width}" w:type="dxa"/>' for edge, width in (("top", 30), ("left", 70), ("bottom", 30), ("right", 70))
    )
    body = "".join(_row([value if isinstance(value, Cell) else Cell(str(value)) for value in row], columns) for row in rows)
    first = _row([Cell(text, HEAD_FILL, bold=True) for text in head], columns, is_head=True) if head else ""
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(columns)}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{first}{body}</w:tbl>'
    )


def _row(cells: Sequence[Cell], widths: Sequence[int], is_head: bool = False) -> str:
    about = "<w:cantSplit/>" + ("<w:tblHeader/>" if is_head else "")
    return (
        f"<w:tr><w:trPr>{about}</w:trPr>"
        + "".join(_cell(cell, width, is_head) for cell, width in zip(cells, widths, strict=True))
        + "</w:tr>"
    )


def _cell(cell: Cell, width: int, is_head: bool) -> str:
    shading = f'<w:shd w:val="clear" w:color="auto" w:fill="{cell.fill}"/>' if cell.fill else ""
    look = (
        ('<w:rFonts w:ascii="Courier New" w:hAnsi="Courier New" w:cs="Courier New"/>' if cell.mono else "")
        + ("<w:b/>" if cell.bold else "")
        + ('<w:color w:val="FFFFFF"/>' if is_head else "")
    )
    lines = block(cell.text).expandtabs(4).split("\n")
    if len(lines) > TALLEST:
        lines = [*lines[:TALLEST], "..."]
    text = '</w:t><w:br/><w:t xml:space="preserve">'.join(escape(line) for line in lines)
    align = '<w:jc w:val="right"/>' if cell.right else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shading}</w:tcPr><w:p><w:pPr><w:pStyle w:val="CaretakerCell"/>{align}</w:pPr>'
        f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r></w:p></w:tc>'
    )
