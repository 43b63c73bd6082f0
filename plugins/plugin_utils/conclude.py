# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conclude a run: judge its captures, record and report them."""

from __future__ import annotations

import gc
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .archive import BadCapture, Capture, captures_of_run, host_file_name, load
from .begin import BadRun
from .clusters import captures_of, expected_of, judge_cluster, seen_of
from .ledger import anchors
from .ledger.anchors import Anchor
from .outcome import Outcome, compared, outcome_of
from .records import hosts, runs
from .records.database import open_records, transaction
from .reports.folder import Finished, ReportFolder

TOGETHER = 50       # hosts judged and recorded at a time: a statement costs as much for one as for many, their captures take memory


def conclude(
    home: Path, url: str | None, run: str, report_dir: Path | None = None, recheck_of: str | None = None, customer: str | None = None,
    ledger: Path | None = None,
) -> tuple[Finished, Path]:
    """Judge all captures of a run, record it whole or not at all, and write its report; the report and its folder.

    ledger  whose newest anchor the report shows

    Raises BadRun or BadRecords. The archive stays as it is, so that the run can be concluded again after a failure.
    """
    gc.set_threshold(100_000)       # judging a host makes some ten thousand objects, which go without being looked for
    paths = captures_of_run(home, run)
    if not paths:
        raise BadRun(f"run {run}: the archive {home / 'archive'} holds no captures of it; inspect some hosts first")
    target = report_dir or home / "reports" / host_file_name(run)
    partial = target.with_name(target.name + ".partial")
    engine = open_records(home, url)
    try:
        with _empty_folder(partial), transaction(engine) as connection:
            if run in runs.run_ids(connection):
                raise BadRun(f"run {run} is recorded already; scripts/replay judges its archive again without recording")
            started_at = datetime.fromtimestamp(paths[0].parent.stat().st_ctime, UTC)
            runs.add_run(connection, run, started_at, recheck_of)
            report = ReportFolder(partial, run, started_at, recheck_of, customer, anchor_of(ledger) if ledger else None)
            finished = _record(connection, paths, report, run)
            runs.add_artefacts(connection, run, {str(target / name): sha256 for name, sha256 in finished.files.items()})
        _put_in_place(partial, target)
    except OSError as error:
        problem = f"run {run}: its report can't be written: {error}; make room or name another folder, then conclude it again"
        raise BadRun(problem) from error
    return finished, target


@contextmanager
def _empty_folder(path: Path) -> Iterator[None]:
    """A folder to fill; it goes again if that fails, and one that a killed run left behind is emptied first."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True, mode=0o700)
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def anchor_of(ledger: Path) -> Anchor | None:
    """The newest; None where there is none or it can't be read, which ``scripts/ledger verify`` tells with its reason."""
    try:
        return anchors.newest(ledger)
    except (OSError, ValueError):
        return None


def _record(connection: Any, paths: list[Path], report: ReportFolder, run: str) -> Finished:
    seen = []
    for first in range(0, len(paths), TOGETHER):
        some = paths[first:first + TOGETHER]
        captures = [_load(run, path) for path in some]
        ids = hosts.device_ids(connection, {capture.host: capture.settings for capture in captures})
        past, history = hosts.past_of(connection, ids.values()), hosts.history_of(connection, ids.values())
        outcomes = {
            ids[capture.host]: (outcome_of(capture, past[ids[capture.host]], history[ids[capture.host]]), sha256_of(path))
            for capture, path in zip(captures, some, strict=True)
        }
        _add(connection, report, outcomes)
        seen += [kept for capture in captures if (kept := seen_of(capture, outcomes[ids[capture.host]][0].inspection))]
    for capture, members in captures_of(seen, expected_of(paths[0].parent), run):
        (device,) = hosts.device_ids(connection, {capture.host: capture.settings}).values()
        inspection = judge_cluster(capture, members, hosts.history_of(connection, [device])[device])
        _add(connection, report, {device: (compared(capture, inspection, hosts.past_of(connection, [device])[device]), "")})
    return report.finish()


def _add(connection: Any, report: ReportFolder, outcomes: Mapping[int, tuple[Outcome, str]]) -> None:
    """Record and report some hosts, or a cluster; {device: (outcome, sha256 of its capture)}."""
    hosts.add_outcomes(connection, outcomes)
    trends = hosts.trend_of(connection, outcomes)
    for device, (outcome, sha256) in outcomes.items():
        report.add(outcome, trends[device], sha256)


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
