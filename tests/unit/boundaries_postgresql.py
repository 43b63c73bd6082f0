# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the facts of PostgreSQL look when a level's value is ``v``; see test_boundaries.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from plugins.plugin_utils.absent import NotHere
from plugins.plugin_utils.facts.middleware import Log, LogLine
from plugins.plugin_utils.facts.postgresql import Kernel
from plugins.plugin_utils.facts.postgresql_log import InstanceLog
from plugins.plugin_utils.facts.postgresql_model import (
    Archiver,
    Blocked,
    Checkpoints,
    Connections,
    Database,
    Folder,
    Found,
    Instance,
    Prepared,
    Replica,
    Role,
    Server,
    Session,
    Setting,
    Slot,
    Standby,
)
from plugins.plugin_utils.facts.postgresql_tables import About, Age, Database as Tables, Index, Sequence, Space, Table
from plugins.plugin_utils.findings import DAY, GIB, Severity

NOW = datetime(2026, 11, 20, tzinfo=UTC)
NONE = NotHere("")
FOUND = Found("5432", "running", "postgres", "/srv/pg", "15", "ready", "", "", True)
SERVER = Server(150020, "15.20", False, 10 * DAY, 1, True, True)
CONNECTIONS = Connections(0, 0, 0, 0, 0, 0, 1003, 3)
SESSION = Session(7, "shop", "shop", "x", "client backend", "active", "", 11, 11, 11, None, "SELECT ?")
DATABASE = Database("shop", 0, 0, True, 0, 0, 0, 0, 0, 0, 0, 0, 0, False, 10 * DAY)
REPLICA = Replica(9, "node2", "192.0.2.2", "streaming", "async", 0, 0, 0, None)
STANDBY = Standby("streaming", 1, 0, 0, False, 0)
SLOT = Slot("node2", "physical", "", True, 0, None, None, None, None, None)
FOLDER = Folder("data", "/srv/pg", "8:1", 0o700, 101, 10**6, 10**6)
KERNEL = Kernel(1000, 0, 0, 0, {})
ROLE = Role("postgres", True, True, True, None)


def instance(**known: Any) -> tuple[Instance, ...]:
    nothing = {item.name: NONE for item in fields(Instance)}
    return (Instance(**{**nothing, "found": FOUND, "session": 0.1, "server": SERVER, **known}),)


def settings(**values: str) -> dict[str, Setting]:
    return {name: Setting(name, value, "B" if name in ("shared_buffers", "work_mem") else "", "", "", False) for name, value in values.items()}


def session(**changes: Any) -> tuple[tuple[Instance, ...]]:
    return (instance(sessions=(replace(SESSION, **changes),)),)


def counted(**changes: float) -> tuple[Any, ...]:
    """A database that counted this much in ten days."""
    database = replace(DATABASE, **{name: round(value) for name, value in changes.items()})
    return instance(databases=(database,)), NOW, {}


def tables(**known: Any) -> tuple[Any, ...]:
    nothing = {item.name: NONE for item in fields(Tables)}
    about = About("shop", 90 * DAY, 100 * GIB)
    return ((Tables(**{**nothing, "thing": "5432/shop", "about": about, **known}),),)


def wasted(ratio: float, size: float) -> tuple[Space, ...]:
    return (Space("public.a", size, size * (1 - ratio)),)


def space(available: float, total: float) -> tuple[Any, ...]:
    return (instance(folders=(replace(FOLDER, available_bytes=round(available), used_bytes=round(total - available)),)),)


def ended(seconds: float) -> datetime:
    """When so many seconds are left of the last day of PostgreSQL 15."""
    return datetime(2027, 11, 12, tzinfo=UTC) - timedelta(seconds=seconds)


