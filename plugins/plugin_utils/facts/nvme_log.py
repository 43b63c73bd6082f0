# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nvme-cli's ``nvme smart-log`` as a Disk: JSON of versions 1 and 2, and text."""

from __future__ import annotations

import json
import re
from typing import Any

from ..absent import Unreadable
from .disk_model import Disk

KELVIN = 273.15
NAMES = {"avail_spare": "available_spare", "spare_thresh": "available_spare_threshold", "percent_used": "percentage_used"}
# temperature                             : 36 C (309 Kelvin)
# available_spare_threshold               : 10%
LINE = re.compile(r"^([A-Za-z][\w ]*?)\s*: *(0x[0-9a-fA-F]+|[\d.,]+)(.*)$")


def parse_nvme_log(name: str, text: str) -> Disk:
    """Raises Unreadable for what is cut off or no answer of nvme-cli."""
    try:
        values = _of_json(json.loads(text)) if text.lstrip().startswith("{") else _of_text(text)
        return _disk(name, values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable("{disk}: the answer of nvme smart-log is cut off or not in its format", disk=name) from error


# {"critical_warning": 0, "temperature": 309, "avail_spare": 100, ...}; in version 2.11 {"critical_warning": {"value": 0, ...}};
# some versions write numbers as texts. The temperature is in Kelvin.
def _of_json(document: dict[str, Any]) -> dict[str, float]:
    warning = document["critical_warning"]
    values = {NAMES.get(key, key): _number(value) for key, value in document.items() if isinstance(value, int | float | str)}
    values["critical_warning"] = _number(warning["value"] if isinstance(warning, dict) else warning)
    values["temperature"] -= KELVIN
    return values


def _number(value: Any) -> float:
    return int(value, 0) if isinstance(value, str) else value


def _of_text(text: str) -> dict[str, float]:
    """``num_err_log_entries`` stands near the end: without it the text is cut off."""
    values: dict[str, float] = {}
    for line in text.split("\n")[:-1]:
        match = LINE.match(line)
        if match:
            word = match[2].replace(",", "")
            values[match[1]] = int(word, 16) if word.startswith("0x") else float(word)
    if "num_err_log_entries" not in values:
        raise KeyError("num_err_log_entries")
    return values


def _disk(name: str, values: dict[str, float]) -> Disk:
    return Disk(
        name=name, protocol="NVMe", device_class="nvme",
        passed=values["critical_warning"] == 0, warning_bits=int(values["critical_warning"]),
        temperature_celsius=values["temperature"], spare_ratio=values["available_spare"] / 100,
        spare_threshold_ratio=values["available_spare_threshold"] / 100, used_ratio=values["percentage_used"] / 100,
        power_on_seconds=values["power_on_hours"] * 3600, power_cycles=int(values["power_cycles"]),
        media_errors=int(values["media_errors"]), logged_errors=int(values["num_err_log_entries"]), tests_told=False,
    )
