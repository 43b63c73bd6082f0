# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DRBD: each volume with each of its peers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, succeeded

CUT = "{key}: is cut off or not in a known format"
KIB = 1024


@dataclass(frozen=True)
class Replica:
    """A volume and one peer of it. Words are DRBD's own; ``connection`` also holds version 9's replication state.

    ``client``: it has no disk of its own on purpose. ``quorum`` and ``out_of_sync_bytes`` are None where they are not told.
    """

    name: str
    connection: str
    disk: str
    peer_disk: str
    role: str
    peer_role: str
    client: bool = False
    quorum: bool | None = None
    out_of_sync_bytes: int | None = None
    synced_ratio: float | None = None


@dataclass(frozen=True)
class DrbdFacts:
    replicas: Known[tuple[Replica, ...]]


def parse(capture: Capture) -> DrbdFacts:
    listed = capture.known("drbd devices")
    if isinstance(listed, Unknown):
        return DrbdFacts(listed)
    *devices, last = listed.splitlines() or [""]
    if last == "none" or last == "# 0 devices":
        return DrbdFacts(NotHere("no DRBD device on this host"))
    if last != f"# {len(devices)} devices":
        return DrbdFacts(Unknown(CUT, {"key": "drbd devices"}))
    command = capture.entry("drbdsetup status --json")
    if command is None:
        text = capture.known("/proc/drbd")
        return DrbdFacts(text if isinstance(text, Unknown) else parse_proc(text, frozenset(devices)))
    answer = succeeded(command)
    if isinstance(answer, NotHere):
        return DrbdFacts(Unknown("there are DRBD devices, but drbdsetup is not installed: install drbd-utils"))
    return DrbdFacts(answer if isinstance(answer, Unknown) else parse_status(command.key, answer))


#  0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
#     ns:1048576 nr:0 dw:1048576 dr:912 al:16 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
# 	[=>..................] sync'ed: 12.6% (916444/1048508)K
#  1: cs:Unconfigured
DEVICE = re.compile(r"^ *(\d+): cs:(\S+)(?: (?:ro|st):([^/\s]+)/(\S+) ds:([^/\s]+)/(\S+))?")


def parse_proc(text: str, devices: frozenset[str]) -> tuple[Replica, ...]:
    """/proc/drbd of version 8, in which all of the kernel's devices must stand. Raises Unreadable."""
    found: list[Replica] = []
    seen = set()
    parts = re.split(r"\n(?= *\d+: cs:)", text)
    for part in parts[1:]:
        match = DEVICE.match(part)
        if match is None or (match[2] != "Unconfigured" and (match[6] is None or "ns:" not in part)) or not text.endswith("\n"):
            raise Unreadable(CUT, key="/proc/drbd")
        seen.add(f"drbd{match[1]}")
        if match[2] == "Unconfigured":
            continue
        behind = re.search(r"\boos:(\d+)", part)
        synced = re.search(r"sync'ed: *([\d.]+)%", part)
        found.append(Replica(
            f"drbd{match[1]}", match[2], match[5], match[6], match[3], match[4],
            out_of_sync_bytes=int(behind[1]) * KIB if behind else None, synced_ratio=float(synced[1]) / 100 if synced else None,
        ))
    if not text.startswith("version:") or devices - seen:
        raise Unreadable(CUT, key="/proc/drbd")
    return tuple(found)


# [{"name": "data", "role": "Primary", "devices": [{"volume": 0, "minor": 0, "disk-state": "UpToDate", "quorum": true}],
#   "connections": [{"name": "db2", "connection-state": "Connected", "peer-role": "Secondary", "peer_devices": [{"volume": 0,
#    "replication-state": "Established", "peer-disk-state": "UpToDate", "out-of-sync": 0, "percent-in-sync": 100.00}]}]}]
def parse_status(key: str, text: str) -> tuple[Replica, ...]:
    """``drbdsetup status --json`` of version 9. Raises Unreadable."""
    try:
        return tuple(replica for resource in json.loads(text) for replica in _of_resource(resource))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(CUT, key=key) from error


def _of_resource(resource: Mapping[str, Any]) -> Iterator[Replica]:
    for device in resource["devices"]:
        name = f"{resource['name']}/{device['volume']}"
        own: dict[str, Any] = {"disk": str(device["disk-state"]), "role": str(resource["role"]), "client": device.get("client") is True,
                               "quorum": device.get("quorum")}
        if not resource["connections"]:
            yield Replica(name, "no peer", peer_disk="", peer_role="", **own)
        for connection in resource["connections"]:
            peer: Mapping[str, Any] = next((item for item in connection.get("peer_devices", ()) if item["volume"] == device["volume"]), {})
            state = str(connection["connection-state"])
            behind, percent = peer.get("out-of-sync"), peer.get("percent-in-sync")
            yield Replica(
                f"{name} at {connection['name']}", str(peer["replication-state"]) if state == "Connected" else state,
                peer_disk=str(peer.get("peer-disk-state", "DUnknown")), peer_role=str(connection.get("peer-role", "Unknown")),
                out_of_sync_bytes=None if behind is None else int(behind) * KIB,
                synced_ratio=None if percent is None else float(percent) / 100, **own,
            )
