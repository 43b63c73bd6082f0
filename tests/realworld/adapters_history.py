# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of sysstat: what sar prints, and the rows of sadf -d."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from plugins.module_utils.sysstat_columns import Columns
from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.history.binary import rows_of_binary
from plugins.plugin_utils.history.exports import columns_of
from plugins.plugin_utils.history.sar import parse_sar
from plugins.plugin_utils.inspection import Inspection

from .adapter import Adapter, Answer, Case

NAMES = {"%user": "%usr", "%system": "%sys"}        # of sar -u, as sar -u ALL calls them


def answer_text(case: Case, _inspection: Inspection) -> Answer:
    try:
        sar = parse_sar(case.texts[0])
    except Unreadable:
        return Answer("unknown")
    averages = [row for table in sar.tables.values() for row in table.averages if row.get("CPU") == "all" and "%idle" in row]
    values: dict[str, object] = {f"cpu_all_average.{name}": value for name, value in averages[0].items()} if averages else {}
    if sar.whole:
        values["restarts"] = list(sar.restarts)
    return Answer("scan", values)


def answer_rows(case: Case, _inspection: Inspection) -> Answer:
    """Of a file that was cut nobody knows whether more starts would have followed."""
    columns = Columns()
    columns.add(case.texts[0])
    if not case.texts[0].endswith("\n"):
        return Answer("unknown")
    return Answer("scan", {"restarts": [datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S") for at, _cpus in columns.restarts]})


def answer_binary(case: Case, inspection: Inspection) -> Answer:
    try:
        return answer_export(replace(case, texts=(rows_of_binary(case.folder / case.inputs[0]),)), inspection)
    except Unreadable:
        return Answer("unknown")


def answer_export(case: Case, _inspection: Inspection) -> Answer:
    """The average of the CPUs weighs each interval by its length, as sar's does."""
    try:
        columns, _cpus, form = columns_of(case.texts[0])
    except Unreadable:
        return Answer("unknown")
    if form != "sadf -j" and not case.texts[0].endswith("\n"):
        return Answer("unknown")
    document = columns.document()
    values: dict[str, object] = {"restarts": [datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S") for at, _cpus in columns.restarts]}
    seconds = np.array(document["seconds"], dtype=float)
    for name, numbers in next(iter(document["columns"].get("CPU", {}).values()), {}).items():
        column = np.array(numbers, dtype=float) * np.ones(len(seconds))
        values[f"cpu_all_average.{NAMES.get(name, name)}"] = round(float(np.average(column, weights=seconds)), 2)
    return Answer("scan", values)


SAR_TEXT = Adapter(lambda _case: [], answer_text, ())
SAR_ROWS = Adapter(lambda _case: [], answer_rows, ())
SAR_BINARY = Adapter(lambda _case: [], answer_binary, ())
SAR_EXPORT = Adapter(lambda _case: [], answer_export, ())
