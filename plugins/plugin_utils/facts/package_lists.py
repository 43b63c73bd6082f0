# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What package managers print about pending updates and installed packages. All raise Unreadable for what is cut off.

None of these outputs tells how long it is, except apt's; so each must at least end with a whole line and hold the words with
which its program always begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from ..absent import Unreadable

CUT = "{key}: its output is cut off or not in a known format"
# What dnf and yum say about a repository they could not use: the list then lacks its packages
IGNORED = re.compile(r"^(Ignoring repositories|Failed to synchronize|Failed to download metadata|Error:|Cannot retrieve|"
                     r"Could not retrieve|.*\[Errno )", re.MULTILINE)


@dataclass(frozen=True)
class Update:
    """``security`` is None where this output does not tell it."""

    name: str
    version: str
    source: str
    security: bool | None = None


@dataclass(frozen=True)
class AptPlan:
    """``with_subscription`` are packages whose security updates need Ubuntu Pro (ESM)."""

    updates: tuple[Update, ...]
    removals: tuple[str, ...]
    with_subscription: tuple[str, ...]


@dataclass(frozen=True)
class Advisory:
    """``kind`` is security, bugfix, enhancement, ...; ``severity`` e.g. Important, empty if it has none."""

    id: str
    kind: str
    severity: str
    package: str


class Installed(NamedTuple):
    """``state`` is dpkg's abbreviation ("ii", "hi", "iU"), empty on rpm hosts. A tuple: a host has thousands of them."""

    name: str
    version: str
    state: str = ""
    at: datetime | None = None


def whole_lines(key: str, text: str) -> list[str]:
    if not text.strip() or not text.endswith("\n"):
        raise Unreadable(CUT, key=key)
    return text.splitlines()


# Inst bash [5.2.15-2+b7] (5.2.15-2+b10 Debian:12.11/oldstable [amd64])
# Inst libssl3 [3.0.14-1] (3.0.17-1 Debian-Security:12/oldstable-security [amd64]) []
# Remv oldthing [1.0]
# 2 upgraded, 0 newly installed, 1 to remove and 3 not upgraded.
#   Upgrading: 2, Installing: 0, Removing: 1, Not Upgrading: 3              (the same by version 3)
INST = re.compile(r"Inst (\S+) (?:\[[^\]]*\] )?\((\S+) (.*?)(?: \[[^\]]*\])?\)")
SECURITY = re.compile(r"Debian-Security:|Ubuntu[^/]*/[^/,]*-security|[^/,]*-security\b|UbuntuESM|ESM[^/]*:")
SUMMARIES = (
    re.compile(r"^(\d+) upgraded, (\d+) newly installed,(?: \d+ reinstalled,)?(?: (\d+) downgraded,)?(?: \d+ reinstalled,)?"
               r" (\d+) to remove and \d+ not upgraded\.", re.MULTILINE),
    re.compile(r"^ *Upgrading: (\d+), Installing: (\d+),(?: Reinstalling: \d+,)?(?: Downgrading: (\d+),)? Removing: (\d+),"
               r" Not Upgrading: \d+$", re.MULTILINE),
)
NEEDS_PRO = re.compile(r"(?:could receive|security updates? require).*(?:ESM|Pro)", re.IGNORECASE)
UPGRADED = re.compile(r"^The following packages will be upgraded:\n((?:  .*\n)+)", re.MULTILINE)


