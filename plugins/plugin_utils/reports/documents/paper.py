# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty DOCX with our styles, and what sections put on it: headings, paragraphs, tables, pictures, raw evidence."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

from ..harmless import block
from .table import Cell, Value, table_xml

LATIN, CHINESE, FIXED = "Arial", "Microsoft YaHei", "Courier New"
INK = RGBColor(0x1F, 0x3A, 0x5F)
GREY = RGBColor(0x5A, 0x64, 0x70)
TEXT_WIDTH = Cm(17)
HEADING_SIZES = {1: 18, 2: 13, 3: 11}
LISTED_LEVELS = (1, 2)  # in the table of contents


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents."""

    level: int
    text: str
    bookmark: str


class Paper:
    """A document that grows from top to bottom; ``t`` is its language."""

    def __init__(self, t: Callable[..., str], language: str, title: str) -> None:
        self.t = t
        self.entries: list[Entry] = []
        self._numbers = [0, 0]
        self.document: Any = Document()
        self._set_page()
        self._set_styles(language)
        about = self.document.core_properties
        about.title, about.author, about.comments, about.language = block(title)[:255], "Caretaker", "", language.replace("_", "-")

    def heading(self, text: str, level: int = 1, new_page: bool = False) -> None:
        """Levels 1 and 2 have numbers and stand in the table of contents."""
        if level in LISTED_LEVELS:
            self._numbers[level - 1] += 1
            self._numbers[level:] = [0] * len(self._numbers[level:])
            text = ".".join(str(number) for number in self._numbers[:level]) + "  " + text
        paragraph = self.document.add_paragraph(style=f"Heading {level}")
        if new_page:
            paragraph.paragraph_format.page_break_before = True
        if level in LISTED_LEVELS:
            entry = Entry(level, block(text), f"_Toc{len(self.entries) + 1:06d}")
            self.entries.append(entry)
            bookmark(paragraph, entry)
        else:
            paragraph.add_run(block(text))

    def paragraph(self, text: str, style: str = "Normal", bold: bool = False, grey: bool = False) -> Any:
        paragraph = self.document.add_paragraph(style=style)
        run = paragraph.add_run(block(text))
        run.bold = bold or None
        if grey:
            run.font.color.rgb = GREY
        return paragraph

    def labelled(self, label: str, text: str) -> None:
        """``Why it matters: ...`` with the label in bold."""
        paragraph = self.document.add_paragraph()
        paragraph.add_run(block(label) + self.t(": ")).bold = True
        paragraph.add_run(block(text))

    def bullets(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.paragraph(text, "List Bullet")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[Value]], widths: Sequence[float]) -> None:
        self._append(parse_xml(table_xml(head, rows, widths)))
        self.document.add_paragraph(style="CaretakerGap")

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Names and values."""
        self.table((), [(Cell(name, "EEF2F6", bold=True), value) for name, value in rows], (3, 9))

    def picture(self, png: bytes, caption: str) -> None:
        self.document.add_picture(io.BytesIO(png), width=TEXT_WIDTH)
        picture = self.document.paragraphs[-1]
        picture.alignment, picture.paragraph_format.keep_with_next = WD_ALIGN_PARAGRAPH.CENTER, True
        self.paragraph(caption, "Caption")

    def raw(self, text: str) -> None:
        """The output of a command."""
        self.paragraph(text.expandtabs(8), "CaretakerRaw")

    def page_break(self) -> None:
        self.document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    def header_and_footer(self, left: str, right: str) -> None:
        """On all pages but the first; the footer has the page's number."""
        section = self.document.sections[0]
        section.different_first_page_header_footer = True
        head = section.header.paragraphs[0]
        head.text = f"{block(left)}\t{block(right)}"
        head.style = self.document.styles["CaretakerMargin"]
        foot = section.footer.paragraphs[0]
        foot.style = self.document.styles["CaretakerMargin"]
        before, between, after = self.t("\tPage {page} of {pages}", page="\0", pages="\0").split("\0")
        foot.add_run(before)
        field(foot, "PAGE", "1")
        foot.add_run(between)
        field(foot, "NUMPAGES", "1")
        foot.add_run(after)

    def save(self, path: Path) -> None:
        self.document.save(str(path))

    def _append(self, element: Any) -> None:
        body = self.document.element.body
        body.insert(len(body) - 1, element)  # the last is the section's properties

    def _set_page(self) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2)
        section.top_margin, section.bottom_margin = Cm(2.3), Cm(2)

    def _set_styles(self, language: str) -> None:
        styles = self.document.styles
        _font(styles["Normal"], 10)
        styles["Normal"].paragraph_format.space_after = Pt(6)
        _language(styles["Normal"], language)
        for level, size in HEADING_SIZES.items():
            style = styles[f"Heading {level}"]
            _font(style, size, INK, bold=True)
            style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(18 if level == 1 else 12), Pt(6)
            style.paragraph_format.keep_with_next = True
        _font(styles["Caption"], 9, GREY)
        _font(styles["List Bullet"], 10)
        _font(_new(styles, "CaretakerCell"), 8.5, space_after=0)
        _font(_new(styles, "CaretakerGap"), 4, space_after=4)
        _font(_new(styles, "CaretakerMargin"), 8, GREY, space_after=0)
        _tab(styles["CaretakerMargin"])
        _font(_new(styles, "CaretakerTitle"), 28, INK, bold=True, space_after=12)
        _font(_new(styles, "CaretakerSubtitle"), 16, GREY, space_after=12)
        _font(_new(styles, "CaretakerContents"), 18, INK, bold=True, space_after=12)
        raw = _new(styles, "CaretakerRaw")
        _font(raw, 7.5, space_after=6, latin=FIXED)
        raw.element.get_or_add_pPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="F3F5F7"/>'))
        for level in LISTED_LEVELS:
            style = _new(styles, f"toc {level}")
            _font(style, 11 if level == 1 else 10, bold=level == 1, space_after=3)
            style.paragraph_format.left_indent = Cm(0.6 * (level - 1))
            _tab(style)


