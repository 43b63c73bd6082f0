# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of MySQL, MariaDB and Percona servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..absent import Known, Unknown, Unreadable
from .disk_room import used_ratio


@dataclass(frozen=True)
class Names:
    """{name: text} of SHOW GLOBAL STATUS or SHOW GLOBAL VARIABLES, names in lower case."""

    texts: Mapping[str, str]

    def has(self, name: str) -> bool:
        return name.lower() in self.texts

    def text(self, name: str) -> str:
        """Raises Unreadable for a name that this version does not have."""
        try:
            return self.texts[name.lower()]
        except KeyError:
            raise Unreadable("the server does not tell {name}", name=name) from None

    def number(self, name: str) -> float:
        """Raises Unreadable for a name that is not there or no number."""
        text = self.text(name)
        try:
            value = float(text)
        except ValueError:
            raise Unreadable("{name} is {text}, not a number", name=name, text=text[:40] or "empty") from None
        return int(value) if value.is_integer() else value

    def numbers(self, *names: str) -> dict[str, float]:
        """{name in lower case + _count: value}: counters as they are kept for the next inspection."""
        return {name.lower() + "_count": self.number(name) for name in names}

    def is_on(self, name: str) -> bool:
        """Whether a switch is on; False where this version does not have it."""
        return self.texts.get(name.lower(), "").upper() in ("ON", "YES", "1", "TRUE", "FORCE", "FORCE_PLUS_PERMANENT")


@dataclass(frozen=True)
class Channel:
    """One source that a server replicates from; ``name`` is "" where there is one without a name."""

    name: str
    source: str
    io_running: str
    sql_running: str
    lag_seconds: Known[int]
    delay_seconds: int
    io_error: str
    sql_error: str
    skip_count: int
    encrypted: bool
    applied_gtids: str


@dataclass(frozen=True)
class InnoDb:
    """From SHOW ENGINE INNODB STATUS; log positions in bytes, None where this version does not show them."""

    history_list: int | None
    log_bytes: int | None
    checkpoint_bytes: int | None
    deadlock_at: str
    semaphore_waits: int


@dataclass(frozen=True)
class Sessions:
    """Sessions of one user in one state; ``longest_seconds`` since they are in it."""

    user: str
    command: str
    state: str
    count: int
    longest_seconds: int


@dataclass(frozen=True)
class Transaction:
    """``waiting_seconds`` is None where it waits for no lock, ``command`` "" where its session is not told."""

    thread: int
    user: str
    command: str
    open_seconds: int
    waiting_seconds: int | None


@dataclass(frozen=True)
class Account:
    user: str
    host: str
    plugin: str
    protected: bool
    locked: bool
    is_super: bool
    other_plugins: str

    @property
    def name(self) -> str:
        return f"{self.user}@{self.host}"

    @property
    def is_local(self) -> bool:
        return self.host in ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Table:
    """Sizes in bytes; ``next_number`` is the next value of its auto_increment column, None without one."""

    name: str
    engine: str
    size_bytes: int
    free_bytes: int
    next_number: int | None


@dataclass(frozen=True)
class Statement:
    """``share_ratio`` of the time of all statements of the server; ``query`` without values; ``schema`` "" where it ran in none."""

    query_id: str
    schema: str
    calls: int
    total_seconds: float
    share_ratio: float
    query: str


@dataclass(frozen=True)
class TableWaits:
    """``waited_seconds``: how long statements read and wrote it, all of them together, since the server started."""

    name: str
    waited_seconds: float


@dataclass(frozen=True)
class Disk:
    used_bytes: int
    free_bytes: int

    @property
    def used_ratio(self) -> float | None:
        return used_ratio(self.used_bytes, self.free_bytes)


@dataclass(frozen=True)
class Files:
    """Disks by "datadir" and "tmpdir"; sizes in bytes by the pattern of the files' names."""

    disks: Mapping[str, Disk]
    sizes: Mapping[str, int]


@dataclass(frozen=True)
class LogLine:
    """How often the error log said something on a day (YYYY-MM-DD, or "-")."""

    day: str
    level: str
    count: int
    message: str


@dataclass(frozen=True)
class Backup:
    tool: str
    age_seconds: int


@dataclass(frozen=True)
class Machine:
    """What the host gives its servers; None where it can't be told."""

    memory_bytes: int | None
    cpus: int | None
    nodes: int | None
    swappiness: int | None
    huge_pages: str


@dataclass(frozen=True)
class Server:
    """One instance; ``name`` is its port or socket. With a ``problem`` it could not be asked, and all else is Unknown."""

    name: str
    problem: Unknown | None
    full: bool
    skip_grants: bool
    swapped_bytes: Known[int]
    status: Known[Names]
    variables: Known[Names]
    channels: Known[tuple[Channel, ...]]
    innodb: Known[InnoDb]
    sessions: Known[tuple[Sessions, ...]]
    transactions: Known[tuple[Transaction, ...]]
    metrics: Known[Mapping[str, int]]
    accounts: Known[tuple[Account, ...]]
    open_schemas: Known[tuple[str, ...]]
    tables: Known[tuple[Table, ...]]
    numbered: Known[Mapping[str, str]]
    keyless: Known[tuple[str, ...]]
    redundant: Known[tuple[str, ...]]
    unused: Known[tuple[str, ...]]
    statements: Known[tuple[Statement, ...]]
    table_waits: Known[tuple[TableWaits, ...]]
    events: Known[int]
    changed: Known[tuple[str, ...]]
    origins: Known[Mapping[str, str]]
    backup: Known[Backup]
    files: Known[Files]
    log: Known[tuple[LogLine, ...]]


@dataclass(frozen=True)
class Instances:
    """``down``: the services that should run and don't; ``containers``: what the container of each server in one is called."""

    down: tuple[str, ...]
    servers: tuple[Server, ...] = field(default_factory=tuple)
    containers: tuple[str, ...] = ()


@dataclass(frozen=True)
class MysqlFacts:
    """``replicas``: the servers that replicate from another; ``cluster``: those in a Galera cluster."""

    instances: Known[Instances]
    servers: Known[tuple[Server, ...]]
    replicas: Known[tuple[Server, ...]]
    cluster: Known[tuple[Server, ...]]
    machine: Machine
