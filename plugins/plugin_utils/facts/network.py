# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces: links of the physical ones, counters since boot, default routes, name servers."""

from __future__ import annotations

from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown
from ..archive import Capture

IS_UP = 0x1                             # IFF_UP: an administrator or a program wants it up
COLUMNS = 16                            # of a line of /proc/net/dev


@dataclass(frozen=True)
class Link:
    """A physical interface that is wanted up; ``speed`` in Mbit/s, None where the driver tells none."""

    name: str
    carrier: bool
    speed: int | None
    duplex: str
    changes: int | None


@dataclass(frozen=True)
class Counters:
    """Packets since boot, both directions together."""

    name: str
    packets_count: int
    errors_count: int
    drops_count: int


@dataclass(frozen=True)
class NetworkFacts:
    links: Known[tuple[Link, ...]]
    counters: Known[tuple[Counters, ...]]
    default_route: Known[bool]
    name_servers: Known[tuple[str, ...]]


def parse(capture: Capture) -> NetworkFacts:
    counters = _counters(capture.known("/proc/net/dev"))
    if isinstance(counters, tuple):     # bridges, veths and tunnels drop packets by design
        physical = {key.split("/")[4] for key in capture.keys("/sys/class/net/*/operstate")}
        missing = physical - {item.name for item in counters}
        counters = tuple(item for item in counters if item.name in physical) or NotHere("no physical network interface")
        if missing:                     # a text that is cut at the end of a line looks whole
            counters = Unknown("/proc/net/dev: does not name {names}, which /sys has; it is cut off, or of another network namespace",
                               {"names": ", ".join(sorted(missing))})
    return NetworkFacts(_links(capture), counters, _default_route(capture), _name_servers(capture))


def _links(capture: Capture) -> Known[tuple[Link, ...]]:
    names = [key.split("/")[4] for key in capture.keys("/sys/class/net/*/operstate")]
    if not names:
        if capture.entry("/proc/net/dev") is None:
            return Unknown("network interfaces were not looked at in this capture")
        return NotHere("no physical network interface")
    links = []
    for name in sorted(names):
        flags, state = _value(capture, name, "flags"), _value(capture, name, "operstate")
        if flags is None or state is None:
            return Unknown("/sys/class/net/{name}: can't be read", {"name": name})
        if int(flags, 16) & IS_UP:
            speed, changes = _value(capture, name, "speed"), _value(capture, name, "carrier_changes")
            links.append(Link(
                name, (_value(capture, name, "carrier") or ("1" if state == "up" else "0")) == "1",
                int(speed) if speed and speed.isdigit() and speed != "0" else None, _value(capture, name, "duplex") or "unknown",
                int(changes) if changes and changes.isdigit() else None,
            ))
    return tuple(links) or NotHere("no physical network interface is wanted up")


def _value(capture: Capture, interface: str, name: str) -> str | None:
    text = capture.text(f"/sys/class/net/{interface}/{name}")
    return text.strip() or None if isinstance(text, str) else None


# Inter-|   Receive                                                |  Transmit
#  face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
#   eth0: 1500000    9000    1    0    0     0          0         0   800000    7000    0    0    0     0       0          0
def _counters(text: str | Unknown) -> Known[tuple[Counters, ...]]:
    if isinstance(text, Unknown):
        return text
    found = []
    for line in text.splitlines()[2:]:
        name, _colon, rest = line.partition(":")
        words = rest.split()
        if len(words) != COLUMNS or not all(word.isdigit() for word in words):
            return Unknown("/proc/net/dev: is cut off, or not such a file")
        numbers = [int(word) for word in words]
        if name.strip() != "lo":
            found.append(Counters(name.strip(), numbers[1] + numbers[9], numbers[2] + numbers[10], numbers[3] + numbers[11]))
    if not text.endswith("\n") or not text.startswith("Inter-|"):
        return Unknown("/proc/net/dev: is cut off, or not such a file")
    return tuple(found)


# Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
# eth0	00000000	0100A8C0	0003	0	0	0	00000000	0	0	0
def _default_route(capture: Capture) -> Known[bool]:
    text = capture.known("/proc/net/route")
    if isinstance(text, Unknown):
        return text
    if not text.startswith("Iface") or not text.endswith("\n"):
        return Unknown("/proc/net/route: is cut off, or not such a file")
    if any(words[1:2] == ["00000000"] and words[7:8] == ["00000000"] for words in map(str.split, text.splitlines())):
        return True
    other = capture.text("/proc/net/ipv6_route")
    lines = other.splitlines() if isinstance(other, str) else []
    return any(words[:2] == ["0" * 32, "00"] and words[-1] != "lo" for words in map(str.split, lines))


# nameserver 192.0.2.53
def _name_servers(capture: Capture) -> Known[tuple[str, ...]]:
    text = capture.text("/etc/resolv.conf")
    if not isinstance(text, str):
        return text
    lines = (line.split() for line in text.splitlines())
    return tuple(words[1] for words in lines if words[:1] == ["nameserver"] and len(words) > 1)
