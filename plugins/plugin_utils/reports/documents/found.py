# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second part: findings by domain with evidence, comparison with the last inspection, forecast, risks, waivers."""

from __future__ import annotations

from collections.abc import Sequence

from ...comparison import State
from ...wording import show
from ..fleet import DOMAINS, STATES
from . import charts
from .model import Row, View, is_open, previous
from .overview import hosts_text, more_text, number_cell, score_text
from .paper import Paper
from .table import FILLS, Cell

ROWS = {False: 40, True: 5}  # findings listed of a check, by whether the fleet is large
EVIDENCE_LINES, EVIDENCE_COLUMNS = 12, 150
IN_FULL = 10  # checks of a domain that a large fleet's document has in full
LISTED = 40
DRAWN = 6
HIGH_RISK = 3
CHANGE_WORDS = {State.NEW: "New", State.REGRESSED: "Regressed", State.IMPROVED: "Improved", State.RESOLVED: "Resolved"}


def findings(paper: Paper, view: View) -> None:
    paper.heading(view.t("Findings"), new_page=True)
    standing = view.standing
    for domain in DOMAINS:
        mine = [row for row in standing if view.domain(row.rule) == domain.value]
        paper.heading(view.domain_word(domain.value), 2)
        judged = [row for row in mine if row.severity != "unknown"]
        if not judged:
            paper.paragraph(view.t("Nothing was found."))
        checks = list(view.by_rule(judged).items())
        in_full = IN_FULL if view.is_large else len(checks)
        for rule, rows in checks[:in_full]:
            _check(paper, view, rule, rows)
        _in_brief(paper, view, checks[in_full:])
        _not_judged(paper, view, [row for row in mine if row.severity == "unknown"])


def _check(paper: Paper, view: View, rule: str, rows: Sequence[Row]) -> None:
    t = view.t
    paper.heading(view.title(rule), 3)
    about = view.rules[rule]
    counted = ", ".join(
        f"{view.severity_word(severity)} {number}"
        for severity in ("critical", "warning")
        if (number := sum(row.severity == severity for row in rows))
    )
    paper.paragraph(
        t(
            "{counted}; hosts: {hosts}; risk {risk} of 4, risk of the remedy {change} of 4; check {rule}",
            counted=counted,
            hosts=len({row.host for row in rows}),
            risk=rows[0].risk,
            change=about["change_risk"],
            rule=rule,
        ),
        grey=True,
    )
    paper.labelled(t("Why it matters"), view.text_of(rule, "why"))
    paper.labelled(t("What to do"), view.text_of(rule, "fix"))
    groups = alike(rows)
    shown = ROWS[view.is_large]
    paper.table(
        (t("Severity"), t("Host"), t("Object"), t("Finding"), t("Limit"), t("State")),
        [
            (
                Cell(view.severity_word(group[0].severity), FILLS[group[0].severity]),
                hosts_text(group),
                short(group[0].object, 80),
                short(group[0].message, 400),
                limits_text(group[0]),
                life(view, group[0]),
            )
            for group in groups[:shown]
        ],
        (1.6, 3.8, 2.6, 5, 2, 2),
    )
    if len(groups) > shown:
        paper.paragraph(more_text(view, sum(map(len, groups[shown:]))), grey=True)
    _evidence(paper, view, rows[0])


def _in_brief(paper: Paper, view: View, checks: Sequence[tuple[str, Sequence[Row]]]) -> None:
    """The checks of a large fleet after the worst."""
    if not checks:
        return
    t = view.t
    paper.heading(t("Further checks"), 3)
    paper.table(
        (t("Check"), t("Hosts"), view.severity_word("critical"), view.severity_word("warning"), t("What to do")),
        [
            (
                view.title(rule),
                hosts_text(rows),
                *(number_cell(sum(row.severity == name for row in rows), name) for name in ("critical", "warning")),
                view.text_of(rule, "fix"),
            )
            for rule, rows in checks
        ],
        (4.5, 4, 1.4, 1.5, 6),
    )


