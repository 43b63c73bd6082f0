# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: what keeps its data whole - settings, checksums, the age of transaction numbers, backups, the space of its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..absent import NotHere, Unknown
from ..facts.postgresql import Kernel
from ..facts.postgresql_model import Backup, Connections, Database, Instance, Override, Server, Setting
from ..findings import GIB, HOUR, Above, Below, Domain, Finding, Rule, Severity
from .postgresql_each import TOLD_BY, both, each, text

Instances = tuple[Instance, ...]
Settings = Mapping[str, Setting]


def check_wraparound(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[tuple[Database, ...], Settings]) -> Iterator[Finding]:
        databases, settings = pair
        limits = (float(text(settings, "autovacuum_freeze_max_age") or 2e8),
                  float(text(settings, "autovacuum_multixact_freeze_max_age") or 4e8))
        for database in databases:
            age = max(database.xid_age, database.mxid_age)
            overdue = max(database.xid_age / limits[0], database.mxid_age / limits[1])
            values = {"age_count": age, "xid_count": database.xid_age, "mxid_count": database.mxid_age, "overdue_ratio": overdue}
            severity = max(levels["age_count"].grade(age), levels["overdue_ratio"].grade(overdue))
            yield Finding(severity, f"{instance.name}/{database.name}",
                          "{xid_count} transactions and {mxid_count} multixacts since it was last frozen, {overdue_ratio} of where "
                          "autovacuum steps in",
                          values)

    yield from each(instances, both(lambda instance: instance.databases, lambda instance: instance.settings), judge)


WRAPAROUND = Rule(
    id="postgresql_wraparound",
    title="Transaction numbers are frozen in time",
    domain=Domain.DATABASE,
    why="At 2.1 billion unfrozen transactions the database takes no more writes until it was vacuumed, which can take days.",
    fix="Find what holds vacuum up (old transactions, slots, prepared transactions), then VACUUM (FREEZE) the oldest tables.",
    needs=("postgresql.instances",),
    evidence=("postgresql * databases",),
    levels={
        "age_count": Above(warning=840_000_000, critical=1_400_000_000, source="check_postgres: 1.3e9 to 1.4e9; 40 % of 2.1e9"),
        "overdue_ratio": Above(warning=2.0, critical=4.0, source="our judgement: autovacuum should have frozen it at 1"),
    },
    impact=4,
    told_by=TOLD_BY,
    check=check_wraparound,
)


def check_autovacuum(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[Settings, Connections]) -> Iterator[Finding]:
        settings, now = pair
        off = [name for name in ("autovacuum", "track_counts") if text(settings, name) == "off"]
        workers = int(text(settings, "autovacuum_max_workers") or 3)
        values = {"names": ", ".join(off), "busy_count": now.autovacuum_count, "workers_count": workers}
        if off:
            yield Finding(Severity.CRITICAL, instance.name, "{names} is off: nothing is vacuumed or analysed by itself", values)
        elif now.autovacuum_count >= workers:
            yield Finding(Severity.INFO, instance.name, "all {workers_count} autovacuum workers are busy at this moment", values)
        else:
            yield Finding(Severity.OK, instance.name, "autovacuum is on; {busy_count} of {workers_count} workers are busy", values)

    yield from each(instances, both(lambda instance: instance.settings, lambda instance: instance.connections), judge)


AUTOVACUUM = Rule(
    id="postgresql_autovacuum",
    title="Autovacuum is on",
    domain=Domain.DATABASE,
    why="Without it tables bloat, plans go by old statistics, and transaction numbers run out.",
    fix="Set autovacuum = on and track_counts = on and reload; tune it for single tables instead of switching it off.",
    needs=("postgresql.instances",),
    evidence=("postgresql * settings",),
    impact=4,
    told_by=TOLD_BY,
    check=check_autovacuum,
)
MUST_BE_ON = ("fsync", "full_page_writes")
MUST_BE_OFF = ("zero_damaged_pages", "ignore_checksum_failure", "ignore_system_indexes")


def check_durability(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[Settings, tuple[Override, ...]]) -> Iterator[Finding]:
        settings, overrides = pair
        wrong = [f"{name} = off" for name in MUST_BE_ON if text(settings, name) == "off"]
        wrong += [f"{name} = on" for name in MUST_BE_OFF if text(settings, name) == "on"]
        wrong += [f"{item.name} = {item.setting} ({item.role or item.database})" for item in overrides
                  if item.name in MUST_BE_OFF and item.setting == "on"]
        relaxed = ["synchronous_commit = off"] if text(settings, "synchronous_commit") == "off" else []
        relaxed += [f"synchronous_commit = off ({item.role or item.database})" for item in overrides
                    if item.name == "synchronous_commit" and item.setting == "off"]
        if wrong:
            yield Finding(Severity.CRITICAL, instance.name, "{settings}: its data are not safe", {"settings": ", ".join(wrong)})
        elif relaxed:
            yield Finding(Severity.INFO, instance.name, "{settings}: a crash loses the last commits, though nothing is damaged",
                          {"settings": ", ".join(relaxed)})
        else:
            yield Finding(Severity.OK, instance.name, "all settings that keep data whole are on")

    yield from each(instances, both(lambda instance: instance.settings, lambda instance: instance.overrides), judge)


