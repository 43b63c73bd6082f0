# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's answer, a JSON list of objects, as frozen dataclasses: the names of its columns are the names of their fields.

A field with a default is a column that captures of earlier versions do not have.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import MISSING, fields
from functools import cache
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture

T = TypeVar("T")


# [{"name":"shop","size_bytes":8123392,"seconds":null}, {"name":"postgres", ...}]
def rows(text: str, kind: type[T], key: str) -> tuple[T, ...]:
    """One ``kind`` for each object. Raises Unreadable for a text that is cut off, or lacks a column, or has one of another type."""
    try:
        items = json.loads(text)
    except ValueError:
        items = None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Unreadable("{key}: is not a whole list of JSON objects; it is cut off or garbled", key=key)
    return tuple(_row(item, kind, key) for item in items)


def _row(item: dict[str, Any], kind: type[T], key: str) -> T:
    values = {}
    for name, types, optional in _types(cast(Hashable, kind)):
        if optional and name not in item:
            continue
        value = item.get(name)
        if isinstance(value, list) and tuple in types:
            value = tuple(value)
        elif isinstance(value, int) and not isinstance(value, bool) and float in types:
            value = float(value)
        if name not in item or type(value) not in types:
            raise Unreadable("{key}: has no good value for {name}", key=key, name=name)
        values[name] = value
    return kind(**values)


@cache
def _types(kind: Any) -> tuple[tuple[str, tuple[type, ...], bool], ...]:
    """((field, the types it may have, whether it may be missing), ...)"""
    hints = get_type_hints(kind)
    return tuple(
        (item.name, tuple(_plain(part) for part in _parts(hints[item.name])), item.default is not MISSING) for item in fields(kind))


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if NoneType in get_args(hint) else (hint,)


def _plain(hint: Any) -> type:
    plain: type = get_origin(hint) or hint
    return plain


def answer(capture: Capture, key: str, kind: type[T]) -> Known[tuple[T, ...]]:
    """The answer recorded under this key, or why it can't be known."""
    text = capture.text(key)
    if isinstance(text, Unknown | NotHere):
        return text
    try:
        return rows(text, kind, key)
    except Unreadable as error:
        return error.unknown


def one(found: Known[tuple[T, ...]], key: str) -> Known[T]:
    """The only row of an answer."""
    if isinstance(found, Unknown | NotHere):
        return found
    return found[0] if len(found) == 1 else Unknown("{key}: has {rows_count} rows in place of one", {"key": key, "rows_count": len(found)})
