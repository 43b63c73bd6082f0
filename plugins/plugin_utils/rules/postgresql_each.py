# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge each instance by what is known of it; one that can't be asked is UNKNOWN, which the rule postgresql_answers tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..absent import Known, NotHere, Unknown
from ..facts.postgresql_model import Instance, Setting
from ..findings import Finding, Severity

T = TypeVar("T")
TOLD_BY = "postgresql_answers"
UNITS = {"": 1, "B": 1, "kB": 1024, "8kB": 8192, "16kB": 16384, "32kB": 32768, "64kB": 65536, "MB": 1024**2, "GB": 1024**3,
         "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}


def each(
    instances: Iterable[Instance], get: Callable[[Instance], Known[T]], judge: Callable[[Instance, T], Iterator[Finding]]
) -> Iterator[Finding]:
    """What ``judge`` says of each instance that ``get`` knows; why it does not apply, or can't be known, of the others."""
    for instance in instances:
        value = instance.session if isinstance(instance.session, Unknown | NotHere) else get(instance)
        if isinstance(value, Unknown):
            yield Finding(Severity.UNKNOWN, instance.name, value.reason, value.values)
        elif isinstance(value, NotHere):
            yield Finding(Severity.OK, instance.name, value.reason, value.values)
        else:
            yield from judge(instance, value)


def both(get: Callable[[Instance], Known[T]], other: Callable[[Instance], Known[Any]]) -> Callable[[Instance], Known[Any]]:
    """A getter of the pair of both, or of why the first of them that is absent is so."""
    def pair(instance: Instance) -> Known[Any]:
        first, second = get(instance), other(instance)
        if isinstance(first, Unknown | NotHere):
            return first
        return second if isinstance(second, Unknown | NotHere) else (first, second)
    return pair


def text(settings: Mapping[str, Setting], name: str) -> str:
    """A setting as pg_settings has it, "" where this version has none of that name."""
    return settings[name].setting if name in settings else ""


def amount(settings: Mapping[str, Setting], name: str) -> float:
    """A setting in bytes or seconds; -1 where this version has none of that name."""
    if name not in settings:
        return -1
    number = float(settings[name].setting)
    return number * UNITS.get(settings[name].unit, 1) if number > 0 else number
