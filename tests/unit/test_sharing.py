# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for strangers: nothing that tells whose it is, and everything else as it was."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from plugins.plugin_utils.archive import Capture, Entry, store
from plugins.plugin_utils.conclude import conclude
from plugins.plugin_utils.documents import share_report
from plugins.plugin_utils.reports.documents.finished import BadFolder, read
from plugins.plugin_utils.reports.sharing.identities import Identities, identities_of
from plugins.plugin_utils.reports.sharing.pseudonyms import Pseudonyms

TAKEN_AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PASSWD = "root:x:0:0::/root:/bin/bash\nalice.miller:x:1000:1000::/home/alice.miller:/bin/bash\nkernel:x:1001:1001::/home/kernel:/bin/bash\n"
MEMORY = ("MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 20 kB\nBuffers: 1 kB\nCached: 1 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"
          "HugePages_Total: 0\nHugePages_Free: 0\nHugepagesize: 2048 kB\n"
          "seen from 10.20.30.40 by alice.miller@corp.example.net on crm7.corp.example.net and CRM7, 52:54:00:12:34:56, fe80::5054:ff:fe12:3456,\n"
          "machine 6f1de00c-8a0f-4d0e-9a3f-1b2c3d4e5f60, Serial Number: 7CE1234ABC; and again 7CE1234ABC\n")
SECRETS = ("10.20.30.40", "alice", "miller", "corp.example.net", "crm7", "52:54:00:12:34:56", "fe80::5054", "6f1de00c", "7CE1234ABC", "Example Bank",
           "Hamburg", "critical.corp")


def document(host: str) -> dict[str, Any]:
    files = (("memory", "/proc/meminfo", MEMORY), ("memory", "/proc/vmstat", "oom_kill 0\n"), ("accounts", "/etc/passwd", PASSWD),
             ("identity", "/proc/sys/kernel/hostname", f"{host}.corp.example.net\n"))
    return {"schema": 1, "host": host, "run": "2026Q4-001", "taken_at": "2026-11-22T03:00:00Z",
            "settings": {"owner": "Alice Miller", "location": "Hamburg"},
            "entries": [{"subject": subject, "kind": "file", "key": key, "text": text} for subject, key, text in files]}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The home of a run, and what it shares."""
    home = tmp_path_factory.mktemp("home")
    for host in ("crm7", "critical"):            # a host may be called as a word of ours
        store(home, document(host))
    _finished, folder = conclude(home, None, "2026Q4-001", customer="Example Bank")
    share_report(home, "2026Q4-001", folder, home / "out", ["docx", "xlsx"])
    return home, home / "out"


def texts(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.rglob("*"):
        if path.suffix in (".docx", ".xlsx"):
            with zipfile.ZipFile(path) as archive:
                found[path.name] = "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist() if name.endswith(".xml"))
        elif path.is_file():
            found[path.name] = path.read_text()
    return found


def test_nothing_tells_whose_it_is(shared: tuple[Path, Path]) -> None:
    home, folder = shared
    given, before = texts(folder), texts(home / "reports" / "2026Q4-001")
    assert set(given) == {*before, "report.en.docx", "report.zh_CN.docx", "report.en.xlsx", "report.zh_CN.xlsx"}
    told = {secret for text in before.values() for secret in SECRETS if secret.lower() in text.lower()}
    assert told == set(SECRETS) - {"critical.corp"}, "this test would not see a leak"
    assert not [(name, secret) for name, text in given.items() for secret in SECRETS if secret.lower() in text.lower()]


def test_everything_else_is_as_it_was(shared: tuple[Path, Path]) -> None:
    home, folder = shared
    before, after = read(home / "reports" / "2026Q4-001"), read(folder)
    assert after.summary["counts"] == before.summary["counts"]
    assert after.summary["rules"] == before.summary["rules"]
    for old, new in zip(before.details(), after.details(), strict=True):
        kept = [[(item["rule"], item["severity"], item["state"], item["risk"]) for item in detail["host"]["findings"]] for detail in (old, new)]
        assert kept[0] == kept[1]
        assert re.fullmatch(r"host-\d{4}", new["host"]["host"])
    assert "Signatures" not in "\n".join(paragraph.text for paragraph in Document(str(folder / "report.en.docx")).paragraphs)


def test_the_same_is_called_the_same_in_the_next_report_too(shared: tuple[Path, Path]) -> None:
    home, folder = shared
    again = home / "again"
    share_report(home, "2026Q4-001", home / "reports" / "2026Q4-001", again, [])
    assert (again / "report.html").read_text() == (folder / "report.html").read_text()
    words = home / "share" / "names.json"
    assert words.stat().st_mode & 0o777 == 0o600
    number = json.loads(words.read_text())["host"]["crm7"]
    (evidence,) = {text for detail in read(folder).details() for key, text in detail["evidence"].items() if key == "/proc/meminfo"}
    assert f"on host-{number:04d}.example and host-{number:04d}, 02:00:00:" in evidence
    assert "MemAvailable: 20 kB" in evidence


def test_what_can_not_be_shared(shared: tuple[Path, Path], tmp_path: Path) -> None:
    home, folder = shared
    report = home / "reports" / "2026Q4-001"
    with pytest.raises(BadFolder, match="is there already"):
        share_report(home, "2026Q4-001", report, folder, [])
    with pytest.raises(BadFolder, match="holds none of it"):
        share_report(tmp_path, "2026Q4-001", report, tmp_path / "out", [])


@pytest.mark.parametrize("text", [
    "12:30:45", "2026-11-22T03:00:00Z", "127.0.0.1:5432", "0.0.0.0", "255.255.255.0", "::1", "std::vector", "00:00:00:00:00:00", "host",
    "300.1.1.1", "a.b.c.d", "localhost", "1:2", "version 15.2"])
def test_what_is_nobodys_stays(text: str) -> None:
    assert Pseudonyms({}, Identities(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())).replaced(text) == text


def test_serial_numbers_are_found_in_the_words_of_all_tools() -> None:
    texts = ('{"serial_number": "S3Z2NB0K"}', "Serial Number: 7CE1234ABC", "ID_SERIAL_SHORT=WD-WX11", "Serial No. : PN1234", "Serial number: XYZ99999",
             "Serial Number: 00000000", "Serial Number: Not Specified", "serial = none")
    taken = Capture("h", "r", TAKEN_AT, (*(Entry("x", "command", str(number), text) for number, text in enumerate(texts)),
                                         Entry("x", "file", "/sys/class/dmi/id/product_serial", "CZ3140ABCD\n")))
    assert identities_of([taken], [], None).serials == {"S3Z2NB0K", "7CE1234ABC", "WD-WX11", "PN1234", "XYZ99999", "CZ3140ABCD"}
