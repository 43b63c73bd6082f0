# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the replication of MySQL and MariaDB: replicas, their primaries, semi-synchronous replication, Galera."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from ..absent import Unknown
from ..facts.mysql_model import Channel, Names, Server, Sessions
from ..findings import Above, Domain, Finding, Rule, Severity
from .mysql_each import ANSWERS, History, Levels, basis, each, since, too_early

Channels = tuple[Channel, ...]
STOPPED = ("No", "Connecting", "Preparing")


def object_of(server: Server, channel: Channel) -> str:
    return f"{server.name}/{channel.name}" if channel.name else server.name


def judge_running(_levels: Levels, server: Server, channels: Channels) -> Iterator[Finding]:
    for channel in channels:
        values = {"source": channel.source, "io": channel.io_running, "sql": channel.sql_running,
                  "error": channel.sql_error or channel.io_error or "none told"}
        states = {channel.io_running, channel.sql_running}
        if states == {"Yes"}:
            yield Finding(Severity.OK, object_of(server, channel), "replicates from {source}", values)
        elif states & set(STOPPED):
            yield Finding(Severity.CRITICAL, object_of(server, channel), "replication from {source} stands: receiver {io}, applier {sql}; "
                          "error: {error}", values)
        else:
            yield Finding(Severity.UNKNOWN, object_of(server, channel),
                          "replication from {source} is in a state that is not known: receiver "
                          "{io}, applier {sql}", values)


MYSQL_REPLICATION_RUNNING = Rule(
    id="mysql_replication_running",
    title="Replicas receive and apply",
    domain=Domain.DATABASE,
    why="A replica that stands serves old data, is no help after a failure of the primary, and falls out for good when the primary has "
        "purged the logs it needs; also while nothing is written.",
    fix="Read the error; mend its cause (network, password, full disk, diverged rows) and START REPLICA; do not just skip the "
        "statement. Rebuild the replica from a backup if its data diverged.",
    needs=("mysql.replicas",),
    evidence=("mysql * replicas",),
    impact=4,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_running, "channels"),
)


def judge_lag(levels: Levels, server: Server, channels: Channels) -> Iterator[Finding]:
    for channel in channels:
        lag = channel.lag_seconds
        if not isinstance(lag, int):
            reason = lag if isinstance(lag, Unknown) else Unknown("the server does not know how far it is behind (NULL)")
            yield Finding(Severity.UNKNOWN, object_of(server, channel), reason.reason, reason.values)
            continue
        late = max(0, lag - channel.delay_seconds)
        yield Finding(levels["lag_seconds"].grade(late), object_of(server, channel), "{lag_seconds} behind {source}",
                      {"lag_seconds": late, "source": channel.source, "delay_seconds": channel.delay_seconds})


MYSQL_REPLICATION_LAG = Rule(
    id="mysql_replication_lag",
    title="Replicas keep up with their primary",
    domain=Domain.DATABASE,
    why="What a replica has not applied yet is missing from its answers, and takes long to catch up after a failure of the primary.",
    fix="Look for long transactions and tables without a primary key on the primary, the replica's disk, and its parallel workers.",
    needs=("mysql.replicas",),
    evidence=("mysql * replicas",),
    levels={"lag_seconds": Above(warning=31, critical=300, source="netdata, awesome-prometheus-alerts: over 30 s; 5 min: ours")},
    impact=3,
    track=("lag_seconds",),
    told_by=ANSWERS,
    check=each(judge_lag, "channels"),
)


def judge_skipping(_levels: Levels, server: Server, channels: Channels, variables: Names) -> Iterator[Finding]:
    skipped = variables.texts.get("replica_skip_errors", variables.texts.get("slave_skip_errors", "OFF")) or "OFF"
    mode = variables.texts.get("replica_exec_mode", variables.texts.get("slave_exec_mode", "STRICT"))
    counted = sum(channel.skip_count for channel in channels)
    wrong = skipped.upper() != "OFF" or mode.upper() == "IDEMPOTENT" or counted
    yield Finding(Severity.WARNING if wrong else Severity.OK, server.name,
                  "errors of replication that are passed over: {skipped}, mode {mode}, "
                  "{skip_count} more events to skip", {"skipped": skipped, "mode": mode, "skip_count": counted})