def alike(rows: Sequence[Row]) -> list[list[Row]]:
    """Findings that say the same, of different hosts, together."""
    groups: dict[tuple[str, str, str, str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.severity, row.object, row.message, row.state, row.times), []).append(row)
    return list(groups.values())


def _evidence(paper: Paper, view: View, row: Row) -> None:
    texts = view.report.detail(row.number)["evidence"]
    for key in row.evidence[:1]:
        if texts.get(key):
            paper.paragraph(
                view.t("Evidence of {host}: {key}", host=row.host, key=short(key, 200)), grey=True
            ).paragraph_format.keep_with_next = True
            paper.raw(excerpt(texts[key], row.object))


def excerpt(text: str, thing: str) -> str:
    """The lines around the first that names the object, or the first ones."""
    lines = text.splitlines()
    place = next((number for number, line in enumerate(lines) if thing and thing in line), 0)
    first = max(0, min(place - EVIDENCE_LINES // 2, len(lines) - EVIDENCE_LINES))
    part = [short(line, EVIDENCE_COLUMNS) for line in lines[first : first + EVIDENCE_LINES]]
    return "\n".join([*["[...]"] * (first > 0), *part, *["[...]"] * (first + EVIDENCE_LINES < len(lines))])


def _not_judged(paper: Paper, view: View, rows: Sequence[Row]) -> None:
    if not rows:
        return
    t = view.t
    paper.heading(t("Could not be judged"), 3)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.rule, row.message), []).append(row)
    listed = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    shown = 12 if view.is_large else LISTED
    paper.table(
        (t("Check"), t("Hosts"), t("Reason")),
        [(view.title(rule), hosts_text(group), short(message, 300)) for (rule, message), group in listed[:shown]],
        (5, 4, 8),
    )
    if len(listed) > shown:
        paper.paragraph(more_text(view, sum(len(group) for _key, group in listed[shown:])), grey=True)


def comparison(paper: Paper, view: View) -> None:
    t = view.t
    paper.heading(t("Comparison with the last inspection"), new_page=True)
    before = previous(view)
    if before is None:
        paper.paragraph(t("There is no earlier inspection of these hosts to compare with."))
    else:
        paper.paragraph(
            t(
                "Compared with run {run} of {date}; a host that was not in it with its own last inspection.",
                run=before.run,
                date=before.date,
            )
        )
    states = view.summary["states"]
    paper.table(
        [view.state_word(state.value) for state in STATES], [[str(states.get(state.value, 0)) for state in STATES]], [1] * len(STATES)
    )
    paper.paragraph(
        t(
            "New: not found last time. Regressed: worse, or back again. Persisting: as before. Improved: less bad. "
            "Resolved: closed by evidence. Not rechecked: nobody could look."
        ),
        grey=True,
    )
    if len(view.trend) > 1:
        paper.table(
            (
                t("Run"),
                t("Date"),
                t("Hosts"),
                t("Score"),
                t("Coverage"),
                *(view.severity_word(name) for name in ("critical", "warning", "unknown")),
            ),
            [
                (
                    moment.run,
                    moment.date,
                    str(moment.hosts),
                    score_text(view, moment.score),
                    f"{moment.coverage:.1%}",
                    *(number_cell(moment.counts.get(name, 0), name) for name in ("critical", "warning", "unknown")),
                )
                for moment in view.trend
            ],
            (3, 3, 2, 2, 2, 2, 2, 2),
        )
    for state in CHANGE_WORDS:
        rows = [row for row in view.rows if row.state == state.value]
        if rows and before is not None:
            paper.heading(view.t(CHANGE_WORDS[state]), 2)
            _by_check(paper, view, rows)


def _by_check(paper: Paper, view: View, rows: Sequence[Row]) -> None:
    t = view.t
    grouped = list(view.by_rule(rows).items())
    paper.table(
        (t("Check"), t("Findings"), t("Hosts")),
        [(view.title(rule), Cell(str(len(group)), right=True), hosts_text(group, 110)) for rule, group in grouped[:LISTED]],
        (7, 2, 8),
    )
    if len(grouped) > LISTED:
        paper.paragraph(more_text(view, len(grouped) - LISTED), grey=True)


