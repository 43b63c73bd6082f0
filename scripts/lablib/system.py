# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs of this machine, and install the ones that are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping


class LabError(Exception):
    """What went wrong and what to do about it, for the user's eyes."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(*command: str, text: str | None = None, log: str | None = None) -> str:
    """Standard output of a command; ``text`` is its standard input, ``log`` a file that gets all it prints instead."""
    if log is not None:
        with open(log, "ab") as stream:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise LabError(f"{' '.join(command)}: exit status {done.returncode}; what it said is in {log}")
        return ""
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip()
        raise LabError(f"{' '.join(command)}: exit status {result.returncode}: {said}")
    return result.stdout


def require_root() -> None:
    if os.geteuid() != 0:
        raise LabError("The lab makes namespaces, mounts and a bridge: run it as root.")


def install_missing(programs: Mapping[str, str]) -> None:
    """Install the Debian packages of the programs (program -> package) that are not on PATH."""
    packages = sorted({package for program, package in programs.items() if shutil.which(program) is None})
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise LabError(f"Missing: {', '.join(packages)} (names of Debian packages), and no apt-get here. Install them.")
    say(f"Installing the Debian packages {' '.join(packages)} ...")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    apt = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")
    run(*apt, "update")
    run(*apt, "install", "--no-install-recommends", *packages)
