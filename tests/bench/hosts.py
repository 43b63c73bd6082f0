# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab hosts to measure on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LAB_SCRIPT = str(Path(__file__).parents[2] / "scripts" / "lab")


def lab(*words: str) -> None:
    subprocess.run([LAB_SCRIPT, *words], check=True, stdout=subprocess.DEVNULL)


def on_host(name: str, host: str, script: str) -> str:
    """What a script prints on a host of a lab; one that fails ends the measurement with what it said."""
    done = subprocess.run([LAB_SCRIPT, "ssh", "--name", name, host, "bash -s"], input=script, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the host says: {done.stderr or done.stdout}")
    return done.stdout
