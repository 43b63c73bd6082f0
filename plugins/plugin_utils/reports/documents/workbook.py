# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The XLSX: summary, devices, findings, evidence index, and a sheet a device.

A workbook of a small fleet has the devices' sheets itself. Those of a large one lie beside it, a workbook a system (at most
TOGETHER devices each), and the list of devices links to them: Excel can't be worked with when a book has hundreds of sheets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..storage import DRAWN
from . import bottlenecks
from .found import life, limits_text
from .model import SEVERITIES, SEVERITY_WORDS, Machine, Row, View
from .sheets import Book, Table, colour_numbers, colour_words, write

SHEET_WORDS = ("Summary", "Devices", "Findings", "Evidence")
BOTTLENECKS = "Long-term bottlenecks"  # only where a history was read
TOGETHER = 100
EXCERPT = 4000  # characters of evidence on a device's sheet
SETTINGS = ("owner", "role", "location", "importance")


@dataclass(frozen=True)
class Place:
    """Where a device's sheet is: ``file`` relative to the workbook's folder, empty for the workbook itself."""

    file: str
    sheet: str


def write_workbook(view: View, path: Path) -> list[Path]:
    """The files written. Raises OSError or BadFolder."""
    book = Book(path)
    sheets = [book.sheet(view.t(name)) for name in SHEET_WORDS]
    if view.summary.get("bottlenecks"):
        bottlenecks.sheet(book, book.sheet(view.t(BOTTLENECKS)), view)
    rows: dict[int, list[Row]] = {machine.number: [] for machine in view.machines}
    for row in view.rows:
        rows[row.number].append(row)
    places: dict[int, Place] = {}
    others: list[Path] = []
    if view.is_large:
        for name, machines in _volumes(view):
            file = path.with_suffix("") / f"{name}.xlsx"
            file.parent.mkdir(mode=0o700, exist_ok=True)
            others.append(file)
            volume = Book(file)
            for machine in machines:
                places[machine.number] = _device(volume, view, machine, rows[machine.number], f"{file.parent.name}/{file.name}")
            volume.close()
    else:
        for machine in view.machines:
            places[machine.number] = _device(book, view, machine, rows[machine.number], "")
    _summary(book, sheets[0], view)
    _devices(book, sheets[1], view, places)
    _findings(book, sheets[2], view)
    _evidence(book, sheets[3], view, rows)
    book.close()
    return [path, *others]


def _volumes(view: View) -> Iterator[tuple[str, Sequence[Machine]]]:
    """(file name without its end, devices) by system."""
    systems: dict[str, list[Machine]] = {}
    for machine in view.machines:
        systems.setdefault(machine.system, []).append(machine)
    taken: set[str] = set()
    for system, machines in sorted(systems.items()):
        word = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in system)[:60] or "devices"
        for number, first in enumerate(range(0, len(machines), TOGETHER), 1):
            name = word if len(machines) <= TOGETHER else f"{word}-{number}"
            while name.lower() in taken:
                name += "_"
            taken.add(name.lower())
            yield name, machines[first : first + TOGETHER]


def _severity_words(view: View) -> dict[str, str]:
    return {severity: view.t(word) for severity, word in SEVERITY_WORDS.items()}


