# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells strangers whose machines a report is about: names of hosts, people's accounts, serial numbers.

They are taken from the run's captures; addresses need no list, for they are known by their form (pseudonyms.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...absent import Unreadable
from ...archive import Capture
from ...facts.accounts import parse_passwd

FIRST_OF_PEOPLE, NOBODY = 1000, 65534           # user ids, as in Debian's and Red Hat's login.defs
PLAIN_HOSTS = {"localhost", "localhost.localdomain", "localdomain"}
PERSONAL_SETTINGS = ("owner", "location")
# "serial_number": "S3Z2NB0K", Serial Number: 7CE1234ABC, ID_SERIAL_SHORT=..., Serial No. : ..., serial number 21:35:..
SERIAL = re.compile(
    r"\b(?:product_|board_|chassis_|ID_)?serial(?:_short)?(?:[ _]?(?:number|num|no)\.?)?"
    r"[\"']?\s*[:=]\s*[\"']?([A-Za-z0-9][A-Za-z0-9._:-]{4,63})", re.IGNORECASE)
SERIAL_FILE = re.compile(r"/(?:\w+_)?serial$")


@dataclass(frozen=True)
class Identities:
    """``domains``: what stands behind the first dot of the hosts' full names."""

    hosts: frozenset[str]
    domains: frozenset[str]
    users: frozenset[str]
    serials: frozenset[str]
    customers: frozenset[str]


def identities_of(captures: Iterable[Capture], hosts: Iterable[str], customer: str | None) -> Identities:
    """Of a run's captures, and of the hosts and clusters that its report names."""
    names, users, serials = set(hosts), set[str](), set[str]()
    for capture in captures:
        names.add(capture.host)
        users.update(str(capture.settings[name]) for name in PERSONAL_SETTINGS if capture.settings.get(name))
        for entry in capture.entries:
            text = entry.text or ""
            if entry.key == "/proc/sys/kernel/hostname":
                names.add(text.strip())
            elif entry.key == "/etc/passwd":
                users.update(_people(text))
            if SERIAL_FILE.search(entry.key):
                serials.add(text.strip())
            serials.update(match[1] for match in SERIAL.finditer(text))
    names = {name for name in names if name and name.lower() not in PLAIN_HOSTS and not _is_address(name)}
    full = {name for name in names if "." in name}
    return Identities(
        frozenset(names | {name.split(".")[0] for name in full}), frozenset(name.split(".", 1)[1] for name in full),
        frozenset(users), frozenset(serial for serial in serials if _is_number(serial)), frozenset([customer] if customer else []))


def _people(passwd: str) -> Iterable[str]:
    try:
        return [account.name for account in parse_passwd(passwd) if account.uid >= FIRST_OF_PEOPLE and account.uid != NOBODY]
    except Unreadable:
        return []


def _is_address(name: str) -> bool:
    return re.fullmatch(r"[\d.]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*", name) is not None


def _is_number(serial: str) -> bool:
    """Serial numbers have digits, and not one alone repeated, which is what makers write where there is none."""
    return len(serial) >= 5 and any(sign.isdigit() for sign in serial) and len(set(serial)) > 2
