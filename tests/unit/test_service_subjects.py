# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, clock and TCP: each level at, below and above; texts that are cut or not what they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugins.plugin_utils.absent import Unknown, Unreadable
from plugins.plugin_utils.facts import clock, services, tcp
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.registry import RULES_BY_ID

OK, INFO, WARNING, CRITICAL = Severity.OK, Severity.INFO, Severity.WARNING, Severity.CRITICAL


def worst(rule: str, *facts: Any) -> Severity:
    return max(finding.severity for finding in RULES_BY_ID[rule].check(RULES_BY_ID[rule].levels, *facts))


@pytest.mark.parametrize(("offset", "severity"), [
    (0.0, OK), (0.0499, OK), (0.05, WARNING), (-0.05, WARNING), (0.99, WARNING), (1.0, CRITICAL), (-7.0, CRITICAL), (None, INFO),
])
def test_clock_offset(offset: float | None, severity: Severity) -> None:
    assert worst("clock_offset", clock.Clock("chrony", True, offset)) is severity


@pytest.mark.parametrize(("reaches", "severity"), [((377, 377), OK), ((377, 0), INFO), ((0, 0), WARNING), ((), WARNING)])
def test_clock_sources(reaches: tuple[int, ...], severity: Severity) -> None:
    assert worst("clock_sources", tuple(clock.Source("s", "^", "?", 2, reach) for reach in reaches)) is severity


@pytest.mark.parametrize(("count", "active", "severity"), [
    (2, None, OK), (3, None, WARNING), (19, None, WARNING), (20, None, CRITICAL), (3, 599.0, WARNING), (3, 600.0, INFO), (99, 9000.0, INFO),
])
def test_unit_restart_loop(count: int, active: float | None, severity: Severity) -> None:
    assert worst("unit_restart_loop", (services.Restarts("a.service", count, "running", active),), {}) is severity


def test_unit_restart_loop_counts_from_the_last_inspection() -> None:
    service = (services.Restarts("a.service", 30, "auto-restart", None),)
    assert worst("unit_restart_loop", service, {"a.service": {"restarts_count": ((None, 29.0),)}}) is OK
    assert worst("unit_restart_loop", service, {"a.service": {"restarts_count": ((None, 27.0),)}}) is WARNING
    assert worst("unit_restart_loop", service, {"a.service": {"restarts_count": ((None, 31.0),)}}) is CRITICAL


@pytest.mark.parametrize(("waiting", "limit", "severity"), [(127, 128, OK), (128, 128, WARNING), (129, 128, WARNING), (0, 0, OK)])
def test_full_queue(waiting: int, limit: int, severity: Severity) -> None:
    assert worst("tcp_listen_overflow", (tcp.Listener("*:80", waiting, limit),), 0, {}) is severity


@pytest.mark.parametrize(("before", "now", "severity"), [
    (None, 0, OK), (None, 500, INFO), (5, 5, OK), (5, 6, WARNING), (5, 10004, WARNING), (5, 10005, CRITICAL), (500, 5, INFO),
])
def test_dropped_connections(before: int | None, now: int, severity: Severity) -> None:
    history = {} if before is None else {"tcp": {"overflows_count": ((None, float(before)),)}}
    assert worst("tcp_listen_overflow", (), now, history) is severity


@pytest.mark.parametrize(("sent", "again", "severity"), [
    (0, 0, OK), (10, 10, OK), (5001, 50, OK), (5000, 50, WARNING), (1001, 50, WARNING), (1000, 50, CRITICAL), (980, 49, OK),
])
def test_retransmissions(sent: float, again: float, severity: Severity) -> None:
    assert worst("tcp_retransmissions", tcp.Traffic(3.0, sent, again, 0)) is severity


@pytest.mark.parametrize(("used", "severity"), [(749, OK), (750, WARNING), (899, WARNING), (900, CRITICAL)])
def test_sockets(used: int, severity: Severity) -> None:
    assert worst("tcp_sockets", tcp.Sockets(used, 1000, 0, 1000)) is severity


TRACKING = "Reference ID    : C0A80A05 (ntp.example.org)\nStratum         : 3\nSystem time     : 0.5 seconds fast of NTP time\nLeap status     : Normal\n"
SOURCES = ("210 Number of sources = 1\nMS Name/IP address Stratum Poll Reach LastRx Last sample\n====================\n"
           "^* ntp.example.org 2 6 377 23 -923us[ -924us] +/- 43ms\n")
PEERS = "     remote           refid      st t when poll reach   delay   offset  jitter\n=====\n*192.168.10.5    10.1.2.3  2 u  225  256  377    0.464    0.149   0.019\n"


@pytest.mark.parametrize(("parser", "text"), [(clock.parse_tracking, TRACKING), (clock.parse_sources, SOURCES), (clock.parse_peers, PEERS)])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 0.9])
def test_cut_clock_texts_are_unreadable(parser: Callable[[str], object], text: str, share: float) -> None:
    assert parser(text)
    with pytest.raises(Unreadable):
        parser(text[: int(len(text) * share)])


