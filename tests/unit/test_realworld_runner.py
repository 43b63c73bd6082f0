# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of recordings, on a small folder of our own making."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.realworld.registry import ADAPTERS
from tests.realworld.runner import BadRecordings, run

SCORE = "import json, sys; print('scored', len(json.load(open(sys.argv[1]))), *sys.argv[2:])\n"
MDSTAT = ("Personalities : [raid1]\nmd0 : active raid1 sda1[0] sdb1[1](F)\n      1048512 blocks super 1.2 [2/1] [U_]\n\n"
          "unused devices: <none>\n")


def recordings(folder: Path, verdict: str, text: str = MDSTAT) -> Path:
    (folder / "mdstat").mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "mdstat" / "case").write_text(text)
    cases = [{"id": "one", "kind": "mdstat_verdict", "inputs": ["case"], "expected": {}, "verdict": verdict},
             {"id": "two", "kind": "of another planet", "inputs": [], "expected": {}}]
    (folder / "mdstat" / "expected.json").write_text(json.dumps({"cases": cases}))
    return folder


def test_answers_and_scores(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(recordings(tmp_path, "critical"), [], None, show_wrong=True, cut=True) == 0
    output = capfd.readouterr().out
    assert "scored 1 mdstat" in output
    assert "not claimed: mdstat/of another planet (1)" in output


def test_not_ok_called_ok_is_a_problem(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    healthy = MDSTAT.replace("(F)", "").replace("[2/1] [U_]", "[2/2] [UU]")
    assert run(recordings(tmp_path, "critical", healthy), [], None, show_wrong=False, cut=False) == 1
    assert "PROBLEM mdstat/one: called ok, but is critical" in capfd.readouterr().out


def test_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadRecordings, match=r"holds no SET/expected\.json"):
        run(tmp_path, [], None, show_wrong=False, cut=False)
    with pytest.raises(BadRecordings, match="can't be read"):
        run(tmp_path, ["none"], None, show_wrong=False, cut=False)


def test_the_docs_name_the_kinds_that_are_claimed() -> None:
    """Each claimed kind stands in the row of its set, and no other does."""
    text = (Path(__file__).parents[2] / "docs" / "realworld.md").read_text()
    rows = re.findall(r"^\| (\w+) \| (`.*`) \|$", text.partition("\n## Claimed\n")[2].partition("\n## ")[0], re.MULTILINE)
    told = {(name, kind) for name, kinds in rows for kind in re.findall(r"`([^`]+)`", kinds)}
    assert told == set(ADAPTERS)
