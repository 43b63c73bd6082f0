# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces: whose they are, and a list of counters that is cut at any byte."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from plugins.module_utils.subjects import network as subject
from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts import network

HEAD = "Inter-|   Receive |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed\n"


def line(name: str) -> str:
    return f"{name:>6}: 1500000 9000 1 0 0 0 0 0 800000 7000 0 0 0 0 0 0\n"


@dataclass
class Host:
    """A target whose /sys shows ``hardware``; its own namespace has the interfaces ``ours``, and /proc/net/dev reads ``counters``."""

    hardware: Collection[str]
    ours: Collection[str]
    counters: str
    entries: list[Entry] = field(default_factory=list)

    def file(self, path: str, sample: bool = False) -> str:
        text = self.counters if path == "/proc/net/dev" else "up\n" if path.endswith("operstate") else "1\n"
        self.entries.append(Entry("network", "file", path, text))
        return text

    def glob(self, pattern: str) -> list[str]:
        return [pattern.replace("*", name) for name in self.hardware]

    def exists(self, path: str) -> bool:
        return path in [f"/proc/sys/net/ipv4/conf/{name}" for name in self.ours]


def facts_of(host: Host) -> network.NetworkFacts:
    subject.capture(host)
    return network.parse(Capture("host", "2026Q4-001", datetime(2026, 11, 23, tzinfo=UTC), tuple(host.entries)))


def names(items: object) -> list[str]:
    assert isinstance(items, tuple), items
    return [item.name for item in items]


def test_hardware_of_the_machine_around_a_container_is_not_judged() -> None:
    facts = facts_of(Host(["eth0"], ["lo", "host0"], HEAD + line("lo") + line("host0")))
    assert isinstance(facts.links, NotHere)
    assert isinstance(facts.counters, NotHere)


@pytest.mark.parametrize("ours", [["lo", "eth0", "eth1"], ["lo", "eth0"], []])
def test_own_hardware_is_judged_also_where_ipv4_knows_nothing_of_it(ours: list[str]) -> None:
    facts = facts_of(Host(["eth0", "eth1"], ours, HEAD + line("lo") + line("eth0") + line("eth1")))
    assert names(facts.links) == names(facts.counters) == ["eth0", "eth1"]


def test_counters_cut_at_any_byte_never_pass_as_whole() -> None:
    whole = HEAD + line("eth0") + line("lo") + line("eth1")
    for size in range(len(whole)):
        facts = facts_of(Host(["eth0", "eth1"], ["lo", "eth0", "eth1"], whole[:size]))
        assert isinstance(facts.counters, Unknown), whole[:size]
        assert names(facts.links) == ["eth0", "eth1"]
