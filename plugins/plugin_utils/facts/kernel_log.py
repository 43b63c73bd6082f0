# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel log: what it says that matters, by group. Times in UTC, from seconds since boot and the host's uptime."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..absent import Known, NotHere, Unknown
from ..archive import Capture, succeeded
from ..findings import Severity
from .container import is_container
from .kernel_signatures import BUGS, CALL_TRACE, FILESYSTEM, HARMLESS, HUNG, OOM, REMOVABLE, SIGNATURES, Signature

KEY = "dmesg -r"
BOOT_SECONDS = 180                      # drivers that probe for what isn't there complain in this time
LEVELS = {name: number for number, name in enumerate(("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"))}
TRACED = (HUNG, OOM, BUGS, FILESYSTEM)  # groups whose messages come with a call trace
TRACE_LINES = 60                        # from a message to the call trace that belongs to it: registers, modules, other CPUs
ERROR_LEVELS = ("<0>", "<1>", "<2>", "<3>", "kern  :emerg", "kern  :alert", "kern  :crit", "kern  :err")
BY_NEEDLE = {
    needle: tuple((rank, item.also) for rank, item in enumerate(SIGNATURES) if item.needle == needle)
    for needle in dict.fromkeys(item.needle for item in SIGNATURES)
}


@dataclass(frozen=True)
class KernelEvent:
    """``at`` is None where the log has no readable time; ``device`` is "" where the message names none."""

    severity: Severity
    kind: str
    device: str
    at: datetime | None
    text: str


Events = Known[tuple[KernelEvent, ...]]


@dataclass(frozen=True)
class KernelLogFacts:
    io_errors: Events
    filesystem_errors: Events
    hardware_errors: Events
    hung_tasks: Events
    oom: Events
    bugs: Events
    network: Events
    other_errors: Events


def parse(capture: Capture) -> KernelLogFacts:
    found = _read(capture)
    if isinstance(found, Unknown | NotHere):
        return KernelLogFacts(found, found, found, found, found, found, found, found)
    groups: dict[str, list[KernelEvent]] = {}
    for group, event in found:
        groups.setdefault(group, []).append(event)

    def of(group: str) -> tuple[KernelEvent, ...]:
        return tuple(groups.get(group, ()))

    return KernelLogFacts(of("io_errors"), of("filesystem_errors"), of("hardware_errors"), of("hung_tasks"), of("oom"), of("bugs"),
                          of("network"), of("other_errors"))


def _read(capture: Capture) -> Known[list[tuple[str, KernelEvent]]]:
    entry = capture.entry(KEY)
    text = succeeded(entry) if entry is not None else capture.known(KEY)
    if not isinstance(text, str):
        if is_container(capture):
            return NotHere("a container: the kernel log belongs to the host that runs it")
        # A host always has a kernel log: without dmesg it is only not to be seen.
        return Unknown(text.reason, text.values)
    if not text.strip():
        return Unknown("the kernel log is empty: it was cleared, or is hidden from this user")
    if not text.endswith("\n"):
        return Unknown("the kernel log is cut off in the middle of a line")
    if not any(LINE.match(line) for line in text.split("\n", 50)[:50]):
        return Unknown("the kernel log is not in a format that dmesg prints")
    return list(events(text, _booted_at(capture)))


# 81237.52 301455.02
def _booted_at(capture: Capture) -> datetime | None:
    text = capture.text("/proc/uptime")
    words = text.split() if isinstance(text, str) else []
    try:
        return capture.taken_at - timedelta(seconds=float(words[0]))
    except (IndexError, ValueError, OverflowError):
        return None


