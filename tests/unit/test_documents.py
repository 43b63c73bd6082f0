# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of a report, opened again: what they say comes from the report, whatever hosts have written into it."""

from __future__ import annotations

import ast
import json
import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook

from plugins.plugin_utils.approval.plan import parse
from plugins.plugin_utils.approval.writing import LOAD, METHOD
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.bottleneck.diagnosis import diagnose
from plugins.plugin_utils.bottleneck.fleet import Fleet as Bottlenecks
from plugins.plugin_utils.outcome import outcome_of
from plugins.plugin_utils.reports import documents as package
from plugins.plugin_utils.reports.bottlenecks import TITLES, fleet_data
from plugins.plugin_utils.reports.documents import bottlenecks, closing, found, model, office, plan, plan_rows, workbook
from plugins.plugin_utils.reports.documents.context import Context, gather
from plugins.plugin_utils.reports.documents.finished import BadFolder, read
from plugins.plugin_utils.reports.documents.sheets import Book, cut
from plugins.plugin_utils.reports.documents.writing import write_documents
from plugins.plugin_utils.reports.folder import ReportFolder
from plugins.plugin_utils.reports.translation import LANGUAGES, catalogue
from tests.histories.cases import CASES, make

TAKEN_AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MEMORY = ("MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: {} kB\nBuffers: 1 kB\nCached: 1 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"
          "HugePages_Total: 0\nHugePages_Free: 0\nHugepagesize: 2048 kB\n\x01<w:evil>&\n")
WAIVER = {"rule": "memory_available", "reason": "=cmd|' /C calc'!A0 \x0b", "owner": "storage team", "expires": "2027-03-31"}
NS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PLAN = {
    "schema": 1, "id": "tuning-2026Q4-001", "kind": "tuning", "title": "Raise the limit \x02", "requester": "alice", "written_at": "2026-11-20T09:00:00Z",
    "window": {"from": "2026-11-22T20:00:00Z", "until": "2026-11-23T02:00:00Z"},
    "hosts": {"db1": {"address": "192.0.2.10", "system": "crm", "groups": ["databases"]}},
    "systems": {"crm": {"approvers": ["bob", "carol"], "needed": 2}}, "approvers_sha256": "0" * 64, "freeze_exceptions": [], "incident": None,
    "steps": [{"id": "s1", "host": "db1", "domain": "database", "action": "set max_connections", "before": 100, "after": {"value": 217}, "rollback": 100,
               "effect": {"en": "fewer refused", "zh_CN": "更少拒绝"}, "restart": False}],
    "forecasts": [{"host": "db1", "name": "filesystem_used_ratio /srv", "now": 0.8, "limit": 0.9, "in": "40 d", "earliest": "31 d", "latest": None}],
    "proposals": [{"host": "db1", "object": "5432/shop", "says": {"en": "three indexes", "zh_CN": "三个索引"}, "by_hand": {"en": "Drop", "zh_CN": "删除"}},
                  {"host": "db1", "object": "8080", "says": {"en": "full", "zh_CN": "已满"}, "by_hand": {"en": "Look", "zh_CN": "检查"}, "setting": "maxThreads",
                   "before": "10", "after": "20", "formula": {"en": "twice as many", "zh_CN": "增加一倍"}, "source": "a manual"}],
    "bottlenecks": [
        {"host": "db1", "domain": "os", "resource": "backlog", "cause": {"en": "a queue is short", "zh_CN": "队列太短"}, "hours_a_week": 38.5, "steps": ["s1"],
         "says": {"en": "connections are refused", "zh_CN": "拒绝连接"}, "consumers": [{"en": "java (shop.service): 50 %", "zh_CN": "java（shop.service）：50 %"}]},
        {"host": "db1", "domain": "hardware", "resource": "network", "cause": {"en": "path", "zh_CN": "链路"}, "hours_a_week": 9.0, "steps": [],
         "says": {"en": "lost", "zh_CN": "丢失"}, "by_hand": {"en": "Ask the network's team", "zh_CN": "请网络团队"},
         "how_much": {"en": "twice", "zh_CN": "两倍"}}],
}


