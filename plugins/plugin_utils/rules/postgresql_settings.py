# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: its settings, its log, the memory it takes, who may come in and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..absent import NotHere, Unknown
from ..facts.postgresql import Kernel
from ..facts.postgresql_model import Access, Connections, Instance, Password, Role, Setting
from ..findings import DAY, GIB, Above, Below, Domain, Finding, Rule, Severity
from .postgresql_each import TOLD_BY, amount, both, each, text

Instances = tuple[Instance, ...]
Settings = Mapping[str, Setting]


def check_pending(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, settings: Settings) -> Iterator[Finding]:
        waiting = [name for name, item in settings.items() if item.pending_restart]
        if waiting:
            yield Finding(Severity.WARNING, instance.name, "{names} was changed and waits for a restart", {"names": ", ".join(waiting)})
        else:
            yield Finding(Severity.OK, instance.name, "no setting waits for a restart")

    yield from each(instances, lambda instance: instance.settings, judge)


PENDING = Rule(
    id="postgresql_pending_restart",
    title="No changed setting waits for a restart",
    domain=Domain.DATABASE,
    why="The server runs with another value than its files say, and the next restart, perhaps at a bad moment, changes how it behaves.",
    fix="Restart it in a maintenance window, or take the change back.",
    needs=("postgresql.instances",),
    evidence=("postgresql * settings",),
    impact=2,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_pending,
)


OF_STANDBYS = ("primary_conninfo", "primary_slot_name", "restore_command")     # pg_basebackup writes them there


def check_source(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, settings: Settings) -> Iterator[Finding]:
        auto = [name for name, item in settings.items() if item.file.endswith("postgresql.auto.conf") and name not in OF_STANDBYS]
        if auto:
            yield Finding(Severity.INFO, instance.name, "set by ALTER SYSTEM, past the files that people look "
                                                        "at: {names}", {"names": ", ".join(auto)})
        else:
            yield Finding(Severity.OK, instance.name, "no setting was made by ALTER SYSTEM")

    yield from each(instances, lambda instance: instance.settings, judge)


SOURCE = Rule(
    id="postgresql_settings_source",
    title="Settings stand where people look for them",
    domain=Domain.DATABASE,
    why="What ALTER SYSTEM wrote wins over postgresql.conf, and an edit there then does nothing.",
    fix="Move them into the configuration that is managed, then ALTER SYSTEM RESET.",
    needs=("postgresql.instances",),
    evidence=("postgresql * settings",),
    impact=1,
    told_by=TOLD_BY,
    check=check_source,
)
WORTH_LOGGING = ("log_checkpoints", "log_lock_waits")


def check_logging(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, settings: Settings) -> Iterator[Finding]:
        off = [name for name in WORTH_LOGGING if text(settings, name) == "off"]
        off += ["log_temp_files"] if text(settings, "log_temp_files") == "-1" else []
        silent = text(settings, "log_min_messages") in ("fatal", "panic", "log")
        lost = text(settings, "log_destination") == "stderr" and "%t" not in text(settings, "log_line_prefix") and \
            not any(sign in text(settings, "log_line_prefix") for sign in ("%m", "%n"))
        if silent:
            yield Finding(Severity.WARNING, instance.name, "log_min_messages = {level}: errors and warnings are not logged",
                          {"level": text(settings, "log_min_messages")})
        elif lost:
            yield Finding(Severity.WARNING, instance.name, "log_line_prefix has no time: nobody can tell when something happened")
        elif off:
            yield Finding(Severity.INFO, instance.name, "not logged: {names}", {"names": ", ".join(off)})
        else:
            yield Finding(Severity.OK, instance.name, "it logs what one needs to find a problem afterwards")

    yield from each(instances, lambda instance: instance.settings, judge)


LOGGING = Rule(
    id="postgresql_logging",
    title="PostgreSQL logs what one needs afterwards",
    domain=Domain.DATABASE,
    why="Without these lines nobody can say afterwards why it was slow or what failed.",
    fix="Set log_checkpoints and log_lock_waits to on, log_temp_files to a size such as 10MB, log_line_prefix with %m [%p] "
        "%q%u@%d; reload.",
    needs=("postgresql.instances",),
    evidence=("postgresql * settings",),
    impact=1,
    told_by=TOLD_BY,
    check=check_logging,
)