MYSQL_REPLICATION_SKIPPING = Rule(
    id="mysql_replication_skipping",
    title="Replicas pass over no errors",
    domain=Domain.DATABASE,
    why="A replica that skips errors diverges from its primary without a word; after a failover the difference is lost data.",
    fix="Set slave_skip_errors=OFF and slave_exec_mode=STRICT; compare the data (pt-table-checksum) and rebuild what differs.",
    needs=("mysql.replicas",),
    evidence=("mysql * replicas", "mysql * variables"),
    impact=3,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_skipping, "channels", "variables"),
)


def judge_read_only(_levels: Levels, server: Server, variables: Names) -> Iterator[Finding]:
    if variables.text("read_only").upper() in ("OFF", "0"):
        yield Finding(Severity.WARNING, server.name, "a replica that clients can write to (read_only is OFF)")
    else:
        yield Finding(Severity.OK, server.name, "clients can't write to the replica")


MYSQL_REPLICATION_READ_ONLY = Rule(
    id="mysql_replication_read_only",
    title="Replicas are read-only",
    domain=Domain.DATABASE,
    why="A row written on a replica by mistake makes it differ from its primary, and stops replication when the same key comes.",
    fix="Set read_only=ON (and super_read_only=ON) in its configuration; a waiver where two primaries are wanted.",
    needs=("mysql.replicas",),
    evidence=("mysql * variables",),
    impact=2,
    told_by=ANSWERS,
    check=each(judge_read_only, "variables"),
)


def judge_encrypted(_levels: Levels, server: Server, channels: Channels) -> Iterator[Finding]:
    for channel in channels:
        values = {"source": channel.source}
        if channel.encrypted or re.match(r"(localhost|127\.|\[?::1)", channel.source):
            yield Finding(Severity.OK, object_of(server, channel), "replication from {source} is kept private", values)
        else:
            yield Finding(Severity.WARNING, object_of(server, channel),
                          "replication from {source} passes the network in plain text", values)


MYSQL_REPLICATION_PLAIN = Rule(
    id="mysql_replication_plain",
    title="Replication is encrypted",
    domain=Domain.DATABASE,
    why="All that is written passes the network in plain text, for anyone on the way to read.",
    fix="Give the primary a certificate and set MASTER_SSL=1 (SOURCE_SSL=1) with CHANGE MASTER (CHANGE REPLICATION SOURCE).",
    needs=("mysql.replicas",),
    evidence=("mysql * replicas",),
    impact=3,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_encrypted, "channels"),
)


def gaps(executed: str) -> int:
    """How many holes a set of GTIDs has: 3E11FA47-...:1-5:7-9 has one."""
    return sum(item.count(":") - 1 for item in executed.split(",") if item.count(":") > 1 and "-" in item)


def judge_gaps(levels: Levels, server: Server, channels: Channels) -> Iterator[Finding]:
    count = max((gaps(channel.applied_gtids) for channel in channels), default=0)
    yield Finding(levels["gap_count"].grade(count), server.name, "{gap_count} gaps in the transactions that were applied",
                  {"gap_count": count})


MYSQL_REPLICATION_GAPS = Rule(
    id="mysql_replication_gaps",
    title="Replicas applied every transaction",
    domain=Domain.DATABASE,
    why="A gap in the executed GTIDs is a transaction that was skipped or not applied: the data differs from the primary's.",
    fix="Look again in a minute, for parallel workers leave gaps for a moment; then find the transaction and rebuild the replica.",
    needs=("mysql.replicas",),
    evidence=("mysql * replicas",),
    levels={"gap_count": Above(warning=1, source="MySQL's manual: a set without gaps is one interval for each server")},
    impact=3,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_gaps, "channels"),
)


