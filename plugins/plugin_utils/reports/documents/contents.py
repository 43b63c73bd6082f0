# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of contents: Word's own field, with its entries and page numbers already in it, so that every reader shows them.

The page numbers are LibreOffice's (see office.py). Where it is not there, Word is asked to fill them in when it opens the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

from .paper import LISTED_LEVELS, Entry, Paper

FIELD = f'TOC \\o "{LISTED_LEVELS[0]}-{LISTED_LEVELS[-1]}" \\h \\z \\u'


def mark(paper: Paper) -> Any:
    """Where the table of contents will stand."""
    return paper.document.add_paragraph()


def fill(paper: Paper, place: Any, pages: Mapping[str, str]) -> None:
    """Put the entries there. ``pages``: {heading: page number} as office.pages_of() gives it, empty where it is not known."""
    entries = paper.entries
    for number, entry in enumerate(entries):
        begin = _begin() if number == 0 else ""
        end = _mark("end") if number == len(entries) - 1 else ""
        place._p.addprevious(parse_xml(_line(entry, pages.get(" ".join(entry.text.split()), ""), begin, end)))
    if not pages:
        update: Any = OxmlElement("w:updateFields")
        update.set(qn("w:val"), "true")
        paper.document.settings.element.append(update)


def _line(entry: Entry, page: str, begin: str, end: str) -> str:
    reference = (
        f'{_mark("begin")}<w:r><w:instrText xml:space="preserve"> PAGEREF {entry.bookmark} \\h </w:instrText></w:r>'
        f"{_mark('separate')}<w:r><w:t>{escape(page)}</w:t></w:r>{_mark('end')}"
    )
    return (
        f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="toc{entry.level}"/></w:pPr>{begin}'
        f'<w:hyperlink w:anchor="{entry.bookmark}" w:history="1"><w:r><w:t xml:space="preserve">{escape(entry.text)}</w:t></w:r>'
        f"<w:r><w:tab/></w:r>{reference}</w:hyperlink>{end}</w:p>"
    )


def _begin() -> str:
    return f'{_mark("begin")}<w:r><w:instrText xml:space="preserve"> {escape(FIELD)} </w:instrText></w:r>{_mark("separate")}'


def _mark(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