def check_memory(levels: Mapping[str, Any], instances: Instances, kernel: Kernel) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[Settings, Connections]) -> Iterator[Finding]:
        settings, now = pair
        memory = kernel.memory_bytes
        if isinstance(memory, Unknown | NotHere):
            yield Finding(Severity.UNKNOWN, instance.name, memory.reason, memory.values)
            return
        shared, work = amount(settings, "shared_buffers"), amount(settings, "work_mem")
        ratio = shared / memory
        wanted = (shared + work * max(now.used_count, 1)) / memory
        values = {"shared_ratio": ratio, "shared_bytes": shared, "work_bytes": work, "memory_bytes": memory, "wanted_ratio": wanted}
        severity = max(levels["shared_ratio"].grade(ratio), levels["wanted_ratio"].grade(wanted))
        if severity > Severity.OK:
            yield Finding(severity, instance.name,
                          "shared_buffers {shared_bytes} and work_mem {work_bytes} for each session now connected may take "
                          "{wanted_ratio} of memory",
                          values)
        elif shared <= 128 * 1024**2 and memory >= 4 * GIB:
            yield Finding(Severity.INFO, instance.name, "shared_buffers is {shared_bytes}, as delivered, on a host with "
                                                        "{memory_bytes}", values)
        else:
            yield Finding(Severity.OK, instance.name, "shared_buffers {shared_bytes} is {shared_ratio} of memory", values)

    yield from each(instances, both(lambda instance: instance.settings, lambda instance: instance.connections), judge)


MEMORY = Rule(
    id="postgresql_memory",
    title="PostgreSQL's memory settings fit the host",
    domain=Domain.DATABASE,
    why="Too much of them and the kernel kills the server; the delivered 128 MB leave a large host unused.",
    fix="shared_buffers a quarter of memory on a host of its own; work_mem so that all sessions fit; huge pages from 8 GB on.",
    needs=("postgresql.instances", "postgresql.kernel"),
    evidence=("postgresql * settings", "/proc/meminfo"),
    levels={
        "shared_ratio": Above(warning=0.60, source="PostgreSQL manual 19.4: over 40 % hardly ever helps; 60 %: our judgement"),
        "wanted_ratio": Above(warning=1.00, critical=2.00, source="our judgement: more than there is"),
    },
    impact=3,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_memory,
)
LARGE_SHARED = 8 * GIB      # from here on small pages cost gigabytes of page tables over all sessions


def check_kernel(_levels: Mapping[str, Any], instances: Instances, kernel: Kernel) -> Iterator[Finding]:
    def judge(instance: Instance, settings: Settings) -> Iterator[Finding]:
        huge, swappiness, overcommit = kernel.huge_total_bytes, kernel.swappiness, kernel.overcommit
        for value in (huge, swappiness, overcommit):
            if isinstance(value, Unknown | NotHere):
                yield Finding(Severity.UNKNOWN, instance.name, value.reason, value.values)
                return
        shared = amount(settings, "shared_buffers")
        values = {"shared_bytes": shared, "huge_bytes": huge, "mode": text(settings, "huge_pages"),
                  "status": text(settings, "huge_pages_status")}
        without = values["status"] == "off" or (not values["status"] and isinstance(huge, int) and huge < shared)
        if shared >= LARGE_SHARED and without:
            yield Finding(Severity.WARNING, instance.name, "shared_buffers of {shared_bytes} lie in small pages ({huge_bytes} of huge "
                                                           "pages reserved)",
                          values)
        elif shared >= LARGE_SHARED and isinstance(overcommit, int) and overcommit != 2:
            yield Finding(Severity.INFO, instance.name, "vm.overcommit_memory is not 2: the kernel may kill the server for "
                                                        "lack of memory", values)
        else:
            yield Finding(Severity.OK, instance.name, "the kernel's settings fit shared_buffers of {shared_bytes}", values)

    yield from each(instances, lambda instance: instance.settings, judge)


