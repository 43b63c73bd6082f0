# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.hardware_raid import Card
from ..facts.raid_model import Battery, Controller, Disk, Volume
from ..findings import Above, Domain, Finding, Rule, Severity

EVIDENCE = ("*storcli* *", "*perccli* *", "MegaCli* *", "megacli* *", "*ssacli *", "hpacucli *", "arcconf *", "tw_cli *",
            "CmdTool2* *", "sas?ircu *", "mpt-status *", "cli64 *", "cciss_vol_status *")

# The tools' words for states, in small letters and without what follows in brackets or after a comma. A word that is in none
# of these lists is a warning: a tool that says something new says it because something is not as usual.
SOUND_CONTROLLER = frozenset({"optimal", "ok", "okay", "ready", "normal", "online"})
FAILED_CONTROLLER = frozenset({
    "failed", "offline", "dead", "kernel panic", "locked up", "lockup", "not responding",
    "temperature problem", "fan failed", "power supply failed",       # of an enclosure
})
SOUND_VOLUME = frozenset({
    "optimal", "optl", "ok", "okay", "normal", "verifying", "verify-paused", "online", "cac", "functional", "checking",
    "ready",
})
BUSY_VOLUME = frozenset({
    "rebuilding", "rebuild-paused", "rebuild-verify", "recovering", "ready for rebuild", "ready for recovery", "waiting for rebuild",
    "rec", "recovery", "initializing", "init-paused", "migrating", "migrate-paused", "reconfiguring", "logical device reconfiguring",
    "expanding", "transforming", "queued for expansion", "parity initialization in progress", "undergoing expansion",
})
FAILED_VOLUME = frozenset({
    "degraded", "dgrd", "pdgd", "partially degraded", "interim recovery mode", "suboptimal", "sub-optimal", "impacted", "critical",
    "offline", "ofln", "failed", "inoperable", "missing", "disabled", "wrong drive replaced", "overheated", "not available", "incomplete",
    "incompleted", "need rebuild", "fail",
})
SPARE_DISK = frozenset({
    "hotspare", "hot spare", "hot-spare", "ghs", "dhs", "ehs", "global hot-spare", "dedicated hot-spare", "pooled hot-spare", "spare",
    "global hot spare", "dedicated hot spare",
})
SOUND_DISK = SPARE_DISK | frozenset({
    "online", "onln", "ok", "optimal", "ugood", "unconfigured(good)", "jbod", "ready", "raw", "available", "unassigned", "active", "hspare",
    "verifying", "conf", "standby",
})
BUSY_DISK = frozenset({"rebuild", "rbld", "rebuilding", "copyback", "cpybck", "copying", "initializing", "migrating", "sanitize", "sntze"})
FAILED_DISK = frozenset({
    "failed", "offline", "offln", "ubad", "unconfigured(bad)", "missing", "msng", "defunct", "degraded", "drive-removed", "drive-timeout",
    "drive-error", "ecc-error", "smart-failure", "not responding", "erase failed", "ubunsp", "inconsistent",
})
SOUND_BATTERY = frozenset({
    "optimal", "operational", "ok", "okay", "ready", "zmm optimal", "good", "charged", "fully charged", "normal", "on", "optl",
})
BUSY_BATTERY = frozenset({"learning", "learn", "charging", "recharging", "testing", "relearning", "maintenance in progress", "learn cycle"})
FAILED_BATTERY = frozenset({"failed", "fault", "faulty", "error", "missing", "msng", "degraded", "weakbat", "dgd", "replace", "failure"})


def plain_state(state: str) -> str:
    """The first words in small letters: "online" of "Online, Spun Up", "impacted" of "Impacted ( Build : 90 % )"."""
    return re.split(r"\s*(?:,| \(|\s\d|(?<=dgd)\()", state.strip().lower(), maxsplit=1)[0].strip()


def grade(state: str, sound: frozenset[str], busy: frozenset[str], failed: frozenset[str]) -> tuple[Severity, str]:
    """Severity and message for a state; the message has the placeholder {state}."""
    word = plain_state(state)
    more = {plain_state(part) for part in state.split(",")[1:]}        # "Optimal, Rebuilding", but also "Online, Spun Up"
    if word in sound and not more & (busy | failed):
        return Severity.OK, "its state is {state}"
    if word in busy or (word in sound and not more & failed):
        return Severity.WARNING, "not as it should be for now: {state}"
    if word in failed or word in sound:
        return Severity.CRITICAL, "failed: {state}"
    return Severity.WARNING, "a state that is not known to be sound: {state}"


def check_raid_controller_seen(_levels: Mapping[str, Any], cards: tuple[Card, ...]) -> Iterator[Finding]:
    for card in cards:
        values = {"driver": card.driver, "tool": card.tool}
        if card.answer == "told":
            yield Finding(Severity.OK, card.address, "its tool answers", values)
        elif card.answer == "unreadable":
            yield Finding(Severity.UNKNOWN, card.address,
                          "RAID controller with driver {driver}: the answer of its tool can't be read", values)
        elif card.answer == "nothing":
            yield Finding(Severity.WARNING, card.address, "RAID controller with driver {driver}, but its tool sees none", values)
        elif card.tool:
            yield Finding(Severity.UNKNOWN, card.address,
                          "RAID controller with driver {driver}: its state can't be seen; install {tool} and inspect as root", values)
        else:
            yield Finding(Severity.UNKNOWN, card.address,
                          "RAID controller with driver {driver}: its state can't be seen; install the tool of its maker", values)


