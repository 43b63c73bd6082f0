# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of any kind as a DOCX that approvers read and sign; it carries the digest of what they sign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ...approval.plan import BadPlan, Plan, parse
from ..translation import LANGUAGES
from .bottlenecks import RESOURCE_WORDS
from .closing import decisions, plan_facts
from .context import Signed, gather
from .finished import BadFolder
from .model import DOMAIN_WORDS, words
from .paper import Paper
from .table import Cell

SHOWN = ("id", "host", "domain", "engineer", "action", "before", "after", "rollback")  # of a step, in columns of their own
SHOWN_OF_SETTING = (*SHOWN, "object", "setting")
TEXTS = ("method", "load")
LONGEST = 600
# What else a step may tell, beside or below what stands in columns
LABELS = {
    "stage": "Stage", "set_by": "Set by", "formula": "Formula", "source": "Source",
    "effect": "Effect", "restart": "Restart", "risk": "Risk (1 to 4)", "proof": "Shown by", "rule": "Check", "subjects": "Subjects",
}


def write(plan: Plan, document: Mapping[str, Any], path: Path, language: str, signed: Sequence[Signed] = ()) -> None:
    """``document``: the plan's YAML, of which everything is shown. Raises OSError."""
    t = words(language)
    paper = Paper(t, language, f"{plan.id}: {plan.title}")
    paper.header_and_footer(f"{plan.id} · {plan.title}"[:100], plan.digest[:16])
    paper.paragraph(t("Plan for approval"), "CaretakerTitle")
    paper.paragraph(plan.title, "CaretakerSubtitle")
    plan_facts(paper, plan)
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
    if document.get("bottlenecks"):
        _bottlenecks(paper, language, document["bottlenecks"])
    if document.get("forecasts"):
        _forecasts(paper, document["forecasts"])
    _steps(paper, language, plan.steps)
    if document.get("proposals"):
        _proposals(paper, language, document["proposals"])
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


def _bottlenecks(paper: Paper, language: str, found: Sequence[Mapping[str, Any]]) -> None:
    """Why there is a plan: what was short for weeks, and what of the plan, or who, helps."""
    t = paper.t
    paper.heading(t("Long-term bottlenecks"))
    paper.table(
        (t("Host"), t("Class"), t("Cause"), t("Hours a week"), t("Remedy")),
        [
            (
                item["host"],
                f"{t(DOMAIN_WORDS.get(item['domain'], item['domain']))}: {t(RESOURCE_WORDS.get(item['resource'], item['resource']))}",
                f"{text(item['cause'], language)}\n{text(item['says'], language)}",
                str(item["hours_a_week"]),
                _remedy(item, language),
            )
            for item in found
        ],
        (2.4, 3, 6.4, 1.6, 3.8),
    )


def _remedy(item: Mapping[str, Any], language: str) -> str:
    """The steps that answer, or else what people do, and how much of it is needed."""
    what = ", ".join(item["steps"]) or text(item.get("by_hand", "-"), language)
    return f"{what}\n{text(item.get('how_much'), language)}".strip()


def _forecasts(paper: Paper, found: Sequence[Mapping[str, Any]]) -> None:
    """What will be short, so that it is bought in time."""
    t = paper.t
    paper.heading(t("When resources come to their end"))
    paper.table(
        (t("Host"), t("Resource"), t("Now"), t("Limit"), t("Reached in"), t("Earliest")),
        [(item["host"], item["name"], f"{item['now']:.0%}", f"{item['limit']:.0%}", item["in"], item["earliest"]) for item in found],
        (2.6, 5.6, 1.8, 1.8, 2.7, 2.7),
    )


def _proposals(paper: Paper, language: str, found: Sequence[Mapping[str, Any]]) -> None:
    t = paper.t
    paper.heading(t("Proposals"))
    paper.paragraph(t("Nobody does these by approving the plan: whether they may be done only the application's people know."))
    paper.table(
        (t("Host"), t("Object"), t("Finding"), t("Remedy")),
        [(item["host"], item["object"], text(item["says"], language), text(item["by_hand"], language)) for item in found],
        (2.4, 3.4, 5.4, 6),
    )


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
    words = {True: t("yes"), False: t("no")}
    others = [
        f"{t(LABELS.get(name, name))}: {words[value] if isinstance(value, bool) else text(value, language)}"
        for name, value in step.items()
        if name not in (SHOWN_OF_SETTING if "setting" in step else SHOWN) and value not in (None, "", [])
    ]
    domain = step.get("domain")
    people = [f"{t('Domain')}: {t(DOMAIN_WORDS.get(domain, domain))}"] if domain else []
    people += [f"{t('Engineer')}: {step['engineer']}"] if step.get("engineer") else []
    return "\n".join([_title(t, step), *people, *others])


def _title(t: Any, step: Mapping[str, Any]) -> str:
    """A setting with what it belongs to; of other steps the action."""
    if "setting" in step:
        return f"{step['action']} {step.get('object', '')}".strip() + f": {step['setting']}"
    return str(t(str(step.get("action", ""))))


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
    return isinstance(value, Iterable) and isinstance(value, list) and all(isinstance(item, str | int | float) for item in value)


def write_beside(path: Path, approvers: Path | None) -> tuple[list[Path], tuple[str, ...]]:
    """``plan.LANGUAGE.docx`` beside a plan of any kind, with the decisions so far; the paths and notes. Raises BadFolder."""
    try:
        document = yaml.safe_load(path.read_bytes())
        plan = parse(document, str(path))
        context = gather(None, path, approvers, None, workbook=False)
        made = [path.with_name(f"{path.stem}.{language}.docx") for language in LANGUAGES]
        for language, its in zip(LANGUAGES, made, strict=True):
            write(plan, document, its, language, context.decisions)
            its.chmod(0o600)
    except (OSError, yaml.YAMLError, UnicodeDecodeError, BadPlan) as error:
        raise BadFolder(f"{path}: can't be written as a document ({' '.join(str(error).split())})") from error
    return made, context.notes