def report(path: Path, hosts: dict[str, int], **settings: Any) -> Path:
    """A finished report: {host: kB of memory available}."""
    path.mkdir(parents=True)
    folder = ReportFolder(path, "2026Q4-001", TAKEN_AT, customer="Example Bank")
    for number, (host, available) in enumerate(hosts.items()):
        entries = (Entry("memory", "file", "/proc/meminfo", MEMORY.format(available)), Entry("memory", "file", "/proc/vmstat", "oom_kill 0\n"))
        capture = Capture(host, "2026Q4-001", TAKEN_AT, entries, subjects=("memory",), settings={"system": f"system {number % 2}", **settings})
        outcome = outcome_of(capture, {}, {})
        trend = [{"run": run, "taken_at": TAKEN_AT, "score": 50.0, "coverage": 0.9, "counts": dict(outcome.counts)} for run in ("2026Q3-001", "2026Q4-001")]
        folder.add(outcome, trend, "ab" * 32)
    folder.finish()
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = report(tmp_path_factory.mktemp("small") / "report", {"db1": 20, "=cmd()": 500, "web1": 20})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(office, "program", lambda: None)
        written = write_documents(path, ("docx", "pdf", "xlsx"), gather(None, None, None, None, workbook=True))
    assert set(written.files) == {f"report.{language}.{form}" for language in LANGUAGES for form in ("docx", "xlsx")}
    assert "apt-get install libreoffice-writer-nogui" in " ".join(written.notes), "says what to install for a PDF"
    return path


def texts_of(path: Path) -> str:
    body = Document(str(path)).element.body
    return "\n".join("".join(part.text or "" for part in paragraph.iter(f"{NS}t")) for paragraph in body.iter(f"{NS}p"))


@pytest.mark.parametrize(("language", "words"), [
    ("en", ("Health inspection report", "Contents", "Why it matters", "Accepted by the customer", "The ledger has no anchor.", "Critical 2; hosts: 2")),
    ("zh_CN", ("健康巡检报告", "目录", "为何重要", "客户验收", "台账没有锚点。", "主机 2 台")),
])
def test_a_report_tells_what_the_page_tells(small: Path, language: str, words: tuple[str, ...]) -> None:
    text = texts_of(small / f"report.{language}.docx")
    for word in (*words, "Example Bank", "2026Q4-001", "db1", "MemAvailable: 20 kB", "<w:evil>&"):
        assert word in text
    finding = next(item for item in read(small).detail(0)["host"]["findings"] if item["rule"] == "memory_available")
    assert finding["message"][language] in text


def test_every_head_row_is_repeated_and_every_chapter_is_in_the_contents(small: Path) -> None:
    body = Document(str(small / "report.en.docx")).element.body
    heads = [table for table in body.iter(f"{NS}tbl") if table.find(f".//{NS}tblHeader") is not None]
    assert len(heads) > 5
    marks = {mark.get(f"{NS}name") for mark in body.iter(f"{NS}bookmarkStart")}
    links = {link.get(f"{NS}anchor") for link in body.iter(f"{NS}hyperlink")}
    assert len(links) > 10
    assert links == {mark for mark in marks if mark.startswith("_Toc")}
    assert any("TOC \\o" in (text.text or "") for text in body.iter(f"{NS}instrText"))


def test_word_fills_in_the_page_numbers_only_where_nobody_could(small: Path) -> None:
    with zipfile.ZipFile(small / "report.en.docx") as archive:
        assert b"updateFields" in archive.read("word/settings.xml")


def test_page_numbers_are_read_from_the_outline_of_a_pdf() -> None:
    pdf = (b"1 0 obj<</Kids[ 4 0 R 7 0 R ]>>\n9 0 obj<</Count 0/Title<FEFF003100200020004100420043>\n/Dest[7 0 R/XYZ 56.7 1 0]>>\n")
    assert office.pages_of(pdf) == {"1 ABC": "2"}
    assert office.pages_of(b"%PDF of somebody else") == {}


def test_a_workbook_has_the_devices_findings_and_evidence_of_the_report(small: Path) -> None:
    book = load_workbook(small / "report.en.xlsx")
    assert book.sheetnames == ["Summary", "Devices", "Findings", "Evidence", "db1", "=cmd()", "web1"]
    found_ = {(row[1], row[14]) for row in book["Findings"].iter_rows(min_row=2, values_only=True)}
    expected = {(detail["host"]["host"], finding["rule"]) for detail in read(small).details() for finding in detail["host"]["findings"]}
    assert found_ == expected
    assert book["Findings"].freeze_panes == "B2"
    assert book["Findings"].auto_filter.ref.startswith("A1:O")
    assert book["Findings"].conditional_formatting
    assert {row[0] for row in book["Devices"].iter_rows(min_row=2, values_only=True)} == {"db1", "=cmd()", "web1"}
    assert "MemAvailable: 20 kB" in str(list(book["db1"].iter_rows(values_only=True)))
    assert load_workbook(small / "report.zh_CN.xlsx").sheetnames[:4] == ["总结", "设备", "问题", "证据"]


