# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each folder molecule/NAME with a molecule.yml is one test. Its output is kept in tests/output/molecule-NAME.log."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "tests" / "output"
SCENARIOS = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))
LINES_SHOWN = 60
CHARACTERS_SHOWN = 20000     # of a task
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
        pytest.fail(f"molecule ended with status {done.returncode}; from {log}:\n{told(log.read_text())}", pytrace=False)


def told(log: str) -> str:
    """The end of a scenario's log, and after it the tasks that failed: a play goes on with its other hosts, so they may stand far above."""
    tasks = re.split(r"\n(?=TASK \[|PLAY )", log)
    failed = [task[-CHARACTERS_SHOWN:] for task in tasks if re.search(r"^(?:fatal|failed): ", task, re.MULTILINE)]
    return "\n".join([*log.splitlines()[-LINES_SHOWN:], "What failed:", *failed])
