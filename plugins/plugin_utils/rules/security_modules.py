# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.security_modules import AppArmor, Selinux
from ..findings import Domain, Finding, Rule, Severity


def check_selinux(_levels: Mapping[str, Any], selinux: Selinux) -> Iterator[Finding]:
    values = {"now": selinux.now, "configured": selinux.configured}
    if selinux.now == "enforcing" and selinux.configured == "enforcing":
        yield Finding(Severity.OK, "selinux", "SELinux enforces its policy")
    elif selinux.now == "disabled" and selinux.configured == "enforcing":
        yield Finding(Severity.WARNING, "selinux", "SELinux is {now}, but configured as {configured}: it changes at the next restart",
                      values)
    else:
        yield Finding(Severity.INFO, "selinux", "SELinux is {now}, and configured as {configured}", values)


SELINUX_MODE = Rule(
    id="selinux_mode",
    title="SELinux enforces its policy",
    domain=Domain.OS,
    why="SELinux confines a service that was broken into. A host that comes up disabled and restarts enforcing may not start its services.",
    fix="Run permissive for a while, mend what it reports (ausearch -m avc), relabel, then set enforcing.",
    needs=("security_modules.selinux",),
    evidence=("/sys/fs/selinux/enforce", "/etc/selinux/config"),
    impact=2,
    change_risk=3,
    check=check_selinux,
)


def check_apparmor(_levels: Mapping[str, Any], apparmor: AppArmor) -> Iterator[Finding]:
    if apparmor.complaining:
        yield Finding(Severity.INFO, "apparmor", "{enforced_count} profiles enforced, these only complain: {names}",
                      {"enforced_count": apparmor.enforced, "names": apparmor.complaining})
    else:
        yield Finding(Severity.OK, "apparmor", "{enforced_count} profiles enforced", {"enforced_count": apparmor.enforced})


APPARMOR_PROFILES = Rule(
    id="apparmor_profiles",
    title="AppArmor enforces its profiles",
    domain=Domain.OS,
    why="A profile that only complains confines nothing.",
    fix="Read what it logged, complete the profile, then aa-enforce it.",
    needs=("security_modules.apparmor",),
    evidence=("/sys/kernel/security/apparmor/profiles",),
    impact=1,
    change_risk=2,
    check=check_apparmor,
)

RULES = (SELINUX_MODE, APPARMOR_PROFILES)