def judge_workers(_levels: Levels, server: Server, channels: Channels, variables: Names) -> Iterator[Finding]:
    names = ("replica_parallel_workers", "slave_parallel_threads", "slave_parallel_workers")
    workers = max((variables.number(name) for name in names if variables.has(name)), default=0)
    late = any(isinstance(channel.lag_seconds, int) and channel.lag_seconds - channel.delay_seconds > 30 for channel in channels)
    few = workers <= 1 and late
    yield Finding(Severity.INFO if few else Severity.OK, server.name,
                  "it lags, and applies with {worker_count} parallel workers" if few else "applies with {worker_count} parallel workers",
                  {"worker_count": workers})


MYSQL_REPLICATION_WORKERS = Rule(
    id="mysql_replication_workers",
    title="A replica that lags applies in parallel",
    domain=Domain.DATABASE,
    why="One applier does one after the other what the primary did with many sessions at once.",
    fix="Set slave_parallel_threads (replica_parallel_workers) to the number of CPUs, with the order of commits kept.",
    needs=("mysql.replicas",),
    evidence=("mysql * replicas", "mysql * variables"),
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_workers, "channels", "variables"),
)


def check_replicas_expected(_levels: Levels, servers: tuple[Server, ...], expected: Mapping[str, int]) -> Iterator[Finding]:
    for server in servers:
        wanted = expected.get(f"mysql {server.name}", expected.get("mysql"))
        if wanted is None:
            yield Finding(Severity.OK, server.name, "the inventory expects no replicas of it")
        elif not isinstance(server.sessions, tuple):
            yield Finding(Severity.UNKNOWN, server.name, server.sessions.reason, server.sessions.values)
        else:
            yield _replicas_expected(server, server.sessions, wanted)


def _replicas_expected(server: Server, sessions: tuple[Sessions, ...], wanted: int) -> Finding:
    seen = sum(item.count for item in sessions if item.command.startswith("Binlog Dump"))
    severity = Severity.OK if seen >= wanted else Severity.CRITICAL if not seen else Severity.WARNING
    return Finding(severity, server.name, "{seen_count} of {wanted_count} replicas are connected", {"seen_count": seen,
                                                                                                    "wanted_count": wanted})


MYSQL_REPLICAS_EXPECTED = Rule(
    id="mysql_replicas_expected",
    title="All replicas of the inventory are connected",
    domain=Domain.DATABASE,
    why="A primary without the replicas that it should have loses data when it fails, and nobody sees it on the primary.",
    fix="Look at the replica that is missing: is it down, or does it stand (mysql_replication_running)?",
    needs=("mysql.servers", "settings.replicas"),
    evidence=("mysql * processes",),
    impact=4,
    told_by=ANSWERS,
    check=check_replicas_expected,
)

SEMI_SYNC = (("rpl_semi_sync_source_enabled", "Rpl_semi_sync_source_status"), ("rpl_semi_sync_master_enabled",
                                                                               "Rpl_semi_sync_master_status"))


def judge_semi_sync(_levels: Levels, server: Server, variables: Names, status: Names) -> Iterator[Finding]:
    wanted = [state for switch, state in SEMI_SYNC if variables.is_on(switch)]
    if not wanted:
        yield Finding(Severity.OK, server.name, "semi-synchronous replication is not switched on")
    elif status.text(wanted[0]).upper() == "ON":
        yield Finding(Severity.OK, server.name, "commits wait for a replica")
    else:
        yield Finding(Severity.WARNING, server.name,
                      "semi-synchronous replication is switched on, but fell back: commits wait for no replica")


MYSQL_SEMI_SYNC = Rule(
    id="mysql_semi_sync",
    title="Semi-synchronous replication has not fallen back",
    domain=Domain.DATABASE,
    why="Without a replica that confirms, the primary goes on alone after its timeout: a failure now loses what was committed.",
    fix="Bring the semi-synchronous replicas back; check their number and rpl_semi_sync_master_timeout.",
    needs=("mysql.servers",),
    evidence=("mysql * variables", "mysql * status"),
    impact=3,
    told_by=ANSWERS,
    check=each(judge_semi_sync, "variables", "status"),
)


