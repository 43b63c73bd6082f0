# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.archive import Capture, load
from plugins.plugin_utils.facts import raid_arcconf, raid_megacli, raid_other, raid_ssacli, raid_storcli, raid_twcli
from plugins.plugin_utils.facts.hardware_raid import parse
from plugins.plugin_utils.facts.raid_model import Battery, Disk, Part, Volume
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules import hardware_raid as rules

FIXTURES = Path(__file__).parents[1] / "fixtures" / "hardware_raid"
TAKEN_AT = datetime(2026, 8, 1, tzinfo=UTC)


def only(findings: object) -> Severity:
    (finding,) = findings  # type: ignore[misc]
    return finding.severity


@pytest.mark.parametrize(("state", "word"), [
    ("Online, Spun Up", "online"), ("Unconfigured(good), Spun down", "unconfigured(good)"), ("Impacted ( Build : 90 % )", "impacted"),
    ("Recovering, 4.5% complete", "recovering"), ("Rebuilding 12%", "rebuilding"), ("Okay (OKY)", "okay"), ("  OK ", "ok"), ("", ""),
])
def test_plain_state(state: str, word: str) -> None:
    assert rules.plain_state(state) == word


@pytest.mark.parametrize(("state", "severity"), [
    ("Optimal", Severity.OK), ("Optl", Severity.OK), ("VERIFYING", Severity.OK), ("Interim Recovery Mode", Severity.CRITICAL),
    ("Dgrd", Severity.CRITICAL), ("Degraded", Severity.CRITICAL), ("Rebuilding", Severity.WARNING), ("Blue", Severity.WARNING), ("", Severity.WARNING),
])
def test_volume_state(state: str, severity: Severity) -> None:
    assert only(rules.check_raid_volume_state({}, (Volume("v", "", "", state),))) is severity


@pytest.mark.parametrize(("state", "severity"), [
    ("Onln", Severity.OK), ("Hotspare, Spun down", Severity.OK), ("JBOD", Severity.OK), ("Failed", Severity.CRITICAL), ("UBad", Severity.CRITICAL),
    ("Predictive Failure", Severity.WARNING), ("Rbld", Severity.WARNING), ("Foreign", Severity.WARNING), ("", Severity.WARNING),
])
def test_disk_state(state: str, severity: Severity) -> None:
    assert only(rules.check_raid_disk_state({}, (Disk("d", state),))) is severity


@pytest.mark.parametrize(("errors", "predicted", "severity"), [
    (0, False, Severity.OK), (1, False, Severity.WARNING), (99, False, Severity.WARNING), (100, False, Severity.CRITICAL),
    (101, False, Severity.CRITICAL), (0, True, Severity.WARNING),
])
def test_disk_errors(errors: int, predicted: bool, severity: Severity) -> None:
    disk = Disk("d", "Online", media_errors=errors, predicted=predicted)
    assert only(rules.check_raid_disk_errors(rules.RAID_DISK_ERRORS.levels, (disk,), {})) is severity


@pytest.mark.parametrize(("state", "severity"), [
    ("Online, Spun Up", Severity.OK), ("Unconfigured(good), Spun down", Severity.OK), ("Optimal, Verifying", Severity.OK),
    ("Optimal, Rebuilding", Severity.WARNING), ("Online, Failed", Severity.CRITICAL), ("Degraded, Rebuilding", Severity.CRITICAL),
    ("Rebuilding, 3% complete", Severity.WARNING), ("Enchanted, Optimal", Severity.WARNING),
])
def test_what_stands_behind_a_comma_counts_too(state: str, severity: Severity) -> None:
    words = (rules.SOUND_VOLUME | rules.SOUND_DISK, rules.BUSY_VOLUME, rules.FAILED_VOLUME)
    assert rules.grade(state, *words)[0] is severity


BRIEF = ("\nSmart Array P440ar in Slot 0 (Embedded)\n\n   array A (SAS, Unused Space: 0  MB)\n\n      logicaldrive 1 (558.9 GB, RAID 1, OK)\n\n"
         "      physicaldrive 1I:1:1 (port 1I:box 1:bay 1, SAS, 600 GB, {})\n\n")


@pytest.mark.parametrize(("words", "state"), [
    ("OK", "OK"), ("Failed", "Failed"), ("Rebuilding, 3% complete", "Rebuilding"), ("OK, spare", "Spare"), ("Failed, spare", "Failed"),
    ("OK, active spare for 1I:1:3", "OK"), ("Predictive Failure", "Predictive Failure"),
])
def test_disks_that_ssacli_lists_in_short(words: str, state: str) -> None:
    part = raid_ssacli.part(BRIEF.format(words), "ssacli ctrl all show config")
    assert [disk.state for disk in part.disks] == [state]