def test_a_host_that_follows_its_own_clock_follows_nobody() -> None:
    own = TRACKING.replace("C0A80A05 (ntp.example.org)", "7F7F0101 ()").replace(": 3", ": 10")
    assert clock.parse_tracking(TRACKING).synchronised
    assert not clock.parse_tracking(own).synchronised
    local = "*LOCAL(0)        .LOCL.          10 l   12   64  377    0.000    0.000   0.000\n"
    assert clock.clock_of_peers(clock.parse_peers(PEERS)).synchronised
    assert not clock.clock_of_peers(clock.parse_peers(PEERS.replace("*192", "x192") + local)).synchronised


@pytest.mark.parametrize("line", [
    "+2001:db8::1     .PPS.            1 u    3   64  377    1.234   -0.567   0.089", "o127.127.22.0    .PPS.            0 l    7   16  377    0.000    0.002   0.001",
    " 0.pool.example. .POOL.          16 p    -   64    0   0.0000   0.0000   0.0002", "-192.0.2.7       10.0.0.1         2 u  17m 1024  377    4.001   +1.230   0.500",
    "x192.0.2.8       .STEP.          16 u    -  1024    0    0.000    0.000   0.000",
])
def test_lines_of_ntpq(line: str) -> None:
    assert len(clock.parse_peers(PEERS + line + "\n")) == 2


@pytest.mark.parametrize(("text", "said"), [
    ("       System clock synchronized: yes\n                     NTP service: active\n", True),
    ("       System clock synchronized: no\n                     NTP service: inactive\n", False),
    ("     NTP enabled: yes\nNTP synchronized: no\n", False), (" Network time on: yes\nNTP synchronized: yes\n", True),
])
def test_wordings_of_timedatectl(text: str, said: bool) -> None:
    found = clock.clock_of_status(clock._colon_lines(text))
    assert isinstance(found, clock.Clock)
    assert found.synchronised is said


def test_signs_of_offsets() -> None:
    assert clock.parse_tracking(TRACKING).offset_seconds == 0.5
    assert clock.parse_tracking(TRACKING.replace("fast", "slow")).offset_seconds == -0.5


@pytest.mark.parametrize("text", ["", "UNIT LOAD", "\ufffd\ufffd\0", "State  Recv-Q Send-Q Local\nLISTEN 0"])
def test_garbage_is_unknown(text: str) -> None:
    assert isinstance(services.parse_failed(text, {}), Unknown)
    assert isinstance(tcp.parse_listeners(text), Unknown)
    assert tcp.parse_pairs(text) == {}


def test_failed_list_that_holds_fewer_than_it_says_is_unknown() -> None:
    text = "a.service loaded failed failed A\n\n2 loaded units listed.\n"
    assert isinstance(services.parse_failed(text, {}), Unknown)


LEGEND = ("\nLOAD   = Reflects whether the unit definition was properly loaded.\nACTIVE = The high-level unit activation state, i.e. generalization of SUB.\n"
          "SUB    = The low-level unit activation state, values depend on unit type.\n\n{} loaded units listed.\nTo show all installed unit files use 'systemctl list-unit-files'.\n")


@pytest.mark.parametrize(("text", "names"), [
    ("0 loaded units listed.\n", []),
    ("  UNIT LOAD ACTIVE SUB DESCRIPTION\n0 loaded units listed. Pass --all to see loaded but inactive units, too.\n", []),
    ("  UNIT        LOAD   ACTIVE SUB    DESCRIPTION\n● nginx.service loaded failed failed A high performance web server\n" + LEGEND.format(1), ["nginx.service"]),
    ("× srv-data.mount loaded failed failed /srv/data\n* a\\x2db@1.service not-found failed failed x\n" + LEGEND.format(2), ["srv-data.mount", "a\\x2db@1.service"]),
    ("UNIT LOAD ACTIVE SUB DESCRIPTION\nkdump.service loaded failed failed Crash recovery kernel arming\n", ["kdump.service"]),
    ("\x1b[0;1;31m●\x1b[0m nginx.service loaded failed failed x\n1 loaded units listed.\n", None),
    ("● dev-sdb1.swap loaded failed failed /dev/sdb1\n" + LEGEND.format(2), None),
    ("Failed to list units: Connection timed out\n", None),
])
def test_lists_of_failed_units_of_all_versions(text: str, names: list[str] | None) -> None:
    found = services.parse_failed(text, {})
    assert ([unit.name for unit in found] if isinstance(found, tuple) else None) == names


def test_a_source_that_is_asked_more_than_once_a_second_has_a_negative_poll() -> None:
    head = "MS Name/IP address         Stratum Poll Reach LastRx Last sample\n" + 79 * "=" + "\n"
    (source,) = clock.parse_sources(head + "^* 192.168.10.5                  2  -1   377     1   +261ns[ +399ns] +/- 6817ns\n")
    assert (source.stratum, source.reach) == (2, 0o377)
