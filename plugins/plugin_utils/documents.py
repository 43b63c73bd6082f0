# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the documents of a run that is concluded, then or at any later time, and record their sha256 with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .archive import BadCapture, captures_of_run, load
from .records import runs
from .records.database import open_records, transaction
from .reports.documents.context import Context, gather
from .reports.documents.finished import BadFolder
from .reports.documents.writing import Written, write_documents
from .reports.sharing.folder import share


@dataclass(frozen=True)
class Sources:
    """What documents tell beside the report; None for what there is not.

    ``approvers``: file with the keys that signatures are held against.
    """

    logo: Path | None = None
    plan: Path | None = None
    approvers: Path | None = None
    ledger: Path | None = None


def share_report(home: Path, run: str, folder: Path, target: Path, wanted: Sequence[str]) -> Written:
    """Write a run's report and documents without what tells whose it is. Raises BadFolder, also for a run whose captures are gone."""
    try:
        captures = [load(path) for path in captures_of_run(home, run)]
    except BadCapture as error:
        raise BadFolder(f"run {run}: names to replace are found in its captures, and one can't be read: {error}") from error
    if not captures:
        raise BadFolder(f"run {run}: names to replace are found in its captures, and {home / 'archive'} holds none of it")
    share(folder, target, captures, home / "share" / "names.json")
    return write_documents(target, wanted, Context(workbook="xlsx" in wanted, for_strangers=True))


def add_documents(home: Path, url: str | None, run: str, folder: Path, wanted: Sequence[str], sources: Sources) -> Written:
    """Write ``wanted`` (of writing.FORMS) into the run's report folder. Raises BadFolder or BadRecords."""
    context = gather(sources.logo, sources.plan, sources.approvers, sources.ledger, workbook="xlsx" in wanted)
    written = write_documents(folder, wanted, context)
    with transaction(open_records(home, url)) as connection:
        if run in runs.run_ids(connection):
            runs.add_artefacts(connection, run, {str(folder / name): sha256 for name, sha256 in written.files.items()})
    return written
