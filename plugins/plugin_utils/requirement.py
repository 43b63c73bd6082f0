# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say when a Python library that the control node needs is not there."""

from __future__ import annotations

import sys


def missing(error: ImportError) -> str:
    return (f"caretaker.infra needs the Python library {error.name} on the control node: "
            f"{sys.executable} -m pip install -r requirements.txt (of the collection), or use scripts/inspect, which sets itself up")
