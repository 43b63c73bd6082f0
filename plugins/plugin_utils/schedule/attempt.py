# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One try of the timer: the approved plan, where one is needed, and the inspection through ansible-runner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import ansible_runner
from ansible_runner.exceptions import AnsibleRunnerException

from ..approval.decision import BadDecision, read_all
from ..approval.gate import Situation, lacking
from ..approval.plan import READ_ONLY, BadPlan, load
from .config import Schedule
from .tries import FAILED, INCOMPLETE, INSPECTED

PLAYBOOK = "caretaker.infra.inspect"
LAST_LINES = 30


class NoPlan(Exception):
    """No plan that may be carried out now; the text says what there is and what each lacks."""


@dataclass(frozen=True)
class Ended:
    """``text``: the run's summary, or the end of what Ansible said. ``report``: the report's folder."""

    outcome: str
    text: str
    run: str | None = None
    report: str | None = None
    counts: Mapping[str, int] | None = None


def approved_plan(home: Path, approvers_file: Path, now: datetime) -> Path:
    """The inspection plan, approved, whose window is open now. Raises NoPlan."""
    try:
        approvers = approvers_file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise NoPlan(f"the approvers file can't be read: {error}") from error
    problems = []
    for path in sorted(home.glob("plans/*/plan.yml")):
        try:
            plan = load(path)
            if plan.kind != READ_ONLY or not plan.window_from <= now < plan.window_until:
                continue
            lacks = tuple(lacking(plan, read_all(path), Situation(now, {}, {}, approvers, None, ())))
        except (BadPlan, BadDecision) as error:
            problems.append(str(error))
            continue
        if not lacks:
            return path
        problems.append(f"{plan.id}: {'; '.join(lacks)}")
    raise NoPlan("; ".join(problems) or "no plan of an inspection has a window that is open now; playbooks/plan_inspection.yml writes one")


def inspect(schedule: Schedule, home: Path, plan: Path | None, seconds: float) -> Ended:
    """Run the inspection; it is ended after so many seconds, for the agreed hours are over then."""
    variables: dict[str, Any] = {**schedule.variables, "caretaker_home": str(home)}
    if plan:
        variables["plan"] = str(plan)
    folder = home / "schedule" / "runner"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        runner = ansible_runner.run(
            private_data_dir=str(folder), playbook=PLAYBOOK, inventory=list(schedule.inventories), extravars=variables,
            envvars={"ANSIBLE_HOST_PATTERN_MISMATCH": "error"}, quiet=True, rotate_artifacts=schedule.keep, timeout=max(1, int(seconds)),
            # What a try before left in env/ must not steer this one
            suppress_env_files=True)
    except (OSError, ValueError, AnsibleRunnerException) as error:
        return Ended(FAILED, f"ansible-runner could not begin: {error}")
    concluded = _concluded(runner.events)
    if concluded is None:
        end = "\n".join(runner.stdout.read().splitlines()[-LAST_LINES:])
        return Ended(FAILED, f"the agreed hours ended before the inspection did\n{end}" if runner.status == "timeout" else end)
    return Ended(INCOMPLETE if concluded["counts"]["unreached"] else INSPECTED, "\n".join(concluded["text"]),
                 concluded["run"], concluded["folder"], concluded["counts"])


def _concluded(events: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What conclude_run returned; None if the run did not come to it."""
    for event in events:
        data = event.get("event_data", {})
        if event.get("event") == "runner_on_ok" and data.get("resolved_action", data.get("task_action")) == "caretaker.infra.conclude_run":
            result = data.get("res")
            return result if isinstance(result, Mapping) else None
    return None
