# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a Redis or Valkey server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..absent import Known
from .middleware import Presence, Version

LOOPBACK = ("127.", "::1", "::ffff:127.")


@dataclass(frozen=True)
class Process:
    """``huge_pages``: whether the kernel may give it huge pages; None where an old kernel does not tell."""

    exe: str
    addresses: tuple[str, ...]
    sockets: tuple[str, ...]
    swapped_bytes: int | None
    huge_pages: bool | None

    @property
    def reachable(self) -> bool:
        """Whether other hosts can connect to it."""
        return any(not address.startswith(LOOPBACK) for address in self.addresses)


@dataclass(frozen=True)
class Memory:
    """``limit_bytes``: maxmemory, 0 for none; ``machine_bytes``: of the machine, 0 where it is not told."""

    used_bytes: int
    resident_bytes: int
    limit_bytes: int
    machine_bytes: int
    policy: str
    fragmentation_ratio: float


@dataclass(frozen=True)
class Clients:
    connected_count: int
    limit_count: int
    blocked_count: int


@dataclass(frozen=True)
class Counters:
    """Since the start, or since CONFIG RESETSTAT."""

    uptime_seconds: float
    evicted_count: int
    hits_count: int
    misses_count: int
    rejected_count: int
    full_syncs_count: int
    delayed_fsyncs_count: int


@dataclass(frozen=True)
class Rdb:
    """``saved_at_seconds`` since 1970, of the last good save, or of the start; ``duration_seconds`` of the last or the one that runs."""

    status: str
    changes_count: int
    saved_at_seconds: float
    server_time_seconds: float | None
    duration_seconds: float | None


@dataclass(frozen=True)
class Aof:
    rewrite_status: str
    write_status: str
    rewrite_seconds: float | None


@dataclass(frozen=True)
class Link:
    """A replica's side. ``silent_seconds``: since it heard of its primary, None where it does not know."""

    master: str
    status: str
    syncing: bool
    silent_seconds: float | None
    down_seconds: float | None


@dataclass(frozen=True)
class Replica:
    """A primary's side. ``lag_seconds``: since the replica's last word; ``behind_bytes`` of the stream of changes."""

    address: str
    state: str
    lag_seconds: float
    behind_bytes: int


@dataclass(frozen=True)
class Settings:
    save: str
    appendonly: bool
    protected: bool
    backlog: int
    replica_read_only: bool
    encrypted_replication: bool
    thp_off: bool
    slow_limit: int
    latency_watched: bool


@dataclass(frozen=True)
class User:
    name: str
    enabled: bool
    without_password: bool
    may_all: bool


@dataclass(frozen=True)
class Access:
    """``open``: it answered without a password; ``commands``: the dangerous ones that go by their own names."""

    open: bool
    users: Known[tuple[User, ...]]
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Latency:
    """``at_seconds`` since 1970."""

    event: str
    at_seconds: float
    latest_seconds: float
    worst_seconds: float


@dataclass(frozen=True)
class Node:
    identity: str
    address: str
    flags: frozenset[str]
    master: str
    connected: bool
    has_slots: bool
    moving: bool


@dataclass(frozen=True)
class Cluster:
    state: str
    assigned_count: int
    ok_count: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Master:
    """What a sentinel watches. ``quorum_check``: the answer to SENTINEL CKQUORUM."""

    name: str
    address: str
    flags: frozenset[str]
    replicas_count: int
    sentinels_count: int
    quorum: int
    quorum_check: str


@dataclass(frozen=True)
class System:
    memory_bytes: int
    overcommit: int
    somaxconn: int
    huge_pages: str


@dataclass(frozen=True)
class Server:
    """``mode``: standalone, cluster or sentinel. A sentinel has no data, so most is NotHere."""

    name: str
    process: Known[Process]
    mode: Known[str]
    product: Known[str]
    version: Known[Version]
    memory: Known[Memory]
    clients: Known[Clients]
    counters: Known[Counters]
    rdb: Known[Rdb]
    aof: Known[Aof]
    link: Known[Link]
    replicas: Known[tuple[Replica, ...]]
    costly: Known[Mapping[str, int]]
    settings: Known[Settings]
    access: Known[Access]
    latency: Known[tuple[Latency, ...]]
    slow_count: Known[int]
    cluster: Known[Cluster]
    sentinel: Known[tuple[Master, ...]]


@dataclass(frozen=True)
class RedisFacts:
    """``servers`` is NotHere where none runs that could be looked at; ``found`` is then empty."""

    presence: Known[Presence]
    servers: Known[tuple[Server, ...]]
    system: Known[System]
    found: Known[tuple[Server, ...]]
