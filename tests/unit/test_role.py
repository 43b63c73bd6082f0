# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role says of its variables is what its task files use and its defaults give."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLE = Path(__file__).parents[2] / "roles" / "inspection"
ENTRY_POINTS = ("begin", "capture", "conclude")
# Used at the end only, refused before any host is looked at
CHECKED_EARLY = {"begin": {"inspection_fail_on", "inspection_documents"}}


def read(name: str) -> Any:
    return yaml.safe_load((ROLE / name).read_text())


SPECS = read("meta/argument_specs.yml")["argument_specs"]
DEFAULTS = set(read("defaults/main.yml"))


def test_every_task_file_is_an_entry_point() -> None:
    assert set(SPECS) == {path.stem for path in (ROLE / "tasks").glob("*.yml")} == set(ENTRY_POINTS)


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_options_are_what_the_tasks_use(entry_point: str) -> None:
    tasks = read(f"tasks/{entry_point}.yml")
    registered = {task["register"] for task in tasks if "register" in task}
    used = set(re.findall(r"\binspection_\w+", str(tasks))) - registered
    assert set(SPECS[entry_point]["options"]) == used | CHECKED_EARLY.get(entry_point, set())


def test_an_option_has_a_default_or_is_required() -> None:
    required = {name for spec in SPECS.values() for name, option in spec["options"].items() if option.get("required")}
    described = {name for spec in SPECS.values() for name in spec["options"]}
    assert described - required == DEFAULTS
    assert not required & DEFAULTS


def test_every_option_has_type_and_description() -> None:
    for entry_point, spec in SPECS.items():
        for name, option in spec["options"].items():
            assert option.get("type") and option.get("description"), f"{entry_point}: {name}"


def test_an_option_has_one_type() -> None:
    types = [(name, option["type"], option.get("elements")) for spec in SPECS.values() for name, option in spec["options"].items()]
    names = {name for name, _type, _elements in types}
    assert len(set(types)) == len(names)