# <3>[ 5123.014225] blk_update_request: I/O error, dev sdc, sector 81920 op 0x0:(READ)
# kern  :err   : [ 5123.014225] the same by dmesg -x
# [Mon Nov 16 04:11:09 2026] the same by dmesg -T
LINE = re.compile(r"(?:<(?P<number>\d+)>|\w+\s*:(?P<name>\w+)\s*: ?)?(?:\[(?P<time>[^\]]*)\] ?)?(?:\[ *[TC]\d+\] ?)?(?P<text>.*)")
STAMP = re.compile(r"\[ *\d+\.\d+\]")        # without it a log repeats itself, and each message is looked at once; one bracket stays
DEVICE = re.compile(
    r"\b((?:sd[a-z]+|nvme\d+(?:n\d+)?|dm-\d+|md\d+|vd[a-z]+|xvd[a-z]+|mmcblk\d+)\d*)\b|\b(eth\d+|e[nm][ops]\w+|bond\d+)\b"
)


def events(text: str, booted_at: datetime | None) -> Iterator[tuple[str, KernelEvent]]:
    """(group, event) in the order of the log; a line counts once, by the first signature that fits it.

    A call trace is part of the message before it (an OOM kill, a hung task, a BUG); it counts by itself only without one.
    """
    messages = STAMP.sub("]", text).split("\n")
    distinct = dict.fromkeys(messages)
    found = _signatures("\n".join(distinct))
    telling = found.keys() | {message for message in distinct if message.startswith(ERROR_LEVELS)}
    if not telling:
        return
    lines = text.split("\n")
    explained = -TRACE_LINES - 1
    for number in [number for number, message in enumerate(messages) if message in telling]:
        line, signature = lines[number], found.get(messages[number])
        if signature is None:
            if not _is_harmless(line):
                yield "other_errors", _other(line, booted_at)
            continue
        if signature.group in TRACED and signature.severity > Severity.INFO:
            belongs = number - explained <= TRACE_LINES
            explained = number
            if belongs and signature.kind == CALL_TRACE:
                continue
        if not _is_harmless(line):
            yield signature.group, _event(signature.severity, signature.kind, line, booted_at)


def _is_harmless(line: str) -> bool:
    return any(part in line for part in HARMLESS) or ("I/O error" in line and any(drive in line for drive in REMOVABLE))


def _signatures(text: str) -> dict[str, Signature]:
    """{line: its signature}. Looks for each needle in the whole text, which is faster than line by line."""
    ranks: dict[str, int] = {}
    for needle, candidates in BY_NEEDLE.items():
        at = text.find(needle)
        while at >= 0:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            message = text[text.rfind("\n", 0, at) + 1:end]
            for rank, also in candidates:
                if not also or any(part in message for part in also):
                    ranks[message] = min(rank, ranks.get(message, rank))
                    break
            at = text.find(needle, end)
    return {message: SIGNATURES[rank] for message, rank in ranks.items()}


def _event(severity: Severity, kind: str, line: str, booted_at: datetime | None) -> KernelEvent:
    match = LINE.match(line)
    message = match["text"] if match else line
    device = DEVICE.search(message)
    return KernelEvent(severity, kind, (device[1] or device[2]) if device else "", _time(match["time"] if match else None, booted_at),
                       message.strip()[:200])


def _other(line: str, booted_at: datetime | None) -> KernelEvent:
    match = LINE.match(line)
    level = 3
    if match and match["number"]:
        level = int(match["number"]) & 7
    elif match and match["name"]:
        level = LEVELS.get(match["name"], 3)
    seconds = _seconds(match["time"] if match else None)
    booting = seconds is not None and seconds < BOOT_SECONDS
    severity = Severity.INFO if booting and level == 3 else Severity.WARNING
    return _event(severity, "error while starting" if booting else "other error", line, booted_at)


def _seconds(text: str | None) -> float | None:
    try:
        return None if not text or text.strip().startswith("+") else float(text)
    except ValueError:
        return None


def _time(text: str | None, booted_at: datetime | None) -> datetime | None:
    seconds = _seconds(text)
    if seconds is not None:
        return booted_at + timedelta(seconds=seconds) if booted_at is not None else None
    try:
        return datetime.strptime((text or "").strip(), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
