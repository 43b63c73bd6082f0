# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.kernel_settings import Configured
from ..findings import Domain, Finding, Rule, Severity

PROFILED = "is {now}, but {file} says {wanted}; tuned's profile is {profile}"


def check_in_force(
    _levels: Mapping[str, Any], values: Mapping[str, str], configured: Mapping[str, Configured], profile: str
) -> Iterator[Finding]:
    fine = True
    for name, wanted in sorted(configured.items()):
        now = values.get(name)
        if now is not None and now != wanted.value:
            fine = False
            message = PROFILED if profile else "is {now}, but {file} says {wanted}"
            yield Finding(Severity.INFO, name, message, {"now": now, "file": wanted.file, "wanted": wanted.value, "profile": profile})
    if fine:
        yield Finding(Severity.OK, "kernel", "the settings looked at are what the files say")


IN_FORCE = Rule(
    id="kernel_settings_in_force",
    title="The kernel's settings are what the files say",
    domain=Domain.OS,
    why="Somebody changed the running kernel or a file: after the next start the host behaves differently.",
    fix="Find out which value is meant; load the files (sysctl --system) or write the value into one.",
    needs=("kernel_settings.values", "kernel_settings.configured", "kernel_settings.profile"),
    evidence=("/etc/sysctl.conf", "/etc/sysctl.d/*.conf"),
    impact=2,
    check=check_in_force,
)

RULES = (IN_FORCE,)
