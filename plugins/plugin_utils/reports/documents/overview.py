# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first part of the inspection's document: cover, scope and method, summary."""

from __future__ import annotations

from collections.abc import Sequence

from docx.shared import Cm

from . import charts
from .model import SEVERITIES, Row, View, previous
from .paper import Paper
from .table import FILLS, Cell, Value

WORST = 12  # findings in the summary
HOSTS = 60  # of a larger fleet the worst are listed
SYSTEMS = 40
SHORTEST = 50  # characters of hosts in a cell of a table


def cover(paper: Paper, view: View) -> None:
    t, summary, context = view.t, view.summary, view.context
    if context.logo is not None:
        paper.document.add_picture(str(context.logo))
        picture = paper.document.inline_shapes[-1]
        scale = min(Cm(7) / picture.width, Cm(4) / picture.height)
        picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)
    for _line in range(4 if context.logo is not None else 8):
        paper.paragraph("")
    paper.paragraph(summary["customer"] or "", "CaretakerSubtitle")
    paper.paragraph(t("Health inspection report"), "CaretakerTitle")
    paper.paragraph(
        t("Recheck of run {run}", run=summary["recheck_of"]) if summary["recheck_of"] else t("Servers, storage and databases"),
        "CaretakerSubtitle",
    )
    for _line in range(4):
        paper.paragraph("")
    paper.facts(
        [
            (t("Run"), summary["run"]),
            (t("Date"), summary["started_at"][:10]),
            (t("Hosts"), str(len(view.hosts))),
            (t("Score"), score_text(view, summary["score"])),
            (t("Coverage"), f"{summary['coverage']:.1%}"),
            (t("Plan"), context.plan.id if context.plan else t("none")),
        ]
    )
    paper.paragraph(t("Confidential. Contains names, addresses and weaknesses of the systems inspected."), grey=True)


def scope(paper: Paper, view: View) -> None:
    t, numbers = view.t, view.summary["counts"]
    paper.heading(t("Scope and method"), new_page=True)
    paper.heading(t("Scope"), 2)
    paper.paragraph(
        t(
            "{hosts} hosts were to be inspected; {unreached} of them could not be. {clusters} clusters were compared.",
            hosts=numbers["hosts"],
            unreached=numbers["unreached"],
            clusters=numbers["clusters"],
        )
    )
    _systems(paper, view)
    _hosts(paper, view)
    unreached = [machine for machine in view.hosts if machine.problem]
    if unreached:
        paper.heading(t("Could not be inspected"), 2)
        paper.table(
            (t("Host"), t("System"), t("Reason")),
            [(machine.name, machine.system, machine.problem or "") for machine in unreached[:HOSTS]],
            (4, 3, 8),
        )
        _more(paper, view, len(unreached), HOSTS)
    paper.heading(t("Method"), 2)
    paper.bullets(
        (
            t(
                "Each host was looked at once, read-only: files were read and read-only commands run at the lowest priority. "
                "Nothing was installed or written there."
            ),
            t(
                "The raw texts were archived on the control node and judged there. The archive's SHA-256 stands with each host "
                "in the workbook "
                "and in hosts.jsonl."
            ),
            t("What could not be seen is unknown. It counts against the coverage, and never as fine."),
            t("Limits come from vendors, standards or this site; each finding names its own."),
        )
    )


def _systems(paper: Paper, view: View) -> None:
    t = view.t
    systems: dict[str, list[float]] = {}
    for machine in view.hosts:
        numbers = systems.setdefault(machine.system, [0, 0, 0, 0, 0, 0])
        numbers[0] += 1
        numbers[1] += machine.score or 0
        numbers[2] += machine.score is not None
        for place, severity in enumerate(SEVERITIES, 3):
            numbers[place] += machine.counts.get(severity, 0)
    rows = [
        (
            name or t("no system named"),
            f"{row[0]:g}",
            f"{row[1] / row[2]:.1f}" if row[2] else "-",
            *(f"{number:g}" for number in row[3:]),
        )
        for name, row in sorted(systems.items())
    ]
    paper.table(
        (t("System"), t("Hosts"), t("Score"), *(view.severity_word(severity) for severity in SEVERITIES)),
        [(name, *(Cell(text, right=True) for text in texts)) for name, *texts in rows[:SYSTEMS]],
        (5, 2, 2, 2, 2, 2),
    )
    _more(paper, view, len(rows), SYSTEMS)


