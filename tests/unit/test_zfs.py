# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ZFS: every state, limits at, below and above, status texts of all ages, cut off or garbled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.facts.zfs import Device, Pool, PoolSize, pool_sizes, pool_states
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules import zfs

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
NOW = datetime(2026, 11, 20, tzinfo=UTC)
POOL = Pool("tank", "ONLINE", (Device("tank", "ONLINE", 0),), "", "none requested", None, 0)


def one(rule, *facts) -> Severity:
    found = list(rule.check(rule.levels, *facts))
    assert len(found) == 1, found
    return found[0].severity


@pytest.mark.parametrize(("states", "expected"), [
    (("ONLINE",), OK), (("ONLINE", "ONLINE", "ONLINE"), OK), (("ONLINE", "DEGRADED"), CRITICAL), (("FAULTED",), CRITICAL), (("UNAVAIL",), CRITICAL),
    (("SUSPENDED", "ONLINE"), CRITICAL), (("REMOVED",), CRITICAL), (("OFFLINE",), WARNING), (("SOMETHING",), WARNING),
])
def test_pool_states(states: tuple[str, ...], expected: Severity) -> None:
    assert one(zfs.ZFS_POOL_STATE, {"tank": states}) is expected


@pytest.mark.parametrize(("state", "expected"), [("ONLINE", OK), ("AVAIL", OK), ("OFFLINE", WARNING), ("INUSE", WARNING), ("REMOVED", WARNING), ("NEW", WARNING)])
def test_devices(state: str, expected: Severity) -> None:
    assert one(zfs.ZFS_DEVICES, (replace(POOL, devices=(Device("sda", state, 0),)),)) is expected


@pytest.mark.parametrize(("used", "expected"), [(0.79, OK), (0.80, WARNING), (0.89, WARNING), (0.90, CRITICAL), (None, UNKNOWN)])
def test_capacity(used: float | None, expected: Severity) -> None:
    assert one(zfs.ZFS_CAPACITY, (PoolSize("tank", "ONLINE", 1, 1, 1, used, None),)) is expected


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, OK), ({"devices": (Device("sda", "ONLINE", 1),)}, WARNING), ({"scan_errors": 1}, WARNING), ({"data_errors": "1 data errors"}, CRITICAL),
    ({"data_errors": None}, UNKNOWN),
])
def test_errors(changes: dict, expected: Severity) -> None:
    assert one(zfs.ZFS_ERRORS, (replace(POOL, **changes),)) is expected


@pytest.mark.parametrize(("days", "expected"), [(34.9, OK), (35, WARNING), (35.1, WARNING), (None, INFO)])
def test_scrub(days: float | None, expected: Severity) -> None:
    at = None if days is None else NOW - timedelta(days=days)
    assert one(zfs.ZFS_SCRUB, (replace(POOL, scrubbed_at=at),), NOW) is expected


STATUS = """  pool: tank
 state: ONLINE
 scrub: scrub completed after 0h0m with 0 errors on Tue Nov  3 13:08:42 2026
config:

        NAME        STATE     READ WRITE CKSUM
        tank        ONLINE       0     0     0
          c1t0d0    ONLINE       0     0     0

errors: No known data errors
"""


def test_status_of_old_versions() -> None:
    (pool,) = pool_states(STATUS)
    assert pool.scrubbed_at == datetime(2026, 11, 3, 13, 8, 42, tzinfo=UTC)
    assert [device.name for device in pool.devices] == ["tank", "c1t0d0"]


@pytest.mark.parametrize("scan", ["scrub canceled on Fri Aug 19 15:33:19 2022", "scrub in progress since Fri Aug 19 15:33:19 2022", "none requested",
                                  "resilvered 1.2G in 00:01:00 with 0 errors on Fri Aug 19 15:33:19 2022", "scrub repaired 0B with 0 errors on Foo"])
def test_no_finished_scrub(scan: str) -> None:
    (pool,) = pool_states(STATUS.replace("scrub completed after 0h0m with 0 errors on Tue Nov  3 13:08:42 2026", scan))
    assert pool.scrubbed_at is None


@pytest.mark.parametrize("share", range(99))
def test_status_cut_off_anywhere_is_never_ok(share: int) -> None:
    with pytest.raises(Unreadable):
        list(pool_states(STATUS[:len(STATUS.rstrip()) * share // 100]))


@pytest.mark.parametrize("text", ["", "\x00\xff", "no such command", STATUS.replace("0     0     0", "x y z"), STATUS.replace("tank        ONLINE", "")])
def test_status_garbled(text: str) -> None:
    with pytest.raises(Unreadable):
        list(pool_states(text))


LIST = """NAME   SIZE  ALLOC   FREE  EXPANDSZ   FRAG    CAP  DEDUP  HEALTH  ALTROOT
tank  1000    420    580         -     33     42   1.00  ONLINE  -
  sda  1000      -      -         -      -      -      -  ONLINE
old     1.5K     512   1K         -    10%    33%  1.00x  ONLINE  -
gone      -      -      -         -      -      -      -  FAULTED -
"""


def test_list() -> None:
    assert [(pool.name, pool.state, pool.size_bytes, pool.used_ratio) for pool in pool_sizes(LIST)] == [
        ("tank", "ONLINE", 1000, 0.42), ("old", "ONLINE", 1536, 0.33), ("gone", "FAULTED", None, None)]


@pytest.mark.parametrize("text", ["", "\x00\n", LIST[:40], LIST[:100], LIST[:-1], LIST[:-12] + "\n", LIST.replace("1000    420", "lots    420")])
def test_list_cut_off_or_garbled(text: str) -> None:
    with pytest.raises(Unreadable):
        list(pool_sizes(text))
