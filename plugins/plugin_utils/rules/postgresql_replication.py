# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: its standbys, its own role as one, the slots and the archive that keep WAL for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.postgresql_model import Archiver, Folder, Instance, Replica, Server, Setting, Slot, Standby
from ..findings import HOUR, MIB, Above, Domain, Finding, Rule, Severity
from ..since import period
from .postgresql_each import TOLD_BY, both, each, text

Instances = tuple[Instance, ...]
BACKUPS = ("pg_basebackup", "pg_receivewal", "pg_receivexlog", "barman_receive_wal")    # these replay nothing


def check_replica_lag(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, replicas: tuple[Replica, ...]) -> Iterator[Finding]:
        if not replicas:
            yield Finding(Severity.OK, instance.name, "no standby is connected to it")
        for number, item in enumerate(replicas):
            lag = item.flush_lag_bytes if item.name in BACKUPS else item.replay_lag_bytes
            same = [other for other in replicas[:number] if other.name == item.name]
            thing = f"{instance.name}/{item.name}@{item.address}" + (f"#{len(same) + 1}" if same else "")
            values = {"state": item.state, "sync_state": item.sync_state}
            if item.state == "backup":
                yield Finding(Severity.INFO, thing, "takes a base backup now", values)
            elif lag is None:
                yield Finding(Severity.UNKNOWN, thing, "is in state {state} and does not report how far it has replayed", values)
            else:
                severity = levels["lag_bytes"].grade(lag)
                if severity == Severity.OK and item.replay_lag_seconds is not None:
                    severity = levels["lag_seconds"].grade(item.replay_lag_seconds)
                if item.state != "streaming":
                    severity = max(severity, Severity.WARNING)
                seconds = item.replay_lag_seconds or 0.0
                yield Finding(severity, thing, "state {state}, {sync_state}: {lag_bytes} and {lag_seconds} behind",
                              {**values, "lag_bytes": lag, "lag_seconds": seconds})

    yield from each(instances, lambda instance: instance.replicas, judge)


REPLICA_LAG = Rule(
    id="postgresql_replica_lag",
    title="Standbys keep up with the primary",
    domain=Domain.DATABASE,
    why="What a standby has not got is lost at a failover, and WAL piles up on the primary for it.",
    fix="Look at the network, the standby's disks, and long queries there that hold up replay.",
    needs=("postgresql.instances",),
    evidence=("postgresql * replicas",),
    levels={
        "lag_bytes": Above(warning=64 * MIB, critical=512 * MIB, source="our judgement; other rule sets count seconds"),
        "lag_seconds": Above(warning=60, critical=HOUR, source="awesome-prometheus-alerts 5 s, Zabbix 10 min, postgres_mixin 1 h"),
    },
    impact=3,
    told_by=TOLD_BY,
    check=check_replica_lag,
)


def check_replicas_expected(_levels: Mapping[str, Any], instances: Instances, expected: Mapping[str, int]) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[tuple[Replica, ...], Server]) -> Iterator[Finding]:
        replicas, server = pair
        wanted = expected.get(f"postgresql {instance.name}", expected.get("postgresql", 0))
        there = len([item for item in replicas if item.state in ("streaming", "catchup") and item.name not in BACKUPS])
        values = {"there_count": there, "wanted_count": wanted}
        if server.in_recovery:
            yield Finding(Severity.OK, instance.name, "is a standby itself", values)
        elif there < wanted:
            yield Finding(Severity.CRITICAL if not there else Severity.WARNING, instance.name,
                          "{there_count} of the {wanted_count} standbys that caretaker_replicas names are connected", values)
        else:
            yield Finding(Severity.OK, instance.name, "{there_count} standbys are connected, {wanted_count} are expected", values)

    yield from each(instances, both(lambda instance: instance.replicas, lambda instance: instance.server), judge)


REPLICAS_EXPECTED = Rule(
    id="postgresql_replicas",
    title="The primary has all its standbys",
    domain=Domain.DATABASE,
    why="Without its standby the next failure of the primary is an outage, and nothing on the primary itself shows that it is gone.",
    fix="Start the standby, read its log; if WAL it needs is gone, build it anew (pg_basebackup), and give it a slot.",
    needs=("postgresql.instances", "settings.replicas"),
    evidence=("postgresql * replicas",),
    impact=4,
    told_by=TOLD_BY,
    check=check_replicas_expected,
)


