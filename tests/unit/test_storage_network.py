# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fibre Channel and iSCSI."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts import fibre_channel as fibre_channel_facts, iscsi as iscsi_facts
from plugins.plugin_utils.facts.fibre_channel import Port
from plugins.plugin_utils.facts.iscsi import Session
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules import fibre_channel, iscsi

TAKEN_AT = datetime(2026, 11, 23, tzinfo=UTC)
PORT = Port("host1", "0x5000000000000001", "Online", 16.0, 16.0, 0)
SESSION = Session("session1", "iqn.2026-01.example:disks", "LOGGED_IN")


def only(findings: object) -> Severity:
    (finding,) = findings  # type: ignore[misc]
    return finding.severity


@pytest.mark.parametrize(("state", "was_online", "severity"), [
    ("Online", 0, Severity.OK), ("Linkdown", 0, Severity.WARNING), ("Linkdown", 1, Severity.CRITICAL), ("Error", 0, Severity.WARNING),
    ("no such state", 0, Severity.WARNING),
])
def test_state(state: str, was_online: int, severity: Severity) -> None:
    history = {"host1": {"online_count": ((TAKEN_AT, was_online),)}}
    assert only(fibre_channel.check_fc_port_state({}, (replace(PORT, state=state),), history)) is severity


@pytest.mark.parametrize(("speed", "before", "severity"), [
    (16.0, None, Severity.OK), (8.0, None, Severity.INFO), (8.0, 8.0, Severity.INFO), (8.0, 16.0, Severity.WARNING), (16.0, 8.0, Severity.OK),
])
def test_speed(speed: float, before: float | None, severity: Severity) -> None:
    history = {} if before is None else {"host1": {"speed_gbit": ((TAKEN_AT, before),)}}
    assert only(fibre_channel.check_fc_port_speed({}, (replace(PORT, speed_gbit=speed),), history)) is severity


@pytest.mark.parametrize(("errors", "before", "severity"), [
    (0, None, Severity.OK), (9, None, Severity.OK), (9, 9, Severity.OK), (9, 8, Severity.WARNING), (2, 9, Severity.OK), (None, 9, Severity.OK),
])
def test_errors(errors: int | None, before: int | None, severity: Severity) -> None:
    history = {} if before is None else {"host1": {"errors_count": ((TAKEN_AT, before),)}}
    check = fibre_channel.check_fc_link_errors(fibre_channel.FC_LINK_ERRORS.levels, (replace(PORT, errors=errors),), history)
    assert only(check) is severity


@pytest.mark.parametrize(("text", "errors"), [("0x1a", 26), ("0xffffffffffffffff", None), ("0xffffffff", None)])
def test_counter(text: str, errors: int | None) -> None:
    facts = fibre_channel_facts.parse(port_capture(text))
    assert isinstance(facts.ports, tuple)
    assert facts.ports[0].errors == errors


def test_counter_unreadable() -> None:
    assert isinstance(fibre_channel_facts.parse(port_capture("\x00garbage")).ports, Unknown)


def port_capture(crc: str) -> Capture:
    folder = "/sys/class/fc_host/host1/"
    texts = {"port_state": "Online\n", "speed": "16 Gbit\n", "supported_speeds": "8 Gbit, 16 Gbit\n", "port_name": "0x50\n",
             "statistics/invalid_crc_count": crc + "\n"}
    files = [Entry("fibre_channel", "file", folder + name, text) for name, text in texts.items()]
    return capture(Entry("fibre_channel", "note", "fibre channel ports", "host1"), *files)


def capture(*entries: Entry) -> Capture:
    return Capture(host="app1", run="test", taken_at=TAKEN_AT, entries=entries)


@pytest.mark.parametrize(("state", "severity"), [
    ("LOGGED_IN", Severity.OK), ("FAILED", Severity.CRITICAL), ("FREE", Severity.CRITICAL), ("no such state", Severity.WARNING),
])
def test_session(state: str, severity: Severity) -> None:
    assert only(iscsi.check_iscsi_session_state({}, (replace(SESSION, state=state),))) is severity


@pytest.mark.parametrize(("expected", "severity"), [(0, Severity.OK), (1, Severity.OK), (2, Severity.WARNING)])
def test_expected_sessions(expected: int, severity: Severity) -> None:
    assert only(iscsi.check_iscsi_expected_sessions({}, (SESSION,), expected)) is severity


def test_all_sessions_gone() -> None:
    assert only(iscsi.check_iscsi_expected_sessions({}, (), 1)) is Severity.CRITICAL


def test_what_was_not_looked_at_is_unknown() -> None:
    assert isinstance(iscsi_facts.parse(capture()).sessions, Unknown)
    assert isinstance(fibre_channel_facts.parse(capture()).ports, Unknown)
    listed = capture(Entry("iscsi", "note", "iscsi sessions", "session1"))
    assert isinstance(iscsi_facts.parse(listed).sessions, Unknown)
