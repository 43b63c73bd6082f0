# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of systemctl: lists of failed units."""

from __future__ import annotations

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, worst

RULES = ("failed_units",)


def entries(case: Case) -> list[Entry]:
    return [command_entry("systemctl list-units --state=failed --all --plain --full --no-pager", case.texts[0])]


def answer(case: Case, inspection: Inspection) -> Answer:
    failed = inspection.facts["services"].failed
    if isinstance(failed, Unknown | NotHere):
        return Answer("unknown")
    word = "failed" if failed and case.kind == "field_systemctl" else WORDS[worst(inspection, RULES)]
    return Answer(word, {"failed": [unit.name for unit in failed]})


FAILED = Adapter(entries, answer, RULES)
