# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs: sizes in bytes, the last rotation, where they are forwarded to, failed logins per day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ..absent import Known, NotHere, Unknown
from ..archive import Capture, text_of


@dataclass(frozen=True)
class LargeFile:
    path: str
    size_bytes: int


@dataclass(frozen=True)
class LogsFacts:
    journal_bytes: Known[int]
    large_files: Known[tuple[LargeFile, ...]]
    kept: Known[tuple[str, ...]]
    rotated_at: Known[datetime | None]
    targets: Known[tuple[str, ...]]
    failed_logins_per_day: Known[float]


def parse(capture: Capture) -> LogsFacts:
    sizes = capture.known("log sizes")
    return LogsFacts(
        _journal(sizes), _large(sizes), _kept(capture.known("kept logs")), _rotated(capture.known("logrotate")), _targets(capture),
        _failed(capture.known("failed logins")),
    )


# journal 41943040
# 734003200 /var/log/app/trace.log
# # 211 files seen, 0 folders refused
SIZES = re.compile(r"journal (\d+)\n((?:\d+ /.*\n)*)# (\d+) files seen, (\d+) folders refused\n")


def _matched(sizes: str | Unknown) -> re.Match[str] | Unknown:
    if isinstance(sizes, Unknown):
        return sizes
    match = SIZES.fullmatch(sizes)
    if match is None:
        return Unknown("the sizes of the logs are cut off")
    return match if match[4] == "0" else Unknown("{count} folders of logs may not be read", {"count": int(match[4])})


def _journal(sizes: str | Unknown) -> Known[int]:
    match = _matched(sizes)
    return match if isinstance(match, Unknown) else int(match[1])


def _large(sizes: str | Unknown) -> Known[tuple[LargeFile, ...]]:
    match = _matched(sizes)
    if isinstance(match, Unknown):
        return match
    pairs = (line.split(" ", 1) for line in match[2].splitlines())
    return tuple(LargeFile(path, int(size)) for size, path in pairs)


# /var/log/journal/4b3a7c21d09e4f7f8a6b5c4d3e2f1a0b
# # 1 places
def _kept(text: str | Unknown) -> Known[tuple[str, ...]]:
    """The journals and files of a syslog daemon."""
    if isinstance(text, Unknown):
        return text
    *places, last = text.splitlines() or [""]
    if last != f"# {len(places)} places":
        return Unknown("the list of places where logs are kept is cut off")
    return tuple(places) or NotHere("this host keeps neither a journal nor a system log")


# last 1763860000
def _rotated(text: str | Unknown) -> Known[datetime | None]:
    if isinstance(text, Unknown):
        return text
    if text == "not installed\n":
        return NotHere("logrotate is not installed")
    if text == "never\n":
        return None
    match = re.fullmatch(r"last (\d{1,11})\n", text)
    return datetime.fromtimestamp(int(match[1]), UTC) if match else Unknown("the time of the last rotation is cut off")


# *.* @@logs.example.org:6514
# action(type="omfwd" target="logs.example.org" port="6514" protocol="tcp")
# destination d_net { network("logs.example.org" port(6514)); };
# URL=https://logs.example.org:19532
TARGETS = (
    re.compile(r"^[^#\n]*[ \t]@@?(?:\([^)]*\))?\[?([\w.-]+)", re.MULTILINE),
    re.compile(r"^[^#\n]*\btarget\s*=\s*\"([^\"]+)\"", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^[^#\n]*\b(?:network|tcp|udp|syslog)\(\s*\"([^\"]+)\"", re.MULTILINE),
    re.compile(r"^URL=https?://([^\s:/]+)", re.MULTILINE),
)


def _targets(capture: Capture) -> Known[tuple[str, ...]]:
    found: set[str] = set()
    for pattern in ("/etc/rsyslog*", "/etc/syslog-ng/*", "/etc/systemd/journal-upload.conf"):
        for entry in capture.matching(pattern):
            text = text_of(entry)
            if isinstance(text, Unknown):
                return text
            if isinstance(text, str):
                found.update(target for pattern_of_target in TARGETS for target in pattern_of_target.findall(text))
    return tuple(sorted(found))


# 812 in 7 days
def _failed(text: str | Unknown) -> Known[float]:
    if isinstance(text, Unknown):
        return text
    if text == "no btmp\n":
        return NotHere("this host does not record failed logins")
    match = re.fullmatch(r"(\d+) in (\d+) days\n", text)
    if match is None:
        return Unknown("failed logins: {detail}", {"detail": text.strip()[:100] or "cut off"})
    return int(match[1]) / int(match[2])
