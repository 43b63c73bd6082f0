# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of cron: its complaints of the last seven days, whether it runs, modes and owners of what it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown
from ..archive import Capture, succeeded, text_of

NOT_INSTALLED = NotHere("cron is not installed")


@dataclass(frozen=True)
class CronFile:
    """A table, script or program; ``mode`` as chmod takes it, ``owner`` a user id."""

    path: str
    mode: int
    owner: int


@dataclass(frozen=True)
class Complaints:
    """What cron complained of; ``since``: the oldest message that was looked at, "-" if there is none in seven days."""

    lines: tuple[str, ...]
    since: str


@dataclass(frozen=True)
class ScheduledJobsFacts:
    complaints: Known[Complaints]
    running: Known[bool]
    files: Known[tuple[CronFile, ...]]


def parse(capture: Capture) -> ScheduledJobsFacts:
    state = capture.known("cron")
    if isinstance(state, Unknown):
        return ScheduledJobsFacts(state, state, state)
    if state == "not installed\n":
        return ScheduledJobsFacts(NOT_INSTALLED, NOT_INSTALLED, NOT_INSTALLED)
    word, _line_end, rest = state.partition("\n")
    garbled = word not in ("running", "stopped") or not re.fullmatch(r"\d+ tables\n", rest)
    running: Known[bool] = Unknown("the state of cron is not readable") if garbled else word == "running"
    if running is False and rest == "0 tables\n":
        running = NotHere("cron has no table, and does not run")
    return ScheduledJobsFacts(_complaints(capture), running, _files(capture))


# 2026-11-22T02:17:01+0000 db1 CRON[811]: (CRON) error (grandchild #812 failed with exit status 127)
# # 96 lines looked at, from 2026-11-15T03:17:01+0000
def _complaints(capture: Capture) -> Known[Complaints]:
    noted = capture.text("cron log")
    if isinstance(noted, str):          # without a journal: what a syslog daemon wrote
        return _of_lines(noted)
    entries = capture.matching("journalctl * -t CRON *")
    if not entries:
        return Unknown("the messages of cron were not looked at in this capture")
    if text_of(entries[0]) == "":
        return Unknown("the messages of cron are cut off")
    quiet = entries[0].rc == 1 and not entries[0].stderr        # some versions answer so when there is no message
    text = text_of(entries[0]) if quiet else succeeded(entries[0])
    if not isinstance(text, str):
        return Unknown(text.reason, text.values)
    return _of_lines(text)


# unseen: /var/log/cron can't be read: Permission denied
def _of_lines(text: str) -> Known[Complaints]:
    if text.startswith("unseen: "):
        return Unknown("the messages of cron can't be seen: {detail}", {"detail": text.removeprefix("unseen: ").strip()[:200]})
    lines = text.splitlines()
    last = re.fullmatch(r"# \d+ lines looked at, from (\S.*)", lines[-1]) if lines else None
    if last is None:
        return Unknown("the messages of cron are cut off")
    return Complaints(tuple(line for line in lines[:-1] if not line.startswith("-- ")), last[1])


# 0755 0 /etc/cron.daily/logrotate
# # 12 files
def _files(capture: Capture) -> Known[tuple[CronFile, ...]]:
    text = capture.known("cron files")
    if isinstance(text, Unknown):
        return text
    *lines, last = text.splitlines() or [""]
    found = [re.fullmatch(r"([0-7]{4}) (\d+) (/.*)", line) for line in lines]
    if last != f"# {len(lines)} files" or None in found:
        return Unknown("the list of cron's files is cut off")
    return tuple(CronFile(match[3], int(match[1], 8), int(match[2])) for match in found if match)