def parse_apt_simulation(key: str, text: str) -> AptPlan:
    """``apt-get -s dist-upgrade``; with its summary, whose counts must fit, or as printed by -qq, without."""
    summary = next((found for found in (pattern.search(text) for pattern in SUMMARIES) if found), None)
    if summary is None:
        whole_lines(key, text)
        if "Reading package lists" in text:
            raise Unreadable(CUT, key=key)
    lines = text.splitlines()
    updates = tuple(_planned(key, line) for line in lines if line.startswith("Inst "))
    removals = tuple(line.split()[1] for line in lines if line.startswith("Remv ") and len(line.split()) > 1)
    pro = _with_subscription(text)
    if summary is None:
        return AptPlan(updates, removals, pro)
    upgraded, new, downgraded, removed = (int(item or 0) for item in summary.groups())
    listed = UPGRADED.search(text)
    if not updates and listed and len(listed[1].split()) == upgraded:
        return AptPlan(tuple(Update(name, "", "") for name in listed[1].split()), (), pro)
    if len(updates) != upgraded + new + downgraded or len(removals) != removed:
        raise Unreadable(CUT, key=key)
    return AptPlan(updates, removals, pro)


def _planned(key: str, line: str) -> Update:
    match = INST.match(line)
    if match is None:
        raise Unreadable(CUT, key=key)
    return Update(match[1], match[2], match[3], _is_for_security(match[3]))


@lru_cache(maxsize=1024)        # many updates come from few sources
def _is_for_security(source: str) -> bool:
    return SECURITY.search(source) is not None


# The following security updates require Ubuntu Pro with 'esm-apps' enabled:
#   libzmq5 python3-wheel
# Learn more about Ubuntu Pro at https://ubuntu.com/pro
def _with_subscription(text: str) -> tuple[str, ...]:
    lower = text.lower()
    if not any(words in lower for words in ("could receive", "security update require", "security updates require")):
        return ()
    names: list[str] = []
    under = False
    for line in text.splitlines():
        if NEEDS_PRO.search(line):
            under = True
        elif under and (not line.strip() or line.startswith(("Learn more", "Inst ", "Conf ", "Remv ", "#", "*")) or line[0].isdigit()):
            under = False
        elif under:
            names.extend(line.split())
    return tuple(names)


# Listing...
# libssl3/stable-security 3.0.17-1~deb12u2 amd64 [upgradable from: 3.0.14-1~deb12u2]
APT_LIST = re.compile(r"(\S+?)/(\S+) (\S+) (\S+) \[upgradable from: (\S+)\]$")


def parse_apt_list(key: str, text: str) -> tuple[Update, ...]:
    """``apt list --upgradable``."""
    lines = [line for line in whole_lines(key, text) if line.strip() and not line.startswith(("WARNING:", "N:", "W:"))]
    if not lines or not lines[0].startswith("Listing..."):
        raise Unreadable(CUT, key=key)
    updates = []
    for line in lines[1:]:
        match = APT_LIST.match(line)
        if match is None:
            raise Unreadable(CUT, key=key)
        suites = match[2].split(",")
        updates.append(Update(match[1], match[3], match[2], any(re.search(r"-security$|-infra-security|-apps-security", suite)
                                                                for suite in suites)))
    return tuple(updates)


# ii  openssh-server 1:9.2p1-2+deb12u6
# hi  postgresql-15 15.13-0+deb12u1
def parse_dpkg(key: str, text: str) -> tuple[Installed, ...]:
    """The packages that are not just installed, of ``dpkg-query -W`` in our format.

    The list is sorted, and the essential package util-linux stands near its end.
    """
    found = []
    for line in whole_lines(key, text):
        words = line.split()
        if words[:1] == ["ii"] and len(words) == 3:         # nearly all of thousands
            continue
        if not 2 <= len(words) <= 3 or not 2 <= len(words[0]) <= 3:
            raise Unreadable(CUT, key=key)
        found.append(Installed(words[1], words[2] if len(words) == 3 else "", words[0]))
    if not all(f" {name} " in text or f" {name}\n" in text for name in ("dpkg", "util-linux")):
        raise Unreadable("{key}: lacks essential packages; it is cut off", key=key)
    return tuple(found)