def _summary(book: Book, sheet: Any, view: View) -> None:
    t, about = view.t, view.summary
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 6, 16)
    sheet.write_string(0, 0, t("Health inspection report"), book.title)
    numbers = about["counts"]
    facts: list[tuple[str, Any, Any]] = [
        (t("Customer"), about["customer"] or "", None),
        (t("Run"), about["run"], None),
        (t("Date"), about["started_at"][:10], None),
        (t("Hosts"), numbers["hosts"], None),
        (t("Could not be inspected"), numbers["unreached"], None),
        (t("Score"), t("none") if about["score"] is None else about["score"], None),
        (t("Coverage"), about["coverage"], book.share),
        (t("Waived"), numbers["waived"], None),
    ]
    for row, (name, value, look) in enumerate(facts, 2):
        write(book, sheet, row, 0, name, book.name)
        write(book, sheet, row, 1, value, look)
    domains = Table(book, sheet, (t("Domain"), *(view.severity_word(name) for name in SEVERITIES)), (1,) * 4, first=11, is_whole=False)
    for domain, counted in view.numbers().items():
        domains.add((view.domain_word(domain), *(counted[name] for name in SEVERITIES)))
    domains.finish(colour_numbers(book, sheet, dict(enumerate(SEVERITIES, 1))))
    chart = book.book.add_chart({"type": "bar", "subtype": "stacked"})
    for column, name in enumerate(SEVERITIES, 1):
        chart.add_series(
            {
                "name": [sheet.name, 11, column],
                "categories": [sheet.name, 12, 0, 15, 0],
                "values": [sheet.name, 12, column, 15, column],
                "fill": {"color": {"critical": "#C0392B", "warning": "#E8A33D", "unknown": "#8A8FA0"}[name]},
            }
        )
    chart.set_title({"name": t("Open findings by domain"), "name_font": {"size": 11}})
    chart.set_y_axis({"reverse": True})
    chart.set_size({"width": 560, "height": 260})
    sheet.insert_chart(1, 5, chart)
    checks = Table(
        book, sheet, (t("Check"), *(view.severity_word(name) for name in SEVERITIES), t("Hosts")), (1,) * 5, first=18, is_whole=False
    )
    for rule, rows in view.by_rule(view.standing).items():
        checks.add(
            (view.title(rule), *(sum(row.severity == name for row in rows) for name in SEVERITIES), len({row.host for row in rows}))
        )
    checks.finish(colour_numbers(book, sheet, dict(enumerate(SEVERITIES, 1))))
    _fit_to_width(sheet)


def _devices(book: Book, sheet: Any, view: View, places: Mapping[int, Place]) -> None:
    t = view.t
    words = {"owner": t("Owner"), "role": t("Role"), "location": t("Location"), "importance": t("Importance")}
    table = Table(
        book,
        sheet,
        (
            t("Host"),
            t("System"),
            t("Score"),
            t("Coverage"),
            *(view.severity_word(name) for name in SEVERITIES),
            t("Waived"),
            *(words[name] for name in SETTINGS),
            t("Inspected at"),
            t("Could not be inspected"),
            t("Archive (SHA-256)"),
        ),
        (28, 18, 9, 10, 9, 9, 9, 9, 16, 14, 16, 11, 21, 40, 30),
    )
    for machine in view.machines:
        row, place = table.next, places[machine.number]
        table.add(
            (
                machine.name,
                machine.system,
                machine.score,
                machine.coverage,
                *(machine.counts.get(name, 0) for name in (*SEVERITIES, "waived")),
                *(machine.settings.get(name) for name in SETTINGS),
                machine.taken_at,
                machine.problem,
                machine.sha256,
            )
        )
        sheet.write_number(row, 3, machine.coverage, book.share)
        target = f"external:{place.file}#'{_quoted(place.sheet)}'!A1" if place.file else f"internal:'{_quoted(place.sheet)}'!A1"
        if len(machine.name) < 255 and row < 65_000:  # Excel takes no more links on a sheet
            sheet.write_url(row, 0, target, book.link, machine.name)
    table.finish(colour_numbers(book, sheet, dict(enumerate(SEVERITIES, 4))))
    last = max(table.next - 1, 1)
    sheet.conditional_format(
        1,
        2,
        last,
        2,
        {
            "type": "3_color_scale",
            "min_type": "num",
            "min_value": 50,
            "mid_type": "num",
            "mid_value": 85,
            "max_type": "num",
            "max_value": 100,
            "min_color": "#F8D3D0",
            "mid_color": "#FDE9C4",
            "max_color": "#DDF0DF",
        },
    )
    _fit_to_width(sheet)


def _quoted(sheet: str) -> str:
    return sheet.replace("'", "''")


