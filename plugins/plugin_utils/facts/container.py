# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the host a container, whose kernel belongs to another host?"""

from __future__ import annotations

from ..archive import Capture

# systemd writes the first (its text is "systemd-nspawn", "lxc", ...), podman the second, docker the third
MARKS = ("/run/systemd/container", "/run/.containerenv", "/.dockerenv")


def is_container(capture: Capture) -> bool:
    """Whether one of the files that container managers leave inside was seen."""
    return any(entry is not None and entry.error is None for entry in map(capture.entry, MARKS))
