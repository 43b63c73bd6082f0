# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded outputs of real machines, where there is a folder of them: CARETAKER_RECORDINGS names it (see docs/realworld.md)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.realworld.runner import run

FOLDER = os.environ.get("CARETAKER_RECORDINGS")


@pytest.mark.skipif(not FOLDER, reason="CARETAKER_RECORDINGS names no folder of recordings (they can't be in the repository: licences)")
def test_no_machine_that_is_not_ok_is_called_ok_whole_or_cut(capfd: pytest.CaptureFixture[str]) -> None:
    status = run(Path(str(FOLDER)), [], None, show_wrong=False, cut=True)
    assert status == 0, capfd.readouterr().out
