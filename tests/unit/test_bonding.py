# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds and teams: each state of a link, each mode's text, texts that are cut. Made up after bond_procfs.c and teamd."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.facts.bonding import parse_bond, parse_team
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules import bonding

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
KEY = "/proc/net/bonding/bond0"


def text(first: str = "up", second: str = "up", head: str = "MII Status: up", more: str = "", aggregators: tuple[str, str] | None = None) -> str:
    members = ""
    for place, status in enumerate((first, second)):
        members += (f"\nSlave Interface: eth{place}\nMII Status: {status}\nSpeed: 1000 Mbps\nDuplex: full\nLink Failure Count: 0\n"
                    f"Permanent HW addr: 02:00:00:00:00:0{place}\nSlave queue ID: 0\n")
        members += f"Aggregator ID: {aggregators[place]}\n" if aggregators else ""
    return f"Ethernet Channel Bonding Driver: v5.10.0\n\nBonding Mode: {more or 'load balancing (round-robin)'}\n{head}\n" + members


@pytest.mark.parametrize(("whole", "severity"), [
    (text(), OK), (text("down"), WARNING), (text("up", "going down"), WARNING), (text("going back"), WARNING), (text("down", "down"), CRITICAL),
    (text(head="MII Status: down"), CRITICAL), (text("up", "new word"), WARNING),
    (text(more="fault-tolerance (active-backup)\nPrimary Slave: eth0 (primary_reselect always)\nCurrently Active Slave: eth1"), OK),
    (text("down", "down", more="fault-tolerance (active-backup)\nCurrently Active Slave: None", head="MII Status: down"), CRITICAL),
    (text(more="broadcast"), OK), (text(more="adaptive load balancing"), OK), (text(more="transmit load balancing"), OK), (text(more="load balancing (xor)"), OK),
])
def test_links(whole: str, severity: Severity) -> None:
    (finding,) = bonding.check_bond_slave_down({}, (parse_bond(KEY, whole),))
    assert finding.severity is severity


LACP = "IEEE 802.3ad Dynamic link aggregation"
ACTIVE = "MII Status: up\n\n802.3ad info\nLACP active: on\nActive Aggregator Info:\n\tAggregator ID: 1\n\tNumber of ports: {}"


@pytest.mark.parametrize(("aggregators", "severity"), [(("1", "1"), OK), (("1", "2"), INFO)])
def test_aggregators(aggregators: tuple[str, str], severity: Severity) -> None:
    bond = parse_bond(KEY, text(more=LACP, head=ACTIVE.format(len({*aggregators}) % 2 + 1), aggregators=aggregators))
    (finding,) = bonding.check_bond_aggregator({}, (bond,))
    assert finding.severity is severity


@pytest.mark.parametrize("part", [
    "", "Bonding Mode: x\n", text()[:-1], text()[:200], text().split("Link Failure Count")[0], text(more=LACP, head=ACTIVE.format(3)),
    text(more="fault-tolerance (active-backup)\nCurrently Active Slave: eth1").split("\nSlave Interface: eth1")[0] + "\n",
])
def test_cut_texts_are_unreadable(part: str) -> None:
    with pytest.raises(Unreadable):
        parse_bond(KEY, part)


def team(*up: bool) -> dict[str, Any]:
    ports = {f"eth{place}": {"link": {"speed": 1000, "up": state}, "link_watches": {"list": {"link_watch_0": {"down_count": 2}}, "up": state},
                             "runner": {"aggregator": {"id": 3}}} for place, state in enumerate(up)}
    return {"ports": ports, "runner": {"active_port": "eth0"}, "setup": {"runner_name": "activebackup"}}


@pytest.mark.parametrize(("up", "severity"), [((True, True), OK), ((True, False), WARNING), ((False, False), CRITICAL), ((), CRITICAL)])
def test_teams(up: tuple[bool, ...], severity: Severity) -> None:
    found = parse_team("teamdctl team0 state dump", json.dumps(team(*up)))
    (finding,) = bonding.check_bond_slave_down({}, (found,))
    assert finding.severity is severity
    assert [member.failures for member in found.members] == [2] * len(up)


@pytest.mark.parametrize("part", ["", "{", "[]", "{}", json.dumps(team(True))[:120], '{"ports": {"eth0": {}}, "setup": {"runner_name": "x"}}'])
def test_teams_that_are_cut_or_none(part: str) -> None:
    with pytest.raises(Unreadable):
        parse_team("teamdctl team0 state dump", part)
