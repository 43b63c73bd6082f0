# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..absent import NotHere, Unknown
from ..facts.middleware import Presence, Version
from ..facts.rabbitmq import HANGS, UNREACHED, Broker, Cluster, Connections, Guest, Queue, Status, Used
from ..findings import GIB, Above, Below, Domain, Finding, Rule, Severity
from .middleware import SUPPORT_LEVELS, for_each, not_running, support_finding

Levels = Mapping[str, Any]
ANSWERS = "rabbitmq_answers"    # the rule that tells why a node could not be asked, for all others
ALIVE = frozenset({"running", "idle", "flow", "syncing"})
DEAD_LETTERS = re.compile(r"(?i)(?:^|[._/-])(?:dlq|dlx|dead[._-]?letters?(?:ed)?)(?:$|[._-])")
LOOPBACK = ("127.", "::1", "[::1]", "localhost")


def check_answers(_levels: Levels, presence: Presence, brokers: tuple[Broker, ...]) -> Iterator[Finding]:
    yield from not_running(presence)
    for broker in brokers:
        silent = next((part for part in (broker.status, broker.cluster, broker.guest, broker.queues) if isinstance(part, Unknown)), None)
        if silent is None:
            yield Finding(Severity.OK, broker.name, "answers")
            continue
        yield Finding(Severity.UNKNOWN, broker.name, silent.reason, silent.values)
        if silent.reason in (HANGS, UNREACHED):
            yield Finding(Severity.WARNING, f"{broker.name} response", "runs, but does not answer its own tool")


RABBITMQ_ANSWERS = Rule(
    id=ANSWERS,
    title="RabbitMQ runs and answers",
    domain=Domain.PLATFORM,
    why="A broker that does not run or hangs holds up every program behind it; one that can't be asked is not inspected.",
    fix="Start it and read journalctl -u rabbitmq-server and its log. rabbitmqctl must run as root or rabbitmq, with the node's cookie. "
        "Inspect containers as hosts of their own.",
    needs=("rabbitmq.presence", "rabbitmq.found"),
    evidence=("rabbitmq instances", "rabbitmq * status"),
    impact=4,
    change_risk=2,
    check=check_answers,
)


def judge_version(levels: Levels, name: str, version: Version, taken_at: datetime) -> Iterator[Finding]:
    yield support_finding(levels, name, "rabbitmq", version, taken_at)


RABBITMQ_VERSION = Rule(
    id="rabbitmq_version",
    title="RabbitMQ is of a branch that gets fixes",
    domain=Domain.PLATFORM,
    why="Holes found in a branch that ended are published, and stay open.",
    fix="Enable all stable feature flags, then upgrade a branch at a time.",
    needs=("rabbitmq.brokers", "capture.taken_at"),
    evidence=("rabbitmq * status",),
    levels=SUPPORT_LEVELS,
    impact=3,
    change_risk=3,
    check=for_each("version", judge=judge_version),
    told_by=ANSWERS,
)


def judge_erlang(levels: Levels, name: str, version: Version, taken_at: datetime) -> Iterator[Finding]:
    yield support_finding(levels, name, "erlang", version, taken_at)


RABBITMQ_ERLANG = Rule(
    id="rabbitmq_erlang",
    title="The Erlang below RabbitMQ gets fixes",
    domain=Domain.PLATFORM,
    why="TLS and the network are Erlang's: its holes are RabbitMQ's.",
    fix="Upgrade Erlang together with RabbitMQ; https://www.rabbitmq.com/which-erlang.html says which go together.",
    needs=("rabbitmq.brokers", "capture.taken_at"),
    evidence=("rabbitmq * status",),
    levels=SUPPORT_LEVELS,
    impact=2,
    change_risk=3,
    check=for_each("erlang", judge=judge_erlang),
    told_by=ANSWERS,
)


def judge_alarms(_levels: Levels, name: str, status: Status) -> Iterator[Finding]:
    for alarm in status.alarms:
        yield Finding(Severity.CRITICAL, f"{name} {alarm}", "an alarm is raised: all programs that publish are held up")
    if status.maintenance:
        yield Finding(Severity.WARNING, name, "is under maintenance: it takes no clients")
    elif not status.alarms:
        yield Finding(Severity.OK, name, "no alarm is raised")


