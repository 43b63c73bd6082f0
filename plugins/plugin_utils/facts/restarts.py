# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What still runs from before an update: programs that map deleted files, an older kernel."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from ..absent import Unreadable

CUT = "{key}: its output is cut off or not in a known format"


@dataclass(frozen=True)
class Stale:
    """One service, or program outside of any service, that runs code which is gone from disk."""

    name: str
    pids: tuple[int, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Needrestart:
    """``kernel`` and ``microcode`` states: 0 not known, 1 current, 2 a compatible (microcode: newer) one waits, 3 a newer one waits."""

    version: str
    running: str
    expected: str
    kernel: int | None
    microcode: int | None
    services: tuple[str, ...]
    others: int


# NEEDRESTART-VER: 3.6
# NEEDRESTART-KCUR: 6.1.0-13-amd64
# NEEDRESTART-KEXP: 6.1.0-15-amd64
# NEEDRESTART-KSTA: 3
# NEEDRESTART-SVC: sshd.service
def parse_needrestart(key: str, text: str) -> Needrestart:
    """``needrestart -b``. Lines of Perl warnings may stand among its own; containers and sessions are counted as others."""
    if not text.endswith("\n"):
        raise Unreadable(CUT, key=key)
    found = re.findall(r"^NEEDRESTART-([A-Z]+): ?(.*)$", text, re.MULTILINE)
    values = dict(found)
    if "VER" not in values or not ("KSTA" in values or any(name in values for name in ("SVC", "SESS", "CONT", "UCSTA"))):
        raise Unreadable(CUT, key=key)
    return Needrestart(
        values["VER"].strip(), values.get("KCUR", "").strip(), values.get("KEXP", "").strip(), whole(values.get("KSTA")),
        whole(values.get("UCSTA")), tuple(value.strip() for name, value in found if name == "SVC"),
        sum(name in ("SESS", "CONT", "PID") for name, _value in found),
    )


def whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdigit() else None


# Core libraries or services have been updated since boot-up:
#   * glibc
#
# Reboot is required to ensure that your system benefits from these updates.
def parse_needs_restarting(key: str, text: str) -> tuple[bool, tuple[str, ...]]:
    """``needs-restarting -r``: whether to reboot, and for which packages. Its words, not its exit status, which 1 shares with errors."""
    packages = re.findall(r"^[ \t]+(?:\* )?(\w\S*)", text, re.MULTILINE)
    if re.search(r"Reboot should not be necessary|No core libraries or services have been updated", text):
        return False, ()
    if re.search(r"Reboot is (required|suggested|probably)|have been updated since boot-up:|reboot is (required|needed)", text):
        return True, tuple(dict.fromkeys(packages))
    raise Unreadable(CUT, key=key)


# sshd.service
def parse_needs_restarting_services(text: str) -> tuple[Stale, ...]:
    """``needs-restarting -s``: a unit on each line."""
    return tuple(Stale(line.strip()) for line in text.splitlines() if re.fullmatch(r"\S+\.\w+", line.strip()))


# Found 9 processes using old versions of upgraded files
# openssh-server:
#         1327    /usr/sbin/sshd
def parse_checkrestart(key: str, text: str) -> tuple[Stale, ...]:
    """``checkrestart``: by package, with processes; its first line counts them."""
    count = re.search(r"^Found (\d+) process(?:es)? using old versions", text, re.MULTILINE)
    if count is None:
        raise Unreadable(CUT, key=key)
    found: dict[str, list[tuple[int, str]]] = {}
    package = ""
    for line in text.splitlines():
        process = re.match(r"\s+(\d+)\s+(/\S.*)$", line)
        if process and package:
            found.setdefault(package, []).append((int(process[1]), process[2]))
        elif re.match(r"\S+:$", line):
            package = line.split(":")[0]
    if int(count[1]) and not found:
        return (Stale("checkrestart"),)
    return tuple(Stale(name, tuple(pid for pid, _path in items), tuple(path for _pid, path in items)) for name, items in found.items())


# 812 sshd ssh.service /usr/lib/x86_64-linux-gnu/libssl.so.3
# # 97 processes looked at, 0 refused
def parse_deleted(key: str, text: str) -> tuple[Stale, ...]:
    """Our own list, by unit; sessions, and programs without a unit, by their name. Raises Unreadable if the count is missing."""
    lines = text.splitlines()
    last = re.fullmatch(r"# (\d+) processes looked at, (\d+) refused", lines[-1]) if lines else None
    if last is None or int(last[1]) <= int(last[2]):         # nearly all refused: it saw nothing
        raise Unreadable(CUT, key=key)
    found: dict[str, tuple[set[int], set[str]]] = {}
    for fields in map(str.split, lines[:-1]):
        if len(fields) < 4 or not fields[0].isdigit():
            raise Unreadable(CUT, key=key)
        name = fields[2] if fields[2].endswith(".service") else fields[1]
        pids, files = found.setdefault(name, (set(), set()))
        pids.add(int(fields[0]))
        files.update(fields[3:])
    return tuple(Stale(name, tuple(sorted(pids)), tuple(sorted(files))) for name, (pids, files) in sorted(found.items()))


def flavour(release: str) -> str:
    """What distinguishes kernels that are not each other's successors: ``amd``, ``cloudamd``, ``generic``, ``elx``, ``eluekx``."""
    return "".join(re.findall(r"[a-z]+", re.sub(r"[+~.]?(deb\d+|bpo)(u\d+|\.\d+)*", "", release.lower())))


def newest_of(running: str, installed: Iterable[str]) -> str:
    """The newest installed kernel of the running one's flavour; of all, if none of them is of its flavour."""
    kernels = list(installed)
    related = [name for name in kernels if flavour(name) == flavour(running)] or kernels
    newest = related[0]
    for name in related[1:]:
        newest = name if compare(name, newest) > 0 else newest
    return newest


def compare(left: str, right: str) -> int:
    """As rpm compares versions: piece by piece, numbers as numbers, a number is newer than letters; -1, 0 or 1."""
    for one, other in zip_longest(re.findall(r"\d+|[A-Za-z]+", left), re.findall(r"\d+|[A-Za-z]+", right)):
        if one == other:
            continue
        if one is None or other is None:
            return -1 if one is None else 1
        if one.isdigit() and other.isdigit():
            if int(one) != int(other):
                return 1 if int(one) > int(other) else -1
        elif one.isdigit() or other.isdigit():
            return 1 if one.isdigit() else -1
        else:
            return 1 if one > other else -1
    return 0
