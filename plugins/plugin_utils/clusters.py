# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the nodes of a cluster: the hosts with the same caretaker_cluster, once all of them were judged by themselves.

A cluster is recorded and reported as a device of its own, named "cluster NAME". One of which not every host was looked at in
this run (--limit, a recheck of something else, caretaker_subjects) is left as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .absent import NotHere, Unknown
from .archive import Capture
from .begin import CLUSTERS_FILE
from .facts.cluster import Member, Node, cluster_of, device_of
from .facts.mysql_model import MysqlFacts
from .facts.postgresql import PostgresqlFacts
from .facts.redis_model import RedisFacts
from .inspection import History, Inspection, judge
from .registry import Subject
from .rules import cluster

POSTGRESQL_SETTINGS = (
    "archive_mode", "autovacuum", "autovacuum_max_workers", "checkpoint_timeout", "default_transaction_isolation", "effective_cache_size",
    "fsync", "full_page_writes", "idle_in_transaction_session_timeout", "maintenance_work_mem", "max_connections",
    "max_locks_per_transaction", "max_prepared_transactions", "max_replication_slots", "max_wal_senders", "max_wal_size",
    "max_worker_processes", "password_encryption", "random_page_cost", "shared_buffers", "shared_preload_libraries", "ssl",
    "statement_timeout", "synchronous_commit", "TimeZone", "wal_level", "wal_log_hints", "work_mem",
)
MYSQL_SETTINGS = (
    "binlog_format", "character_set_server", "collation_server", "default_storage_engine", "enforce_gtid_consistency", "gtid_mode",
    "gtid_strict_mode", "innodb_buffer_pool_size", "innodb_flush_log_at_trx_commit", "innodb_log_file_size", "innodb_strict_mode",
    "log_bin", "lower_case_table_names", "max_allowed_packet", "max_connections", "sql_mode", "sync_binlog", "time_zone",
    "transaction_isolation", "tx_isolation", "wait_timeout",
)


@dataclass(frozen=True)
class Seen:
    """One host of a cluster in this run: what is kept of it until the others were judged."""

    member: Member
    settings: Mapping[str, Any]
    taken_at: datetime


def postgresql_nodes(host: str, facts: PostgresqlFacts) -> Iterator[Node | None]:
    """A node for each instance; None for what could not be asked."""
    if isinstance(facts.instances, Unknown):
        yield None
    elif not isinstance(facts.instances, NotHere):
        for instance in facts.instances:
            server, settings = instance.server, instance.settings
            if instance.found.state == "down":                      # seen: it is no node now
                continue
            if isinstance(server, Unknown | NotHere) or isinstance(settings, Unknown | NotHere):
                yield None
            else:
                chosen = {name: settings[name].setting for name in POSTGRESQL_SETTINGS if name in settings}
                yield Node(host, "postgresql", instance.name, divmod(server.version_number, 10000),
                           "replica" if server.in_recovery else "primary", chosen)


def mysql_nodes(host: str, facts: MysqlFacts) -> Iterator[Node | None]:
    """A node for each server; None for what could not be asked."""
    if isinstance(facts.servers, Unknown):
        yield None
    elif not isinstance(facts.servers, NotHere):
        for server in facts.servers:
            variables, channels = server.variables, server.channels
            if isinstance(variables, Unknown | NotHere) or isinstance(channels, Unknown):
                yield None
            else:
                chosen = {name: variables.text(name) for name in MYSQL_SETTINGS if variables.has(name)}
                yield Node(host, "mysql", server.name, numbers_of(variables.text("version")),
                           "replica" if not isinstance(channels, NotHere) and channels else "primary", chosen)