RABBITMQ_ALARMS = Rule(
    id="rabbitmq_alarms",
    title="RabbitMQ raises no alarm",
    domain=Domain.PLATFORM,
    why="While an alarm for memory or disk is raised, no message is accepted on the whole cluster.",
    fix="Free memory or disk: let consumers catch up, purge what nobody wants, enlarge the disk.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * status",),
    impact=4,
    check=for_each("status", judge=judge_alarms),
    told_by=ANSWERS,
)


def judge_memory(levels: Levels, name: str, status: Status) -> Iterator[Finding]:
    if isinstance(status.memory, Unknown | NotHere):
        yield Finding(Severity.UNKNOWN, name, status.memory.reason, status.memory.values)
    elif not status.memory.limit:
        yield Finding(Severity.WARNING, name, "the memory watermark is 0: all programs that publish are held up")
    else:
        ratio = status.memory.used / status.memory.limit
        yield Finding(levels["used_ratio"].grade(ratio), name, "{used_bytes} used of the {limit_bytes} at which publishing stops",
                      {"used_ratio": ratio, "used_bytes": status.memory.used, "limit_bytes": status.memory.limit})


RABBITMQ_MEMORY = Rule(
    id="rabbitmq_memory",
    title="RabbitMQ stays below its memory watermark",
    domain=Domain.PLATFORM,
    why="At the watermark it stops taking messages until consumers have caught up.",
    fix="rabbitmq-diagnostics memory_breakdown shows what takes it: long queues, many connections; then consumers, limits or more memory.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * status",),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="awesome-prometheus-alerts (RabbitMQ memory high): 90 %; 80: our "
                                "judgement")},
    impact=4,
    check=for_each("status", judge=judge_memory),
    told_by=ANSWERS,
)


def judge_disk(levels: Levels, name: str, status: Status) -> Iterator[Finding]:
    margin = status.disk_free_bytes - status.disk_limit_bytes
    values = {"margin_bytes": margin, "free_bytes": status.disk_free_bytes, "limit_bytes": status.disk_limit_bytes}
    severity = levels["margin_bytes"].grade(margin)
    if severity is Severity.OK and status.disk_limit_bytes < GIB:
        yield Finding(Severity.INFO, name, "{free_bytes} free; publishing stops only at {limit_bytes}, which may be too late", values)
    else:
        yield Finding(severity, name, "{free_bytes} free; publishing stops at {limit_bytes}", values)


RABBITMQ_DISK = Rule(
    id="rabbitmq_disk",
    title="RabbitMQ has disk space left",
    domain=Domain.PLATFORM,
    why="Below disk_free_limit it stops taking messages; on a full disk it loses them, and may not start again.",
    fix="Make room in its data folder; set disk_free_limit.absolute to 2 GB or the memory watermark.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * status",),
    levels={"margin_bytes": Below(warning=GIB, critical=0, source="RabbitMQ: at disk_free_limit publishing stops; 1 GiB before that: our "
                                  "judgement")},
    impact=4,
    check=for_each("status", judge=judge_disk),
    told_by=ANSWERS,
)


def judge_resources(levels: Levels, name: str, status: Status) -> Iterator[Finding]:
    for thing, part in (("files", status.files), ("sockets", status.sockets), ("Erlang processes", status.processes)):
        if isinstance(part, Used) and part.limit > 0:
            ratio = part.used / part.limit
            yield Finding(levels["used_ratio"].grade(ratio), f"{name} {thing}", "{used_count} of {limit_count} are used",
                          {"used_ratio": ratio, "used_count": part.used, "limit_count": part.limit})
        elif isinstance(part, Unknown):
            yield Finding(Severity.UNKNOWN, f"{name} {thing}", part.reason, part.values)
        else:
            yield Finding(Severity.OK, f"{name} {thing}", "there is no limit, or this version does not tell it")


RABBITMQ_RESOURCES = Rule(
    id="rabbitmq_resources",
    title="RabbitMQ has files, sockets and processes left",
    domain=Domain.PLATFORM,
    why="At its limit of files or sockets it takes no more connections; at that of processes it ends.",
    fix="Raise LimitNOFILE of the unit; look for programs that open connections or queues and never close them.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * status",),
    levels={"used_ratio": Above(warning=0.80, critical=0.90, source="awesome-prometheus-alerts (RabbitMQ file descriptors usage): 90 %; "
                                "80: our judgement")},
    impact=3,
    check=for_each("status", judge=judge_resources),
    told_by=ANSWERS,
)


