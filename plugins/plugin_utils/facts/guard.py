# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep one unreadable text from taking the other facts of its subject with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..absent import Known, Unreadable

T = TypeVar("T")


def readable(read: Callable[..., Known[T]], *arguments: object) -> Known[T]:
    """What ``read(*arguments)`` gives, or the reason why it found its text unreadable."""
    try:
        return read(*arguments)
    except Unreadable as error:
        return error.unknown