def capacity(paper: Paper, view: View) -> None:
    t = view.t
    paper.heading(t("Capacity forecast"))
    if not view.forecasts:
        paper.paragraph(
            t("No file system has a forecast: none fills up steadily, or there are under three inspections over 14 days to tell from.")
        )
        return
    if charts.can_write(view.language):
        paper.picture(charts.forecast(view, DRAWN), t("File systems that are full first; dotted: if they go on as before"))
    paper.table(
        (t("Severity"), t("Host"), t("File system"), t("Used"), t("Full in"), t("Forecast")),
        [
            (
                Cell(view.severity_word(item.severity), FILLS.get(item.severity, "")),
                item.host,
                item.name,
                "?" if item.used_ratio is None else show("used_ratio", item.used_ratio),
                show("full_in_seconds", item.full_in_seconds),
                item.message,
            )
            for item in view.forecasts[:LISTED]
        ],
        (2, 3.4, 3, 1.6, 1.8, 5.5),
    )
    if len(view.forecasts) > LISTED:
        paper.paragraph(more_text(view, len(view.forecasts) - LISTED), grey=True)


def risks(paper: Paper, view: View) -> None:
    t = view.t
    paper.heading(t("Open risks"))
    rows = [row for row in view.rows if is_open(row) and row.severity != "unknown" and row.risk >= HIGH_RISK and row.counts]
    if not rows:
        paper.paragraph(t("No open finding has a risk of 3 or more."))
        return
    paper.paragraph(
        t("Open findings with a risk of 3 or 4, by check. The risk is how urgent it is; the risk of the remedy stands apart from it.")
    )
    grouped = sorted(view.by_rule(rows).items(), key=lambda item: -max(row.risk for row in item[1]))
    paper.table(
        (t("Risk"), t("Check"), t("Hosts"), t("Findings"), t("Found in a row"), t("Risk of the remedy")),
        [
            (
                Cell(str(max(row.risk for row in group)), FILLS["critical" if max(row.risk for row in group) == 4 else "warning"]),
                view.title(rule),
                hosts_text(group),
                Cell(str(len(group)), right=True),
                Cell(str(max(row.times for row in group)), right=True),
                Cell(str(view.rules[rule]["change_risk"]), right=True),
            )
            for rule, group in grouped[:LISTED]
        ],
        (1.4, 6, 5, 1.7, 1.7, 1.8),
    )
    if len(grouped) > LISTED:
        paper.paragraph(more_text(view, len(grouped) - LISTED), grey=True)


def waivers(paper: Paper, view: View) -> None:
    t = view.t
    paper.heading(t("Waivers"))
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in view.rows:
        if row.waiver:
            groups.setdefault((row.rule, row.waiver["reason"], row.waiver["owner"], row.waiver["expires"]), []).append(row)
    if not groups:
        paper.paragraph(t("No finding is waived."))
        return
    listed = sorted(groups.items(), key=lambda item: (item[0][3], item[0]))
    paper.table(
        (t("Check"), t("Hosts"), t("Object"), t("Reason"), t("Owner"), t("Until")),
        [
            (
                view.title(rule),
                hosts_text(group),
                short(", ".join(dict.fromkeys(row.object for row in group)), 120),
                reason,
                owner,
                expires,
            )
            for (rule, reason, owner, expires), group in listed[:LISTED]
        ],
        (4, 3, 2.6, 4, 2, 2),
    )
    if len(listed) > LISTED:
        paper.paragraph(more_text(view, len(listed) - LISTED), grey=True)


def limits_text(row: Row) -> str:
    """Each limit on a line: ``>= 95 %``."""
    return "\n".join(
        f"{'>=' if limit['direction'] == 'above' else '<='} {' / '.join(dict.fromkeys(limit['shown_limits'].values()))}"
        for limit in row.limits
    )


def life(view: View, row: Row) -> str:
    state = view.state_word(row.state)
    return view.t("{state}, time {n}", state=state, n=row.times) if row.times > 1 else state


def short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
