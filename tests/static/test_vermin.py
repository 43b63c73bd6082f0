# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable


def test_target_code_fits_old_pythons(check: Callable[..., str]) -> None:
    check("vermin", "--no-tips", "-vv", "-t=2.7-", "-t=3.6-", "plugins/module_utils", "plugins/modules")
