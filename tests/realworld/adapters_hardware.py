# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of dmesg, ipmitool and dmidecode."""

from __future__ import annotations

import re
import shlex

from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, command_entry, worst

KERNEL_RULES = (
    "kernel_io_errors", "kernel_filesystem_errors", "kernel_hardware_errors", "kernel_hung_tasks", "kernel_oom", "kernel_bugs",
    "kernel_network", "kernel_other_errors",
)
# The recordings hold only the lines of level err and worse; a whole log has at least this line above them.
FIRST_LINE = "<5>[    0.000000] Linux version 6.1.0\n"


def ignored(case: Case) -> list[re.Pattern[str]]:
    """What the recorded plug-in was told to leave out (its --ignore). Raises re.error."""
    words = shlex.split(str(case.expected.get("params", "")).replace("=", " "))
    return [re.compile(words[place + 1]) for place, word in enumerate(words) if word == "--ignore"]


def dmesg_entries(case: Case) -> list[Entry]:
    try:
        patterns = ignored(case)
    except re.error:
        patterns = []
    lines = [line for line in case.texts[0].splitlines() if line.strip() and not any(pattern.search(line) for pattern in patterns)]
    return [command_entry("dmesg -r", FIRST_LINE + "".join(f"<3>{line}\n" for line in lines))]


def dmesg_answer(case: Case, inspection: Inspection) -> Answer:
    try:
        ignored(case)
    except re.error:
        return Answer("unknown")
    return Answer(WORDS[worst(inspection, KERNEL_RULES)])


DMESG = Adapter(dmesg_entries, dmesg_answer, KERNEL_RULES)
