# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as a reader gets them: written by scripts/report, rendered by LibreOffice, and their pages read again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.plugin_utils.archive import store
from plugins.plugin_utils.conclude import conclude
from tests.unit.test_documents import MEMORY

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two hosts with its documents."""
    for program in ("soffice", "pdftotext"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is missing: run scripts/test, which installs it", pytrace=False)
    home = tmp_path_factory.mktemp("home")
    for host, available in (("db1", 20), ("db2", 500)):
        store(home, {"schema": 1, "host": host, "run": "2026Q4-001", "taken_at": "2026-11-16T03:00:00Z", "subjects": ["memory"], "entries": [
            {"subject": "memory", "kind": "file", "key": "/proc/meminfo", "text": MEMORY.format(available), "at": 0.1},
            {"subject": "memory", "kind": "file", "key": "/proc/vmstat", "text": "oom_kill 0\n", "at": 0.1}]})
    conclude(home, None, "2026Q4-001", customer="示例银行")
    done = subprocess.run([sys.executable, ROOT / "scripts" / "report", "2026Q4-001", "--home", home, "--documents", "docx,pdf"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return home / "reports" / "2026Q4-001"


def read(path: Path, *options: str) -> str:
    return subprocess.run(["pdftotext", *options, path, "-"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("language", "words"), [
    ("en", ("Health inspection report", "Why it matters", "Capacity forecast", "Accepted by the customer")),
    ("zh_CN", ("健康巡检报告", "为何重要", "容量预测", "客户验收")),
])
def test_the_pages_say_it_in_both_languages(folder: Path, language: str, words: tuple[str, ...]) -> None:
    text = " ".join(read(folder / f"report.{language}.pdf").split())
    for word in (*words, "示例银行", "db1", "MemAvailable: 20 kB"):
        assert word in text
    assert "\ufffd" not in text


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_contents_name_the_pages_that_the_chapters_are_on(folder: Path, language: str) -> None:
    pdf = folder / f"report.{language}.pdf"
    pages = read(pdf, "-layout").split("\f")
    entries = re.findall(r"^\s*(\d+)\s+(\S.*?)\.{3,}\s*(\d+)\s*$", pages[1], re.MULTILINE)
    assert len(entries) > 8
    for number, title, page in entries:
        assert re.search(rf"^\s*{number}\s+{re.escape(title)}\s*$", pages[int(page) - 1], re.MULTILINE), (number, title, page)


def test_chinese_is_set_in_a_font_that_has_it(folder: Path) -> None:
    fonts = subprocess.run(["pdffonts", folder / "report.zh_CN.pdf"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"CJK|WenQuanYi|DroidSansFallback|YaHei|SimHei|UMing", fonts), fonts
