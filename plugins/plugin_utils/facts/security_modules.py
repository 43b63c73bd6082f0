# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security modules: what SELinux does now and after a restart, and how many profiles AppArmor enforces."""

from __future__ import annotations

from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown
from ..archive import Capture

MODES = ("enforcing", "permissive", "disabled")


@dataclass(frozen=True)
class Selinux:
    """``now`` and ``configured`` are one of MODES."""

    now: str
    configured: str


@dataclass(frozen=True)
class AppArmor:
    enforced: int
    complaining: tuple[str, ...]


@dataclass(frozen=True)
class SecurityModulesFacts:
    selinux: Known[Selinux]
    apparmor: Known[AppArmor]


def parse(capture: Capture) -> SecurityModulesFacts:
    return SecurityModulesFacts(selinux=_selinux(capture), apparmor=_apparmor(capture))


def _selinux(capture: Capture) -> Known[Selinux]:
    config = capture.text("/etc/selinux/config")
    enforce = capture.text("/sys/fs/selinux/enforce")
    if isinstance(config, NotHere) and isinstance(enforce, NotHere):
        return NotHere("SELinux is not installed")
    if isinstance(enforce, NotHere):
        now = "disabled"
    elif isinstance(enforce, str) and enforce.strip() in ("0", "1"):
        now = "enforcing" if enforce.strip() == "1" else "permissive"
    else:
        return enforce if isinstance(enforce, Unknown) else Unknown("/sys/fs/selinux/enforce: is neither 0 nor 1")
    configured = configured_mode(config) if isinstance(config, str) else config
    if not isinstance(configured, str):
        return Unknown(configured.reason, configured.values)
    return Selinux(now, configured)


# SELINUX=enforcing
def configured_mode(text: str) -> Known[str]:
    for line in text.splitlines():
        name, _equals, value = line.partition("=")
        if name.strip() == "SELINUX" and value.strip().lower() in MODES:
            return value.strip().lower()
    return Unknown("/etc/selinux/config: has no SELINUX=enforcing, permissive or disabled")


# /usr/sbin/mariadbd (enforce)
def _apparmor(capture: Capture) -> Known[AppArmor]:
    enabled = capture.text("/sys/module/apparmor/parameters/enabled")
    if isinstance(enabled, NotHere) or (isinstance(enabled, str) and enabled.strip() == "N"):
        return NotHere("AppArmor is not in use")
    if isinstance(enabled, Unknown):
        return enabled
    profiles = capture.text("/sys/kernel/security/apparmor/profiles")
    if isinstance(profiles, NotHere):
        return NotHere("AppArmor is not in use")
    if isinstance(profiles, Unknown):
        return profiles
    if profiles and not profiles.endswith("\n"):
        return Unknown("AppArmor's list of profiles is cut off")
    rows = [line.rsplit(" (", 1) for line in profiles.splitlines() if line.strip()]
    if any(len(row) != 2 for row in rows):
        return Unknown("AppArmor's list of profiles is cut off")
    return AppArmor(enforced=sum(mode != "complain)" for _name, mode in rows),
                    complaining=tuple(name for name, mode in rows if mode == "complain)"))
