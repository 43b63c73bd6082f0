# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inspection under the oldest, the pinned and the newest ansible-core, of one host as each of its Pythons sees it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
import zstandard

from plugins.plugin_utils.archive import archive_path
from plugins.plugin_utils.registry import RULES_BY_ID
from scripts.lablib import interpreters
from tests.lab import ROOT, Done, findings, fresh_lab, on_host

pytestmark = pytest.mark.lab
LAB = "compat"
CORES = ROOT / "tests" / "output" / "cores"
PIP = "pip==26.3"
REQUIREMENTS = (ROOT / "requirements.txt").read_text()
PIN = re.compile(r"^ansible-core==(.+)$", re.MULTILINE)
PINNED = PIN.findall(REQUIREMENTS)[0]
OWN = "{}.{}".format(*sys.version_info)         # the Python that the project runs with on this machine
HOSTS_OWN = "3.11"                              # Debian 12's
# Subjects that look at this machine's load, which is another from one second to the next
MOMENTARY = {"block_devices", "cpu", "memory", "pressure", "processes"}


class Control(NamedTuple):
    """A control node; ``pipelining`` decides how the capture gets to the host (plugins/action/capture.py)."""

    core: str
    python: str
    pipelining: bool

    def __str__(self) -> str:
        return f"core {self.core} on {self.python}, {'program' if self.pipelining else 'module'}"


# The host's Pythons that each reaches. As a module: what ansible-core supports there. As a program: all
REACHED: dict[Control, tuple[str, ...]] = {
    Control("2.16.19", OWN, False): ("2.7", "3.6", "3.11"),
    Control("2.16.19", OWN, True): ("2.7", "3.6", "3.11"),
    Control(PINNED, OWN, False): ("3.8", "3.9", "3.11", "3.13"),
    Control(PINNED, OWN, True): ("2.7", "3.6", "3.8", "3.9", "3.11", "3.13"),
    Control("2.21.5", "3.13", False): ("3.9", "3.11", "3.13"),
    Control("2.21.5", "3.13", True): ("2.7", "3.6", "3.9", "3.11", "3.13"),
}
CASES = [(control, python) for control, pythons in REACHED.items() for python in pythons]
Inspect = Callable[[Control], Done]


@cache
def pythons() -> dict[str, Path]:
    """The host's Pythons beside its own, and where they lie on this machine."""
    return interpreters.ready()


def need(python: str, present: str) -> None:
    """Skip the test without this Python; one is ``present`` anyway."""
    if python != present and python not in pythons():
        pytest.skip(f"no Python {python} to be had: this machine's pyenv has none, and Debian's mirrors no longer do")


def run(*command: str | Path, **settings: str) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **settings},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@cache
def environment(core: str, python: str) -> Path:
    """A virtual environment with this ansible-core: the project's own, or one made once, whose requirements are written last."""
    if (core, python) == (PINNED, OWN):
        return Path(sys.prefix)
    folder = CORES / f"{core}-{python}"
    mark = folder / "requirements.txt"
    wanted = PIN.sub(f"ansible-core=={core}", REQUIREMENTS)
    if not mark.exists() or mark.read_text() != wanted:
        interpreter = sys.executable if python == OWN else (pythons()[python] / "bin" / "python").resolve()
        run(interpreter, "-m", "venv", "--clear", "--without-pip", folder)
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(sys.executable, *install, "--target", folder / "lib" / f"python{python}" / "site-packages", PIP)
        part = folder / "requirements.part"
        part.write_text(wanted)
        run(folder / "bin" / "python", *install, "-r", part)
        link = folder / "collections" / "ansible_collections" / "caretaker" / "infra"
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT)
        part.rename(mark)
    return folder


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The lab's inventory, of one host that has something to be found."""
    path = tmp_path_factory.mktemp("lab") / "hosts.yml"
    with fresh_lab(LAB, "--hosts", "old", "--pythons", "--inventory", str(path)):
        on_host(LAB, "old", "systemd-run --unit=planted-fault false; for n in 1 2 3 4 5 6 7 8 9; do systemctl is-failed planted-fault && break; sleep 0.2; done")
        yield yaml.safe_load(path.read_text())["all"]


@pytest.fixture(scope="module")
def inspect(inventory: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Inspect:
    """One inspection for each control node, of the host under the name of each Python that there is."""

    @cache
    def inspected(control: Control) -> Done:
        folder, home = environment(control.core, control.python), tmp_path_factory.mktemp("home")
        paths = {HOSTS_OWN: "/usr/bin/python3"} | {
            series: f"/opt/pythons/{series}/bin/python" for series in pythons() if series != HOSTS_OWN and series in REACHED[control]}
        hosts = {series: {**inventory["hosts"]["old"], "ansible_python_interpreter": path} for series, path in paths.items()}
        # One after another: captures that run at once see each other's processes and connections
        fleet = home / "hosts.json"
        fleet.write_text(json.dumps({"all": {"vars": inventory["vars"], "hosts": hosts}}))
        output = run(
            folder / "bin" / "ansible-playbook", "caretaker.infra.inspect", "-i", fleet, "--forks", "1", "-e", f"caretaker_home={home}",
            "-e", "caretaker_sample_seconds=0.2", ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_PIPELINING=str(int(control.pipelining)),
            ANSIBLE_COLLECTIONS_PATH=str(folder / "collections"), ANSIBLE_FORCE_COLOR="0", LC_ALL="C.UTF-8",
        )
        return Done(0, output, home)

    return inspected


def capture(done: Done, host: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(archive_path(done.home, done.runs[-1], host).read_bytes()))
    return document


def judged(document: dict[str, Any]) -> dict[str, Any]:
    """{rule: what it found}; of a momentary one only whether it could tell."""
    found: dict[str, Any] = {item["rule"]: [] for item in document["fine"]}
    for item in document["findings"]:
        found.setdefault(item["rule"], []).append((item["object"], item["severity"]))
    for rule, items in found.items():
        if RULES_BY_ID[rule].needs[0].partition(".")[0] in MOMENTARY:
            found[rule] = [item for item in items if item[1] == "unknown"]
    return found


@pytest.mark.parametrize("control", REACHED, ids=str)
def test_inspection_under_each_core(control: Control, inspect: Inspect) -> None:
    need(control.python, OWN)
    done = inspect(control)
    version = run(environment(control.core, control.python) / "bin" / "ansible", "--version")
    assert f"[core {control.core}]" in version
    assert f"python version = {control.python}." in version
    assert "DEPRECATION WARNING" not in done.output, done.output
    document = done.hosts()[HOSTS_OWN]
    assert [item["object"] for item in findings(document, "failed_units")] == ["planted-fault.service"]
    assert 0 < document["score"] < 100


@pytest.mark.parametrize(("control", "python"), CASES, ids=[f"{control}, host {python}" for control, python in CASES])
def test_inspection_of_each_python(control: Control, python: str, inspect: Inspect) -> None:
    need(control.python, OWN)
    need(python, HOSTS_OWN)
    done = inspect(control)
    mine, own = done.hosts()[python], done.hosts()[HOSTS_OWN]
    taken = capture(done, python)
    assert taken["python"].startswith(f"{python}.")
    assert [entry for entry in taken["entries"] if entry["kind"] == "subject"] == []
    assert judged(mine) == judged(own)
    assert mine["coverage"] == own["coverage"] > 0
