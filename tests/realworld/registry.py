# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that Caretaker claims: {(set, kind): Adapter}."""

from __future__ import annotations

from collections.abc import Mapping

from .adapter import Adapter
from .adapters_hardware import DMESG

ADAPTERS: Mapping[tuple[str, str], Adapter] = {
    ("verdicts", "dmesg"): DMESG,
}