def _hosts(paper: Paper, view: View) -> None:
    t = view.t
    worst = sorted(
        view.hosts,
        key=lambda machine: (
            -machine.counts.get("critical", 0),
            -machine.counts.get("warning", 0),
            101 if machine.score is None else machine.score,
            machine.name,
        ),
    )
    paper.heading(t("The hosts with the worst findings") if view.is_large else t("Hosts"), 2)
    shown = 30 if view.is_large else HOSTS
    paper.table(
        (t("Host"), t("System"), t("Score"), t("Coverage"), *(view.severity_word(severity) for severity in SEVERITIES)),
        [
            (
                machine.name,
                machine.system,
                Cell(score_text(view, machine.score), right=True),
                Cell(f"{machine.coverage:.0%}", right=True),
                *(number_cell(machine.counts.get(severity, 0), severity) for severity in SEVERITIES),
            )
            for machine in worst[:shown]
        ],
        (5, 3, 2, 2, 1.6, 1.6, 1.6),
    )
    _more(paper, view, len(worst), shown)


def summary(paper: Paper, view: View) -> None:
    t, about = view.t, view.summary
    paper.heading(t("Summary"), new_page=True)
    numbers = about["counts"]
    paper.paragraph(
        t(
            "The fleet scores {score} at a coverage of {coverage}. {critical} findings are critical, {warning} are warnings, "
            "{unknown} things could not be judged, {waived} findings are waived.",
            score=score_text(view, about["score"]),
            coverage=f"{about['coverage']:.1%}",
            critical=numbers["critical"],
            warning=numbers["warning"],
            unknown=numbers["unknown"],
            waived=numbers["waived"],
        ),
        bold=True,
    )
    before = previous(view)
    if before is not None and before.score is not None and about["score"] is not None:
        paper.paragraph(t("In run {run} of {date} the score was {score}.", run=before.run, date=before.date, score=f"{before.score:g}"))
    counted = view.numbers()
    paper.table(
        (t("Domain"), *(view.severity_word(severity) for severity in SEVERITIES)),
        [
            (view.domain_word(domain), *(number_cell(row[severity], severity) for severity in SEVERITIES))
            for domain, row in counted.items()
        ],
        (6, 2, 2, 2),
    )
    if charts.can_write(view.language):
        _charts(paper, view)
    paper.heading(t("Most urgent"), 2)
    urgent = [(rule, rows) for rule, rows in view.by_rule(view.standing).items() if rows[0].severity != "unknown"][:WORST]
    if not urgent:
        paper.paragraph(t("Nothing is critical and nothing is a warning."))
        return
    paper.table(
        (t("Severity"), t("Check"), t("Hosts"), t("What to do")),
        [
            (
                Cell(view.severity_word(rows[0].severity), FILLS[rows[0].severity]),
                view.title(rule),
                hosts_text(rows),
                view.text_of(rule, "fix"),
            )
            for rule, rows in urgent
        ],
        (2, 4.5, 4, 7),
    )


def _charts(paper: Paper, view: View) -> None:
    t = view.t
    if view.standing:
        paper.picture(charts.severities(view), t("Open findings by domain"))
    if any(row.severity != "unknown" for row in view.standing):
        paper.picture(charts.checks(view, 10), t("The checks that most hosts fail"))
    if view.is_large:
        paper.picture(charts.scores(view), t("Hosts by score"))
    if len(view.trend) > 1:
        paper.picture(charts.trend(view), t("Score and coverage of the inspections so far"))


def score_text(view: View, score: float | None) -> str:
    return view.t("none") if score is None else f"{score:g}"


def number_cell(number: int, severity: str) -> Value:
    return Cell(str(number), FILLS[severity] if number else "", right=True)


def hosts_text(rows: Sequence[Row], most: int = SHORTEST) -> str:
    """``db1, db2, ... (17)``: as many names as fit into ``most`` characters, and how many there are."""
    names = list(dict.fromkeys(row.host for row in rows))
    shown = names[:1]
    for name in names[1:]:
        if len(", ".join([*shown, name])) > most:
            return f"{', '.join(shown)}, ... ({len(names)})"
        shown.append(name)
    return ", ".join(shown)


def _more(paper: Paper, view: View, number: int, shown: int) -> None:
    if number > shown:
        paper.paragraph(more_text(view, number - shown), grey=True)


def more_text(view: View, number: int) -> str:
    where = view.t("the workbook") if view.context.workbook else "report.html, hosts.jsonl"
    return view.t("{n} more: see {where}.", n=number, where=where)
