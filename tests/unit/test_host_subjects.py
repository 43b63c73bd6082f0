# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits at their boundaries, and parsers on odd input, for the subjects of a host's kernel, hardware and users."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.subjects.accounts import kind_of, without_hashes
from plugins.module_utils.subjects.processes import control_group, describe, is_kernel_thread
from plugins.plugin_utils.absent import Unknown, Unreadable
from plugins.plugin_utils.archive import Capture, Entry, load
from plugins.plugin_utils.facts import cpu as cpu_facts
from plugins.plugin_utils.facts.accounts import (
    Account,
    LastLogin,
    Password,
    SudoGrant,
    parse_lastlog,
    parse_passwd,
    parse_shadow,
    parse_sudoers,
)
from plugins.plugin_utils.facts.cpu import CpuShares, History, Load, parse_list, parse_sadf, parse_stat
from plugins.plugin_utils.facts.dmi import parse_dmidecode
from plugins.plugin_utils.facts.hardware import EccCounts, Temperature
from plugins.plugin_utils.facts.ipmi import grade_words, parse_chassis, parse_events, parse_sensors
from plugins.plugin_utils.facts.kernel_log import events
from plugins.plugin_utils.facts.limits import Entropy, Used
from plugins.plugin_utils.facts.memory import MemorySizes
from plugins.plugin_utils.facts.pressure import Pressure, Stall
from plugins.plugin_utils.facts.processes import Process, parse_processes, parse_units, unit_of
from plugins.plugin_utils.facts.ssh import parse_config, parse_effective
from plugins.plugin_utils.findings import DAY, GIB, Rule, Severity
from plugins.plugin_utils.inspection import judge
from plugins.plugin_utils.registry import SUBJECTS, Subject
from plugins.plugin_utils.rules import accounts, cpu, hardware, limits, memory, pressure, processes

OK, INFO, WARNING, CRITICAL = Severity.OK, Severity.INFO, Severity.WARNING, Severity.CRITICAL
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def worst(rule: Rule, *facts: Any) -> Severity:
    found = list(rule.check(rule.levels, *facts))
    assert found, "a rule must always say something"
    return max(finding.severity for finding in found)


def sizes(**changes: int) -> MemorySizes:
    whole = MemorySizes(total_bytes=1000, available_bytes=100, swap_total_bytes=1000, swap_free_bytes=1000, huge_total_bytes=0,
                        huge_free_bytes=0, committed_bytes=0, commit_limit_bytes=1000)
    return replace(whole, **changes)


def shares(**changes: float) -> dict[str, CpuShares]:
    return {"cpu": replace(CpuShares(0, 0, 0, 1, 0, 0, 0, 0, 0, 0), **changes)}


def stalls(some: float, full: float) -> Pressure:
    return Pressure(Stall(0, 0, some, 0), Stall(0, 0, full, 0))


def some_processes(count: int, state: str) -> tuple[Process, ...]:
    return tuple(Process(pid, 1, "x", state, 0, "-", 100, 0, 0) for pid in range(2, 2 + count))


def password(**changes: Any) -> tuple[Password, ...]:
    return (replace(Password("anna", "sha512", None, None), **changes),)


