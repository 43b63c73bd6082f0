# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ..absent import Unknown
from ..facts.redis_model import Aof, Cluster, Link, Master, Node, Rdb, Replica, Server, Settings
from ..findings import HOUR, MIB, Above, Domain, Finding, Rule, Severity
from .redis_each import ANSWERS, Levels, each

SLOTS = 16384
IMPORTANT = 3


def judge_rdb(levels: Levels, name: str, rdb: Rdb, settings: Settings, taken_at: datetime) -> Iterator[Finding]:
    now = rdb.server_time_seconds or taken_at.timestamp()
    age = max(0.0, now - rdb.saved_at_seconds)
    values = {"status": rdb.status, "saved_seconds": age, "changes_count": rdb.changes_count}
    if rdb.status != "ok":
        yield Finding(Severity.CRITICAL, name, "the last save to disk failed ({status}); {changes_count} changes are only in memory",
                      values)
    elif not settings.save:
        yield Finding(Severity.OK, name, "it is not to save by itself (save is empty)")
    elif not rdb.changes_count:
        yield Finding(Severity.OK, name, "all changes are saved to disk")
    else:
        yield Finding(levels["age_seconds"].grade(age), name, "the last good save was {saved_seconds} ago; {changes_count} changes since",
                      {**values, "age_seconds": age})


REDIS_SAVE = Rule(
    id="redis_save",
    title="Redis saves its data to disk",
    domain=Domain.DATABASE,
    why="What is only in memory is lost with the power; and while saves fail, Redis refuses all writes (stop-writes-on-bgsave-error).",
    fix="Look into its log for the reason: the disk is full, the folder is not its own, or fork gets no memory (vm.overcommit_memory). "
        "Then BGSAVE and LASTSAVE.",
    needs=("redis.servers", "capture.taken_at"),
    evidence=("redis * info", "redis * config"),
    levels={"age_seconds": Above(warning=48 * HOUR, source="awesome-prometheus-alerts had 48 h (Redis missing backup); our judgement")},
    impact=4,
    check=each(judge_rdb, "rdb", "settings"),
    told_by=ANSWERS,
)


def judge_save_time(levels: Levels, name: str, rdb: Rdb) -> Iterator[Finding]:
    if rdb.duration_seconds is None:
        yield Finding(Severity.OK, name, "it has not saved since its start")
        return
    yield Finding(levels["duration_seconds"].grade(rdb.duration_seconds), name, "a save takes {duration_seconds}",
                  {"duration_seconds": rdb.duration_seconds})


REDIS_SAVE_DURATION = Rule(
    id="redis_save_duration",
    title="Redis saves its data in good time",
    domain=Domain.DATABASE,
    why="While it saves, changed pages are in memory twice, and what changed since would be lost.",
    fix="Look at the disk, split the data, or save on a replica.",
    needs=("redis.servers",),
    evidence=("redis * info",),
    levels={"duration_seconds": Above(warning=600, critical=1200, source="netdata (redis_bgsave_slow): 600 and 1200 s")},
    impact=2,
    check=each(judge_save_time, "rdb"),
    told_by=ANSWERS,
)


def judge_aof(_levels: Levels, name: str, aof: Aof) -> Iterator[Finding]:
    values = {"write_status": aof.write_status, "rewrite_status": aof.rewrite_status}
    if aof.write_status != "ok":
        yield Finding(Severity.CRITICAL, name, "the last write to the append-only file failed ({write_status})", values)
    elif aof.rewrite_status != "ok":
        yield Finding(Severity.WARNING, name, "the last rewrite of the append-only file failed ({rewrite_status}); it grows without end",
                      values)
    else:
        yield Finding(Severity.OK, name, "the append-only file is written and rewritten")


REDIS_AOF = Rule(
    id="redis_aof",
    title="The append-only file of Redis is written",
    domain=Domain.DATABASE,
    why="A change that is not in the append-only file is lost with the power, and Redis refuses writes until it can write again.",
    fix="See its log: the disk is full or failing; then BGREWRITEAOF.",
    needs=("redis.servers",),
    evidence=("redis * info",),
    impact=4,
    check=each(judge_aof, "aof"),
    told_by=ANSWERS,
)


