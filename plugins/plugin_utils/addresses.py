# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of people."""

from __future__ import annotations

from email.utils import parseaddr


def is_address(text: str) -> bool:
    """``ops@example.com`` or ``Operations <ops@example.com>``; no line breaks, with which a name could add headers."""
    _name, address = parseaddr(text)
    user, at, host = address.rpartition("@")
    return bool(user and at and host) and text.isprintable()