LONG = Load(9, 9, 1.4, 10)
BOUNDARIES: tuple[tuple[Rule, tuple[Any, ...], Severity], ...] = (
    (memory.MEMORY_AVAILABLE, (sizes(available_bytes=101),), OK),
    (memory.MEMORY_AVAILABLE, (sizes(available_bytes=100),), WARNING),
    (memory.MEMORY_AVAILABLE, (sizes(available_bytes=51),), WARNING),
    (memory.MEMORY_AVAILABLE, (sizes(available_bytes=50),), CRITICAL),
    (memory.SWAP_USED, (sizes(swap_free_bytes=501),), OK),
    (memory.SWAP_USED, (sizes(swap_free_bytes=500),), WARNING),
    (memory.SWAP_USED, (sizes(swap_free_bytes=500, available_bytes=201),), INFO),
    (memory.SWAP_USED, (sizes(swap_free_bytes=200),), CRITICAL),
    (memory.SWAP_USED, (sizes(swap_total_bytes=0, swap_free_bytes=0),), OK),
    (memory.SWAP_USED_DATABASE, (sizes(swap_free_bytes=901), "postgresql"), OK),
    (memory.SWAP_USED_DATABASE, (sizes(swap_free_bytes=900), "postgresql"), WARNING),
    (memory.SWAP_USED_DATABASE, (sizes(swap_free_bytes=500), "Oracle RAC"), CRITICAL),
    (memory.SWAP_USED_DATABASE, (sizes(swap_free_bytes=0), "web"), OK),
    (memory.TRANSPARENT_HUGE_PAGES, ("always", "mysql"), WARNING),
    (memory.TRANSPARENT_HUGE_PAGES, ("always", "mssql"), OK),
    (memory.TRANSPARENT_HUGE_PAGES, ("always", "web"), OK),
    (memory.HUGE_PAGES_UNUSED, (sizes(huge_total_bytes=200, huge_free_bytes=99),), OK),
    (memory.HUGE_PAGES_UNUSED, (sizes(huge_total_bytes=200, huge_free_bytes=100),), WARNING),
    (memory.MEMORY_EXPECTED, (sizes(total_bytes=901), 1000), OK),
    (memory.MEMORY_EXPECTED, (sizes(total_bytes=900), 1000), WARNING),
    (memory.MEMORY_EXPECTED, (sizes(total_bytes=550), 1000), CRITICAL),
    (memory.MEMORY_OVERCOMMIT, (2, sizes(committed_bytes=899)), OK),
    (memory.MEMORY_OVERCOMMIT, (2, sizes(committed_bytes=900)), WARNING),
    (memory.MEMORY_OVERCOMMIT, (2, sizes(committed_bytes=970)), CRITICAL),
    (memory.MEMORY_OVERCOMMIT, (0, sizes(committed_bytes=5000)), OK),
    (cpu.CPU_BUSY, (shares(idle_ratio=0.201), LONG, 2), OK),
    (cpu.CPU_BUSY, (shares(idle_ratio=0.199), LONG, 2), WARNING),
    (cpu.CPU_BUSY, (shares(idle_ratio=0.0), LONG, 2), CRITICAL),
    (cpu.CPU_BUSY, (shares(idle_ratio=0.0), Load(9, 9, 1.39, 10), 2), INFO),
    (cpu.CPU_LOAD, (Load(0, 0, 2.99, 1), 2), OK),
    (cpu.CPU_LOAD, (Load(0, 0, 3.0, 1), 2), WARNING),
    (cpu.CPU_LOAD, (Load(0, 0, 6.0, 1), 2), CRITICAL),
    (cpu.CPU_IOWAIT, (shares(iowait_ratio=0.199), LONG, 2), OK),
    (cpu.CPU_IOWAIT, (shares(iowait_ratio=0.20), LONG, 2), WARNING),
    (cpu.CPU_IOWAIT, (shares(iowait_ratio=0.40), LONG, 2), CRITICAL),
    (cpu.CPU_IOWAIT, (shares(iowait_ratio=0.40), Load(9, 9, 0.79, 10), 2), INFO),
    (cpu.CPU_STEAL, (shares(steal_ratio=0.049), LONG, 2), OK),
    (cpu.CPU_STEAL, (shares(steal_ratio=0.05), LONG, 2), WARNING),
    (cpu.CPU_STEAL, (shares(steal_ratio=0.10), LONG, 2), CRITICAL),
    (cpu.CPU_STEAL, (shares(steal_ratio=0.10), Load(9, 9, 0.19, 10), 2), INFO),
    (cpu.CPU_BUSY_LONG_TERM, (History(0.79, 100, 7),), OK),
    (cpu.CPU_BUSY_LONG_TERM, (History(0.80, 100, 7),), WARNING),
    (cpu.CPU_BUSY_LONG_TERM, (History(0.90, 100, 7),), CRITICAL),
    (pressure.PRESSURE_CPU, (stalls(0.49, 1.0),), OK),
    (pressure.PRESSURE_CPU, (stalls(0.50, 0),), WARNING),
    (pressure.PRESSURE_CPU, (stalls(0.90, 0),), CRITICAL),
    (pressure.PRESSURE_MEMORY, (stalls(0.09, 0.049),), OK),
    (pressure.PRESSURE_MEMORY, (stalls(0.10, 0),), WARNING),
    (pressure.PRESSURE_MEMORY, (stalls(0.10, 0.10),), CRITICAL),
    (pressure.PRESSURE_IO, (stalls(0.29, 0.19),), OK),
    (pressure.PRESSURE_IO, (stalls(0.30, 0),), WARNING),
    (pressure.PRESSURE_IO, (stalls(0.30, 0.50),), CRITICAL),
    (limits.LIMIT_FILES, (Used(699, 1000),), OK),
    (limits.LIMIT_FILES, (Used(700, 1000),), WARNING),
    (limits.LIMIT_FILES, (Used(900, 1000),), CRITICAL),
    (limits.LIMIT_PROCESSES, (Used(799, 1000),), OK),
    (limits.LIMIT_PROCESSES, (Used(800, 1000),), WARNING),
    (limits.LIMIT_PROCESSES, (Used(950, 1000),), CRITICAL),
    (limits.LIMIT_CONNTRACK, (Used(749, 1000),), OK),
    (limits.LIMIT_CONNTRACK, (Used(750, 1000),), WARNING),
    (limits.LIMIT_CONNTRACK, (Used(900, 1000),), CRITICAL),
    (limits.LIMIT_AIO, (Used(799, 1000),), OK),
    (limits.LIMIT_AIO, (Used(800, 1000),), WARNING),
    (limits.LIMIT_ENTROPY, (Entropy(151, 4096),), OK),
    (limits.LIMIT_ENTROPY, (Entropy(150, 4096),), WARNING),
    (limits.LIMIT_ENTROPY, (Entropy(100, 256),), OK),
    (processes.PROCESS_UNINTERRUPTIBLE, (some_processes(4, "D"),), OK),
    (processes.PROCESS_UNINTERRUPTIBLE, (some_processes(5, "D"),), WARNING),
    (processes.PROCESS_UNINTERRUPTIBLE, (some_processes(20, "D"),), CRITICAL),
    (processes.PROCESS_ZOMBIES, (some_processes(4, "Z"),), OK),
    (processes.PROCESS_ZOMBIES, (some_processes(5, "Z"),), WARNING),
    (processes.PROCESS_ZOMBIES, (some_processes(20, "Z"),), CRITICAL),
    (processes.PROCESSES_TOP, ((replace(some_processes(1, "S")[0], resident_bytes=GIB - 1),), 4 * GIB), OK),
    (processes.PROCESSES_TOP, ((replace(some_processes(1, "S")[0], resident_bytes=GIB),), 4 * GIB), INFO),
    (processes.PROCESSES_TOP, ((replace(some_processes(1, "S")[0], cpu_ratio=0.5),), 4 * GIB), INFO),
    (accounts.ACCOUNT_EXPIRING, (password(password_ends=NOW + timedelta(days=14, seconds=1)), NOW), OK),
    (accounts.ACCOUNT_EXPIRING, (password(password_ends=NOW + timedelta(days=14)), NOW), WARNING),
    (accounts.ACCOUNT_EXPIRING, (password(password_ends=NOW - timedelta(days=1)), NOW), WARNING),
    (accounts.ACCOUNT_EXPIRING, (password(password_ends=NOW, kind="locked"), NOW), OK),
    (accounts.ACCOUNT_EXPIRING, (password(account_ends=NOW), NOW), INFO),
    (accounts.SUDO_NOPASSWD_ALL, ((SudoGrant("ALL", "f"),),), CRITICAL),
    (accounts.SUDO_NOPASSWD_ALL, ((SudoGrant("%ops", "f"),),), WARNING),
    (accounts.SUDO_NOPASSWD_ALL, ((SudoGrant("deploy", "f"),),), INFO),
    (hardware.HARDWARE_TEMPERATURE, ((Temperature("x", 79.9, 80, 95, False),),), OK),
    (hardware.HARDWARE_TEMPERATURE, ((Temperature("x", 80, 80, 95, False),),), WARNING),
    (hardware.HARDWARE_TEMPERATURE, ((Temperature("x", 95, 80, 95, False),),), CRITICAL),
    (hardware.HARDWARE_TEMPERATURE, ((Temperature("x", 20, None, None, True),),), CRITICAL),
    (hardware.MEMORY_ECC_ERRORS, ((EccCounts("mc0", 0, 0),), {}), OK),
    (hardware.MEMORY_ECC_ERRORS, ((EccCounts("mc0", 1, 0),), {}), WARNING),
    (hardware.MEMORY_ECC_ERRORS, ((EccCounts("mc0", 1, 0),), {"mc0": {"corrected_count": ((NOW, 1),)}}), OK),
    (hardware.MEMORY_ECC_ERRORS, ((EccCounts("mc0", 0, 1),), {}), CRITICAL),
    (hardware.CPU_THROTTLED, (99, {}), OK),
    (hardware.CPU_THROTTLED, (100, {}), WARNING),
    (hardware.CPU_THROTTLED, (150, {"cpu": {"throttled_count": ((NOW, 100),)}}), OK),
)