FACTS: dict[tuple[str, str], Callable[[float, str], tuple[Any, ...]]] = {
    ("postgresql_answers", "answer_seconds"): lambda v, _: (instance(session=v),),
    ("postgresql_version", "left_seconds"): lambda v, _: (instance(), ended(v)),
    ("postgresql_version", "behind_count"): lambda v, _: (instance(server=replace(SERVER, version_number=150020 - round(v))), NOW),
    ("postgresql_connections", "used_ratio"): lambda v, _: (instance(connections=replace(CONNECTIONS, used_count=round(v * 1000))),),
    ("postgresql_idle_in_transaction", "idle_seconds"): lambda v, _: session(state="idle in transaction", state_seconds=v),
    ("postgresql_long_transaction", "transaction_seconds"): lambda v, _: session(transaction_seconds=v),
    ("postgresql_long_query", "query_seconds"): lambda v, _: session(query_seconds=v),
    ("postgresql_blocked_sessions", "waiting_seconds"): lambda v, _: (instance(blocked=(Blocked(8, (7,), "shop", "shop", v, "idle", ""),)),),
    ("postgresql_prepared_transactions", "age_seconds"): lambda v, _: (instance(prepared=(Prepared("shop", "shop", v),)),),
    ("postgresql_deadlocks", "per_day_count"): lambda v, _: counted(deadlocks=v * 10),
    ("postgresql_rollbacks", "rollback_ratio"): lambda v, _: counted(rollbacks=v * 1e6, commits=(1 - v) * 1e6),
    ("postgresql_cache_hit", "hit_ratio"): lambda v, _: counted(blocks_hit=v * 1e10, blocks_read=(1 - v) * 1e10),
    ("postgresql_temp_files", "per_day_bytes"): lambda v, _: counted(temp_bytes=v * 10),
    ("postgresql_checkpoints", "requested_ratio"):
        lambda v, _: (instance(checkpoints=Checkpoints(round((1 - v) * 1e5), round(v * 1e5))), NOW, {}),
    ("postgresql_recovery_conflicts", "per_day_count"): lambda v, _: (instance(standby=replace(STANDBY, conflicts=round(v * 10))), NOW, {}),
    ("postgresql_replica_lag", "lag_bytes"): lambda v, _: (instance(replicas=(replace(REPLICA, replay_lag_bytes=v),)),),
    ("postgresql_replica_lag", "lag_seconds"): lambda v, _: (instance(replicas=(replace(REPLICA, replay_lag_seconds=v),)),),
    ("postgresql_standby", "delay_seconds"):
        lambda v, _: (instance(standby=replace(STANDBY, replay_lag_bytes=1, replayed_seconds=v), settings={}),),
    ("postgresql_standby", "lag_bytes"): lambda v, _: (instance(standby=replace(STANDBY, replay_lag_bytes=v), settings={}),),
    ("postgresql_slots", "retained_ratio"): lambda v, _: (
        instance(slots=(replace(SLOT, retained_bytes=v * 1e6),), folders=(replace(FOLDER, available_bytes=round((1 - v) * 1e6)),)),),
    ("postgresql_archiver", "ready_count"): lambda v, _: (
        instance(archiver=Archiver(9, 0, 5.0, None, round(v)), settings=settings(archive_mode="on", archive_command="cp")), NOW, {}),
    ("postgresql_wraparound", "age_count"): lambda v, _: (
        instance(databases=(replace(DATABASE, xid_age=round(v)),), settings=settings(autovacuum_freeze_max_age="2000000000")),),
    ("postgresql_wraparound", "overdue_ratio"): lambda v, _: (
        instance(databases=(replace(DATABASE, xid_age=round(v * 1e6)),), settings=settings(autovacuum_freeze_max_age="1000000")),),
    ("postgresql_space", "used_ratio"): lambda v, _: space((1 - v) * 1e6, 1e6),
    ("postgresql_space", "free_bytes"): lambda v, _: space(v, v / 0.15),
    ("postgresql_memory", "shared_ratio"): lambda v, _: (
        instance(settings=settings(shared_buffers=str(v * 1000), work_mem="0"), connections=CONNECTIONS), KERNEL),
    ("postgresql_memory", "wanted_ratio"): lambda v, _: (
        instance(settings=settings(shared_buffers="0", work_mem=str(v * 1000)), connections=CONNECTIONS), KERNEL),
    ("postgresql_roles", "superuser_count"): lambda v, _: (instance(roles=(ROLE,) * round(v)),),
    ("postgresql_roles", "valid_seconds"): lambda v, _: (instance(roles=(replace(ROLE, valid_seconds=v),)),),
}
TABLE = Table("public.a", 10**6, 0, 0, 5.0, 5.0, False)
FACTS.update({
    ("postgresql_dead_rows", "dead_ratio"):
        lambda v, _: tables(tables=(replace(TABLE, live_count=round((1 - v) * 1e6), dead_count=round(v * 1e6)),)),
    ("postgresql_statistics", "changed_ratio"): lambda v, _: tables(tables=(replace(TABLE, changed_count=round(v * 1e6)),)),
    ("postgresql_table_bloat", "wasted_ratio"): lambda v, _: tables(table_space=wasted(v, 1000 * GIB)),
    ("postgresql_table_bloat", "wasted_bytes"): lambda v, _: tables(table_space=(Space("public.a", v + 2**26, 2**26),)),
    ("postgresql_index_bloat", "wasted_ratio"): lambda v, _: tables(index_space=wasted(v, 1000 * GIB)),
    ("postgresql_index_bloat", "wasted_bytes"): lambda v, _: tables(index_space=(Space("public.a", v + 2**26, 2**26),)),
    ("postgresql_unused_indexes", "unused_ratio"): lambda v, _: tables(unused=(Index("public.i", "a", v * 100 * GIB),)),
    ("postgresql_unused_indexes", "unused_bytes"):
        lambda v, _: tables(unused=(Index("public.i", "a", v),), about=About("shop", 90 * DAY, 2 * GIB)),
    ("postgresql_unused_indexes", "counted_seconds"):
        lambda v, _: tables(unused=(Index("public.i", "a", 10 * GIB),), about=About("shop", v, 20 * GIB)),
    ("postgresql_table_ages", "age_count"): lambda v, _: tables(ages=(Age("public.a", 7, round(v)), Age("public.b", 5, 5))),
    ("postgresql_duplicate_indexes", "wasted_bytes"): lambda v, _: tables(duplicates=(Index("public.i, public.k", "a", v),)),
    ("postgresql_sequences", "used_ratio"): lambda v, _: tables(sequences=(Sequence("public.s", "a.id", v, 2**31 - 1),)),
})
FACTS["postgresql_log_refused_logins", "refused_count"] = lambda v, _: (
    (InstanceLog("5432", (Log("/a.log", 9, NOW.date(), NOW.date(), (LogLine(NOW.date(), "FATAL", round(v), "no pg_hba.conf entry"),)),)),), NOW)
FACTS["postgresql_log_deadlocks", "deadlocks_count"] = lambda v, _: (
    (InstanceLog("5432", (Log("/a.log", 9, NOW.date(), NOW.date(), (LogLine(NOW.date(), "ERROR", round(v), "deadlock detected"),)),)),), NOW)
NAMED_ONLY = {Severity.OK: Severity.INFO}
SHOWN_AS = {
    **dict.fromkeys([("postgresql_unused_indexes", "unused_ratio"), ("postgresql_unused_indexes", "unused_bytes"),
                     ("postgresql_duplicate_indexes", "wasted_bytes")], NAMED_ONLY),
    ("postgresql_version", "behind_count"): NAMED_ONLY,
}
