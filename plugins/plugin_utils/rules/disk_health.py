# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the health of physical disks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.disk_health import Silent
from ..facts.disk_model import Disk
from ..findings import DAY, HOUR, Above, Below, ByClass, Domain, Finding, Rule, Severity
from ..trend import growth_per_second

History = Mapping[str, Mapping[str, Any]]
EVIDENCE = ("smartctl *", "nvme smart-log *")
BACKUP = "Check that the backup is good, then replace the disk; in a RAID set let it rebuild before anything else is changed."
# Bits of smartctl's exit status, from smartctl(8)
FAILING_BITS, PREFAIL_BIT, PAST_BIT = 1 << 3, 1 << 4, 1 << 5


def grown(name: str, value_name: str, now: int, history: History) -> int | None:
    """By how much a counter grew since the last inspection; None without one, or where it is lower: a new disk."""
    seen = history.get(name, {}).get(value_name, ())
    return int(now - seen[-1][1]) if seen and seen[-1][1] <= now else None


def check_disk_health_status(_levels: Mapping[str, Any], answers: tuple[Disk | Silent, ...]) -> Iterator[Finding]:
    for answer in answers:
        if isinstance(answer, Silent):
            yield Finding(Severity.UNKNOWN, answer.name, answer.reason.reason, answer.reason.values)
        else:
            yield _status(answer)


def _status(disk: Disk) -> Finding:
    values = {"model": disk.model, "names": ", ".join(disk.failing or disk.failed_past)}
    if disk.passed is False or disk.exit_bits & FAILING_BITS:
        return Finding(Severity.CRITICAL, disk.name, "the disk says of itself that it is failing", values)
    if disk.failing:
        return Finding(Severity.CRITICAL, disk.name, "at or under the maker's threshold now: {names}", values)
    if disk.exit_bits & PREFAIL_BIT:
        return Finding(Severity.CRITICAL, disk.name, "smartctl tells of an attribute at or under the maker's threshold", values)
    if disk.passed is None and not disk.supported:
        return Finding(Severity.INFO, disk.name, "this disk gives no SMART data, so nobody can see it fail", values)
    if disk.passed is None:
        return Finding(Severity.UNKNOWN, disk.name,
                       "the disk gives no verdict about itself; is SMART switched on (smartctl -s on)?", values)
    if disk.failed_past or disk.exit_bits & PAST_BIT:
        return Finding(Severity.WARNING, disk.name, "was at or under the maker's threshold in the past: {names}", values)
    if not disk.attributes_told:
        return Finding(Severity.UNKNOWN, disk.name, "the disk says of itself that it is well, but told none of its counters", values)
    return Finding(Severity.OK, disk.name, "the disk says of itself that it is well", values)


DISK_HEALTH_STATUS = Rule(
    id="disk_health_status",
    title="Disks say of themselves that they are well",
    domain=Domain.HARDWARE,
    why="A disk that fails its own assessment is expected by its maker to be lost within a day or so.",
    fix=BACKUP,
    needs=("disk_health.answers",),
    evidence=EVIDENCE,
    impact=4,
    change_risk=2,
    check=check_disk_health_status,
)


def check_disk_reallocated_sectors(levels: Mapping[str, Any], disks: tuple[Disk, ...], history: History) -> Iterator[Finding]:
    for disk in disks:
        count = disk.reallocated if disk.reallocated is not None else disk.grown_defects
        if count is None:
            yield _not_told(disk)
            continue
        new = grown(disk.name, "reallocated_count", count, history)
        values = {"reallocated_count": count, "new_count": new}
        severity = levels["reallocated_count"].grade(count)
        if new:
            yield Finding(max(severity, Severity.WARNING), disk.name,
                          "{reallocated_count} sectors replaced by spare ones, {new_count} of them since the last inspection", values)
        else:
            yield Finding(severity, disk.name, "{reallocated_count} sectors replaced by spare ones", values)


def _not_told(disk: Disk) -> Finding:
    if disk.attributes_told or not disk.supported:
        return Finding(Severity.OK, disk.name, "this kind of disk does not tell it", {"class": disk.device_class})
    return Finding(Severity.UNKNOWN, disk.name, "the disk told none of its counters", {"class": disk.device_class})