KERNEL = Rule(
    id="postgresql_kernel_settings",
    title="The kernel is set for a large PostgreSQL",
    domain=Domain.DATABASE,
    why="Every session maps all of shared_buffers: in small pages that takes gigabytes of tables and time at each access.",
    fix="Reserve vm.nr_hugepages for shared_memory_size_in_huge_pages, huge_pages = on; vm.overcommit_memory = 2 on a host of its own.",
    needs=("postgresql.instances", "postgresql.kernel"),
    evidence=("postgresql * settings", "/proc/meminfo", "/proc/sys/vm/overcommit_memory"),
    impact=2,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_kernel,
)


def check_superusers(levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, roles: tuple[Role, ...]) -> Iterator[Finding]:
        names = [item.name for item in roles if item.is_superuser and item.can_login]
        ending = [item.name for item in roles
                  if item.can_login and item.valid_seconds is not None and levels["valid_seconds"].grade(item.valid_seconds) > Severity.OK]
        values = {"names": ", ".join(names), "superuser_count": len(names), "ending": ", ".join(ending)}
        if ending:
            soonest = min(item.valid_seconds for item in roles if item.name in ending and item.valid_seconds is not None)
            yield Finding(levels["valid_seconds"].grade(soonest), instance.name, "passwords end in {valid_seconds} or have ended: {ending}",
                          {**values, "valid_seconds": soonest})
        yield Finding(levels["superuser_count"].grade(len(names)), instance.name + "/superusers", "{superuser_count} superusers may log "
                                                                                                  "in: {names}", values)

    yield from each(instances, lambda instance: instance.roles, judge)


SUPERUSERS = Rule(
    id="postgresql_roles",
    title="Few superusers, and no password about to end",
    domain=Domain.DATABASE,
    why="A superuser can do all that the server's account can, also read files and run programs; an application never needs that.",
    fix="Take SUPERUSER from applications and people (pg_monitor, pg_read_all_data, ... do); renew VALID UNTIL in time.",
    needs=("postgresql.instances",),
    evidence=("postgresql * roles",),
    levels={
        "superuser_count": Above(warning=4, source="our judgement: the owner, one for emergencies, one for a tool"),
        "valid_seconds": Below(warning=14 * DAY, source="our judgement; a password that has ended is a warning too"),
    },
    impact=2,
    told_by=TOLD_BY,
    check=check_superusers,
)


def check_passwords(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, passwords: tuple[Password, ...]) -> Iterator[Finding]:
        guessed = [item.name for item in passwords if item.is_guessed]
        plain = [item.name for item in passwords if item.kind == "plain"]
        old = [item.name for item in passwords if item.kind == "md5"]
        if guessed:
            yield Finding(Severity.CRITICAL, instance.name, "empty or trivial passwords: {names}", {"names": ", ".join(guessed)})
        elif plain:
            yield Finding(Severity.CRITICAL, instance.name, "passwords of an unknown or plain form: {names}", {"names": ", ".join(plain)})
        elif old:
            yield Finding(Severity.WARNING, instance.name, "passwords kept as MD5: {names}", {"names": ", ".join(old)})
        else:
            yield Finding(Severity.OK, instance.name, "all passwords are kept as SCRAM, or there is none")

    yield from each(instances, lambda instance: instance.passwords, judge)


PASSWORDS = Rule(
    id="postgresql_passwords",
    title="Passwords are strong and kept safely",
    domain=Domain.DATABASE,
    why="An MD5 entry serves as the password itself to whoever reads it, and PostgreSQL 18 announces its end.",
    fix="Set password_encryption = scram-sha-256, have the passwords set anew, then demand scram-sha-256 in pg_hba.conf.",
    needs=("postgresql.instances",),
    evidence=("postgresql * passwords",),
    impact=3,
    told_by=TOLD_BY,
    check=check_passwords,
)
LOCAL = ("", "127.0.0.1", "::1", "localhost", "samehost")
ANY4, ANY6 = ".".join("0" * 4), "::"
EVERYWHERE = (ANY4, ANY6, "all")


