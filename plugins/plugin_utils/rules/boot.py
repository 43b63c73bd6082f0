# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.boot import Dump, Kdump
from ..findings import DAY, Below, Domain, Finding, Rule, Severity

# Linux admin-guide/tainted-kernels: what happened to the kernel, as against what was loaded into it
DAMAGE = {"M": "a machine check exception", "B": "a bad page", "D": "an oops or BUG", "L": "a soft lockup"}


def check_kdump(_levels: Mapping[str, Any], kdump: Kdump) -> Iterator[Finding]:
    values = {"reserved_bytes": kdump.reserved_bytes}
    if kdump.loaded:
        yield Finding(Severity.OK, "kdump", "a crash kernel is loaded", values)
    elif kdump.wanted:
        yield Finding(Severity.WARNING, "kdump", "kdump is set up, but no crash kernel is loaded: a crash would leave no dump", values)
    else:
        yield Finding(Severity.INFO, "kdump", "kdump is not set up: a crash would leave no dump", values)


KDUMP_ARMED = Rule(
    id="kdump_armed",
    title="A crash of the kernel would leave a dump",
    domain=Domain.OS,
    why="Without a dump the cause of a crash usually stays unknown.",
    fix="Look why it was not loaded (systemctl status kdump, kdumpctl or kdump-config), mend it, and start the service.",
    needs=("boot.kdump",),
    evidence=("/proc/cmdline", "/sys/kernel/kexec_crash_*", "kdump services"),
    impact=2,
    change_risk=2,
    check=check_kdump,
)


def check_dumps(_levels: Mapping[str, Any], dumps: tuple[Dump, ...]) -> Iterator[Finding]:
    for dump in dumps:
        yield Finding(Severity.WARNING, dump.name, "the kernel crashed at {crashed_at}; the dump of {dump_bytes} lies in /var/crash",
                      {"crashed_at": dump.at, "dump_bytes": dump.size_bytes})
    if not dumps:
        yield Finding(Severity.OK, "/var/crash", "no dump of a kernel crash lies there")


CRASH_DUMPS = Rule(
    id="crash_dumps",
    title="The kernel did not crash",
    domain=Domain.OS,
    why="Each dump is a crash of the whole host; its cause may strike again.",
    fix="Have the dump analysed (vmcore-dmesg.txt first), then move it off the host.",
    needs=("boot.dumps",),
    evidence=("crash dumps",),
    impact=4,
    check=check_dumps,
)


def check_taint(_levels: Mapping[str, Any], taints: str) -> Iterator[Finding]:
    damage = tuple(DAMAGE[letter] for letter in taints if letter in DAMAGE)
    if damage:
        yield Finding(Severity.WARNING, "kernel", "since its start the kernel met {damage}", {"damage": damage, "taints": taints})
    elif taints:
        yield Finding(Severity.INFO, "kernel", "the kernel is tainted: {taints}", {"taints": taints})
    else:
        yield Finding(Severity.OK, "kernel", "the kernel is not tainted")


KERNEL_TAINTED = Rule(
    id="kernel_tainted",
    title="The kernel is whole",
    domain=Domain.OS,
    why="After an oops, a bad page or a machine check the kernel goes on with data that may be wrong. Other taints only tell of "
        "modules (P proprietary, O out of tree, E unsigned) or a warning (W); vendors may refuse support for them.",
    fix="Find the event in the kernel log, mend its cause, and reboot.",
    needs=("boot.taints",),
    evidence=("/proc/sys/kernel/tainted",),
    impact=3,
    change_risk=3,
    check=check_taint,
)


def check_unclean(levels: Mapping[str, Any], unclean: tuple[datetime, ...], taken_at: datetime) -> Iterator[Finding]:
    quiet = True
    for at in unclean:
        age = max(0.0, (taken_at - at).total_seconds())
        severity = levels["age_seconds"].grade(age)
        if severity > Severity.OK:
            quiet = False
            yield Finding(severity, f"{at:%Y-%m-%d %H:%M}", "the host started without a shutdown before: it crashed or lost power",
                          {"age_seconds": age, "started_at": at})
    if quiet:
        yield Finding(Severity.OK, "host", "each start on record had a shutdown before it, or lies long back")


UNCLEAN_START = Rule(
    id="unclean_start",
    title="The host did not go down by itself",
    domain=Domain.OS,
    why="A start without a shutdown before it means a crash, a reset or a loss of power.",
    fix="Compare with the event log of the hardware or hypervisor and the last lines of the journal before the start.",
    needs=("boot.unclean", "capture.taken_at"),
    evidence=("last -x *",),
    levels={"age_seconds": Below(warning=90 * DAY, source="our judgement: one quarter, the time between two inspections")},
    impact=3,
    check=check_unclean,
)

RULES = (KDUMP_ARMED, CRASH_DUMPS, KERNEL_TAINTED, UNCLEAN_START)
