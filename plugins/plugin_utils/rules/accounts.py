# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.accounts import Account, LastLogin, Password, SudoGrant
from ..findings import DAY, Above, Below, Domain, Finding, Rule, Severity

WEAK = ("des", "md5", "nt", "sunmd5", "sha1")


def check_uid_zero(_levels: Mapping[str, Any], accounts: tuple[Account, ...]) -> Iterator[Finding]:
    others = [account for account in accounts if account.uid == 0 and account.name != "root"]
    for account in others:
        yield Finding(Severity.CRITICAL, account.name, "has user id 0: it is root under another name")
    if not others:
        yield Finding(Severity.OK, "accounts", "only root has user id 0")


ACCOUNT_UID_ZERO = Rule(
    id="account_uid_zero",
    title="Only root has user id 0",
    domain=Domain.OS,
    why="A second account with user id 0 has all of root's rights and escapes what is said and logged about root.",
    fix="Ask who made it. Give it a user id of its own and sudo rights, or remove it.",
    needs=("accounts.accounts",),
    evidence=("/etc/passwd",),
    impact=4,
    change_risk=2,
    check=check_uid_zero,
)


def check_empty_password(_levels: Mapping[str, Any], accounts: tuple[Account, ...], passwords: tuple[Password, ...]) -> Iterator[Finding]:
    empty = {account.name for account in accounts if account.empty} | {item.name for item in passwords if item.kind == "empty"}
    for name in sorted(empty):
        yield Finding(Severity.CRITICAL, name, "has an empty password: anybody may log in as it")
    if not empty:
        yield Finding(Severity.OK, "accounts", "no account has an empty password")


ACCOUNT_EMPTY_PASSWORD = Rule(
    id="account_empty_password",
    title="No account has an empty password",
    domain=Domain.OS,
    why="Who knows the name of such an account is in.",
    fix="Lock it (passwd -l NAME) or set a password.",
    needs=("accounts.accounts", "accounts.passwords"),
    evidence=("/etc/passwd", "cat /etc/shadow"),
    impact=4,
    check=check_empty_password,
)


def check_weak_hash(_levels: Mapping[str, Any], passwords: tuple[Password, ...]) -> Iterator[Finding]:
    weak = [item for item in passwords if item.kind in WEAK]
    for item in weak:
        yield Finding(Severity.WARNING, item.name, "its password is stored as {kind}, which is quickly guessed", {"kind": item.kind})
    if not weak:
        yield Finding(Severity.OK, "accounts", "all passwords are stored in a sound way")


ACCOUNT_WEAK_HASH = Rule(
    id="account_weak_hash",
    title="Passwords are stored in a sound way",
    domain=Domain.OS,
    why="DES and MD5 hashes can be tried by the billion a second once the file leaks.",
    fix="Set yescrypt or sha512 in /etc/login.defs and PAM, and let the user set the password anew.",
    needs=("accounts.passwords",),
    evidence=("cat /etc/shadow",),
    impact=2,
    check=check_weak_hash,
)


def check_expiring(levels: Mapping[str, Any], passwords: tuple[Password, ...], taken_at: datetime) -> Iterator[Finding]:
    quiet = True
    for item in passwords:
        if item.kind == "locked":
            continue
        if item.account_ends is not None and item.account_ends <= taken_at:
            quiet = False
            yield Finding(Severity.INFO, item.name, "the account ended at {ends_at}", {"ends_at": item.account_ends})
            continue
        ends = min((when for when in (item.password_ends, item.account_ends) if when is not None), default=None)
        left = (ends - taken_at).total_seconds() if ends is not None else None
        if left is not None and levels["left_seconds"].grade(left) > Severity.OK:
            quiet = False
            yield Finding(levels["left_seconds"].grade(left), item.name, "its password or account ends at {ends_at}",
                          {"left_seconds": left, "ends_at": ends})
    if quiet:
        yield Finding(Severity.OK, "accounts", "no password and no account ends soon")


