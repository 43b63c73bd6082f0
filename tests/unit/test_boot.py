# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts import boot as facts
from plugins.plugin_utils.facts.boot import Kdump
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules import boot

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


def capture_of(*entries: Entry) -> Capture:
    return Capture("web1", "raw", NOW, entries)


@pytest.mark.parametrize(("kdump", "severity"), [
    (Kdump(True, True, True, 2**28), Severity.OK), (Kdump(True, True, False, 2**28), Severity.WARNING),
    (Kdump(False, True, False, None), Severity.WARNING), (Kdump(True, False, False, 0), Severity.INFO),
    (Kdump(False, False, False, None), Severity.INFO),
])
def test_kdump(kdump: Kdump, severity: Severity) -> None:
    assert [item.severity for item in boot.check_kdump({}, kdump)] == [severity]


@pytest.mark.parametrize(("taints", "severity"), [
    ("", Severity.OK), ("OE", Severity.INFO), ("W", Severity.INFO), ("?", Severity.INFO), ("D", Severity.WARNING), ("MW", Severity.WARNING),
    ("B", Severity.WARNING), ("L", Severity.WARNING),
])
def test_taint(taints: str, severity: Severity) -> None:
    assert [item.severity for item in boot.check_taint({}, taints)] == [severity]


@pytest.mark.parametrize(("days", "severity"), [(0, Severity.WARNING), (89.99, Severity.WARNING), (90, Severity.WARNING), (90.01, Severity.OK)])
def test_unclean_start(days: float, severity: Severity) -> None:
    found = list(boot.check_unclean(boot.UNCLEAN_START.levels, (NOW - timedelta(days=days),), NOW))
    assert [item.severity for item in found] == [severity]


@pytest.mark.parametrize(("text", "letters"), [
    ("0\n", ""), ("1\n", "P"), ("4097\n", "PO"), ("128\n", "D"), ("16384\n", "L"), (f"{1 << 20}\n", "?"), ("", None), ("12", None), ("-1\n", None),
])
def test_taint_letters(text: str, letters: str | None) -> None:
    found = facts.parse(capture_of(Entry("boot", "file", "/proc/sys/kernel/tainted", text))).taints
    assert isinstance(found, Unknown) if letters is None else found == letters


@pytest.mark.parametrize("text", ["", "name\t12", "name\t12\t13\n", "name\tx\t13\n# 1 entries\n", "\x00\n# 1 entries\n"])
def test_dumps_that_are_not_such_a_list(text: str) -> None:
    assert isinstance(facts.parse(capture_of(Entry("boot", "note", "crash dumps", text))).dumps, Unknown)
