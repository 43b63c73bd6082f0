# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.bonding import Bond
from ..findings import Above, Below, Domain, Finding, Rule, Severity

EVIDENCE = ("/proc/net/bonding/*", "teamdctl *")


def check_bond_slave_down(_levels: Mapping[str, Any], bonds: tuple[Bond, ...]) -> Iterator[Finding]:
    for bond in bonds:
        down = [member.name for member in bond.members if member.link != "up"]
        values = {"names": down, "down_count": len(down), "members_count": len(bond.members), "mode": bond.mode}
        if bond.link != "up" or (down and len(down) == len(bond.members)):
            yield Finding(Severity.CRITICAL, bond.name, "the bond is down ({mode})", values)
        elif down:
            yield Finding(Severity.WARNING, bond.name, "{down_count} of {members_count} interfaces down: {names}", values)
        else:
            yield Finding(Severity.OK, bond.name, "all {members_count} interfaces up ({mode})", values)


BOND_SLAVE_DOWN = Rule(
    id="bond_slave_down",
    title="All interfaces of a bond are up",
    domain=Domain.HARDWARE,
    why="The bond still works, but the next failure cuts the host off, and there is less bandwidth.",
    fix="Look at cable, transceiver and switch port of the interface (ethtool NAME), then at its driver's messages in the kernel log.",
    needs=("bonding.bonds",),
    evidence=EVIDENCE,
    impact=3,
    check=check_bond_slave_down,
)


def check_bond_redundancy(levels: Mapping[str, Any], bonds: tuple[Bond, ...]) -> Iterator[Finding]:
    for bond in bonds:
        count = len(bond.members)
        yield Finding(levels["members_count"].grade(count), bond.name, "has {members_count} interfaces", {"members_count": count})


BOND_REDUNDANCY = Rule(
    id="bond_redundancy",
    title="A bond has more than one interface",
    domain=Domain.HARDWARE,
    why="A bond of one interface protects from nothing.",
    fix="Add the second interface to the bond, over another card and another switch.",
    needs=("bonding.bonds",),
    evidence=EVIDENCE,
    levels={"members_count": Below(warning=1, critical=0, source="a bond is for two interfaces or more")},
    impact=3,
    check=check_bond_redundancy,
)


def check_bond_aggregator(_levels: Mapping[str, Any], bonds: tuple[Bond, ...]) -> Iterator[Finding]:
    for bond in bonds:
        aggregators = {member.aggregator for member in bond.members if member.link == "up"} - {None}
        if len(aggregators) > 1:
            yield Finding(Severity.INFO, bond.name, "its interfaces are in {count} aggregators; only one of them carries traffic",
                          {"count": len(aggregators)})
        else:
            yield Finding(Severity.OK, bond.name, "its interfaces work together")


BOND_AGGREGATOR = Rule(
    id="bond_aggregator",
    title="The interfaces of an 802.3ad bond are in one aggregator",
    domain=Domain.HARDWARE,
    why="Interfaces outside of the active aggregator stand by: no added bandwidth.",
    fix="Configure all switch ports of the bond as one LACP group; over two switches they must form one logical switch.",
    needs=("bonding.bonds",),
    evidence=EVIDENCE,
    impact=2,
    check=check_bond_aggregator,
)


def check_bond_flaps(levels: Mapping[str, Any], bonds: tuple[Bond, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    for bond in bonds:
        total = sum(member.failures for member in bond.members)
        seen = history.get(bond.name, {}).get("failures_count", ())
        before = seen[-1][1] if seen and seen[-1][1] <= total else total       # at the first inspection nobody knows when it was
        values = {"new_count": total - int(before), "failures_count": total}
        severity = levels["new_count"].grade(total - before)
        yield Finding(severity, bond.name, "{new_count} link failures since last time, {failures_count} in all", values)


BOND_FLAPS = Rule(
    id="bond_flaps",
    title="The links of a bond stay up",
    domain=Domain.HARDWARE,
    why="A link that comes and goes is a cable, transceiver or port about to fail.",
    fix="Exchange cable or transceiver, try another switch port; compare with the switch's log.",
    needs=("bonding.bonds", "history.bond_flaps"),
    evidence=EVIDENCE,
    levels={"new_count": Above(warning=3, source="our judgement: one or two in a quarter are maintenance of the switch")},
    impact=2,
    track=("failures_count",),
    check=check_bond_flaps,
)

RULES = (BOND_SLAVE_DOWN, BOND_REDUNDANCY, BOND_AGGREGATOR, BOND_FLAPS)
