# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""btrfs: limits at, below and above; outputs cut off or garbled."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.facts.btrfs import DeviceErrors, Scrub, Space, device_errors, scrub, space
from plugins.plugin_utils.findings import GIB, Severity
from plugins.plugin_utils.rules import btrfs

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity


def one(rule, *facts) -> Severity:
    found = list(rule.check(rule.levels, *facts))
    assert len(found) == 1, found
    return found[0].severity


@pytest.mark.parametrize(("used", "free", "expected"), [
    (79, 0, OK), (80, 0, WARNING), (89, 0, WARNING), (90, 0, CRITICAL), (99, 6, OK), (99, 5, WARNING), (99, 1.1, WARNING), (99, 1, CRITICAL),
])
def test_space(used: int, free: float, expected: Severity) -> None:
    assert one(btrfs.BTRFS_SPACE, (Space("/", 100 * GIB, int(free * GIB), 0, 100, used),)) is expected


@pytest.mark.parametrize(("missing", "device", "expected"), [
    (0, "/dev/sda", OK), (1, "/dev/sda", CRITICAL), (0, "devid:2", CRITICAL), (0, "<missing disk>", CRITICAL),
])
def test_missing_device(missing: int, device: str, expected: Severity) -> None:
    assert one(btrfs.BTRFS_MISSING_DEVICE, (Space("/", 1, 1, missing, 1, 1),), (DeviceErrors("/", device, {}),)) is expected


@pytest.mark.parametrize(("counts", "expected"), [({}, OK), ({"corruption_errs": 1}, WARNING)])
def test_errors(counts: dict[str, int], expected: Severity) -> None:
    assert one(btrfs.BTRFS_ERRORS, (DeviceErrors("/", "/dev/sda", counts),)) is expected


@pytest.mark.parametrize(("errors", "expected"), [("", OK), ("csum=1", WARNING), (None, INFO)])
def test_scrub(errors: str | None, expected: Severity) -> None:
    assert one(btrfs.BTRFS_SCRUB, (Scrub("/", errors),)) is expected


STATS = "".join(f"[/dev/sda].{name}   0\n" for name in ("write_io_errs", "read_io_errs", "flush_io_errs", "corruption_errs", "generation_errs"))
USAGE = """Overall:
    Device size:\t\t  1000
    Device unallocated:\t\t   100
    Device missing:\t\t     0

Metadata,DUP: Size:100, Used:50 (50.00%)
   /dev/sda\t  200

Unallocated:
   /dev/sda\t  100
"""


@pytest.mark.parametrize("text", ["", "\x00", STATS[:20], STATS[:-30], STATS.replace("corruption_errs   0", "corruption_errs   x")])
def test_stats_cut_off_or_garbled(text: str) -> None:
    with pytest.raises(Unreadable):
        device_errors(text, "/")


@pytest.mark.parametrize("text", ["", "\x00", USAGE[:60], USAGE[:130], USAGE[:USAGE.index("Unalloc")], USAGE[:USAGE.index("   /dev/sda\t  100")]])
def test_usage_cut_off_or_garbled(text: str) -> None:
    assert space(USAGE, "/").metadata_used_bytes == 50
    with pytest.raises(Unreadable):
        space(text, "/")


@pytest.mark.parametrize("text", ["", "\x00", "Status:           finished\n"])
def test_scrub_cut_off_or_garbled(text: str) -> None:
    with pytest.raises(Unreadable):
        scrub(text, "/")
