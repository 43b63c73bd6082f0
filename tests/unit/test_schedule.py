# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the timer's inspection is to be, and what its schedule may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plugins.plugin_utils.schedule.calendar import Calendar, next_slot
from plugins.plugin_utils.schedule.config import BadSchedule, load, parse
from plugins.plugin_utils.schedule.tries import Try, add, quarters_done, read

BERLIN = ZoneInfo("Europe/Berlin")
# New Year's day 2027 is a Friday
CALENDAR = Calendar(60, 300, (0, 1, 2, 3, 4), frozenset({date(2026, 10, 1), date(2027, 1, 1)}), BERLIN)
NIGHT = replace(CALENDAR, begin=22 * 60, end=4 * 60)
GOOD: dict[str, Any] = {"inventories": ["/etc/caretaker/fleet.yml"], "window": "01:00-05:00", "time_zone": "Europe/Berlin"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(("calendar", "now", "done", "quarter", "begin"), [
    (CALENDAR, "2026-09-30T06:00", {"2026Q3"}, "2026Q4", "2026-10-02T01:00"),          # the 1st is a holiday
    (CALENDAR, "2026-09-30T06:00", set(), "2026Q4", "2026-10-02T01:00"),               # too late for the third quarter
    (CALENDAR, "2026-09-30T04:59", set(), "2026Q3", "2026-09-30T01:00"),               # its last hours
    (CALENDAR, "2026-10-02T00:59", {"2026Q3"}, "2026Q4", "2026-10-02T01:00"),
    (CALENDAR, "2026-10-02T04:59", {"2026Q3"}, "2026Q4", "2026-10-02T01:00"),          # open
    (CALENDAR, "2026-10-02T05:00", {"2026Q3"}, "2026Q4", "2026-10-05T01:00"),          # missed on a Friday: on Monday
    (CALENDAR, "2026-10-02T02:00", {"2026Q4"}, "2027Q1", "2027-01-04T01:00"),
    (NIGHT, "2026-10-03T03:59", {"2026Q3"}, "2026Q4", "2026-10-02T22:00"),             # Friday's night lasts until Saturday
    (NIGHT, "2026-10-03T04:00", {"2026Q3"}, "2026Q4", "2026-10-05T22:00"),
    (NIGHT, "2027-01-01T01:00", {"2026Q4"}, "2027Q1", "2027-01-04T22:00"),             # this night still belongs to the quarter that is done
    (NIGHT, "2027-01-01T01:00", {"2026Q3"}, "2026Q4", "2026-12-31T22:00"),
])
def test_next_slot(calendar: Calendar, now: str, done: set[str], quarter: str, begin: str) -> None:
    slot = next_slot(calendar, done, at(now))
    assert slot is not None
    assert (slot.quarter, slot.begin) == (quarter, at(begin))


def test_hours_in_the_zone_of_the_schedule_whatever_the_season() -> None:
    summer, winter = (next_slot(CALENDAR, (), at(text)) for text in ("2026-07-01T00:00", "2027-01-04T00:00"))
    assert summer is not None
    assert winter is not None
    assert [slot.begin.astimezone(ZoneInfo("UTC")).hour for slot in (summer, winter)] == [23, 0]


def test_no_working_day_at_all() -> None:
    every_day = frozenset(date.fromordinal(day) for day in range(date(2026, 1, 1).toordinal(), date(2028, 12, 31).toordinal()))
    assert next_slot(replace(CALENDAR, holidays=every_day), (), at("2026-10-02T02:00")) is None


def test_a_schedule() -> None:
    mail = {"server": "mail.example.com", "from": "caretaker@example.com", "password": "hidden"}
    schedule = parse({**GOOD, "holidays": ["2026-12-25"], "mail": mail, "mail_to": ["Operations <ops@example.com>"]}, "s")
    assert schedule.calendar == Calendar(60, 300, (0, 1, 2, 3, 4), frozenset({date(2026, 12, 25)}), BERLIN)
    assert (schedule.keep, schedule.needs_plan, schedule.mail_to) == (8, False, ("Operations <ops@example.com>",))
    assert "hidden" not in repr(schedule)


@pytest.mark.parametrize(("change", "says"), [
    ({"window": "1-5"}, "window is '1-5', but must be hours like 01:00-05:00"),
    ({"window": None}, "window is None"),
    ({"time_zone": "Berlin"}, "time_zone is 'Berlin'"),
    ({"time_zone": "../../etc/passwd"}, "time_zone is"),
    ({"days": ["moonday"]}, "days is"),
    ({"days": []}, "days is"),
    ({"holidays": ["25.12.2026"]}, "holidays is"),
    ({"inventories": ["fleet.yml"]}, "absolute path"),
    ({"inventories": []}, "inventories is"),
    ({"inventory": ["/x"]}, "unknown field 'inventory'; there are approvers_file"),
    ({"keep": 0}, "keep is 0"),
    ({"needs_plan": "yes"}, "needs_plan is 'yes'"),
    ({"needs_plan": True}, "needs_plan wants an approvers_file"),
    ({"variables": ["a"]}, "variables is"),
    ({"mail_to": "ops@example.com"}, "mail_to is"),
    ({"mail_to": ["ops"]}, "mail_to is"),
    ({"mail": {"server": "m", "from": "a@b"}}, "mail_to is empty"),
    ({"mail": {"server": "m", "from": "a@b", "port": "25"}, "mail_to": ["a@b"]}, "caretaker_mail: port is '25'"),
    ({"mail": {"from": "a@b"}, "mail_to": ["a@b"]}, "caretaker_mail: server must name"),
    ({"mail": {"server": "m", "from": "a"}, "mail_to": ["a@b"]}, "caretaker_mail: from is 'a'"),
    ({"mail": {"server": "m", "from": "a@b", "security": "ssl"}, "mail_to": ["a@b"]}, "security is 'ssl', but must be one of none, starttls, tls"),
    ({"mail": {"server": "m", "sender": "a@b"}, "mail_to": ["a@b"]}, "unknown field 'sender'"),
])
def test_a_schedule_that_is_wrong(change: dict[str, Any], says: str) -> None:
    with pytest.raises(BadSchedule) as caught:
        parse({**GOOD, **change}, "schedule.yml")
    assert str(caught.value).startswith("schedule.yml: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(("text", "says"), [("a: [", "can't be read"), ("- a", "no YAML mapping"), ("", "no YAML mapping"), (None, "is not there")])
def test_a_file_that_is_no_schedule(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "schedule.yml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadSchedule, match=says):
        load(path)


def test_tries(tmp_path: Path) -> None:
    path = tmp_path / "tries.jsonl"
    assert read(path) == []
    items = [Try("2026-10-01T01:00:00Z", "2026Q4", "refused", "no plan"), Try("2026-10-02T01:00:00Z", "2026Q4", "incomplete", "", "2026Q4-001")]
    for item in items:
        add(path, item)
    with path.open("a") as file:
        file.write('{"at": "2026-10-0')        # the machine went down here
    assert read(path) == items
    add(path, items[0])
    assert read(path) == [*items, items[0]]
    assert quarters_done(items[:1]) == frozenset()
    assert quarters_done(items) == {"2026Q4"}