def redis_nodes(host: str, facts: RedisFacts) -> Iterator[Node | None]:
    """A node for each server that holds data; None for what could not be asked."""
    if isinstance(facts.servers, Unknown):
        yield None
    elif not isinstance(facts.servers, NotHere):
        for server in facts.servers:
            version, link, memory = server.version, server.link, server.memory
            if isinstance(version, Unknown | NotHere) or isinstance(link, Unknown):
                yield None
            elif not isinstance(memory, Unknown | NotHere):         # a sentinel has none to tell of
                yield Node(host, "redis", server.name, numbers_of(version.text), "primary" if isinstance(link, NotHere) else "replica",
                           {"maxmemory": str(memory.limit_bytes), "maxmemory-policy": memory.policy})


def numbers_of(version: str) -> tuple[int, ...]:
    """``(10, 11, 6)`` of ``10.11.6-MariaDB-0+deb12u1-log``."""
    start = re.match(r"[\d.]*\d", version)
    return tuple(int(part) for part in start.group().split(".")) if start else ()


# For each of COMPARED
NODES: Mapping[str, Callable[[str, Any], Iterator[Node | None]]] = {
    "postgresql": postgresql_nodes, "mysql": mysql_nodes, "redis": redis_nodes,
}


def seen_of(capture: Capture, inspection: Inspection) -> Seen | None:
    """What is to be kept of a host; None if it is in no cluster or not all that is compared was looked at."""
    settings = inspection.settings
    if settings.cluster is None or not inspection.looked_at >= NODES.keys():
        return None
    if capture.problem:
        member = Member(capture.host, unseen=frozenset({""}), replicas=settings.replicas or {})
    else:
        member = _member(capture.host, inspection.facts, settings.replicas or {})
    return Seen(member, capture.settings, capture.taken_at)


def _member(host: str, facts: Mapping[str, Any], replicas: Mapping[str, int]) -> Member:
    found: dict[str, list[Node | None]] = {service: _nodes(facts[service], nodes_of, host) for service, nodes_of in NODES.items()}
    unseen = frozenset(service for service, nodes in found.items() if None in nodes)
    return Member(host, tuple(node for nodes in found.values() for node in nodes if node is not None), unseen, replicas)


def _nodes(facts: Any, nodes_of: Callable[[str, Any], Iterator[Node | None]], host: str) -> list[Node | None]:
    if isinstance(facts, NotHere):
        return []
    return [None] if isinstance(facts, Unknown) else list(nodes_of(host, facts))


def expected_of(folder: Path) -> Mapping[str, list[str]]:
    """{cluster: its hosts in the inventory}, as the run's beginning wrote it."""
    path = folder / CLUSTERS_FILE
    expected: Mapping[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
    return expected


def captures_of(seen: Iterable[Seen], expected: Mapping[str, list[str]], run: str) -> Iterator[tuple[Capture, tuple[Member, ...]]]:
    """Each cluster of which every host was seen, as a capture without entries, with its members."""
    by_host = {item.member.host: item for item in seen}
    for name, hosts in sorted(expected.items()):
        if all(host in by_host for host in hosts):
            items = [by_host[host] for host in hosts]
            yield Capture(
                device_of(name), run, max(item.taken_at for item in items), (), source="cluster", settings=_settings(items),
            ), tuple(item.member for item in items)


def _settings(items: Iterable[Seen]) -> dict[str, Any]:
    """What the inventory says of the first host, and every host's waivers and levels."""
    items = list(items)
    waivers = [waiver for item in items for waiver in item.settings.get("waivers", ())]
    levels = {rule: level for item in items for rule, level in item.settings.get("levels", {}).items()}
    unique = [waiver for number, waiver in enumerate(waivers) if waiver not in waivers[:number]]
    return {**items[0].settings, "waivers": unique, "levels": levels}


def judge_cluster(capture: Capture, members: Iterable[Member], history: History | None = None) -> Inspection:
    """The findings about a cluster, as judge() gives those of a host."""
    facts = cluster_of(members)
    return judge(capture, history, cluster.RULES, (Subject("cluster", lambda _capture: facts, cluster.RULES),))