DURABILITY = Rule(
    id="postgresql_durability",
    title="PostgreSQL writes its data safely",
    domain=Domain.DATABASE,
    why="With fsync or full_page_writes off the next power cut can destroy the whole cluster; the others hide damage.",
    fix="Switch them back and restart; take a new base backup, and check the data (pg_amcheck).",
    needs=("postgresql.instances",),
    evidence=("postgresql * settings", "postgresql * overrides"),
    impact=4,
    told_by=TOLD_BY,
    check=check_durability,
)


def check_checksums(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[tuple[Database, ...], Settings]) -> Iterator[Finding]:
        databases, settings = pair
        bad = [item for item in databases if item.checksum_failures]
        for item in bad:
            yield Finding(Severity.CRITICAL, f"{instance.name}/{item.name}", "{failures_count} pages failed their checksum",
                          {"failures_count": item.checksum_failures})
        if text(settings, "data_checksums") == "off":
            yield Finding(Severity.INFO, instance.name, "data checksums are off: damage on disk would go unnoticed")
        elif not bad:
            yield Finding(Severity.OK, instance.name, "data checksums are on, and no page has failed")

    yield from each(instances, both(lambda instance: instance.databases, lambda instance: instance.settings), judge)


CHECKSUMS = Rule(
    id="postgresql_checksums",
    title="No page of PostgreSQL is damaged",
    domain=Domain.DATABASE,
    why="A page that fails its checksum was damaged on its way to the disk and back; its rows are lost, and others may follow.",
    fix="Stop writing, keep a copy, look at disks, memory and kernel log; restore from a backup older than the damage, then pg_amcheck.",
    needs=("postgresql.instances",),
    evidence=("postgresql * databases", "postgresql * settings"),
    impact=4,
    change_risk=3,
    told_by=TOLD_BY,
    check=check_checksums,
)


def check_collation(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, databases: tuple[Database, ...]) -> Iterator[Finding]:
        names = [item.name for item in databases if item.collation_changed]
        if names:
            yield Finding(Severity.WARNING, instance.name, "the sort order of {names} comes from another version of the C library than "
                                                           "its indexes",
                          {"names": ", ".join(names)})
        else:
            yield Finding(Severity.OK, instance.name, "no sort order has changed since its indexes were built")

    yield from each(instances, lambda instance: instance.databases, judge)


COLLATION = Rule(
    id="postgresql_collation",
    title="Indexes agree with the sort order in use",
    domain=Domain.DATABASE,
    why="After an upgrade of the C library texts may sort otherwise; indexes built before find rows no more, and unique ones let "
        "doubles in.",
    fix="REINDEX what holds texts, then ALTER DATABASE ... REFRESH COLLATION VERSION.",
    needs=("postgresql.instances",),
    evidence=("postgresql * databases",),
    impact=3,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_collation,
)


