# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.package_lists import Update
from ..facts.packages import Kernels, SecurityUpdate
from ..facts.restarts import Stale, compare
from ..findings import DAY, Above, Domain, Finding, Rule, Severity

SHOWN = 12
EVIDENCE = ("apt-get -s *", "dnf -C *", "yum -C *", "repoquery *", "*zypper*")


def first(names: list[str]) -> tuple[str, ...]:
    return (*names[:SHOWN], "...") if len(names) > SHOWN else tuple(names)


def check_security_updates(_levels: Mapping[str, Any], updates: tuple[SecurityUpdate, ...]) -> Iterator[Finding]:
    grave = [update.name for update in updates if update.severity == "critical"]
    values = {"security_count": len(updates), "critical_count": len(grave), "names": first(sorted({update.name for update in updates}))}
    if grave:
        values["names"] = first(sorted(set(grave)))
        yield Finding(Severity.CRITICAL, "packages", "{security_count} security updates wait, {critical_count} of them critical: {names}",
                      values)
    elif updates:
        yield Finding(Severity.WARNING, "packages", "{security_count} security updates wait: {names}", values)
    else:
        yield Finding(Severity.OK, "packages", "no security update waits", values)


PACKAGES_SECURITY_UPDATES = Rule(
    id="packages_security_updates",
    title="No security update waits",
    domain=Domain.OS,
    why="What a security update mends is public knowledge from that day on.",
    fix="Install them in the next maintenance window (apt-get upgrade, dnf upgrade --security, zypper patch --category security).",
    needs=("packages.security",),
    evidence=EVIDENCE,
    impact=4,
    change_risk=2,
    track=("security_count",),
    check=check_security_updates,
)


def check_updates(_levels: Mapping[str, Any], updates: tuple[Update, ...]) -> Iterator[Finding]:
    values = {"updates_count": len(updates), "names": first([update.name for update in updates])}
    if updates:
        yield Finding(Severity.INFO, "packages", "{updates_count} updates wait: {names}", values)
    else:
        yield Finding(Severity.OK, "packages", "no update waits", values)


PACKAGES_UPDATES = Rule(
    id="packages_updates",
    title="Pending updates",
    domain=Domain.OS,
    why="Many updates at once are a bigger change than a few each month.",
    fix="Plan them for the next maintenance window.",
    needs=("packages.updates",),
    evidence=EVIDENCE,
    impact=1,
    change_risk=2,
    track=("updates_count",),
    check=check_updates,
)


def check_subscription(_levels: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Finding]:
    if names:
        yield Finding(Severity.INFO, "packages", "security updates of {packages_count} packages need Ubuntu Pro: {names}",
                      {"packages_count": len(names), "names": first(list(names))})
    else:
        yield Finding(Severity.OK, "packages", "no security update is kept for subscribers")


PACKAGES_SUBSCRIPTION = Rule(
    id="packages_subscription",
    title="Security updates that need a subscription",
    domain=Domain.OS,
    why="After its standard support an Ubuntu release gets its security updates by Ubuntu Pro (ESM) only.",
    fix="Attach the host to Ubuntu Pro or upgrade it to a supported release.",
    needs=("packages.with_subscription",),
    evidence=("apt-get -s *",),
    impact=2,
    change_risk=2,
    check=check_subscription,
)


def check_metadata_age(levels: Mapping[str, Any], at: datetime, taken_at: datetime) -> Iterator[Finding]:
    age = max(0.0, (taken_at - at).total_seconds())
    yield Finding(levels["age_seconds"].grade(age), "packages", "the package metadata was refreshed {age_seconds} ago",
                  {"age_seconds": age})


PACKAGES_METADATA_AGE = Rule(
    id="packages_metadata_age",
    title="The package metadata is fresh",
    domain=Domain.OS,
    why="Whether updates wait is judged by the metadata on the host; from old metadata nothing can be concluded.",
    fix="Let the host refresh it (apt-get update, dnf makecache, zypper refresh), best daily by a timer.",
    needs=("packages.metadata_at", "capture.taken_at"),
    evidence=("package metadata",),
    levels={"age_seconds": Above(warning=30 * DAY, source="our judgement: security updates come every week")},
    impact=2,
    check=check_metadata_age,
)


def check_last_update(levels: Mapping[str, Any], at: datetime, taken_at: datetime) -> Iterator[Finding]:
    age = max(0.0, (taken_at - at).total_seconds())
    yield Finding(levels["age_seconds"].grade(age), "packages", "a package was last installed or updated {age_seconds} ago",
                  {"age_seconds": age})


PACKAGES_LAST_UPDATE = Rule(
    id="packages_last_update",
    title="The host is patched regularly",
    domain=Domain.OS,
    why="A host on which nothing changed for months misses the fixes of these months.",
    fix="Take it into the patch plan.",
    needs=("packages.changed_at", "capture.taken_at"),
    evidence=("rpm -qa --last", "dpkg dates"),
    levels={"age_seconds": Above(warning=90 * DAY, critical=365 * DAY, source="Linuxfabrik monitoring-plugins: 90 d, 365 d")},
    impact=2,
    change_risk=2,
    check=check_last_update,
)


