# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan of any kind lists beside its steps, as rows that its DOCX and its XLSX share, and its values as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ..translation import LANGUAGES
from .bottlenecks import RESOURCE_WORDS, consumers
from .model import DOMAIN_WORDS

LONGEST = 600
# What a step may tell
LABELS = {
    "domain": "Domain",
    "engineer": "Engineer",
    "before": "Before",
    "after": "After",
    "rollback": "Rollback",
    "stage": "Stage",
    "set_by": "Set by",
    "formula": "Formula",
    "source": "Source",
    "effect": "Effect",
    "restart": "Restart",
    "risk": "Risk (1 to 4)",
    "proof": "Shown by",
    "rule": "Check",
    "subjects": "Subjects",
}


@dataclass(frozen=True)
class Listing:
    """``widths`` of the columns in centimetres of a page."""

    title: str
    note: str
    head: tuple[str, ...]
    widths: tuple[float, ...]
    rows: Sequence[tuple[str, ...]]


def reasons(document: Mapping[str, Any], language: str, t: Any) -> Iterator[Listing]:
    """Why there is a plan: what was short for weeks, with what of the plan, or who, helps; and what will be, to be bought in time."""
    if document.get("bottlenecks"):
        yield Listing(
            t("Long-term bottlenecks"),
            "",
            (t("Host"), t("Class"), t("Cause"), t("Hours a week"), t("Remedy")),
            (2.4, 3, 6.4, 1.6, 3.8),
            [
                (
                    item["host"],
                    f"{t(DOMAIN_WORDS.get(item['domain'], item['domain']))}: {t(RESOURCE_WORDS.get(item['resource'], item['resource']))}",
                    "\n".join(
                        (text(item["cause"], language), text(item["says"], language), *(f"- {user}" for user in consumers(item, language)))
                    ),
                    str(item["hours_a_week"]),
                    _remedy(item, language),
                )
                for item in document["bottlenecks"]
            ],
        )
    if document.get("forecasts"):
        yield Listing(
            t("When resources run out"),
            "",
            (t("Host"), t("Resource"), t("Now"), t("Limit"), t("Reached in"), t("Earliest")),
            (2.6, 5.6, 1.8, 1.8, 2.7, 2.7),
            [
                (item["host"], item["name"], f"{item['now']:.0%}", f"{item['limit']:.0%}", item["in"], item["earliest"])
                for item in document["forecasts"]
            ],
        )


def proposals(document: Mapping[str, Any], language: str, t: Any) -> Iterator[Listing]:
    if document.get("proposals"):
        yield Listing(
            t("Proposals"),
            t("Nobody does these by approving the plan: whether they may be done only the application's people know."),
            (t("Host"), t("Object"), t("Finding"), t("Remedy")),
            (2.4, 3.4, 5.4, 6),
            [
                (item["host"], item["object"], text(item["says"], language), _proposed(item, language, t))
                for item in document["proposals"]
            ],
        )


def _proposed(item: Mapping[str, Any], language: str, t: Any) -> str:
    """What people look at, below it the value that a formula gives, and who sets it today."""
    told = text(item["by_hand"], language)
    if "setting" not in item:
        return told
    value = f"{item['setting']}: {item['before']} -> {item['after']}"
    lines = (told, value, f"{text(item['formula'], language)} ({item['source']})")
    return "\n".join((*lines, f"{t('Set by')}: {text(item['set_by'], language)}") if "set_by" in item else lines)


def _remedy(item: Mapping[str, Any], language: str) -> str:
    """The steps that answer, what people do, and how much of it is needed."""
    told = (", ".join(item["steps"]), text(item.get("by_hand"), language), text(item.get("how_much"), language))
    return "\n".join(line for line in told if line)


def title_of(t: Any, step: Mapping[str, Any]) -> str:
    """A setting with what it belongs to; of other steps the action."""
    if "setting" in step:
        return f"{step['action']} {step.get('object', '')}".strip() + f": {step['setting']}"
    return str(t(str(step.get("action", ""))))


def value_of(t: Any, language: str, value: Any) -> str:
    """As text(), and a switch as a word."""
    return str(t("yes") if value else t("no")) if isinstance(value, bool) else text(value, language)


def text(value: Any, language: str = "en") -> str:
    """A step's value as people read it; of one in all languages, theirs."""
    if value is None:
        return ""
    if isinstance(value, dict) and set(value) == set(LANGUAGES):
        return str(value[language])
    shown = (
        value
        if isinstance(value, str)
        else ", ".join(map(str, value))
        if _is_plain(value)
        else str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False)).rstrip().removesuffix("\n...")
        if isinstance(value, list | dict)
        else str(value)
    )
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


def _is_plain(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str | int | float) for item in value)