def _findings(book: Book, sheet: Any, view: View) -> None:
    t = view.t
    table = Table(
        book,
        sheet,
        (
            t("Severity"),
            t("Host"),
            t("Domain"),
            t("Check"),
            t("Object"),
            t("Finding"),
            t("Limit"),
            t("State"),
            t("First found in run"),
            t("Risk"),
            t("Risk of the remedy"),
            t("What to do"),
            t("Waived"),
            t("Evidence"),
            "ID",
        ),
        (10, 24, 15, 30, 22, 55, 16, 16, 13, 7, 10, 60, 30, 40, 28),
    )
    for row in view.rows:
        waiver = row.waiver
        table.add(
            (
                view.severity_word(row.severity),
                row.host,
                view.domain_word(view.domain(row.rule)),
                view.title(row.rule),
                row.object,
                row.message,
                limits_text(row),
                life(view, row),
                row.first_run,
                row.risk,
                view.rules[row.rule]["change_risk"],
                view.text_of(row.rule, "fix"),
                f"{waiver['owner']}, {waiver['expires']}: {waiver['reason']}" if waiver else None,
                "\n".join(row.evidence),
                row.rule,
            )
        )
    table.finish(colour_words(book, sheet, 0, _severity_words(view)))
    _fit_to_width(sheet)


def _evidence(book: Book, sheet: Any, view: View, rows: Mapping[int, Sequence[Row]]) -> None:
    """Which text of which archive shows which findings."""
    t = view.t
    table = Table(book, sheet, (t("Host"), t("Evidence"), t("Shows"), t("Inspected at"), t("Archive (SHA-256)")), (24, 60, 50, 21, 68))
    for machine in view.machines:
        keys: dict[str, list[str]] = {}
        for row in rows[machine.number]:
            for key in row.evidence:
                keys.setdefault(key, []).append(f"{row.rule}: {row.object}")
        for key, shows in keys.items():
            table.add((machine.name, key, "\n".join(shows[:50]), machine.taken_at, machine.sha256))
    table.finish()
    _fit_to_width(sheet)


def _device(book: Book, view: View, machine: Machine, rows: Sequence[Row], file: str) -> Place:
    t, sheet = view.t, book.sheet(machine.name)
    detail = view.report.detail(machine.number)
    for column, width in enumerate((28, 28, 22, 60, 16, 18, 60)):
        sheet.set_column(column, column, width)
    write(book, sheet, 0, 0, machine.name, book.title)
    facts = [
        (t("System"), machine.system),
        (t("Inspected at"), machine.taken_at),
        (t("Score"), machine.score),
        (t("Coverage"), machine.coverage),
        (t("Could not be inspected"), machine.problem or t("no")),
        (t("Archive (SHA-256)"), machine.sha256),
    ]
    for place, (name, value) in enumerate(facts, 2):
        write(book, sheet, place, 0, name, book.name)
        sheet.merge_range(place, 1, place, 3, "", book.text)
        write(book, sheet, place, 1, value, book.share if value == machine.coverage and name == t("Coverage") else book.text)
    table = Table(
        book,
        sheet,
        (t("Severity"), t("Check"), t("Object"), t("Finding"), t("Limit"), t("State"), t("What to do")),
        (1,) * 7,
        first=10,
        is_whole=False,
    )
    for row in rows:
        table.add(
            (
                view.severity_word(row.severity),
                view.title(row.rule),
                row.object,
                row.message,
                limits_text(row),
                life(view, row),
                view.text_of(row.rule, "fix"),
            )
        )
    for fine in detail["host"]["fine"]:
        table.add(
            (view.severity_word(fine["severity"]), view.title(fine["rule"]), fine["object"], fine["message"][view.language], "", "", "")
        )
    table.finish(colour_words(book, sheet, 0, _severity_words(view)))
    evidence = Table(book, sheet, (t("Evidence"), t("Text"), "", "", "", "", ""), (1,) * 7, first=table.next + 1, is_whole=False)
    for key, text in list(detail["evidence"].items())[:DRAWN]:
        place = evidence.next
        sheet.merge_range(place, 1, place, 6, "", book.raw)
        excerpt = text if len(text) <= EXCERPT else text[:EXCERPT] + "\n[...]"
        evidence.add((key, excerpt), book.raw)
        sheet.set_row(place, min(400, 13 * (excerpt.count("\n") + 1)))
    _fit_to_width(sheet)
    return Place(file, sheet.name)


def _fit_to_width(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")
