# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts: local users, their kind of password and its dates, who may use sudo without a password, last logins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..absent import Known, NotHere, T, Unknown, Unreadable
from ..archive import Capture, succeeded

SHADOW = "cat /etc/shadow"
NO_LOGIN = ("nologin", "false", "sync", "shutdown", "halt", "true")
ADMINISTRATORS = ("sudo", "wheel", "admin")


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    shell: str
    empty: bool         # the password field of /etc/passwd itself is empty

    @property
    def may_log_in(self) -> bool:
        return self.shell.rsplit("/", 1)[-1] not in NO_LOGIN


@dataclass(frozen=True)
class Password:
    """``kind`` is empty, locked or the kind of hash; the dates are None where nothing ends."""

    name: str
    kind: str
    password_ends: datetime | None
    account_ends: datetime | None


@dataclass(frozen=True)
class SudoGrant:
    """``who`` may run everything without a password; %group, ALL or a user."""

    who: str
    file: str


@dataclass(frozen=True)
class LastLogin:
    """``at`` is None for somebody who never logged in."""

    name: str
    at: datetime | None


@dataclass(frozen=True)
class AccountsFacts:
    accounts: Known[tuple[Account, ...]]
    passwords: Known[tuple[Password, ...]]
    administrators: Known[tuple[str, ...]]
    sudo_without_password: Known[tuple[SudoGrant, ...]]
    last_logins: Known[tuple[LastLogin, ...]]


def parse(capture: Capture) -> AccountsFacts:
    accounts = _parsed(capture.known("/etc/passwd"), parse_passwd)
    shadow = capture.entry(SHADOW)
    passwords = _parsed(succeeded(shadow) if shadow is not None else capture.known(SHADOW), parse_shadow)
    if isinstance(passwords, tuple) and isinstance(accounts, tuple):
        passwords = _complete(passwords, accounts)
    return AccountsFacts(
        accounts=accounts, passwords=passwords, administrators=_parsed(capture.known("/etc/group"), parse_group),
        sudo_without_password=_sudo(capture), last_logins=_last_logins(capture),
    )


def _parsed(text: str | Unknown | NotHere, parser: Callable[[str], T]) -> Known[T]:
    """The parsed text; Unknown for what is absent or unreadable, as every Linux has these files."""
    if not isinstance(text, str):
        return Unknown(text.reason, text.values)
    try:
        return parser(text)
    except Unreadable as error:
        return error.unknown


# root:x:0:0:root:/root:/bin/bash
def parse_passwd(text: str) -> tuple[Account, ...]:
    """Raises Unreadable when a line is cut off or root is missing."""
    found = []
    for fields in _records("/etc/passwd", text, 7):
        if not fields[2].isdecimal():
            raise Unreadable("{key}: has a line that is not an account: {line}", key="/etc/passwd", line=fields[0])
        found.append(Account(fields[0], int(fields[2]), fields[6], empty=not fields[1]))
    if not any(account.uid == 0 for account in found):
        raise Unreadable("{key}: does not name root; it is cut off or not such a file", key="/etc/passwd")
    return tuple(found)


# root:yescrypt:19650:0:99999:7:::
def parse_shadow(text: str) -> tuple[Password, ...]:
    """Raises Unreadable when a line is cut off or root is missing."""
    found = []
    for fields in _records("/etc/shadow", text, 9):
        changed, longest = _days(fields[2]), _days(fields[4])
        # 99999 days and more is what "never" looks like; 0 as the day of change means "at the next login"
        ends = EPOCH + timedelta(days=changed + longest) if changed and longest is not None and longest < 99999 else None
        expires = _days(fields[7])
        found.append(Password(fields[0], fields[1], ends, EPOCH + timedelta(days=expires) if expires is not None else None))
    if not any(password.name == "root" for password in found):
        raise Unreadable("{key}: does not name root; it is cut off or not such a file", key="/etc/shadow")
    return tuple(found)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _days(text: str) -> int | None:
    return min(int(text), 2_000_000) if text.isdecimal() else None


def _records(key: str, text: str, width: int) -> Iterator[list[str]]:
    if not text.endswith("\n"):
        raise Unreadable("{key}: does not end with a whole line; it is cut off", key=key)
    lines = [line for line in text.split("\n") if line.strip() and line[0] not in "#+-"]
    for line in lines:
        fields = line.split(":")
        if len(fields) != width:
            raise Unreadable("{key}: has a line that is not an account: {line}", key=key, line=fields[0][:40])
        yield fields


