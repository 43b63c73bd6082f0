# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of any kind as a DOCX that approvers read and sign, with the digest of what they sign; and as an XLSX beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ...approval.plan import BadPlan, Plan, parse
from ..translation import LANGUAGES
from .closing import decisions, plan_facts
from .context import Signed, gather
from .finished import BadFolder
from .model import DOMAIN_WORDS, words
from .paper import Paper
from .plan_book import write as write_book
from .plan_rows import LABELS, Listing, proposals, reasons, text, title_of, value_of
from .table import Cell

SHOWN = ("id", "host", "domain", "engineer", "action", "before", "after", "rollback")  # of a step, in columns of their own
SHOWN_OF_SETTING = (*SHOWN, "object", "setting")
TEXTS = ("method", "load")


def write(plan: Plan, document: Mapping[str, Any], path: Path, language: str, signed: Sequence[Signed] = ()) -> None:
    """``document``: the plan's YAML, of which everything is shown. Raises OSError."""
    t = words(language)
    paper = Paper(t, language, f"{plan.id}: {plan.title}")
    paper.header_and_footer(f"{plan.id} · {plan.title}"[:100], plan.digest[:16])
    paper.paragraph(t("Plan for approval"), "CaretakerTitle")
    paper.paragraph(plan.title, "CaretakerSubtitle")
    paper.facts(plan_facts(t, plan))
    paper.paragraph(
        t(
            "Whoever approves this plan signs its digest. If anything in the plan is changed, the digest changes and the approval is void."
        )
    )
    _scope(paper, plan)
    for name, label in (("method", t("Method")), ("load", t("Load on the hosts"))):
        if document.get(name):
            paper.heading(label)
            paper.paragraph(t(str(document[name])))
    if document.get("people"):
        paper.heading(t("People"))
        paper.facts((str(domain), text(person)) for domain, person in document["people"].items())
    for listing in reasons(document, language, t):
        _listed(paper, listing)
    _steps(paper, language, plan.steps)
    for listing in proposals(document, language, t):
        _listed(paper, listing)
    paper.heading(t("Decisions"))
    decisions(paper, signed)
    paper.heading(t("Signatures"))
    paper.table(
        (t("System"), t("Approvals needed"), t("Who may approve"), t("Name"), t("Signature"), t("Date")),
        [
            (name, str(duty.needed), ", ".join(duty.approvers), "\n\n", "", "")
            for name, duty in plan.systems.items()
            for _place in range(duty.needed)
        ],
        (2.4, 2, 3.4, 3, 3.4, 2.4),
    )
    paper.save(path)


def _scope(paper: Paper, plan: Plan) -> None:
    t = paper.t
    paper.heading(t("Scope"))
    paper.table(
        (t("Host"), t("Address"), t("System"), t("Groups")),
        [(host, place.address, place.system, ", ".join(place.groups)) for host, place in plan.hosts.items()],
        (4, 4, 3, 5),
    )


def _listed(paper: Paper, listing: Listing) -> None:
    paper.heading(listing.title)
    if listing.note:
        paper.paragraph(listing.note)
    paper.table(listing.head, listing.rows, listing.widths)


def _steps(paper: Paper, language: str, steps: Sequence[Mapping[str, Any]]) -> None:
    """Steps that are the same but for their host stand together."""
    t = paper.t
    paper.heading(t("Steps"))
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for step in steps:
        same = {name: value for name, value in step.items() if name not in ("id", "host")}
        groups.setdefault(yaml.safe_dump(same), []).append(step)
    paper.table(
        (t("Hosts"), t("Step"), t("Before"), t("After"), t("Rollback")),
        [
            (
                ", ".join(f"{step['host']} ({step['id']})" if "id" in step else str(step["host"]) for step in group),
                _what(t, language, group[0]),
                *(Cell(text(group[0].get(name)), mono=True) for name in ("before", "after", "rollback")),
            )
            for group in groups.values()
        ],
        (2.4, 8.2, 2.2, 2.2, 2.2),
    )


def _what(t: Any, language: str, step: Mapping[str, Any]) -> str:
    """The action, and below it all that has no column of its own."""
    others = [
        f"{t(LABELS.get(name, name))}: {value_of(t, language, value)}"
        for name, value in step.items()
        if name not in (SHOWN_OF_SETTING if "setting" in step else SHOWN) and value not in (None, "", [])
    ]
    domain = step.get("domain")
    people = [f"{t('Domain')}: {t(DOMAIN_WORDS.get(domain, domain))}"] if domain else []
    people += [f"{t('Engineer')}: {step['engineer']}"] if step.get("engineer") else []
    return "\n".join([title_of(t, step), *people, *others])


def write_beside(path: Path, approvers: Path | None) -> tuple[list[Path], tuple[str, ...]]:
    """``plan.LANGUAGE.docx``, with the decisions so far, and ``plan.LANGUAGE.xlsx`` beside a plan of any kind; the paths and notes.

    Raises BadFolder.
    """
    try:
        document = yaml.safe_load(path.read_bytes())
        plan = parse(document, str(path))
        context = gather(None, path, approvers, None, workbook=False)
        made = [path.with_name(f"{path.stem}.{language}.{form}") for form in ("docx", "xlsx") for language in LANGUAGES]
        for language, paper, book in zip(LANGUAGES, made[: len(LANGUAGES)], made[len(LANGUAGES) :], strict=True):
            write(plan, document, paper, language, context.decisions)
            write_book(plan, document, book, language)
        for its in made:
            its.chmod(0o600)
    except (OSError, yaml.YAMLError, UnicodeDecodeError, BadPlan) as error:
        raise BadFolder(f"{path}: can't be written as a document ({' '.join(str(error).split())})") from error
    return made, context.notes
