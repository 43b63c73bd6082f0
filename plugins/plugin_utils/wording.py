# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill a message template with values, each shown in the unit that its name ends with.

A template is a plain string, so that it can be translated: ``"{used_ratio} used, {free_bytes} free"``. The suffix of a
name fixes its unit everywhere in Caretaker, in facts as in messages: ``_bytes``, ``_seconds``, ``_ratio`` (0 to 1),
``_celsius``, ``_per_second``, ``_bytes_per_second``.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache

Translate = Callable[[str], str]


def render(template: str, values: Mapping[str, object], translate: Translate = str) -> str:
    """The translated template with ``{name}`` replaced by the values in their units; a missing name stays as it is."""
    text = translate(template)
    return fill(text, shown(values)) if values else text


def shown(values: Mapping[str, object]) -> dict[str, str]:
    """Each value in its unit, which is the same in all languages."""
    return {name: show(name, value) for name, value in values.items()}


def fill(text: str, texts: Mapping[str, str]) -> str:
    """The template with ``{name}`` replaced by these texts; a missing name stays as it is."""
    form, names = _prepared(text)
    return form % tuple([texts[name] if name in texts else "{" + name + "}" for name in names])


@lru_cache(maxsize=8192)
def _prepared(text: str) -> tuple[str, tuple[str, ...]]:
    """``("%s used", ("used_ratio",))`` of ``"{used_ratio} used"``: far quicker to fill, and there are millions to fill."""
    pieces = list(string.Formatter().parse(text))
    form = "".join(literal.replace("%", "%%") + ("%s" if name is not None else "") for literal, name, _spec, _conversion in pieces)
    return form, tuple(name for _literal, name, _spec, _conversion in pieces if name is not None)


def show(name: str, value: object) -> str:
    """One value in the unit that its name ends with: ``show("free_bytes", 2**30)`` is ``"1.0 GiB"``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, NUMBERS):
        return _formatter(name)(value)
    if value is None:
        return "?"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    return str(value)


@lru_cache(maxsize=8192)
def _formatter(name: str) -> Callable[[float], str]:
    """By the suffix of a value's name."""
    return next((formatter for suffix, formatter in FORMATTERS if name.endswith(suffix)), show_number)


def show_number(value: float) -> str:
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value)}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def show_bytes(value: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} PiB"


def show_seconds(value: float) -> str:
    size = abs(value)
    if size == 0:
        return "0 s"
    for limit, divisor, unit in ((0.001, 1e-6, "µs"), (1, 1e-3, "ms"), (120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if size < limit:
            return f"{show_number(round(value / divisor, 2))} {unit}"
    return f"{value / 86400:.0f} d"


def show_ratio(value: float) -> str:
    percent = value * 100
    if percent != 0 and abs(percent) < 1:
        return f"{percent:.2g} %"
    return f"{percent:.0f} %" if float(percent).is_integer() or abs(percent) >= 10 else f"{percent:.1f} %"


NUMBERS = (int, float)
FORMATTERS: tuple[tuple[str, Callable[[float], str]], ...] = (
    ("_bytes_per_second", lambda value: show_bytes(value) + "/s"),
    ("_bytes", show_bytes),
    ("_seconds", show_seconds),
    ("_ratio", show_ratio),
    ("_celsius", lambda value: f"{value:.0f} °C"),
    ("_per_second", lambda value: f"{show_number(value)}/s"),
)
