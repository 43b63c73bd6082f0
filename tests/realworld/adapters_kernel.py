# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of /proc and /sys files: CPU, memory, pressure, limits."""

from __future__ import annotations

from typing import Any

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import Entry
from plugins.plugin_utils.inspection import Inspection

from .adapter import Adapter, Answer, Case, file_entry


def facts(inspection: Inspection, subject: str, name: str) -> Any:
    """A fact, or None where it is absent."""
    holder = inspection.facts[subject]
    value = holder if isinstance(holder, Unknown | NotHere) else getattr(holder, name)
    return None if isinstance(value, Unknown | NotHere) else value


def stat_entries(case: Case) -> list[Entry]:
    """Two readings, 10 seconds apart; a recorded file without a tail gets the one that every /proc/stat has."""
    texts = [text if "procs_blocked" in text else text.rstrip("\n") + "\nprocs_running 1\nprocs_blocked 0\n" for text in case.texts]
    return [Entry("realworld", "file", "/proc/stat", text, at=10.0 * place) for place, text in enumerate(texts)]


def stat_answer(case: Case, inspection: Inspection) -> Answer:
    """Seconds since boot. (Shares between two readings stand in tests/unit/test_host_subjects.py: the set compares floats in lists for equality.)"""
    seconds = facts(inspection, "cpu", "seconds")
    if seconds is None:
        return Answer("unknown")
    if len(case.texts) > 1:
        return Answer("ok" if facts(inspection, "cpu", "shares") is not None else "unknown")
    return Answer("ok", {"steps": [{"cpu-total": {f"time_{column}": value for column, value in seconds["cpu"].items()}}]})


def cpuinfo_entries(case: Case) -> list[Entry]:
    return [file_entry("/proc/cpuinfo", case.texts[0])]


def cpuinfo_answer(case: Case, inspection: Inspection) -> Answer:
    found = facts(inspection, "cpu", "topology")
    if found is None:
        return Answer("unknown")
    values = {"processor_vcpus": found.logical, "flags": list(found.flags) or None}
    if case.expected.get("architecture") != "s390x":    # there the recorded program counts books and drawers in its own way
        values |= {"processor_count": found.sockets, "processor_cores": found.cores_per_socket,
                   "processor_threads_per_core": found.threads_per_core}
    return Answer("ok", {name: value for name, value in values.items() if value is not None})


def meminfo_entries(case: Case) -> list[Entry]:
    return [file_entry("/proc/meminfo", case.texts[0].rstrip() + "\n")]      # some recordings lost their last line end


def meminfo_answer(_case: Case, inspection: Inspection) -> Answer:
    found = facts(inspection, "memory", "sizes")
    if found is None:
        return Answer("unknown")
    sizes = {"MemTotal": found.total_bytes, "SwapTotal": found.swap_total_bytes, "SwapFree": found.swap_free_bytes}
    return Answer("ok", {f"kb.{name}": size // 1024 for name, size in sizes.items()})


CPU_USAGE = Adapter(stat_entries, stat_answer, ("cpu_busy", "cpu_iowait", "cpu_steal"))
CPUINFO = Adapter(cpuinfo_entries, cpuinfo_answer, ())
MEMINFO = Adapter(meminfo_entries, meminfo_answer, ("memory_available",))
