# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel of a host that databases are on, and of one whose listeners lose connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..absent import Unknown
from .step import Target

TUNED = "tuned profile {}"
SWAPPINESS = 10
BACKLOG = 4096


def targets(facts: Mapping[str, Any], databases: bool) -> Iterator[Target]:
    """Values of sysctl, whatever they are today."""
    if databases:
        yield Target(
            "vm.swappiness", str(SWAPPINESS), 0, 20, "the host serves databases", {}, TUNED.format("throughput-performance"),
            "the kernel drops file pages before it swaps out a database's memory", "swap_out_pages_rate")
    overflows = getattr(facts.get("tcp"), "overflows", Unknown(""))
    if isinstance(overflows, int) and overflows > 0:
        yield Target(
            "net.core.somaxconn", str(BACKLOG), BACKLOG, float("inf"),
            "{overflows_count} connections were lost at a full queue since the start",
            {"overflows_count": overflows}, "Linux default since 5.4; " + TUNED.format("throughput-performance") + ": at least 2048",
            "listeners that ask for a longer queue get it; restart them", "tcp_listen_overflows_rate")
