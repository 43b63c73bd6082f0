# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the documents of a finished report into its folder.

report.en.docx   report.en.pdf   report.en.xlsx     and so for each language
report.en/SYSTEM.xlsx                               the devices' sheets of a large fleet
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..translation import LANGUAGES
from . import charts, inspection, office
from .context import Context
from .finished import BadFolder, read
from .model import View, view_of
from .workbook import write_workbook

FORMS = ("docx", "pdf", "xlsx")
NO_FONT = (
    "the charts of the Chinese documents were left out: no font with Chinese characters was found on the control node. "
    "On Debian and Ubuntu: apt-get install fonts-noto-cjk; then write the documents again with scripts/report"
)
NO_PAGES = "the page numbers of the table of contents are filled in by Word when it opens the file, for {why}"


@dataclass(frozen=True)
class Written:
    """``files``: {path in the folder: sha256}; ``notes``: what could not be had, and what to do."""

    files: Mapping[str, str]
    notes: tuple[str, ...]


def write_documents(folder: Path, wanted: Sequence[str], context: Context, languages: Sequence[str] = LANGUAGES) -> Written:
    """Raises BadFolder for a folder that can't be read or written."""
    notes = list(context.notes)
    try:
        report = read(folder)
        views = [view_of(report, language, context) for language in languages]
        made: list[Path] = []
        if "xlsx" in wanted:
            for view in views:
                made += write_workbook(view, folder / f"report.{view.language}.xlsx")
        if "docx" in wanted or "pdf" in wanted:
            made += _texts(folder, wanted, views, notes)
        for path in made:
            path.chmod(0o600)
        return Written({str(path.relative_to(folder)): _sha256(path) for path in made}, tuple(notes))
    except OSError as error:
        raise BadFolder(
            f"{folder}: the documents can't be written ({error}); make room or make it writable, then: scripts/report"
        ) from error


def _texts(folder: Path, wanted: Sequence[str], views: Sequence[View], notes: list[str]) -> Iterator[Path]:
    """The DOCX and, where asked for and possible, the PDF of each language."""
    if any(not charts.can_write(view.language) for view in views):
        notes.append(NO_FONT)
    program = office.program()
    pages = _pages(program, views, notes)
    paths = [folder / f"report.{view.language}.docx" for view in views]
    for view, path, its in zip(views, paths, pages, strict=True):
        inspection.paper_of(view, its).save(path)
        path.chmod(0o600)
    if "pdf" in wanted:
        if program is None:
            notes.append(office.MISSING)
        else:
            try:
                office.pdfs(program, paths)
                yield from (path.with_suffix(".pdf") for path in paths)
            except office.OfficeFailed as error:
                notes.append(f"the PDF was not written: {error}")
    if "docx" in wanted or program is None:
        yield from paths
    else:
        for path in paths:
            path.unlink()


def _pages(program: str | None, views: Sequence[View], notes: list[str]) -> list[dict[str, str]]:
    """The page of each heading, as LibreOffice breaks the pages; empty where it is not there."""
    if program is None:
        return [{} for _view in views]
    with tempfile.TemporaryDirectory(prefix="caretaker-probe-") as name:
        paths = [Path(name) / f"{view.language}.docx" for view in views]
        for view, path in zip(views, paths, strict=True):
            inspection.paper_of(view, {}).save(path)
        try:
            return office.pages(program, paths)
        except office.OfficeFailed as error:
            notes.append(NO_PAGES.format(why=error))
            return [{} for _view in views]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
