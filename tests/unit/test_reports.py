# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's folder: its four forms say the same, and no text of a host does anything but stand there."""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.comparison import Past, State
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Judged
from plugins.plugin_utils.outcome import Outcome, outcome_of
from plugins.plugin_utils.reports import folder as folder_module
from plugins.plugin_utils.reports.document import in_both
from plugins.plugin_utils.reports.fleet import SHOWN, ordinal, shortened
from plugins.plugin_utils.reports.folder import Finished, ReportFolder
from plugins.plugin_utils.reports.harmless import block, line
from plugins.plugin_utils.reports.page import FINDINGS_BYTES, most_of_a_host
from plugins.plugin_utils.reports.storage import storage_of
from plugins.plugin_utils.rules.postgresql_counters import BASIS

TAKEN_AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOSTILE = "</script><script>window.hacked = 1</script>\x1b[31m{{ 7 * 7 }}]]>&\u202e\x00\ud800"
SHOWN_HOSTILE = "\\x1b[31m{{ 7 * 7 }}]]>&\\u202e\\x00\\ud800"


def meminfo(available: int) -> str:
    return (f"MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: {available} kB\nBuffers: 1 kB\nCached: 1 kB\n"
            "SwapTotal: 0 kB\nSwapFree: 0 kB\nHugePages_Total: 0\nHugePages_Free: 0\nHugepagesize: 2048 kB\n")


def outcome(
    host: str = "db1", available: int = 500, past: dict[tuple[str, str], Past] | None = None, problem: str | None = None, **settings: Any
) -> Outcome:
    """A host of which only memory was looked at."""
    entries = () if problem else (Entry("memory", "file", "/proc/meminfo", meminfo(available)), Entry("memory", "file", "/proc/vmstat", "oom_kill 0\n"))
    capture = Capture(host, "2026Q4-001", TAKEN_AT, entries, subjects=("memory",), problem=problem, settings=settings)
    return outcome_of(capture, past or {}, {})


def reported(path: Path, *outcomes: Outcome, **options: Any) -> Finished:
    path.mkdir(exist_ok=True)
    report = ReportFolder(path, "2026Q4-001", TAKEN_AT, **options)
    for item in outcomes:
        report.add(item, [], "0" * 64)
    return report.finish()


def hosts_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in (path / "hosts.jsonl").read_text("utf-8").split("\n") if text]


