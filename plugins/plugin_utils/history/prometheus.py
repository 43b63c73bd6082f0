# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series of a host from the metrics of the exporters for node, PostgreSQL, MySQL and nginx, by Prometheus' range queries.

The API: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

import numpy as np

from ..absent import Unknown
from .exporters import BOOT, EXPORTERS
from .series import History, Values

MOST_POINTS = 11000     # what Prometheus gives at once of one series


class Down(Exception):
    """Nobody answers at the address, or not as Prometheus: no other query would fare better."""


class Refused(Exception):
    """Prometheus' own word that it can't answer this query, or not wholly."""


Ask: TypeAlias = Callable[[str, float, float, float], list[Any]]       # query, start, end, step -> result of query_range


@dataclass(frozen=True)
class Server:
    """``url`` without /api; times in seconds."""

    url: str
    user: str = ""
    password: str = ""
    token: str = ""
    ca_file: str | None = None
    timeout: float = 30.0

    def ask(self, query: str, start: float, end: float, step: float) -> list[Any]:
        """Raises Down and Refused."""
        # It takes a tenth of a second to load, which every inspection would pay
        from ansible.module_utils.urls import ConnectionError as Unanswered, open_url

        if not self.url.startswith(("http://", "https://")):
            raise Down(f"{self.url} is not an address that begins with http:// or https://")
        words = urlencode({"query": query, "start": start, "end": end, "step": step})
        address = f"{self.url.rstrip('/')}/api/v1/query_range?{words}"
        try:
            with open_url(address, headers=self._headers(), timeout=self.timeout, ca_path=self.ca_file, use_netrc=False) as answer:
                return result_of(answer.read())
        except HTTPError as error:
            if error.code in (400, 422):
                return result_of(error.read())
            raise Down(f"{self.url} answers {error.code} {error.reason}") from error
        except (URLError, HTTPException, Unanswered, OSError) as error:
            raise Down(f"{self.url} gives no answer: {getattr(error, 'reason', error)}") from error

    def _headers(self) -> dict[str, str]:
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        if self.user:
            return {"Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()}
        return {}


def result_of(body: bytes) -> list[Any]:
    """`{"status": "success", "data": {"resultType": "matrix", "result": [...]}, "warnings": [...]}`; a warning: parts are missing."""
    try:
        document = json.loads(body)
        if document["status"] != "success":
            raise Refused(str(document.get("error") or document.get("errorType") or "no word why"))
        if document.get("warnings"):
            raise Refused(f"only a part was answered: {document['warnings'][0]}")
        result = document["data"]["result"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Down("what answers is no Prometheus") from error
    return list(result)


def gather(ask: Ask, selectors: Mapping[str, str], end: float, days: int, step: int) -> dict[str, Any]:
    """The document for the archive; ``selectors``: {exporter: what stands in its braces}. Raises Down."""
    end -= end % step
    times = [end - step * number for number in range(days * 86400 // step - 1, -1, -1)]
    series: list[Any] = []
    missing: dict[str, str] = {}
    for exporter, selector in selectors.items():
        for measure, (label, query) in EXPORTERS[exporter].items():
            try:
                found = values_of(ask, filled(query, selector, step), times, step)
            except Refused as error:
                missing[measure] = str(error)
                continue
            if not found:
                missing[measure] = "Prometheus holds no such metric of this host"
            series += [[measure, labels.get(label, "") if label else ("" if exporter == "node" else exporter), values]
                       for labels, values in found]
    restarts: list[float] = []
    if "node" in selectors:
        try:
            boots = values_of(ask, filled(BOOT, selectors["node"], step), times, step)
            restarts = sorted({round(value) for _labels, values in boots for value in values if value is not None and value > times[0]})
        except Refused as error:
            missing["restarts"] = str(error)
    return {"times": times, "step": step, "series": series, "missing": missing, "restarts": restarts}


def filled(query: str, selector: str, step: int) -> str:
    return query.replace("@", selector).replace("%", f"{step}s")


def values_of(ask: Ask, query: str, times: list[float], step: int) -> list[tuple[dict[str, str], list[float | None]]]:
    """[(labels, one value a time or None)] of a query, asked for in pieces that Prometheus gives at once."""
    places = {round(at): place for place, at in enumerate(times)}
    found: dict[str, tuple[dict[str, str], list[float | None]]] = {}
    for begin, until in pieces(times):
        for item in ask(query, begin, until, step):
            labels = {str(name): str(value) for name, value in item["metric"].items()}
            values = found.setdefault(json.dumps(labels, sort_keys=True), (labels, [None] * len(times)))[1]
            for at, text in item["values"]:
                value = float(text)
                if math.isfinite(value) and round(at) in places:
                    values[places[round(at)]] = float(f"{value:.5g}") if value < 1e9 else value
    return list(found.values())


def pieces(times: list[float]) -> Iterator[tuple[float, float]]:
    for first in range(0, len(times), MOST_POINTS):
        yield times[first], times[min(first + MOST_POINTS, len(times)) - 1]


def history_of(document: Mapping[str, Any]) -> History:
    """A rate over a window in which the host started is no value."""
    times: Values = np.array(document["times"], dtype=float)
    step = float(document["step"])
    across = np.zeros(len(times), dtype=bool)
    for start in document["restarts"]:
        across |= (times >= start) & (times - step <= start)
    series: dict[tuple[str, str], Values] = {}
    for measure, instance, values in document["series"]:
        column: Values = np.array(values, dtype=float)
        unset = measure == "interface_speed_bits" and not (column > 0).any()       # a link that is down, or has no speed, says -1
        if not unset:
            series[measure, instance] = np.where(across, np.nan, column)
    missing = {measure: Unknown("Prometheus: {detail}", {"detail": reason}) for measure, reason in document["missing"].items()}
    return History(times, np.full(len(times), step), series, tuple(map(float, document["restarts"])),
                   int(document.get("utc_offset_seconds", 0)), ("Prometheus",), missing)
