# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Printed output of sar, any version and locale, as tables; and as the rows of `sadf -d`, from which a History is made.

    Linux 5.14.0 (db1) 	11/02/26 	_x86_64_	(8 CPU)

    08:00:01        CPU     %user     %nice   %system   %iowait    %steal     %idle
    08:10:01        all      4.10      0.00      1.20      0.30      0.00     94.40
    Average:        all      4.10      0.00      1.20      0.30      0.00     94.40

    08:14:02     LINUX RESTART	(8 CPU)

Clocks of 12 hours have AM or PM after the time, or in Chinese before it; other locales a comma in numbers and their own word for
"Average"; Chinese, Japanese and Korean ones write units into dates and times (%x and %X of strftime):

    Linux 3.10.0-957.el7.x86_64 (db1) 	2026年11月02日 	_x86_64_	(8 CPU)

    08时00分01秒     CPU     %user     %nice   %system   %iowait    %steal     %idle
    08时10分01秒     all      4.10      0.00      1.20      0.30      0.00     94.40
    平均时间:     all      4.10      0.00      1.20      0.30      0.00     94.40
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..absent import Unreadable

Row: TypeAlias = Mapping[str, float | str]
HALF = r"[AaPp]\.? ?[Mm]\.?|上午|下午|午前|午後|오전|오후"
AFTERNOON = ("p", "下午", "午後", "오후")
CLOCK = re.compile(rf"(?:({HALF}) *)?(\d{{1,2}})(?:[:.时時]|시 )(\d\d)(?:[:.分]|분 )(\d\d)[秒초]?(?:\s+({HALF}))?(?=\s|$)")
AVERAGE = re.compile(r"[^\W\d][^:：]*[:：](?=\s)")
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?$")
# sysstat 7 (CentOS 5) ends the line after the date
HOST = re.compile(r"Linux (?P<release>\S+) \((?P<name>[^)]*)\)\s+(?P<date>.*?\d.*?)(?:\s+_(?P<machine>\w+)_\s+\((?P<cpus>\d+) CPU\))?\s*$")
LAST_ITEMS = ("FILESYSTEM", "MOUNTPOINT", "DEVICE", "SENSOR")      # columns of names that stand last, and may hold blanks
NAMED = ("CPU", "DEV", "IFACE", "FILESYSTEM", "MOUNTPOINT", "DEVICE", "INTR", "TTY", "FAN", "TEMP", "IN", "BUS")
HALF_DAY = 43200


@dataclass
class Table:
    """One activity; its rows in order, each (clock, values); ``starts``: the clock of each header, the begin of the first interval."""

    columns: tuple[str, ...]
    rows: list[tuple[str, Row]] = field(default_factory=list)
    averages: list[Row] = field(default_factory=list)
    starts: dict[int, str] = field(default_factory=dict)       # number of rows before the header -> its clock


@dataclass
class Sar:
    """``whole``: the first activity is complete, so that all restarts are known."""

    host: Mapping[str, str]
    tables: dict[tuple[str, ...], Table] = field(default_factory=dict)
    restarts: dict[str, int | None] = field(default_factory=dict)
    comments: list[tuple[str, str]] = field(default_factory=list)
    whole: bool = False


def parse_sar(text: str) -> Sar:
    """Raises Unreadable. A last line without its end is left out: half a number is a wrong number."""
    lines = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
    host = HOST.match(lines[0]) if lines else None
    if host is None:
        raise Unreadable("is not the output of sar")
    sar, table = Sar(host.groupdict()), None
    for line in lines[1:]:
        clock, rest = clock_of(line)
        if clock and _is_event(sar, clock, rest, line):
            continue
        if rest and is_header(rest):
            table = sar.tables.setdefault(tuple(rest), Table(tuple(rest)))
            if clock:
                table.starts[len(table.rows)] = clock
        elif table is not None and (row := row_of(table.columns, rest)) is not None:
            if clock:
                table.rows.append((clock, row))
            else:
                table.averages.append(row)
    first = next(iter(sar.tables.values()), None)
    sar.whole = first is not None and bool(first.averages) and (len(sar.tables) > 1 or not clock_of(lines[-1])[0])
    return sar