def check_space(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    for instance in instances:
        folders = instance.folders
        if isinstance(folders, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, folders.reason, folders.values)
            continue
        seen: set[str] = set()
        for folder in folders:
            ratio = folder.used_ratio
            if folder.device in seen or ratio is None:
                continue
            seen.add(folder.device)
            severity = levels["used_ratio"].grade(ratio)
            if severity > Severity.OK and levels["free_bytes"].grade(folder.available_bytes) == Severity.OK:
                severity = Severity.OK
            yield Finding(severity, f"{instance.name}/{folder.path}", "{used_ratio} of the file system of its {use} folder used, "
                                                                      "{free_bytes} free",
                          {"used_ratio": ratio, "free_bytes": folder.available_bytes, "use": folder.use})


SPACE = Rule(
    id="postgresql_space",
    title="PostgreSQL has space for data and WAL",
    domain=Domain.DATABASE,
    why="When WAL can't be written the server stops at once; when data can't, every write fails.",
    fix="Find what grew (slots, archiver, temporary files, bloat); never delete files in pg_wal by hand; enlarge the file system.",
    needs=("postgresql.instances",),
    evidence=("postgresql * folders",),
    levels={
        "used_ratio": Above(warning=0.80, critical=0.90, source="postgres-checkup: 70, 90 %"),
        "free_bytes": Below(warning=20 * GIB, source="our judgement: no alarm while this much is free"),
    },
    impact=4,
    told_by=TOLD_BY,
    track=("used_ratio",),
    check=check_space,
)
NETWORK_TYPES = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.glusterfs", "9p")
VOLATILE_TYPES = ("tmpfs", "ramfs")


def check_file_system(_levels: Mapping[str, Any], instances: Instances, kernel: Kernel) -> Iterator[Finding]:
    types = kernel.file_systems
    for instance in instances:
        folders = instance.folders
        absent = folders if isinstance(folders, Unknown | NotHere) else types if isinstance(types, Unknown | NotHere) else None
        if absent is not None or isinstance(folders, Unknown | NotHere) or isinstance(types, Unknown | NotHere):
            reason = absent or Unknown("its folders can't be seen")
            yield Finding(Severity.UNKNOWN, instance.name, reason.reason, reason.values)
            continue
        found = {folder.use: types.get(folder.device, "?") for folder in folders}
        values = {"types": ", ".join(sorted(f"{use}: {kind}" for use, kind in found.items()))}
        if any(kind in VOLATILE_TYPES for kind in found.values()):
            yield Finding(Severity.CRITICAL, instance.name, "it keeps files in memory, which a restart of the host loses ({types})", values)
        elif any(kind in NETWORK_TYPES for kind in found.values()):
            yield Finding(Severity.WARNING, instance.name, "it keeps files on a network file system ({types})", values)
        else:
            yield Finding(Severity.OK, instance.name, "its files lie on {types}", values)


FILE_SYSTEM = Rule(
    id="postgresql_file_system",
    title="PostgreSQL lies on a file system that fits",
    domain=Domain.DATABASE,
    why="A network file system may lie about what is written and fail half-way; one in memory is gone after a restart.",
    fix="Move it to a local file system or a block device of the SAN; if NFS it must be: hard, sync, and a tested restore.",
    needs=("postgresql.instances", "postgresql.kernel"),
    evidence=("postgresql * folders", "/proc/self/mountinfo"),
    impact=3,
    change_risk=3,
    told_by=TOLD_BY,
    check=check_file_system,
)


def check_permissions(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    for instance in instances:
        folders = instance.folders
        if isinstance(folders, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, folders.reason, folders.values)
            continue
        owners = {folder.uid for folder in folders}
        open_ = [folder.path for folder in folders if folder.mode & 0o027]
        if len(owners) > 1:
            yield Finding(Severity.WARNING, instance.name, "its folders belong to different accounts: {accounts}",
                          {"accounts": ", ".join(f"{folder.path} {folder.uid}" for folder in folders)})
        elif open_:
            yield Finding(Severity.WARNING, instance.name, "others may enter or write {paths}", {"paths": ", ".join(open_)})
        else:
            yield Finding(Severity.OK, instance.name, "its folders belong to its account alone")


PERMISSIONS = Rule(
    id="postgresql_permissions",
    title="Only PostgreSQL can reach its files",
    domain=Domain.DATABASE,
    why="Who can read the files reads all data past every permission; files of another owner stop the server at its next start.",
    fix="chown -R them to the server's account and chmod 0700 (0750 for backups by its group).",
    needs=("postgresql.instances",),
    evidence=("postgresql * folders",),
    impact=3,
    told_by=TOLD_BY,
    check=check_permissions,
)


def check_backup(_levels: Mapping[str, Any], instances: Instances, hours: int, taken_at: datetime) -> Iterator[Finding]:
    def judge(instance: Instance, server: Server) -> Iterator[Finding]:
        backups = instance.backups
        if isinstance(backups, Unknown):
            yield Finding(Severity.UNKNOWN, instance.name, backups.reason, backups.values)
        elif isinstance(backups, NotHere) and server.in_recovery:
            yield Finding(Severity.OK, instance.name, "is a standby; its backups are looked for on its primary")
        elif isinstance(backups, NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, "no backup can be seen from this host; see that the tool that makes them can "
                                                           "be asked here",
                          {})
        else:
            yield from newest(instance, backups)

    def newest(instance: Instance, backups: tuple[Backup, ...]) -> Iterator[Finding]:
        last = max((item.finished_at for item in backups), default=0.0)
        age = taken_at.timestamp() - last
        failed = ", ".join(f"{item.name}: {item.failed}" for item in backups if item.failed)
        values = {"age_seconds": age, "limit_seconds": hours * HOUR, "detail": failed}
        if not last:
            yield Finding(Severity.CRITICAL, instance.name, "it has no backup ({detail})", values)
        elif failed:
            yield Finding(Severity.CRITICAL, instance.name, "its backups have errors: {detail}", values)
        elif age > hours * HOUR:
            yield Finding(Severity.CRITICAL, instance.name, "its newest backup is {age_seconds} old, over the {limit_seconds} of "
                                                            "caretaker_backup_hours",
                          values)
        else:
            yield Finding(Severity.OK, instance.name, "its newest backup is {age_seconds} old", values)

    yield from each(instances, lambda instance: instance.server, judge)


BACKUP = Rule(
    id="postgresql_backup",
    title="PostgreSQL is backed up",
    domain=Domain.DATABASE,
    why="Without a backup that is new enough, a wrong DELETE or a broken array loses what was promised to be kept.",
    fix="Run the backup by hand and read what it says; mend its timer; then restore it somewhere to see that it works.",
    needs=("postgresql.instances", "settings.backup_hours", "capture.taken_at"),
    evidence=("postgresql * pgbackrest",),
    impact=4,
    told_by=TOLD_BY,
    check=check_backup,
)

RULES = (WRAPAROUND, AUTOVACUUM, DURABILITY, CHECKSUMS, COLLATION, SPACE, FILE_SYSTEM, PERMISSIONS, BACKUP)