def check_access(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, lines: tuple[Access, ...]) -> Iterator[Finding]:
        def numbers(chosen: list[Access]) -> dict[str, Any]:
            return {"lines": ", ".join(f"{item.line_number} ({item.type} {item.database} {item.role} {item.address})".replace(" )", ")")
                                       for item in chosen[:10])}

        remote = [item for item in lines if item.type != "local" and item.address not in LOCAL]
        trusted = [item for item in lines if item.method == "trust"]
        broken = [item for item in lines if item.error]
        clear = [item for item in remote if item.method == "password"]
        wide = [item for item in remote if item.address in EVERYWHERE and (item.netmask in (ANY4, ANY6) or item.address == "all")
                and item.method not in ("reject", "cert")]
        if broken:
            yield Finding(Severity.WARNING, f"{instance.name}/errors", "pg_hba.conf has lines that the server can't "
                                                                       "read: {lines}", numbers(broken))
        if any(item in remote for item in trusted):
            yield Finding(Severity.CRITICAL, f"{instance.name}/trust", "anybody gets in over the network without a password: line {lines}",
                          numbers([item for item in trusted if item in remote]))
        elif trusted:
            yield Finding(Severity.WARNING, f"{instance.name}/trust", "every account of this host gets in as anybody without a password: "
                                                                      "line {lines}",
                          numbers(trusted))
        if clear:
            yield Finding(Severity.WARNING, f"{instance.name}/password", "passwords cross the network in clear text: "
                                                                         "line {lines}", numbers(clear))
        if wide:
            yield Finding(Severity.INFO, f"{instance.name}/anywhere", "any address may try to log in: line {lines}", numbers(wide))
        if not broken and not trusted and not clear:
            yield Finding(Severity.OK, instance.name, "pg_hba.conf lets nobody in without proof")

    yield from each(instances, lambda instance: instance.access, judge)


ACCESS = Rule(
    id="postgresql_access",
    title="Nobody gets in without a password",
    domain=Domain.DATABASE,
    why="With trust whoever reaches the port is whoever he says he is, also the superuser.",
    fix="Replace trust by peer (local) or scram-sha-256, and name the networks that need access; reload.",
    needs=("postgresql.instances",),
    evidence=("postgresql * access",),
    impact=4,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_access,
)


def check_tls(_levels: Mapping[str, Any], instances: Instances) -> Iterator[Finding]:
    def judge(instance: Instance, pair: tuple[Settings, Connections]) -> Iterator[Finding]:
        settings, now = pair
        listens = [item.strip() for item in text(settings, "listen_addresses").split(",") if item.strip()]
        remote = [item for item in listens if item not in LOCAL]
        values = {"plain_count": now.plain_remote_count, "addresses": ", ".join(listens) or "-"}
        if now.plain_remote_count:
            yield Finding(Severity.WARNING, instance.name, "{plain_count} sessions from other hosts are not encrypted", values)
        elif remote and text(settings, "ssl") == "off":
            yield Finding(Severity.INFO, instance.name, "it listens on {addresses} and offers no TLS", values)
        else:
            yield Finding(Severity.OK, instance.name, "no session from another host is unencrypted (it listens on {addresses})", values)

    yield from each(instances, both(lambda instance: instance.settings, lambda instance: instance.connections), judge)


TLS = Rule(
    id="postgresql_tls",
    title="Sessions from other hosts are encrypted",
    domain=Domain.DATABASE,
    why="What is not encrypted can be read and changed on its way: data, statements, and replication.",
    fix="Set ssl = on with a certificate, write hostssl in pg_hba.conf, and sslmode=verify-full in the applications.",
    needs=("postgresql.instances",),
    evidence=("postgresql * connections", "postgresql * settings"),
    impact=2,
    change_risk=2,
    told_by=TOLD_BY,
    check=check_tls,
)

RULES = (PENDING, SOURCE, LOGGING, MEMORY, KERNEL, SUPERUSERS, PASSWORDS, ACCESS, TLS)