@pytest.mark.parametrize(("rule", "facts", "severity"), BOUNDARIES, ids=lambda value: value.id if isinstance(value, Rule) else "")
def test_boundary(rule: Rule, facts: tuple[Any, ...], severity: Severity) -> None:
    assert worst(rule, *facts) == severity


def test_an_account_lies_unused_after_180_days() -> None:
    people = (Account("anna", 1000, "/bin/bash", empty=False),)
    for days, severity in ((179, OK), (180, WARNING), (4000, WARNING)):
        logins = (LastLogin("anna", NOW - timedelta(seconds=days * DAY)),)
        assert worst(accounts.ACCOUNT_UNUSED, people, password(), logins, NOW) == severity
    logins = (LastLogin("anna", NOW - timedelta(days=4000)),)
    assert worst(accounts.ACCOUNT_UNUSED, people, password(kind="locked"), logins, NOW) == OK


# Password hashes made up for this test; nothing of them may be left
HASHES = (("$6$saltsalt$" + "A" * 86, "sha512"), ("$y$j9T$abc$" + "B" * 43, "yescrypt"), ("$1$salt$" + "C" * 22, "md5"), ("ab" + "D" * 11, "des"),
          ("", "empty"), ("!", "locked"), ("*", "locked"), ("!$6$salt$" + "E" * 86, "locked"), ("x", "locked"), ("F" * 40, "other"))


