# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iSCSI sessions of this host, from /sys/class/iscsi_session."""

from __future__ import annotations

from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .guard import readable

FOLDER = "/sys/class/iscsi_session/"


@dataclass(frozen=True)
class Session:
    """``state`` is the kernel's word: LOGGED_IN, FAILED or FREE."""

    name: str
    target: str
    state: str


@dataclass(frozen=True)
class IscsiFacts:
    """``listed`` may be empty; ``sessions`` is the same, or NotHere if there are none."""

    listed: Known[tuple[Session, ...]]
    sessions: Known[tuple[Session, ...]]


def parse(capture: Capture) -> IscsiFacts:
    listed = readable(_listed, capture)
    return IscsiFacts(listed, listed if listed != () else NotHere("no iSCSI session on this host"))


def _listed(capture: Capture) -> Known[tuple[Session, ...]]:
    names = capture.known("iscsi sessions")
    if isinstance(names, Unknown):
        return names
    return tuple(Session(name, _word(capture, name, "targetname"), _word(capture, name, "state")) for name in names.split())


def _word(capture: Capture, name: str, file: str) -> str:
    key = FOLDER + name + "/" + file
    text = capture.known(key)
    if isinstance(text, Unknown):
        raise Unreadable(text.reason, **text.values)
    if not text.strip():
        raise Unreadable("{key}: is empty", key=key)
    return text.strip()
