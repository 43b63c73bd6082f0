# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in a real browser, opened as a file: it asks nothing of any network, runs nothing but its own script, and works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.comparison import Past, State
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.outcome import Outcome, outcome_of
from plugins.plugin_utils.reports.folder import ReportFolder

TAKEN_AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOSTILE = '</script><script>window.hacked = 1</script><img src="http://192.0.2.1/x" onerror="window.hacked = 1">{{ 7 * 7 }}\x1b[31m'
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
MEMORY = ("MemTotal: 1000 kB\n</script><img src=x onerror='window.hacked = 1'>: 1 kB\nMemFree: 10 kB\nMemAvailable: {} kB\nBuffers: 1 kB\nCached: 1 kB\n"
          "SwapTotal: 0 kB\nSwapFree: 0 kB\nHugePages_Total: 0\nHugePages_Free: 0\nHugepagesize: 2048 kB\n")
WAIVER = {"rule": "memory_available", "reason": "accepted " + HOSTILE, "owner": "storage team", "expires": "2027-03-31"}
STAYS = {("memory_available", "memory"): Past(Severity.CRITICAL, State.PERSISTING, 2, "2026Q2-001")}
GONE = {("memory_available", "memory"): Past(Severity.WARNING, State.NEW, 1, "2026Q2-001")}


def outcome(host: str, available: int = 500, past: dict[tuple[str, str], Past] | None = None, problem: str | None = None, **settings: Any) -> Outcome:
    entries = () if problem else (
        Entry("memory", "file", "/proc/meminfo", MEMORY.format(available)), Entry("memory", "file", "/proc/vmstat", "oom_kill 0\n"))
    capture = Capture(host, "2026Q4-001", TAKEN_AT, entries, subjects=("memory",), problem=problem, settings=settings)
    return outcome_of(capture, past or {}, {})


def trend(outcome_: Outcome) -> list[dict[str, Any]]:
    return [{"run": f"2026Q{quarter}-001", "taken_at": TAKEN_AT, "score": 70.0 + 5 * quarter, "coverage": 0.9, "counts": dict(outcome_.counts)}
            for quarter in (1, 2, 3, 4)]