RAID_CONTROLLER_SEEN = Rule(
    id="raid_controller_seen",
    title="The state of every RAID controller can be seen",
    domain=Domain.HARDWARE,
    why="A RAID controller hides its disks from the system: without its tool a failed disk stays unseen until the second one fails.",
    fix="Install the tool that the finding names, from the maker of the server or the controller, and inspect again as root; a tool that "
        "sees no controller is too old or too new for it, or the controller has failed.",
    needs=("hardware_raid.cards",),
    evidence=("pci_raid_controllers",),
    impact=4,
    check=check_raid_controller_seen,
)


def check_raid_controller_health(_levels: Mapping[str, Any], controllers: tuple[Controller, ...]) -> Iterator[Finding]:
    for item in controllers:
        severity, message = grade(item.state, SOUND_CONTROLLER, frozenset(), FAILED_CONTROLLER)
        values = {"state": item.state, "model": item.model, "problems": item.problems}
        if severity is Severity.OK and item.problems:
            yield Finding(Severity.WARNING, item.name, "{state}, but {problems}", values)
        else:
            yield Finding(severity, item.name, message, values)


RAID_CONTROLLER_HEALTH = Rule(
    id="raid_controller_health",
    title="RAID controllers are healthy",
    domain=Domain.HARDWARE,
    why="A controller that fails takes all its volumes with it; memory errors in it can corrupt what is written.",
    fix="Look at the controller's event log with its tool; update its firmware or replace it. Check the backup first.",
    needs=("hardware_raid.controllers",),
    evidence=EVIDENCE,
    impact=4,
    change_risk=3,
    check=check_raid_controller_health,
)


def check_raid_volume_state(_levels: Mapping[str, Any], volumes: tuple[Volume, ...]) -> Iterator[Finding]:
    for item in volumes:
        severity, message = grade(item.state, SOUND_VOLUME, BUSY_VOLUME, FAILED_VOLUME)
        values = {"state": item.state, "level": item.level, "label": item.label, "problems": item.problems}
        if severity is Severity.OK and item.problems:
            yield Finding(Severity.WARNING, item.name, "{state}, but {problems}", values)
        else:
            yield Finding(severity, item.name, message, values)
    if not volumes:
        yield Finding(Severity.OK, "volumes", "the RAID controllers have no volumes")


RAID_VOLUME_STATE = Rule(
    id="raid_volume_state",
    title="RAID volumes are whole",
    domain=Domain.HARDWARE,
    why="A degraded volume has lost its redundancy: the next failing disk takes the data with it. A failed one is not available.",
    fix="Check the backup, find the failed disk (raid_disk_state), replace it and watch the rebuild to its end.",
    needs=("hardware_raid.volumes",),
    evidence=EVIDENCE,
    impact=4,
    change_risk=2,
    check=check_raid_volume_state,
)


def check_raid_disk_state(_levels: Mapping[str, Any], disks: tuple[Disk, ...]) -> Iterator[Finding]:
    for item in disks:
        severity, message = grade(item.state, SOUND_DISK, BUSY_DISK, FAILED_DISK)
        values = {"state": item.state, "model": item.model}
        if plain_state(item.state).startswith("predictive"):
            yield Finding(Severity.WARNING, item.name, "expected to fail: {state}", values)
        elif severity is Severity.OK and item.foreign:
            yield Finding(Severity.WARNING, item.name, "it belongs to a foreign configuration", values)
        else:
            yield Finding(severity, item.name, message, values)
    if not disks:
        yield Finding(Severity.OK, "disks", "the RAID controllers have no disks")


RAID_DISK_STATE = Rule(
    id="raid_disk_state",
    title="Disks behind RAID controllers are in service",
    domain=Domain.HARDWARE,
    why="A failed or missing disk leaves its volume without redundancy.",
    fix="Light its LED with the controller's tool, replace it by one of the same kind, watch the rebuild.",
    needs=("hardware_raid.disks",),
    evidence=EVIDENCE,
    impact=4,
    change_risk=2,
    check=check_raid_disk_state,
)


