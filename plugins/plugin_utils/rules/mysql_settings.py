# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about who may use a MySQL or MariaDB server, and how it is set."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.mysql_model import Account, Machine, Names, Server
from ..findings import DAY, HOUR, Domain, Finding, Rule, Severity
from .mysql_each import ANSWERS, Levels, each

# Plugins that let in by the account of the operating system, a directory or a certificate: no secret is kept here
OUTSIDE = ("unix_socket", "auth_socket", "auth_pam", "pam", "gssapi", "authentication_ldap_simple", "authentication_ldap_sasl",
           "authentication_pam", "authentication_windows", "authentication_kerberos", "authentication_webauthn", "authentication_fido",
           "mysql_no_login")
OWN = ("mysql.sys", "mysql.session", "mysql.infoschema", "mariadb.sys")
SHOWN = 5       # names in a message; the rest are counted


def shown(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f", +{len(names) - SHOWN}" if len(names) > SHOWN else "")


def usable(accounts: tuple[Account, ...]) -> list[Account]:
    return [account for account in accounts if not account.locked and account.user not in OWN]


def judge_anonymous(_levels: Levels, server: Server, accounts: tuple[Account, ...]) -> Iterator[Finding]:
    names = [account.name for account in usable(accounts) if not account.user]
    if names:
        yield Finding(Severity.CRITICAL, server.name, "anyone may log on without a name: {names}", {"names": shown(names)})
    else:
        yield Finding(Severity.OK, server.name, "no anonymous account")


MYSQL_ANONYMOUS = Rule(
    id="mysql_anonymous",
    title="No anonymous accounts",
    domain=Domain.DATABASE,
    why="An account without a name lets anybody in, and may be chosen before the account that was meant.",
    fix="DROP USER ''@'...' for each of them (mysql_secure_installation does it).",
    needs=("mysql.servers",),
    evidence=("mysql * accounts",),
    impact=4,
    told_by=ANSWERS,
    check=each(judge_anonymous, "accounts"),
)


def judge_empty_passwords(_levels: Levels, server: Server, accounts: tuple[Account, ...]) -> Iterator[Finding]:
    empty = [account.name for account in usable(accounts) if account.user and not account.protected and account.plugin not in OUTSIDE]
    if server.skip_grants:
        yield Finding(Severity.CRITICAL, server.name, "runs with --skip-grant-tables: anybody may do anything, without a password")
    elif empty:
        yield Finding(Severity.CRITICAL, server.name, "{empty_count} accounts without a password: {names}",
                      {"empty_count": len(empty), "names": shown(empty)})
    else:
        yield Finding(Severity.OK, server.name, "all accounts are protected")


MYSQL_EMPTY_PASSWORDS = Rule(
    id="mysql_empty_passwords",
    title="No account is without a password",
    domain=Domain.DATABASE,
    why="Whoever reaches the port gets in with the name alone.",
    fix="ALTER USER ... IDENTIFIED BY a password, or IDENTIFIED VIA unix_socket (auth_socket) for local accounts, or ACCOUNT LOCK.",
    needs=("mysql.servers",),
    evidence=("mysql * accounts", "mysql instances"),
    impact=4,
    told_by=ANSWERS,
    check=each(judge_empty_passwords, "accounts"),
)


def judge_remote_super(_levels: Levels, server: Server, accounts: tuple[Account, ...]) -> Iterator[Finding]:
    names = [account.name for account in usable(accounts) if account.is_super and not account.is_local]
    anywhere = [account.name for account in usable(accounts) if account.host == "%"]
    if names:
        yield Finding(Severity.WARNING, server.name, "accounts with all rights that may log on over the network: {names}",
                      {"names": shown(names)})
    elif anywhere:
        yield Finding(Severity.INFO, server.name, "{anywhere_count} accounts may log on from anywhere: {names}",
                      {"anywhere_count": len(anywhere), "names": shown(anywhere)})
    else:
        yield Finding(Severity.OK, server.name, "accounts with all rights are local, none is open to any host")


MYSQL_REMOTE_SUPER = Rule(
    id="mysql_remote_super",
    title="Accounts with all rights are local",
    domain=Domain.DATABASE,
    why="A stolen or guessed password of an account with SUPER gives the whole server away, from every host it is open to.",
    fix="Restrict the account's host (RENAME USER), give applications only what they use, administrators a host of their own.",
    needs=("mysql.servers",),
    evidence=("mysql * accounts",),
    impact=3,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_remote_super, "accounts"),
)


