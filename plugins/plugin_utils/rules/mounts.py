# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about mounts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..absent import Unknown
from ..facts.mount_table import FstabEntry, Mount
from ..facts.mounts import NO_ANSWER, NetworkMount, ReadOnly, ReadOnlyMount, RpcCounts
from ..findings import Above, Domain, Finding, Rule, Severity

TABLE = ("/proc/self/mountinfo", "/proc/mounts")
DEVICE_NAME = re.compile(r"/dev/(?:[shv]d[a-z]+\d*|xvd[a-z]+\d*|nvme\d+n\d+(?:p\d+)?)")


def _once(found: list[Mount]) -> list[Mount]:
    """One mount for each file system, that with the shortest path: bind mounts share its options."""
    return list({mount.source: mount for mount in sorted(found, key=lambda mount: -len(mount.point))}.values())


def check_mount_read_only(_levels: Mapping[str, Any], read_only: tuple[ReadOnlyMount, ...]) -> Iterator[Finding]:
    for mount in read_only:
        values = {"fs_type": mount.fs_type, "source": mount.source}
        if mount.reason is ReadOnly.KERNEL:
            yield Finding(Severity.CRITICAL, mount.point, "the kernel turned {source} read-only, as it does after an error", values)
        elif mount.reason is ReadOnly.AGAINST_FSTAB:
            yield Finding(Severity.CRITICAL, mount.point, "{source} is mounted read-only, though fstab asks for a writable mount", values)
        elif mount.reason is ReadOnly.NOT_KNOWN:
            yield Finding(Severity.UNKNOWN, mount.point,
                          "{source} is read-only; fstab, which says whether it should be, is not readable", values)
        elif mount.reason is ReadOnly.ASKED:
            yield Finding(Severity.OK, mount.point, "read-only, as fstab asks for", values)
        elif mount.reason is ReadOnly.VIEW:
            yield Finding(Severity.INFO, mount.point, "a read-only view of the writable file system {source}", values)
        elif mount.reason is ReadOnly.UNLISTED:
            yield Finding(Severity.INFO, mount.point, "{source} is mounted read-only, and fstab does not name it", values)
        else:
            yield Finding(Severity.INFO, mount.point, "{source} is read-only, as {fs_type} mounts may be", values)
    if all(mount.reason is ReadOnly.ASKED for mount in read_only):
        yield Finding(Severity.OK, "mounts", "no mount is read-only that should not be")


MOUNT_READ_ONLY = Rule(
    id="mount_read_only",
    title="Writable file systems are mounted writable",
    domain=Domain.OS,
    why="After an error the kernel stops writing to a file system to save what is left; services on it fail or lose data.",
    fix="Find the error in the kernel log and mend its cause; unmount, check the file system, mount it again. Don't just remount it.",
    needs=("mounts.read_only",),
    evidence=(*TABLE, "/etc/fstab"),
    impact=4,
    change_risk=2,
    check=check_mount_read_only,
)


def check_mount_fstab_missing(_levels: Mapping[str, Any], missing: tuple[FstabEntry, ...]) -> Iterator[Finding]:
    for entry in missing:
        yield Finding(Severity.WARNING, entry.point, "fstab asks for {source} here, but it is not mounted",
                      {"source": entry.source, "fs_type": entry.fs_type, "nofail": "nofail" in entry.options})
    if not missing:
        yield Finding(Severity.OK, "fstab", "all that fstab asks for is mounted")


MOUNT_FSTAB_MISSING = Rule(
    id="mount_fstab_missing",
    title="All file systems of fstab are mounted",
    domain=Domain.OS,
    why="Data written to the bare mount point fills the file system below it and is hidden by the next mount; backups miss it.",
    fix="Mount it and see why it was not; mark it noauto or delete the line if it is not wanted any more.",
    needs=("mounts.missing",),
    evidence=(*TABLE, "/etc/fstab"),
    impact=3,
    check=check_mount_fstab_missing,
)


def check_mount_network_answers(_levels: Mapping[str, Any], network: tuple[NetworkMount, ...]) -> Iterator[Finding]:
    for item in network:
        if isinstance(item.problem, Unknown):
            yield Finding(Severity.UNKNOWN, item.mount.point, item.problem.reason, item.problem.values)
        elif item.problem == NO_ANSWER:
            yield Finding(Severity.CRITICAL, item.mount.point, "{source} gives no answer", {"source": item.mount.source})
        elif item.problem is not None:
            yield Finding(Severity.CRITICAL, item.mount.point, "{source} does not answer: {problem}",
                          {"source": item.mount.source, "problem": item.problem})
        else:
            yield Finding(Severity.OK, item.mount.point, "{source} answers", {"source": item.mount.source})


MOUNT_NETWORK_ANSWERS = Rule(
    id="mount_nfs_stale",
    title="Network file systems answer",
    domain=Domain.OS,
    why="Every process that touches a stale or hung network file system stops, often for ever, and can't be killed.",
    fix="Check server and network; then remount it, or unmount it lazily (umount -l) if the server will not return.",
    needs=("mounts.network",),
    evidence=("stat -f -t *", *TABLE),
    impact=4,
    change_risk=2,
    check=check_mount_network_answers,
)


def check_mount_nfs_options(_levels: Mapping[str, Any], network: tuple[NetworkMount, ...]) -> Iterator[Finding]:
    for mount in (item.mount for item in network if item.mount.fs_type in ("nfs", "nfs4")):
        options = mount.super_options | mount.options
        values = {"source": mount.source}
        if options & {"soft", "softerr"} and "ro" not in options:
            yield Finding(Severity.WARNING, mount.point,
                          "{source} is mounted soft and writable: writes are given up when the server is slow", values)
        elif options & {"proto=udp", "udp"}:
            yield Finding(Severity.WARNING, mount.point, "{source} is mounted over UDP: fragments may be put together wrongly", values)
        else:
            yield Finding(Severity.OK, mount.point, "its options are safe", values)
    if not any(item.mount.fs_type in ("nfs", "nfs4") for item in network):
        yield Finding(Severity.OK, "mounts", "no NFS is mounted")