def judge_cluster(_levels: Levels, name: str, cluster: Cluster) -> Iterator[Finding]:
    for partition in cluster.partitions:
        yield Finding(Severity.CRITICAL, f"{name} {partition}", "the cluster is split: its parts no longer know of each other's messages")
    down = [node for node in cluster.nodes if node not in cluster.running]
    for node in down:
        yield Finding(Severity.CRITICAL, f"{name} {node}", "this node of the cluster does not run")
    if not cluster.partitions and not down:
        yield Finding(Severity.OK, name, "all {nodes_count} nodes run and see each other", {"nodes_count": len(cluster.nodes)})


RABBITMQ_CLUSTER = Rule(
    id="rabbitmq_cluster",
    title="All nodes of the RabbitMQ cluster run together",
    domain=Domain.PLATFORM,
    why="A split cluster loses messages when it is joined again; a missing node has taken its queues' replicas with it.",
    fix="Start the missing node. After a split choose the part to keep, and restart the nodes of the other; set "
    "cluster_partition_handling.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * cluster",),
    impact=4,
    change_risk=3,
    check=for_each("cluster", judge=judge_cluster),
    told_by=ANSWERS,
)


def judge_same_version(_levels: Levels, name: str, cluster: Cluster) -> Iterator[Finding]:
    versions = sorted(set(cluster.versions.values()))
    if len(versions) > 1:
        yield Finding(Severity.WARNING, name, "the nodes run different versions: {versions}", {"versions": versions})
    elif cluster.disabled_flags:
        yield Finding(Severity.INFO, name, "stable feature flags are not enabled: {flags}; the next upgrade may need them",
                      {"flags": list(cluster.disabled_flags)})
    else:
        yield Finding(Severity.OK, name, "all nodes run {versions}, with all stable feature flags", {"versions": versions})


RABBITMQ_SAME_VERSION = Rule(
    id="rabbitmq_same_version",
    title="All nodes of the RabbitMQ cluster are of one version",
    domain=Domain.PLATFORM,
    why="Mixed versions are meant for the hours of an upgrade; afterwards they are an upgrade that was left half done.",
    fix="Finish the upgrade; then rabbitmqctl enable_feature_flag all.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * cluster",),
    impact=2,
    change_risk=2,
    check=for_each("cluster", judge=judge_same_version),
    told_by=ANSWERS,
)


def check_guest(_levels: Levels, brokers: tuple[Broker, ...]) -> Iterator[Finding]:
    for broker in brokers:
        guest = broker.guest
        if isinstance(guest, NotHere):
            yield Finding(Severity.OK, broker.name, guest.reason, guest.values)
        elif isinstance(guest, Unknown):
            yield Finding(Severity.UNKNOWN, broker.name, guest.reason, guest.values)
        else:
            yield guest_finding(broker.name, guest)


def guest_finding(name: str, guest: Guest) -> Finding:
    if guest.default_password is None:
        return Finding(Severity.UNKNOWN, name, "the account guest is there; whether it has its well-known password could not be tried")
    if guest.default_password and guest.from_anywhere:
        return Finding(Severity.CRITICAL, name, "guest with its well-known password may log on from everywhere ({tags})",
                       {"tags": list(guest.tags)})
    if guest.default_password:
        return Finding(Severity.WARNING, name, "guest has its well-known password: whoever is on this host may log on ({tags})",
                       {"tags": list(guest.tags)})
    return Finding(Severity.OK, name, "guest has a password of its own")


RABBITMQ_DEFAULT_ACCOUNT = Rule(
    id="rabbitmq_default_account",
    title="RabbitMQ has no default account",
    domain=Domain.PLATFORM,
    why="The password of guest is known to everyone, and guest is an administrator.",
    fix="Make accounts for programs and people, then rabbitmqctl delete_user guest.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * users", "rabbitmq * guest", "rabbitmq * settings"),
    impact=4,
    check=check_guest,
    told_by=ANSWERS,
)


def judge_listeners(_levels: Levels, name: str, status: Status) -> Iterator[Finding]:
    plain = sorted({f"{item.protocol} {item.port}" for item in status.listeners
                    if item.protocol in ("amqp", "mqtt", "stomp", "http", "stream") and not item.interface.startswith(LOOPBACK)})
    if plain:
        yield Finding(Severity.INFO, name, "other hosts may send passwords and messages in clear text: {listeners}", {"listeners": plain})
    else:
        yield Finding(Severity.OK, name, "other hosts reach it over TLS only")


