# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages: what waits to be updated, how old that knowledge is, what an update left unfinished."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ..absent import Known, NotHere, T, Unknown, Unreadable
from ..archive import Capture, Entry, succeeded
from . import package_lists as lists, restarts
from .container import is_container
from .package_lists import Installed, Update
from .restarts import Stale

NO_MANAGER = NotHere("this host has neither apt, dnf, yum nor zypper")
IN_CONTAINER = NotHere("a container runs the kernel of its host")
LISTS: tuple[tuple[str, Callable[[str, str], tuple[Update, ...]]], ...] = (
    ("apt list --upgradable", lists.parse_apt_list),
    ("repoquery -C *", lists.parse_repoquery),
    ("dnf -C *up*a*e*", lists.parse_dnf_list),
    ("yum -C check-update", lists.parse_dnf_list),
    ("*zypper* list-updates", lists.parse_zypper_updates),
)
MANY_VERSIONS = ("kernel", "gpg-pubkey", "kmod", "livepatch", "kgraft", "kpatch")   # may be installed more than once
KERNEL_PACKAGES = ("kernel", "kernel-core", "kernel-uek", "kernel-uek-core", "kernel-lt", "kernel-ml", "kernel-rt-core", "kernel-rt",
                   "kernel-64k-core", "kernel-default", "kernel-azure")


@dataclass(frozen=True)
class SecurityUpdate:
    """``severity`` in lower case as the distribution says it, empty where it doesn't."""

    name: str
    severity: str = ""


@dataclass(frozen=True)
class Kernels:
    running: str
    newest: str


@dataclass(frozen=True)
class PackagesFacts:
    """``with_subscription``: names of packages whose security updates only come with Ubuntu Pro; ``reboot``: why, empty if not."""

    updates: Known[tuple[Update, ...]]
    security: Known[tuple[SecurityUpdate, ...]]
    with_subscription: Known[tuple[str, ...]]
    metadata_at: Known[datetime]
    changed_at: Known[datetime]
    broken: Known[tuple[str, ...]]
    held: Known[tuple[str, ...]]
    stale: Known[tuple[Stale, ...]]
    reboot: Known[tuple[str, ...]]
    kernels: Known[Kernels]


def parse(capture: Capture) -> PackagesFacts:
    plan = _first(capture, "apt-get *", lists.parse_apt_simulation)
    if isinstance(plan, lists.AptPlan) and _apt_has_no_lists(capture):
        plan = Unknown("apt has no lists of packages on this host, so that it can't know of updates; run apt-get update")
    updates = plan.updates if isinstance(plan, lists.AptPlan) else plan if plan is not None else _listed(capture)
    installed = _first(capture, "dpkg-query *", lists.parse_dpkg)
    rpms = _first(capture, "rpm -q*--last*", lists.parse_rpm_last)
    return PackagesFacts(
        updates=_with_removals(updates, plan),
        security=_security(capture, updates),
        with_subscription=_with_subscription(plan),
        metadata_at=_newest(capture, "package metadata", "no trace of a refresh of the package metadata was found"),
        changed_at=_changed(capture, rpms),
        broken=_broken(installed, rpms),
        held=_held(capture, installed, rpms),
        stale=_stale(capture),
        reboot=IN_CONTAINER if is_container(capture) else _reboot(capture),
        kernels=IN_CONTAINER if is_container(capture) else _kernels(capture, rpms),
    )


def _first(capture: Capture, pattern: str, parser: Callable[[str, str], T]) -> Known[T] | None:
    """The parsed output of the first command that fits; None if none was run."""
    entries = [entry for entry in capture.matching(pattern) if entry.kind == "command"]
    return _parsed(entries[0], parser) if entries else None


def _parsed(entry: Entry, parser: Callable[[str, str], T]) -> Known[T]:
    """Of an entry; what can't be run is Unknown, as the subject only runs what is there."""
    text = succeeded(entry)
    if entry.error is None and entry.rc == 100 and "check-update" in entry.key:     # dnf's way to say: there are some
        text = entry.text or ""
    if not isinstance(text, str):
        return Unknown(text.reason, text.values)
    try:
        return parser(entry.key, text if text.strip() else entry.stderr)            # dnf5 says there that it looked
    except Unreadable as error:
        return error.unknown


def _listed(capture: Capture) -> Known[tuple[Update, ...]]:
    found: list[Known[tuple[Update, ...]]] = []
    for pattern, parser in LISTS:
        for entry in capture.matching(pattern):
            if entry.kind != "command" or "updateinfo" in entry.key:
                continue
            updates = _parsed(entry, parser)
            if isinstance(updates, tuple) and not updates and entry.rc == 100:
                updates = Unknown(lists.CUT, {"key": entry.key})
            found.append(updates)
    whole = [item for item in found if isinstance(item, tuple)]
    return whole[0] if whole else found[0] if found else NO_MANAGER