def bookmark(paragraph: Any, entry: Entry) -> None:
    """The entry's text as what links and page references can name."""
    number = str(int(entry.bookmark.removeprefix("_Toc")))
    for tag, attributes in (
        ("w:bookmarkStart", {"w:id": number, "w:name": entry.bookmark}),
        ("", {}),
        ("w:bookmarkEnd", {"w:id": number}),
    ):
        if not tag:
            paragraph.add_run(entry.text)
            continue
        mark: Any = OxmlElement(tag)
        for name, value in attributes.items():
            mark.set(qn(name), value)
        paragraph._p.append(mark)


def field(paragraph: Any, instruction: str, shown: str) -> None:
    """A field with what it showed last, for readers that don't compute it."""
    for kind in ("begin", instruction, "separate", shown, "end"):
        run = paragraph.add_run()
        if kind == instruction:
            text: Any = OxmlElement("w:instrText")
            text.set(qn("xml:space"), "preserve")
            text.text = f" {instruction} "
            run._r.append(text)
        elif kind == shown:
            run.text = shown
        else:
            mark: Any = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def _new(styles: Any, name: str) -> Any:
    style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = styles["Normal"]
    return style


def _font(
    style: Any, size: float, colour: RGBColor | None = None, bold: bool = False, space_after: float | None = None, latin: str = LATIN
) -> None:
    style.font.size, style.font.name, style.font.bold, style.font.italic = Pt(size), latin, bold, False
    if colour is not None:
        style.font.color.rgb = colour
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(name), None)
    for name, font in (("w:ascii", latin), ("w:hAnsi", latin), ("w:cs", latin), ("w:eastAsia", CHINESE)):
        fonts.set(qn(name), font)
    if space_after is not None:
        style.paragraph_format.space_after = Pt(space_after)


def _language(style: Any, language: str) -> None:
    element: Any = OxmlElement("w:lang")
    element.set(qn("w:val"), "en-US")
    element.set(qn("w:eastAsia"), "zh-CN" if language == "zh_CN" else "en-US")
    style.element.get_or_add_rPr().append(element)


def _tab(style: Any) -> None:
    from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER

    leader = WD_TAB_LEADER.DOTS if style.name.startswith("toc") else WD_TAB_LEADER.SPACES
    style.paragraph_format.tab_stops.add_tab_stop(TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT, leader)
