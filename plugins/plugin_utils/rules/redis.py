# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ..absent import Unknown
from ..facts.middleware import Presence, Version
from ..facts.redis import HANGS
from ..facts.redis_model import LOOPBACK, Access, Link, Memory, Process, Server, Settings, System
from ..findings import Above, Domain, Finding, Rule, Severity
from . import redis_load, redis_state
from .middleware import SUPPORT_LEVELS, not_running, support_finding
from .redis_each import ANSWERS, Levels, each


def check_answers(_levels: Levels, presence: Presence, servers: tuple[Server, ...]) -> Iterator[Finding]:
    if presence.servers and presence.enabled_unit:
        yield Finding(Severity.CRITICAL, presence.enabled_unit, "is enabled, but does not run")
    yield from not_running(presence)
    for server in servers:
        yield from answer_findings(server)


def answer_findings(server: Server) -> Iterator[Finding]:
    parts = (server.mode, server.settings, server.access, server.cluster, server.sentinel)
    silent = next((part for part in parts if isinstance(part, Unknown)), None)
    if silent is None:
        yield Finding(Severity.OK, server.name, "answers")
        return
    yield Finding(Severity.UNKNOWN, server.name, silent.reason, silent.values)
    if silent.reason == HANGS:
        yield Finding(Severity.CRITICAL, f"{server.name} response", "runs, but answers nothing: its clients wait too")


REDIS_ANSWERS = Rule(
    id=ANSWERS,
    title="Redis runs and answers",
    domain=Domain.DATABASE,
    why="A Redis that does not run or hangs serves no one; one that can't be asked is not inspected.",
    fix="Start it, and read its log for why it ended or hangs. Where it wants a password, give it in caretaker_credentials (subject "
    "redis); "
        "docs/inspection.md says which commands that account needs. Inspect containers as hosts of their own.",
    needs=("redis.presence", "redis.found"),
    evidence=("redis instances", "redis * info", "redis * rest"),
    impact=4,
    change_risk=2,
    check=check_answers,
)


def judge_version(levels: Levels, name: str, version: Version, product: str, taken_at: datetime) -> Iterator[Finding]:
    yield support_finding(levels, name, product.lower() if product != "KeyDB" else "redis", version, taken_at)


REDIS_VERSION = Rule(
    id="redis_version",
    title="Redis is of a branch that gets fixes",
    domain=Domain.DATABASE,
    why="Holes found in a branch that ended are published, and stay open.",
    fix="Plan the upgrade to a branch that is mended, replicas first, or to the distribution's package.",
    needs=("redis.servers", "capture.taken_at"),
    evidence=("redis * info",),
    levels=SUPPORT_LEVELS,
    impact=3,
    change_risk=2,
    check=each(judge_version, "version", "product"),
    told_by=ANSWERS,
)


def judge_access(_levels: Levels, name: str, access: Access, process: Process, settings: Settings | None) -> Iterator[Finding]:
    users = access.users if isinstance(access.users, tuple) else ()
    open_users = [user.name for user in users if user.enabled and user.without_password and user.may_all]
    outside = sorted({address for address in process.addresses if not address.startswith(LOOPBACK)})
    values = {"addresses": outside, "users": open_users}
    if access.open and process.reachable and not (settings is not None and settings.protected):
        yield Finding(Severity.CRITICAL, name, "anyone who reaches {addresses} may read, change and delete all data: no password, no "
                      "protected mode", values)
    elif access.open and process.reachable:
        yield Finding(Severity.INFO, name, "it listens on {addresses} without a password; only protected mode keeps other hosts away",
                      values)
    elif access.open:
        yield Finding(Severity.OK, name, "needs no password, but listens on this host only")
    elif open_users:
        yield Finding(Severity.WARNING, name, "accounts without a password may do everything: {users}", values)
    else:
        yield Finding(Severity.OK, name, "needs a password")


def check_access(levels: Levels, servers: tuple[Server, ...]) -> Iterator[Finding]:
    for server in servers:
        settings = server.settings if isinstance(server.settings, Settings) else None
        if isinstance(server.settings, Unknown) and isinstance(server.access, Access) and server.access.open:
            yield Finding(Severity.UNKNOWN, server.name, server.settings.reason, server.settings.values)
        elif server.mode == "sentinel":
            yield Finding(Severity.OK, server.name, "a sentinel: it hands out no data")
        else:
            yield from each(lambda levels, name, access, process, chosen=settings: judge_access(levels, name, access, process, chosen),
                            "access", "process")(levels, (server,))


REDIS_ACCESS = Rule(
    id="redis_access",
    title="Redis asks other hosts for a password",
    domain=Domain.DATABASE,
    why="A Redis that is open to the network is found within hours; by CONFIG SET and SAVE it lets anyone write files as its account.",
    fix="bind to the addresses that are needed, requirepass or ACL accounts, protected-mode yes; and a firewall.",
    needs=("redis.servers",),
    evidence=("redis * access", "redis * process", "redis * config"),
    impact=4,
    check=check_access,
    told_by=ANSWERS,
)


def judge_commands(_levels: Levels, name: str, access: Access, process: Process) -> Iterator[Finding]:
    if process.reachable and access.commands:
        yield Finding(Severity.INFO, name, "commands that can delete all data or stop it are to be had by their own names: {commands}",
                      {"commands": list(access.commands)})
    else:
        yield Finding(Severity.OK, name, "no dangerous command is to be had from other hosts")


