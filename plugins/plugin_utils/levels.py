# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's own limits in place of ours: ``caretaker_levels: {rule: {level: {warning: ..., critical: ...}}}``.

A level that differs by class of device is overridden by class: ``{disk_latency: {await_seconds: {ssd: {critical: 0.05}}}}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .findings import ByClass, Level, Levels, Rule, override
from .settings import BadSetting


def levels_of(rule: Rule, changes: Mapping[str, Any]) -> Levels:
    """The rule's levels with the site's changes for it. Raises BadSetting."""
    mine = changes.get(rule.id)
    if not mine:
        return rule.levels
    return {name: _changed(f"{rule.id}.{name}", level, mine[name]) if name in mine else level for name, level in rule.levels.items()}


def check_levels(where: str, changes: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Raise BadSetting for a misspelt rule, level or field, before any host is touched."""
    for rule_id, levels in changes.items():
        if rule_id not in rules:
            raise BadSetting(f"{where}: caretaker_levels names an unknown rule {rule_id!r}; docs/rules.md lists them")
        known = rules[rule_id].levels
        if not isinstance(levels, Mapping):
            raise BadSetting(f"{where}: caretaker_levels.{rule_id} is {levels!r}, but must be a mapping {{level: {{warning: ...}}}}")
        for name in levels:
            if name not in known:
                raise BadSetting(f"{where}: caretaker_levels.{rule_id} has no level {name!r}; it has {', '.join(known) or 'none'}")
        try:
            levels_of(rules[rule_id], changes)
        except BadSetting as error:
            raise BadSetting(f"{where}: {error}") from error


def _changed(name: str, level: Level | ByClass, changes: Any) -> Level | ByClass:
    if not isinstance(changes, Mapping):
        raise BadSetting(f"caretaker_levels.{name} is {changes!r}, but must be a mapping like {{warning: 1, critical: 2}}")
    try:
        if not isinstance(level, ByClass):
            return override(level, changes)
        unknown = sorted(set(changes) - set(level.levels) - {"default"})
        if unknown:
            raise ValueError(f"unknown class {unknown[0]!r}; it has {', '.join(sorted(level.levels))} and default")
        classes = {key: override(value, changes.get(key, {})) if key in changes else value for key, value in level.levels.items()}
        default = override(level.default, changes["default"]) if "default" in changes else level.default
        return replace(level, levels=classes, default=default)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadSetting(f"caretaker_levels.{name}: {error}") from error
