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


@pytest.mark.parametrize("text", ["2026-11-02", "11/02/26", "11/02/2026", "02.11.2026"])
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
