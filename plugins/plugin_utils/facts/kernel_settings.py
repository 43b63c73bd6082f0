# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the kernel: their values, and which file sets each at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..absent import Known, NotHere, Unknown
from ..archive import Capture
from .container import is_container

FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
MAIN = "/etc/sysctl.conf"
PROC = "/proc/sys/"
OF_ANOTHER = NotHere("a container: the kernel's settings belong to the host that runs it")


@dataclass(frozen=True)
class Configured:
    """What a file says of a setting; words are separated by one blank."""

    value: str
    file: str


@dataclass(frozen=True)
class KernelSettingsFacts:
    """``values``: {"vm.swappiness": "60"} in force. ``configured``: those that files set. ``profile``: tuned's, or "" without it."""

    values: Known[Mapping[str, str]]
    configured: Known[Mapping[str, Configured]]
    profile: Known[str]


def parse(capture: Capture) -> KernelSettingsFacts:
    if is_container(capture):
        return KernelSettingsFacts(OF_ANOTHER, OF_ANOTHER, OF_ANOTHER)
    profile = capture.text("/etc/tuned/active_profile")
    return KernelSettingsFacts(_values(capture), _configured(capture), "" if isinstance(profile, NotHere) else _known(profile))


def _known(text: str | Unknown) -> Known[str]:
    return text.strip() if isinstance(text, str) else text


def _values(capture: Capture) -> Known[Mapping[str, str]]:
    found = {}
    for entry in capture.matching(PROC + "*"):
        text = capture.text(entry.key)
        if isinstance(text, str) and text.endswith("\n"):       # without its end a number may have lost digits
            found[entry.key.removeprefix(PROC).replace("/", ".")] = " ".join(text.split())
    return found or Unknown("/proc/sys: nothing of it is readable")


def _configured(capture: Capture) -> Known[Mapping[str, Configured]]:
    """As ``sysctl --system`` reads them: by file name over all folders, /etc/sysctl.conf last; a later line wins (man sysctl)."""
    files: dict[str, str] = {}
    for folder in reversed(FOLDERS):                            # a file in an earlier folder hides one of the same name
        files.update({PurePosixPath(entry.key).name: entry.key for entry in capture.matching(folder + "/*.conf")})
    found: dict[str, Configured] = {}
    for path in [*(files[name] for name in sorted(files)), MAIN]:
        text = capture.text(path)
        if isinstance(text, Unknown):
            return text
        if isinstance(text, str):
            found.update({name: Configured(value, path) for name, value in parse_conf(text).items()})
    return found


# # keep memory of the database
# vm.swappiness = 10
# -net/core/somaxconn=4096
def parse_conf(text: str) -> dict[str, str]:
    """{setting: value} of a sysctl.d file. A leading "-" only says that an error is no matter; slashes stand for dots."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith(("#", ";")):
            found[_dotted(name.strip().removeprefix("-"))] = " ".join(value.split())
    return found


def _dotted(name: str) -> str:
    """``net/ipv4/conf/eth0.100/rp_filter`` keeps the dot of the interface as a slash, as sysctl writes it."""
    first = min((name.find(sign) for sign in "/." if sign in name), default=-1)
    return name.translate(str.maketrans("/.", "./")) if first >= 0 and name[first] == "/" else name