def test_nothing_that_a_host_or_person_wrote_is_a_formula(small: Path) -> None:
    cells = [cell for sheet in load_workbook(small / "report.en.xlsx") for row in sheet.iter_rows() for cell in row]
    assert any(cell.value == "=cmd()" for cell in cells)
    assert [cell.value for cell in cells if cell.data_type == "f"] == []


def test_a_waiver_with_control_characters_breaks_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "program", lambda: None)
    path = report(tmp_path / "report", {"db1": 20}, waivers=[WAIVER])
    write_documents(path, ("docx", "xlsx"), Context(workbook=True))
    assert "=cmd|' /C calc'!A0 \\x0b" in texts_of(path / "report.en.docx")
    assert stat.S_IMODE((path / "report.en.docx").stat().st_mode) == stat.S_IMODE((path / "report.en.xlsx").stat().st_mode) == 0o600


def test_the_devices_of_a_large_fleet_stand_in_a_workbook_a_system(tmp_path: Path) -> None:
    path = report(tmp_path / "report", {f"host{number:03d}": 20 for number in range(70)})
    written = write_documents(path, ("xlsx",), Context(workbook=True), ("en",))
    assert set(written.files) == {"report.en.xlsx", "report.en/system_0.xlsx", "report.en/system_1.xlsx"}
    assert len(load_workbook(path / "report.en.xlsx").sheetnames) == 4
    assert load_workbook(path / "report.en" / "system_1.xlsx").sheetnames == [f"host{number:03d}" for number in range(1, 70, 2)]
    link = load_workbook(path / "report.en.xlsx")["Devices"]["A3"].hyperlink
    assert link.target.replace("\\", "/") == "report.en/system_1.xlsx" and link.location == "'host001'!A1"


def test_a_large_fleet_is_told_by_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "program", lambda: None)
    path = report(tmp_path / "report", {f"host{number:03d}": 20 for number in range(70)})
    write_documents(path, ("docx",), Context(), ("en",))
    text = texts_of(path / "report.en.docx")
    assert "host000, host001, host002, host003, host004, ... (70)" in text
    assert "40 more: see report.html, hosts.jsonl." in text


def test_names_of_sheets_are_short_and_differ(tmp_path: Path) -> None:
    book = Book(tmp_path / "x.xlsx")
    names = [book.free_name("a" * 40 + end) for end in ("1", "2", "3")] + [book.free_name("A/B"), book.free_name("a:b"), book.free_name("History"), book.free_name("''")]
    assert len({name.lower() for name in names}) == len(names)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)
    assert "history" not in {name.lower() for name in names}


def test_a_text_that_no_cell_can_hold_is_cut_and_says_so() -> None:
    assert len(cut("x" * 40_000)) < 32_767
    assert cut("x" * 40_000).endswith("[...]")


def test_a_logo_that_is_no_picture_is_told_and_left_out(tmp_path: Path) -> None:
    wrong = tmp_path / "logo.png"
    wrong.write_text("no picture")
    for path in (wrong, tmp_path / "missing.png"):
        context = gather(path, None, None, None, workbook=False)
        assert context.logo is None
        assert str(path) in context.notes[0] and "PNG or JPEG" in context.notes[0]


def test_a_folder_that_is_no_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match="can't be read as a finished report"):
        write_documents(tmp_path, ("docx",), Context())


def test_a_folder_that_cannot_be_written_is_told(small: Path, tmp_path: Path) -> None:
    copy = report(tmp_path / "report", {"db1": 20})
    (copy / "report.en.xlsx").mkdir()
    with pytest.raises(BadFolder, match="can't be written"):
        write_documents(copy, ("xlsx",), Context())


@pytest.mark.parametrize(("language", "said"), [
    ("en", ("Operating system: Listen queue", "connections are refused", "db1 (s1)", "Effect: fewer refused", "Restart: no", "Ask the network's team", "twice", "38.5", "three indexes", "Proposals", "maxThreads: 10 -> 20", "twice as many (a manual)", "filesystem_used_ratio /srv", "31 d")),
    ("zh_CN", ("操作系统: 监听队列", "拒绝连接", "db1 (s1)", "效果: 更少拒绝", "重启: 否", "请网络团队", "两倍", "三个索引", "建议", "增加一倍 (a manual)"))])
