# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of /proc/net/bonding."""

from __future__ import annotations

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, file_entry, worst

RULES = ("bond_slave_down",)


def entries(case: Case) -> list[Entry]:
    return [file_entry("/proc/net/bonding/bond0", case.texts[0])]


def answer(_case: Case, inspection: Inspection) -> Answer:
    holder = inspection.facts["bonding"]
    bonds = holder if isinstance(holder, Unknown) else holder.bonds
    if isinstance(bonds, Unknown | NotHere):
        return Answer("unknown")
    bond = bonds[0]
    down = [member.name for member in bond.members if member.link != "up"]
    return Answer(WORDS[worst(inspection, RULES)], {"mode": bond.mode, "active": bond.active, "down": down})


BOND = Adapter(entries, answer, RULES)
