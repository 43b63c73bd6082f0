# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipath volumes ("maps") and their paths, from ``multipath -ll``, ``-l`` or ``multipathd show topology`` of any version."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, succeeded

CUT = "multipath: its list is cut off, or not such a list"


@dataclass(frozen=True)
class Path:
    """``state`` is the device mapper's (active, failed, undef), ``checker`` the path checker's (ready, ghost, faulty, shaky, ...)."""

    name: str
    address: str
    state: str
    checker: str

    device_state: str = ""

    @property
    def failed(self) -> bool:
        """A word that is not known to be good is not taken for good."""
        return self.state == "failed" or self.checker not in USABLE or self.device_state not in DEVICE_USABLE


# States of libmultipath's checkers with which a path can be used, and of NVMe's own multipathing; "undef" is what it says where
# nobody looked
USABLE = frozenset({"ready", "ghost", "undef", "unchecked", "i/o pending", "delayed", "optimized", "non-optimized", ""})
DEVICE_USABLE = frozenset({"running", "unknown", "undef", "live", ""})


@dataclass(frozen=True)
class Map:
    """``alias`` and ``device`` (dm-3) are None where the version doesn't print them."""

    wwid: str
    alias: str | None
    device: str | None
    queues: bool
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        return self.alias or self.wwid


@dataclass(frozen=True)
class MultipathFacts:
    maps: Known[tuple[Map, ...]]


def parse(capture: Capture) -> MultipathFacts:
    entries = capture.matching("multipath*-l*") or capture.matching("multipathd show*")
    if not entries:
        none = capture.text("multipath volumes") == "none\n"
        unseen = Unknown("multipath volumes were not looked at in this capture")
        return MultipathFacts(NotHere("no multipath volume") if none else unseen)
    text = succeeded(entries[0])
    if isinstance(text, NotHere):
        return MultipathFacts(Unknown("there are multipath volumes, but multipath is not installed: install multipath-tools"))
    if isinstance(text, Unknown):
        return MultipathFacts(text)
    maps = parse_topology(text)
    if not _is_whole(maps, capture.text("multipath volumes")):
        return MultipathFacts(Unknown("multipath lists less than the kernel has"))
    return MultipathFacts(maps or Unknown("multipath lists no volume"))


# dm-2 4
def _is_whole(maps: tuple[Map, ...], kernel: str | Unknown | NotHere) -> bool:
    """Whether all volumes of the kernel are listed, with all their paths, where the kernel was asked."""
    counts = dict(line.split() for line in kernel.splitlines()) if isinstance(kernel, str) else {}
    listed = {volume.device: len(volume.paths) for volume in maps}
    return all(listed.get(device, -1) >= int(count) for device, count in counts.items())


# mpatha (36001405a5f1e7d3c0b24d0c8e8a5f111) dm-2 LIO-ORG,data
# size=20G features='1 queue_if_no_path' hwhandler='1 alua' wp=rw
# |-+- policy='service-time 0' prio=50 status=active
# | `- 5:0:0:0 sdd 8:48 active ready running
# `-+- policy='service-time 0' prio=10 status=enabled
#   `- 6:0:0:0 sde 8:64 failed faulty running
#
# the same by version 0.4:
# mpatha (36001405a5f1e7d3c0b24d0c8e8a5f111) dm-2 LIO-ORG,data
# [size=20G][features=1 queue_if_no_path][hwhandler=1 alua]
# \_ round-robin 0 [prio=50][active]
#  \_ 5:0:0:0 sdd 8:48 [active][ready]
# eui.0025385b71b00e21 [nvme]:nvme0n1 NVMe,EXAMPLE,1.0       is a volume of NVMe's own multipathing
HEAD = re.compile(
    r"^(?:\w+: )?(?:(?P<alias>\S+) \((?P<named>[^)]+)\)|(?P<wwid>\S+?))"
    r"(?: *(?P<device>dm-\d+)(?:\s.*)?| (?:undef|\[\w+\]:\S+)(?:\s.*)?)?\s*$")
SIZE = re.compile(r"^\[?size=")
# The address is that of SCSI (5:0:0:0), of a DASD (0.0.3f00), of NVMe (0:1:1:1), or #:#:#:# where the device is gone
PATH = re.compile(r"^(?P<tree>[ |`\\_-]*[ _-])(?P<address>[\w.#]+[:.][\w.:#]+)\s+(?P<name>\S+)\s+(?:[\d#]+:[\d#]+|-)\s+(?P<states>\S.*)$")
STATES = re.compile(r"(\S+)(?:\s+(i/o \w+|\S+))?(?:\s+(\S+))?")


def parse_topology(text: str) -> tuple[Map, ...]:
    """All maps; lines between them (messages, a list of paths) are passed over. Raises Unreadable."""
    if not text.endswith("\n"):
        raise Unreadable(CUT)
    lines = [line.rstrip() for line in text.splitlines()]
    starts = [number - 1 for number, line in enumerate(lines) if number and SIZE.match(line)]
    if not starts and text.strip():
        raise Unreadable(CUT)
    return tuple(_map(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True))


def _map(lines: list[str]) -> Map:
    head = HEAD.match(lines[0])
    tree = [line for line in lines[2:] if line[:1] in "|`\\ " and line.strip()]
    paths = tuple(_path(match) for match in map(PATH.match, tree) if match)
    if head is None or (tree and not PATH.match(tree[-1])):     # below each group stands a path, also below the last
        raise Unreadable(CUT)
    if tree and not _is_last(tree):
        raise Unreadable(CUT)
    return Map(head["named"] or head["wwid"], head["alias"], head["device"], "queue_if_no_path" in lines[1], paths)


def _is_last(tree: list[str]) -> bool:
    """Whether the tree is drawn to its end: newer versions draw the last branch of each level with a backtick."""
    if not any(line.startswith(("|-", "`-")) for line in tree):
        return True                     # version 0.4 has one sign for all branches
    return any(line.startswith("`-") for line in tree) and "`-" in tree[-1]


def _path(match: re.Match[str]) -> Path:
    if "[" in match["states"]:
        states = re.findall(r"[^\[\]]+", match["states"].replace("][", "] ["))
        states = [state for state in states if state.strip()]
    else:
        found = STATES.match(match["states"])
        states = [state for state in found.groups() if state] if found else []
    mapper, checker, device, *_rest = [*states, "", "", ""]
    return Path(match["name"], match["address"], mapper, checker, device)