def data_of_page(path: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', (path / "report.html").read_text("utf-8"), re.DOTALL)
    assert found
    return dict(json.loads(found.group(1)))


def finding(document: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(item for item in document["findings"] if item["rule"] == rule)


WAIVER = {"rule": "memory_available", "reason": "the cache may fill it", "owner": "storage team", "expires": "2027-03-31"}


@pytest.mark.parametrize(("text", "shown"), [
    ("plain, ümläut, 中文", "plain, ümläut, 中文"), ("\x1b[31mred", "\\x1b[31mred"), ("a\r\nb\tc", "a\\x0d\\x0ab\\x09c"),
    ("\x9b31m", "\\x9b31m"), ("\u202egnp.exe", "\\u202egnp.exe"), ("\ud800", "\\ud800"), ("a\u2028b", "a\\u2028b"), ("\x7f\ufeff", "\\x7f\\ufeff"),
])
def test_control_characters_are_shown_escaped(text: str, shown: str) -> None:
    assert line(text) == shown


def test_a_block_keeps_its_lines() -> None:
    assert block("a\n\tb\x1b\r\n") == "a\n\tb\\x1b\\x0d\n"


def test_the_files_are_there_with_their_hashes_and_for_their_owner_only(tmp_path: Path) -> None:
    finished = reported(tmp_path, outcome())
    assert sorted(finished.files) == ["hosts.jsonl", "report.html", "report.json", "report.xml"]
    for name, sha256 in finished.files.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == sha256
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_all_forms_give_the_same_counts(tmp_path: Path) -> None:
    finished = reported(tmp_path, outcome("a", available=20), outcome("b"), outcome("c", problem="unreachable: no route to host"),
                        outcome("d", available=20, waivers=[WAIVER]))
    assert {name: finished.counts[name] for name in ("critical", "waived", "hosts", "unreached")} == {
        "critical": 1, "waived": 1, "hosts": 4, "unreached": 1}
    summary = json.loads((tmp_path / "report.json").read_text())
    assert summary["counts"] == finished.counts == data_of_page(tmp_path)["about"]["counts"]
    assert (summary["score"], summary["coverage"]) == (finished.score, finished.coverage)
    assert summary["open_by_rule"]["memory_available"] == {"critical": 1}
    hosts = hosts_of(tmp_path)
    for name in ("critical", "warning", "unknown", "waived"):
        assert sum(host["counts"].get(name, 0) for host in hosts) == finished.counts[name]
    counted = ", ".join(f"{finished.counts[name]} {name}" for name in ("critical", "warning", "unknown", "waived"))
    assert f"Findings: {counted}" in finished.text


def test_a_finding_stands_with_value_limit_source_state_and_evidence(tmp_path: Path) -> None:
    past = {("memory_available", "memory"): Past(Severity.WARNING, State.NEW, 2, "2026Q2-001")}
    reported(tmp_path, outcome(available=20, past=past))
    document = hosts_of(tmp_path)[0]
    found = finding(document, "memory_available")
    assert (found["severity"], found["was"], found["state"], found["times"], found["first_run"]) == (
        "critical", "warning", "regressed", 3, "2026Q2-001")
    limit = found["limits"][0]
    assert (limit["name"], limit["value"], limit["shown"], limit["direction"]) == ("available_ratio", 0.02, "2 %", "below")
    assert limit["shown_limits"]["critical"] and limit["source"]["en"]
    assert found["evidence"] == ["/proc/meminfo"]
    assert "MemAvailable: 20 kB" in data_of_page(tmp_path)["details"][0]["evidence"]["/proc/meminfo"]


def test_a_site_s_own_limit_is_named_as_the_source_in_both_languages(tmp_path: Path) -> None:
    reported(tmp_path, outcome(available=20, levels={"memory_available": {"available_ratio": {"critical": 0.5}}}))
    source = finding(hosts_of(tmp_path)[0], "memory_available")["limits"][0]["source"]
    assert source == {"en": "set by this site (caretaker_levels)", "zh_CN": "由本站点设置（caretaker_levels）"}


def test_messages_stand_in_both_languages(tmp_path: Path) -> None:
    reported(tmp_path, outcome(problem="unreachable: no route to host"))
    assert finding(hosts_of(tmp_path)[0], "host_inspected")["message"] == {
        "en": "could not be inspected: unreachable: no route to host", "zh_CN": "未能巡检：unreachable: no route to host"}


@pytest.mark.parametrize("basis", [*BASIS.values(), "since its start"])
def test_since_when_a_counter_is_judged_is_translated_within_its_message(basis: str) -> None:
    message = in_both("{daily_count} deadlocks a day over {period_seconds} ({basis}), the last at {last}",
                      {"daily_count": 12, "period_seconds": 86400, "basis": basis, "last": "-"})
    assert basis in message["en"]
    assert basis not in message["zh_CN"] and "自" in message["zh_CN"]


@pytest.mark.parametrize("embedded", [60, 0])
def test_texts_of_hosts_are_harmless_in_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded: int) -> None:
    monkeypatch.setattr(folder_module, "EMBEDDED", embedded)
    waiver = {**WAIVER, "reason": HOSTILE, "owner": HOSTILE}
    finished = reported(tmp_path, outcome(HOSTILE, problem=HOSTILE, system=HOSTILE, owner=HOSTILE), outcome("b", available=20, waivers=[waiver]),
                        customer=HOSTILE)
    texts = [finished.text, *((tmp_path / name).read_text("utf-8") for name in finished.files)]
    assert len(texts) == (5 if embedded else 7)
    for text in texts:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
        assert SHOWN_HOSTILE in text or SHOWN_HOSTILE.replace("&", "&amp;").replace(">", "&gt;") in text \
            or SHOWN_HOSTILE.replace("\\", "\\\\") in text or json.dumps(SHOWN_HOSTILE)[1:-1].replace("&", "\\u0026").replace(">", "\\u003e") in text
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.lower().count("<script") == page.lower().count("</script>") == 2
    assert "window.hacked" not in re.sub(r"<script type=.*?</script>", "", page, flags=re.DOTALL).replace("&lt;script&gt;window.hacked", "")


def test_the_page_allows_its_own_script_and_style_only(tmp_path: Path) -> None:
    reported(tmp_path, outcome())
    page = (tmp_path / "report.html").read_text("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert "default-src 'none'" in policy.group(1)
    assert "unsafe" not in policy.group(1)
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:)?//""", page)


def test_junit_is_well_formed_with_a_case_a_rule(tmp_path: Path) -> None:
    reported(tmp_path, outcome("bad", available=20), outcome("gone", problem=HOSTILE), outcome("waived", available=20, waivers=[WAIVER]))
    suites = {suite.get("name"): suite for suite in ElementTree.parse(tmp_path / "report.xml").getroot()}
    bad = {case.get("name"): case for case in suites["bad"]}
    assert bad["memory_available"].find("failure").get("type") == "critical"
    assert bad["host_inspected"].find("failure") is None
    gone = {case.get("name"): case for case in suites["gone"]}
    assert SHOWN_HOSTILE in gone["host_inspected"].find("error").get("message")
    waived = {case.get("name"): case for case in suites["waived"]}
    assert "storage team until 2027-03-31" in waived["memory_available"].find("skipped").get("message")
    for suite in suites.values():
        assert int(suite.get("tests")) == len(suite) == len({case.get("name") for case in suite})
        for counted, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(counted)) == len(suite.findall(f"testcase/{kind}"))