def test_a_plan_of_any_kind_is_a_document_that_carries_its_digest(tmp_path: Path, language: str, said: tuple[str, ...]) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(json.dumps(PLAN))
    made, notes = plan.write_beside(path, None)
    text = texts_of(tmp_path / f"plan.{language}.docx")
    assert [its.name for its in made] == [f"plan.{its}.{form}" for form in ("docx", "xlsx") for its in LANGUAGES] and notes == ()
    for part in (parse(PLAN, "plan").digest, "Raise the limit \\x02", "192.0.2.10", "set max_connections", "100", "value: 217", "bob, carol", *said):
        assert part in text


@pytest.mark.parametrize(("language", "sheets", "said"), [
    ("en", ["Plan", "Steps", "Long-term bottlenecks", "When resources run out", "Proposals"],
     ("set max_connections", "Operating system", "fewer refused", "no", "Ask the network's team", "three indexes", "filesystem_used_ratio /srv",
      "- java (shop.service): 50 %")),
    ("zh_CN", ["方案", "步骤", "长期瓶颈", "资源何时用尽", "建议"], ("操作系统", "更少拒绝", "否", "请网络团队", "三个索引", "- java（shop.service）"))])
def test_a_plan_is_a_workbook_with_a_row_for_each_step(tmp_path: Path, language: str, sheets: list[str], said: tuple[str, ...]) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(json.dumps(PLAN))
    plan.write_beside(path, None)
    book = load_workbook(tmp_path / f"plan.{language}.xlsx")
    assert book.sheetnames == sheets
    assert book[sheets[1]].max_row == 1 + len(PLAN["steps"])
    text = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None)
    for part in (parse(PLAN, "plan").digest, *said):
        assert part in text


def test_a_plan_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.yml"
    path.write_text("schema: 2\n")
    with pytest.raises(BadFolder, match="schema is 2"):
        plan.write_beside(path, None)


def texts() -> Iterator[str]:
    """Every text of the documents: literals given to t(), and the tables of words."""
    for path in sorted(Path(next(iter(package.__path__))).glob("*.py")):
        for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if name == "t" and isinstance(call.args[0], ast.Constant):
                yield str(call.args[0].value)
    for words in (model.SEVERITY_WORDS, model.DOMAIN_WORDS, model.STATE_WORDS, found.CHANGE_WORDS, closing.KIND_WORDS, closing.DECISION_WORDS,
                  closing.SIGNATURE_WORDS, bottlenecks.RESOURCE_WORDS, plan_rows.LABELS):
        yield from words.values()
    yield from (*workbook.SHEET_WORDS, METHOD, LOAD, "inspect, read-only", workbook.BOTTLENECKS)


@pytest.mark.parametrize(("language", "words"), [
    ("en", ("Long-term bottlenecks", "2 of 2 hosts with enough history", "Operating system 1", "CRM", "Hours of the week in which")),
    ("zh_CN", ("长期瓶颈", "CRM", "操作系统 1"))])
def test_bottlenecks_of_the_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: tuple[str, ...]) -> None:
    monkeypatch.setattr(office, "program", lambda: None)
    path = report(tmp_path / "report", {"db1": 20, "web1": 20})
    fleet = Bottlenecks()
    for kind, name in (("os", "kernel time"), ("hardware", "cpu short")):
        case = next(case for case in CASES if case.name == name)
        fleet.add(f"{kind}1", diagnose(*make(case, 1).history()), TITLES, "CRM", 3)
    summary = json.loads((path / "report.json").read_text())
    (path / "report.json").write_text(json.dumps({**summary, "bottlenecks": fleet_data(fleet)}))
    write_documents(path, ("docx", "xlsx"), Context(), (language,))
    text = texts_of(path / f"report.{language}.docx")
    assert not [word for word in words if word not in text]
    assert "- systemd (init.scope)" in text
    rows = list(load_workbook(path / f"report.{language}.xlsx")[catalogue(language).get(workbook.BOTTLENECKS, workbook.BOTTLENECKS)].values)
    assert [row[0] for row in rows[1:]] == [item["host"] for item in fleet_data(fleet)["worst"]]
    assert [row[8] for row in rows[1:]] == [user[language] for item in fleet_data(fleet)["worst"] for user in item["consumers"]]


def test_without_a_history_nothing_is_said_to_be_fine(small: Path) -> None:
    assert "so nothing is known of bottlenecks over the long term" in texts_of(small / "report.en.docx")
    assert workbook.BOTTLENECKS not in load_workbook(small / "report.en.xlsx").sheetnames


def test_every_text_of_the_documents_is_translated() -> None:
    everything = list(texts())
    assert len(everything) > 150
    assert sorted({text for text in everything if text not in catalogue("zh_CN")}) == []