def check_raid_disk_errors(levels: Mapping[str, Any], disks: tuple[Disk, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    told = [item for item in disks if item.predicted or item.media_errors is not None or item.predictive_errors is not None]
    for item in told:
        seen = history.get(item.name, {}).get("media_errors_count", ())
        media = item.media_errors or 0
        before = seen[-1][1] if seen and seen[-1][1] <= media else 0        # a smaller count: another disk in this slot
        values = {"media_errors_count": media, "new_errors_count": media - before, "other_errors_count": item.other_errors,
                  "predictive_count": item.predictive_errors, "model": item.model}
        severity = levels["media_errors_count"].grade(media)
        if item.predicted:
            yield Finding(Severity.WARNING, item.name, "the disk expects to fail; {media_errors_count} media errors", values)
        elif severity is Severity.OK:
            yield Finding(severity, item.name, "{media_errors_count} media errors, no failure expected", values)
        else:
            yield Finding(severity, item.name, "{media_errors_count} media errors, {new_errors_count} of them new", values)
    if not told:
        yield Finding(Severity.OK, "disks", "the tools count no errors, and no disk expects to fail")


RAID_DISK_ERRORS = Rule(
    id="raid_disk_errors",
    title="Disks behind RAID controllers have no errors and don't expect to fail",
    domain=Domain.HARDWARE,
    why="Media errors and predicted failures come weeks before the failure: time to replace the disk while the volume is whole.",
    fix="Replace the disk at the next occasion, before another one fails; replace it at once if its count of errors grows.",
    needs=("hardware_raid.disks", "history.raid_disk_errors"),
    evidence=EVIDENCE,
    levels={"media_errors_count": Above(warning=1, critical=100, source="any media error: vendors' replacement rules; 100: our judgement")},
    impact=3,
    change_risk=2,
    track=("media_errors_count",),
    check=check_raid_disk_errors,
)


def check_raid_battery(_levels: Mapping[str, Any], batteries: tuple[Battery, ...]) -> Iterator[Finding]:
    for item in batteries:
        severity, message = grade(item.state, SOUND_BATTERY, BUSY_BATTERY, FAILED_BATTERY)
        values = {"state": item.state, "problems": item.problems, "temperature_celsius": item.temperature_celsius}
        if any(re.search("replace|missing", problem, re.IGNORECASE) for problem in item.problems):
            yield Finding(Severity.CRITICAL, item.name, "{state}, but {problems}", values)
        elif severity is Severity.OK and item.problems:
            yield Finding(Severity.WARNING, item.name, "{state}, but {problems}", values)
        else:
            yield Finding(severity, item.name, message, values)
    if not batteries:
        yield Finding(Severity.OK, "batteries", "the RAID controllers have no battery")


RAID_BATTERY = Rule(
    id="raid_battery",
    title="Batteries of RAID controllers are sound",
    domain=Domain.HARDWARE,
    why="Without its battery or capacitor the controller stops caching writes, or loses them when the power fails.",
    fix="Let a learn cycle end; otherwise replace the battery or capacitor. Don't force write-back without one.",
    needs=("hardware_raid.batteries",),
    evidence=EVIDENCE,
    impact=3,
    change_risk=2,
    check=check_raid_battery,
)


def check_raid_cache_policy(_levels: Mapping[str, Any], volumes: tuple[Volume, ...]) -> Iterator[Finding]:
    for item in volumes:
        if item.write_back_wanted and item.write_back is False:
            yield Finding(Severity.WARNING, item.name, "set to write-back, but works as write-through")
        elif item.write_back is None:
            yield Finding(Severity.OK, item.name, "the tool doesn't tell whether writes are cached")
        elif item.write_back:
            yield Finding(Severity.OK, item.name, "write-back")
        else:
            yield Finding(Severity.OK, item.name, "write-through, as it is set")
    if not volumes:
        yield Finding(Severity.OK, "volumes", "the RAID controllers have no volumes")


RAID_CACHE_POLICY = Rule(
    id="raid_cache_policy",
    title="RAID volumes cache writes as they are set to",
    domain=Domain.HARDWARE,
    why="A volume that fell back from write-back to write-through writes many times slower; databases feel it first.",
    fix="Mend the battery or capacitor (raid_battery); the controller goes back to write-back by itself.",
    needs=("hardware_raid.volumes",),
    evidence=EVIDENCE,
    impact=2,
    check=check_raid_cache_policy,
)


def check_raid_spare(_levels: Mapping[str, Any], disks: tuple[Disk, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    spares = sum(plain_state(item.state) in SPARE_DISK for item in disks)
    seen = history.get("spares", {}).get("spares_count", ())
    before = int(seen[-1][1]) if seen else 0
    values = {"spares_count": spares, "expected_count": before}
    if spares < before:
        yield Finding(Severity.WARNING, "spares", "{spares_count} hot spares, there were {expected_count} last time", values)
    elif spares:
        yield Finding(Severity.OK, "spares", "{spares_count} hot spares", values)
    else:
        yield Finding(Severity.INFO, "spares", "no hot spare", values)


RAID_SPARE = Rule(
    id="raid_spare",
    title="Hot spares of RAID controllers are there",
    domain=Domain.HARDWARE,
    why="A spare that is gone was used up by a rebuild or failed unseen; the next failure waits for somebody to come.",
    fix="Replace the disk that failed and make the new one a hot spare.",
    needs=("hardware_raid.disks", "history.raid_spare"),
    evidence=EVIDENCE,
    impact=2,
    track=("spares_count",),
    check=check_raid_spare,
)

RULES = (
    RAID_CONTROLLER_SEEN, RAID_CONTROLLER_HEALTH, RAID_VOLUME_STATE, RAID_DISK_STATE, RAID_DISK_ERRORS, RAID_BATTERY, RAID_CACHE_POLICY,
    RAID_SPARE,
)
