# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: whatever is edited, cut, added or moved is found; what a killed writer leaves is closed."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from plugins.plugin_utils.ledger.book import BadLedger, Book
from plugins.plugin_utils.ledger.line import read
from plugins.plugin_utils.ledger.verification import verify


def ledger(folder: Path, count: int = 5) -> Path:
    path = folder / "ledger.jsonl"
    book = Book(path)
    for number in range(count):
        book.add({"event": "task", "host": f"db{number}", "task": "restart \u4e2d\u6587 \n\x1b[31m"})
    book.close()
    return path


def test_whole_ledger(tmp_path: Path) -> None:
    path = ledger(tmp_path)
    verdict = verify(path, frozenset({2, 9}))
    assert (verdict.lines, verdict.torn, verdict.problem) == (5, 0, None)
    lines = path.read_text().splitlines()
    assert verdict.hashes == {2: json.loads(lines[1])["hash"]}
    assert verdict.hash == json.loads(lines[4])["hash"]
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert path.stat().st_mode & 0o777 == 0o600


def test_empty_ledger(tmp_path: Path) -> None:
    Book(tmp_path / "ledger.jsonl").close()
    assert (verify(tmp_path / "ledger.jsonl").lines, verify(tmp_path / "ledger.jsonl").problem) == (0, None)


def test_any_changed_byte_is_found(tmp_path: Path) -> None:
    path = ledger(tmp_path, 3)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
        assert verify(path).problem is not None, place


@pytest.mark.parametrize("order", [[1, 2, 3, 4], [0, 1, 3, 4], [0, 2, 1, 3, 4], [0, 0, 1, 2, 3, 4], [0, 1, 2, 3, 3]])
def test_cut_added_or_moved_lines_are_found(tmp_path: Path, order: list[int]) -> None:
    path = ledger(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[number] for number in order))
    assert "lines were removed, added or moved" in str(verify(path).problem)


def test_torn_line_is_closed_wherever_it_was_cut(tmp_path: Path) -> None:
    path = ledger(tmp_path, 2)
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for place in range(start + 1, len(whole) - 2):
        path.write_bytes(whole[:place])
        assert (verify(path).lines, verify(path).torn, verify(path).problem) == (1, 1, None)
        book = Book(path)
        book.add({"event": "start"})
        book.close()
        assert (verify(path).lines, verify(path).torn, verify(path).problem) == (3, 1, None)


def test_only_the_last_line_end_was_lost(tmp_path: Path) -> None:
    path = ledger(tmp_path, 2)
    path.write_bytes(path.read_bytes()[:-1])
    assert (verify(path).lines, verify(path).problem) == (2, None)
    Book(path).add({"event": "start"})
    assert (verify(path).lines, verify(path).torn, verify(path).problem) == (3, 0, None)


def test_edit_can_not_hide_behind_a_closed_line(tmp_path: Path) -> None:
    path = ledger(tmp_path, 2)
    path.write_bytes(path.read_bytes()[:-9])
    Book(path).add({"event": "start"})
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"db1"', b'"db7"'))
    assert verify(path).problem == "line 2 was changed"


def test_changed_last_line_is_not_continued(tmp_path: Path) -> None:
    path = ledger(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"db4"', b'"db5"'))
    with pytest.raises(BadLedger, match="was changed; see: scripts/ledger verify"):
        Book(path).add({"event": "start"})


def test_last_line_longer_than_what_is_read_at_first(tmp_path: Path) -> None:
    path = ledger(tmp_path, 1)
    Book(path).add({"event": "task", "after": "x" * 1_000_000})
    Book(path).add({"event": "end"})
    assert (verify(path).lines, verify(path).problem) == (3, None)


def test_ledger_that_can_not_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadLedger, match="can't be opened"):
        Book(tmp_path / "file" / "ledger.jsonl")


def append(path: Path) -> None:
    book = Book(path)
    for _number in range(200):
        book.add({"event": "task"})


def test_parallel_writers_do_not_interleave(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append, args=(path,)) for _number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (verify(path).lines, verify(path).problem) == (800, None)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"hash":"x"}', b"\xff\xfe"])
def test_what_is_no_line(line: bytes) -> None:
    assert read(line) is None
