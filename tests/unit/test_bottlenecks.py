# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definition of a long-term bottleneck at its edges, what a history may lack, and how causes are traced."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from plugins.module_utils.sysstat_columns import Columns
from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import Capture, Entry, load
from plugins.plugin_utils.bottleneck.business import DAY, WEEK, Hours, Window, hours_of, parse_hours, window_of
from plugins.plugin_utils.bottleneck.causes import BECAUSE, CAUSES
from plugins.plugin_utils.bottleneck.circumstances import Circumstances, Impaired, circumstances_of
from plugins.plugin_utils.bottleneck.diagnosis import Diagnosis, Verdict, diagnose
from plugins.plugin_utils.bottleneck.facts import before, bottlenecks_of
from plugins.plugin_utils.bottleneck.fleet import Fleet
from plugins.plugin_utils.bottleneck.forecast import slope_of
from plugins.plugin_utils.bottleneck.measures import MEASURES, SIGNS, measures_with
from plugins.plugin_utils.bottleneck.persistence import State, coincides, course_of
from plugins.plugin_utils.bottleneck.stored import BadHistory, document_of, load_history
from plugins.plugin_utils.facts.history import KEY
from plugins.plugin_utils.findings import Above, Below, Severity
from plugins.plugin_utils.history.series import History
from plugins.plugin_utils.inspection import apply, judge
from plugins.plugin_utils.outcome import outcome_of
from plugins.plugin_utils.reports.bottlenecks import TITLES
from plugins.plugin_utils.reports.folder import ReportFolder
from plugins.plugin_utils.rules import bottlenecks
from plugins.plugin_utils.settings import Settings
from plugins.plugin_utils.wording import render
from tests.bench.diagnosis import macro_f1, named
from tests.histories.cases import CASES, make

END = 1795392000.0              # 2026-11-23 00:00 UTC, a Monday
INTERVAL = 600
FIXTURES = Path(__file__).parents[1] / "fixtures"
STEAL = SIGNS["cpu_steal"]
Array = np.ndarray