def judge_galera(_levels: Levels, server: Server, status: Names) -> Iterator[Finding]:
    state, words = status.text("wsrep_local_state"), status.text("wsrep_local_state_comment")
    part, size = status.text("wsrep_cluster_status"), status.number("wsrep_cluster_size")
    values = {"state": words, "part": part, "size_count": size}
    if part != "Primary" or not status.is_on("wsrep_ready") or not status.is_on("wsrep_connected"):
        yield Finding(Severity.CRITICAL, server.name, "the node takes no part in its cluster: {state}, part {part}, {size_count} nodes",
                      values)
    elif state == "2":
        yield Finding(Severity.WARNING, server.name, "the node gives its data to another one or is desynchronised: {state}", values)
    elif state != "4":
        yield Finding(Severity.CRITICAL, server.name, "the node is not in step with its cluster: {state}", values)
    elif size < SAFE_SIZE:
        yield Finding(Severity.WARNING, server.name, "the cluster has {size_count} nodes: it stops when one of them fails", values)
    else:
        yield Finding(Severity.OK, server.name, "in step with a cluster of {size_count} nodes", values)


SAFE_SIZE = 3       # of two nodes neither is a majority

MYSQL_GALERA = Rule(
    id="mysql_galera",
    title="Galera nodes are in step and enough",
    domain=Domain.DATABASE,
    why="A node outside the primary part of its cluster refuses all queries; with fewer than three nodes one failure stops the cluster.",
    fix="Look at the network between the nodes and at the error log; start the missing nodes, one after the other.",
    needs=("mysql.cluster",),
    evidence=("mysql * status",),
    impact=4,
    change_risk=3,
    told_by=ANSWERS,
    check=each(judge_galera, "status"),
)


def judge_galera_flow(levels: Levels, server: Server, status: Names, taken_at: datetime, history: History) -> Iterator[Finding]:
    paused, queue = status.number("wsrep_flow_control_paused"), status.number("wsrep_local_recv_queue_avg")
    counters = status.numbers("wsrep_local_cert_failures", "wsrep_local_bf_aborts")
    found = since(server, status, counters, taken_at, history)
    if found is None:
        yield too_early(server, status, counters)
        return
    severity = max(levels["paused_ratio"].grade(paused), levels["queue_count"].grade(queue))
    yield Finding(severity, server.name,
                  "stopped by flow control {paused_ratio} of the time, {queue_count} write sets in its queue on average, "
                  "{conflict_count} conflicts over {period_seconds} ({basis})",
                  {"paused_ratio": paused, "queue_count": queue, "conflict_count": sum(found.growth.values()), **counters, **basis(found)})


MYSQL_GALERA_FLOW = Rule(
    id="mysql_galera_flow",
    title="Galera nodes keep up with each other",
    domain=Domain.DATABASE,
    why="The slowest node of a cluster stops all others while it catches up.",
    fix="Look at this node's disk and CPU, raise wsrep_slave_threads, split large transactions.",
    needs=("mysql.cluster", "capture.taken_at", "history.mysql_galera_flow"),
    evidence=("mysql * status",),
    levels={
        "paused_ratio": Above(warning=0.10, critical=0.30, source="Galera's manual: near 0; awesome-prometheus-alerts: 10 %; 30 %: ours"),
        "queue_count": Above(warning=10, critical=100, source="Percona's monitoring: 100; 10: ours"),
    },
    impact=3,
    track=("wsrep_local_cert_failures_count", "wsrep_local_bf_aborts_count"),
    told_by=ANSWERS,
    check=each(judge_galera_flow, "status"),
)

RULES = (
    MYSQL_REPLICATION_RUNNING, MYSQL_REPLICATION_LAG, MYSQL_REPLICATION_SKIPPING, MYSQL_REPLICATION_READ_ONLY, MYSQL_REPLICATION_PLAIN,
    MYSQL_REPLICATION_GAPS, MYSQL_REPLICATION_WORKERS, MYSQL_REPLICAS_EXPECTED, MYSQL_SEMI_SYNC, MYSQL_GALERA, MYSQL_GALERA_FLOW,
)