REDIS_DANGEROUS_COMMANDS = Rule(
    id="redis_dangerous_commands",
    title="Dangerous commands of Redis are kept from programs",
    domain=Domain.DATABASE,
    why="One wrong FLUSHALL or KEYS of a program empties or stops the whole server.",
    fix="Give programs ACL accounts without @dangerous, or rename-command in old versions.",
    needs=("redis.servers",),
    evidence=("redis * access",),
    impact=2,
    check=each(judge_commands, "access", "process"),
    told_by=ANSWERS,
)


def judge_encryption(_levels: Levels, name: str, link: Link, settings: Settings) -> Iterator[Finding]:
    values = {"master": link.master}
    if settings.encrypted_replication:
        yield Finding(Severity.OK, name, "follows {master} over TLS", values)
    elif link.master.startswith((*LOOPBACK, "localhost")):
        yield Finding(Severity.OK, name, "follows a primary on this host", values)
    else:
        yield Finding(Severity.WARNING, name, "follows {master} in clear text: data and password can be read in the network", values)


REDIS_REPLICATION_ENCRYPTED = Rule(
    id="redis_replication_encrypted",
    title="Redis replicates over TLS",
    domain=Domain.DATABASE,
    why="The stream of changes holds all data, and begins with the password.",
    fix="tls-replication yes with tls-port on the primary, or a tunnel; at least a network of its own.",
    needs=("redis.servers",),
    evidence=("redis * info", "redis * config"),
    impact=2,
    change_risk=2,
    check=each(judge_encryption, "link", "settings"),
    told_by=ANSWERS,
)


def judge_huge_pages(_levels: Levels, name: str, process: Process, settings: Settings, system: System) -> Iterator[Finding]:
    values = {"setting": system.huge_pages}
    if system.huge_pages != "always":
        yield Finding(Severity.OK, name, "transparent huge pages are not given to all ({setting})" if system.huge_pages else
                      "this kernel has no transparent huge pages", values)
    elif process.huge_pages is False or settings.thp_off:
        yield Finding(Severity.OK, name, "it has turned off transparent huge pages for itself", values)
    else:
        yield Finding(Severity.WARNING, name, "transparent huge pages are on for it: after each fork a small change copies 2 MiB", values)


REDIS_HUGE_PAGES = Rule(
    id="redis_huge_pages",
    title="Redis gets no transparent huge pages",
    domain=Domain.DATABASE,
    why="While it saves or copies to a replica, every small change copies a huge page: latency and memory jump.",
    fix="echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, and for good by the kernel command line or a unit; disable-thp yes.",
    needs=("redis.servers", "redis.system"),
    evidence=("redis * process", "/sys/kernel/mm/transparent_hugepage/enabled"),
    impact=2,
    check=each(judge_huge_pages, "process", "settings"),
    told_by=ANSWERS,
)


def judge_overcommit(levels: Levels, name: str, memory: Memory, system: System) -> Iterator[Finding]:
    ratio = memory.used_bytes / system.memory_bytes
    values = {"overcommit": system.overcommit, "memory_ratio": ratio, "used_bytes": memory.used_bytes}
    if system.overcommit == 1:
        yield Finding(Severity.OK, name, "the kernel lets it fork whatever its size (vm.overcommit_memory 1)", values)
    elif levels["memory_ratio"].grade(ratio) is not Severity.OK:
        yield Finding(Severity.WARNING, name, "vm.overcommit_memory is {overcommit}, and its {used_bytes} are {memory_ratio} of the "
                      "memory: "
                      "saves and copies to replicas may fail", values)
    else:
        yield Finding(Severity.OK, name, "vm.overcommit_memory is {overcommit}; with {used_bytes} of data it can fork all the same", values)


REDIS_OVERCOMMIT = Rule(
    id="redis_overcommit",
    title="The kernel lets a large Redis fork",
    domain=Domain.DATABASE,
    why="To save, and to copy to a replica, Redis forks; the kernel may count all of its memory twice and refuse.",
    fix="sysctl vm.overcommit_memory=1, and for good in /etc/sysctl.d.",
    needs=("redis.servers", "redis.system"),
    evidence=("redis * info", "/proc/sys/vm/overcommit_memory"),
    levels={"memory_ratio": Above(warning=0.40, source="Redis documentation (administration) asks for 1 always; under 40 % a fork succeeds "
                                  "all the same: our judgement")},
    impact=3,
    check=each(judge_overcommit, "memory"),
    told_by=ANSWERS,
)


def judge_backlog(_levels: Levels, name: str, settings: Settings, system: System) -> Iterator[Finding]:
    values = {"backlog_count": settings.backlog, "limit_count": system.somaxconn}
    small = system.somaxconn < settings.backlog
    yield Finding(Severity.INFO if small else Severity.OK, name, "tcp-backlog {backlog_count}, but net.core.somaxconn allows "
                  "{limit_count}" if small else
                  "net.core.somaxconn {limit_count} allows its tcp-backlog {backlog_count}", values)


REDIS_BACKLOG = Rule(
    id="redis_backlog",
    title="The kernel allows the queue of connections that Redis asks for",
    domain=Domain.DATABASE,
    why="When many clients connect at once, those beyond the queue are dropped and wait for seconds.",
    fix="sysctl net.core.somaxconn=4096, and restart Redis.",
    needs=("redis.servers", "redis.system"),
    evidence=("redis * config", "/proc/sys/net/core/somaxconn"),
    impact=1,
    check=each(judge_backlog, "settings"),
    told_by=ANSWERS,
)

RULES = (REDIS_ANSWERS, REDIS_VERSION, REDIS_ACCESS, REDIS_DANGEROUS_COMMANDS, REDIS_REPLICATION_ENCRYPTED, REDIS_HUGE_PAGES,
         REDIS_OVERCOMMIT, REDIS_BACKLOG, *redis_load.RULES, *redis_state.RULES)
