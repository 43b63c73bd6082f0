# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one capture tells of the measures in measures.py that neither sysstat nor an exporter knows: a pure function of its facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..absent import NotHere, Unknown
from ..facts.mysql_model import Names
from ..history.captures import Growth, Key, Reading

SUBJECTS = ("postgresql", "postgresql_tables", "mysql", "nginx", "httpd", "haproxy", "tomcat", "java", "rabbitmq", "tcp", "limits")
Found = tuple[str, str, Reading]        # measure, instance, reading


def readings_of(facts: Mapping[str, Any], at: float) -> dict[Key, Reading]:
    """``facts``: {subject: its facts}; ``at``: when the capture was taken, in seconds since 1970. What is not known is left out."""
    found = (*_kernel(facts), *_postgresql(facts), *_dead_rows(facts), *_mysql(facts, at), *_web_servers(facts), *_tomcat(facts),
             *_java(facts, at), *_rabbitmq(facts))
    return {(measure, instance): reading for measure, instance, reading in found}


def _every(facts: Mapping[str, Any], subject: str, name: str) -> tuple[Any, ...]:
    """The instances of a subject, none where they are not known."""
    found = getattr(facts.get(subject), name, ())
    return found if isinstance(found, tuple) else ()


def _is_known(*values: Any) -> bool:
    return not any(isinstance(value, Unknown | NotHere) for value in values)


def _kernel(facts: Mapping[str, Any]) -> Iterator[Found]:
    overflows = getattr(facts.get("tcp"), "overflows", None)
    if isinstance(overflows, int):
        yield "tcp_listen_overflows_rate", "", Growth(overflows)
    tracked = getattr(facts.get("limits"), "connections", None)
    if tracked is not None and _is_known(tracked):
        yield "conntrack_used_ratio", "", tracked.count / tracked.limit


def _postgresql(facts: Mapping[str, Any]) -> Iterator[Found]:
    """Its counters outlive a restart; those that are reset go back, which Growth sees."""
    for instance in _every(facts, "postgresql", "instances"):
        name = f"postgresql {instance.name}"
        if _is_known(instance.connections):
            used = instance.connections
            yield "database_connections_ratio", name, used.used_count / max(1, used.max_count - used.reserved_count)
        if _is_known(instance.blocked):
            yield "database_lock_waits_count", name, float(len(instance.blocked))
        if _is_known(instance.checkpoints):
            points = instance.checkpoints
            yield "database_checkpoints_requested_ratio", name, Growth(points.requested, points.timed + points.requested)
        if _is_known(instance.databases):
            read, hit, temporary, ended = (sum(getattr(item, field) for item in instance.databases)
                                           for field in ("blocks_read", "blocks_hit", "temp_bytes", "commits"))
            yield "database_cache_hit_ratio", name, Growth(hit, hit + read)
            yield "database_temporary_bytes_rate", name, Growth(temporary)
            yield "database_transactions_rate", name, Growth(ended)


def _dead_rows(facts: Mapping[str, Any]) -> Iterator[Found]:
    counts: dict[str, tuple[int, int]] = {}
    for database in _every(facts, "postgresql_tables", "databases"):
        if _is_known(database.tables):
            name = f"postgresql {database.thing.rpartition('/')[0]}"
            dead, live = counts.get(name, (0, 0))
            counts[name] = (dead + sum(table.dead_count for table in database.tables),
                            live + sum(table.live_count for table in database.tables))
    for name, (dead, live) in counts.items():
        if dead + live:
            yield "database_dead_rows_ratio", name, dead / (dead + live)


