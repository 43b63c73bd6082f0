# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ZFS pools: states, sizes in bytes, fill 0 to 1, errors of devices and data, the last scrub (its time taken as UTC)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, succeeded
from .container import is_container
from .guard import readable


@dataclass(frozen=True)
class PoolSize:
    """Of ``zpool list``; None where a faulted pool has no figures."""

    name: str
    state: str
    size_bytes: int | None
    used_bytes: int | None
    free_bytes: int | None
    used_ratio: float | None
    fragmented_ratio: float | None


@dataclass(frozen=True)
class Device:
    """``errors`` is the sum of its read, write and checksum errors."""

    name: str
    state: str
    errors: int


@dataclass(frozen=True)
class Pool:
    """Of ``zpool status``. ``data_errors`` is "" when there are none, None when a pool out of order tells none, else its words."""

    name: str
    state: str
    devices: tuple[Device, ...]
    data_errors: str | None
    scan: str
    scrubbed_at: datetime | None
    scan_errors: int


P = TypeVar("P", PoolSize, Pool)


@dataclass(frozen=True)
class ZfsFacts:
    """``states`` are {pool: its states by the kernel, zpool list and zpool status}, of those that answered."""

    sizes: Known[tuple[PoolSize, ...]]
    pools: Known[tuple[Pool, ...]]
    states: Known[dict[str, tuple[str, ...]]]


def parse(capture: Capture) -> ZfsFacts:
    absent = _absent(capture)
    if absent is not None:
        return ZfsFacts(absent, absent, absent)
    kernel = {entry.key.split("/")[-2]: entry.text.strip() for entry in capture.matching("/proc/spl/kstat/zfs/*/state") if entry.text}
    sizes = _complete(readable(_sizes, capture), set(kernel), "zpool list -p")
    pools = _complete(readable(_pools, capture), set(kernel), "zpool status")
    return ZfsFacts(sizes, pools, _states(kernel, sizes, pools))


def _states(
    kernel: dict[str, str], sizes: Known[tuple[PoolSize, ...]], pools: Known[tuple[Pool, ...]]
) -> Known[dict[str, tuple[str, ...]]]:
    """A pool that hangs keeps zpool from answering; the kernel's word and what did answer count all the same."""
    found: dict[str, tuple[str, ...]] = {name: (state,) for name, state in kernel.items()}
    for part in (sizes, pools):
        for pool in part if isinstance(part, tuple) else ():
            found[pool.name] = (*found.get(pool.name, ()), pool.state)
    if found:
        return found
    absent = [part for part in (sizes, pools) if not isinstance(part, tuple)]
    return next((part for part in absent if isinstance(part, Unknown)), absent[0] if absent else NotHere("this host has no ZFS pool"))


def _absent(capture: Capture) -> Unknown | NotHere | None:
    if is_container(capture):
        return NotHere("a container: its pools belong to the host that runs it")
    module = capture.text("zfs module")
    if isinstance(module, str):
        return None if module.strip() else NotHere("the ZFS module is not loaded")
    return module


def _complete(found: Known[tuple[P, ...]], names: set[str], key: str) -> Known[tuple[P, ...]]:
    """A pool that the kernel has must be in the list: one that is cut off at the end of a line looks whole."""
    if isinstance(found, tuple):
        lost = names - {pool.name for pool in found}
        if lost:
            return Unknown("{key}: does not name the pool {pool}", {"key": key, "pool": min(lost)})
    return found


def _output(capture: Capture, key: str) -> Known[str]:
    entry = capture.entry(key)
    text = succeeded(entry) if entry is not None else capture.known(key)
    if isinstance(text, NotHere):
        return Unknown(text.reason, text.values)
    if isinstance(text, str) and entry is not None and "no pools available" in text + entry.stderr:
        return NotHere("this host has no ZFS pool")
    return text


def _sizes(capture: Capture) -> Known[tuple[PoolSize, ...]]:
    text = _output(capture, "zpool list -p")
    return tuple(pool_sizes(text)) if isinstance(text, str) else text


# NAME           SIZE        ALLOC          FREE  CKPOINT  EXPANDSZ   FRAG    CAP  DEDUP    HEALTH  ALTROOT
# tank   3985729650688  16471304560  3969258346128        -         -      5      1   1.00    ONLINE  -
# old               -            -             -        -         -      -      -      -   FAULTED  -
def pool_sizes(text: str) -> Iterator[PoolSize]:
    """The pools; the indented devices of ``zpool list -v`` are left out. Raises Unreadable."""
    lines = text.splitlines()
    columns = lines[0].split() if lines else []
    if not {"NAME", "HEALTH"} <= set(columns) or not text.endswith("\n"):
        raise Unreadable("{key}: is cut off, or not what zpool prints", key="zpool list -p")
    for line in lines[1:]:
        words = line.split()
        if not words or line[0].isspace():
            continue
        if len(words) != len(columns):
            raise Unreadable("{key}: is cut off, or not what zpool prints", key="zpool list -p")
        row = dict(zip(columns, words, strict=True))
        if row["HEALTH"] == "-":        # a title like "logs" in the output of -v
            continue
        used, fragmented = _amount(row.get("CAP", "-")), _amount(row.get("FRAG", "-"))
        size, allocated, free = (_whole(row.get(name, "-")) for name in ("SIZE", "ALLOC", "FREE"))
        yield PoolSize(row["NAME"], row["HEALTH"], size, allocated, free,
                       used / 100 if used is not None else None, fragmented / 100 if fragmented is not None else None)


AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([KMGTPE]?)[B%x]?")


def _amount(word: str) -> float | None:
    """``1.2K`` as 1228.8, ``42%`` as 42; None for ``-``. Raises Unreadable."""
    if word == "-":
        return None
    match = AMOUNT.fullmatch(word)
    if match is None:
        raise Unreadable("ZFS: {word} is not a number", word=word[:40])
    return float(match[1]) * 1024.0 ** ("KMGTPE".index(match[2]) + 1 if match[2] else 0)


def _whole(word: str) -> int | None:
    amount = _amount(word)
    return None if amount is None else int(amount)


def _pools(capture: Capture) -> Known[tuple[Pool, ...]]:
    text = _output(capture, "zpool status")
    return tuple(pool_states(text)) if isinstance(text, str) else text


#   pool: tank
#  state: DEGRADED
#   scan: scrub repaired 0B in 01:25:43 with 0 errors on Mon Nov 16 01:26:46 2026
# config:
#         NAME        STATE     READ WRITE CKSUM
#         tank        DEGRADED     0     0     0
#           mirror-0  DEGRADED     0     0     0
#             sda     ONLINE       0     0     0
#             sdb     UNAVAIL      3   1.2K     0  cannot open
# errors: No known data errors
LABEL = re.compile(r" {0,7}(pool|state|status|action|see|scan|scrub|config|errors|remove|checkpoint|dedup|expand): ?(.*)")
ROW = re.compile(r"\s+(\S+)\s+([A-Z]+)(?:\s+([\d.]+[KMGTPE]?)\s+([\d.]+[KMGTPE]?)\s+([\d.]+[KMGTPE]?)(?:\s.*)?|\s.*|)")
NO_ERRORS = "No known data errors"


def pool_states(text: str) -> Iterator[Pool]:
    """Each pool; raises Unreadable for one that does not end with its line ``errors:``."""
    pools: list[dict[str, list[str]]] = []
    label = ""
    for line in text.splitlines():
        match = LABEL.fullmatch(line)
        if match:
            label = match[1]
            if label == "pool":
                pools.append({})
            if pools:
                pools[-1][label] = [match[2]]
        elif pools and line.strip():
            pools[-1].setdefault(label, []).append(line)
    if not pools:
        raise Unreadable("{key}: is cut off, or not what zpool prints", key="zpool status")
    for fields in pools:
        yield _pool(fields)


def _pool(fields: dict[str, list[str]]) -> Pool:
    name = fields["pool"][0].strip()
    errors = [line.strip() for line in fields.get("errors", ()) if line.strip()]
    state = fields["state"][0].strip() if "state" in fields else ""
    is_cut_off = not errors[0] or (errors[0] != NO_ERRORS and NO_ERRORS.startswith(errors[0])) if errors else state in ("", "ONLINE")
    if is_cut_off or "config" not in fields:
        raise Unreadable("{key}: what it says of {pool} is cut off", key="zpool status", pool=name)
    scan = " ".join(part.strip() for part in fields.get("scan") or fields.get("scrub") or ())
    failed = re.search(r" with (\d+) errors", scan)
    return Pool(
        name=name, state=state, devices=tuple(_devices(fields["config"], name)),
        data_errors=None if not errors else "" if errors[0] == NO_ERRORS else " ".join(errors)[:200],
        scan=scan[:200], scrubbed_at=_scrubbed_at(scan), scan_errors=int(failed[1]) if failed else 0,
    )


def _devices(lines: list[str], pool: str) -> Iterator[Device]:
    """Raises Unreadable when the table is not there: a pool has at least itself in it."""
    seen = False
    for line in lines:
        words = line.split()
        if not words or words[:2] == ["NAME", "STATE"] or len(words) == 1:       # the header, and titles like "logs"
            continue
        match = ROW.fullmatch(line)
        if match is None or (match[3] is None and match[2] in ("ONLINE", "DEGRADED")):      # only spares have no counters
            raise Unreadable("{key}: what it says of {pool} is cut off", key="zpool status", pool=pool)
        seen = seen or match[1] == pool
        yield Device(match[1], match[2], int(sum(_amount(count) or 0 for count in match.groups()[2:] if count)))
    if not seen:
        raise Unreadable("{key}: what it says of {pool} is cut off", key="zpool status", pool=pool)


def _scrubbed_at(scan: str) -> datetime | None:
    """When the last scrub ended; None if it never did, or is being made."""
    match = re.match(r"scrub (?:repaired|completed) .* on (\w{3} \w{3} +\d+ [\d:]+ \d{4})", scan)
    try:
        return datetime.strptime(" ".join(match[1].split()), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
