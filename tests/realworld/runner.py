# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Feed every claimed case of a folder of recordings through capture form, facts and rules; answer, score, cut."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from plugins.plugin_utils.inspection import Inspection, judge
from plugins.plugin_utils.registry import RULES_BY_ID
from plugins.plugin_utils.wording import render

from .adapter import Adapter, Answer, Case, capture_of
from .registry import ADAPTERS

CUTS = (0.0, 0.25, 0.5, 0.9)
FINE = frozenset({"ok", "none", "active"})


class BadRecordings(Exception):
    """The folder is not one of recordings; the text says what is missing."""


def run(folder: Path, sets: list[str], answers_file: Path | None, show_wrong: bool, cut: bool) -> int:
    """Answer and score; exit status 1 if a machine that is not ok was called ok, or a case crashed."""
    chosen = sets or sorted(path.parent.name for path in folder.glob("*/expected.json"))
    if not chosen:
        raise BadRecordings(f"{folder} holds no SET/expected.json")
    answers: dict[str, dict[str, Any]] = {}
    claimed: set[str] = set()
    unclaimed: Counter[str] = Counter()
    problems: list[str] = []
    for name, case, wanted in cases(folder, chosen):
        adapter = ADAPTERS.get((name, case.kind))
        if adapter is None:
            unclaimed[f"{name}/{case.kind}"] += 1
            continue
        claimed.add(name)
        answer, inspection = answer_of(adapter, case)
        answers[f"{name}/{case.name}"] = {"verdict": answer.verdict, "values": dict(answer.values)}
        problems += crashes(f"{name}/{case.name}", inspection)
        if wanted is not None and answer.verdict in FINE and wanted not in FINE:
            problems.append(f"{name}/{case.name}: called {answer.verdict}, but is {wanted}")
        if show_wrong:
            for line in wrong(case, wanted, answer, adapter, inspection):
                print(f"{name}/{case.name}: {line}")
        if cut:
            problems += cut_problems(f"{name}/{case.name}", adapter, case, wanted)
    print_scores(folder, answers, answers_file, sorted(claimed))
    if unclaimed:
        print("not claimed: " + ", ".join(f"{kind} ({count})" for kind, count in sorted(unclaimed.items())))
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


def cases(folder: Path, sets: list[str]) -> Iterator[tuple[str, Case, str | None]]:
    """(set, case, verdict that is right or None) of all cases."""
    for name in sets:
        try:
            document = json.loads((folder / name / "expected.json").read_text())
        except (OSError, ValueError) as error:
            raise BadRecordings(f"{folder / name / 'expected.json'} can't be read: {error}") from error
        for item in document["cases"]:
            texts = tuple((folder / name / path).read_bytes().decode("utf-8", "replace") for path in item["inputs"])
            case = Case(item["id"], item.get("kind", ""), tuple(item["inputs"]), texts, item["expected"], folder / name)
            yield name, case, item.get("verdict")


def answer_of(adapter: Adapter, case: Case) -> tuple[Answer, Inspection]:
    capture = capture_of(case, adapter.entries(case))
    rules = [RULES_BY_ID[rule] for rule in adapter.rules]
    inspection = judge(capture, rules=rules)
    return adapter.answer(case, inspection), inspection


def crashes(name: str, inspection: Inspection) -> list[str]:
    """Findings that tell of a crash in a parser or a rule: bad input must never lead to one."""
    return [f"{name}: {render(item.message, item.values)}" for item in inspection.findings
            if item.message.startswith(("the parser of {subject} failed", "the rule failed"))]


def wrong(case: Case, wanted: str | None, answer: Answer, adapter: Adapter, inspection: Inspection) -> Iterator[str]:
    if wanted is not None and answer.verdict != wanted:
        yield f"verdict {answer.verdict}, expected {wanted}: " + "; ".join(
            f"{item.severity.name} {item.rule} {item.object} {render(item.message, item.values)}"
            for item in inspection.findings if item.severity > 0)[:600]
    expected = dict(flat(case.expected))
    for name, value in answer.values.items():
        if name in expected and expected[name] != value:
            yield f"value {name}: {value!r}, expected {expected[name]!r}"


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flat(item, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, value


def cut_problems(name: str, adapter: Adapter, case: Case, wanted: str | None) -> list[str]:
    """Each input cut: the answer must be the whole's, or not fine; and nothing may crash."""
    problems = []
    for share in CUTS:
        short = replace(case, texts=tuple(text.encode()[: int(len(text.encode()) * share)].decode("utf-8", "replace") for text in case.texts))
        try:
            answer, inspection = answer_of(adapter, short)
        except Exception as error:
            problems.append(f"{name} cut at {share:.0%}: {type(error).__name__}: {error}")
            continue
        problems += [f"{problem} (cut at {share:.0%})" for problem in crashes(name, inspection)]
        if wanted is not None and answer.verdict in FINE and wanted not in FINE:
            problems.append(f"{name} cut at {share:.0%}: called {answer.verdict}, but is {wanted}")
        if share == 0 and answer.verdict in FINE and any(case.texts):
            problems.append(f"{name} with nothing in it: called {answer.verdict}")
    return problems


def print_scores(folder: Path, answers: dict[str, dict[str, Any]], answers_file: Path | None, sets: list[str]) -> None:
    """What the folder's own score.py says of our answers."""
    if not sets:
        print("no kind of these sets is claimed")
        return
    with tempfile.TemporaryDirectory() as temporary:
        path = answers_file or Path(temporary) / "answers.json"
        path.write_text(json.dumps(answers, indent=1, default=str))
        subprocess.run([sys.executable, str(folder.resolve() / "score.py"), str(path.resolve()), *sets], check=True)