def judge_plugins(_levels: Levels, server: Server, accounts: tuple[Account, ...], variables: Names) -> Iterator[Finding]:
    old = [account.name for account in usable(accounts) if account.plugin == "mysql_old_password"]
    # root@localhost of MariaDB has it beside unix_socket, with a password that no one has
    native = [account.name for account in usable(accounts) if account.plugin == "mysql_native_password" and not account.other_plugins]
    is_maria = "mariadb" in variables.text("version").lower()
    if old:
        yield Finding(Severity.CRITICAL, server.name, "accounts with a password of MySQL 4.0's kind: {names}", {"names": shown(old)})
    elif native and not is_maria:
        yield Finding(Severity.INFO, server.name,
                      "{native_count} accounts with mysql_native_password, which MySQL 9 no longer has: {names}",
                      {"native_count": len(native), "names": shown(native)})
    else:
        yield Finding(Severity.OK, server.name, "no account with an outdated kind of password")


MYSQL_OLD_PASSWORDS = Rule(
    id="mysql_old_passwords",
    title="Passwords are kept in a kind of today",
    domain=Domain.DATABASE,
    why="Hashes of the old kinds are quickly guessed, and accounts that have them can't log on after an upgrade.",
    fix="ALTER USER ... IDENTIFIED WITH caching_sha2_password (MySQL) or ed25519 (MariaDB), when the clients know it.",
    needs=("mysql.servers",),
    evidence=("mysql * accounts",),
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_plugins, "accounts", "variables"),
)


def listens_outside(variables: Names) -> bool:
    """Whether other hosts can reach it."""
    address = variables.texts.get("bind_address", "*")
    return not variables.is_on("skip_networking") and address not in ("127.0.0.1", "::1", "localhost")


def has_tls(variables: Names) -> bool:
    """``have_ssl`` until MySQL 8.3 and in MariaDB; later versions always have it where there is a certificate."""
    if variables.has("have_ssl"):
        return variables.text("have_ssl") == "YES"
    return bool(variables.texts.get("ssl_cert"))


def judge_tls(_levels: Levels, server: Server, variables: Names) -> Iterator[Finding]:
    if not listens_outside(variables):
        yield Finding(Severity.OK, server.name, "only this host can reach it")
    elif not has_tls(variables):
        yield Finding(Severity.WARNING, server.name,
                      "other hosts can reach it, and it has no TLS: passwords' proofs and data pass in plain text")
    elif not variables.is_on("require_secure_transport"):
        yield Finding(Severity.INFO, server.name, "it has TLS, but clients may come without (require_secure_transport is OFF)")
    else:
        yield Finding(Severity.OK, server.name, "clients from other hosts must use TLS")


MYSQL_TLS = Rule(
    id="mysql_tls",
    title="Clients on the network use TLS",
    domain=Domain.DATABASE,
    why="What clients send and get passes the network in plain text, for anyone on the way to read and change.",
    fix="Give the server a certificate (ssl_cert, ssl_key), then set require_secure_transport=ON; or bind it to 127.0.0.1.",
    needs=("mysql.servers",),
    evidence=("mysql * variables",),
    impact=3,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_tls, "variables"),
)


def judge_open_settings(_levels: Levels, server: Server, variables: Names, open_schemas: tuple[str, ...]) -> Iterator[Finding]:
    noted = False
    if open_schemas:
        noted = True
        yield Finding(Severity.WARNING, f"{server.name}/schemas", "anybody may write to the databases {names}",
                      {"names": shown(list(open_schemas))})
    if variables.is_on("local_infile"):
        noted = True
        yield Finding(Severity.INFO, f"{server.name}/local_infile", "clients may be asked for any of their files (local_infile is ON)")
    if variables.texts.get("secure_file_priv", "NULL") == "":
        noted = True
        yield Finding(Severity.INFO, f"{server.name}/secure_file_priv", "accounts with the right FILE may read and write in any folder "
                      "(secure_file_priv is empty)")
    if not noted:
        yield Finding(Severity.OK, server.name, "files and test databases are closed")


MYSQL_OPEN_SETTINGS = Rule(
    id="mysql_open_settings",
    title="Nothing is open that nobody needs",
    domain=Domain.DATABASE,
    why="Test databases that all may write to, and files that SQL can reach, are ways in and out for whoever has any account.",
    fix="DROP DATABASE test and its rows in mysql.db; local_infile=OFF; secure_file_priv set to a folder of its own.",
    needs=("mysql.servers",),
    evidence=("mysql * variables", "mysql * open_schemas"),
    told_by=ANSWERS,
    check=each(judge_open_settings, "variables", "open_schemas"),
)


