# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot: the crash kernel, dumps of crashes, taints of the kernel, starts without a shutdown before them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from ..absent import Known, NotHere, Unknown
from ..archive import Capture, succeeded
from .container import is_container

IN_CONTAINER = NotHere("a container runs the kernel of its host")
CUT = "{key}: its output is cut off or not in a known format"
# Linux admin-guide/tainted-kernels: letter of each bit
TAINTS = "PFSRMBUDAWCIOELKXTNJ"


@dataclass(frozen=True)
class Kdump:
    """``wanted``: memory is reserved by crashkernel=, or its service is enabled. ``available``: this kernel can do it at all."""

    available: bool
    wanted: bool
    loaded: bool
    reserved_bytes: int | None


@dataclass(frozen=True)
class Dump:
    name: str
    at: datetime
    size_bytes: int


@dataclass(frozen=True)
class BootFacts:
    """``taints``: letters as the kernel prints them in a call trace; ``unclean``: when the host started after no shutdown."""

    kdump: Known[Kdump]
    dumps: Known[tuple[Dump, ...]]
    taints: Known[str]
    unclean: Known[tuple[datetime, ...]]


def parse(capture: Capture) -> BootFacts:
    if is_container(capture):
        return BootFacts(IN_CONTAINER, IN_CONTAINER, IN_CONTAINER, IN_CONTAINER)
    return BootFacts(kdump=_kdump(capture), dumps=_dumps(capture), taints=_taints(capture), unclean=_unclean(capture))


# BOOT_IMAGE=/vmlinuz-6.1.0-31-amd64 root=/dev/sda2 ro crashkernel=256M
def _kdump(capture: Capture) -> Known[Kdump]:
    loaded, size = (capture.text("/sys/kernel/kexec_crash_" + name) for name in ("loaded", "size"))
    line, services = capture.known("/proc/cmdline"), capture.entry("kdump services")
    for text in (loaded, size, line):
        if isinstance(text, Unknown):
            return text
    if not isinstance(line, str) or not line.strip():
        return Unknown("{key}: is empty or cut off", {"key": "/proc/cmdline"})
    wanted = bool(re.search(r"\bcrashkernel=(?!0\b)\S", line)) or bool(services and (services.text or "").strip())
    if not isinstance(loaded, str):
        return Kdump(False, wanted, False, None)
    if loaded.strip() not in ("0", "1"):
        return Unknown("{key}: is empty or cut off", {"key": "/sys/kernel/kexec_crash_loaded"})
    reserved = int(size) if isinstance(size, str) and size.strip().isdigit() else None
    return Kdump(True, wanted or bool(reserved), loaded.strip() == "1", reserved)


# 127.0.0.1-2026-11-14-10:30:45<TAB>1794652245<TAB>1073741824
# # 3 entries
def _dumps(capture: Capture) -> Known[tuple[Dump, ...]]:
    text = capture.known("crash dumps")
    if isinstance(text, Unknown):
        return text
    lines = text.splitlines()
    if not lines or not re.fullmatch(r"# \d+ entries", lines[-1]):
        return Unknown("/var/crash: could not be listed; inspect as root to see it")
    found = []
    for line in lines[:-1]:
        fields = line.split("\t")
        if len(fields) != 3 or not fields[1].isdigit() or not fields[2].isdigit():
            return Unknown(CUT, {"key": "crash dumps"})
        found.append(Dump(fields[0], datetime.fromtimestamp(int(fields[1]), UTC), int(fields[2])))
    return tuple(sorted(found, key=lambda dump: dump.at))


# 12288
def _taints(capture: Capture) -> Known[str]:
    text = capture.known("/proc/sys/kernel/tainted")
    if isinstance(text, Unknown):
        return text
    if not text.strip().isdigit() or not text.endswith("\n"):
        return Unknown("{key}: is empty or cut off", {"key": "/proc/sys/kernel/tainted"})
    mask = int(text)
    letters = "".join(letter for bit, letter in enumerate(TAINTS) if mask >> bit & 1)
    return letters + ("?" if mask >> len(TAINTS) else "")


# reboot   system boot  6.1.0-31-amd64   Mon Nov 16 10:00:09 2026   still running
# shutdown system down  6.1.0-31-amd64   Mon Nov 16 09:58:40 2026 - Mon Nov 16 10:00:09 2026  (00:01)
#
# wtmp begins Sat Aug  1 08:00:00 2026
def _unclean(capture: Capture) -> Known[tuple[datetime, ...]]:
    """Newest first. The oldest start that is on record is left out: what was before it is not."""
    entry = capture.entry("last -x -F -n 60 reboot shutdown")
    if entry is None:
        return NotHere("this host has no last command, which lists its starts")
    text = succeeded(entry)
    if not isinstance(text, str):
        return text
    if not re.search(r"^\S*tmp\S* begins ", text, re.MULTILINE):
        return Unknown(CUT, {"key": entry.key})
    events = re.findall(r"^(reboot|shutdown)\s.*?(\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4})", text, re.MULTILINE)
    starts = [datetime.strptime(when, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
              for (kind, when), (before, _time) in pairwise(events) if kind == before == "reboot"]
    return tuple(starts)