def _mysql(facts: Mapping[str, Any], at: float) -> Iterator[Found]:
    for server in _every(facts, "mysql", "servers"):
        status, variables, name = server.status, server.variables, f"mysql {server.name}"
        if not isinstance(status, Names) or not isinstance(variables, Names) or not status.has("Uptime"):
            continue
        since = at - status.number("Uptime")
        if status.has("Threads_connected") and variables.has("max_connections"):
            yield "database_connections_ratio", name, status.number("Threads_connected") / max(1, variables.number("max_connections"))
        if status.has("Innodb_row_lock_current_waits"):
            yield "database_lock_waits_count", name, float(status.number("Innodb_row_lock_current_waits"))
        if status.has("Innodb_log_waits"):
            yield "database_log_waits_rate", name, Growth(status.number("Innodb_log_waits"), since=since)
        if status.has("Innodb_buffer_pool_reads") and status.has("Innodb_buffer_pool_read_requests"):
            asked = status.number("Innodb_buffer_pool_read_requests")
            yield "database_cache_hit_ratio", name, Growth(max(0.0, asked - status.number("Innodb_buffer_pool_reads")), asked, since)
        if status.has("Created_tmp_disk_tables"):
            yield "database_temporary_tables_rate", name, Growth(status.number("Created_tmp_disk_tables"), since=since)
        used = _redo_used(status, variables)
        if used is not None:
            yield "database_redo_used_ratio", name, used
        waiting = _history_list(server)
        if waiting is not None:
            yield "database_history_list_count", name, float(waiting)


def _redo_used(status: Names, variables: Names) -> float | None:
    """MariaDB tells how much may be in use before it waits, MySQL since 8.0.30 how much the log holds."""
    for part, whole, holder in (("Innodb_checkpoint_age", "Innodb_checkpoint_max_age", status),
                                ("Innodb_redo_log_logical_size", "innodb_redo_log_capacity", variables)):
        if status.has(part) and holder.has(whole) and holder.number(whole) > 0:
            return status.number(part) / holder.number(whole)
    return None


def _history_list(server: Any) -> int | None:
    """What InnoDB's status says; its counter shows 0 where it is off."""
    told: int | None = server.innodb.history_list if _is_known(server.innodb) else None
    return server.metrics.get("trx_rseg_history_len") if told is None and _is_known(server.metrics) else told


def _web_servers(facts: Mapping[str, Any]) -> Iterator[Found]:
    for web in _every(facts, "nginx", "instances"):
        if _is_known(web.counters):
            accepted, handled = web.counters.accepted_count, web.counters.handled_count
            yield "connections_dropped_ratio", f"nginx {web.name}", Growth(accepted - handled, accepted)
    for web in _every(facts, "httpd", "instances"):
        if _is_known(web.scoreboard, web.configuration):
            yield "threads_used_ratio", f"httpd {web.name}", web.scoreboard.busy_count / max(1, web.configuration.workers_limit)
    for proxy in _every(facts, "haproxy", "instances"):
        if _is_known(proxy.info) and proxy.info.connections_limit:
            yield "places_used_ratio", f"haproxy {proxy.name}", proxy.info.connections_count / proxy.info.connections_limit


def _tomcat(facts: Mapping[str, Any]) -> Iterator[Found]:
    for instance in _every(facts, "tomcat", "instances"):
        for used in instance.used if _is_known(instance.used) else ():
            if used.threads_limit:
                yield "threads_used_ratio", f"tomcat {instance.name} {used.connector}", used.busy_count / used.threads_limit


def _java(facts: Mapping[str, Any], at: float) -> Iterator[Found]:
    for instance in _every(facts, "java", "instances"):
        if not _is_known(instance.counters, instance.process):
            continue
        counters, since = instance.counters, at - instance.process.uptime_seconds
        yield "gc_time_ratio", f"java {instance.name}", Growth(counters.collections.seconds, since=since)
        if counters.steady and counters.old_max_bytes:      # what others hold may be garbage that no collection has looked at yet
            yield "heap_after_gc_ratio", f"java {instance.name}", counters.old_used_bytes / counters.old_max_bytes


def _rabbitmq(facts: Mapping[str, Any]) -> Iterator[Found]:
    for broker in _every(facts, "rabbitmq", "brokers"):
        for queue in broker.queues if _is_known(broker.queues) else ():
            yield "queue_length", f"rabbitmq {broker.name} {queue.name}", float(queue.ready_count)
