# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of kdump: files of /sys, a list of dumps."""

from __future__ import annotations

from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection

from .adapter import WORDS, Adapter, Answer, Case, file_entry, worst

RULES = ("kdump_armed", "crash_dumps")


def entries(case: Case) -> list[Entry]:
    """An empty recording of a file stands for one that the kernel doesn't have."""
    texts = {path.rsplit("-", 1)[-1]: text for path, text in zip(case.inputs, case.texts, strict=True)}
    dumps = texts.get("dumps", "")
    looks = [file_entry("/proc/cmdline", f"ro {texts.get('crashkernel', '')}\n"),
             Entry("realworld", "note", "crash dumps", f"{dumps}{'' if dumps.endswith(chr(10)) or not dumps else chr(10)}"
                                                       f"# {len(dumps.splitlines())} entries\n")]
    for name in ("loaded", "size"):
        path = f"/sys/kernel/kexec_crash_{name}"
        looks.append(file_entry(path, texts[name]) if texts.get(name) else Entry("realworld", "file", path, error="not_found"))
    return looks


def answer(_case: Case, inspection: Inspection) -> Answer:
    """Who runs that plug-in wants kdump: what is a remark to us is a warning there."""
    severity = worst(inspection, RULES)
    return Answer("warning" if severity == Severity.INFO else WORDS[severity])


KDUMP = Adapter(entries, answer, RULES)
