# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about DRBD. Words that are in none of these lists are a warning: a new word tells that something is not as usual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.drbd import Replica
from ..findings import Domain, Finding, Rule, Severity

EVIDENCE = ("/proc/drbd", "drbdsetup status *")
REPLICATING = frozenset({"Connected", "Established"})
CHECKING = frozenset({"VerifyS", "VerifyT"})
SYNCING = frozenset({"SyncSource", "SyncTarget", "PausedSyncS", "PausedSyncT", "StartingSyncS", "StartingSyncT", "WFBitMapS", "WFBitMapT",
                     "WFSyncUUID", "Ahead", "Behind"})
LOST_DISK = frozenset({"Diskless", "Failed", "Detaching"})


def check_drbd_replication(_levels: Mapping[str, Any], replicas: tuple[Replica, ...]) -> Iterator[Finding]:
    for replica in replicas:
        yield _replication(replica)


def _replication(replica: Replica) -> Finding:
    word = replica.connection
    values = {"state": word, "out_of_sync_bytes": replica.out_of_sync_bytes, "synced_ratio": replica.synced_ratio,
              "roles": f"{replica.role}/{replica.peer_role}"}
    if replica.quorum is False:
        return Finding(Severity.CRITICAL, replica.name, "has lost its quorum: the volume can't be used ({state})", values)
    if word == "StandAlone":
        return Finding(Severity.CRITICAL, replica.name,
                       "stands alone and does not try to connect, as after a split brain: {out_of_sync_bytes} differ", values)
    if word in REPLICATING:
        return Finding(Severity.OK, replica.name, "replicates ({roles})", values)
    if word in CHECKING or word == "no peer":
        return Finding(Severity.INFO, replica.name, "its state is {state}", values)
    if word in SYNCING:
        return Finding(Severity.WARNING, replica.name, "is being synchronised ({state}): {synced_ratio} done, {out_of_sync_bytes} differ",
                       values)
    return Finding(Severity.CRITICAL if word in ("Connecting", "WFConnection") else Severity.WARNING, replica.name,
                   "is not connected to its peer ({state}): {out_of_sync_bytes} differ", values)


DRBD_REPLICATION = Rule(
    id="drbd_replication",
    title="DRBD replicates to all peers",
    domain=Domain.HARDWARE,
    why="Without its peer a volume has one copy only; what is written now is lost with this host.",
    fix="Check the network to the peer and drbdadm status there; after a split brain choose whose data is given up (drbdadm connect "
        "--discard-my-data).",
    needs=("drbd.replicas",),
    evidence=EVIDENCE,
    impact=4,
    change_risk=3,
    check=check_drbd_replication,
)


def check_drbd_disks(_levels: Mapping[str, Any], replicas: tuple[Replica, ...]) -> Iterator[Finding]:
    for replica in replicas:
        values = {"disk": replica.disk, "peer_disk": replica.peer_disk or "-"}
        severity = max(_disk(replica.disk, replica), _disk(replica.peer_disk, replica))
        message = "{disk} here, {peer_disk} at the peer"
        if replica.client and replica.disk == "Diskless":
            severity, message = _disk(replica.peer_disk, replica), "uses the peer's disk on purpose: {peer_disk}"
        yield Finding(severity, replica.name, message, values)


def _disk(word: str, replica: Replica) -> Severity:
    if word in ("UpToDate", ""):
        return Severity.OK
    if word in LOST_DISK or (word == "Inconsistent" and replica.connection not in SYNCING):
        return Severity.CRITICAL
    return Severity.WARNING


DRBD_DISKS = Rule(
    id="drbd_disks",
    title="The disks under DRBD are whole and up to date",
    domain=Domain.HARDWARE,
    why="A copy that is lost, inconsistent or out of date can't take over.",
    fix="Find why the disk below was detached (kernel log), replace it, and attach it again (drbdadm attach); it then synchronises.",
    needs=("drbd.replicas",),
    evidence=EVIDENCE,
    impact=4,
    change_risk=2,
    check=check_drbd_disks,
)

RULES = (DRBD_REPLICATION, DRBD_DISKS)