def check_broken(_levels: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Finding]:
    if names:
        yield Finding(Severity.WARNING, "packages", "{broken_count} packages are half installed or installed twice: {names}",
                      {"broken_count": len(names), "names": first(list(names))})
    else:
        yield Finding(Severity.OK, "packages", "all packages are wholly installed")


PACKAGES_BROKEN = Rule(
    id="packages_broken",
    title="No package is half installed",
    domain=Domain.OS,
    why="An interrupted update leaves programs of two versions side by side and blocks the next update.",
    fix="dpkg --configure -a and apt-get -f install; on rpm hosts dnf remove --duplicates, after dnf check.",
    needs=("packages.broken",),
    evidence=("dpkg-query *", "rpm -qa --last"),
    impact=3,
    change_risk=2,
    check=check_broken,
)


def check_held(_levels: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Finding]:
    if names:
        yield Finding(Severity.INFO, "packages", "{held_count} packages are held at their version: {names}",
                      {"held_count": len(names), "names": first(list(names))})
    else:
        yield Finding(Severity.OK, "packages", "no package is held at its version")


PACKAGES_HELD = Rule(
    id="packages_held",
    title="Packages held at their version",
    domain=Domain.OS,
    why="A held package gets no security updates either.",
    fix="Ask why it is held; let it go (apt-mark unhold, dnf versionlock delete) when the reason is gone.",
    needs=("packages.held",),
    evidence=("dpkg-query *", "/etc/dnf/plugins/versionlock.list"),
    impact=1,
    change_risk=2,
    check=check_held,
)


def check_deleted_library(_levels: Mapping[str, Any], stale: tuple[Stale, ...]) -> Iterator[Finding]:
    for item in stale:
        if item.files:
            yield Finding(Severity.WARNING, item.name, "still runs files that were replaced or removed: {files}",
                          {"files": first(list(item.files)), "pids": item.pids[:SHOWN]})
        else:
            yield Finding(Severity.WARNING, item.name, "still runs code from before an update")
    if not stale:
        yield Finding(Severity.OK, "services", "no program runs files that were replaced or removed")


SERVICE_DELETED_LIBRARY = Rule(
    id="service_deleted_library",
    title="Services run what is installed",
    domain=Domain.OS,
    why="A service keeps the library it started with: the hole that an update closed stays open in it until it restarts.",
    fix="Restart the service in a maintenance window; log sessions out; reboot for what can't be restarted.",
    needs=("packages.stale",),
    evidence=("deleted libraries", "needrestart *", "checkrestart", "needs-restarting -s"),
    impact=2,
    change_risk=2,
    check=check_deleted_library,
)


def check_reboot(_levels: Mapping[str, Any], reasons: tuple[str, ...]) -> Iterator[Finding]:
    if reasons:
        yield Finding(Severity.WARNING, "host", "a reboot is due because of: {reasons}", {"reasons": first(list(reasons))})
    else:
        yield Finding(Severity.OK, "host", "nothing asks for a reboot")


REBOOT_REQUIRED = Rule(
    id="reboot_required",
    title="No reboot is due",
    domain=Domain.OS,
    why="A new kernel, microcode or C library takes effect only after a reboot.",
    fix="Reboot in the next maintenance window; move the service away before.",
    needs=("packages.reboot",),
    evidence=("/run/reboot-required*", "/run/reboot-needed", "needs-restarting -r", "*zypper* needs-rebooting", "needrestart *"),
    impact=2,
    change_risk=3,
    check=check_reboot,
)


def check_kernel(_levels: Mapping[str, Any], kernels: Kernels) -> Iterator[Finding]:
    values = {"running": kernels.running, "newest": kernels.newest}
    # SUSE's packages carry a rebuild number more than the running kernel says
    if compare(kernels.newest, kernels.running) > 0 and not kernels.newest.startswith(
            kernels.running.removesuffix("-default") + "."):
        yield Finding(Severity.WARNING, "kernel", "runs {running}, but {newest} is installed", values)
    else:
        yield Finding(Severity.OK, "kernel", "runs {running}, the newest that is installed", values)


KERNEL_NOT_NEWEST = Rule(
    id="kernel_not_newest",
    title="The newest installed kernel runs",
    domain=Domain.OS,
    why="The fixes of the newer kernel, often for security, are installed but not in force.",
    fix="Reboot in the next maintenance window. If the older kernel was chosen on purpose, accept this finding with the reason.",
    needs=("packages.kernels",),
    evidence=("/proc/sys/kernel/osrelease", "installed kernels", "rpm -qa --last"),
    impact=2,
    change_risk=3,
    check=check_kernel,
)

RULES = (
    PACKAGES_SECURITY_UPDATES, PACKAGES_UPDATES, PACKAGES_SUBSCRIPTION, PACKAGES_METADATA_AGE, PACKAGES_LAST_UPDATE, PACKAGES_BROKEN,
    PACKAGES_HELD, SERVICE_DELETED_LIBRARY, REBOOT_REQUIRED, KERNEL_NOT_NEWEST,
)