@pytest.mark.parametrize(("stored", "kind"), HASHES)
def test_no_part_of_a_hash_leaves_the_target(stored: str, kind: str) -> None:
    assert kind_of(stored) == kind
    assert without_hashes(f"anna:{stored}:20000:0:99999:7:::\n") == f"anna:{kind}:20000:0:99999:7:::\n"
    if len(stored) > 4:
        assert stored[2:] not in without_hashes(f"anna:{stored}")       # also in a line that is cut off


@pytest.mark.parametrize(("line", "found"), [
    ("deploy ALL=(ALL) NOPASSWD: ALL", ["deploy"]),
    ("deploy ALL=(ALL) NOPASSWD:SETENV: ALL", ["deploy"]),
    ("deploy ALL=(ALL) NOPASSWD: /bin/ls, ALL", ["deploy"]),
    ("deploy ALL=(ALL) \\\n NOPASSWD: ALL", ["deploy"]),
    ("deploy ALL=(ALL) NOPASSWD: /bin/ls, PASSWD: ALL", []),
    ("deploy ALL=(ALL) ALL", []),
    ("# deploy ALL=(ALL) NOPASSWD: ALL", []),
    ("Defaults:deploy !authenticate", []),
    ("", []),
])
def test_sudoers(line: str, found: list[str]) -> None:
    assert [grant.who for grant in parse_sudoers("/etc/sudoers", line)] == found