def judge_recovery(_levels: Levels, server: Server, variables: Names) -> Iterator[Finding]:
    mode = variables.number("innodb_force_recovery")
    if mode:
        yield Finding(Severity.CRITICAL, server.name,
                      "runs in the forced recovery mode {mode}: its data is damaged, and may be damaged further",
                      {"mode": mode})
    else:
        yield Finding(Severity.OK, server.name, "no forced recovery")


MYSQL_FORCED_RECOVERY = Rule(
    id="mysql_forced_recovery",
    title="The server does not run in forced recovery",
    domain=Domain.DATABASE,
    why="innodb_force_recovery is for getting the data out of a damaged server; from 4 on it can damage more, and nothing is purged.",
    fix="Dump all data now, build a fresh server from the dump or a backup, and take the setting out.",
    needs=("mysql.servers",),
    evidence=("mysql * variables",),
    impact=4,
    change_risk=4,
    told_by=ANSWERS,
    check=each(judge_recovery, "variables"),
)


def judge_durability(_levels: Levels, server: Server, variables: Names) -> Iterator[Finding]:
    lasting = variables.is_on("log_bin")
    noted: list[Finding] = []
    flush = variables.text("innodb_flush_log_at_trx_commit")
    doublewrite = variables.texts.get("innodb_doublewrite", "ON").upper()
    replicates = isinstance(server.channels, tuple) and bool(server.channels)
    if flush != "1":
        noted.append(Finding(Severity.INFO if replicates else Severity.WARNING, f"{server.name}/innodb_flush_log_at_trx_commit",
                             "a crash of the host loses the last second of commits (innodb_flush_log_at_trx_commit = {flush})",
                             {"flush": flush}))
    if doublewrite in ("OFF", "0", "DETECT_ONLY"):
        noted.append(Finding(Severity.WARNING, f"{server.name}/innodb_doublewrite", "a page half written in a crash can't be mended "
                             "(innodb_doublewrite = {doublewrite})", {"doublewrite": doublewrite}))
    if lasting and variables.text("sync_binlog") == "0":
        noted.append(Finding(Severity.INFO if replicates else Severity.WARNING, f"{server.name}/sync_binlog",
                             "a crash of the host loses the end "
                             "of the binary log, and replicas go astray (sync_binlog = 0)"))
    if lasting and variables.texts.get("binlog_format", "ROW").upper() == "STATEMENT":
        noted.append(Finding(Severity.WARNING, f"{server.name}/binlog_format",
                             "the binary log holds statements, not rows: replicas may differ"))
    if not lasting:
        noted.append(Finding(Severity.INFO, f"{server.name}/log_bin", "no binary log: it can only be restored to the time of a backup"))
    yield from noted or (Finding(Severity.OK, server.name, "what was committed survives a crash"),)


MYSQL_DURABILITY = Rule(
    id="mysql_durability",
    title="What was committed survives a crash",
    domain=Domain.DATABASE,
    why="With these settings a loss of power loses commits that users were told of, or tears pages and replicas apart.",
    fix="innodb_flush_log_at_trx_commit=1, sync_binlog=1, innodb_doublewrite=ON, binlog_format=ROW, log_bin on; a disk with a safe cache.",
    needs=("mysql.servers",),
    evidence=("mysql * variables",),
    impact=3,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_durability, "variables"),
)


def retention_seconds(variables: Names) -> float:
    """How long binary logs are kept; 0 for ever."""
    if variables.has("binlog_expire_logs_seconds") and variables.number("binlog_expire_logs_seconds"):
        return variables.number("binlog_expire_logs_seconds")
    return variables.number("expire_logs_days") * DAY if variables.has("expire_logs_days") else 0


def judge_retention(_levels: Levels, server: Server, variables: Names, hours: int) -> Iterator[Finding]:
    kept = retention_seconds(variables)
    values = {"kept_seconds": kept, "interval_seconds": hours * HOUR}
    if not variables.is_on("log_bin"):
        yield Finding(Severity.OK, server.name, "no binary log is kept")
    elif not kept:
        yield Finding(Severity.INFO, server.name, "binary logs are kept for ever: they fill the disk in the end", values)
    elif kept < hours * HOUR:
        yield Finding(Severity.WARNING, server.name,
                      "binary logs are kept for {kept_seconds}, backups are made every {interval_seconds}: no "
                      "restore to a time between them", values)
    else:
        yield Finding(Severity.OK, server.name, "binary logs are kept for {kept_seconds}", values)