def _complete(passwords: tuple[Password, ...], accounts: tuple[Account, ...]) -> Known[tuple[Password, ...]]:
    """A shadow file that lacks accounts was cut off between two lines."""
    missing = sorted({account.name for account in accounts} - {password.name for password in passwords})
    if len(missing) * 2 > len(accounts):
        return Unknown("/etc/shadow: lacks {count} of the accounts of /etc/passwd; it is cut off", {"count": len(missing)})
    return passwords


# sudo:x:27:alice,bob
def parse_group(text: str) -> tuple[str, ...]:
    """The members of the groups that may use sudo. Raises Unreadable when a line is cut off or root is missing."""
    members: set[str] = set()
    names = set()
    for fields in _records("/etc/group", text, 4):
        names.add(fields[0])
        if fields[0] in ADMINISTRATORS:
            members.update(name for name in fields[3].split(",") if name)
    if "root" not in names and "wheel" not in names:
        raise Unreadable("{key}: does not name root; it is cut off or not such a file", key="/etc/group")
    return tuple(sorted(members))


def _sudo(capture: Capture) -> Known[tuple[SudoGrant, ...]]:
    main = capture.text("/etc/sudoers")
    if isinstance(main, NotHere):
        return NotHere("sudo is not installed")
    if isinstance(main, Unknown):
        return main
    if not main.strip():
        return Unknown("/etc/sudoers: is empty")
    found = list(parse_sudoers("/etc/sudoers", main))
    for entry in capture.matching("/etc/sudoers.d/*"):
        if not isinstance(text := capture.text(entry.key), str):
            return Unknown(text.reason, text.values)
        name = entry.key.rsplit("/", 1)[-1]
        if "." not in name and not name.endswith("~"):      # sudo skips the others
            found.extend(parse_sudoers(entry.key, text))
    return tuple(found)


# deploy  ALL=(ALL:ALL) NOPASSWD: ALL
# %ops    ALL = (root) NOPASSWD: SETENV: /usr/bin/systemctl, PASSWD: ALL
TAG = re.compile(r"\b(NOPASSWD|PASSWD)\s*:")
OTHER_TAG = re.compile(r"\b[A-Z_]+\s*:")


def parse_sudoers(file: str, text: str) -> Iterator[SudoGrant]:
    for line in text.replace("\\\n", " ").splitlines():
        words = line.split("#", 1)[0].split(None, 1) if not re.match(r"\s*#\d", line) else line.split(None, 1)
        if len(words) < 2 or words[0].startswith("Defaults") or words[0].endswith("_Alias") or words[0].startswith("@"):
            continue
        parts = TAG.split(words[1])
        for tag, commands in zip(parts[1::2], parts[2::2], strict=True):
            if tag == "NOPASSWD" and "ALL" in (item.strip() for item in OTHER_TAG.sub("", commands).split(",")):
                yield SudoGrant(words[0], file)


def _last_logins(capture: Capture) -> Known[tuple[LastLogin, ...]]:
    entry = capture.entry("lastlog") or capture.entry("lastlog2")
    if entry is None:
        return NotHere("this host has no lastlog command")
    text = succeeded(entry)
    return text if not isinstance(text, str) else parse_lastlog(text)


# Username         Port     From             Latest
# root             pts/0    10.4.0.9         Mon Nov 16 10:11:12 +0000 2026
# daemon                                     **Never logged in**
def parse_lastlog(text: str) -> Known[tuple[LastLogin, ...]]:
    lines = text.splitlines()
    if not lines or "Latest" not in lines[0] or not text.endswith("\n"):
        return Unknown("lastlog: its output is cut off or not in a known format")
    found = []
    for line in lines[1:]:
        name = line.split()[0] if line.split() else ""
        if line.rstrip().endswith("**Never logged in**"):
            found.append(LastLogin(name, None))
            continue
        try:
            at = datetime.strptime(" ".join(line.split()[-6:]), "%a %b %d %H:%M:%S %z %Y")
        except ValueError:
            return Unknown("lastlog: its output is cut off or not in a known format")
        found.append(LastLogin(name, at.astimezone(UTC)))
    return tuple(found)