ACCOUNT_EXPIRING = Rule(
    id="account_expiring",
    title="No password or account ends soon",
    domain=Domain.OS,
    why="When the password of an account ends, its logins, and jobs that run under it, stop.",
    fix="Change the password in time; for service accounts without login, lock the password instead of letting it age.",
    needs=("accounts.passwords", "capture.taken_at"),
    evidence=("cat /etc/shadow",),
    levels={"left_seconds": Below(warning=14 * DAY, source="our judgement: shadow's own warning comes 7 days before")},
    impact=2,
    check=check_expiring,
)


def check_administrators(_levels: Mapping[str, Any], administrators: tuple[str, ...]) -> Iterator[Finding]:
    if administrators:
        yield Finding(Severity.INFO, "sudo", "may become root: {who}", {"who": administrators})
    else:
        yield Finding(Severity.OK, "sudo", "no user is in the groups sudo, wheel or admin")


ACCOUNT_ADMINISTRATORS = Rule(
    id="account_administrators",
    title="Who may become root",
    domain=Domain.OS,
    why="The list should be short and known to the owner of the host.",
    fix="Let the owner confirm the names; remove who left.",
    needs=("accounts.administrators",),
    evidence=("/etc/group",),
    impact=1,
    check=check_administrators,
)


def check_sudo_nopasswd(_levels: Mapping[str, Any], grants: tuple[SudoGrant, ...]) -> Iterator[Finding]:
    for grant in grants:
        severity = Severity.CRITICAL if grant.who == "ALL" else Severity.WARNING if grant.who.startswith("%") else Severity.INFO
        yield Finding(severity, grant.who, "may run everything as root without a password, by {file}", {"file": grant.file})
    if not grants:
        yield Finding(Severity.OK, "sudo", "sudo asks for a password before everything")


SUDO_NOPASSWD_ALL = Rule(
    id="sudo_nopasswd_all",
    title="sudo asks for a password",
    domain=Domain.OS,
    why="Whoever gets such an account, or any program that runs under it, is root at once. One automation account is usual.",
    fix="Name the commands that are needed in place of ALL, or remove NOPASSWD.",
    needs=("accounts.sudo_without_password",),
    evidence=("/etc/sudoers", "/etc/sudoers.d/*"),
    impact=2,
    change_risk=2,
    check=check_sudo_nopasswd,
)


def check_unused(
    levels: Mapping[str, Any], accounts: tuple[Account, ...], passwords: tuple[Password, ...], logins: tuple[LastLogin, ...],
    taken_at: datetime,
) -> Iterator[Finding]:
    usable = {item.name for item in passwords if item.kind != "locked"}
    last = {login.name: login.at for login in logins}
    quiet = True
    for account in accounts:
        at = last.get(account.name)
        if not account.may_log_in or account.uid == 0 or account.name not in usable or at is None:
            continue
        unused = (taken_at - at).total_seconds()
        severity = levels["unused_seconds"].grade(unused)
        if severity > Severity.OK:
            quiet = False
            yield Finding(severity, account.name, "last logged in {unused_seconds} ago and still has a password",
                          {"unused_seconds": unused})
    if quiet:
        yield Finding(Severity.OK, "accounts", "all accounts with a password that ever logged in are in use")


ACCOUNT_UNUSED = Rule(
    id="account_unused",
    title="No account lies unused",
    domain=Domain.OS,
    why="An account that nobody uses is one that nobody watches.",
    fix="Ask its owner; lock it (usermod -L -e 1 NAME) or remove it.",
    needs=("accounts.accounts", "accounts.passwords", "accounts.last_logins", "capture.taken_at"),
    evidence=("lastlog*", "cat /etc/shadow"),
    levels={"unused_seconds": Above(warning=180 * DAY, source="our judgement; common policies say 90 to 365 days")},
    impact=1,
    check=check_unused,
)

RULES = (
    ACCOUNT_UID_ZERO, ACCOUNT_EMPTY_PASSWORD, ACCOUNT_WEAK_HASH, ACCOUNT_EXPIRING, ACCOUNT_ADMINISTRATORS, SUDO_NOPASSWD_ALL,
    ACCOUNT_UNUSED,
)