# Available Upgrades
# vim-minimal.x86_64        2:9.2.280-1.fc42        updates
def parse_dnf_list(key: str, text: str) -> tuple[Update, ...]:
    """``check-update`` or ``list --upgrades`` of dnf, dnf5 and yum, which folds long lines; up to the list of obsoletes."""
    lines = whole_lines(key, text)
    if IGNORED.search(text) and "No matching Packages to list" not in text and "No matching packages to list" not in text:
        raise Unreadable("{key}: could not use all repositories, so that its list is not whole", key=key)
    updates: list[Update] = []
    words: list[str] = []
    for line in lines:
        if line.strip().lower().startswith(("obsoleting packages", "security:", "obsoletes")):
            break
        fields = line.split()
        if words and line.startswith(" "):
            words += fields
        else:
            if words and looks_like_package(words[0]):
                raise Unreadable(CUT, key=key)
            words = fields if fields and looks_like_package(fields[0]) else []
        if len(words) == 3:
            updates.append(Update(words[0].rsplit(".", 1)[0], words[1], words[2].lstrip("@")))
            words = []
        elif len(words) > 3:
            words = []                  # a progress line of a repository whose name looks like a package
    if words or (not updates and re.search(r"^(Available|Upgraded|Updated) ?(upgrades|packages)?$", text, re.MULTILINE | re.IGNORECASE)):
        raise Unreadable(CUT, key=key)
    return tuple(updates)


ARCHITECTURES = ("noarch", "x86_64", "i386", "i486", "i586", "i686", "aarch64", "ppc64le", "ppc64", "s390x", "armv7hl", "riscv64", "src",
                 "x86_64_v2", "x86_64_v3", "loongarch64", "athlon", "ia64", "s390", "armv7l")


def looks_like_package(word: str) -> bool:
    return word.rpartition(".")[2] in ARCHITECTURES and len(word.rpartition(".")[0]) > 0


# "bind-libs" "32" "9.8.2" "0.37.rc1.45.amzn1" "amzn-main"
def parse_repoquery(key: str, text: str) -> tuple[Update, ...]:
    """``repoquery --qf`` with five quoted columns; all lines must have them, as each stands by itself."""
    found: list[Update] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith(("Loaded plugins", "Loading mirror", "Last metadata", "Repo ", "Repository ")):
            continue
        fields = re.findall(r'"([^"]*)"', line)
        if len(fields) != 5 or line.count('"') != 10 or not all(fields):
            raise Unreadable(CUT, key=key)
        name, epoch, version, release, source = fields
        found.append(Update(name, ("" if epoch in ("0", "(none)") else epoch + ":") + version + "-" + release, source))
    if not found:
        raise Unreadable(CUT, key=key)
    return tuple(found)


# FEDORA-2026-4be1 security Important vim-data-2:9.2.280-1.fc42.noarch 2026-04-08 07:44:03     (dnf5, under a heading)
# RHSA-2024:3513   Important/Sec.     less-590-4.el9_4.x86_64                                  (dnf, yum)
# FEDORA-2026-77f4 bugfix             firefox-83.0-13.fc32.x86_64
ADVISORY = re.compile(r"^(?:[i*] )?\s*(\S+[-:]\S*\d\S*)\s+(\S+)\s+(?:(\S+)\s+)?(\S+-\S+-\S+\.(?:" + "|".join(ARCHITECTURES) + r"))"
                      r"(?:\s+\d{4}-\d\d-\d\d.*)?\s*$")


def parse_updateinfo(key: str, text: str) -> tuple[Advisory, ...]:
    """``updateinfo list`` of dnf, dnf5 and yum."""
    found: list[Advisory] = []
    if IGNORED.search(text):
        raise Unreadable("{key}: could not use all repositories, so that its list is not whole", key=key)
    for line in whole_lines(key, text):
        match = ADVISORY.match(line)
        if match is None:
            if re.match(r"(?:[i*] )?\s*[A-Z]{2,}[A-Z0-9_]*-[^\s]*\d{4}\S* ", line):
                raise Unreadable(CUT, key=key)
            continue
        word, severity = match[2], match[3] or ""
        if "/" in word:                 # Important/Sec.
            severity, _slash, word = word.partition("/")
        kind = "security" if word.lower().startswith("sec") else word.lower()
        found.append(Advisory(match[1], kind, "" if severity in ("None", "unknown") else severity, match[4]))
    return tuple(found)