def test_the_text_lists_what_changed_who_was_not_reached_and_what_is_waived(tmp_path: Path) -> None:
    stays = {("memory_available", "memory"): Past(Severity.CRITICAL, State.PERSISTING, 2, "2026Q2-001")}
    finished = reported(
        tmp_path, outcome("a", available=20, past=stays), outcome("b", past=stays), outcome("c", problem="wrong key"),
        outcome("d", available=20, waivers=[WAIVER]), recheck_of="2026Q3-001", customer="Example Bank",
    )
    text = finished.text
    assert "Run 2026Q4-001: recheck of 2026Q3-001 for Example Bank, 2026-11-22 03:00 UTC" in text
    assert "Hosts: 3 inspected, 1 not" in text
    assert re.search(r"Score: [\d.]+ of 100, at a coverage of [\d.]+%", text)
    assert "1 persisting" in text and "1 resolved" in text
    assert "CRITICAL  a  memory_available  memory: 2 %" in text and "(persisting, 3rd time)" in text
    assert "  c: wrong key" in text
    assert "  d  memory_available  memory: the cache may fill it (storage team, until 2027-03-31)" in text


def test_the_text_stays_short_however_much_is_wrong(tmp_path: Path) -> None:
    hosts = [outcome(f"host{number:03d}", available=20, role="x" * 500) for number in range(SHOWN + 5)]
    text = reported(tmp_path, *hosts).text
    worst = text.split("Worst first:\n")[1].split("\n\n")[0].splitlines()
    assert len(worst) == SHOWN + 1
    assert worst[0].startswith("  CRITICAL  host000  ")
    assert re.fullmatch(r"  and \d+ more", worst[-1])
    assert max(map(len, worst)) < 300


def test_a_host_that_was_not_reached_has_no_score_and_lowers_the_coverage(tmp_path: Path) -> None:
    alone = reported(tmp_path / "one", outcome("a"))
    both = reported(tmp_path / "two", outcome("a"), outcome("b", problem="unreachable"))
    assert both.score == alone.score
    assert both.coverage == pytest.approx(alone.coverage / 2, abs=1e-3)
    nobody = reported(tmp_path / "none", outcome("b", problem="unreachable"))
    assert (nobody.score, nobody.coverage) == (None, 0)
    assert "Score: none, at a coverage of 0.0%" in nobody.text
    assert data_of_page(tmp_path / "none")["hosts"][0][4] == 1


def test_a_large_fleet_s_details_lie_beside_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "EMBEDDED", 2)
    finished = reported(tmp_path, *(outcome(name, available=20) for name in ("../../a", "b", "c")))
    assert {"hosts/0.js", "hosts/1.js", "hosts/2.js"} < set(finished.files)
    data = data_of_page(tmp_path)
    assert data["details"] is None
    assert [row[0] for row in data["hosts"]] == ["../../a", "b", "c"]
    called = re.fullmatch(r"caretaker\(0,(.*)\)\n", (tmp_path / "hosts/0.js").read_text("utf-8"))
    assert called
    detail = json.loads(called.group(1))
    assert detail["host"] == hosts_of(tmp_path)[0]
    # the page finds a finding's details by its place
    for row, item in zip(data["findings"][0], detail["host"]["findings"], strict=True):
        assert data["rules"][row[0]]["id"] == item["rule"] and row[1] == item["object"]


