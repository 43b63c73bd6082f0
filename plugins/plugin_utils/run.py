# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a run on the control node: begin it (check the inventory, choose its id), conclude it (judge, record, report)."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .archive import BadCapture, Capture, captures_of_run, host_file_name, load
from .levels import check_levels
from .outcome import outcome_of
from .records import runs
from .records.database import BadRecords, open_records, transaction
from .registry import RULES_BY_ID, SUBJECTS
from .reports.folder import Finished, ReportFolder
from .settings import BadSetting, settings_of
from .waivers import parse_waivers

TOGETHER = 20       # hosts judged and recorded at a time: a statement costs as much for one as for many, their captures take memory


class BadRun(Exception):
    """A run that can't begin or be concluded; the text names what is wrong and what to do."""


@dataclass(frozen=True)
class Run:
    """What a run looks at: ``subjects_by_host`` is empty for a whole inspection; a host not named in it is left out."""

    id: str
    recheck_of: str | None
    subjects_by_host: Mapping[str, tuple[str, ...]]


def begin(
    home: Path, url: str | None, variables: Mapping[str, Mapping[str, Any]], run: str | None, recheck_of: str | None,
    subjects: Iterable[str],
) -> Run:
    """Check all hosts' settings, then choose and reserve a run id. Raises BadSetting, BadRun or BadRecords.

    variables  {host: its caretaker_* variables}
    run        the id wished for, or None for the next one of the quarter
    """
    for host, mine in variables.items():
        check_host(host, mine)
    check_subjects(subjects)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_records(home, url)
    with transaction(engine) as connection:
        recorded = runs.run_ids(connection)
        failed = _failed(connection, recheck_of, recorded) if recheck_of else {}
    chosen = _reserve(home, run, recorded)
    return Run(chosen, recheck_of, {host: subjects_of_rules(rules) for host, rules in failed.items()})


def check_host(host: str, variables: Mapping[str, Any]) -> None:
    """Raise BadSetting for the first variable of a host that is misspelt or of the wrong type."""
    chosen = settings_of(host, variables)
    check_levels(host, chosen.get("levels", {}), RULES_BY_ID)
    parse_waivers(host, chosen.get("waivers", ()), RULES_BY_ID)


def check_subjects(subjects: Iterable[str]) -> None:
    known = {subject.name for subject in SUBJECTS}
    for name in subjects:
        if name not in known:
            raise BadSetting(f"caretaker_subjects: unknown subject {name!r}; there are {', '.join(sorted(known))}")


def _failed(connection: Any, recheck_of: str, recorded: list[str]) -> dict[str, set[str]]:
    if recheck_of not in recorded:
        newest = f"; the newest is {max(recorded)}" if recorded else "; nothing was inspected yet"
        raise BadRun(f"recheck={recheck_of}: there is no such run in the records{newest}")
    failed = runs.failed_in(connection, recheck_of)
    if not failed:
        raise BadRun(f"recheck={recheck_of}: that run found nothing open, so there is nothing to recheck")
    return failed


def subjects_of_rules(rules: Iterable[str]) -> tuple[str, ...]:
    """The subjects whose facts the rules need: what failed and its neighbours; all of them for a host that was not seen."""
    known = {subject.name for subject in SUBJECTS}
    needed = {need.split(".")[0] for rule in rules if rule in RULES_BY_ID for need in RULES_BY_ID[rule].needs} & known
    return tuple(sorted(needed or known))


def _reserve(home: Path, wished: str | None, recorded: list[str]) -> str:
    """Make the run's folder in the archive; of two runs that begin at once only one gets an id."""
    archive = home / "archive"
    archive.mkdir(parents=True, exist_ok=True, mode=0o700)
    if wished is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", wished):
        raise BadRun(f"caretaker_run={wished}: a run id is made of letters, digits, dot, dash and underscore, at most 64")
    while True:
        taken = [*recorded, *os.listdir(archive)]
        if wished is not None and wished in taken:
            raise BadRun(f"caretaker_run={wished}: that run exists already; leave the id out to get the next one")
        chosen = wished or runs.next_run(taken, datetime.now(UTC))
        try:
            (archive / host_file_name(chosen)).mkdir(mode=0o700)
            return chosen
        except FileExistsError:
            continue


def conclude(
    home: Path, url: str | None, run: str, report_dir: Path | None = None, recheck_of: str | None = None, customer: str | None = None
) -> tuple[Finished, Path]:
    """Judge all captures of a run, record it whole or not at all, and write its report; the report and its folder.

    Raises BadRun or BadRecords. The archive stays as it is, so that the run can be concluded again after a failure.
    """
    paths = captures_of_run(home, run)
    if not paths:
        raise BadRun(f"run {run}: the archive {home / 'archive'} holds no captures of it; inspect some hosts first")
    target = report_dir or home / "reports" / host_file_name(run)
    partial = target.with_name(target.name + ".partial")
    engine = open_records(home, url)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        with transaction(engine) as connection:
            if run in runs.run_ids(connection):
                raise BadRun(f"run {run} is recorded already; scripts/replay judges its archive again without recording")
            finished = _record(connection, paths, partial, run, recheck_of, customer)
            runs.add_artefacts(connection, run, {str(target / name): sha256 for name, sha256 in finished.files.items()})
        _put_in_place(partial, target)
    except OSError as error:
        problem = f"run {run}: its report can't be written: {error}; make room or name another folder, then conclude it again"
        raise BadRun(problem) from error
    return finished, target


def _record(
    connection: Any, paths: list[Path], folder: Path, run: str, recheck_of: str | None, customer: str | None
) -> Finished:
    started_at = datetime.fromtimestamp(paths[0].parent.stat().st_ctime, UTC)
    report = ReportFolder(folder, run, started_at, recheck_of, customer)
    runs.add_run(connection, run, started_at, recheck_of)
    for first in range(0, len(paths), TOGETHER):
        some = paths[first:first + TOGETHER]
        captures = [_load(run, path) for path in some]
        ids = runs.device_ids(connection, {capture.host: capture.settings for capture in captures})
        past, history = runs.past_of(connection, ids.values()), runs.history_of(connection, ids.values())
        outcomes = {
            ids[capture.host]: (outcome_of(capture, past[ids[capture.host]], history[ids[capture.host]]), sha256_of(path))
            for capture, path in zip(captures, some, strict=True)
        }
        runs.add_outcomes(connection, outcomes)
        trends = runs.trend_of(connection, outcomes)
        for device, (outcome, sha256) in outcomes.items():
            report.add(outcome, trends[device], sha256)
    return report.finish()


def _load(run: str, path: Path) -> Capture:
    try:
        return load(path)
    except BadCapture as error:
        raise BadRun(f"run {run}: {error}; take the file away to conclude the run without this host") from error


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _put_in_place(partial: Path, target: Path) -> None:
    """The finished folder under its name; files of an earlier report there are replaced, others left alone."""
    if not target.exists():
        partial.rename(target)
        return
    for path in sorted(partial.rglob("*")):
        destination = target / path.relative_to(partial)
        if path.is_dir():
            destination.mkdir(exist_ok=True)
        else:
            path.replace(destination)
    shutil.rmtree(partial)


__all__ = ["BadRecords", "BadRun", "Run", "begin", "check_host", "conclude", "subjects_of_rules"]