RABBITMQ_LISTENERS = Rule(
    id="rabbitmq_listeners",
    title="Programs reach RabbitMQ over TLS",
    domain=Domain.PLATFORM,
    why="Without TLS passwords and messages can be read in the network.",
    fix="listeners.ssl.default = 5671 with a certificate, move the programs, then listeners.tcp = none.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * status",),
    impact=2,
    change_risk=2,
    check=for_each("status", judge=judge_listeners),
    told_by=ANSWERS,
)


def judge_channels(levels: Levels, name: str, found: Connections) -> Iterator[Finding]:
    each = found.channels_count / found.connections_count if found.connections_count else 0.0
    values = {"channels_each": each, "channels_count": found.channels_count, "connections_count": found.connections_count}
    severity = min(levels["channels_each"].grade(each), levels["channels_count"].grade(found.channels_count))
    yield Finding(severity, name, "{channels_count} channels on {connections_count} connections", values)


RABBITMQ_CHANNELS = Rule(
    id="rabbitmq_channels",
    title="Programs close their channels to RabbitMQ",
    domain=Domain.PLATFORM,
    why="A program that opens channels and never closes them takes the broker's memory until it ends.",
    fix="rabbitmqctl list_connections name channels shows whose they are; set channel_max.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * connections",),
    levels={
        "channels_each": Above(warning=10, source="our judgement: one for each thread is usual; judged together with channels_count"),
        "channels_count": Above(warning=200, source="our judgement: fewer do no harm; judged together with channels_each"),
    },
    impact=2,
    check=for_each("connections", judge=judge_channels),
    told_by=ANSWERS,
)


def judge_backlog(levels: Levels, name: str, queues: tuple[Queue, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    long = [queue for queue in queues if levels["ready_count"].grade(queue.ready_count) and not is_dead_letters(queue)]
    for queue in long:
        thing = f"{name} {queue.name}"
        values = {"ready_count": queue.ready_count, "consumers_count": queue.consumers_count}
        if not queue.consumers_count:
            yield Finding(Severity.WARNING, thing, "{ready_count} messages wait, and no one consumes them", values)
        elif history.get(thing, {}).get("ready_count"):
            yield Finding(Severity.WARNING, thing, "{ready_count} messages wait for {consumers_count} consumers, as at the last "
                          "inspection", values)
        else:
            yield Finding(Severity.INFO, thing, "{ready_count} messages wait for {consumers_count} consumers; it may be a moment's peak",
                          values)
    if not long:
        yield Finding(Severity.OK, name, "no queue of {queues_count} is long", {"queues_count": len(queues)})


RABBITMQ_BACKLOG = Rule(
    id="rabbitmq_backlog",
    title="Messages in RabbitMQ are consumed",
    domain=Domain.PLATFORM,
    why="A queue that only grows fills memory and disk, and what it carries comes late or never.",
    fix="See whether its consumers run and why they are slow; set a message TTL or length limit for what may be lost.",
    needs=("rabbitmq.brokers", "history.rabbitmq_backlog"),
    evidence=("rabbitmq * queues",),
    levels={"ready_count": Above(warning=1000, source="awesome-prometheus-alerts (RabbitMQ too many ready messages): 1000")},
    impact=3,
    track=("ready_count",),
    check=for_each("queues", judge=judge_backlog),
    told_by=ANSWERS,
)


def judge_unacknowledged(levels: Levels, name: str, queues: tuple[Queue, ...]) -> Iterator[Finding]:
    many = [queue for queue in queues if levels["unacknowledged_count"].grade(queue.unacknowledged_count)]
    for queue in many:
        yield Finding(levels["unacknowledged_count"].grade(queue.unacknowledged_count), f"{name} {queue.name}",
                      "{unacknowledged_count} messages were taken by {consumers_count} consumers, and not acknowledged",
                      {"unacknowledged_count": queue.unacknowledged_count, "consumers_count": queue.consumers_count})
    if not many:
        yield Finding(Severity.OK, name, "consumers acknowledge what they take")


RABBITMQ_UNACKNOWLEDGED = Rule(
    id="rabbitmq_unacknowledged",
    title="Consumers of RabbitMQ acknowledge what they take",
    domain=Domain.PLATFORM,
    why="Messages that are taken and not acknowledged lie in memory, and all come again when the consumer ends.",
    fix="Look at that consumer; set a prefetch (basic.qos) of some tens.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * queues",),
    levels={"unacknowledged_count": Above(warning=1000, source="awesome-prometheus-alerts (RabbitMQ too many unack messages): 1000")},
    impact=2,
    check=for_each("queues", judge=judge_unacknowledged),
    told_by=ANSWERS,
)


def is_dead_letters(queue: Queue) -> bool:
    return DEAD_LETTERS.search(queue.name) is not None


def judge_dead_letters(levels: Levels, name: str, queues: tuple[Queue, ...]) -> Iterator[Finding]:
    dead = [queue for queue in queues if is_dead_letters(queue)]
    for queue in dead:
        yield Finding(levels["dead_count"].grade(queue.ready_count), f"{name} {queue.name}", "{dead_count} messages that could not be "
                      "delivered or were refused",
                      {"dead_count": queue.ready_count})
    if not dead:
        yield Finding(Severity.OK, name, "no queue has the name of one for dead letters")


RABBITMQ_DEAD_LETTERS = Rule(
    id="rabbitmq_dead_letters",
    title="Few dead letters lie in RabbitMQ",
    domain=Domain.PLATFORM,
    why="A dead letter is a message that no program could process: an order, a payment, a mail that did not happen.",
    fix="Read some of them with the owner of the program, mend the cause, then move them back or delete them.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * queues",),
    levels={"dead_count": Above(warning=11, source="awesome-prometheus-alerts (RabbitMQ dead letter queue filling up): more than 10")},
    impact=3,
    check=for_each("queues", judge=judge_dead_letters),
    told_by=ANSWERS,
)