def check_standby(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[Standby, Mapping[str, Setting]]) -> Iterator[Finding]:
        standby, settings = pair
        streams = text(settings, "primary_conninfo") != "" or "primary_conninfo" not in settings
        values = {"status": standby.receiver_status or "?"}
        if standby.paused:
            yield Finding(Severity.WARNING, instance.name, "its replay is paused", values)
        elif standby.receiver_status is None and not streams:
            yield Finding(Severity.INFO, instance.name, "it restores WAL from an archive only; whether that is complete can't "
                                                        "be seen here", values)
        elif standby.receiver_status is None:
            yield Finding(Severity.CRITICAL, instance.name, "it receives no WAL: no WAL receiver runs", values)
        elif standby.receiver_status != "streaming":
            yield Finding(Severity.CRITICAL, instance.name, "it receives no WAL: its receiver is {status}", values)
        elif standby.replay_lag_bytes is None:
            yield Finding(Severity.UNKNOWN, instance.name, "it does not tell how far it has replayed", values)
        else:
            # As long as all that came was replayed, the age of the last transaction only says that nothing was written
            delay = (standby.replayed_seconds or 0.0) if standby.replay_lag_bytes > 0 else 0.0
            severity = max(levels["delay_seconds"].grade(delay), levels["lag_bytes"].grade(standby.replay_lag_bytes))
            yield Finding(severity, instance.name, "it streams; {lag_bytes} received are not replayed, the newest from {delay_seconds} ago",
                          {**values, "lag_bytes": standby.replay_lag_bytes, "delay_seconds": delay})

    yield from each(instances, both(lambda instance: instance.standby, lambda instance: instance.settings), judge)


STANDBY = Rule(
    id="postgresql_standby",
    title="The standby receives and replays WAL",
    domain=Domain.DATABASE,
    why="A standby that has stopped is no standby, also when nothing is written at the moment, and readers get old data from it.",
    fix="Read its log: can it reach the primary, is the WAL it needs still there, does a query hold up replay?",
    needs=("postgresql.instances",),
    evidence=("postgresql * standby",),
    levels={
        "delay_seconds": Above(warning=600, critical=HOUR, source="Zabbix 10 min; postgres_mixin 1 h"),
        "lag_bytes": Above(warning=512 * MIB, critical=4096 * MIB, source="our judgement"),
    },
    impact=4,
    told_by=TOLD_BY,
    check=check_standby,
)


def check_slots(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[tuple[Slot, ...], tuple[Folder, ...]]) -> Iterator[Finding]:
        slots, folders = pair
        free = min(folder.available_bytes for folder in folders if folder.use in ("wal", "data"))
        if not slots:
            yield Finding(Severity.OK, instance.name, "it has no replication slots")
        for slot in slots:
            thing = f"{instance.name}/{slot.name}"
            kept = slot.retained_bytes
            values = {"kind": slot.kind, "free_bytes": free, "reason": slot.invalid_because or slot.wal_status or "?"}
            if slot.invalid_because is not None or slot.wal_status == "lost":
                yield Finding(Severity.CRITICAL, thing, "the {kind} slot is lost ({reason}): what used it must be built anew", values)
            elif kept is None:
                yield Finding(Severity.OK if slot.active else Severity.INFO, thing, "the {kind} slot keeps no WAL yet", values)
            else:
                ratio = kept / (kept + free) if kept + free > 0 else 0.0
                values.update(retained_bytes=kept, retained_ratio=ratio)
                severity = levels["retained_ratio"].grade(ratio)
                if slot.active:
                    yield Finding(severity, thing, "the {kind} slot keeps {retained_bytes} of WAL, {free_bytes} are free", values)
                else:
                    yield Finding(max(severity, Severity.WARNING), thing,
                                  "nobody uses the {kind} slot; it keeps {retained_bytes} of WAL, {free_bytes} are free", values)

    yield from each(instances, both(lambda instance: instance.slots, lambda instance: instance.folders), judge)


SLOTS = Rule(
    id="postgresql_slots",
    title="Replication slots keep no WAL that nobody fetches",
    domain=Domain.DATABASE,
    why="A slot keeps all WAL since its consumer was last there, until the disk is full and the primary stops.",
    fix="Bring the consumer back, or drop the slot (pg_drop_replication_slot); set max_slot_wal_keep_size.",
    needs=("postgresql.instances",),
    evidence=("postgresql * slots", "postgresql * folders"),
    levels={"retained_ratio": Above(warning=0.10, critical=0.50, source="our judgement: share of what is free and what it keeps")},
    impact=4,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_slots,
)


