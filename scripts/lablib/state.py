# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab remembers, so that ``down`` finds everything again, whatever happened in between.

    $CARETAKER_LAB_DIR/            default /var/lib/caretaker-lab
        images/KIND-HASH/          cached root file systems, read-only
        labs/NAME/lab.json         written before anything else of the lab is made
        labs/NAME/key, known_hosts
        labs/NAME/hosts/HOST/      overlay of the host, its disks, its console.log
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from .system import LabError

HOME = Path(os.environ.get("CARETAKER_LAB_DIR") or "/var/lib/caretaker-lab").absolute()
# Part of every name that the lab gives to a namespace, an interface or a control group
PREFIX = "ctlab"
NETWORKS = range(256)
# Addresses .1 is the control node's, .10 onwards are the hosts'
FIRST_ADDRESS, LAST_ADDRESS = 10, 250


@dataclass(frozen=True)
class Host:
    """``kind`` is "nspawn", "databases" or "loads" (containers too) or "vm"; ``number`` is the last byte of its address."""

    name: str
    kind: str
    number: int


@dataclass(frozen=True)
class Lab:
    """``network`` is the third byte of the lab's addresses."""

    name: str
    network: int
    hosts: tuple[Host, ...] = ()

    @property
    def folder(self) -> Path:
        return HOME / "labs" / self.name

    @property
    def bridge(self) -> str:
        return f"{PREFIX}{self.network}"

    @property
    def control_address(self) -> str:
        return f"10.231.{self.network}.1"

    def address(self, host: Host) -> str:
        return f"10.231.{self.network}.{host.number}"

    def host_folder(self, host: Host) -> Path:
        return self.folder / "hosts" / host.name

    def unique_name(self, host: Host) -> str:
        """The name of the host's network namespace and machine, unlike those of other labs."""
        return f"{PREFIX}-{self.name}-{host.name}"

    def host(self, name: str) -> Host:
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts) or "none"
        raise LabError(f"Lab {self.name} has no host {name}. Its hosts: {known}.")


def check_lab_name(name: str) -> str:
    # No dash: "a" must not be mistaken for the beginning of "a-b" when names are cleaned up
    if not re.fullmatch(r"[a-z][a-z0-9]{0,19}", name):
        raise LabError(f"{name!r} can't be a lab's name: use up to 20 lower-case letters and digits, a letter first.")
    return name


def check_host_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}[a-z0-9]", name):
        raise LabError(f"{name!r} can't be a host's name: use 2 to 32 lower-case letters, digits and dashes, a letter first.")
    return name


def load(name: str) -> Lab | None:
    path = HOME / "labs" / check_lab_name(name) / "lab.json"
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LabError(f"{path} is damaged ({error}). Remove that file, then run: scripts/lab down --name {name}") from error
    return Lab(document["name"], document["network"], tuple(Host(**host) for host in document["hosts"]))


def load_existing(name: str) -> Lab:
    lab = load(name)
    if lab is None:
        raise LabError(f"There is no lab {name}. Make it: scripts/lab up --name {name}")
    return lab


def save(lab: Lab) -> None:
    lab.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = lab.folder / "lab.json.part"
    part.write_text(json.dumps(asdict(lab), indent=1) + "\n")
    part.replace(lab.folder / "lab.json")


def all_labs() -> list[Lab]:
    return [lab for path in sorted((HOME / "labs").glob("*/lab.json")) if (lab := load(path.parent.name))]


def with_hosts(lab: Lab, wanted: list[tuple[str, str]]) -> Lab:
    """The lab with (name, kind) added where it has no host of that name; those already there stay as they are."""
    hosts = list(lab.hosts)
    for name, kind in wanted:
        if any(host.name == name for host in hosts):
            continue
        taken = {host.number for host in hosts}
        free = [number for number in range(FIRST_ADDRESS, LAST_ADDRESS + 1) if number not in taken]
        if not free:
            raise LabError(f"Lab {lab.name} is full: {len(hosts)} hosts.")
        hosts.append(Host(name, kind, free[0]))
    return Lab(lab.name, lab.network, tuple(hosts))


def free_network(taken: set[int]) -> int:
    for number in NETWORKS:
        if number not in taken:
            return number
    raise LabError("All 256 networks 10.231.x.0/24 are taken. Take labs down that nobody uses: scripts/lab down --name LAB")


@contextmanager
def locked(what: str) -> Iterator[None]:
    """One process at a time for this ``what`` ("network", an image, a lab)."""
    folder = HOME / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / what).open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