def _with_removals(updates: Known[tuple[Update, ...]], plan: Known[lists.AptPlan] | None) -> Known[tuple[Update, ...]]:
    """A removal is a pending change as well."""
    if isinstance(updates, tuple) and isinstance(plan, lists.AptPlan):
        return updates + tuple(Update(name, "", "to be removed", False) for name in plan.removals)
    return updates


def _with_subscription(plan: Known[lists.AptPlan] | None) -> Known[tuple[str, ...]]:
    if plan is None:
        return NotHere("this host has no apt")
    return plan.with_subscription if isinstance(plan, lists.AptPlan) else plan


def _security(capture: Capture, updates: Known[tuple[Update, ...]]) -> Known[tuple[SecurityUpdate, ...]]:
    for pattern, parser in (("*updateinfo list*", lists.parse_updateinfo), ("*zypper* list-patches", lists.parse_zypper_patches)):
        advisories = _first(capture, pattern, parser)
        if advisories is None:
            continue
        if not isinstance(advisories, tuple):
            return advisories
        if not advisories and isinstance(updates, tuple) and updates:
            return Unknown("the repositories of this host do not tell which updates are for security")
        rows = [(item.package.rsplit("-", 2)[0] if "updateinfo" in pattern else item.package, item.severity.lower())
                for item in advisories if item.kind == "security"]
        return tuple(SecurityUpdate(name, severity) for name, severity in dict.fromkeys(rows))
    if not isinstance(updates, tuple):
        return updates
    if any(update.security is None for update in updates):
        return Unknown("the package manager's output does not tell which updates are for security")
    return tuple(SecurityUpdate(update.name) for update in updates if update.security)


def _apt_has_no_lists(capture: Capture) -> bool:
    """As in images of which they were removed: apt then says "0 upgraded" as if all were well."""
    entry = capture.entry("package metadata")
    return entry is not None and not re.search(r"^\d+ /var/lib/apt/lists/\S*Release$", entry.text or "", re.MULTILINE)


# 1763860000 /var/lib/apt/lists
def _newest(capture: Capture, key: str, reason: str) -> Known[datetime]:
    entry = capture.entry(key)
    if entry is None:
        return NO_MANAGER
    times = [int(line.split()[0]) for line in (entry.text or "").splitlines() if line.split() and line.split()[0].isdigit()]
    return datetime.fromtimestamp(max(times), UTC) if times else Unknown(reason)


def _changed(capture: Capture, rpms: Known[tuple[Installed, ...]] | None) -> Known[datetime]:
    if rpms is None:
        return _newest(capture, "dpkg dates", "dpkg's list of installed files is empty")
    if not isinstance(rpms, tuple):
        return rpms
    return rpms[0].at or Unknown("rpm -qa --last: its dates are in a form that is not known")


def _broken(installed: Known[tuple[Installed, ...]] | None, rpms: Known[tuple[Installed, ...]] | None) -> Known[tuple[str, ...]]:
    if installed is not None:
        if not isinstance(installed, tuple):
            return installed
        return tuple(item.name for item in installed if item.state[1:2] in "UFHWt" or item.state[2:3] == "R")
    if not isinstance(rpms, tuple):
        return rpms if rpms is not None else NO_MANAGER
    counts = Counter(item.name for item in rpms if not item.name.startswith(MANY_VERSIONS))
    return tuple(sorted(name for name, count in counts.items() if count > 1))


def _held(
    capture: Capture, installed: Known[tuple[Installed, ...]] | None, rpms: Known[tuple[Installed, ...]] | None
) -> Known[tuple[str, ...]]:
    if isinstance(installed, tuple):
        return tuple(item.name for item in installed if item.state.startswith("h"))
    if installed is not None:
        return installed
    if rpms is None:
        return NO_MANAGER
    if capture.entry("/etc/dnf/plugins/versionlock.list") is None:
        return NotHere("the version lock of dnf is not in use")
    text = capture.known("/etc/dnf/plugins/versionlock.list")
    if isinstance(text, Unknown):
        return text
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith(("#", "!")))


