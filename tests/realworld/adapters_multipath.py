# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of multipath -ll, -l and multipathd show topology."""

from __future__ import annotations

from typing import Any

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, worst

RULES = ("multipath_paths",)


def entries(case: Case) -> list[Entry]:
    return [command_entry("multipath -ll", case.texts[0])]


def answer(case: Case, inspection: Inspection) -> Answer:
    holder = inspection.facts["multipath"]
    maps = holder if isinstance(holder, Unknown) else holder.maps
    if isinstance(maps, Unknown | NotHere):
        # an answer of messages only, whole to its last line, tells of no volume
        return Answer("none" if case.texts[0].strip() and "lists no volume" in maps.reason else "unknown")
    values: dict[str, Any] = {}
    for volume in maps:
        values[f"{volume.wwid}.device"] = volume.device
        values[f"{volume.wwid}.paths"] = [path.name for path in volume.paths]
        values[f"{volume.wwid}.failed"] = [path.name for path in volume.paths if path.failed]
        values[f"{volume.wwid}.numpaths"] = len(volume.paths)
        values[f"{volume.wwid}.luns"] = [f"{path.address}({path.name})" for path in volume.paths]
        if volume.alias:
            values[f"{volume.wwid}.alias"] = volume.alias
    return Answer(WORDS[worst(inspection, RULES)], values)


MULTIPATH = Adapter(entries, answer, RULES)
