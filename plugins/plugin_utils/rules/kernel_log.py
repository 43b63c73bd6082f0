# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the kernel's messages since the last inspection, or since boot where there was none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.kernel_log import KernelEvent
from ..findings import Domain, Finding, Rule, Severity

MAX_FINDINGS = 20                           # findings a rule; the rest is counted in the last one


def last_inspected(history: Mapping[str, Any]) -> datetime | None:
    """When this rule last judged the host."""
    return max((when for values in history.values() for series in values.values() for when, _value in series), default=None)


def check_events(_levels: Mapping[str, Any], events: tuple[KernelEvent, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    """One finding for each device and kind of message; OK when there was none since the last inspection."""
    since = last_inspected(history)
    fresh: dict[str, list[KernelEvent]] = {}
    older = 0
    for event in events:
        if since is not None and event.at is not None and event.at <= since:
            older += 1
        else:
            fresh.setdefault(f"{event.device} {event.kind}".strip(), []).append(event)
    ranked = sorted(fresh.items(), key=lambda item: (-max(event.severity for event in item[1]), -len(item[1])))
    for name, group in ranked[:MAX_FINDINGS]:
        last = group[-1]
        yield Finding(max(event.severity for event in group), name, "{events_count} messages, the last at {last_at}: {example}",
                      {"events_count": len(group), "last_at": last.at, "example": last.text})
    rest = ranked[MAX_FINDINGS:]
    if rest:
        yield Finding(max(event.severity for _name, group in rest for event in group), "others",
                      "{events_count} messages of {kinds_count} more kinds",
                      {"events_count": sum(len(group) for _name, group in rest), "kinds_count": len(rest)})
    if all(event.severity <= Severity.INFO for group in fresh.values() for event in group):
        yield Finding(Severity.OK, "kernel", "no such messages; {older_count} from before the last inspection",
                      {"older_count": older, "events_count": 0})


def _rule(name: str, fact: str, title: str, domain: Domain, why: str, fix: str, impact: int) -> Rule:
    check: Callable[..., Iterator[Finding]] = check_events
    return Rule(id=name, title=title, domain=domain, why=why, fix=fix, needs=("kernel_log." + fact, "history." + name),
                evidence=("dmesg -r",), impact=impact, track=("events_count",), check=check)


RULES = (
    _rule("kernel_io_errors", "io_errors", "The kernel reports no I/O errors", Domain.HARDWARE,
          "Reads or writes failed or timed out below the file system: a disk, cable, controller or path is failing.",
          "Look at the disk's SMART data, the RAID controller and the paths; replace what fails, then check the data on it.", 4),
    _rule("kernel_filesystem_errors", "filesystem_errors", "The kernel reports no file system errors", Domain.OS,
          "The kernel found damage in a file system, stopped writing to it, or lost its server; data may be lost already.",
          "Secure a backup, find the cause below (disk, controller, array), then unmount and check the file system.", 4),
    _rule("kernel_hardware_errors", "hardware_errors", "The kernel reports no hardware errors", Domain.HARDWARE,
          "Memory, CPU, PCIe or temperature errors, even corrected ones, announce a failure of the part.",
          "Name the part with the BMC's event log, dmidecode and rasdaemon; have it replaced under the contract.", 4),
    _rule("kernel_hung_tasks", "hung_tasks", "No task or CPU hung", Domain.OS,
          "A task waited for minutes in the kernel, or a CPU made no progress: services stood still in that time.",
          "Read the stack below the message: storage that does not answer, a starved virtual machine, or a kernel fault.", 3),
    _rule("kernel_oom", "oom", "The kernel log shows no lack of memory", Domain.OS,
          "The kernel could not get memory, and killed a process to get it.",
          "Find in the message which process or control group it was; raise its limit, lower its load, or add memory.", 3),
    _rule("kernel_bugs", "bugs", "The kernel reports no faults of its own", Domain.OS,
          "After an oops or a kernel warning the state of the kernel is uncertain; a panic stops the host.",
          "Look the message up at the distribution, update kernel and firmware, and restart the host soon after an oops.", 3),
    _rule("kernel_network", "network", "The kernel reports no network trouble", Domain.OS,
          "A full table, a hanging adapter or a flapping link drops connections.",
          "Raise the table's size, or check adapter, firmware, cable and switch port.", 3),
    _rule("kernel_other_errors", "other_errors", "The kernel reports no other errors", Domain.OS,
          "The kernel marked a message as an error that is none of the known kinds.",
          "Read the message; if it is harmless here, accept it by a waiver.", 1),
)
