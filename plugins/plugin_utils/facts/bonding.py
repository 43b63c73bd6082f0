# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds and teams, and their member interfaces ("slaves" in the kernel's words, "ports" in teamd's)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, succeeded, text_of

CUT = "{key}: is cut off, or not the description of a bond"


@dataclass(frozen=True)
class Member:
    """``link`` is up, down, going down, going back; ``failures`` since the driver was loaded; ``aggregator`` of 802.3ad only."""

    name: str
    link: str
    speed: str
    failures: int
    aggregator: str | None


@dataclass(frozen=True)
class Bond:
    name: str
    mode: str
    link: str
    active: str | None
    members: tuple[Member, ...]


@dataclass(frozen=True)
class BondingFacts:
    bonds: Known[tuple[Bond, ...]]


def parse(capture: Capture) -> BondingFacts:
    entries, teams = capture.matching("/proc/net/bonding/*"), capture.matching("teamdctl *")
    if not entries and not teams:
        unseen = Unknown("bonds were not looked at in this capture")
        return BondingFacts(NotHere("no bonded interface") if capture.entry("bonds") else unseen)
    bonds = []
    for entry in entries:
        text = text_of(entry)
        if not isinstance(text, str):
            return BondingFacts(text)
        bond = parse_bond(entry.key, text)
        members = capture.text(f"/sys/class/net/{bond.name}/bonding/slaves")
        if isinstance(members, str) and not {member.name for member in bond.members} >= set(members.split()):
            raise Unreadable(CUT, key=entry.key)
        bonds.append(bond)
    for entry in teams:
        text = succeeded(entry)
        if not isinstance(text, str):
            return BondingFacts(Unknown(text.reason, text.values))
        bonds.append(parse_team(entry.key, text))
    return BondingFacts(tuple(bonds))


# Bonding Mode: fault-tolerance (active-backup)
# Currently Active Slave: eth0
# MII Status: up
#
# Slave Interface: eth0
# MII Status: up
# Speed: 10000 Mbps
# Link Failure Count: 1
def parse_bond(key: str, text: str) -> Bond:
    """``/proc/net/bonding/NAME``: a head, then a paragraph for each member. Raises Unreadable."""
    head, *paragraphs = text.split("\nSlave Interface:")
    own = _colon_lines(head)
    if "Bonding Mode" not in own or "MII Status" not in own or not text.endswith("\n"):
        raise Unreadable(CUT, key=key)
    ports = own.get("Number of ports", "")
    members = tuple(_member(key, paragraph) for paragraph in paragraphs)
    if ports.isdigit() and int(ports) > len(members):       # 802.3ad tells how many there must be
        raise Unreadable(CUT, key=key)
    active = own.get("Currently Active Slave")
    if active not in (None, "None") and active not in {member.name for member in members}:
        raise Unreadable(CUT, key=key)
    return Bond(key.rsplit("/", 1)[-1], own["Bonding Mode"], own["MII Status"], None if active == "None" else active, members)


def _member(key: str, paragraph: str) -> Member:
    name, _line_end, rest = paragraph.partition("\n")
    values = _colon_lines(rest)
    failures = values.get("Link Failure Count", "")
    if not name.strip() or "MII Status" not in values or not failures.isdigit() or "Permanent HW addr" not in values:
        raise Unreadable(CUT, key=key)
    return Member(name.strip(), values["MII Status"], values.get("Speed", ""), int(failures), values.get("Aggregator ID"))


def _colon_lines(text: str) -> dict[str, str]:
    """The first value of each name: details of the partner come below."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            values.setdefault(name.strip(), value.strip())
    return values


# {"ports": {"eth1": {"link": {"speed": 1000, "up": true}, "link_watches": {"list": {"link_watch_0": {"down_count": 0}}, "up": true},
#  "runner": {"aggregator": {"id": 2}}}}, "runner": {"active_port": "eth1"}, "setup": {"runner_name": "activebackup"}}
def parse_team(key: str, text: str) -> Bond:
    """``teamdctl NAME state dump``. A team is up while one port is. Raises Unreadable."""
    try:
        document = json.loads(text)
        members = tuple(_port(name, port) for name, port in document.get("ports", {}).items())
        mode, active = f"team {document['setup']['runner_name']}", document.get("runner", {}).get("active_port") or None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(CUT, key=key) from error
    link = "up" if any(member.link == "up" for member in members) else "down"
    return Bond(key.split()[1], mode, link, active, members)


def _port(name: str, port: dict[str, Any]) -> Member:
    watches = port["link_watches"]
    failures = sum(int(watch.get("down_count", 0)) for watch in watches.get("list", {}).values())
    aggregator = port.get("runner", {}).get("aggregator", {}).get("id")
    return Member(name, "up" if watches["up"] is True else "down", f"{port['link']['speed']} Mbps", failures,
                  None if aggregator is None else str(aggregator))
