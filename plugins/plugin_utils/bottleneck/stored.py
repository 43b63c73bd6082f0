# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A history as a file: of our own form, so that one can be judged again, or what sysstat wrote on a host that can't be reached.

    {"times": [1795392600, ...], "seconds": [600, ...], "utc_offset_seconds": 28800, "sources": ["..."], "restarts": [],
     "series": [{"measure": "cpu_idle_ratio", "instance": "", "values": [0.93, null, ...]}, ...]}
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ..absent import Unreadable
from ..history.binary import is_binary, rows_of_binary
from ..history.exports import history_of_export
from ..history.series import History, Values


class BadHistory(Exception):
    """The text names the file, what is wrong, and what is right."""


def load_history(path: Path) -> History:
    """Raises BadHistory."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadHistory(f"{path}: can't be read ({error.strerror}); docs/bottlenecks.md tells the forms of a history") from error
    if not data.lstrip().startswith(b"{") or b'"sysstat"' in data[:200]:
        try:
            return history_of_export(rows_of_binary(path) if is_binary(data) else data.decode("utf-8", "replace"))
        except Unreadable as error:
            raise BadHistory(f"{path}: {error}; docs/bottlenecks.md tells the forms of a history") from error
    return _of_our_form(data, path)


def _of_our_form(data: bytes, path: Path) -> History:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise BadHistory(f"{path}: can't be read as a history ({error}); docs/bottlenecks.md tells the form") from error
    try:
        times, seconds = _numbers(document["times"]), _numbers(document["seconds"])
        series = {(str(item["measure"]), str(item.get("instance", ""))): _numbers(item["values"]) for item in document["series"]}
        history = History(times, seconds, series, tuple(map(float, document.get("restarts", ()))), int(document.get("utc_offset_seconds",
                                                                                                                    0)),
                          tuple(map(str, document.get("sources", ()))), {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadHistory(f"{path}: is not a whole history ({type(error).__name__}: {error}); docs/bottlenecks.md tells the form") from error
    if len(times) != len(seconds) or any(len(values) != len(times) for values in series.values()):
        raise BadHistory(f"{path}: times, seconds and the values of each series must be of one length")
    if not (np.diff(times) > 0).all():
        raise BadHistory(f"{path}: times must ascend; sort the samples and leave out what comes twice")
    return history


def document_of(history: History) -> dict[str, Any]:
    """The history as JSON holds it."""
    return {
        "times": history.times.tolist(), "seconds": history.seconds.tolist(), "restarts": list(history.restarts),
        "utc_offset_seconds": history.utc_offset_seconds, "sources": list(history.sources),
        "series": [{"measure": name, "instance": instance, "values": [None if math.isnan(value) else value for value in values.tolist()]}
                   for (name, instance), values in history.series.items()],
    }


def _numbers(items: Any) -> Values:
    return np.array([np.nan if item is None else float(item) for item in items], dtype=np.float64)
