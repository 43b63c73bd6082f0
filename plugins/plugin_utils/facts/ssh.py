# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH server: its effective settings as sshd -T prints them, or as its files say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..absent import Known, NotHere, Unknown
from ..archive import Capture, succeeded

KEY = "sshd -T"
FILE = "/etc/ssh/sshd_config"
ALGORITHMS = ("ciphers", "macs", "kexalgorithms")
WANTED = ("permitrootlogin", "passwordauthentication", "permitemptypasswords", "x11forwarding", *ALGORITHMS)
# sshd_config(5); that of PermitRootLogin changed with OpenSSH 7.0 and those of the algorithms with every version
DEFAULTS = {"passwordauthentication": "yes", "permitemptypasswords": "no", "x11forwarding": "no"}


@dataclass(frozen=True)
class SshFacts:
    """``root_login`` is yes, no, prohibit-password (without-password) or forced-commands-only."""

    root_login: Known[str]
    password_login: Known[bool]
    empty_passwords: Known[bool]
    x11_forwarding: Known[bool]
    algorithms: Known[tuple[str, ...]]


def parse(capture: Capture) -> SshFacts:
    found = _settings(capture)
    if isinstance(found, Unknown | NotHere):
        return SshFacts(found, found, found, found, found)
    lists = [_one(found, name) for name in ALGORITHMS]
    absent = next((value for value in lists if isinstance(value, Unknown)), None)
    return SshFacts(
        root_login=_one(found, "permitrootlogin"), password_login=_switch(found, "passwordauthentication"),
        empty_passwords=_switch(found, "permitemptypasswords"), x11_forwarding=_switch(found, "x11forwarding"),
        algorithms=absent if absent is not None else tuple(item for value in lists if isinstance(value, str) for item in value.split(",")),
    )


def _settings(capture: Capture) -> Known[Mapping[str, str]]:
    entry = capture.entry(KEY)
    text = succeeded(entry) if entry is not None else capture.known(KEY)
    if isinstance(text, NotHere):
        return NotHere("no SSH server is installed")
    if isinstance(text, str):
        return parse_effective(text)
    main = capture.text(FILE)
    return DEFAULTS | parse_config(main, _included(capture)) if isinstance(main, str) else text


def _one(found: Mapping[str, str], name: str) -> Known[str]:
    value = found.get(name)
    if value is not None:
        return value
    return Unknown("{name} is not set in sshd_config; inspect as root to see what is in force", {"name": name})


def _switch(found: Mapping[str, str], name: str) -> Known[bool]:
    value = _one(found, name)
    if not isinstance(value, str):
        return value
    if value.lower() not in ("yes", "no"):
        return Unknown("{name} is neither yes nor no", {"name": name})
    return value.lower() == "yes"


# permitrootlogin without-password
# ciphers chacha20-poly1305@openssh.com,aes128-ctr
def parse_effective(text: str) -> Known[Mapping[str, str]]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _blank, value = line.partition(" ")
        found.setdefault(name.lower(), value.strip())
    missing = [name for name in WANTED if name not in found]
    if missing or not text.endswith("\n"):
        return Unknown("sshd -T: its output is cut off or lacks {names}", {"names": tuple(missing)})
    return found


def _included(capture: Capture) -> Mapping[str, str]:
    return {entry.key: entry.text or "" for entry in capture.matching("/etc/ssh/sshd_config.d/*") if entry.error is None}


# Include /etc/ssh/sshd_config.d/*.conf
# PasswordAuthentication no
def parse_config(text: str, included: Mapping[str, str]) -> dict[str, str]:
    """The settings for everybody: the first of each counts, and Match blocks are left out."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        words = re.split(r"[\s=]+", line.strip(), maxsplit=1)
        name, value = words[0].lower(), words[1].strip().strip('"') if len(words) > 1 else ""
        if name == "match":
            break
        if name == "include":
            patterns = [pattern if pattern.startswith("/") else "/etc/ssh/" + pattern for pattern in value.split()]
            for path in sorted(included):
                if any(fnmatchcase(path, pattern) for pattern in patterns):
                    for key, setting in parse_config(included[path], {}).items():
                        found.setdefault(key, setting)
        elif name and not name.startswith("#"):
            found.setdefault(name, value)
    return {name: value for name, value in found.items() if name not in ALGORITHMS or value[:1] not in "+-^"}
