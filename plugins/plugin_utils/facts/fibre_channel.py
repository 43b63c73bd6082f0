# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of Fibre Channel adapters, from /sys/class/fc_host."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .guard import readable

FOLDER = "/sys/class/fc_host/"
COUNTERS = ("link_failure_count", "loss_of_sync_count", "loss_of_signal_count", "invalid_crc_count")
NOT_COUNTED = 0xFFFFFFFFFFFFFFFF        # how drivers say that they don't count this


@dataclass(frozen=True)
class Port:
    """``speed_gbit`` is None while there is no link. ``errors`` are link failures, losses of sync and signal, bad CRCs, summed."""

    name: str
    wwpn: str
    state: str
    speed_gbit: float | None
    fastest_gbit: float | None
    errors: int | None


@dataclass(frozen=True)
class FibreChannelFacts:
    """``linked`` are the ports that have a link."""

    ports: Known[tuple[Port, ...]]
    linked: Known[tuple[Port, ...]]


def parse(capture: Capture) -> FibreChannelFacts:
    ports = readable(_ports, capture)
    linked = tuple(port for port in ports if port.speed_gbit is not None) if isinstance(ports, tuple) else ports
    return FibreChannelFacts(ports, linked if linked != () else NotHere("no Fibre Channel port has a link"))


def _ports(capture: Capture) -> Known[tuple[Port, ...]]:
    listed = capture.known("fibre channel ports")
    if isinstance(listed, Unknown):
        return listed
    return tuple(_port(capture, name) for name in listed.split()) or NotHere("no Fibre Channel adapter on this host")


def _port(capture: Capture, name: str) -> Port:
    state = _word(capture, name, "port_state")
    counted = [_counter(capture, FOLDER + name + "/statistics/" + counter) for counter in COUNTERS]
    told = [count for count in counted if count is not None]
    return Port(name, _word(capture, name, "port_name"), state, _gbit(_word(capture, name, "speed")),
                _gbit(_word(capture, name, "supported_speeds")), sum(told) if told else None)


def _word(capture: Capture, name: str, file: str) -> str:
    key = FOLDER + name + "/" + file
    text = capture.known(key)
    if isinstance(text, Unknown):
        raise Unreadable(text.reason, **text.values)
    if not text.strip():
        raise Unreadable("{key}: is empty", key=key)
    return text.strip()


# "16 Gbit", "4 Gbit, 8 Gbit, 16 Gbit", "unknown", "Not Negotiated"
def _gbit(text: str) -> float | None:
    """The fastest that is named, None where none is."""
    speeds = [float(number) for number in re.findall(r"([\d.]+) Gbit", text)]
    return max(speeds) if speeds else None


# 0x1a
def _counter(capture: Capture, key: str) -> int | None:
    text = capture.text(key)
    if not isinstance(text, str):
        return None
    try:
        value = int(text, 16)
    except ValueError as error:
        raise Unreadable("{key}: is no hexadecimal number: {text}", key=key, text=text[:40]) from error
    return None if value in (NOT_COUNTED, NOT_COUNTED >> 32) else value