@pytest.mark.parametrize(("words", "severity"), [
    ("Presence detected", OK), ("Fully Redundant", OK), ("Transition to Running", OK), ("", OK),
    ("Good", OK), ("Firmware or software change success", OK),
    ("Device Removed/Device Absent", INFO), ("OEM Specific", INFO),
    ("Correctable ECC", WARNING), ("Predictive failure", WARNING), ("Upper Non-critical going high", WARNING), ("Log area reset/cleared", WARNING),
    ("words of no table", WARNING),
    ("Uncorrectable ECC", CRITICAL), ("Upper Critical going high", CRITICAL), ("Failure detected", CRITICAL), ("Power Supply AC lost", CRITICAL),
    ("Redundancy Lost", CRITICAL), ("Drive Fault", CRITICAL), ("IERR", CRITICAL), ("Non-recoverable", CRITICAL), ("No bootable media", CRITICAL),
    ("Run-time critical stop", CRITICAL), ("System Firmware Hang", CRITICAL), ("Rebuild/Remap Aborted", CRITICAL), ("In Critical Array", CRITICAL),
    ("Non-Redundant: Insufficient Resources", CRITICAL), ("Non-Redundant: Sufficient from Redundant", WARNING), ("Redundancy Degraded", WARNING),
    ("Bus Correctable error", WARNING), ("Bus Uncorrectable error", CRITICAL), ("Invalid Username or Password", WARNING),
])
def test_words_of_a_bmc(words: str, severity: Severity) -> None:
    assert grade_words(words) == severity


@pytest.mark.parametrize(("status", "severity"), [
    ("ok", OK), ("ns", OK), ("nc", WARNING), ("cr", CRITICAL), ("nr", CRITICAL), ("lcr", CRITICAL), ("unc", WARNING), ("zz", WARNING),
])
def test_status_words_of_sensors(status: str, severity: Severity) -> None:
    found = parse_sensors(f"Fan1 | 30h | {status} | 7.1 | 40 RPM\n")
    assert isinstance(found, tuple)
    assert found[0].severity == severity