def _stale(capture: Capture) -> Known[tuple[Stale, ...]]:
    """Our own look decides; where a tool of the distribution looked too, what it found is added."""
    own = capture.entry("deleted libraries")
    found = [restarts_of(own, restarts.parse_deleted)] if own is not None else []
    found.extend(_tools(capture))
    whole = [item for item in found if isinstance(item, tuple)]
    if not found:
        return Unknown("which programs map deleted files can only be seen as root")
    if isinstance(found[0], Unknown) or (own is None and len(whole) < len(found)):
        return next(item for item in found if isinstance(item, Unknown))
    by_name = {item.name: item for part in reversed(whole) for item in part}
    return tuple(by_name[name] for name in sorted(by_name))


def _tools(capture: Capture) -> Iterator[tuple[Stale, ...] | Unknown]:
    for entry in capture.matching("needrestart *"):
        yield restarts_of(entry, lambda key, text: tuple(Stale(name) for name in restarts.parse_needrestart(key, text).services))
    for entry in capture.matching("checkrestart"):
        yield restarts_of(entry, restarts.parse_checkrestart)
    for entry in capture.matching("needs-restarting -s"):
        yield restarts_of(entry, lambda _key, text: restarts.parse_needs_restarting_services(text))


def restarts_of(entry: Entry, parser: Callable[[str, str], tuple[Stale, ...]]) -> tuple[Stale, ...] | Unknown:
    known = _parsed(entry, parser)
    return Unknown(known.reason, known.values) if isinstance(known, NotHere) else known


def _reboot(capture: Capture) -> Known[tuple[str, ...]]:
    """The reasons of all that look for it; Unknown only if nobody found one and one could not look."""
    looks = [*_marks(capture), *_hints(capture), *_kernel_states(capture)]
    if not looks:
        return NO_MANAGER
    reasons = [reason for look in looks if isinstance(look, tuple) for reason in look]
    unknown = [look for look in looks if isinstance(look, Unknown)]
    return tuple(dict.fromkeys(reasons)) if reasons or not unknown else unknown[0]


def _marks(capture: Capture) -> Iterator[tuple[str, ...] | Unknown]:
    """Files that updates leave behind; /run/reboot-required.pkgs names the packages."""
    for mark in ("/run/reboot-required", "/var/run/reboot-required", "/run/reboot-needed"):
        entry = capture.entry(mark)
        if entry is not None and entry.error in (None, "not_found"):
            packages = capture.text("/run/reboot-required.pkgs")
            found = tuple(packages.split()) if isinstance(packages, str) and packages.split() else (mark,)
            yield found if entry.error is None else ()
        elif entry is not None:
            yield Unknown("{key}: can't be read", {"key": mark})


def _hints(capture: Capture) -> Iterator[tuple[str, ...] | Unknown]:
    for entry in [*capture.matching("needs-restarting -r"), *capture.matching("*zypper* needs-rebooting")]:
        if entry.error is not None:
            yield Unknown("{key}: gave no answer", {"key": entry.key})
            continue
        try:
            needed, packages = restarts.parse_needs_restarting(entry.key, entry.text or "")
        except Unreadable as error:
            yield error.unknown
            continue
        yield (packages or ("core libraries",)) if needed else ()


def _kernel_states(capture: Capture) -> Iterator[tuple[str, ...] | Unknown]:
    for entry in capture.matching("needrestart *"):
        known = _parsed(entry, restarts.parse_needrestart)
        if isinstance(known, restarts.Needrestart):
            kernel = (known.expected or "kernel",) if known.kernel in (2, 3) else ()
            yield kernel + (("microcode",) if known.microcode == 2 else ())
        else:
            yield Unknown(known.reason, known.values)


def _kernels(capture: Capture, rpms: Known[tuple[Installed, ...]] | None) -> Known[Kernels]:
    running = capture.known("/proc/sys/kernel/osrelease")
    if isinstance(running, Unknown):
        return running
    if not running.strip() or not running.endswith("\n"):
        return Unknown("{key}: is empty or cut off", {"key": "/proc/sys/kernel/osrelease"})
    listed = capture.entry("installed kernels")
    names = (listed.text or "").split() if listed is not None else []
    if not names and isinstance(rpms, Unknown):
        return rpms
    if not names and isinstance(rpms, tuple):
        names = [release_of(item) for item in rpms if item.name.rsplit(".", 1)[0] in KERNEL_PACKAGES]
    if not names:
        return NotHere("no kernel is installed on this host")
    return Kernels(running.strip(), restarts.newest_of(running.strip(), names))


def release_of(item: Installed) -> str:
    """kernel-5.14.0-427.el9.x86_64 is the package of the kernel that uname calls 5.14.0-427.el9.x86_64."""
    name, _dot, architecture = item.name.rpartition(".")
    return f"{item.version}.{architecture}" if name else item.version
