# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin a run: check the inventory, choose the run's id, tell what a recheck looks at.

The rules are loaded only where a host's settings name some: it takes longer than all else here, and the hosts wait.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .archive import host_file_name
from .facts.cluster import COMPARED, device_of
from .levels import check_levels
from .records import runs
from .records.database import open_records, transaction
from .settings import BadSetting, settings_of
from .waivers import parse_waivers

# In the run's folder of the archive, where there are clusters: {cluster: its hosts in the inventory}
CLUSTERS_FILE = "clusters.json"
# Hosts whose settings are wrong that one message tells; a mistake in group_vars is the same for thousands
SHOWN_PROBLEMS = 20


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
    subjects: Iterable[str], clusters: Mapping[str, Iterable[str]],
) -> Run:
    """Check all hosts' settings, then choose and reserve a run id. Raises BadSetting, BadRun or BadRecords.

    variables  {host: its caretaker_* variables}
    run        the id wished for, or None for the next one of the quarter
    clusters   {caretaker_cluster: all its hosts in the inventory}
    """
    check_hosts(variables)
    check_subjects(subjects)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_records(home, url)
    with transaction(engine) as connection:
        recorded = runs.run_ids(connection)
        failed = _failed(connection, recheck_of, recorded) if recheck_of else {}
    chosen = _reserve(home, run, recorded)
    if clusters:
        known = {name: sorted(members) for name, members in clusters.items()}
        (home / "archive" / host_file_name(chosen) / CLUSTERS_FILE).write_text(json.dumps(known))
    return Run(chosen, recheck_of, _looked_at(failed, clusters))


def check_hosts(variables: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise one BadSetting that tells what is wrong with each host, so that an inventory can be mended at once."""
    wrong = []
    for host, mine in variables.items():
        try:
            check_host(host, mine)
        except BadSetting as error:
            wrong.append(str(error))
    if wrong:
        more = [f"and {len(wrong) - SHOWN_PROBLEMS} more hosts"] if len(wrong) > SHOWN_PROBLEMS else []
        raise BadSetting("\n".join(wrong[:SHOWN_PROBLEMS] + more))


def check_host(host: str, variables: Mapping[str, Any]) -> None:
    """Raise BadSetting for the first variable of a host that is misspelt or of the wrong type."""
    chosen = settings_of(host, variables)
    if chosen.get("levels") or chosen.get("waivers"):
        from .registry import RULES_BY_ID
        check_levels(host, chosen.get("levels", {}), RULES_BY_ID)
        parse_waivers(host, chosen.get("waivers", ()), RULES_BY_ID)


def check_subjects(subjects: Iterable[str]) -> None:
    wanted = list(subjects)
    if not wanted:
        return
    from .registry import SUBJECTS
    known = {subject.name for subject in SUBJECTS}
    for name in wanted:
        if name not in known:
            raise BadSetting(f"caretaker_subjects: unknown subject {name!r}; there are {', '.join(sorted(known))}")


def _failed(connection: Any, recheck_of: str, recorded: list[str]) -> dict[str, set[str]]:
    if recheck_of not in recorded:
        newest = f"; the newest is {max(recorded)}" if recorded else "; nothing was inspected yet"
        raise BadRun(f"recheck={recheck_of}: there is no such run in the records{newest}")
    from .records.hosts import failed_in
    failed = failed_in(connection, recheck_of)
    if not failed:
        raise BadRun(f"recheck={recheck_of}: that run found nothing open, so there is nothing to recheck")
    return failed


def _looked_at(failed: Mapping[str, set[str]], clusters: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """{host: subjects} of a recheck: what failed on the host itself, and what is compared in the clusters that failed."""
    wanted = {host: set(subjects_of_rules(rules)) for host, rules in failed.items()}
    for name, members in clusters.items():
        if wanted.pop(device_of(name), None):
            for host in members:
                wanted.setdefault(host, set()).update(COMPARED)
    return {host: tuple(sorted(subjects)) for host, subjects in wanted.items()}


def subjects_of_rules(rules: Iterable[str]) -> tuple[str, ...]:
    """The subjects whose facts the rules need: what failed and its neighbours; all of them for a host that was not seen."""
    from .registry import RULES_BY_ID, SUBJECTS
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