KERNEL_LINES = (
    ("<3>[  900.1] blk_update_request: I/O error, dev sda, sector 1", "io_errors", CRITICAL),
    ("<3>[  900.1] blk_update_request: I/O error, dev fd0, sector 0", None, OK),
    ("<3>[    2.1] ata1.00: exception Emask 0x0 SAct 0x0 SErr 0x0 action 0x6", "io_errors", WARNING),
    ("<4>[  900.1] nvme nvme0: controller is down; will reset: CSTS=0x3", "io_errors", CRITICAL),
    ("<1>[  900.1] XFS (dm-0): Corruption of in-memory data detected.  Shutting down filesystem", "filesystem_errors", CRITICAL),
    ("<6>[  900.1] XFS (dm-0): Ending clean mount", None, OK),
    ("<6>[    1.0] nvme nvme0: Shutdown timeout set to 8 seconds", None, OK),
    ("<6>[    1.0] ata2: SATA link down (SStatus 0 SControl 300)", None, OK),
    ("<6>[    0.1] mce: CPU0: Thermal monitoring enabled (TM1)", None, OK),
    ("<6>[  900.1] EXT4-fs (sda1): mounted filesystem with ordered data mode", None, OK),
    ("kern  :err   : [  900.100000] INFO: rcu_sched detected stalls on CPUs/tasks: { 1}", "hung_tasks", CRITICAL),
    ("<2>[Mon Nov 16 04:11:09 2026] mce: [Hardware Error]: Machine check: Processor context corrupt", "hardware_errors", CRITICAL),
    ("<4>[  900.1] pcieport 0000:00:1c.0: AER: Corrected error received: 0000:00:1c.0", "hardware_errors", WARNING),
    ("<6>[  900.1] app[77]: segfault at 0 ip 0000 sp 0000 error 4", "bugs", INFO),
    ("<3>[   10.0] frob 0000:01: no such thing", "other_errors", INFO),
    ("<3>[  900.0] frob 0000:01: no such thing", "other_errors", WARNING),
    ("<2>[   10.0] frob 0000:01: no such thing", "other_errors", WARNING),
    ("<6>[  900.0] frob 0000:01: hello", None, OK),
    ("<4>[  900.1] BTRFS warning (device sdb): csum failed root 5 ino 257 off 0 csum 0x1 expected csum 0x2 mirror 1", "filesystem_errors", CRITICAL),
    ("<4>[  900.1] ata3.00: disabled", "io_errors", CRITICAL),
    ("<6>[  900.1] ata3: SATA link down (SStatus 0 SControl 300)", None, OK),
    ("<6>[  900.1] attempt to access beyond end of device", "io_errors", CRITICAL),
    ("<3>[  900.1] nvme0n1: I/O Cmd(0x2) @ LBA 123, 8 blocks, I/O Error (sct 0x2 / sc 0x81) MORE", "io_errors", CRITICAL),
    ("<4>[  900.1] rbd: rbd0: write 1000 at 0 result -5", "io_errors", CRITICAL),
    ("<6>[  900.1] megaraid_sas 0000:02:00.0: 1234 (123s/0x0020/CRIT) - VD 00/0 is now DEGRADED", "io_errors", CRITICAL),
    ("<6>[  900.1] megaraid_sas 0000:02:00.0: 1235 (124s/0x0020/INFO) - Patrol Read started", None, OK),
    ("<4>[  900.1] md: kicking non-fresh sdb1 from array!", "io_errors", WARNING),
    ("<3>[  900.1] device-mapper: snapshots: Invalidating snapshot: Unable to allocate exception.", "io_errors", CRITICAL),
    ("<6>[  900.1] session1: session recovery timed out after 120 secs", "io_errors", WARNING),
    ("<4>[  900.1] WARNING: at net/core/dev.c:2194 skb_warn_bad_offload+0xcd/0xda()", "bugs", WARNING),
    ("<4>[  900.1] WARNING: net/sched/sch_generic.c:525 at dev_watchdog+0x1/0x2, CPU#0: swapper/0/0", "bugs", WARNING),
    ("\x00\xff no kernel line", None, OK),
)


@pytest.mark.parametrize(("line", "group", "severity"), KERNEL_LINES)
def test_kernel_messages(line: str, group: str | None, severity: Severity) -> None:
    found = list(events(line + "\n", NOW))
    assert [(name, event.severity) for name, event in found] == ([(group, severity)] if group else [])


def test_the_time_of_a_kernel_message() -> None:
    (_group, event), = events("<3>[  900.5] blk_update_request: I/O error, dev sda, sector 1\n", NOW)
    assert event.at == NOW + timedelta(seconds=900.5)
    assert event.device == "sda"


@pytest.mark.parametrize("text", ["", "\x00\x01\xff", "a | b\n", "x", "\n\n"])
def test_parsers_of_commands_know_what_is_not_theirs(text: str) -> None:
    for parser in (parse_sensors, parse_events, parse_chassis, parse_effective, parse_lastlog):
        assert isinstance(parser(text), Unknown), parser.__name__
    for raising in (parse_stat, parse_passwd, parse_shadow, parse_dmidecode, lambda given: parse_processes(given, 1.0, {})):
        with pytest.raises(Unreadable):
            raising(text)


