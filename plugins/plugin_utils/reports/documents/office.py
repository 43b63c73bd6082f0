# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LibreOffice, where it is installed: documents to PDF, and the page that each heading is on."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

PROGRAMS = ("soffice", "libreoffice")
SECONDS = 300
MISSING = (
    "the PDF was not written: LibreOffice is not installed on the control node. On Debian and Ubuntu: "
    "apt-get install libreoffice-writer-nogui fonts-liberation fonts-noto-cjk; then scripts/report RUN --documents pdf"
)
# 162 0 obj <</Count 0/Title<FEFF0031002E0031>/Dest[7 0 R/XYZ 56.7 722.8 0]...>> and /Kids[ 1 0 R 4 0 R 7 0 R ]
HEADING = re.compile(rb"/Title\s*<FEFF([0-9A-F]+)>\s*/Dest\s*\[\s*(\d+) 0 R")
KIDS = re.compile(rb"/Kids\s*\[([^\]]*)\]")


class OfficeFailed(Exception):
    """LibreOffice could not convert a document; the text says why and what to do."""


def program() -> str | None:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def pdfs(office: str, documents: Sequence[Path]) -> None:
    """A PDF beside each document. Raises OfficeFailed."""
    folder = documents[0].parent
    _convert(office, "pdf", documents, folder)
    for document in documents:
        document.with_suffix(".pdf").chmod(0o600)


def pages(office: str, documents: Sequence[Path]) -> list[dict[str, str]]:
    """{heading: page number} of each document, from the outline of its PDF. Raises OfficeFailed."""
    with tempfile.TemporaryDirectory(prefix="caretaker-pages-") as folder:
        _convert(office, "pdf", documents, Path(folder))
        return [pages_of((Path(folder) / f"{path.stem}.pdf").read_bytes()) for path in documents]


def pages_of(pdf: bytes) -> dict[str, str]:
    """{heading, with single blanks: page number}; empty for a PDF whose form is another than LibreOffice's."""
    kids = KIDS.search(pdf)
    order = {number: str(place) for place, number in enumerate(re.findall(rb"(\d+) 0 R", kids.group(1)) if kids else (), 1)}
    found: dict[str, str] = {}
    for title, page in HEADING.findall(pdf):
        found.setdefault(" ".join(bytes.fromhex(title.decode()).decode("utf-16-be", "replace").split()), order.get(page, ""))
    return found


def _convert(office: str, form: str, documents: Sequence[Path], folder: Path) -> None:
    """With a profile of its own: a LibreOffice that somebody uses, or another run of ours, would take the job and do nothing."""
    with tempfile.TemporaryDirectory(prefix="caretaker-office-") as profile:
        command = [
            office,
            f"-env:UserInstallation={Path(profile).as_uri()}",
            "--headless",
            "--norestore",
            "--convert-to",
            form,
            "--outdir",
            str(folder),
            *map(str, documents),
        ]
        output = _run(command, profile)
    for document in documents:
        made = folder / f"{document.stem}.{form}"
        if not made.exists() or made.stat().st_size == 0:
            raise OfficeFailed(
                f"{office} made no {form.upper()} of {document}: {' '.join(output.split())[-500:] or 'it said nothing'}; "
                "is its package for text documents installed (libreoffice-writer-nogui)?"
            )


def _run(command: Sequence[str], home: str) -> str:
    """soffice is a script around the program that works, so the whole group ends with it."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            env={**os.environ, "HOME": home},
        )
    except OSError as error:
        raise OfficeFailed(f"{command[0]} can't be started: {error}") from error
    try:
        return process.communicate(timeout=SECONDS)[0]
    except subprocess.TimeoutExpired as error:
        raise OfficeFailed(f"{command[0]} was not done within {SECONDS} s and was stopped; try again: scripts/report RUN") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