def judge_persistence(_levels: Levels, name: str, settings: Settings, replicas: tuple[Replica, ...],
                      server_is_replica: bool) -> Iterator[Finding]:
    if settings.save or settings.appendonly:
        yield Finding(Severity.OK, name, "keeps its data on disk")
    elif replicas and not server_is_replica:
        yield Finding(Severity.WARNING, name, "keeps nothing on disk, but {replicas_count} replicas follow it: after a restart it is "
                      "empty, and "
                      "empties them too", {"replicas_count": len(replicas)})
    else:
        yield Finding(Severity.INFO, name, "keeps nothing on disk: a restart empties it")


def check_persistence(levels: Levels, servers: tuple[Server, ...]) -> Iterator[Finding]:
    for server in servers:
        follows = isinstance(server.link, Link)
        yield from each(lambda levels, name, settings, replicas, other=follows: judge_persistence(levels, name, settings, replicas, other),
                        "settings", "replicas")(levels, (server,))


REDIS_PERSISTENCE = Rule(
    id="redis_persistence",
    title="A Redis that others follow keeps its data on disk",
    domain=Domain.DATABASE,
    why="A primary that keeps nothing on disk comes back empty from a restart, and its replicas throw away their data to be like it.",
    fix="Turn on appendonly (CONFIG SET appendonly yes, then the configuration), or see that it never starts by itself.",
    needs=("redis.servers",),
    evidence=("redis * config", "redis * info"),
    impact=4,
    check=check_persistence,
    told_by=ANSWERS,
)


def judge_important(_levels: Levels, name: str, settings: Settings, importance: int) -> Iterator[Finding]:
    kept = bool(settings.save) or settings.appendonly
    severity = Severity.OK if kept or importance < IMPORTANT else Severity.WARNING
    yield Finding(severity, name, "keeps its data on disk" if kept else "keeps nothing on disk, on a host of importance {importance}",
                  {"importance": importance})


REDIS_IMPORTANT_DATA = Rule(
    id="redis_important_data",
    title="Redis on an important host keeps its data on disk",
    domain=Domain.DATABASE,
    why="Where the business depends on it, an empty Redis after a restart is an outage: sessions, queues and locks are gone, "
        "and the databases behind it are flooded.",
    fix="Turn on appendonly or save, or record a waiver that it is a mere cache.",
    needs=("redis.servers", "settings.importance"),
    evidence=("redis * config",),
    impact=3,
    check=each(judge_important, "settings"),
    told_by=ANSWERS,
)


def judge_link(levels: Levels, name: str, link: Link, settings: Settings) -> Iterator[Finding]:
    values = {"master": link.master, "down_seconds": link.down_seconds, "silent_seconds": link.silent_seconds}
    if link.syncing:
        yield Finding(Severity.WARNING, name, "copies all data from {master}; until then it is not up to date", values)
    elif link.status != "up":
        yield Finding(Severity.CRITICAL, name, "has lost its primary {master}" if link.down_seconds is None else
                      "has lost its primary {master}, {down_seconds} ago", values)
    elif link.silent_seconds is None:
        yield Finding(Severity.UNKNOWN, name, "does not tell when it last heard of its primary {master}", values)
    else:
        yield Finding(levels["silent_seconds"].grade(link.silent_seconds), name, "follows {master}; heard of it {silent_seconds} ago",
                      values)
    if not settings.replica_read_only:
        yield Finding(Severity.WARNING, f"{name} replica-read-only", "it takes writes of its own, which the primary never sees")


REDIS_REPLICA_LINK = Rule(
    id="redis_replica_link",
    title="A Redis replica follows its primary",
    domain=Domain.DATABASE,
    why="A replica without its primary serves old data, and what was written since is lost in a failover.",
    fix="See its log for why: network, masterauth, a full disk, or repl-backlog-size and client-output-buffer-limit that are too small "
        "for a long copy.",
    needs=("redis.servers",),
    evidence=("redis * info", "redis * config"),
    levels={"silent_seconds": Above(warning=30, critical=60, source="Redis: it is pinged each 10 s (repl-ping-replica-period), and cut off "
                                    "after 60 s (repl-timeout)")},
    impact=4,
    check=each(judge_link, "link", "settings"),
    told_by=ANSWERS,
)