def _is_event(sar: Sar, clock: str, words: list[str], line: str) -> bool:
    """Each activity repeats the starts and comments; they are kept once."""
    if words[:2] == ["LINUX", "RESTART"]:
        sar.restarts.setdefault(clock, _cpus(words))
        return True
    if words[:1] == ["COM"]:
        comment = (clock, line.split("COM", 1)[1].strip())
        if comment not in sar.comments:
            sar.comments.append(comment)
        return True
    return False


def clock_of(line: str) -> tuple[str, list[str]]:
    """("13:20:39", the words after it); ("", ...) for the line of an average, whose label is left out, and for any other ("", [])."""
    line = line.strip()
    found = CLOCK.match(line)
    if found:
        before, hour, minute, second, after = found.groups()
        half = (before or after or "").lower()
        hours = int(hour) % 12 + (12 if half.startswith(AFTERNOON) else 0) if half else int(hour)
        return f"{hours:02}:{minute}:{second}", line[found.end():].split()
    label = AVERAGE.match(line)
    return "", line[label.end():].split() if label else []


def is_header(words: list[str]) -> bool:
    """Names of columns and no number; the only rows without a number are of a table whose names are known."""
    return not any(NUMBER.match(word) for word in words) and any(
        word in NAMED or "/s" in word or word[0] == "%" or "-" in word for word in words)


def row_of(columns: tuple[str, ...], words: list[str]) -> Row | None:
    """None for a line that does not fit under its header."""
    if len(words) > len(columns) and columns[-1] in LAST_ITEMS:
        words = [*words[:len(columns) - 1], " ".join(words[len(columns) - 1:])]
    if len(words) != len(columns):
        return None
    return {name: float(word.replace(",", ".")) if NUMBER.match(word) and name not in ("DEV", "IFACE", *LAST_ITEMS) else word
            for name, word in zip(columns, words, strict=True)}


def _cpus(words: list[str]) -> int | None:
    found = re.search(r"\((\d+) CPU", " ".join(words))
    return int(found.group(1)) if found else None


def date_of(text: str) -> tuple[int, int, int]:
    """(year, month, day) of 2026-11-02, 2026年11月02日, 11/02/26, 11/02/2026 or 02.11.2026; slashes are American, as in sar's C locale."""
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    if len(numbers) != 3:
        raise Unreadable("has no date in its first line")
    if numbers[0] > 31:
        year, month, day = numbers
    elif "." in text or numbers[0] > 12:
        day, month, year = numbers
    else:
        month, day, year = numbers
    return year + 2000 if year < 100 else year, month, day


def sadf_rows(sar: Sar, utc_offset_seconds: int = 0) -> Iterator[str]:
    """The same as lines of `sadf -d -U`. A clock that falls by more than half a day has passed midnight."""
    midnight = calendar.timegm((*date_of(sar.host["date"]), 0, 0, 0)) - utc_offset_seconds
    name = sar.host["name"]
    for clock, cpus in sar.restarts.items():
        yield f"{name};-1;{midnight + seconds_of(clock)};LINUX-RESTART\t({cpus or ''} CPU)"
    for table in sar.tables.values():
        item = next((column for column in table.columns if column in NAMED), None)
        columns = [column for column in table.columns if column != item]
        yield ";".join(("# hostname", "interval", "timestamp", *((item,) if item else ()), *columns))
        last, day, length = 0, 0, 0
        for number, (clock, row) in enumerate(table.rows):
            now = seconds_of(clock)
            if number in table.starts:
                last = seconds_of(table.starts[number])
            if now != last:
                day += 86400 if last - now > HALF_DAY else 0
                length, last = (now - last) % 86400, now
            values = (*((row[item],) if item else ()), *(row[column] for column in columns))
            yield ";".join((name, str(length), str(midnight + day + now), *map(str, values)))


def seconds_of(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.split(":"))
    return hours * 3600 + minutes * 60 + seconds
