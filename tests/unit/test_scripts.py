# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that make their own environment, run as a user runs them, with stand-ins for pip and ansible-playbook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SHOW = """\
#!/usr/bin/env python3
from _venv import enter
enter()
import json, os, sys
print(json.dumps({"prefix": sys.prefix, "arguments": sys.argv[1:], "cwd": os.getcwd(),
                  "collections": os.environ["ANSIBLE_COLLECTIONS_PATH"], "config": os.environ["ANSIBLE_CONFIG"]}))
"""
# A requirements.txt without a requirement: pip has nothing to fetch
NOTHING = "# nothing\n"
PLAYBOOK = """\
#!/bin/sh
printf '%s\\n' "$@"
exit 4
"""


def make_checkout(parent: Path) -> Path:
    """A small checkout, in a folder with a blank in its name: the scripts and nothing to install."""
    folder = parent / "my checkout"
    (folder / "scripts").mkdir(parents=True)
    for name in ("_venv.py", "inspect"):
        shutil.copy2(SCRIPTS / name, folder / "scripts")
    (folder / "scripts" / "show").write_text(SHOW)
    (folder / "requirements.txt").write_text(NOTHING)
    (folder / "requirements-dev.txt").write_text(NOTHING)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose environment is made, with a stand-in for ansible-playbook that tells its arguments."""
    folder = make_checkout(tmp_path_factory.mktemp("ready"))
    shown(run(folder, "show"))
    program = folder / ".venv" / "bin" / "ansible-playbook"
    program.write_text(PLAYBOOK)
    program.chmod(0o755)
    return folder


