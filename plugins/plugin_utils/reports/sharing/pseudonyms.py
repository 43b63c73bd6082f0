# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other words for names, addresses and numbers: the same one gets the same word everywhere, and in the next report too.

Addresses come from ranges that are nobody's: 198.18.0.0/15 for benchmarks (RFC 2544), 2001:db8::/32 for documentation (RFC 3849).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...archive import write_whole
from .identities import Identities

WORDS: dict[str, Callable[[int], str]] = {
    "host": lambda number: f"host-{number:04d}",
    "name": lambda number: f"name-{number:04d}.example",
    "user": lambda number: f"user-{number:04d}",
    "serial": lambda number: f"serial-{number:04d}",
    "customer": lambda _number: "the customer",
    "mail": lambda number: f"mail-{number:04d}@example.com",
    "ipv4": lambda number: str(ipaddress.IPv4Address("198.18.0.0") + number),
    "ipv6": lambda number: str(ipaddress.IPv6Address("2001:db8::") + number),
    "mac": lambda number: "02:00:00:" + ":".join(f"{number >> shift & 255:02x}" for shift in (16, 8, 0)),
    "uuid": lambda number: f"00000000-0000-4000-8000-{number:012x}",
}
# What is told apart by its form. An IPv6 address is only one if Python's library reads it as such
FORMS = {
    "mail": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "uuid": r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "mac": r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}",
    "ipv6": r"[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}",
    "ipv4": r"\d{1,3}(?:\.\d{1,3}){3}",
}
BEFORE, AFTER = r"(?<![\w.:-])", r"(?![\w:-]|\.\w)"


class Pseudonyms:
    """{kind: {what it is: its number}}, kept in a file that belongs to nobody but us: it undoes them all."""

    def __init__(self, known: dict[str, dict[str, int]], identities: Identities) -> None:
        self.known = known
        self._kinds = {
            **{name.lower(): "host" for name in identities.hosts}, **{name.lower(): "user" for name in identities.users},
            **{name.lower(): "serial" for name in identities.serials}, **{name.lower(): "customer" for name in identities.customers}}
        names = sorted(self._kinds, key=lambda name: (-len(name), name))
        parts = [f"(?P<mail>{FORMS['mail']})"]
        if identities.domains:
            parts.append(f"(?P<name>(?:[\\w-]+\\.)*(?:{_any_of(identities.domains)}))")
        if names:
            parts.append(f"(?P<listed>{_any_of(names)})")
        parts += [f"(?P<{kind}>{form})" for kind, form in FORMS.items() if kind != "mail"]
        # Listed names may stand within longer words that are joined by dots, dashes, colons or slashes; forms must stand alone
        self._pattern = re.compile("|".join(
            f"(?<![^\\W_]){part}(?![^\\W_])" if part.startswith(("(?P<listed>", "(?P<name>")) else BEFORE + part + AFTER for part in parts),
            re.IGNORECASE)

    def replaced(self, text: str) -> str:
        return self._pattern.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        kind, found = str(match.lastgroup), match.group()
        if kind in ("name", "listed"):
            kind = self._kinds.get(found.lower(), kind)
            short, dot, _domain = found.partition(".")
            if kind == "host" and dot and self._kinds.get(short.lower()) == "host":
                return self._numbered("host", short) + ".example"
        if (kind in ("ipv4", "ipv6") and not _is_somebodys(found)) or (kind == "mac" and set(found.lower()) <= set("0f:")):
            return found
        return self._numbered(kind, found)

    def _numbered(self, kind: str, found: str) -> str:
        numbers = self.known.setdefault(kind, {})
        return WORDS[kind](numbers.setdefault(found.lower(), len(numbers) + 1))

    def everywhere(self, value: Any, kept: frozenset[str]) -> Any:
        """A JSON value with all its texts replaced, but for the names of its fields and the texts in ``kept``, which are our own words.

        A field ``host`` holds no word of ours.
        """
        if isinstance(value, str):
            return value if value in kept else self.replaced(value)
        if isinstance(value, list):
            return [self.everywhere(item, kept) for item in value]
        if isinstance(value, dict):
            return {name if name.isidentifier() else self.replaced(name):
                    self.replaced(item) if name == "host" and isinstance(item, str) else self.everywhere(item, kept)
                    for name, item in value.items()}
        return value


def _any_of(names: Any) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


def _is_somebodys(text: str) -> bool:
    """Whether it is the address of one machine, or of one network's machines, and not of every machine."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or str(address).startswith(("255.", "0.")))


def load(path: Path, identities: Identities) -> Pseudonyms:
    """With the words that earlier reports got. Raises OSError and ValueError for a file that can't be read."""
    return Pseudonyms(json.loads(path.read_text("utf-8")) if path.exists() else {}, identities)


def save(pseudonyms: Pseudonyms, path: Path) -> None:
    write_whole(path, json.dumps(pseudonyms.known, indent=1, sort_keys=True).encode() + b"\n")
