# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a host, as its capture holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import orjson

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from ..history.captures import history_of as from_captures
from ..history.prometheus import history_of as from_prometheus
from ..history.series import History, combined
from ..history.sysstat import history_of

KEY = "history history sysstat"
PCP_KEY = "history history pcp"
PROMETHEUS_KEY = "history history prometheus"
CAPTURES_KEY = "history history captures"
NOT_READ = {
    "not_found": Unknown("{detail}, so that there is no history; the role caretaker.infra.history switches it on"),
    "denied": Unknown("the history can't be read ({detail}); inspect as root"),
    "missing": Unknown("{detail}, so that there is no history"),
    "timeout": Unknown("the history was not read within total_timeout"),
}
FAILED = Unknown("the history can't be read: {detail}")


@dataclass(frozen=True)
class HistoryFacts:
    series: Known[History]


def parse(capture: Capture) -> HistoryFacts:
    """sysstat or PCP is the host's own word; what only Prometheus measures is added to it, then what only earlier captures tell."""
    made = ((KEY, _sysstat), (PCP_KEY, _pcp), (PROMETHEUS_KEY, _prometheus), (CAPTURES_KEY, _captures))
    sources = [_series(capture, key, make) for key, make in made]
    known = [source for source in sources if isinstance(source, History)]
    if known:
        return HistoryFacts(reduce(combined, known))
    return HistoryFacts(next((source for source in sources if isinstance(source, Unknown)), sources[0]))


def _series(capture: Capture, key: str, make: Callable[[Mapping[str, Any], Capture], Known[History]]) -> Known[History]:
    entry = capture.entry(key)
    if entry is None:
        return NotHere("no history was asked for; set caretaker_history_days")
    if entry.error or entry.text is None:
        return replace(NOT_READ.get(entry.error or "", FAILED), values={"detail": entry.stderr})
    try:
        return make(orjson.loads(entry.text), capture)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable("the history is cut off or not in the form that this version reads ({detail})",
                         detail=type(error).__name__) from error


def _prometheus(document: Mapping[str, Any], _capture: Capture) -> Known[History]:
    if not document["series"]:
        return Unknown("Prometheus holds no metric of this host; see the selectors")
    return from_prometheus(document)


def _captures(document: Mapping[str, Any], _capture: Capture) -> Known[History]:
    return from_captures(document)


def _sysstat(document: Mapping[str, Any], capture: Capture) -> Known[History]:
    if not document["times"]:
        return _no_samples(document, Unknown("sadf can't read the files of sysstat: {detail}"),
                           Unknown("the files of sysstat hold no samples; see whether its timer or cron job runs"))
    return _of_columns(document, capture, "sysstat", "sadf -V")


def _pcp(document: Mapping[str, Any], capture: Capture) -> Known[History]:
    if not document["times"]:
        return _no_samples(document, Unknown("pmrep can't read the archives of PCP: {detail}"),
                           Unknown("the archives of PCP hold no samples; see whether pmlogger runs"))
    return _of_columns(document, capture, "PCP", "pmrep --version")


def _no_samples(document: Mapping[str, Any], failed: Unknown, empty: Unknown) -> Unknown:
    problems = document["problems"]
    return replace(failed, values={"detail": problems[0]["stderr"] or problems[0]["error"]}) if problems else empty


def _of_columns(document: Mapping[str, Any], capture: Capture, tool: str, asked: str) -> History:
    limits = capture.text("/proc/sys/fs/file-nr")
    words = limits.split() if isinstance(limits, str) else []
    answer = capture.entry(asked)
    source = f"{tool} {_version(((answer.text or '') + answer.stderr) if answer else '')}"
    return history_of(document, source, capture.taken_at.timestamp(), float(words[2]) if len(words) == 3 else None)


def _version(text: str) -> str:
    """`sysstat version 12.5.2\\n(C) Sebastien Godard` -> 12.5.2; `pmrep version 6.0.3` -> 6.0.3"""
    _before, found, after = text.partition(" version ")
    return after.split()[0] if found and after.split() else "?"