def test_new_errors_are_counted_from_the_last_inspection() -> None:
    history = {"d": {"media_errors_count": ((TAKEN_AT, 4),)}}
    (finding,) = rules.check_raid_disk_errors(rules.RAID_DISK_ERRORS.levels, (Disk("d", "Online", media_errors=9),), history)
    assert finding.values["new_errors_count"] == 5


@pytest.mark.parametrize(("battery", "severity"), [
    (Battery("b", "Optimal"), Severity.OK), (Battery("b", "Learning"), Severity.WARNING), (Battery("b", "Failed"), Severity.CRITICAL),
    (Battery("b", "Optimal", ("Battery Replacement required: Yes",)), Severity.CRITICAL),
    (Battery("b", "Optimal", ("Remaining Capacity Low: Yes",)), Severity.WARNING), (Battery("b", "unknown"), Severity.WARNING),
])
def test_battery(battery: Battery, severity: Severity) -> None:
    assert only(rules.check_raid_battery({}, (battery,))) is severity


@pytest.mark.parametrize(("now", "wanted", "severity"), [
    (True, True, Severity.OK), (False, True, Severity.WARNING), (False, False, Severity.OK), (False, None, Severity.OK), (None, None, Severity.OK),
])
def test_cache_policy(now: bool | None, wanted: bool | None, severity: Severity) -> None:
    assert only(rules.check_raid_cache_policy({}, (Volume("v", "", "", "Optimal", now, wanted),))) is severity


@pytest.mark.parametrize("text", ["", "\x00\x01\xff", "{", "[]", '{"Controllers": 1}', "Segmentation fault\n"])
def test_garbage_is_unreadable(text: str) -> None:
    for parser, key in ((raid_storcli.part, "storcli64 /call show all J nolog"), (raid_megacli.part, "MegaCli64 -LDInfo -Lall -aAll -NoLog"),
                        (raid_megacli.part, "MegaCli64 -AdpBbuCmd -aAll -NoLog"), (raid_ssacli.part, "ssacli ctrl all show config detail"),
                        (raid_arcconf.part, "arcconf getconfig 1"), (raid_other.sas_ircu, "sas3ircu 0 DISPLAY"),
                        (raid_other.mpt_status, "mpt-status -i 0"), (raid_other.areca, "cli64 rsf info"),
                        (raid_other.cciss_vol_status, "cciss_vol_status -V /dev/sg0"), (raid_other.mvcli, "mvcli info -o vd"),
                        (raid_other.gdth, "/proc/scsi/gdth/0")):
        with pytest.raises(Unreadable):
            parser(text, key)
    with pytest.raises(Unreadable):
        raid_twcli.parse_info(text)


def cut(capture: Capture, share: float) -> Capture:
    entries = tuple(
        entry if entry.kind != "command" or entry.text is None else type(entry)(
            entry.subject, entry.kind, entry.key, entry.text[:int(len(entry.text) * share)], rc=0)
        for entry in capture.entries
    )
    return Capture(capture.host, capture.run, capture.taken_at, entries)


@pytest.mark.parametrize("share", [0, 0.1, 0.25, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("case", ["storcli-healthy", "megacli-healthy", "ssacli-healthy", "hpacucli-brief", "arcconf-healthy", "tw_cli-healthy",
                                  "others-healthy"])
def test_a_cut_text_never_loses_a_thing_silently(case: str, share: float) -> None:
    whole, part = parse(load(FIXTURES / case)), parse(cut(load(FIXTURES / case), share))
    for name in ("volumes", "disks"):
        seen = getattr(part, name)
        if isinstance(seen, tuple):
            assert {item.name for item in seen} == {item.name for item in getattr(whole, name)}, f"{name} at {share}"


def test_what_two_answers_tell_is_one_thing() -> None:
    facts = parse(load(FIXTURES / "ssacli-healthy"))
    assert [item.name for item in facts.controllers] == ["slot0"]
    assert [item.name for item in facts.batteries] == ["slot0/battery"]


def test_megacli_without_an_adapter_tells_nothing() -> None:
    assert raid_megacli.part("  \n\nExit Code: 0x00\n", "MegaCli64 -PDList -aAll -NoLog") == Part()