def judge_replicas(levels: Levels, name: str, replicas: tuple[Replica, ...]) -> Iterator[Finding]:
    for replica in replicas:
        values = {"state": replica.state, "lag_seconds": replica.lag_seconds, "behind_bytes": replica.behind_bytes}
        if replica.state != "online":
            yield Finding(Severity.WARNING, f"{name} {replica.address}", "is not up to date: {state}", values)
        else:
            severity = max(levels["lag_seconds"].grade(replica.lag_seconds), levels["behind_bytes"].grade(replica.behind_bytes))
            yield Finding(severity, f"{name} {replica.address}", "answered {lag_seconds} ago, {behind_bytes} behind", values)
    if not replicas:
        yield Finding(Severity.OK, name, "no replica follows it")


REDIS_REPLICA_LAG = Rule(
    id="redis_replica_lag",
    title="The replicas of a Redis keep up",
    domain=Domain.DATABASE,
    why="What a replica does not have yet is lost in a failover.",
    fix="Look at the network and at the replica's load; raise repl-backlog-size where it must copy all data again and again.",
    needs=("redis.servers",),
    evidence=("redis * info",),
    levels={
        "lag_seconds": Above(warning=10, critical=60, source="Redis documentation (min-replicas-max-lag 10); 60: repl-timeout"),
        "behind_bytes": Above(warning=64 * MIB, critical=512 * MIB, source="our judgement: as for PostgreSQL"),
    },
    impact=3,
    check=each(judge_replicas, "replicas"),
    told_by=ANSWERS,
)


def check_expected(_levels: Levels, servers: tuple[Server, ...], wanted: dict[str, int]) -> Iterator[Finding]:
    named = [(server, wanted.get(f"redis {server.name}", wanted.get("redis"))) for server in servers]
    for server, count in named:
        if count is None or isinstance(server.link, Link) or server.mode == "sentinel":
            yield Finding(Severity.OK, server.name, "the inventory expects no replicas of it")
        elif isinstance(server.replicas, Unknown):
            yield Finding(Severity.UNKNOWN, server.name, server.replicas.reason, server.replicas.values)
        else:
            found = len(server.replicas) if isinstance(server.replicas, tuple) else 0
            severity = Severity.OK if found >= count else Severity.WARNING if found else Severity.CRITICAL
            yield Finding(severity, server.name, "{found_count} replicas follow it; the inventory expects {wanted_count}",
                          {"found_count": found, "wanted_count": count})


REDIS_REPLICAS = Rule(
    id="redis_replicas",
    title="A Redis has as many replicas as the inventory says",
    domain=Domain.DATABASE,
    why="With a replica less than planned the next failure is an outage; with none it may be the loss of the data.",
    fix="See what became of the missing replica (its log, its network, masterauth), and let it follow again.",
    needs=("redis.servers", "settings.replicas"),
    evidence=("redis * info",),
    impact=4,
    change_risk=2,
    check=check_expected,
    told_by=ANSWERS,
)


def judge_cluster(_levels: Levels, name: str, cluster: Cluster) -> Iterator[Finding]:
    values = {"state": cluster.state, "assigned_count": cluster.assigned_count, "ok_count": cluster.ok_count, "slots_count": SLOTS}
    if cluster.state != "ok":
        yield Finding(Severity.CRITICAL, name, "the cluster is in state {state}; {ok_count} of {slots_count} slots are served", values)
    elif cluster.assigned_count < SLOTS or cluster.ok_count < SLOTS:
        yield Finding(Severity.CRITICAL, name, "{ok_count} of {slots_count} slots are served, {assigned_count} are assigned", values)
    else:
        yield Finding(Severity.OK, name, "the cluster serves all {slots_count} slots", values)
    if any(node.moving for node in cluster.nodes):
        yield Finding(Severity.INFO, f"{name} slots", "slots are being moved; if nobody does that now, a move was left half done")


REDIS_CLUSTER = Rule(
    id="redis_cluster",
    title="The Redis cluster serves all slots",
    domain=Domain.DATABASE,
    why="A slot that no node serves is a part of the data that can't be read or written, or all of it (cluster-require-full-coverage).",
    fix="redis-cli --cluster check HOST:PORT names the slots and nodes; bring back the node that held them, or fail over to its replica.",
    needs=("redis.servers",),
    evidence=("redis * cluster",),
    impact=4,
    change_risk=3,
    check=each(judge_cluster, "cluster"),
    told_by=ANSWERS,
)