MOUNT_NFS_OPTIONS = Rule(
    id="mount_nfs_options",
    title="NFS is mounted hard and over TCP",
    domain=Domain.OS,
    why="A soft mount returns errors that most programs ignore, so that files end damaged; nfs(5) warns of it, and of UDP.",
    fix="Mount with hard,proto=tcp (the defaults); it takes an unmount, so plan a window.",
    needs=("mounts.network",),
    evidence=TABLE,
    impact=3,
    change_risk=2,
    check=check_mount_nfs_options,
)


def check_nfs_retransmissions(levels: Mapping[str, Any], calls: RpcCounts) -> Iterator[Finding]:
    """Bad only if their share AND their number are high: after a boot one lost packet may be one per cent."""
    ratio = calls.retransmissions / calls.calls if calls.calls else 0.0
    severity = min(levels["retransmitted_ratio"].grade(ratio), levels["retransmitted_count"].grade(calls.retransmissions))
    yield Finding(severity, "nfs", "{retransmitted_ratio} of {calls_count} NFS calls sent again",
                  {"retransmitted_ratio": ratio, "retransmitted_count": calls.retransmissions, "calls_count": calls.calls})


NFS_RETRANSMISSIONS = Rule(
    id="mount_nfs_retransmissions",
    title="NFS calls are answered at the first try",
    domain=Domain.OS,
    why="Calls that must be sent again show a network that loses packets or a server that is too slow; each costs seconds.",
    fix="Check errors on the interfaces and switch ports on the way, and the load of the server.",
    needs=("mounts.nfs_calls",),
    evidence=("/proc/net/rpc/nfs",),
    levels={
        "retransmitted_ratio": Above(warning=0.01, source="common knowledge: over 1 % of calls (nfsstat -rc)"),
        "retransmitted_count": Above(warning=100, source="our judgement: fewer say nothing"),
    },
    impact=2,
    check=check_nfs_retransmissions,
)


def check_mount_barrier(_levels: Mapping[str, Any], table: tuple[Mount, ...]) -> Iterator[Finding]:
    unsafe = _once([mount for mount in table if mount.super_options & {"nobarrier", "barrier=0", "barrier=none"}])
    for mount in unsafe:
        yield Finding(Severity.WARNING, mount.point, "write barriers are off on {source}",
                      {"source": mount.source, "fs_type": mount.fs_type})
    if not unsafe:
        yield Finding(Severity.OK, "mounts", "no file system is mounted without write barriers")


MOUNT_BARRIER = Rule(
    id="mount_barrier",
    title="File systems use write barriers",
    domain=Domain.OS,
    why="Without barriers a power cut may leave the journal and the data in the wrong order: a damaged file system.",
    fix="Take nobarrier out of fstab and remount; on modern storage barriers cost next to nothing.",
    needs=("mounts.table",),
    evidence=TABLE,
    impact=3,
    check=check_mount_barrier,
)


def check_mount_discard(_levels: Mapping[str, Any], table: tuple[Mount, ...]) -> Iterator[Finding]:
    online = _once([mount for mount in table if "discard" in mount.super_options])
    for mount in online:
        yield Finding(Severity.INFO, mount.point, "{source} is mounted with discard: each delete waits for the device's TRIM",
                      {"source": mount.source, "fs_type": mount.fs_type})
    if not online:
        yield Finding(Severity.OK, "mounts", "no file system is mounted with discard")


MOUNT_DISCARD = Rule(
    id="mount_discard",
    title="Freed blocks are trimmed by a timer, not with each delete",
    domain=Domain.OS,
    why="With the option discard each delete sends a TRIM, which slows busy devices; a weekly fstrim does the same work at rest.",
    fix="Replace the option discard by fstrim.timer where the disk is busy.",
    needs=("mounts.table",),
    evidence=TABLE,
    impact=1,
    check=check_mount_discard,
)


def check_mount_by_device_name(_levels: Mapping[str, Any], fstab: tuple[FstabEntry, ...]) -> Iterator[Finding]:
    named = [entry for entry in fstab if DEVICE_NAME.fullmatch(entry.source) and "noauto" not in entry.options]
    for entry in named:
        yield Finding(Severity.INFO, entry.point if entry.point.startswith("/") else entry.source,
                      "fstab names {source}, a name that may change with the next boot", {"source": entry.source})
    if not named:
        yield Finding(Severity.OK, "fstab", "fstab names no disk by its changing name")


MOUNT_BY_DEVICE_NAME = Rule(
    id="mount_by_device_name",
    title="fstab names file systems by UUID or label",
    domain=Domain.OS,
    why="Names like /dev/sdb1 are given in the order of discovery; after a change of disks the wrong one is mounted, or none.",
    fix="Write UUID=... (blkid tells it) or LABEL=... in place of the name.",
    needs=("mounts.fstab",),
    evidence=("/etc/fstab",),
    impact=2,
    check=check_mount_by_device_name,
)

RULES = (MOUNT_READ_ONLY, MOUNT_FSTAB_MISSING, MOUNT_NETWORK_ANSWERS, MOUNT_NFS_OPTIONS, NFS_RETRANSMISSIONS, MOUNT_BARRIER, MOUNT_DISCARD,
         MOUNT_BY_DEVICE_NAME)
