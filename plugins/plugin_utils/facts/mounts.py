# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts: which are read-only and why, what fstab asks for, whether network file systems answer."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from enum import Enum

from ...module_utils.host import command_key
from ...module_utils.mount_points import NETWORK_TYPES
from ..absent import Known, NotHere, Unknown
from ..archive import Capture, first_line
from .container import is_container
from .guard import readable
from .mount_table import WRITABLE_TYPES, FstabEntry, Mount, mount_table, parse_fstab

NO_ANSWER = "timeout"
# Read-only views that systemd and snapd make by the dozen
OWN_VIEWS = ("/proc/", "/sys/fs/", "/snap/", "/run/credentials/")
# fstab lines of these are the init system's business, and differ between its versions
PSEUDO_TYPES = frozenset({
    "proc", "sysfs", "devpts", "devtmpfs", "usbfs", "usbdevfs", "debugfs", "tracefs", "securityfs", "configfs", "cgroup", "cgroup2", "swap",
    "autofs", "binfmt_misc", "mqueue", "hugetlbfs", "efivarfs", "nfsd", "rpc_pipefs", "ignore",
})


# What ext4 shows since Linux 6.15 in place of "ro" when it stopped writing
STOPPED = frozenset({"emergency_ro", "shutdown"})


class ReadOnly(Enum):
    """Why a mount is read-only."""

    ASKED = "fstab asks for it"
    KERNEL = "the kernel turned it read-only"
    AGAINST_FSTAB = "fstab asks for a writable one"
    VIEW = "a read-only view of a writable file system"
    UNLISTED = "not in fstab"
    NATURE = "cannot be written by its nature"
    NOT_KNOWN = "fstab is not readable"


@dataclass(frozen=True)
class ReadOnlyMount:
    point: str
    fs_type: str
    source: str
    reason: ReadOnly


@dataclass(frozen=True)
class NetworkMount:
    """``problem`` is None when it answered, else NO_ANSWER or what its look-up said; Unknown when nobody could tell."""

    mount: Mount
    problem: str | Unknown | None


@dataclass(frozen=True)
class RpcCounts:
    """Since boot (or since the nfs module was loaded)."""

    calls: int
    retransmissions: int


@dataclass(frozen=True)
class MountsFacts:
    table: Known[tuple[Mount, ...]]
    fstab: Known[tuple[FstabEntry, ...]]
    read_only: Known[tuple[ReadOnlyMount, ...]]
    missing: Known[tuple[FstabEntry, ...]]
    network: Known[tuple[NetworkMount, ...]]
    nfs_calls: Known[RpcCounts]


def parse(capture: Capture) -> MountsFacts:
    table = readable(mount_table, capture)
    fstab = readable(_fstab, capture)
    network = readable(_network, capture, table)
    return MountsFacts(
        table=table, fstab=fstab, network=network,
        read_only=_read_only(table, fstab) if isinstance(table, tuple) else table,
        missing=_missing(capture, table, fstab),
        nfs_calls=readable(_nfs_calls, capture) if isinstance(network, tuple) else network,
    )


def _fstab(capture: Capture) -> Known[tuple[FstabEntry, ...]]:
    text = capture.text("/etc/fstab")
    if isinstance(text, NotHere):
        return NotHere("there is no /etc/fstab")
    return text if isinstance(text, Unknown) else parse_fstab(text)


def _read_only(table: tuple[Mount, ...], fstab: Known[tuple[FstabEntry, ...]]) -> tuple[ReadOnlyMount, ...]:
    return tuple(
        ReadOnlyMount(mount.point, mount.fs_type, mount.source, _reason(mount, fstab)) for mount in table
        if ("ro" in mount.options or (mount.fs_type in WRITABLE_TYPES and mount.super_options & {"ro", *STOPPED}))
        and mount.fs_type not in ("ramfs", "squashfs") and not mount.point.startswith(OWN_VIEWS)
    )


def _reason(mount: Mount, fstab: Known[tuple[FstabEntry, ...]]) -> ReadOnly:
    """An error turns the file system below read-only and leaves the mount's own option as it was: "rw" above, "ro" below."""
    if mount.fs_type not in WRITABLE_TYPES:
        return ReadOnly.NATURE
    if "ro" not in mount.options or mount.super_options & STOPPED:
        return ReadOnly.KERNEL
    if isinstance(fstab, Unknown):
        return ReadOnly.NOT_KNOWN
    entries = [entry for entry in fstab if entry.point == mount.point] if isinstance(fstab, tuple) else []
    if entries:
        return ReadOnly.ASKED if "ro" in entries[-1].options else ReadOnly.AGAINST_FSTAB
    return ReadOnly.UNLISTED if "ro" in mount.super_options else ReadOnly.VIEW


def _missing(capture: Capture, table: Known[tuple[Mount, ...]], fstab: Known[tuple[FstabEntry, ...]]) -> Known[tuple[FstabEntry, ...]]:
    if is_container(capture):
        return NotHere("a container: its mounts are made by the host that runs it")
    if not isinstance(fstab, tuple):
        return fstab
    if not isinstance(table, tuple):
        return table
    mounted = {mount.point for mount in table}
    return tuple(entry for entry in fstab if _is_wanted(entry) and _real(capture, entry.point) not in mounted)


def _is_wanted(entry: FstabEntry) -> bool:
    return entry.point.startswith("/") and entry.fs_type not in PSEUDO_TYPES and "noauto" not in entry.options


def _real(capture: Capture, point: str) -> str:
    link = capture.text(point)
    return posixpath.normpath(posixpath.join(posixpath.dirname(point), link)) if isinstance(link, str) else point


def _network(capture: Capture, table: Known[tuple[Mount, ...]]) -> Known[tuple[NetworkMount, ...]]:
    if not isinstance(table, tuple):
        return table
    found = [mount for mount in table if mount.fs_type in NETWORK_TYPES]
    if not found:
        return NotHere("no network file system is mounted")
    return tuple(NetworkMount(mount, _problem(capture, mount.point)) for mount in found)


# stat: cannot read file system information for '/mnt/x': Stale file handle
def _problem(capture: Capture, point: str) -> str | Unknown | None:
    key = command_key(["stat", "-f", "-t", point])
    text, entry = capture.known(key), capture.entry(key)
    if entry is not None and entry.error == "timeout":
        return NO_ANSWER
    if isinstance(text, Unknown) or entry is None:
        return text
    if entry.rc == 0:
        return None
    reason = first_line(entry.stderr).rpartition(": ")[2]
    if reason in ("Permission denied", "Operation not permitted"):
        return Unknown("{key}: permission denied; inspect as root to see it", {"key": key})
    return reason or "failed without a message"


# net 0 0 0 0
# rpc 4581230 118 4581240
def _nfs_calls(capture: Capture) -> Known[RpcCounts]:
    text = capture.text("/proc/net/rpc/nfs")
    if not isinstance(text, str):
        return text
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["rpc"] and len(words) >= 4 and all(word.isdigit() for word in words[1:3]):
            return RpcCounts(int(words[1]), int(words[2]))
    return Unknown("/proc/net/rpc/nfs: has no line rpc with its counts")