def judge_nodes(_levels: Levels, name: str, cluster: Cluster) -> Iterator[Finding]:
    bad = [finding for node in cluster.nodes for finding in node_findings(name, node)]
    followed = {node.master for node in cluster.nodes if not node.flags & {"fail", "noaddr"}}
    masters = [node for node in cluster.nodes if node.has_slots and "master" in node.flags and "fail" not in node.flags]
    alone = [node for node in masters if node.identity not in followed]
    if any("slave" in node.flags for node in cluster.nodes):
        bad += [Finding(Severity.WARNING, f"{name} {node.address}", "no replica follows this node, as others have") for node in alone]
    elif masters:
        bad.append(Finding(Severity.INFO, name, "no node of the cluster has a replica"))
    yield from bad or [Finding(Severity.OK, name, "all {nodes_count} nodes are there", {"nodes_count": len(cluster.nodes)})]


def node_findings(name: str, node: Node) -> Iterator[Finding]:
    thing = f"{name} {node.address or node.identity[:12]}"
    if "fail" in node.flags:
        yield Finding(Severity.CRITICAL, thing, "this node has failed")
    elif "fail?" in node.flags:
        yield Finding(Severity.WARNING, thing, "this node does not answer the one that was asked")
    elif not node.connected and "myself" not in node.flags:
        yield Finding(Severity.WARNING, thing, "there is no connection to this node")
    elif node.flags & {"noaddr", "handshake"}:
        yield Finding(Severity.WARNING, thing, "this node is not really known (noaddr or handshake); it may have been removed by halves")


REDIS_CLUSTER_NODES = Rule(
    id="redis_cluster_nodes",
    title="All nodes of the Redis cluster are there",
    domain=Domain.DATABASE,
    why="A node that failed has left its part without a replica or is to be replaced; the next failure takes a part of the data.",
    fix="Start it again or take it out on all nodes (redis-cli --cluster del-node); give each node a replica.",
    needs=("redis.servers",),
    evidence=("redis * cluster",),
    impact=3,
    change_risk=2,
    check=each(judge_nodes, "cluster"),
    told_by=ANSWERS,
)


def judge_sentinel(_levels: Levels, name: str, masters: tuple[Master, ...]) -> Iterator[Finding]:
    for master in masters:
        thing = f"{name} {master.name}"
        values = {"address": master.address, "sentinels_count": master.sentinels_count, "quorum": master.quorum,
                  "replicas_count": master.replicas_count,
                  "detail": master.quorum_check[:200]}
        down = master.flags & {"s_down", "o_down", "disconnected"}
        if down:
            yield Finding(Severity.CRITICAL, thing, "its primary {address} is down ({flags})", {**values, "flags": sorted(down)})
        elif not master.replicas_count:
            yield Finding(Severity.WARNING, thing, "its primary {address} has no replica to fail over to", values)
        if not master.quorum_check.startswith("OK"):
            yield Finding(Severity.CRITICAL, f"{thing} quorum", "the sentinels could not fail over now: {detail}", values)
        elif master.sentinels_count < 3:
            yield Finding(Severity.WARNING, f"{thing} quorum", "{sentinels_count} sentinels (quorum {quorum}): with one of them lost "
                          "there is no majority",
                          values)
        elif not down and master.replicas_count:
            yield Finding(Severity.OK, thing, "primary {address}, {replicas_count} replicas, {sentinels_count} sentinels (quorum "
                          "{quorum})", values)
    if not masters:
        yield Finding(Severity.WARNING, name, "this sentinel watches no primary")


REDIS_SENTINEL = Rule(
    id="redis_sentinel",
    title="The sentinels could fail over",
    domain=Domain.DATABASE,
    why="Sentinels that can't agree, or that have no replica to choose, leave a failed primary failed.",
    fix="Bring back the sentinels or replicas that are missing; run three sentinels or more on hosts of their own, with a quorum of "
    "their majority.",
    needs=("redis.servers",),
    evidence=("redis * sentinel",),
    impact=4,
    check=each(judge_sentinel, "sentinel"),
    told_by=ANSWERS,
)

RULES = (REDIS_SAVE, REDIS_SAVE_DURATION, REDIS_AOF, REDIS_PERSISTENCE, REDIS_IMPORTANT_DATA, REDIS_REPLICA_LINK, REDIS_REPLICA_LAG,
         REDIS_REPLICAS, REDIS_CLUSTER, REDIS_CLUSTER_NODES, REDIS_SENTINEL)