def times(interval: int = INTERVAL) -> Array:
    return END - 4 * WEEK + interval * np.arange(1, 4 * WEEK // interval + 1, dtype=float)


def history(series: Mapping[tuple[str, str], Array], interval: int = INTERVAL, offset: int = 0) -> History:
    at = times(interval)
    return History(at, np.full(len(at), float(interval)), series, (), offset, ("test",), {})


def window(hours: Hours | None = None) -> Window:
    return window_of(history({}), hours or Hours(), END)


def course(over: Array, known: Array | None = None, was: bool = False, within: Window | None = None) -> Any:
    within = within or window()
    return course_of(STEAL, "", ("cpu_steal_ratio",), (over & (known if known is not None else True), known if known is not None else np.ones(len(over), bool)),
                     within, was)


def first_of_each_day(within: Window, samples: Mapping[int, int]) -> Array:
    """The first n samples of every day of a week: {week: n}."""
    place = np.array([int((within.days[:at] == within.days[at]).sum()) for at in range(len(within.days))])
    return np.array([place[at] < samples.get(int(within.weeks[at]), 0) for at in range(len(place))])


def test_business_hours_are_ten_on_five_days() -> None:
    within = window()
    assert within.week_seconds.tolist() == [50 * 3600] * 4
    assert len(within.places) == 4 * 5 * 60


@pytest.mark.parametrize(("weeks", "samples", "state"), [
    (4, 15, State.PERSISTENT), (3, 15, State.PERSISTENT), (2, 15, State.FREE),       # 15 of 60 samples a day: 25 %
    (4, 16, State.PERSISTENT), (3, 14, State.FREE), (3, 16, State.PERSISTENT), (2, 60, State.FREE),
])
def test_a_quarter_of_three_weeks(weeks: int, samples: int, state: State) -> None:
    within = window()
    assert course(first_of_each_day(within, dict.fromkeys(range(weeks), samples))).state is state


@pytest.mark.parametrize(("samples", "state"), [(2, State.FREE), (3, State.PERSISTENT), (4, State.PERSISTENT)])
def test_the_95th_percentile_of_every_day(samples: int, state: State) -> None:
    within = window()
    found = course(first_of_each_day(within, dict.fromkeys(range(4), samples)))      # 3 of 60 samples: 5 %
    assert found.state is state
    assert found.daily is (state is State.PERSISTENT)


def test_a_day_without_a_peak_ends_the_run_of_days() -> None:
    within = window()
    over = first_of_each_day(within, dict.fromkeys(range(4), 6)) & (within.days != within.days[0])
    assert course(over).state is State.FREE


@pytest.mark.parametrize(("missing", "state"), [(12, State.PERSISTENT), (13, State.UNKNOWN), (11, State.PERSISTENT)])
def test_coverage(missing: int, state: State) -> None:
    within = window()
    known = ~first_of_each_day(within, dict.fromkeys(range(4), missing))             # 12 of 60 samples: 20 %
    assert course(np.ones(len(known), bool), known).state is state


def test_a_week_of_which_little_is_known_does_not_count() -> None:
    within = window()
    known = (within.weeks > 0) | (within.days == within.days[-1])
    assert course(np.isin(within.weeks, (0, 1, 2)), known).state is State.FREE       # two weeks, and a day of a third
    assert course(np.isin(within.weeks, (1, 2, 3)), known).state is State.PERSISTENT


def test_hysteresis() -> None:
    within = window()
    over = first_of_each_day(within, dict.fromkeys(range(3), 10))                     # 17 %
    assert course(over).state is State.FREE
    assert course(over, was=True).state is State.PERSISTENT
    assert course(first_of_each_day(within, dict.fromkeys(range(3), 8)), was=True).state is State.FREE


def test_samples_weigh_as_long_as_they_are() -> None:
    """Half the time in samples of a minute, half in samples of ten: what only the short ones say is half of the time, not ten elevenths."""
    day = times(60)
    slot = np.floor((day - 30) / 3600) % 2 == 0
    keep = slot | (day % 600 == 0)
    seconds = np.where(slot, 60.0, 600.0)[keep]
    values = np.where(slot[keep], 0.5, 0.0)
    found = diagnose(History(day[keep], seconds, {("cpu_steal_ratio", ""): values}, (), 0, (), {}))
    assert isinstance(found, Diagnosis)
    assert only(found).over_ratio == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("value", "over"), [(0.0999, False), (0.1, True), (0.1001, True)])
def test_a_value_at_its_limit_is_over_it(value: float, over: bool) -> None:
    found = diagnose(history({("cpu_steal_ratio", ""): np.full(len(times()), value)}))
    assert isinstance(found, Diagnosis)
    assert bool(found.verdicts) is over


def test_every_limit_of_the_registry_has_a_source_and_a_direction() -> None:
    for measure in MEASURES.values():
        levels = [measure.level(None)] + [measure.level(kind) for kind in ("nvme", "ssd", "hdd", "san", "virtual")]
        for level in levels:
            assert isinstance(level, Above | Below)
            assert level.warning is not None and level.source, measure.name
    assert {name for sign in SIGNS.values() for way in sign.ways for name in way} == set(MEASURES)


def test_every_sign_ends_in_a_cause() -> None:
    assert set(BECAUSE) == set(SIGNS)
    for sign, names in BECAUSE.items():
        assert names[-1] in CAUSES, sign
        assert set(names) <= set(SIGNS) | set(CAUSES), sign
    assert {name for names in BECAUSE.values() for name in names} >= set(CAUSES)


# What a history may lack --------------------------------------------------------------------------------------------------------------

def only(found: Diagnosis | Unknown) -> Verdict:
    assert isinstance(found, Diagnosis)
    (verdict,) = found.verdicts
    return verdict


def test_an_empty_history_is_unknown() -> None:
    assert isinstance(diagnose(History(np.array([]), np.array([]), {}, (), 0, (), {})), Unknown)


def test_all_nan_is_unknown() -> None:
    empty = np.full(len(times()), np.nan)
    found = diagnose(history({("cpu_steal_ratio", ""): empty, ("cpu_idle_ratio", ""): empty, ("disk_await_seconds", "sda"): empty, ("disk_busy_ratio", "sda"): empty}))
    assert isinstance(found, Diagnosis)
    assert not found.verdicts and not found.judged
    assert {item.resource for item in found.unseen} == {"cpu", "disk", "memory"}


