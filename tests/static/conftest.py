# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a checking tool; its output is the message of the failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def check() -> Callable[..., str]:
    """check("ruff", "check", cwd=..., env={...}) fails the test unless the tool ends with status 0; else its output."""

    def run(tool: str, *arguments: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        executable = shutil.which(tool, path=path)
        assert executable, f"{tool} is missing: run scripts/test, which installs it"
        done = subprocess.run(
            [executable, *arguments], cwd=cwd, env={**os.environ, "PATH": path, "NO_COLOR": "1", **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
        )
        if done.returncode != 0:
            pytest.fail(f"{tool} ended with status {done.returncode}:\n{done.stdout}", pytrace=False)
        return done.stdout

    return run


@pytest.fixture
def collection(tmp_path: Path, check: Callable[..., str]) -> Path:
    """What the collection ships, built from the working tree, uncommitted files included, and laid out as ansible-test
    wants it: a git checkout below ansible_collections."""
    copy = tmp_path / "tree"
    listing = check("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listing.split("\0")):
        if os.path.lexists(ROOT / name):            # not deleted since
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    check("ansible-galaxy", "collection", "build", "--output-path", tmp_path, cwd=copy)
    (built,) = tmp_path.glob("caretaker-infra-*.tar.gz")
    shipped = tmp_path / "ansible_collections" / "caretaker" / "infra"
    shipped.mkdir(parents=True)
    check("tar", "-xf", built, "-C", shipped)
    check("git", "init", "-q", cwd=shipped)
    check("git", "add", "-A", cwd=shipped)
    return shipped