def run(
    checkout: Path, *arguments: str, cwd: Path | None = None, **environment: str,
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("ANSIBLE_", "CARETAKER_", "VIRTUAL_ENV"))}
    script = checkout / "scripts" / arguments[0]
    return subprocess.run(
        [sys.executable, script, *arguments[1:]], cwd=cwd or checkout, env={**clean, **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )


def shown(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    result: dict[str, str] = json.loads(done.stdout)
    return result


def test_makes_the_environment_once_and_again_when_the_requirements_change(checkout: Path, tmp_path: Path) -> None:
    first = run(checkout, "show", "--limit", "a b", cwd=tmp_path)
    assert shown(first) == {
        "prefix": str(checkout / ".venv"), "arguments": ["--limit", "a b"], "cwd": str(tmp_path),
        "collections": f"{checkout}/.venv/collections:~/.ansible/collections:/usr/share/ansible/collections",
        "config": str(checkout / "ansible.cfg"),
    }
    assert "Making the virtual environment" in first.stderr
    assert (checkout / ".venv/collections/ansible_collections/caretaker/infra").resolve() == checkout
    assert run(checkout, "show").stderr == ""

    (checkout / "requirements.txt").write_text("# nothing else\n")
    changed = run(checkout, "show")
    assert "Making" not in changed.stderr and "Installing requirements.txt ..." in changed.stderr
    assert run(checkout, "show").stderr == ""


def test_an_interrupted_or_moved_environment_is_made_anew(checkout: Path) -> None:
    shown(run(checkout, "show"))
    (checkout / ".venv" / "caretaker.json").unlink()
    assert "Making the virtual environment" in run(checkout, "show").stderr

    moved = checkout.rename(checkout.with_name("moved"))
    again = run(moved, "show")
    assert "Making the virtual environment" in again.stderr
    assert shown(again)["prefix"] == str(moved / ".venv")


def test_of_two_first_runs_one_waits(checkout: Path) -> None:
    command = [sys.executable, str(checkout / "scripts" / "show")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(process.communicate(timeout=120), process.returncode) for process in both]
    assert [code for _, code in ends] == [0, 0]
    assert sum("Making" in errors for (_, errors), _ in ends) == 1


def test_pip_failure_is_told_and_leaves_nothing_that_looks_ready(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text("caretaker-has-no-such-requirement==1.0\n")
    done = run(checkout, "show", PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="")
    assert done.returncode == 1
    assert "pip could not install requirements.txt" in done.stderr and "PIP_INDEX_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (checkout / ".venv" / "caretaker.json").exists()


def test_unwritable_place_is_told(checkout: Path) -> None:
    done = run(checkout, "show", CARETAKER_VENV="/proc/caretaker/venv")      # not even root may write there
    assert done.returncode == 1
    assert "Set CARETAKER_VENV to a folder that you may write" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_of_another_checkout_is_not_emptied_through_a_link(checkout: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").touch()
    (checkout / ".venv").symlink_to(other)
    done = run(checkout, "show")
    assert done.returncode == 1
    assert f".venv is a link to {other}" in done.stderr and "Remove the link" in done.stderr
    assert (other / "kept").exists()


def playbook_arguments(ready: Path, *arguments: str, cwd: Path) -> list[str]:
    done = run(ready, "inspect", *arguments, cwd=cwd)
    assert done.returncode == 4, done.stderr        # that of the stand-in
    return done.stdout.splitlines()


def test_inspect_looks_at_this_machine_by_default(ready: Path, tmp_path: Path) -> None:
    assert playbook_arguments(ready, cwd=tmp_path) == [
        "caretaker.infra.inspect", "-i", str(ready / "inventories" / "local"),
    ]


def test_inspect_passes_options_through_and_makes_its_folders_absolute(ready: Path, tmp_path: Path) -> None:
    given = ["-i", "fleet.yml", "--report", "my report", "--home=home", "--fail-on", "warning",
             "--limit", "db*", "-e", "recheck=2026Q4-001", "-vv"]
    assert playbook_arguments(ready, *given, cwd=tmp_path) == [
        "caretaker.infra.inspect", "-i", "fleet.yml",
        "-e", json.dumps({"caretaker_report_dir": str(tmp_path / "my report")}),
        "-e", json.dumps({"caretaker_home": str(tmp_path / "home")}),
        "-e", json.dumps({"caretaker_fail_on": "warning"}),
        "--limit", "db*", "-e", "recheck=2026Q4-001", "-vv",
    ]


@pytest.mark.parametrize("name", ["C", "xx_XX.UTF-8"])
def test_ansible_gets_a_locale_that_it_accepts(ready: Path, name: str) -> None:
    (ready / "scripts" / "locale").write_text(SHOW.split("import json")[0] + "import os; print(os.environ['LC_ALL'])\n")
    assert run(ready, "locale", LC_ALL=name).stdout == "C.UTF-8\n"


def test_inspect_refuses_a_severity_it_does_not_know(ready: Path) -> None:
    done = run(ready, "inspect", "--fail-on", "minor")
    assert done.returncode == 2
    assert "invalid choice: 'minor'" in done.stderr


def old_pythons() -> list[str]:
    """Interpreters older than 3.11 that run here."""
    found = []
    for name in ("python3.6", "python3.7", "python3.8", "python3.9", "python3.10"):
        places = [shutil.which(name), *map(str, Path.home().glob(f".pyenv/versions/{name[6:]}.*/bin/{name}"))]
        found += [place for place in places if place and subprocess.call(
            [place, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0]
    return sorted(set(found))


def test_too_old_a_python_is_told_or_gives_way(checkout: Path) -> None:
    """Where no old interpreter is installed, this one plays it, by a requirement that is newer than it."""
    text = (checkout / "scripts" / "_venv.py").read_text()
    olds = old_pythons()
    if not olds:
        (checkout / "scripts" / "_venv.py").write_text(text.replace("OLDEST = (3, 11)", "OLDEST = (3, 99)"))
    for python in olds or [sys.executable]:
        command = [python, checkout / "scripts" / "show"]
        none = subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False)
        assert none.returncode == 1
        assert "Caretaker needs Python 3." in none.stderr and "Traceback" not in none.stderr
        if olds:
            path = f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}"
            environment = {**os.environ, "PATH": path}
            newer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert shown(newer)["prefix"] == str(checkout / ".venv")
