# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the kernel: how much of each is used."""

from __future__ import annotations

from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown
from ..archive import Capture


@dataclass(frozen=True)
class Used:
    count: int
    limit: int

    @property
    def ratio(self) -> float:
        return self.count / self.limit


@dataclass(frozen=True)
class Entropy:
    available_bits: int
    pool_bits: int


@dataclass(frozen=True)
class LimitsFacts:
    files: Known[Used]
    threads: Known[Used]
    connections: Known[Used]
    asynchronous_io: Known[Used]
    entropy: Known[Entropy]


def parse(capture: Capture) -> LimitsFacts:
    return LimitsFacts(
        files=_files(capture.known("/proc/sys/fs/file-nr")), threads=_threads(capture),
        connections=_pair(capture, "/proc/sys/net/netfilter/nf_conntrack_count", "/proc/sys/net/netfilter/nf_conntrack_max",
                          NotHere("connections are not tracked on this host")),
        asynchronous_io=_pair(capture, "/proc/sys/fs/aio-nr", "/proc/sys/fs/aio-max-nr", NotHere("this kernel has no asynchronous I/O")),
        entropy=_entropy(capture),
    )


def _number(capture: Capture, key: str) -> Known[int]:
    text = capture.text(key)
    if not isinstance(text, str):
        return text
    # Without the end of the line the number may have lost digits
    return int(text) if text.strip().isdecimal() and text.endswith("\n") else Unknown("{key}: is not a number", {"key": key})


def _pair(capture: Capture, count_key: str, limit_key: str, absent: NotHere) -> Known[Used]:
    count, limit = _number(capture, count_key), _number(capture, limit_key)
    if isinstance(count, NotHere) and isinstance(limit, NotHere):
        return absent
    for value in (count, limit):
        if isinstance(value, Unknown | NotHere):
            return Unknown(value.reason, value.values)
    return _used(count, limit) if isinstance(count, int) and isinstance(limit, int) else absent


def _used(count: int, limit: int) -> Known[Used]:
    return Used(count, limit) if limit > 0 else Unknown("a limit of the kernel is 0")


# 1728	0	9223372036854775807
def _files(text: str | Unknown) -> Known[Used]:
    if isinstance(text, Unknown):
        return text
    words = text.split()
    if len(words) != 3 or not all(word.isdecimal() for word in words) or not text.endswith("\n"):
        return Unknown("{key}: is not three numbers", {"key": "/proc/sys/fs/file-nr"})
    return _used(int(words[0]) - int(words[1]), int(words[2]))


# 0.20 0.18 0.12 1/80 11206
def _threads(capture: Capture) -> Known[Used]:
    load = capture.known("/proc/loadavg")
    if isinstance(load, Unknown):
        return load
    words = load.split()
    tasks = words[3].split("/")[-1] if len(words) == 5 else ""
    if not tasks.isdecimal():
        return Unknown("/proc/loadavg: is cut off or not such a file")
    limits = [_number(capture, "/proc/sys/kernel/" + name) for name in ("pid_max", "threads-max")]
    for value in limits:
        if isinstance(value, Unknown | NotHere):
            return Unknown(value.reason, value.values)
    return _used(int(tasks), min(value for value in limits if isinstance(value, int)))


def _entropy(capture: Capture) -> Known[Entropy]:
    available, pool = (_number(capture, "/proc/sys/kernel/random/" + name) for name in ("entropy_avail", "poolsize"))
    if not isinstance(available, int):
        return available
    return Entropy(available, pool) if isinstance(pool, int) else pool