def test_the_entry_page_lists_as_many_findings_of_each_host_as_there_is_room_for() -> None:
    assert most_of_a_host([]) == 0
    assert most_of_a_host([["x"] * 3, ["x"]]) == 3
    big = "x" * (FINDINGS_BYTES // 4)
    assert most_of_a_host([[big] * 4, [big] * 2]) == 1


def test_an_empty_run_still_has_a_report(tmp_path: Path) -> None:
    finished = reported(tmp_path)
    assert (finished.score, finished.coverage, finished.counts["hosts"]) == (None, 0, 0)
    assert list(ElementTree.parse(tmp_path / "report.xml").getroot()) == []


@pytest.mark.parametrize(("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (113, "113th")])
def test_ordinal(number: int, text: str) -> None:
    assert ordinal(number) == text


def test_long_texts_are_shortened_in_lists() -> None:
    assert shortened("x" * 160) == "x" * 160
    assert shortened("x" * 161) == "x" * 157 + "..."


def filesystems_outcome() -> Outcome:
    """Two file systems, one nearly full and growing for a year."""
    df = ("Filesystem Type 1-blocks Used Available Capacity Mounted on\n"
          "/dev/sda1 ext4 100000000000 20000000000 80000000000 20% /\n"
          "/dev/sdb1 ext4 100000000000 95000000000 5000000000 95% /srv\n")
    inodes = ("Filesystem Type Inodes IUsed IFree IUse% Mounted on\n/dev/sda1 ext4 1000 100 900 10% /\n/dev/sdb1 ext4 1000 100 900 10% /srv\n")
    raid = ("Personalities : [raid1] \nmd0 : active raid1 sda2[0] sdb2[1](F)\n      1000 blocks super 1.2 [2/1] [U_]\n      \nunused devices: <none>\n")
    entries = (
        Entry("filesystems", "command", "df -PT -B1 / /srv", df, rc=0), Entry("filesystems", "command", "df -iPT / /srv", inodes, rc=0),
        Entry("filesystems", "note", "local file systems", "/\n/srv"), Entry("md_raid", "file", "/proc/mdstat", raid),
    )
    capture = Capture("files", "2026Q4-001", TAKEN_AT, entries, subjects=("filesystems", "md_raid"))
    day = 86400
    past = {name: tuple((TAKEN_AT - timedelta(seconds=day * 90 * quarter), value * (0.95 - 0.1 * quarter)) for quarter in (3, 2, 1))
            for name, value in (("used_bytes", 1e11), ("used_ratio", 1.0))}
    return outcome_of(capture, {}, {"filesystem_space": {"/srv": past}})


def test_storage_is_drawn_from_what_is_known(tmp_path: Path) -> None:
    drawn = storage_of(filesystems_outcome().inspection)
    root, srv = drawn["filesystems"]
    assert (root["name"], root["severity"], root["used_ratio"], root["warning"], root["critical"]) == ("/", "ok", 0.2, 0.8, 0.9)
    assert (srv["name"], srv["severity"], srv["total_bytes"]) == ("/srv", "critical", "93.1 GiB")
    forecast = drawn["forecasts"][0]
    assert forecast["name"] == "/srv" and forecast["severity"] == "critical"
    assert [round(ratio, 2) for _ago, ratio in forecast["past"]] == [0.65, 0.75, 0.85, 0.95]
    assert forecast["past"][-1][0] == 0
    array = drawn["arrays"][0]
    assert (array["name"], array["severity"]) == ("md0", "critical")
    assert {(member["name"], member["kind"]) for member in array["members"]} == {("sda2", "active"), ("sdb2", "failed")}


def test_storage_that_is_not_known_is_not_drawn() -> None:
    assert storage_of(outcome(problem="unreachable").inspection) == {}
    assert storage_of(outcome().inspection) == {}


def test_a_disk_s_health_is_drawn() -> None:
    disk = SimpleNamespace(name="nvme0n1", device_class="nvme", model="Fast 1", used_ratio=0.4, temperature_celsius=41.0, power_on_seconds=None)
    facts = {"disk_health": SimpleNamespace(disks=(disk,)), "history": {}}
    inspection = replace(outcome().inspection, facts=facts, findings=(Judged("disk_wear", "nvme0n1", Severity.WARNING, "worn"),))
    assert storage_of(inspection)["disk_health"] == [
        {"name": "nvme0n1", "severity": "warning", "about": "nvme · Fast 1 · 41 °C", "used_ratio": 0.4}]
