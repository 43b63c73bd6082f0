# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Printed output of sar: clocks, locales, midnight, restarts, lines cut in two."""

from __future__ import annotations

import pytest

from plugins.module_utils.sysstat_columns import Columns
from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.history.sar import date_of, parse_sar, sadf_rows

FIRST = "Linux 5.14.0-1.el9 (web4) \t{date} \t_x86_64_\t(2 CPU)\n\n"
TWELVE = FIRST.format(date="11/02/2026") + """\
11:40:01 PM     LINUX RESTART\t(4 CPU)

11:50:01 PM        CPU     %user     %idle
12:00:01 AM        all     10.50     89.50
12:10:01 AM        all     20.00     80.00
Average:           all     15.25     84.75

11:50:01 PM  MBfsfree   %fsused FILESYSTEM
12:00:01 AM       100     25.00 /srv/with blank
"""
COMMA = FIRST.format(date="02.11.2026") + """\
08:00:01        CPU     %user     %idle
08:10:01        all     10,50     89,50
Moyenne :       all     10,50     89,50
"""


def test_a_clock_of_12_hours_that_passes_midnight() -> None:
    sar = parse_sar(TWELVE)
    assert sar.restarts == {"23:40:01": 4}
    assert sar.whole
    columns = Columns()
    columns.add("\n".join(sadf_rows(sar, 3600)))
    document = columns.document()
    assert document["times"] == [1793660401, 1793661001]
    assert document["seconds"] == [600, 600]
    assert document["restarts"] == [[1793659201, 4]]
    assert document["columns"]["CPU"]["all"]["%user"] == [10.5, 20]
    assert document["columns"]["FILESYSTEM"]["/srv/with blank"]["%fsused"] == [25, None]


def test_a_locale_with_decimal_commas_and_another_word_for_average() -> None:
    table = next(iter(parse_sar(COMMA).tables.values()))
    assert table.rows == [("08:10:01", {"CPU": "all", "%user": 10.5, "%idle": 89.5})]
    assert table.averages == [{"CPU": "all", "%user": 10.5, "%idle": 89.5}]


# Times and averages as simplified and traditional Chinese, Japanese, Korean, Spanish, French and Vietnamese locales have them
@pytest.mark.parametrize(("first", "second", "average"), [
    ("00时10分01秒", "13时20分01秒", "平均时间:"), ("上午 12時10分01秒", "下午 01時20分01秒", "平均時間:"),
    ("00時10分01秒", "13時20分01秒", "平均値:"), ("00시 10분 01초", "13시 20분 01초", "평균:"),
    ("12:10:01 a. m.", "01:20:01 p. m.", "Media:"), ("00:10:01", "13:20:01", "Moyenne :"), ("00:10:01", "13:20:01", "Trung bình:"),
])
def test_times_of_other_locales(first: str, second: str, average: str) -> None:
    text = FIRST.format(date="2026年11月02日") + f"{first}  CPU  %user  %idle\n{second}  all  10.50  89.50\n{average}  all  10.50  89.50\n"
    columns = Columns()
    columns.add("\n".join(sadf_rows(parse_sar(text))))
    assert columns.document()["times"] == [1793577601 + 13 * 3600 + 1200]
    assert columns.document()["seconds"] == [13 * 3600 + 600]
    assert [len(table.averages) for table in parse_sar(text).tables.values()] == [1]


def test_lines_may_be_indented() -> None:
    first, _blank, rest = COMMA.partition("\n")
    assert parse_sar(first + "\n" + rest.replace("08:", "  08:").replace("Moyenne", "  Moyenne")) == parse_sar(COMMA)


def test_a_first_line_of_an_old_version_tells_no_processors() -> None:
    assert parse_sar("Linux 2.6.18-53.el5 (web4) \t11/02/2026\n\n").host == {
        "release": "2.6.18-53.el5", "name": "web4", "date": "11/02/2026", "machine": None, "cpus": None}


@pytest.mark.parametrize("text", ["2026-11-02", "11/02/26", "11/02/2026", "02.11.2026", "2026年11月02日", "2026년 11월 02일"])
def test_dates(text: str) -> None:
    assert date_of(text) == (2026, 11, 2)


@pytest.mark.parametrize("length", range(0, len(TWELVE), 7))
def test_a_text_that_was_cut_gives_fewer_values_but_no_other(length: int) -> None:
    try:
        cut = parse_sar(TWELVE[:length])
    except Unreadable:
        return
    whole = parse_sar(TWELVE)
    for columns, table in cut.tables.items():
        assert table.rows == whole.tables[columns].rows[:len(table.rows)]
        assert table.averages in ([], whole.tables[columns].averages)
    assert not cut.whole or cut.restarts == whole.restarts


def test_what_is_not_of_sar_is_said_to_be_so() -> None:
    with pytest.raises(Unreadable):
        parse_sar("top - 10:00:00 up 1 day\n")