MYSQL_BINLOG_RETENTION = Rule(
    id="mysql_binlog_retention",
    title="Binary logs reach back to the last backup",
    domain=Domain.DATABASE,
    why="A restore to a point in time needs the last backup and every binary log since.",
    fix="Set binlog_expire_logs_seconds (expire_logs_days) to at least two intervals between backups.",
    needs=("mysql.servers", "settings.backup_hours"),
    evidence=("mysql * variables",),
    impact=3,
    told_by=ANSWERS,
    check=each(judge_retention, "variables"),
)

# What a server or its replication sets of itself while it runs
PASSING = ("gtid_", "timestamp", "rand_seed", "last_insert_id", "insert_id", "pseudo_", "wsrep_", "server_uuid", "persist_only",
           "read_only",
           "super_read_only", "innodb_buffer_pool_dump", "innodb_buffer_pool_load")


def judge_drift(_levels: Levels, server: Server, changed: tuple[str, ...]) -> Iterator[Finding]:
    names = sorted(name for name in changed if not name.startswith(PASSING))
    if names:
        yield Finding(Severity.INFO, server.name,
                      "{names_count} settings were changed while it runs and are lost at its next start: {names}",
                      {"names_count": len(names), "names": shown(names)})
    else:
        yield Finding(Severity.OK, server.name, "runs as its configuration says")


MYSQL_DRIFT = Rule(
    id="mysql_drift",
    title="The server runs as its configuration says",
    domain=Domain.DATABASE,
    why="A setting that was made by SET GLOBAL is gone after a restart, and nobody knows why it is slow again.",
    fix="Write it into the configuration (SET PERSIST in MySQL 8), or set it back.",
    needs=("mysql.servers",),
    evidence=("mysql * changed",),
    told_by=ANSWERS,
    check=each(judge_drift, "changed"),
)


def judge_os(_levels: Levels, server: Server, variables: Names, machine: Machine) -> Iterator[Finding]:
    large = variables.number("innodb_buffer_pool_size") * 4 > (machine.memory_bytes or 0)
    wrong = []
    if machine.swappiness is None or not machine.huge_pages:
        yield Finding(Severity.UNKNOWN, server.name, "vm.swappiness or the mode of transparent huge pages can't be read")
        return
    if machine.swappiness > 10 and large:
        wrong.append(f"vm.swappiness = {machine.swappiness}")
    if machine.huge_pages == "always":
        wrong.append("transparent_hugepage = always")
    if (machine.nodes or 1) > 1 and not variables.is_on("innodb_numa_interleave") and large:
        wrong.append("innodb_numa_interleave = OFF")
    yield Finding(Severity.INFO if wrong else Severity.OK, server.name, "settings of the system that do not suit it: {names}" if wrong else
                  "the system is set as a database wants it", {"names": shown(wrong)})


MYSQL_SYSTEM_SETTINGS = Rule(
    id="mysql_system_settings",
    title="The system is set as a database wants it",
    domain=Domain.DATABASE,
    why="A kernel that swaps the buffer pool, joins pages behind it, or fills one NUMA node first gives pauses that no query explains.",
    fix="vm.swappiness 1 to 10, transparent_hugepage=madvise or never, innodb_numa_interleave=ON; by a tuned profile.",
    needs=("mysql.servers", "mysql.machine"),
    evidence=("mysql * variables", "/proc/sys/vm/swappiness", "/sys/kernel/mm/transparent_hugepage/enabled",
              "/sys/devices/system/node/online"),
    impact=1,
    change_risk=2,
    told_by=ANSWERS,
    check=each(judge_os, "variables"),
)

RULES = (
    MYSQL_ANONYMOUS, MYSQL_EMPTY_PASSWORDS, MYSQL_REMOTE_SUPER, MYSQL_OLD_PASSWORDS, MYSQL_TLS, MYSQL_OPEN_SETTINGS, MYSQL_FORCED_RECOVERY,
    MYSQL_DURABILITY, MYSQL_BINLOG_RETENTION, MYSQL_DRIFT, MYSQL_SYSTEM_SETTINGS,
)