def test_a_digit_that_is_no_number_is_unreadable_and_no_crash() -> None:
    for key, text in (("/proc/meminfo", "MemTotal: 8²0 kB\n"), ("/proc/stat", "cpu  1² 2 3 4\n"), ("/proc/sys/fs/file-nr", "1²\t0\t9\n")):
        found = judge(Capture("h", "r", NOW, (Entry("x", "file", key, text),))).findings
        assert not [finding for finding in found if "failed: {detail}" in finding.message and finding.values.get("subject")], key


def test_an_empty_event_log_is_not_an_unreadable_one() -> None:
    assert parse_events("\n  SEL has no entries\n\n") == ()
    assert isinstance(parse_events(""), Unknown)


def test_lists_of_cpus() -> None:
    assert parse_list("0-3,8\n") == {0, 1, 2, 3, 8}
    with pytest.raises(ValueError, match="cut off"):
        parse_list("0-")


def test_history_with_decimal_commas_and_a_foreign_line() -> None:
    text = ("# hostname;interval;timestamp;CPU;%user;%nice;%system;%iowait;%steal;%idle\n"
            "db1;600;2026-11-19 00:10:01 UTC;-1;12,03;0,00;3,51;1,20;0,00;83,26\n"
            "db1;-1;2026-11-19 04:02:11 UTC;LINUX-RESTART\t(4 CPU)\n")
    (day, ratio), = parse_sadf(text)
    assert (day, round(ratio, 4)) == ("2026-11-19", 0.1554)
    with pytest.raises(Unreadable):
        list(parse_sadf(text.replace("%idle", "idle")))


STAT_TAIL = "procs_running 1\nprocs_blocked 0\n"


def shares_between(before: str, after: str) -> Any:
    """The fact of two readings of /proc/stat, ten seconds apart; the numbers are those of one CPU."""
    texts = [f"cpu  {numbers}\ncpu0 {numbers}\n{STAT_TAIL}" for numbers in (before, after)]
    entries = tuple(Entry("cpu", "file", "/proc/stat", text, at=10.0 * place) for place, text in enumerate(texts))
    return cpu_facts.parse(Capture("h", "r", NOW, entries)).shares


def test_shares_of_cpu_time() -> None:
    found = shares_between("1000 0 500 8000 100 10 20 30 0 0", "1300 50 600 8400 150 20 40 60 100 0")["cpu"]
    total = 300 + 50 + 100 + 400 + 50 + 10 + 20 + 30
    assert found.user_ratio == pytest.approx(200 / total), "guests are counted in user too"
    assert found.guest_ratio == pytest.approx(100 / total)
    assert (found.idle_ratio, found.iowait_ratio, found.steal_ratio) == pytest.approx((400 / total, 50 / total, 30 / total))
    assert found.busy_ratio == pytest.approx(1 - 480 / total)


def test_a_counter_that_goes_back_gives_no_share() -> None:
    assert isinstance(shares_between("1000 0 500 8000 0 0 0 0", "900 0 600 8400 0 0 0 0"), Unknown)
    assert shares_between("1000 0 500 8000 50 0 0 0", "1100 0 600 8400 49 0 0 0")["cpu"].iowait_ratio == 0, "iowait may go back by a little"


def test_sshd_config_first_value_wins_and_match_is_left_out() -> None:
    text = "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\nMatch User x\nPermitRootLogin yes\n"
    assert parse_config(text, {})["permitrootlogin"] == "no"
    assert parse_config(text, {"/etc/ssh/sshd_config.d/a.conf": "PermitRootLogin yes\n"})["permitrootlogin"] == "yes"
    assert "ciphers" not in parse_config("Ciphers +aes128-cbc\n", {})