def test_why_a_resource_is_missing_is_told() -> None:
    at = times()
    lacking = History(at, np.full(len(at), 600.0), {("cpu_steal_ratio", ""): np.zeros(len(at))}, (), 0, (), {"disk_await_seconds": Unknown("sysstat was told to leave disks out")})
    found = diagnose(lacking)
    assert isinstance(found, Diagnosis)
    assert {item.resource: item.reason.reason for item in found.unseen}["disk"] == "sysstat was told to leave disks out"


def test_half_of_the_days_missing_is_unknown() -> None:
    values = np.where(((times() // DAY) % 2) == 0, np.nan, 0.5)
    found = diagnose(history({("cpu_steal_ratio", ""): values}))
    assert isinstance(found, Diagnosis)
    assert not found.verdicts
    reason = {item.resource: item.reason for item in found.unseen}["cpu"]
    assert "are needed" in reason.reason and reason.values["coverage_ratio"] < 0.8      # type: ignore[operator]


def test_a_history_that_ended_weeks_ago_is_unknown() -> None:
    found = diagnose(history({("cpu_steal_ratio", ""): np.full(len(times()), 0.5)}), until=END + 2 * WEEK)
    assert isinstance(found, Diagnosis)
    assert not found.verdicts


def test_long_intervals_are_left_out() -> None:
    at = times(2 * 3600)
    found = diagnose(History(at, np.full(len(at), 7200.0), {("cpu_steal_ratio", ""): np.full(len(at), 0.5)}, (), 0, (), {}))
    assert isinstance(found, Diagnosis)
    assert not found.verdicts


def test_a_database_that_restarts_each_night() -> None:
    at = times()
    values = np.where((at % DAY >= 3 * 3600) & (at % DAY < 3 * 3600 + 1200), np.nan, 9.0)
    verdict = only(diagnose(history({("database_lock_waits_count", "PostgreSQL 5432"): values})))
    assert (verdict.cause, verdict.names) == ("lock_waits", ("PostgreSQL 5432",))


def test_one_value_that_is_known_to_be_low_is_enough() -> None:
    """A disk whose time is not known is not slow where it is known to be idle."""
    count = len(times())
    found = diagnose(history({("disk_await_seconds", "sda"): np.full(count, np.nan), ("disk_busy_ratio", "sda"): np.zeros(count)}))
    assert isinstance(found, Diagnosis)
    assert "disk" in found.judged and not found.verdicts


def test_three_thousand_disks() -> None:
    count = len(times())
    series: dict[tuple[str, str], Array] = {}
    for number in range(3000):
        slow = number == 1234
        series["disk_await_seconds", f"sd{number}"] = np.full(count, 0.5 if slow else 0.002)
        series["disk_busy_ratio", f"sd{number}"] = np.full(count, 0.9)
    verdict = only(diagnose(history(series)))
    assert (verdict.cause, verdict.names) == ("capacity_disk", ("sd1234",))


# Clocks -------------------------------------------------------------------------------------------------------------------------------

def peak_at(hour_of_zone: int, zone: str) -> Array:
    """Over its limit for two hours from an hour of a zone's clock on working days, daylight saving time or not."""
    local = [datetime.fromtimestamp(at - INTERVAL / 2, ZoneInfo(zone)) for at in times()]
    return np.array([0.5 if hour_of_zone <= when.hour < hour_of_zone + 4 and when.weekday() < 5 else 0.0 for when in local])


@pytest.mark.parametrize(("hours", "offset", "found"), [
    (Hours(zone="Asia/Shanghai"), 0, True), (Hours(), 8 * 3600, True), (Hours(), 0, False),
])
def test_business_hours_are_those_of_the_zone(hours: Hours, offset: int, found: bool) -> None:
    """9:00 in Shanghai is 1:00 UTC."""
    diagnosis = diagnose(history({("cpu_steal_ratio", ""): peak_at(9, "Asia/Shanghai")}, offset=offset), hours=hours)
    assert isinstance(diagnosis, Diagnosis)
    assert bool(diagnosis.verdicts) is found


def test_the_clock_change_moves_business_hours() -> None:
    """Berlin leaves summer time on 2026-10-25; in the four weeks up to 2026-11-09 the business hours stay where the clock says."""
    until = END - 2 * WEEK
    at = times() - 2 * WEEK
    within = window_of(History(at, np.full(len(at), 600.0), {}, (), 0, (), {}), Hours(zone="Europe/Berlin"), until)
    hours = {datetime.fromtimestamp(when, ZoneInfo("Europe/Berlin")).hour for when in within.times}
    assert hours == set(range(8, 18))
    assert within.week_seconds.sum() == 200 * 3600
    assert {datetime.fromtimestamp(when, ZoneInfo("UTC")).hour for when in within.times} == set(range(6, 17))


def test_a_night_shift_passes_midnight() -> None:
    within = window(Hours(22 * 60, 6 * 60))
    assert {int(at % DAY // 3600) for at in within.times} == {22, 23, 0, 1, 2, 3, 4, 5}
    assert len(set(within.days.tolist())) == 20


@pytest.mark.parametrize(("text", "minutes"), [("08:00-18:00", (480, 1080)), ("22:00-06:00", (1320, 360)), ("00:00-24:00", (0, 1440))])
def test_hours_are_read(text: str, minutes: tuple[int, int]) -> None:
    assert parse_hours(text) == minutes


@pytest.mark.parametrize("text", ["8-18", "08:00-08:00", "08:00-24:05", "08:01-18:00", "25:00-26:00", ""])
def test_wrong_hours(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_hours(text)


def test_hours_of_settings() -> None:
    assert hours_of(None, None, None) == Hours()
    assert hours_of("09:00-17:00", ("saturday",), "Europe/Berlin") == Hours(540, 1020, (5,), "Europe/Berlin")


# Causes and trends ----------------------------------------------------------------------------------------------------------------------

def slow_disk(circumstances: Circumstances | None = None, **others: Array) -> Diagnosis | Unknown:
    count = len(times())
    series = {("disk_await_seconds", "sda"): np.full(count, 0.2), ("disk_busy_ratio", "sda"): np.full(count, 0.95),
              ("database_latency_seconds", "PostgreSQL 5432"): np.full(count, 4.0)}
    return diagnose(history({**series, **{(name, ""): values for name, values in others.items()}}), circumstances)


def test_a_chain_from_queries_to_the_raid() -> None:
    verdict = only(slow_disk(Circumstances(failing_disks={}, impaired=(Impaired("md0", "rebuilding", ("sda1", "sdb1")),))))
    assert verdict.chain == ("queries are slow", "a disk answers slowly", "a RAID array is degraded or rebuilding")
    assert "md0 (rebuilding)" in render(verdict.message, verdict.values)
    assert any("4" in render(line.text, line.values) for line in verdict.evidence)
    assert {item.title: item.checked for item in verdict.ruled_out}["a disk fails"]


def test_a_cause_is_named_by_where_it_is_not_by_where_it_is_felt() -> None:
    """A disk is slow, as the server on it spills."""
    verdict = only(diagnose(history({
        ("disk_await_seconds", "sda"): np.full(len(times()), 0.2), ("disk_busy_ratio", "sda"): np.full(len(times()), 0.95),
        ("database_temporary_bytes_rate", "postgresql 5433"): np.full(len(times()), 2.0**30)})))
    assert (verdict.cause, verdict.names) == ("sorts_spill", ("postgresql 5433",))


def test_an_array_of_other_disks_is_not_the_cause() -> None:
    verdict = only(slow_disk(Circumstances(impaired=(Impaired("md0", "degraded", ("sdx1", "sdy1")),))))
    assert verdict.cause == "capacity_disk"


def test_what_could_not_be_checked_is_said_and_lowers_the_confidence() -> None:
    blind, seeing = only(slow_disk()), only(slow_disk(Circumstances(failing_disks={}, impaired=(), write_through=())))
    assert [item.title for item in blind.ruled_out if not item.checked][:1] == ["a disk fails"]
    assert blind.confidence < seeing.confidence


@pytest.mark.parametrize(("together", "found"), [(True, True), (False, False)])
def test_signs_that_do_not_coincide_have_causes_of_their_own(together: bool, found: bool) -> None:
    within = window()
    morning = (within.times % DAY) < 13 * 3600
    everything = np.ones(len(morning), bool)
    one = course_of(STEAL, "", (), (morning, everything), within)
    other = course_of(STEAL, "", (), (morning if together else ~morning, everything), within)
    assert coincides(one, other, within.weights) is found


def test_a_trend_with_its_interval() -> None:
    rng = np.random.default_rng(3)
    at = times()
    grows = 0.7 + 0.1 * (at - at[0]) / (28 * DAY) + rng.normal(0, 0.004, len(at))
    found = diagnose(history({("filesystem_used_ratio", "/srv"): grows, ("filesystem_used_ratio", "/"): 0.7 + rng.normal(0, 0.01, len(at))}))
    assert isinstance(found, Diagnosis)
    (forecast,) = found.forecasts
    assert forecast.instance == "/srv"
    assert forecast.in_seconds == pytest.approx(27 * DAY, rel=0.15)
    assert forecast.earliest_seconds <= forecast.in_seconds <= (forecast.latest_seconds or 0)


def test_slopes() -> None:
    days = np.arange(20.0)
    values = 2 * days
    values[5] = 500
    assert slope_of(days, values) == pytest.approx((2, 2, 2), abs=0.5)
    assert slope_of(days[:14], values[:14]) is None


@pytest.mark.parametrize(("limits", "found"), [({}, True), ({"cpu_steal_ratio": 0.6}, False), ({"cpu_steal_ratio": {"x": 0.9}}, True)])
def test_a_site_sets_its_own_limits(limits: Mapping[str, Any], found: bool) -> None:
    diagnosis = diagnose(history({("cpu_steal_ratio", ""): np.full(len(times()), 0.5)}), measures=measures_with(limits))
    assert isinstance(diagnosis, Diagnosis)
    assert bool(diagnosis.verdicts) is found


# Rules --------------------------------------------------------------------------------------------------------------------------------

class Holder:
    def __init__(self, series: Any) -> None:
        self.series = series


def judged(series: Any) -> dict[str, list[tuple[str, Severity]]]:
    facts = {"capture": {"taken_at": datetime.fromtimestamp(END, ZoneInfo("UTC"))}, "settings": Settings(), "history": Holder(series)}
    facts["bottlenecks"] = bottlenecks_of(facts, {})
    found = {}
    for rule in bottlenecks.RULES:
        verdict = apply(rule, facts, Settings())
        assert not isinstance(verdict, NotHere)
        found[rule.id] = [(item.object, item.severity) for item in verdict]
        assert all(render(item.message, item.values) for item in verdict)
    return found


def test_rules_of_a_sick_history() -> None:
    morning = (times() % DAY) <= 13 * 3600
    found = judged(history({("cpu_steal_ratio", ""): np.where(morning, 0.5, 0.0), ("database_lock_waits_count", "x"): np.where(morning, 0.0, 9.0)}))
    assert found["bottleneck_hardware"] == [("cpu_stolen", Severity.CRITICAL)]
    assert found["bottleneck_database"] == [("lock_waits", Severity.CRITICAL)]
    assert ("disk", Severity.UNKNOWN) in found["bottleneck_history"]
    assert found["bottleneck_platform"] == [("bottlenecks", Severity.INFO)]


def test_rules_of_a_healthy_history() -> None:
    case = next(item for item in CASES if item.name == "busy and well")
    found = judged(make(case, 1).history()[0])
    assert {severity for items in found.values() for _object, severity in items} <= {Severity.OK, Severity.INFO}


def test_rules_of_an_unreadable_history() -> None:
    found = judged(Unknown("sadf: failed"))
    assert all([severity for _object, severity in items] == [Severity.UNKNOWN] for items in found.values())


def test_rules_of_an_empty_history() -> None:
    empty = np.full(len(times()), np.nan)
    found = judged(history({("cpu_steal_ratio", ""): empty}))
    assert Severity.UNKNOWN in {severity for _object, severity in found["bottleneck_hardware"]}
    assert found["bottleneck_forecast"] == [("resources", Severity.UNKNOWN)]


@pytest.mark.parametrize("series", [None, NotHere("no history was asked for")])
def test_a_look_without_a_history_proves_nothing(series: Any) -> None:
    facts = {"capture": {"taken_at": datetime.fromtimestamp(END, ZoneInfo("UTC"))}, "settings": Settings(), "history": Holder(series)}
    assert bottlenecks_of(facts, {}) is None


def test_what_was_a_bottleneck_at_the_last_inspection() -> None:
    old, new = (datetime(2026, month, 1, tzinfo=ZoneInfo("UTC")) for month in (5, 8))
    kept = {"bottleneck_hardware": {"cpu_stolen": {"persistent_ratio": ((old, 0.5), (new, 0.3))}, "capacity_disk": {"persistent_ratio": ((old, 0.9),)}}}
    assert before(kept) == ("cpu_stolen",)
    assert before({}) == ()


def circumstances_in(case: str) -> Circumstances:
    return circumstances_of(judge(load(FIXTURES / case)).facts)


def test_circumstances_of_recorded_hosts() -> None:
    impaired = circumstances_in("md_raid/detail-only").impaired
    assert isinstance(impaired, tuple)
    assert [(item.name, item.state, item.members[:2]) for item in impaired] == [("md0", "degraded", ("md0", "sda1"))]
    troubled = circumstances_in("hardware_raid/megacli-troubled")
    assert (troubled.impaired, troubled.write_through) == ((Impaired("c0/v0", "Degraded"),), ("c0/v0",))
    assert circumstances_in("md_raid/healthy").impaired == ()
    failing = circumstances_in("disk_health/failing").failing_disks
    assert isinstance(failing, dict) and {"sda", "nvme0"} <= set(failing)


@pytest.mark.parametrize(("instance", "failing", "cause"), [
    ("nvme0n1", "nvme0", "disk_failing"), ("sda", "sda", "disk_failing"), ("sda", "sdaa", "capacity_disk"), ("nvme1n1", "nvme10", "capacity_disk"),
])
def test_a_failing_disk_is_found_by_its_name(instance: str, failing: str, cause: str) -> None:
    count = len(times())
    series = {("disk_await_seconds", instance): np.full(count, 0.2), ("disk_busy_ratio", instance): np.full(count, 0.95)}
    assert only(diagnose(history(series), Circumstances(failing_disks={failing: "SMART"}))).cause == cause


def test_circumstances_of_nothing_are_unknown() -> None:
    found = circumstances_of({})
    assert isinstance(found.impaired, Unknown)
    assert isinstance(found.consumers, Unknown)


# From sadf's text to the report ---------------------------------------------------------------------------------------------------------

def stolen_capture(**settings: Any) -> Capture:
    """Four weeks of sysstat in which the hypervisor takes a third of the CPU."""
    lines = [f"vm1;600;{datetime.fromtimestamp(at, ZoneInfo('UTC')):%Y-%m-%d %H:%M:%S} UTC;-1;10;0;5;1;33;51" for at in times()]
    columns = Columns()
    columns.add("\n".join(("# hostname;interval;timestamp;CPU;%usr;%nice;%sys;%iowait;%steal;%idle", *lines)) + "\n")
    text = json.dumps({**columns.document(), "problems": [], "cpus": 4, "utc_offset_seconds": 0})
    return Capture("vm1", "r", datetime.fromtimestamp(END, ZoneInfo("UTC")), (Entry("history", "query", KEY, text),), subjects=("history",),
                   settings=settings)


def test_an_inspection_with_a_history_reports_its_bottleneck(tmp_path: Path) -> None:
    outcome = outcome_of(stolen_capture(importance=3, system="shop"), {}, {})
    found = {item.rule.id: item.compared.finding for item in outcome.findings}
    assert (found["bottleneck_hardware"].object, found["bottleneck_hardware"].severity) == ("cpu_stolen", Severity.CRITICAL)
    assert ("bottleneck_hardware", "cpu_stolen", "persistent_ratio", 1.0) in outcome.tracked
    report = ReportFolder(tmp_path, "r", outcome.taken_at)
    report.add(outcome, [], "0" * 64)
    text = report.finish().text
    assert "Long-term bottlenecks: 1 of 1 hosts with enough history, 0 with too little, 0 without" in text
    fleet = json.loads((tmp_path / "report.json").read_text())["bottlenecks"]
    assert fleet["by_domain"] == {"hardware": 1}
    assert [(item["host"], item["hours"], item["rank"]) for item in fleet["worst"]] == [("vm1", 50.0, 150.0)]
    assert fleet["heat"]["cpu"] == [1.0] * 168
    assert "cpu_stolen" in (tmp_path / "report.html").read_text()


def test_a_history_that_can_not_be_parsed_is_unknown() -> None:
    capture = stolen_capture()
    broken = replace(capture, entries=(Entry("history", "query", KEY, "{"),))
    findings = {item.rule: item.severity for item in judge(broken).findings if item.rule.startswith("bottleneck_")}
    assert findings == {"bottleneck_history": Severity.UNKNOWN}


def test_the_fleet_is_ranked_by_hours_and_importance() -> None:
    sick = diagnose(history({("cpu_steal_ratio", ""): np.where((times() % DAY) <= 13 * 3600, 0.5, 0.0)}))
    healthy = diagnose(history({("cpu_steal_ratio", ""): np.zeros(len(times()))}))
    assert isinstance(sick, Diagnosis) and isinstance(healthy, Diagnosis)
    fleet = Fleet()
    fleet.add("a", sick, TITLES, "shop", 1)
    fleet.add("b", sick, TITLES, "shop", 4)
    fleet.add("c", healthy, TITLES)
    fleet.add("d", None, TITLES)
    assert [(device.host, device.rank) for device in fleet.ranked()] == [("b", 100.0), ("a", 25.0)]
    assert (fleet.hosts, fleet.judged, fleet.unseen, fleet.none) == (2, 3, 0, 1)
    assert fleet.hosts_by("system") == {"shop": 2}


def test_a_file_of_a_history(tmp_path: Path) -> None:
    path = tmp_path / "h.json"
    told = history({("cpu_steal_ratio", ""): np.where(np.arange(len(times())) % 7 == 0, np.nan, 0.5)})
    path.write_text(json.dumps(document_of(told)))
    assert only(diagnose(load_history(path))).cause == "cpu_stolen"


@pytest.mark.parametrize(("text", "part"), [
    ("{", "can't be read"), ("{}", "not a whole history"), ('{"times": [1, 2], "seconds": [1], "series": []}', "of one length"),
    ('{"times": [2, 1], "seconds": [1, 1], "series": []}', "must ascend"), ('{"times": ["x"], "seconds": [1], "series": []}', "not a whole history"),
])
def test_a_wrong_file_of_a_history(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "h.json"
    path.write_text(text)
    with pytest.raises(BadHistory, match=part):
        load_history(path)


# The labelled histories ----------------------------------------------------------------------------------------------------------------

def test_there_are_enough_labelled_histories() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_labelled_history(case: Any) -> None:
    history_, circumstances = make(case, 1).history()
    wanted = frozenset({("unknown", "unknown")}) if case.labels is None else case.labels
    assert named(diagnose(history_, circumstances)) == wanted


def test_macro_f1() -> None:
    score, counts = macro_f1([({"a"}, {"a"}), ({"a"}, {"b"}), ({"b"}, {"b"})])
    assert counts == {"a": (1, 0, 1), "b": (1, 1, 0)}
    assert score == pytest.approx(2 / 3)


def test_the_bench_notices_a_diagnosis_that_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Callable[..., Any] = lambda *_args, **_kwargs: Diagnosis((), (), (), ("cpu",), ())     # noqa: E731
    pairs = [({kind for kind, _ in case.labels or ()}, {kind for kind, _ in named(nothing())}) for case in CASES]
    assert macro_f1(pairs)[0] == 0
