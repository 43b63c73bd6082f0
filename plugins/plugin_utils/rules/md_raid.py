# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.md_raid import Array, Configured, Consistency, MemberErrors, Scrub
from ..facts.mdadm import Superblock
from ..findings import DAY, Above, ByClass, Domain, Finding, Rule, Severity

ARRAY_EVIDENCE = ("/proc/mdstat", "mdadm --detail *")
# How many members a level can lose at most; a mirror can lose all but one, mirrored stripes one of each pair
CAN_LOSE = {"raid4": 1, "raid5": 1, "raid6": 2}
# mdadm's words for an array that has what it needs; reading and writing may be held back in some of them
GOOD_WORDS = frozenset({
    "clean", "active", "active-idle", "write-pending", "read-auto", "readonly", "read-only", "degraded", "suspended",
    "resyncing", "recovering", "reshaping", "checking", "repairing", "inactive", "not started",
})
REBUILDING = ("resync", "recovery")


def check_md_degraded(_levels: Mapping[str, Any], arrays: tuple[Array, ...]) -> Iterator[Finding]:
    for array in arrays:
        yield _redundancy(array)


def _redundancy(array: Array) -> Finding:
    missing = (array.required or 0) - (array.working if array.working is not None else array.required or 0)
    mirrored = {"raid1": max((array.required or 1) - 1, 0), "raid10": (array.required or 0) // 2}
    can_lose = CAN_LOSE.get(array.level, mirrored.get(array.level, 0))
    values = {"level": array.level, "missing_count": missing, "required_count": array.required, "working_count": array.working}
    strange = [word for word in array.words if word.split(" (")[0] not in GOOD_WORDS]
    if array.state == "broken" or {"failed", "broken"} & set(strange) or (missing > can_lose and array.redundant):
        return Finding(Severity.CRITICAL, array.name, "{level} has lost more members than it can spare; its data is not available", values)
    if missing > 0:
        if array.operation and array.operation.kind in REBUILDING and array.operation.state != "pending":
            return Finding(Severity.WARNING, array.name, "{level} runs on {working_count} of {required_count} members and is being rebuilt",
                           values)
        return Finding(Severity.CRITICAL, array.name, "{level} runs on {working_count} of {required_count} members and nothing rebuilds it",
                       values)
    if strange:
        return Finding(Severity.WARNING, array.name, "mdadm reports a state that is not known to be sound: {words}",
                       {"words": ", ".join(strange)})
    if array.state not in ("active", "inactive"):
        return Finding(Severity.WARNING, array.name, "the kernel reports a state that is not known to be sound: {state}",
                       {"state": array.state})
    if array.state == "inactive":
        return Finding(Severity.OK, array.name, "not running, so it is not judged for its members")
    if array.required is None or not array.redundant:
        return Finding(Severity.OK, array.name, "{level} has no redundancy that could be lost", values)
    if "degraded" in array.words:
        return Finding(Severity.WARNING, array.name, "mdadm reports it as degraded, the kernel shows all {required_count} members", values)
    return Finding(Severity.OK, array.name, "{level} with all {required_count} members", values)


MD_DEGRADED = Rule(
    id="md_degraded",
    title="Every md array has all its members",
    domain=Domain.HARDWARE,
    why="A degraded array has less redundancy than planned, or none: the next failing disk may take the data with it.",
    fix="Find the failed disk (mdadm --detail, smartctl), check the backup, replace the disk and add the new one: "
        "mdadm --manage ARRAY --add DEVICE.",
    needs=("md_raid.arrays",),
    evidence=ARRAY_EVIDENCE,
    impact=4,
    change_risk=2,
    check=check_md_degraded,
)


def check_md_failed_member(_levels: Mapping[str, Any], arrays: tuple[Array, ...]) -> Iterator[Finding]:
    for array in arrays:
        if not array.faulty:
            yield Finding(Severity.OK, array.name, "no member is marked as failed")
            continue
        severity = Severity.WARNING if array.redundant else Severity.CRITICAL
        yield Finding(severity, array.name, "failed members: {members}", {"members": array.faulty, "level": array.level})


MD_FAILED_MEMBER = Rule(
    id="md_failed_member",
    title="No member of an md array is marked as failed",
    domain=Domain.HARDWARE,
    why="md stopped using this disk after an error it could not correct.",
    fix="Look at the kernel log and smartctl of the disk; take it out (mdadm --manage ARRAY --remove DEVICE) and replace it.",
    needs=("md_raid.arrays",),
    evidence=ARRAY_EVIDENCE,
    impact=3,
    change_risk=2,
    check=check_md_failed_member,
)


def check_md_inactive(_levels: Mapping[str, Any], arrays: tuple[Array, ...]) -> Iterator[Finding]:
    for array in arrays:
        if array.container:
            yield Finding(Severity.OK, array.name, "container of firmware RAID, which is never active itself")
        elif array.state == "inactive":
            yield Finding(Severity.CRITICAL, array.name, "the array did not start; its data is not available")
        elif array.read_only == "read-only":
            yield Finding(Severity.INFO, array.name, "the array is read-only")
        else:
            yield Finding(Severity.OK, array.name, "the array is running")


MD_INACTIVE = Rule(
    id="md_inactive",
    title="Every md array is running",
    domain=Domain.HARDWARE,
    why="An array that was found but not started holds data that nobody can reach; mostly too many of its members are missing.",
    fix="Compare the members' event counts (mdadm --examine), bring back missing disks, then mdadm --assemble; --force only with a backup.",
    needs=("md_raid.arrays",),
    evidence=ARRAY_EVIDENCE,
    impact=4,
    change_risk=3,
    check=check_md_inactive,
)


def check_md_rebuilding(_levels: Mapping[str, Any], arrays: tuple[Array, ...]) -> Iterator[Finding]:
    for array in arrays:
        operation = array.operation
        if operation is None:
            yield Finding(Severity.OK, array.name, "no resync, recovery or reshape is going on")
            continue
        values = {"kind": operation.kind, "done_ratio": operation.progress_ratio, "left_seconds": operation.left_seconds,
                  "speed_bytes_per_second": operation.speed_bytes_per_second}
        # the regular scrub, and a resync that waits for the first write of an unused array, are no trouble
        harmless = operation.kind in ("check", "repair") or operation.state == "pending"
        severity = Severity.INFO if harmless else Severity.WARNING
        if operation.state == "running":
            yield Finding(severity, array.name, "{kind} at {done_ratio}, {left_seconds} left at {speed_bytes_per_second}", values)
        else:
            yield Finding(severity, array.name, "{kind} has not begun: {state}", {"kind": operation.kind, "state": operation.state})


MD_REBUILDING = Rule(
    id="md_rebuilding",
    title="No md array is being resynced or rebuilt",
    domain=Domain.HARDWARE,
    why="Until it is done the array is slow and can't rely on its redundancy.",
    fix="Wait for its end and inspect again; keep other load low, or raise /proc/sys/dev/raid/speed_limit_min. Find out why it began.",
    needs=("md_raid.arrays",),
    evidence=ARRAY_EVIDENCE,
    impact=2,
    check=check_md_rebuilding,
)


def check_md_mismatch(levels: Mapping[str, Any], consistency: tuple[Consistency, ...]) -> Iterator[Finding]:
    for item in consistency:
        kind = "mirror" if item.level in ("raid1", "raid10") else "parity"
        values = {"mismatch_count": item.mismatch_sectors, "class": kind}
        severity = levels["mismatch_count"].of(kind).grade(item.mismatch_sectors)
        if item.mismatch_sectors == 0:
            yield Finding(severity, item.array, "the last check found no differences", values)
        else:
            yield Finding(severity, item.array, "the last check found differences in {mismatch_count} sectors", values)


MD_MISMATCH = Rule(
    id="md_mismatch",
    title="The copies in md arrays agree",
    domain=Domain.HARDWARE,
    why="Copies or parity that differ mean that one disk returned or stored something else than was written;"
        " a rebuild may use the wrong one.",
    fix="Look for disk, cable and memory errors; then echo check > /sys/block/ARRAY/md/sync_action again. On a mirror that holds swap "
        "small counts are normal. Repair only after the cause is found.",
    needs=("md_raid.consistency",),
    evidence=("/sys/block/md*/md/mismatch_cnt",),
    levels={"mismatch_count": ByClass(
        {"mirror": Above(warning=1024, source="netdata's default alarm; md(4): mirrors may differ where swap or mapped files are written")},
        Above(warning=1, source="md(4): on a clean RAID5 or RAID6 any mismatch points to a hardware problem"),
    )},
    impact=3,
    change_risk=2,
    track=("mismatch_count",),
    check=check_md_mismatch,
)


def check_md_member_errors(
    levels: Mapping[str, Any], members: tuple[MemberErrors, ...], history: Mapping[str, Any]
) -> Iterator[Finding]:
    for item in members:
        name = f"{item.array}/{item.member}"
        seen = history.get(name, {}).get("read_errors_count", ())
        before = seen[-1][1] if seen and seen[-1][1] <= item.read_errors else 0        # a smaller count: assembled anew since
        new = item.read_errors - before
        values = {"new_errors_count": new, "read_errors_count": item.read_errors, "bad_blocks_count": item.bad_blocks}
        troubled = [word for word in item.state if word in ("write_error", "want_replacement", "blocked")]
        if item.bad_blocks:
            yield Finding(Severity.WARNING, name,
                          "md's list of bad blocks has {bad_blocks_count} entries: data there has lost its redundancy", values)
        elif troubled:
            yield Finding(Severity.WARNING, name, "md marked the member: {state}", {**values, "state": troubled})
        elif new:
            yield Finding(levels["new_errors_count"].grade(new), name, "{new_errors_count} read errors corrected since last time", values)
        else:
            yield Finding(Severity.OK, name, "no new read errors", values)


MD_MEMBER_ERRORS = Rule(
    id="md_member_errors",
    title="Members of md arrays have no new errors",
    domain=Domain.HARDWARE,
    why="md corrects read errors from the other members and says nothing; a growing count is a disk that is about to fail.",
    fix="Look at smartctl of the disk and plan its replacement; with a list of bad blocks replace it and let the array rebuild.",
    needs=("md_raid.member_errors", "history.md_member_errors"),
    evidence=("/sys/block/md*/md/dev-*/errors", "/sys/block/md*/md/dev-*/bad_blocks", "/sys/block/md*/md/dev-*/state"),
    levels={"new_errors_count": Above(warning=1, source="our judgement: a healthy disk needs no correction")},
    impact=3,
    change_risk=2,
    track=("read_errors_count",),
    check=check_md_member_errors,
)


def check_md_superblocks(_levels: Mapping[str, Any], superblocks: tuple[Superblock, ...]) -> Iterator[Finding]:
    newest: dict[str | None, int] = {}
    for item in superblocks:
        newest[item.uuid] = max(newest.get(item.uuid, 0), item.events or 0)
    for item in superblocks:
        events = item.events or 0
        missing = item.slots.count(".") or item.failed_devices
        bad = [word for word in item.words if not word.startswith(("clean", "active", "optimal", "normal"))]
        if not item.checksum_correct:
            yield Finding(Severity.CRITICAL, item.device, "the checksum of its superblock is wrong")
        elif events < newest[item.uuid]:
            yield Finding(Severity.WARNING, item.device, "it is {behind_count} events behind the other members: its data is out of date",
                          {"behind_count": newest[item.uuid] - events})
        elif missing:
            yield Finding(Severity.WARNING, item.device, "when it last ran, its array missed {missing_count} members",
                          {"missing_count": missing})
        elif bad:
            yield Finding(Severity.WARNING, item.device, "its superblock tells the state {words}", {"words": ", ".join(bad)})
        else:
            yield Finding(Severity.OK, item.device, "its superblock is sound")


MD_SUPERBLOCKS = Rule(
    id="md_superblocks",
    title="The members of arrays that did not start agree",
    domain=Domain.HARDWARE,
    why="Why an array did not start shows in its members: which are missing, which hold old data.",
    fix="Start with the members that have the highest event count; a member that is behind must be added anew, never forced in.",
    needs=("md_raid.superblocks",),
    evidence=("mdadm --examine *",),
    impact=3,
    change_risk=3,
    check=check_md_superblocks,
)


def check_md_configured(
    _levels: Mapping[str, Any], configured: tuple[Configured, ...], arrays: tuple[Array, ...], names: Mapping[str, str]
) -> Iterator[Finding]:
    for item in configured:
        name = item.device or f"UUID {item.uuid}"
        if _find(item, arrays, names):
            yield Finding(Severity.OK, name, "is assembled")
        elif not item.device and any(array.uuid is None for array in arrays):
            yield Finding(Severity.UNKNOWN, name, "the UUIDs of the arrays can't be seen; inspect as root")
        else:
            yield Finding(Severity.CRITICAL, name, "mdadm.conf names this array, but it is not assembled")


def _find(item: Configured, arrays: tuple[Array, ...], names: Mapping[str, str]) -> Array | None:
    short = item.device.rsplit("/", 1)[-1]
    wanted = {short, f"md{short}", names.get(item.device), names.get(f"/dev/md/{short}")}
    by_uuid = [array for array in arrays if item.uuid and array.uuid == item.uuid]
    by_name = [array for array in arrays if array.name in wanted]
    return next(iter(by_uuid + by_name), None)


MD_CONFIGURED = Rule(
    id="md_configured",
    title="Every array that mdadm.conf names is assembled",
    domain=Domain.HARDWARE,
    why="An array that is configured and not there has lost its disks or was never found at boot.",
    fix="Look for its disks (lsblk, mdadm --examine --scan) and assemble it; if it was given up, remove its ARRAY line from mdadm.conf.",
    needs=("md_raid.configured", "md_raid.assembled", "md_raid.names"),
    evidence=("/etc/mdadm*", "/proc/mdstat", "/dev/md/*", "/dev/disk/by-id/md-uuid-*"),
    impact=4,
    check=check_md_configured,
)


def check_md_spare_missing(
    _levels: Mapping[str, Any], arrays: tuple[Array, ...], configured: tuple[Configured, ...], names: Mapping[str, str],
    history: Mapping[str, Any],
) -> Iterator[Finding]:
    found = ((_find(item, arrays, names), item.spares) for item in configured)
    wanted = {array.name: spares for array, spares in found if array is not None and spares is not None}
    for array in arrays:
        seen = history.get(array.name, {}).get("spares_count", ())
        before = int(seen[-1][1]) if seen else 0
        expected = wanted.get(array.name, before if array.redundant else 0)
        values = {"spares_count": array.spares, "expected_count": expected}
        if array.container or array.state != "active":
            yield Finding(Severity.OK, array.name, "an array that is not active needs no spare")
        elif array.spares >= expected:
            yield Finding(Severity.OK, array.name, "{spares_count} spares", values)
        elif array.name in wanted:
            yield Finding(Severity.WARNING, array.name, "{spares_count} spares, mdadm.conf expects {expected_count}", values)
        else:
            yield Finding(Severity.WARNING, array.name, "{spares_count} spares, there were {expected_count} last time", values)


MD_SPARE_MISSING = Rule(
    id="md_spare_missing",
    title="The spares of md arrays are there",
    domain=Domain.HARDWARE,
    why="A spare that is gone was used up by a rebuild or failed unseen; the next failure will find none.",
    fix="Replace the disk that failed and add it as the new spare: mdadm --manage ARRAY --add DEVICE.",
    needs=("md_raid.arrays", "md_raid.expected_spares", "md_raid.names", "history.md_spare_missing"),
    evidence=("/proc/mdstat", "/etc/mdadm*"),
    impact=2,
    track=("spares_count",),
    check=check_md_spare_missing,
)


def check_md_scrub(levels: Mapping[str, Any], scrub: Scrub, taken_at: datetime) -> Iterator[Finding]:
    if scrub.last_run is not None:
        age = (taken_at - scrub.last_run).total_seconds()
        yield Finding(levels["age_seconds"].grade(age), "md", "the last regular check of the arrays began {age_seconds} ago",
                      {"age_seconds": age, "schedule": scrub.schedule})
    elif scrub.schedule:
        yield Finding(Severity.OK, "md", "a regular check is scheduled by {schedule}; when it last ran is not recorded",
                      {"schedule": scrub.schedule})
    else:
        yield Finding(Severity.INFO, "md", "no regular check of the arrays is scheduled")


MD_SCRUB = Rule(
    id="md_scrub",
    title="md arrays are checked regularly",
    domain=Domain.HARDWARE,
    why="Sectors that can't be read any more show only when they are read; during a rebuild it is too late.",
    fix="Enable the distribution's regular check: mdcheck_start.timer, raid-check.timer, or /etc/cron.d/mdadm.",
    needs=("md_raid.scrub", "capture.taken_at"),
    evidence=("md_scrub_schedules", "/sys/block/md*/md/last_sync_action"),
    levels={"age_seconds": Above(warning=35 * DAY, source="our judgement: the distributions check monthly, and some days' grace")},
    impact=2,
    check=check_md_scrub,
)

RULES = (
    MD_DEGRADED, MD_FAILED_MEMBER, MD_INACTIVE, MD_REBUILDING, MD_MISMATCH, MD_MEMBER_ERRORS, MD_SUPERBLOCKS, MD_CONFIGURED,
    MD_SPARE_MISSING, MD_SCRUB,
)