# S | Repository | Name     | Current Version    | Available Version   | Arch
# --+------------+----------+--------------------+---------------------+-------
# v | SLE-Update | git-core | 2.43.0-150600.1.10 | 2.43.0-150600.3.3.1 | x86_64
def parse_zypper_updates(key: str, text: str) -> tuple[Update, ...]:
    lines = whole_lines(key, text)
    if any(line.startswith("No updates found") for line in lines):
        return ()
    place = next((number for number, line in enumerate(lines) if line.split("|")[0].strip() == "S" and "Available Version" in line), None)
    if place is None:
        raise Unreadable(CUT, key=key)
    names = [name.strip() for name in lines[place].split("|")]
    found: list[Update] = []
    for line in lines[place + 1:]:
        fields = [field.strip() for field in line.split("|")]
        if not line.strip() or set(line.strip()) <= set("-+"):
            continue
        if len(fields) != len(names):
            if "|" not in line and found:
                break                   # "The following updates ... are not needed": what follows is another list
            raise Unreadable(CUT, key=key)
        row = dict(zip(names, fields, strict=True))
        found.append(Update(row["Name"], row["Available Version"], row.get("Repository", "")))
    if not found:
        raise Unreadable(CUT, key=key)
    return tuple(found)


# SLE-Update | SUSE-SLE-2026-1 | security | important | --- | needed | Security update for openssl
# 3 patches needed (1 security patch)
NEEDED = re.compile(r"^(\d+) patch(?:es)? needed(?: \((\d+) security patch(?:es)?\))?", re.MULTILINE)


def parse_zypper_patches(key: str, text: str) -> tuple[Advisory, ...]:
    """``zypper list-patches``; its closing count must fit."""
    lines = whole_lines(key, text)
    found: list[Advisory] = []
    names: list[str] = []
    for line in lines:
        fields = [field.strip() for field in line.split("|")]
        if "Category" in fields and "Severity" in fields:
            names = fields
        elif names and len(fields) >= len(names):
            row = dict(zip(names, fields, strict=False))
            found.append(Advisory(row.get("Name", ""), row["Category"].lower(), row["Severity"], row.get("Name", "")))
    if not found and any(line.startswith("No updates found") for line in lines):
        return ()
    count = NEEDED.search(text)
    if (not found and count is None) or (count is not None and int(count[1]) > len(found)):
        raise Unreadable(CUT, key=key)
    return tuple(found)


# bash-5.1.8-9.el9.x86_64            Mon Apr  5 16:52:06 2021
# kernel-5.14.0-427.el9.x86_64       Mon 05 Apr 2021 04:52:06 PM UTC
RPM = re.compile(r"(\S+?)-([^-\s]+-[^-\s]+?)(?:\.([^.\s]+))?\s+(\w{3},? .*\d{4}.*)$")
RPM_TIMES = ("%a %b %d %H:%M:%S %Y", "%a %d %b %Y %I:%M:%S %p", "%a %d %b %Y %H:%M:%S", "%c")


def parse_rpm_last(key: str, text: str) -> tuple[Installed, ...]:
    """``rpm -qa --last``, newest first. Its times are the host's local ones, taken for UTC here: right to within a day."""
    found: list[Installed] = []
    for line in whole_lines(key, text):
        match = RPM.match(line)
        if match is None:
            raise Unreadable(CUT, key=key)
        name = match[1] + ("." + match[3] if match[3] else "")
        found.append(Installed(name, match[2], at=local_time(match[4]) if not found else None))
    return tuple(found)


def local_time(text: str) -> datetime | None:
    for form in RPM_TIMES:
        for words in (text, " ".join(text.split()[:-1])):       # a zone that strptime doesn't know
            try:
                return datetime.strptime(words.strip(), form).replace(tzinfo=UTC)
            except ValueError:
                continue
    return None
