# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that run in containers: they have other files, sockets and accounts, so nobody can look at them from their host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..findings import Finding, Severity

SHOWN = 10


def in_containers(containers: Iterable[str]) -> Iterator[Finding]:
    """One finding for all of a kind, or none; ``containers``: what each server's container is called.

    Its object stays the same while containers come and go, so that it persists from inspection to inspection.
    """
    found = sorted(containers)
    if found:
        names = sorted(set(found))
        values = {"servers_count": len(found), "containers": (*names[:SHOWN], *(["..."] if len(names) > SHOWN else []))}
        yield Finding(Severity.UNKNOWN, "containers", "servers in containers: {servers_count} ({containers}); they can't be looked at "
                      "from outside: inspect each container as a host of its own", values)
