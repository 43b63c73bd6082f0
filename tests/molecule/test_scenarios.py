# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each folder molecule/NAME with a molecule.yml is one test. Its output is kept in tests/output/molecule-NAME.log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "tests" / "output"
SCENARIOS = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))
LINES_SHOWN = 60
LINES_OF_FAILURE = 40
CHARACTERS_OF_LINE = 4000
FAILURE = ("fatal: ", "failed: ", "[ERROR]: ")
SECONDS_ALLOWED = 1800

pytestmark = [pytest.mark.molecule, pytest.mark.lab]


def test_there_are_scenarios() -> None:
    assert SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"molecule-{scenario}.log"
    programs = Path(sys.executable).parent
    with log.open("w") as output:
        done = subprocess.run(
            [programs / "molecule", "test", "--scenario-name", scenario], cwd=ROOT, check=False,
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "NO_COLOR": "1", "PY_COLORS": "0"},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, timeout=SECONDS_ALLOWED,
        )
    if done.returncode != 0:
        pytest.fail(f"molecule ended with status {done.returncode}; from {log}:\n{told(log.read_text().splitlines())}", pytrace=False)


def told(lines: list[str]) -> str:
    """The end of a scenario's log, and after it the tasks that failed: a play goes on with its other hosts, so their lines may stand far above."""
    failed = [number for number, line in enumerate(lines) if line.startswith(FAILURE)]
    tasks = [max((above for above in range(number) if lines[above].startswith("TASK ")), default=number) for number in failed]
    parts = [lines[task : task + 1] + lines[number : number + LINES_OF_FAILURE] for task, number in zip(tasks, failed, strict=True)]
    return "\n".join([*lines[-LINES_SHOWN:], "What failed:", *(line[:CHARACTERS_OF_LINE] for part in parts for line in part)])