def written(path: Path, outcomes: list[Outcome]) -> Path:
    path.mkdir()
    report = ReportFolder(path, "2026Q4-001", TAKEN_AT, customer="Example Bank " + HOSTILE)
    for item in outcomes:
        report.add(item, trend(item), "0" * 64)
    report.finish()
    return path / "report.html"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("small") / "report", [
        outcome("db1", available=20, past=STAYS, system="Core banking"), outcome("db2", past=GONE, system="Core banking"),
        outcome("web1", available=20, waivers=[WAIVER], system="Shop"), outcome("web2" + HOSTILE, problem="unreachable: " + HOSTILE),
    ])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10,000 hosts with a dozen findings each."""
    one = outcome("x", available=20, past=STAYS, system="Shop")
    bad = next(item for item in one.findings if item.rule.id == "memory_available")
    many = replace(one, findings=(bad,) * 12)
    return written(tmp_path_factory.mktemp("large") / "report", [replace(many, host=f"host{number:05d}.example.net") for number in range(10_000)])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is missing: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


class Opened:
    """A page with what it asked for and complained of."""

    def __init__(self, browser: Browser, path: Path, **options: Any) -> None:
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def listed(self) -> list[str]:
        return self.page.locator("#findings-list .finding > summary > .mono").all_inner_texts()

    def lists(self, *hosts: str) -> None:
        """The list comes to be of just these, in any order: what a click sets off may take its time on a busy machine."""
        findings = self.page.locator("#findings-list .finding")
        for host in hosts:
            expect(findings.filter(has=self.page.locator("summary > .mono", has_text=host))).to_have_count(1)
        expect(findings).to_have_count(len(hosts))

    def close(self) -> None:
        self.page.close()


@pytest.fixture
def opened(browser: Browser, small: Path) -> Iterator[Opened]:
    one = Opened(browser, small)
    yield one
    one.close()


def test_it_asks_nothing_of_the_network_and_runs_no_text_of_a_host(opened: Opened, small: Path) -> None:
    for summary in opened.page.locator(".host > summary, #findings-list .finding > summary").all():
        summary.click()
    for summary in opened.page.locator(".fold > summary").all():
        summary.click()
    opened.page.wait_for_selector("pre")
    assert "<img src=" in opened.page.inner_text("body"), "the hostile texts stand there as texts"
    assert opened.page.evaluate("window.hacked") is None
    assert opened.page.locator("img").count() == 0
    assert opened.asked == [small.as_uri()]
    assert opened.complaints == []


def test_its_policy_stops_a_script_that_is_not_its_own(opened: Opened) -> None:
    with opened.page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        opened.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,x\" onerror=\"window.hacked = 1\">')")
    assert opened.page.evaluate("window.hacked") is None


def test_the_overview_shows_every_host_by_domain(opened: Opened) -> None:
    cells = {row.get_attribute("data-host"): row.locator(".cell").all_inner_texts() for row in opened.page.locator(".host").all()}
    assert cells["db1"][1].startswith("✕ "), "the operating system of db1 is critical: shown by a glyph and a number, not by colour alone"
    assert not any("✕" in text for text in cells["db2"] + cells["web1"]), "what is resolved or waived does not stand against a host"
    gone = opened.page.locator(".host", has_text="web2")
    assert gone.locator(".cell.unknown").count() == 4
    assert "1 more not reached" in opened.page.inner_text("main")


@pytest.mark.parametrize(("control", "value", "hosts"), [
    ("#text", "2 % of 1000", {"db1", "web1"}), ("#host", "db1", {"db1"}), ("#system", "Shop", {"web1"}), ("#state", "persisting", {"db1"}),
    ("#waived", "only", {"web1"}), ("#waived", "not", {"db1"}), ("#domain", "database", set()),
])
def test_filters(opened: Opened, control: str, value: str, hosts: set[str]) -> None:
    assert set(opened.listed()) >= {"db1", "web1"}
    opened.page.click("#severity-unknown")
    if opened.page.locator(control).evaluate("element => element.tagName") == "SELECT":
        opened.page.select_option(control, value)
    else:
        opened.page.fill(control, value)
        opened.page.press(control, "Tab")
    opened.lists(*hosts)
    expect(opened.page.get_by_text("No finding matches.")).to_be_visible(visible=not hosts)


def test_severities_are_switched_on_and_off(opened: Opened) -> None:
    opened.page.click("#severity-unknown")
    opened.lists("db1", "web1")
    opened.page.click("#severity-critical")
    opened.lists()
    opened.page.click("#severity-ok")       # what is resolved can be listed
    opened.lists("db2")


def test_findings_can_be_grouped_by_check(opened: Opened) -> None:
    opened.page.click("#group")
    group = opened.page.locator(".group[data-rule=memory_available]")
    group.locator("summary").first.click()
    expect(group.locator(".finding")).to_have_count(2)


def test_a_finding_unfolds_to_why_remedy_limit_and_evidence(opened: Opened) -> None:
    opened.page.locator("#findings-list .finding > summary", has_text="db1").first.click()
    body = opened.page.locator("#findings-list .finding[open] .body")
    for part in ("Why it matters", "What to do", "Source of the limit", "2 %", "Risk of the remedy", "Found in a row 3", "2026Q2-001"):
        expect(body).to_contain_text(part, use_inner_text=True)
    body.locator(".fold > summary", has_text="/proc/meminfo").click()
    expect(body.locator("pre")).to_contain_text("MemAvailable: 20 kB")


def test_a_host_unfolds_to_its_trend_and_verdicts(opened: Opened) -> None:
    opened.page.locator(".host[data-host=web1] > summary").click()
    host = opened.page.locator(".host[data-host=web1] .inside")
    expect(host.locator("svg.trend circle")).to_have_count(4)
    for part in ("storage team", "2027-03-31", "Verdicts without a problem"):
        expect(host).to_contain_text(part, use_inner_text=True)


def test_the_language_switches(opened: Opened) -> None:
    assert "Why it matters" not in opened.page.inner_text("body") and "Findings" in opened.page.inner_text("body")
    opened.page.click("#language-zh")
    body = opened.page.locator("body")
    for part in ("问题", "覆盖率", "严重", "未能巡检", "与上次巡检相比"):
        expect(body).to_contain_text(part, use_inner_text=True)
    text = body.inner_text()
    assert "Findings" not in text and "Coverage" not in text
    assert opened.page.evaluate("document.documentElement.lang") == "zh-CN"
    opened.page.click("#language-en")
    expect(body).to_contain_text("Coverage", use_inner_text=True)


def test_dark_follows_the_system_and_the_switch(browser: Browser, small: Path) -> None:
    one = Opened(browser, small, color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = one.page.evaluate(background)
    one.page.get_by_role("button", name="Light").click()
    expect(one.page.locator("body")).not_to_have_css("background-color", dark)
    one.page.click("#theme-dark")
    expect(one.page.locator("body")).to_have_css("background-color", dark)
    one.close()


def test_it_prints_every_host_in_full(opened: Opened, tmp_path: Path) -> None:
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert opened.page.locator("#print > section").count() == 4
    assert "Why it matters" in (opened.page.locator("#print").text_content() or "")
    opened.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert opened.page.locator("#print > section").count() == 0
    assert opened.page.pdf(path=tmp_path / "report.pdf").startswith(b"%PDF")


def test_the_page_of_ten_thousand_hosts_can_be_used(browser: Browser, large: Path) -> None:
    assert large.stat().st_size < 10_000_000
    one = Opened(browser, large)
    one.page.wait_for_selector("#findings-list .group")
    assert one.page.locator(".group[data-rule=memory_available] > summary").inner_text().endswith("120000")
    one.page.fill("#host-search", "host09999")
    expect(one.page.locator(".host")).to_have_count(1)
    one.page.locator(".host > summary").click()
    one.page.wait_for_selector(".host .inside .chips")
    assert one.asked[-1] == (large.parent / "hosts/9999.js").as_uri()
    one.page.locator(".group[data-rule=memory_available] > summary").click()
    expect(one.page.locator(".group .finding")).to_have_count(100)
    one.page.locator(".group .finding > summary").first.click()
    one.page.wait_for_selector(".group .finding .body .facts")
    assert one.asked[-1] == (large.parent / "hosts/0.js").as_uri()
    assert one.complaints == []
    one.close()


def test_a_missing_file_of_a_host_is_told(browser: Browser, large: Path) -> None:
    one = Opened(browser, large)
    (large.parent / "hosts/17.js").rename(large.parent / "hosts/17.away")
    one.page.fill("#host-search", "host00017")
    expect(one.page.locator(".host")).to_have_count(1)
    one.page.locator(".host > summary").click()
    one.page.get_by_text("The file hosts/17.js could not be loaded; keep the folder hosts beside this page.").wait_for()
    one.close()