DISK_REALLOCATED_SECTORS = Rule(
    id="disk_reallocated_sectors",
    title="Disks had no bad sectors to replace",
    domain=Domain.HARDWARE,
    why="Disks with replaced sectors fail far more often than others, the more so while the number grows.",
    fix=BACKUP,
    needs=("disk_health.disks", "history.disk_reallocated_sectors"),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={"reallocated_count": Above(warning=1, critical=17, source="scrutiny: failure rates by the count of attribute 5; 1 to 16 warn")},
    impact=3,
    change_risk=2,
    track=("reallocated_count",),
    check=check_disk_reallocated_sectors,
)


def check_disk_pending_sectors(levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    for disk in disks:
        if disk.pending is None:
            yield _not_told(disk)
        else:
            yield Finding(levels["pending_count"].grade(disk.pending), disk.name,
                          "{pending_count} sectors could not be read and wait for a write",
                          {"pending_count": disk.pending})


DISK_PENDING_SECTORS = Rule(
    id="disk_pending_sectors",
    title="Disks have no unreadable sectors pending",
    domain=Domain.HARDWARE,
    why="What lies on a pending sector can't be read; in a degraded RAID set one is enough to break the rebuild.",
    fix="Run a RAID check or a long self-test (smartctl -t long), so that the sectors are rewritten; replace the disk if more appear.",
    needs=("disk_health.disks",),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={"pending_count": Above(warning=1, source="scrutiny and smartd: any pending sector is reported")},
    impact=3,
    track=("pending_count",),
    check=check_disk_pending_sectors,
)


def check_disk_uncorrectable(levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    for disk in disks:
        if disk.protocol == "NVMe":
            yield Finding(Severity.OK, disk.name, "this kind of disk does not tell it", {"class": disk.device_class})
            continue
        reported = disk.reported_uncorrectable if disk.reported_uncorrectable is not None else disk.uncorrected
        if reported is None and disk.offline_uncorrectable is None:
            yield _not_told(disk)
            continue
        values = {"offline_count": disk.offline_uncorrectable or 0, "reported_count": reported or 0}
        severity = max(levels[name].grade(value) for name, value in values.items())
        yield Finding(severity, disk.name,
                      "{offline_count} sectors can't be read now, {reported_count} errors were not corrected in its life", values)


DISK_UNCORRECTABLE = Rule(
    id="disk_uncorrectable",
    title="Disks could correct all their errors",
    domain=Domain.HARDWARE,
    why="Each uncorrectable error is a block of data that was lost, unless a RAID set had a second copy.",
    fix=BACKUP,
    needs=("disk_health.disks",),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={
        "offline_count": Above(warning=1, critical=1, source="scrutiny: attribute 198 above 0 is critical"),
        "reported_count": Above(warning=1, source="scrutiny: attribute 187; it counts the disk's whole life, so it warns only"),
    },
    impact=4,
    change_risk=2,
    track=("offline_count", "reported_count"),
    check=check_disk_uncorrectable,
)


def check_disk_crc_errors(levels: Mapping[str, Any], disks: tuple[Disk, ...], history: History) -> Iterator[Finding]:
    """The counter never falls back: a cable that was mended long ago leaves its errors in it. So its growth counts."""
    for disk in disks:
        if disk.crc_errors is None:
            yield _not_told(disk)
            continue
        new = grown(disk.name, "crc_errors_count", disk.crc_errors, history)
        values = {"crc_errors_count": disk.crc_errors, "new_count": new or 0}
        if new:
            yield Finding(levels["new_count"].grade(new), disk.name, "{new_count} new transfer errors since the last inspection", values)
        else:
            yield Finding(Severity.INFO if disk.crc_errors else Severity.OK, disk.name,
                          "{crc_errors_count} transfer errors in its life, none new", values)


DISK_CRC_ERRORS = Rule(
    id="disk_crc_errors",
    title="No new transfer errors on disk cables",
    domain=Domain.HARDWARE,
    why="Transfer errors come from cable, backplane or connector; each is repeated, which slows the disk, and may end with its loss.",
    fix="Reseat or replace the cable, or move the disk to another slot; then see whether the counter stands still.",
    needs=("disk_health.disks", "history.disk_crc_errors"),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={"new_count": Above(warning=1, source="our judgement: any growth shows a link that is bad now")},
    track=("crc_errors_count",),
    check=check_disk_crc_errors,
)


def check_disk_temperature(levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    """Zero is what disks without a sensor report."""
    for disk in disks:
        if not disk.temperature_celsius:
            yield _not_told(disk)
            continue
        values = {"temperature_celsius": disk.temperature_celsius, "trip_celsius": disk.trip_celsius, "class": disk.device_class}
        if disk.trip_celsius and disk.temperature_celsius >= disk.trip_celsius:
            yield Finding(Severity.CRITICAL, disk.name,
                          "{temperature_celsius}, which is at or over the disk's own limit of {trip_celsius}", values)
        else:
            yield Finding(levels["temperature_celsius"].of(disk.device_class).grade(disk.temperature_celsius), disk.name,
                          "{temperature_celsius}", values)


DISK_TEMPERATURE = Rule(
    id="disk_temperature",
    title="Disks are not too warm",
    domain=Domain.HARDWARE,
    why="A disk that is too warm slows itself down, then switches off; heat shortens its life.",
    fix="Look at fans, air flow, dust and the room's temperature; spread the load of NVMe drives or give them a heat sink.",
    needs=("disk_health.disks",),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={"temperature_celsius": ByClass(
        levels={
            "hdd": Above(warning=60, critical=70, source="data sheets of server disks: 60 °C at most in operation"),
            "nvme": Above(warning=70, critical=80, source="data sheets of NVMe drives: warning between 70 and 80 °C"),
        },
        default=Above(warning=65, critical=70, source="data sheets of SATA and SAS SSDs: 70 °C at most in operation"),
    )},
    track=("temperature_celsius",),
    check=check_disk_temperature,
)


def check_disk_wear(levels: Mapping[str, Any], disks: tuple[Disk, ...], history: History) -> Iterator[Finding]:
    """What is used up already, and when it will be at the speed of the inspections so far."""
    for disk in disks:
        if disk.used_ratio is None:
            yield _not_told(disk)
            continue
        used = levels["used_ratio"].of(disk.device_class).grade(disk.used_ratio)
        values: dict[str, Any] = {"used_ratio": disk.used_ratio, "class": disk.device_class}
        growth = growth_per_second(history.get(disk.name, {}).get("used_ratio", ()))
        if growth is not None and growth > 0 and disk.used_ratio < 1:
            values["left_seconds"] = (1 - disk.used_ratio) / growth
            yield Finding(max(used, levels["left_seconds"].grade(values["left_seconds"])), disk.name,
                          "{used_ratio} of the flash memory's rated life is used up; at this pace the rest lasts {left_seconds}", values)
        else:
            yield Finding(used, disk.name, "{used_ratio} of the flash memory's rated life is used up", values)


DISK_WEAR = Rule(
    id="disk_wear",
    title="SSDs are not worn out",
    domain=Domain.HARDWARE,
    why="Flash memory bears a limited number of writes; after it the drive may turn read-only or lose data that it holds without power.",
    fix="Plan the replacement; look at what writes so much, and choose a drive that is rated for it.",
    needs=("disk_health.disks", "history.disk_wear"),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={
        "used_ratio": ByClass(
            levels={"nvme": Above(warning=0.80, critical=1.00, source="NVMe: a Percentage Used of 100 is the rated life; warn at 80 %")},
            default=Above(warning=0.80, critical=0.90, source="our judgement: 20 and 10 % of the rated life left"),
        ),
        "left_seconds": Below(warning=180 * DAY, critical=30 * DAY, source="the limits of Huawei OceanStor Dorado: 180 and 30 days"),
    },
    impact=3,
    change_risk=2,
    track=("used_ratio",),
    check=check_disk_wear,
)


def check_disk_power_on_hours(levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    """Never worse than INFO: many disks run for ten years."""
    for disk in disks:
        if disk.power_on_seconds is None:
            yield _not_told(disk)
            continue
        old = levels["power_on_seconds"].grade(disk.power_on_seconds) is not Severity.OK
        yield Finding(Severity.INFO if old else Severity.OK, disk.name,
                      "has run for {power_on_seconds}", {"power_on_seconds": disk.power_on_seconds})


DISK_POWER_ON_HOURS = Rule(
    id="disk_power_on_hours",
    title="Disks are within their planned life",
    domain=Domain.HARDWARE,
    why="The rate of failures rises after about five years of operation, and disks bought together fail at about the same time.",
    fix="Plan the replacement with the next maintenance contract; keep a spare at hand.",
    needs=("disk_health.disks",),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={"power_on_seconds": Above(warning=43800 * HOUR, source="our judgement: five years, the usual warranty of server disks")},
    impact=1,
    change_risk=2,
    check=check_disk_power_on_hours,
)


def check_nvme_critical_warning(_levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    for disk in disks:
        if disk.warning_bits is None:
            yield _not_told(disk)
        elif disk.warning_bits == 0:
            yield Finding(Severity.OK, disk.name, "no critical warning")
        else:
            yield Finding(Severity.CRITICAL, disk.name,
                          "the drive warns: {warnings}", {"warnings": ", ".join(_warnings(disk.warning_bits))})


def _warnings(bits: int) -> list[str]:
    names = [name for place, name in enumerate(WARNINGS) if bits & 1 << place]
    return names if bits < 1 << len(WARNINGS) else [*names, f"unknown warning {bits:#x}"]


# Bits 0 to 5 of Critical Warning, from the NVM Express Base Specification, SMART / Health Information
WARNINGS = (
    "available spare below threshold", "temperature out of range", "reliability degraded", "media read-only",
    "volatile memory backup failed", "persistent memory region unreliable",
)

NVME_CRITICAL_WARNING = Rule(
    id="nvme_critical_warning",
    title="NVMe drives give no critical warning",
    domain=Domain.HARDWARE,
    why="By these bits an NVMe drive asks for help: it is worn out, too hot, unreliable, read-only or without power backup.",
    fix=BACKUP,
    needs=("disk_health.nvme",),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    impact=4,
    change_risk=2,
    check=check_nvme_critical_warning,
)


def check_nvme_media_errors(levels: Mapping[str, Any], disks: tuple[Disk, ...], history: History) -> Iterator[Finding]:
    """Old errors warn; new ones are critical."""
    for disk in disks:
        if disk.media_errors is None:
            yield _not_told(disk)
            continue
        new = grown(disk.name, "media_errors_count", disk.media_errors, history)
        values = {"media_errors_count": disk.media_errors, "new_count": new or 0}
        severity = max(levels[name].grade(value) for name, value in values.items())
        if new:
            yield Finding(severity, disk.name,
                          "{media_errors_count} unrecovered media errors, {new_count} of them since the last inspection", values)
        else:
            yield Finding(severity, disk.name, "{media_errors_count} unrecovered media errors in its life", values)


NVME_MEDIA_ERRORS = Rule(
    id="nvme_media_errors",
    title="NVMe drives have no media errors",
    domain=Domain.HARDWARE,
    why="Each media error is a block whose data the drive could not give back.",
    fix=BACKUP,
    needs=("disk_health.nvme", "history.nvme_media_errors"),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={
        "media_errors_count": Above(warning=1, source="NVMe: Media and Data Integrity Errors counts unrecovered errors"),
        "new_count": Above(critical=1, source="our judgement: data was lost since the last inspection"),
    },
    impact=4,
    change_risk=2,
    track=("media_errors_count",),
    check=check_nvme_media_errors,
)


def check_nvme_spare(levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    """0 % with a threshold of 0 % is what drives report that don't count their spare blocks, such as emulated ones."""
    for disk in disks:
        spare, threshold = disk.spare_ratio, disk.spare_threshold_ratio
        if spare is None or threshold is None or (spare == 0 and threshold == 0):
            yield _not_told(disk)
            continue
        values = {"spare_ratio": spare, "threshold_ratio": threshold, "margin_ratio": spare - threshold}
        if spare < threshold or spare == 0:
            yield Finding(Severity.CRITICAL, disk.name,
                          "{spare_ratio} of the spare blocks are left, under the drive's threshold of {threshold_ratio}", values)
        elif spare < 1 and levels["margin_ratio"].grade(round(spare - threshold, 6)) is not Severity.OK:
            yield Finding(Severity.WARNING, disk.name,
                          "{spare_ratio} of the spare blocks are left, near the drive's threshold of {threshold_ratio}", values)
        else:
            yield Finding(Severity.OK, disk.name, "{spare_ratio} of the spare blocks are left", values)


NVME_SPARE = Rule(
    id="nvme_spare",
    title="NVMe drives have spare blocks",
    domain=Domain.HARDWARE,
    why="Spare blocks replace those that fail; without them the drive turns read-only.",
    fix="Plan the replacement of the drive before its threshold is reached.",
    needs=("disk_health.nvme",),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={"margin_ratio": Below(warning=0.10, source="our judgement: 10 points above the threshold that the maker set")},
    impact=3,
    change_risk=2,
    track=("spare_ratio",),
    check=check_nvme_spare,
)


def check_disk_self_test(_levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    for disk in disks:
        test = disk.self_test
        if test is not None:
            yield Finding(Severity.OK if test.passed else Severity.WARNING, disk.name, "the last self-test ({kind}): {result}",
                          {"kind": test.kind, "result": test.result})
        elif disk.tests_told or not disk.supported or disk.protocol == "NVMe":
            yield Finding(Severity.OK, disk.name, "no self-test is recorded")
        else:
            yield Finding(Severity.UNKNOWN, disk.name, "the log of self-tests was not told")


DISK_SELF_TEST = Rule(
    id="disk_self_test",
    title="The last self-test of each disk found nothing",
    domain=Domain.HARDWARE,
    why="A self-test reads the whole disk, so it finds sectors that went bad unseen.",
    fix="Repeat it (smartctl -t long); if it fails again, replace the disk.",
    needs=("disk_health.disks",),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    impact=3,
    check=check_disk_self_test,
)


def check_disk_error_log(levels: Mapping[str, Any], disks: tuple[Disk, ...], history: History) -> Iterator[Finding]:
    """Never worse than INFO for NVMe: there also each command that a drive does not know makes an entry, smartctl's own too."""
    for disk in disks:
        if disk.logged_errors is None:
            yield _not_told(disk)
            continue
        new = grown(disk.name, "logged_count", disk.logged_errors, history)
        values = {"logged_count": disk.logged_errors, "new_count": new or 0}
        if new and disk.protocol != "NVMe":
            yield Finding(levels["new_count"].grade(new), disk.name,
                          "{new_count} new errors in the disk's log since the last inspection", values)
        else:
            noted = disk.logged_errors and disk.protocol != "NVMe"
            yield Finding(Severity.INFO if noted else Severity.OK, disk.name, "{logged_count} errors in the disk's log", values)


DISK_ERROR_LOG = Rule(
    id="disk_error_log",
    title="No new errors in the disks' own logs",
    domain=Domain.HARDWARE,
    why="The disk logs commands that it could not carry out, also those that were repeated and succeeded.",
    fix="Read the log (smartctl -l error DEVICE): UNC means bad sectors, ICRC the cable, ABRT mostly a command it does not know.",
    needs=("disk_health.disks", "history.disk_error_log"),
    evidence=EVIDENCE,
    told_by=DISK_HEALTH_STATUS.id,
    levels={"new_count": Above(warning=1, source="smartd: each growth of the error log is reported")},
    track=("logged_count",),
    check=check_disk_error_log,
)


RULES = (
    DISK_HEALTH_STATUS, DISK_REALLOCATED_SECTORS, DISK_PENDING_SECTORS, DISK_UNCORRECTABLE, DISK_CRC_ERRORS, DISK_TEMPERATURE, DISK_WEAR,
    DISK_POWER_ON_HOURS, NVME_CRITICAL_WARNING, NVME_MEDIA_ERRORS, NVME_SPARE, DISK_SELF_TEST, DISK_ERROR_LOG,
)
