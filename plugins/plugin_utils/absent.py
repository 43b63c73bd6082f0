# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways in which a fact can be absent, which must never be taken for each other or for a value.

Both hold a ``reason``: a plain template in English (the key of its translation) and the ``values`` to fill in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar


@dataclass(frozen=True)
class Unknown:
    """It should be there, but could not be seen: every rule that needs it yields an UNKNOWN finding with this reason."""

    reason: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NotHere:
    """The host has no such thing, and that was seen: the rules that need it do not apply."""

    reason: str
    values: Mapping[str, object] = field(default_factory=dict)


Absent = Unknown | NotHere
T = TypeVar("T")
Known: TypeAlias = T | Unknown | NotHere


class Unreadable(Exception):
    """A parser's word that a text is not in the format it knows, or is cut off."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason.format_map(values) if values else reason)
        self.unknown = Unknown(reason, values)
