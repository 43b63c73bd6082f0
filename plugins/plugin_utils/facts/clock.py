# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock: what the time daemon says of it; offsets in seconds, positive when this clock is fast."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, Entry, succeeded
from .container import is_container

T = TypeVar("T")
NO_DAEMON = NotHere("no time daemon is installed, and the clock of a container is that of the machine that runs it")


@dataclass(frozen=True)
class Clock:
    """``by``: chrony, ntpd or systemd, whose word it is. ``offset_seconds`` and ``stratum`` are None where it does not tell.

    ``kept``: whether systemd has a time daemon running; None where it has none to run, or does not say.
    """

    by: str
    synchronised: bool
    offset_seconds: float | None = None
    stratum: int | None = None
    server: str = ""
    kept: bool | None = None


@dataclass(frozen=True)
class Source:
    """``mode``: ^ server, = peer, # local clock. ``state``: * selected, + combined, - not combined, ? unreachable, x, ~."""

    name: str
    mode: str
    state: str
    stratum: int
    reach: int                          # the last eight tries as bits
    offset_seconds: float | None = None
    refid: str = ""


@dataclass(frozen=True)
class ClockFacts:
    clock: Known[Clock]
    sources: Known[tuple[Source, ...]]
    rtc_local: Known[bool]


def parse(capture: Capture) -> ClockFacts:
    status = _timedatectl(capture)
    return ClockFacts(_clock(capture, status), _sources(capture), _rtc_local(capture, status))


def _clock(capture: Capture, status: Known[dict[str, str]]) -> Known[Clock]:
    """A daemon's own word is better than the kernel's flag, which timedatectl shows: in a container that is the machine's, and it
    says yes for hours after the daemon has stopped."""
    tracking = _first(capture, "chronyc*tracking")
    if tracking is not None and not _not_running(tracking):
        return _parsed(tracking, parse_tracking)
    peers = _first(capture, "ntpq*")
    if peers is not None and not _not_running(peers):
        return _parsed(peers, lambda text: clock_of_peers(parse_peers(text)))
    stopped, kept = tracking or peers, kept_of_status(status) if isinstance(status, dict) else None
    if stopped is not None and (kept is False or not isinstance(status, dict)):
        return Clock("chrony" if stopped is tracking else "ntpd", synchronised=False, server="daemon does not answer", kept=kept)
    if isinstance(status, dict):
        return NO_DAEMON if is_container(capture) and stopped is None else clock_of_status(status)
    if isinstance(status, NotHere):
        return NO_DAEMON if is_container(capture) else Unknown("no time daemon and no timedatectl is installed: nobody tells the time")
    return status


def _first(capture: Capture, pattern: str) -> Entry | None:
    """The look that was made, or None where the command is not installed."""
    found = [entry for entry in capture.matching(pattern) if entry.error != "not_found"]
    return found[0] if found else None


# 506 Cannot talk to daemon
# ntpq: read: Connection refused
def _not_running(entry: Entry) -> bool:
    said = f"{entry.text or ''}{entry.stderr}"
    return entry.error is None and ("Cannot talk to daemon" in said or "Connection refused" in said)


def _parsed(entry: Entry, parser: Callable[[str], T]) -> Known[T]:
    text = succeeded(entry)
    if not isinstance(text, str):
        return text
    try:
        return parser(text)
    except Unreadable as error:
        return error.unknown


OWN_CLOCK = ("7F7F01", "127.127.1.")    # the address that stands for the host's own clock: it follows nobody


# Reference ID    : C0A80A05 (192.168.10.5)
# Stratum         : 3
# System time     : 0.000012345 seconds slow of NTP time
# Leap status     : Normal
def parse_tracking(text: str) -> Clock:
    """``chronyc tracking``; its last line is the leap status."""
    values = _colon_lines(text)
    leap = values.get("Leap status")
    offset = re.match(r"([\d.]+) seconds (fast|slow)", values.get("System time", ""))
    stratum = values.get("Stratum", "")
    if leap not in ("Normal", "Insert second", "Delete second", "Not synchronised") or offset is None or not stratum.isdigit():
        raise Unreadable("chronyc tracking: is cut off, or not such a text")
    seconds = float(offset[1]) * (1 if offset[2] == "fast" else -1)
    reference = values.get("Reference ID", "")
    server = re.search(r"\((.*)\)", reference)
    synchronised = leap != "Not synchronised" and not reference.startswith(OWN_CLOCK)
    return Clock("chrony", synchronised, seconds if synchronised else None, int(stratum), server[1] if server else "")


