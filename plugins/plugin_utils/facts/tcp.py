# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP: counters since boot and between the two samples, sockets in use, listeners with their queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..absent import Known, Unknown
from ..archive import Capture, succeeded
from .counters import deltas


@dataclass(frozen=True)
class Traffic:
    """Growth between the two samples, in segments or connections."""

    seconds: float
    sent_count: float
    again_count: float
    dropped_count: float


@dataclass(frozen=True)
class Listener:
    """A listening port; ``waiting`` connections of at most ``limit`` that its program has not accepted yet."""

    address: str
    waiting: int
    limit: int


@dataclass(frozen=True)
class Sockets:
    """Sockets in use and the kernel's limits for them."""

    time_wait_count: int
    time_wait_limit: int
    orphans_count: int
    orphans_limit: int


@dataclass(frozen=True)
class TcpFacts:
    overflows: Known[int]
    traffic: Known[Traffic]
    listeners: Known[tuple[Listener, ...]]
    sockets: Known[Sockets]
    ports: Known[tuple[str, ...]]


def parse(capture: Capture) -> TcpFacts:
    listeners = _listeners(capture)
    return TcpFacts(_overflows(capture.known("/proc/net/netstat")), _traffic(capture), listeners, _sockets(capture), _ports(listeners))


COUNTERS = {"Tcp:": ("OutSegs", "RetransSegs"), "TcpExt:": ("ListenOverflows", "ListenDrops")}


# TcpExt: SyncookiesSent ListenOverflows ListenDrops
# TcpExt: 0 3 3
def parse_pairs(text: str) -> dict[str, float]:
    """{"TcpExt.ListenDrops": 3}: a line of names, then a line of numbers, for each protocol. Those of COUNTERS, of about 150."""
    values: dict[str, float] = {}
    lines = text.splitlines()
    for names, numbers in zip(lines[::2], lines[1::2], strict=False):
        wanted = COUNTERS.get(names.partition(" ")[0])
        if wanted is None:
            continue
        head, *columns = names.split()
        found, *counts = numbers.split() or [""]
        if head == found and len(columns) == len(counts):
            values.update({head[:-1] + "." + column: float(counts[columns.index(column)]) for column in wanted if column in columns})
    return values


def _overflows(text: str | Unknown) -> Known[int]:
    if isinstance(text, Unknown):
        return text
    count = parse_pairs(text).get("TcpExt.ListenOverflows")
    return Unknown("/proc/net/netstat: is cut off, or has no ListenOverflows") if count is None else int(count)


def _traffic(capture: Capture) -> Known[Traffic]:
    snmp, netstat = deltas(capture, "/proc/net/snmp", parse_pairs), deltas(capture, "/proc/net/netstat", parse_pairs)
    if not isinstance(snmp, tuple):
        return snmp
    if not isinstance(netstat, tuple):
        return netstat
    names = ("Tcp.OutSegs", "Tcp.RetransSegs")
    if not all(name in snmp[1] for name in names) or "TcpExt.ListenDrops" not in netstat[1]:
        return Unknown("the counters of TCP are cut off, or went back between the samples")
    return Traffic(snmp[0], snmp[1][names[0]], snmp[1][names[1]], netstat[1]["TcpExt.ListenDrops"])


def _listeners(capture: Capture) -> Known[tuple[Listener, ...]]:
    entry = capture.entry("ss -ltn")
    if entry is None:
        return Unknown("{key}: was not looked at in this capture", {"key": "ss -ltn"})
    text = succeeded(entry)
    if not isinstance(text, str):
        return Unknown(text.reason, text.values)        # also where ss is not installed: there are always listeners to see
    return parse_listeners(text)


# State      Recv-Q Send-Q Local Address:Port  Peer Address:Port
# LISTEN     0      128          0.0.0.0:22         0.0.0.0:*
def parse_listeners(text: str) -> Known[tuple[Listener, ...]]:
    """``ss -ltn``: Recv-Q is how many connections wait, Send-Q how many may."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 5 or words[0] != "LISTEN" or not (words[1].isdigit() and words[2].isdigit()):
            return Unknown("ss -ltn: is cut off, or not such a list")
        found.append(Listener(words[3], int(words[1]), int(words[2])))
    if not text.startswith("State") or not text.endswith("\n"):
        return Unknown("ss -ltn: is cut off, or not such a list")
    return tuple(found)


# TCP: inuse 12 orphan 0 tw 3 alloc 15 mem 2
def _sockets(capture: Capture) -> Known[Sockets]:
    text = capture.known("/proc/net/sockstat")
    limits = {name: capture.text("/proc/sys/net/ipv4/" + name) for name in ("tcp_max_tw_buckets", "tcp_max_orphans")}
    if isinstance(text, Unknown):
        return text
    for limit in limits.values():
        if not isinstance(limit, str):
            return limit            # network namespaces of containers may lack them
    words = next((line.split() for line in text.splitlines() if line.startswith("TCP:")), [])
    counts: Mapping[str, str] = dict(zip(words[1::2], words[2::2], strict=False))
    most = [str(limits[name]).strip() for name in ("tcp_max_tw_buckets", "tcp_max_orphans")]
    numbers = [counts.get("tw", ""), most[0], counts.get("orphan", ""), most[1]]
    if "mem" not in counts or not all(number.isdigit() for number in numbers):
        return Unknown("/proc/net/sockstat: is cut off, or not such a file")
    return Sockets(*map(int, numbers))


def _ports(listeners: Known[tuple[Listener, ...]]) -> Known[tuple[str, ...]]:
    """The ports that other hosts can reach, without those of the loopback addresses."""
    if not isinstance(listeners, tuple):
        return listeners
    outside = [item.address for item in listeners if not item.address.startswith(("127.", "[::1]", "::1", "[::ffff:127."))]
    return tuple(sorted({address.rsplit(":", 1)[-1] for address in outside}, key=lambda port: (len(port), port)))
