# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Domain, Finding, Rule, Severity

EVIDENCE = ("sshd -T", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*")
# RC4, 64-bit blocks, MD5 and the 1024-bit group: RFC 8758, RFC 9142, CVE-2016-2183 (Sweet32)
WEAK = re.compile(
    r"arcfour.*|3des-cbc|blowfish-cbc|cast128-cbc|des-cbc.*|none|hmac-md5.*|hmac-ripemd160.*|(diffie-hellman|gss)-group1-sha1.*"
)


def check_root_password(_levels: Mapping[str, Any], root_login: str, password_login: bool) -> Iterator[Finding]:
    if root_login.lower() == "yes" and password_login:
        yield Finding(Severity.WARNING, "sshd", "root may log in with a password")
    else:
        yield Finding(Severity.OK, "sshd", "root can't log in with a password (PermitRootLogin {root_login})", {"root_login": root_login})


SSH_ROOT_PASSWORD_LOGIN = Rule(
    id="ssh_root_password_login",
    title="root can't log in over SSH with a password",
    domain=Domain.OS,
    why="Every scanner on the network tries root's password; a key can't be guessed.",
    fix="Set PermitRootLogin to prohibit-password or no, after trying a login with a key.",
    needs=("ssh.root_login", "ssh.password_login"),
    evidence=EVIDENCE,
    impact=3,
    change_risk=2,
    check=check_root_password,
)


def check_password(_levels: Mapping[str, Any], password_login: bool) -> Iterator[Finding]:
    if password_login:
        yield Finding(Severity.INFO, "sshd", "users may log in with a password")
    else:
        yield Finding(Severity.OK, "sshd", "users log in with keys")


SSH_PASSWORD_LOGIN = Rule(
    id="ssh_password_login",
    title="Logins over SSH use keys",
    domain=Domain.OS,
    why="Passwords can be guessed and are used elsewhere too.",
    fix="Give the users keys, then set PasswordAuthentication no.",
    needs=("ssh.password_login",),
    evidence=EVIDENCE,
    impact=1,
    change_risk=2,
    check=check_password,
)


def check_empty_passwords(_levels: Mapping[str, Any], empty_passwords: bool) -> Iterator[Finding]:
    if empty_passwords:
        yield Finding(Severity.CRITICAL, "sshd", "accounts with an empty password may log in")
    else:
        yield Finding(Severity.OK, "sshd", "accounts with an empty password can't log in")


SSH_EMPTY_PASSWORDS = Rule(
    id="ssh_empty_passwords",
    title="SSH refuses empty passwords",
    domain=Domain.OS,
    why="With it, an account without a password is open to the network.",
    fix="Set PermitEmptyPasswords no.",
    needs=("ssh.empty_passwords",),
    evidence=EVIDENCE,
    impact=4,
    check=check_empty_passwords,
)


def check_weak_crypto(_levels: Mapping[str, Any], algorithms: tuple[str, ...]) -> Iterator[Finding]:
    weak = tuple(name for name in algorithms if WEAK.fullmatch(name))
    if weak:
        yield Finding(Severity.WARNING, "sshd", "offers broken algorithms: {weak}", {"weak": weak})
    else:
        yield Finding(Severity.OK, "sshd", "offers no broken algorithms")


SSH_WEAK_CRYPTO = Rule(
    id="ssh_weak_crypto",
    title="SSH offers no broken algorithms",
    domain=Domain.OS,
    why="An attacker on the way can make both sides use the weakest algorithm that they share.",
    fix="Take the named ones out of Ciphers, MACs and KexAlgorithms; check old clients first.",
    needs=("ssh.algorithms",),
    evidence=EVIDENCE,
    impact=2,
    change_risk=2,
    check=check_weak_crypto,
)


def check_x11(_levels: Mapping[str, Any], x11_forwarding: bool) -> Iterator[Finding]:
    if x11_forwarding:
        yield Finding(Severity.INFO, "sshd", "forwards X11")
    else:
        yield Finding(Severity.OK, "sshd", "does not forward X11")


SSH_X11_FORWARDING = Rule(
    id="ssh_x11_forwarding",
    title="SSH does not forward X11",
    domain=Domain.OS,
    why="A server needs no graphics; forwarding lets a taken server reach the administrator's desktop.",
    fix="Set X11Forwarding no, unless an installer on this host needs it.",
    needs=("ssh.x11_forwarding",),
    evidence=EVIDENCE,
    impact=1,
    check=check_x11,
)

RULES = (SSH_ROOT_PASSWORD_LOGIN, SSH_PASSWORD_LOGIN, SSH_EMPTY_PASSWORDS, SSH_WEAK_CRYPTO, SSH_X11_FORWARDING)