def _colon_lines(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


# MS Name/IP address         Stratum Poll Reach LastRx Last sample
# ===============================================================================
# ^* 192.168.10.5                  2   6   377    23   -923us[ -924us] +/-   43ms
# Poll is a power of two: -1 is half a second, as chronyd asks right after its start where iburst is set.
SOURCE = re.compile(r"^([\^=#])([*+\-?x~]) (\S+)\s+(\d+)\s+(-?\d+)\s+([0-7]+)\s+(\S+)\s+(\S.*)$")


def parse_sources(text: str) -> tuple[Source, ...]:
    """``chronyc sources``."""
    lines = text.splitlines()
    ruler = next((number for number, line in enumerate(lines) if line.startswith("=====")), None)
    if ruler is None or not text.endswith("\n"):
        raise Unreadable("chronyc sources: is cut off, or not such a text")
    found = []
    for line in filter(str.strip, lines[ruler + 1:]):
        match = SOURCE.match(line)
        if match is None:
            raise Unreadable("chronyc sources: is cut off, or not such a text")
        found.append(Source(match[3], match[1], match[2], int(match[4]), int(match[6], 8)))
    expected = re.search(r"Number of sources = (\d+)", text)
    if expected is not None and int(expected[1]) != len(found):
        raise Unreadable("chronyc sources: is cut off, or not such a text")
    return tuple(found)


#      remote           refid      st t when poll reach   delay   offset  jitter
# ==============================================================================
# *192.168.10.5    10.1.2.3         2 u  225  256  377    0.464    0.149   0.019
PEER = re.compile(
    r"^([ *+\-#xo.~])(\S+)\s+(\S+)\s+(\d+)\s+(\S)\s+(\S+)\s+(\d+\w?)\s+([0-7]+)\s+([\d.]+)\s+([+-]?[\d.]+)\s+([\d.]+)\s*$"
)


def parse_peers(text: str) -> tuple[Source, ...]:
    """``ntpq -p``; offsets are printed in milliseconds."""
    lines = text.splitlines()
    ruler = next((number for number, line in enumerate(lines) if line.startswith("=====")), None)
    found = [PEER.match(line) for line in lines[ruler + 1:] if line.strip()] if ruler is not None else []
    if not found or None in found:
        raise Unreadable("ntpq -p: is cut off, or not such a text")
    return tuple(
        Source(match[2], "=" if match[5] in "sSlL" else "^", match[1], int(match[4]), int(match[8], 8), float(match[10]) / 1000, match[3])
        for match in found if match is not None
    )


def clock_of_peers(peers: tuple[Source, ...]) -> Clock:
    chosen = [peer for peer in peers if peer.state in "*o" and peer.refid != ".LOCL."]      # its own clock is nobody to follow
    if not chosen:
        return Clock("ntpd", synchronised=False)
    return Clock("ntpd", True, chosen[0].offset_seconds, chosen[0].stratum + 1, chosen[0].name)


#        System clock synchronized: yes                  NTP synchronized: yes (older systemd)
#                      NTP service: active                Network time on: yes, NTP enabled: yes (older)
#                  RTC in local TZ: no
def _timedatectl(capture: Capture) -> Known[dict[str, str]]:
    entry = _first(capture, "timedatectl*")
    if entry is None:
        return NotHere("timedatectl is not installed")
    text = succeeded(entry)
    return _colon_lines(text) if isinstance(text, str) else text


SYNCHRONISED = ("System clock synchronized", "NTP synchronized")


def clock_of_status(values: dict[str, str]) -> Known[Clock]:
    """Since systemd 239 the service's own state, before that only whether the kernel is synchronised."""
    said = next((values[name] for name in SYNCHRONISED if name in values), None)
    if said not in ("yes", "no"):
        return Unknown("timedatectl: does not say whether the clock is synchronised; it is cut off, or not such a text")
    return Clock("systemd", said == "yes", kept=kept_of_status(values))


SERVICE = ("NTP service", "systemd-timesyncd.service active", "Network time on", "NTP enabled")     # since 239, 236, 230, before


def kept_of_status(values: dict[str, str]) -> bool | None:
    """Whether a time daemon runs by systemd's word; None for n/a, which is where none is installed."""
    said = next((values[name] for name in SERVICE if name in values), None)
    return {"active": True, "yes": True, "inactive": False, "no": False}.get(said or "")


# 0.000000 1763781600 0.000000
# 1763781600
# UTC
def _rtc_local(capture: Capture, status: Known[dict[str, str]]) -> Known[bool]:
    """/etc/adjtime as hwclock and systemd read it: UTC where there is no such file, too. timedatectl says the same."""
    if capture.entry("/etc/adjtime") is not None:
        text = capture.text("/etc/adjtime")
        if isinstance(text, str):
            kept = "".join(text.split("\n")[2:3])
            return kept == "LOCAL" if kept in ("LOCAL", "UTC") else Unknown("{key}: is empty or cut off", {"key": "/etc/adjtime"})
        return False if isinstance(text, NotHere) else text
    if not isinstance(status, dict):
        return status
    said = status.get("RTC in local TZ")
    return said == "yes" if said in ("yes", "no") else Unknown("timedatectl: does not tell how the hardware clock is kept")


def _sources(capture: Capture) -> Known[tuple[Source, ...]]:
    sources = _first(capture, "chronyc*sources")
    if sources is not None and not _not_running(sources):
        return _parsed(sources, parse_sources)
    peers = _first(capture, "ntpq*")
    if peers is not None and not _not_running(peers):
        return _parsed(peers, parse_peers)
    return NotHere("no chrony and no ntpd runs")