def check_sync(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[tuple[Replica, ...], Mapping[str, Setting]]) -> Iterator[Finding]:
        replicas, settings = pair
        names = text(settings, "synchronous_standby_names")
        wanted = synchronous_count(names)
        there = len([item for item in replicas if item.sync_state in ("sync", "quorum")])
        values = {"there_count": there, "wanted_count": wanted, "names": names}
        if isinstance(instance.server, Server) and instance.server.in_recovery:
            yield Finding(Severity.OK, instance.name, "is a standby itself", values)
        elif not names:
            yield Finding(Severity.OK, instance.name, "no synchronous standby is configured", values)
        elif there < wanted:
            yield Finding(Severity.CRITICAL, instance.name, "{there_count} of {wanted_count} synchronous standbys ({names}) are there: "
                                                            "commits wait",
                          values)
        else:
            yield Finding(Severity.OK, instance.name, "{there_count} synchronous standbys are there, {wanted_count} are needed", values)

    yield from each(instances, both(lambda instance: instance.replicas, lambda instance: instance.settings), judge)


# FIRST 2 (a, b), ANY 1 (*), 2 (a, b), a, "*"
def synchronous_count(names: str) -> int:
    """How many standbys a commit waits for."""
    words = names.replace("(", " ( ").split()
    if words[:1] and words[0].upper() in ("FIRST", "ANY"):
        words = words[1:]
    return int(words[0]) if words[1:2] == ["("] and words[0].isdecimal() else 1


SYNC = Rule(
    id="postgresql_synchronous_standby",
    title="As many synchronous standbys as commits wait for",
    domain=Domain.DATABASE,
    why="With fewer than synchronous_standby_names asks for, every commit waits for ever.",
    fix="Bring the standby back; until then take it out of synchronous_standby_names and reload.",
    needs=("postgresql.instances",),
    evidence=("postgresql * replicas", "postgresql * settings"),
    impact=4,
    told_by=TOLD_BY,
    check=check_sync,
)


def check_archiver(levels: Mapping[str, Any], instances: Instances, taken_at: datetime, history: Mapping[str, Any]) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[Archiver, Mapping[str, Setting]]) -> Iterator[Finding]:
        archiver, settings = pair
        mode = text(settings, "archive_mode")
        if mode == "off" or (mode == "on" and isinstance(instance.server, Server) and instance.server.in_recovery):
            yield Finding(Severity.OK, instance.name, "it archives no WAL, as it is set to")
            return
        counters = {"failed_count": float(archiver.failed_count)}
        uptime = instance.server.uptime_seconds if isinstance(instance.server, Server) else 0.0
        lately = period(counters, uptime, taken_at, history.get(instance.name, {}))
        last_ok, last_bad = archiver.archived_seconds, archiver.failed_seconds
        values = {**counters, "ready_count": archiver.ready_count, "failed_seconds": last_bad, "archived_seconds": last_ok,
                  "new_count": lately.growth["failed_count"] if lately else archiver.failed_count}
        empty = text(settings, "archive_command") in ("", "(disabled)") and not text(settings, "archive_library")
        if empty:
            yield Finding(Severity.WARNING, instance.name, "archive_mode is on without an archive_command: WAL piles up, "
                                                           "{ready_count} files wait", values)
        elif last_bad is not None and (last_ok is None or last_bad < last_ok):
            yield Finding(Severity.CRITICAL, instance.name,
                          "the last attempt to archive failed {failed_seconds} ago; {ready_count} files of WAL wait", values)
        elif levels["ready_count"].grade(archiver.ready_count) > Severity.OK:
            yield Finding(levels["ready_count"].grade(archiver.ready_count), instance.name,
                          "{ready_count} files of WAL wait to be archived", values)
        elif lately and lately.growth["failed_count"]:
            yield Finding(Severity.INFO, instance.name, "archiving works; it failed {new_count} times since it was last looked at", values)
        else:
            yield Finding(Severity.OK, instance.name, "archiving works; {ready_count} files of WAL wait", values)

    yield from each(instances, both(lambda instance: instance.archiver, lambda instance: instance.settings), judge)


ARCHIVER = Rule(
    id="postgresql_archiver",
    title="WAL is archived",
    domain=Domain.DATABASE,
    why="A gap in the archive makes every later point in time unreachable, and WAL that can't be archived fills the disk.",
    fix="Run the archive_command by hand as the server's account and read what it says; mend the target, then check that files go.",
    needs=("postgresql.instances", "capture.taken_at", "history.postgresql_archiver"),
    evidence=("postgresql * archiver", "postgresql * settings"),
    levels={"ready_count": Above(warning=10, critical=100, source="check_postgres: 10, 15; 100 files (1.6 GiB): our judgement")},
    impact=4,
    told_by=TOLD_BY,
    track=("failed_count",),
    check=check_archiver,
)

RULES = (REPLICA_LAG, REPLICAS_EXPECTED, STANDBY, SLOTS, SYNC, ARCHIVER)
