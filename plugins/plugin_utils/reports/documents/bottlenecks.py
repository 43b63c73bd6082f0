# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-term bottlenecks of the fleet, as a chapter of the DOCX and a sheet of the XLSX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import charts
from .model import View
from .overview import more_text
from .paper import Paper
from .sheets import Book, Table

LISTED = 40
RESOURCE_WORDS = {
    "cpu": "CPU", "memory": "Memory", "disk": "Disk", "filesystem": "File system", "network": "Network", "backlog": "Listen queue",
    "conntrack": "Connection tracking", "files": "Open files", "connections": "Database connections", "locks": "Locks",
    "cache": "Database cache", "log": "Database log", "checkpoints": "Checkpoints", "work_memory": "Memory for sorts", "vacuum": "Vacuum",
    "plan": "Statements", "pool": "Connection pool", "threads": "Threads", "places": "Places for connections", "queue": "Queues",
    "heap": "Heap", "answers": "Answers",
}


def chapter(paper: Paper, view: View) -> None:
    """How many hosts are short of what, the worst of them with their causes, and when in the week."""
    t, found = view.t, view.summary.get("bottlenecks")
    paper.heading(t("Long-term bottlenecks"))
    if not found:
        paper.paragraph(t("No history was read (caretaker_history_days), so nothing is known of bottlenecks over the long term."))
        return
    paper.paragraph(t("{n} of {judged} hosts with enough history; {unseen} with too little, {without} without", n=found["hosts"],
                      judged=found["judged"], unseen=found["unseen"], without=found["without"]), bold=True)
    if not found["worst"]:
        paper.paragraph(t("No host had a resource over its limit for long."))
        return
    paper.facts([(title, counted(numbers, word)) for title, numbers, word in (
        (t("Hosts by class"), found["by_domain"], view.domain_word), (t("Hosts by resource"), found["by_resource"], resource_word(view)),
        (t("Hosts by system"), found["by_system"], str), (t("Hosts by importance"), found["by_importance"], "{}:".format)) if numbers])
    if charts.can_write(view.language):
        paper.picture(charts.week({resource_word(view)(name): row for name, row in found["heat"].items()}, day_words(view)),
                      t("Hours of the week in which resources are over their limits"))
    paper.table(heads(view), [_with_consumers(view, item) for item in found["worst"][:LISTED]], (2.4, 2.1, 2, 2.3, 3.8, 1.5, 2.3, 2.1))
    if len(found["worst"]) > LISTED:
        paper.paragraph(more_text(view, len(found["worst"]) - LISTED), grey=True)


def sheet(book: Book, page: Any, view: View) -> None:
    """The hosts that are short of something, worst first."""
    table = Table(book, page, (*heads(view), view.t("Who uses most")), (28, 18, 16, 20, 60, 10, 10, 10, 90))
    for item in (view.summary.get("bottlenecks") or {}).get("worst", ()):
        row = table.next
        users = "\n".join(consumers(item, view.language))
        table.add((*cells(view, item)[:5], item["hours"], item["importance"], item["confidence"], users))
        page.write_number(row, 7, item["confidence"], book.share)
    table.finish()


def heads(view: View) -> tuple[str, ...]:
    t = view.t
    return t("Host"), t("System"), t("Class"), t("Resource"), t("Cause"), t("Hours a week"), t("Importance"), t("Confidence")


def cells(view: View, item: Mapping[str, Any]) -> tuple[str, ...]:
    return (item["host"], item["system"], view.domain_word(item["domain"]), resource_word(view)(item["resource"]),
            item["cause"][view.language], str(item["hours"]), str(item["importance"]), f"{item['confidence']:.0%}")


def _with_consumers(view: View, item: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells, with who uses most below the cause: a page has no room for another column."""
    host, system, kind, resource, cause, *others = cells(view, item)
    return host, system, kind, resource, "\n".join((cause, *(f"- {user}" for user in consumers(item, view.language)))), *others


def consumers(item: Mapping[str, Any], language: str) -> list[str]:
    """Who uses most; reports and plans of earlier versions do not tell it."""
    return [user[language] for user in item.get("consumers", ())]


def resource_word(view: View) -> Callable[[str], str]:
    return lambda name: view.t(RESOURCE_WORDS.get(name, name))


def counted(numbers: Mapping[str, int], word: Callable[[str], str]) -> str:
    return " · ".join(f"{word(name) or '-'} {number}" for name, number in numbers.items())


def day_words(view: View) -> list[str]:
    t = view.t
    return [t("Mon"), t("Tue"), t("Wed"), t("Thu"), t("Fri"), t("Sat"), t("Sun")]
