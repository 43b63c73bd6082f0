# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a PostgreSQL instance. Ages in seconds at the time of the capture; None is what the server itself leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..absent import Known
from .disk_room import used_ratio


@dataclass(frozen=True)
class Found:
    """What discovery saw. ``state``: running, down or container; ``status``: starting, ready, standby, stopping or ""."""

    instance: str
    state: str
    user: str
    data: str
    version: str
    status: str
    cluster: str
    container: str
    enabled: bool


@dataclass(frozen=True)
class Folder:
    """``use``: data, wal or tablespace; ``device``: major:minor; ``mode``: the permission bits."""

    use: str
    path: str
    device: str
    mode: int
    uid: int
    used_bytes: int
    available_bytes: int

    @property
    def used_ratio(self) -> float | None:
        return used_ratio(self.used_bytes, self.available_bytes)


@dataclass(frozen=True)
class Server:
    version_number: int
    version: str
    in_recovery: bool
    uptime_seconds: float
    timeline: int
    may_monitor: bool
    is_superuser: bool


@dataclass(frozen=True)
class Setting:
    """``setting`` in ``unit``, as pg_settings has it; ``file`` where it was set, if in one."""

    name: str
    setting: str
    unit: str
    source: str
    file: str
    pending_restart: bool


@dataclass(frozen=True)
class Connections:
    used_count: int
    active_count: int
    idle_count: int
    idle_in_transaction_count: int
    autovacuum_count: int
    plain_remote_count: int
    max_count: int
    reserved_count: int


@dataclass(frozen=True)
class Session:
    """A session whose transaction is over ten seconds old; ``query`` without its values."""

    pid: int
    database: str
    role: str
    application: str
    kind: str
    state: str
    wait: str
    transaction_seconds: float
    query_seconds: float | None
    state_seconds: float | None
    xmin_age: int | None
    query: str


@dataclass(frozen=True)
class Blocked:
    pid: int
    blockers: tuple[int, ...]
    database: str
    role: str
    waiting_seconds: float
    blocker_state: str
    query: str


@dataclass(frozen=True)
class Database:
    """Counters since ``counted_seconds`` (since the start of the statistics where that is None)."""

    name: str
    xid_age: int
    mxid_age: int
    allows_connections: bool
    commits: int
    rollbacks: int
    blocks_read: int
    blocks_hit: int
    temp_files: int
    temp_bytes: int
    deadlocks: int
    conflicts: int
    checksum_failures: int
    collation_changed: bool
    counted_seconds: float | None


@dataclass(frozen=True)
class Replica:
    pid: int
    name: str
    address: str
    state: str
    sync_state: str
    send_lag_bytes: float | None
    flush_lag_bytes: float | None
    replay_lag_bytes: float | None
    replay_lag_seconds: float | None


@dataclass(frozen=True)
class Standby:
    """``replayed_seconds``: since the last replayed transaction was committed."""

    receiver_status: str | None
    heard_seconds: float | None
    replay_lag_bytes: float | None
    replayed_seconds: float | None
    paused: bool
    conflicts: int | None


@dataclass(frozen=True)
class Slot:
    name: str
    kind: str
    database: str
    active: bool
    retained_bytes: float | None
    xmin_age: int | None
    catalog_xmin_age: int | None
    wal_status: str | None
    invalid_because: str | None
    inactive_seconds: float | None


@dataclass(frozen=True)
class Archiver:
    archived_count: int
    failed_count: int
    archived_seconds: float | None
    failed_seconds: float | None
    ready_count: int


@dataclass(frozen=True)
class Checkpoints:
    timed: int
    requested: int


@dataclass(frozen=True)
class Prepared:
    database: str
    role: str
    age_seconds: float


@dataclass(frozen=True)
class Role:
    name: str
    is_superuser: bool
    can_login: bool
    can_replicate: bool
    valid_seconds: float | None


@dataclass(frozen=True)
class Password:
    """``kind``: none, md5, scram or plain; ``is_guessed``: it is empty, the role's name or one of the most common."""

    name: str
    is_superuser: bool
    kind: str
    is_guessed: bool


@dataclass(frozen=True)
class Access:
    """A line of pg_hba.conf."""

    line_number: int
    type: str
    database: str
    role: str
    address: str
    netmask: str
    method: str
    error: str


@dataclass(frozen=True)
class Override:
    """A setting of a database or role; ``setting`` only of the few that rules judge."""

    database: str
    role: str
    name: str
    setting: str


@dataclass(frozen=True)
class Backup:
    """The newest full or incremental backup of a tool. ``failed``: what the tool says is wrong, or ""."""

    tool: str
    name: str
    finished_at: float
    failed: str


@dataclass(frozen=True)
class Reads:
    """Of all processes of an instance, since the start of each: what they asked the kernel for, and what of it came from a disk."""

    asked_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class Instance:
    """``session`` is how long psql took, or why it got no answers; then all that it was to ask is that too."""

    found: Found
    session: Known[float]
    folders: Known[tuple[Folder, ...]]
    control: Known[str]
    server: Known[Server]
    settings: Known[Mapping[str, Setting]]
    connections: Known[Connections]
    sessions: Known[tuple[Session, ...]]
    blocked: Known[tuple[Blocked, ...]]
    databases: Known[tuple[Database, ...]]
    replicas: Known[tuple[Replica, ...]]
    standby: Known[Standby]
    slots: Known[tuple[Slot, ...]]
    archiver: Known[Archiver]
    checkpoints: Known[Checkpoints]
    prepared: Known[tuple[Prepared, ...]]
    roles: Known[tuple[Role, ...]]
    passwords: Known[tuple[Password, ...]]
    access: Known[tuple[Access, ...]]
    overrides: Known[tuple[Override, ...]]
    backups: Known[tuple[Backup, ...]]
    reads: Known[Reads]

    @property
    def name(self) -> str:
        return self.found.instance