def judge_queues(_levels: Levels, name: str, queues: tuple[Queue, ...], cluster: Cluster) -> Iterator[Finding]:
    bad = [finding for queue in queues for finding in queue_findings(f"{name} {queue.name}", queue)]
    yield from bad
    single = [queue.name for queue in queues if queue.durable and queue.kind == "classic" and not queue.mirrors]
    if len(cluster.nodes) > 1 and single:
        yield Finding(Severity.INFO, name, "{single_count} durable queues live on one node only, such as {names}",
                      {"single_count": len(single), "names": single[:5]})
    elif not bad:
        yield Finding(Severity.OK, name, "all {queues_count} queues are there with all their replicas", {"queues_count": len(queues)})


def queue_findings(thing: str, queue: Queue) -> Iterator[Finding]:
    values = {"state": queue.state, "online_count": len(queue.online), "members_count": len(queue.members),
              "synchronised_count": len(queue.synchronised), "mirrors_count": len(queue.mirrors)}
    if queue.state not in ALIVE:
        yield Finding(Severity.CRITICAL, thing, "this queue is in state {state}", values)
    elif len(queue.members) > 1 and len(queue.online) * 2 <= len(queue.members):
        yield Finding(Severity.CRITICAL, thing, "{online_count} of {members_count} members are online: no majority", values)
    elif len(queue.online) < len(queue.members):
        yield Finding(Severity.WARNING, thing, "{online_count} of {members_count} members are online", values)
    elif len(queue.synchronised) < len(queue.mirrors):
        yield Finding(Severity.WARNING, thing, "{synchronised_count} of {mirrors_count} mirrors are up to date", values)


RABBITMQ_QUEUES = Rule(
    id="rabbitmq_queues",
    title="All queues of RabbitMQ are there with their replicas",
    domain=Domain.PLATFORM,
    why="A queue that is down takes and gives no messages; one whose replicas are missing is lost with the next node.",
    fix="Start the missing nodes; rabbitmq-queues grow, or rabbitmqctl sync_queue; quorum queues for what must not be lost.",
    needs=("rabbitmq.brokers",),
    evidence=("rabbitmq * queues", "rabbitmq * cluster"),
    impact=4,
    change_risk=2,
    check=for_each("queues", "cluster", judge=judge_queues),
    told_by=ANSWERS,
)

RULES = (RABBITMQ_ANSWERS, RABBITMQ_VERSION, RABBITMQ_ERLANG, RABBITMQ_ALARMS, RABBITMQ_MEMORY, RABBITMQ_DISK, RABBITMQ_RESOURCES,
         RABBITMQ_CLUSTER, RABBITMQ_SAME_VERSION, RABBITMQ_DEFAULT_ACCOUNT, RABBITMQ_LISTENERS, RABBITMQ_CHANNELS, RABBITMQ_BACKLOG,
         RABBITMQ_UNACKNOWLEDGED, RABBITMQ_DEAD_LETTERS, RABBITMQ_QUEUES)
