# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity: operating system, kernel, uptime, machine."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ..absent import Known, NotHere, Unknown
from ..archive import Capture
from .container import is_container
from .os_support import ROLLING, support_end

# What vendors write into DMI fields that they did not fill in
NO_VALUE = ("", "none", "not specified", "to be filled by o.e.m.", "default string", "system serial number", "0", "n/a", "unknown",
            "system product name", "system manufacturer", "not applicable")

# Words of vendor and product in DMI, and what systemd-detect-virt calls them
HYPERVISORS = (("KVM", "kvm"), ("QEMU", "qemu"), ("VMware", "vmware"), ("VirtualBox", "oracle"), ("Xen", "xen"), ("Bochs", "bochs"),
               ("Parallels", "parallels"), ("BHYVE", "bhyve"), ("Amazon EC2", "amazon"), ("Google Compute Engine", "google"),
               ("Microsoft Corporation Virtual Machine", "microsoft"))


@dataclass(frozen=True)
class OperatingSystem:
    """``id`` and ``version`` as in os-release ("debian", "12"); ``name`` for people."""

    id: str
    version: str
    name: str


@dataclass(frozen=True)
class Machine:
    """By DMI; empty where the vendor filled nothing in or only root may see it."""

    vendor: str
    product: str
    serial: str
    bios_version: str
    bios_date: str


@dataclass(frozen=True)
class IdentityFacts:
    """``support_ends``: last day of security updates; ``virtualisation``: in the words of systemd-detect-virt, "none" on hardware."""

    system: Known[OperatingSystem]
    support_ends: Known[date]
    hostname: Known[str]
    kernel: Known[str]
    machine_id: Known[str]
    uptime_seconds: Known[float]
    virtualisation: Known[str]
    machine: Known[Machine]


def parse(capture: Capture) -> IdentityFacts:
    release = _release(capture)
    system = _system(release)
    return IdentityFacts(
        system=system, support_ends=_support_ends(release, system),
        hostname=_word(capture, "/proc/sys/kernel/hostname"), kernel=_word(capture, "/proc/sys/kernel/osrelease"),
        machine_id=_word(capture, "/etc/machine-id"),
        uptime_seconds=NotHere("a container has the uptime of its host") if is_container(capture) else _uptime(capture),
        virtualisation=_virtualisation(capture), machine=_machine(capture),
    )


# PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
# VERSION_ID="12"
# ID=debian
@lru_cache(maxsize=64)      # a fleet has a few of them
def parse_os_release(text: str) -> dict[str, str]:
    values = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and re.fullmatch(r"[A-Z_0-9]+", name):
            try:
                values[name] = " ".join(shlex.split(value))
            except ValueError:          # a quote that is not closed: the line is cut off
                continue
    return values


def _release(capture: Capture) -> Known[dict[str, str]]:
    """The values of os-release; of a RHEL 6 and older, made from /etc/redhat-release."""
    for key in ("/etc/os-release", "/usr/lib/os-release"):
        text = capture.text(key)
        if isinstance(text, str):
            values = parse_os_release(text[:text.rfind("\n") + 1])     # a last line without an end may be cut off
            if "ID" in values:
                return values
            return Unknown("{key}: is empty or cut off", {"key": key})
        if isinstance(text, Unknown) and capture.entry(key) is not None:
            return text
    old = capture.text("/etc/redhat-release")
    if isinstance(old, str):            # CentOS release 6.10 (Final)
        match = re.match(r"(CentOS|Red Hat Enterprise Linux)[^\d]* (\d+(?:\.\d+)?)", old)
        if match:
            return {"ID": "centos" if match[1] == "CentOS" else "rhel", "VERSION_ID": match[2], "PRETTY_NAME": old.strip()}
    return Unknown("the host has no os-release that tells its operating system")


def _system(release: Known[dict[str, str]]) -> Known[OperatingSystem]:
    if not isinstance(release, dict):
        return release
    version = release.get("VERSION_ID", "")
    return OperatingSystem(release["ID"], version, release.get("PRETTY_NAME") or f"{release['ID']} {version}".strip())


def _support_ends(release: Known[dict[str, str]], system: Known[OperatingSystem]) -> Known[date]:
    if not isinstance(release, dict):
        return release
    if not isinstance(system, OperatingSystem):
        return system
    stated = release.get("SUPPORT_END", "")
    if re.fullmatch(r"\d{4}-\d\d-\d\d", stated):
        return date.fromisoformat(stated)
    if system.id in ROLLING:
        return NotHere("{system} is a rolling release", {"system": system.name})
    if not system.version:
        return Unknown("{system} does not tell its version", {"system": system.name})
    # CentOS Stream 8 ended later than CentOS Linux 8
    if system.id == "centos" and system.version == "8" and "Stream" in system.name:
        return date(2024, 5, 31)
    end = support_end(system.id, system.version)
    return end or Unknown("Caretaker does not know when the support of {system} ends", {"system": system.name})


def _word(capture: Capture, key: str) -> Known[str]:
    text = capture.text(key)
    if isinstance(text, str) and not text.strip():
        return Unknown("{key}: is empty or cut off", {"key": key})
    return text.strip() if isinstance(text, str) else text


# 1204811.42 9411207.10
def _uptime(capture: Capture) -> Known[float]:
    text = capture.known("/proc/uptime")
    if isinstance(text, Unknown):
        return text
    match = re.fullmatch(r"(\d+\.\d+) \d+\.\d+\n", text)
    return float(match[1]) if match else Unknown("{key}: is empty or cut off", {"key": "/proc/uptime"})


def _virtualisation(capture: Capture) -> Known[str]:
    """By what container managers leave inside, by DMI, and by the flag that hypervisors set in the CPU's word about itself."""
    if is_container(capture):
        text = capture.text("/run/systemd/container")
        return text.strip() if isinstance(text, str) and text.strip() else "container"
    machine = " ".join(_text(capture, f"/sys/class/dmi/id/{name}").strip() for name in ("sys_vendor", "product_name"))
    found = next((name for words, name in HYPERVISORS if words in machine), None)
    if found:
        return found
    flags = re.search(r"^flags\s*:(.*)\n", _text(capture, "/proc/cpuinfo"), re.MULTILINE)
    if flags is None:
        return Unknown("this machine's CPU does not tell whether it is a virtual one")
    return "vm-other" if " hypervisor" in flags[1] else "none"


def _text(capture: Capture, key: str) -> str:
    text = capture.text(key)
    return text if isinstance(text, str) else ""


def _machine(capture: Capture) -> Known[Machine]:
    names = ("sys_vendor", "product_name", "product_serial", "bios_version", "bios_date")
    fields = {name: capture.text("/sys/class/dmi/id/" + name) for name in names}
    if isinstance(fields["product_name"], NotHere):
        model = capture.text("/proc/device-tree/model")
        if isinstance(model, str):
            return Machine("", model.rstrip("\0\n"), "", "", "")
        return NotHere("this machine has no DMI data")
    if isinstance(fields["product_name"], Unknown):
        return fields["product_name"]
    vendor, product, serial, version, when = (_filled(text) for text in fields.values())
    return Machine(vendor, product, serial, version, when)


def _filled(text: str | Unknown | NotHere) -> str:
    return text.strip() if isinstance(text, str) and text.strip().lower() not in NO_VALUE else ""