MINE = ("kernel_log", "processes", "accounts", "ssh", "cpu", "memory", "pressure", "limits", "hardware", "security_modules")
CUT_CASES = sorted(path for name in MINE for path in (Path(__file__).parents[1] / "fixtures" / name).iterdir())
# Whole lines that are missing at the end can't be noticed there
NO_END = ("/etc/sudoers", "/etc/sudoers.d/ops", "ipmitool sdr elist", "ipmitool sel elist", "dmesg -r")


def severities(capture: Capture, subject: Subject) -> dict[str, Severity]:
    found: dict[str, Severity] = {}
    for finding in judge(capture, rules=subject.rules, subjects=(subject,)).findings:
        found[finding.rule] = max(found.get(finding.rule, OK), finding.severity)
    return found


@pytest.mark.parametrize("case", CUT_CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_text_that_is_cut_off_never_makes_a_fault_disappear(case: Path) -> None:
    subject = next(item for item in SUBJECTS if item.name == case.parent.name)
    capture = load(case)
    whole = severities(capture, subject)
    for place, entry in enumerate(capture.entries):
        if entry.key in NO_END:
            continue
        for part in (0, 0.25, 0.5, 0.9):
            shorter = entry._replace(text=(entry.text or "")[:int(len(entry.text or "") * part)])
            cut = severities(replace(capture, entries=(*capture.entries[:place], shorter, *capture.entries[place + 1:])), subject)
            hidden = [rule for rule, severity in whole.items() if severity >= WARNING and cut.get(rule, OK) <= INFO]
            assert not hidden, f"{entry.key} cut at {part}"


def test_own_commands_that_have_just_ended_are_no_zombies() -> None:
    process = subprocess.Popen(["true"])
    folder = Path(f"/proc/{process.pid}")
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)       # ended, and not yet collected
    assert ") Z " in (folder / "stat").read_text()
    assert describe(str(folder)) is None
    process.wait()
    assert str(describe("/proc/self")).startswith(f"{os.geteuid()} - {os.getpid()} (")


KERNEL_THREAD = "0 - 17 (ksoftirqd/0) S 2 0 0 0 -1 69238848 0 0 0 0 0 12"


def test_kernel_threads_are_known_by_their_flags() -> None:
    assert is_kernel_thread(KERNEL_THREAD)
    assert not is_kernel_thread(KERNEL_THREAD.replace("69238848", "4194560"))
    assert not is_kernel_thread(describe("/proc/self"))


@pytest.mark.parametrize(("text", "wanted"), [
    ("0::/system.slice/nginx.service\n", "/system.slice/nginx.service"),
    ("4:memory:/system.slice/nginx.service\n1:name=systemd:/system.slice/nginx.service\n", "/system.slice/nginx.service"),
    ("1:name=systemd:/user.slice/a:b.scope\n0::/\n", "/user.slice/a:b.scope"), ("4:memory:/x\n", None), ("", None)])
def test_the_control_group_that_systemd_chose(tmp_path: Path, text: str, wanted: str | None) -> None:
    (tmp_path / "cgroup").write_text(text)
    assert control_group(str(tmp_path)) == wanted
    assert control_group(str(tmp_path / "ended")) is None


@pytest.mark.parametrize(("path", "wanted"), [
    ("/system.slice/nginx.service", "nginx.service"), ("/", ""), ("", ""), ("/user.slice", ""),
    ("/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service"),
    ("/system.slice/mariadb.service/workers", "mariadb.service"), ("/system.slice/x.service (deleted)", "x.service"),
    (r"/system.slice/front\x2dend\xc3\xa9.service", "front-end\u00e9.service")])
def test_the_unit_of_a_control_group(path: str, wanted: str) -> None:
    assert unit_of(path) == wanted


@pytest.mark.parametrize("text", ["", "1 /init.scope\n", "1 /init.scope\nend 2\n", "1 /init.scope\nend 1", "\x00\xff"])
def test_a_list_of_units_that_is_cut_off_tells_nothing(text: str) -> None:
    assert parse_units(text) == {}
    assert parse_units("1 /init.scope\nx /y.service\nend 2\n") == {1: "init.scope"}
