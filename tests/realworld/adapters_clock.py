# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of chronyc, ntpq and timedatectl."""

from __future__ import annotations

from typing import Any

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.facts.clock import Clock
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, worst

CLOCK = ("clock_synchronised", "clock_offset", "clock_rtc_local")


def known(value: Any) -> Any:
    return None if isinstance(value, Unknown | NotHere) else value


def time_entries(case: Case) -> list[Entry]:
    """One output; which command printed it shows by its head."""
    text = case.texts[0]
    if "Cannot talk" in text or "Leap status" in text or "Reference ID" in text:
        return [command_entry("chronyc -n tracking", text, rc=1 if "Cannot talk" in text else 0)]
    if "refid" in text:
        return [command_entry("ntpq -pn", text)]
    if "Name/IP" in text or "Number of sources" in text:
        return [command_entry("chronyc -n sources", text)]
    return [command_entry("timedatectl status", text)]


def monitored(_case: Case, inspection: Inspection) -> Answer:
    return Answer(WORDS[worst(inspection, CLOCK)])


def sources_answer(_case: Case, inspection: Inspection) -> Answer:
    """A list of sources: synchronised if one of them is selected."""
    sources = known(inspection.facts["clock"].sources)
    if sources is None:
        return Answer("unknown")
    return Answer("ok" if any(source.state in "*o" for source in sources) else "unsynchronised",
                  {"selected": [source.name for source in sources if source.state in "*o"]})


def tracking_answer(_case: Case, inspection: Inspection) -> Answer:
    clock = known(inspection.facts["clock"].clock)
    if not isinstance(clock, Clock):
        return Answer("unknown")
    if not clock.synchronised:
        return Answer("unsynchronised", {"error": clock.stratum is None})
    return Answer("ok", {"offset_s": clock.offset_seconds, "stratum": clock.stratum})


TIMEDATE = Adapter(time_entries, monitored, CLOCK)
SOURCES = Adapter(time_entries, sources_answer, CLOCK)
TRACKING = Adapter(time_entries, tracking_answer, CLOCK)
