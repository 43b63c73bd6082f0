# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.limits import Entropy, Used
from ..findings import Above, Below, Domain, Finding, Rule, Severity


def check_used(levels: Mapping[str, Any], used: Used) -> Iterator[Finding]:
    yield Finding(levels["used_ratio"].grade(used.ratio), "kernel", "{count} of {limit} used ({used_ratio})",
                  {"used_ratio": used.ratio, "count": used.count, "limit": used.limit})


LIMIT_FILES = Rule(
    id="limit_files",
    title="Open files are far from the kernel's limit",
    domain=Domain.OS,
    why="At the limit no program can open a file or accept a connection.",
    fix="Find who holds them (lsof); mend the leak, or raise fs.file-max.",
    needs=("limits.files",),
    evidence=("/proc/sys/fs/file-nr",),
    levels={"used_ratio": Above(warning=0.70, critical=0.90, source="node-mixin 70 and 90 %")},
    impact=3,
    track=("used_ratio",),
    check=check_used,
)

LIMIT_PROCESSES = Rule(
    id="limit_processes",
    title="Threads are far from the kernel's limit",
    domain=Domain.OS,
    why="At the limit no new process or thread starts, nobody can log in.",
    fix="Find who starts so many (ps -eLf); mend it, or raise kernel.pid_max and kernel.threads-max.",
    needs=("limits.threads",),
    evidence=("/proc/loadavg", "/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"),
    levels={"used_ratio": Above(warning=0.80, critical=0.95, source="our judgement")},
    impact=3,
    track=("used_ratio",),
    check=check_used,
)

LIMIT_CONNTRACK = Rule(
    id="limit_conntrack",
    title="Tracked connections are far from their limit",
    domain=Domain.OS,
    why="At the limit the firewall drops packets of new connections.",
    fix="Raise net.netfilter.nf_conntrack_max, shorten the timeouts, or don't track what needs no tracking.",
    needs=("limits.connections",),
    evidence=("/proc/sys/net/netfilter/nf_conntrack_*",),
    levels={"used_ratio": Above(warning=0.75, critical=0.90, source="node-mixin 75 %; awesome-prometheus-alerts 80 %; 90 %: ours")},
    impact=3,
    track=("used_ratio",),
    check=check_used,
)

LIMIT_AIO = Rule(
    id="limit_aio",
    title="Asynchronous I/O is far from its limit",
    domain=Domain.OS,
    why="At the limit databases can't start or fall back to slow I/O.",
    fix="Raise fs.aio-max-nr (Oracle asks for 1048576).",
    needs=("limits.asynchronous_io",),
    evidence=("/proc/sys/fs/aio-nr", "/proc/sys/fs/aio-max-nr"),
    levels={"used_ratio": Above(warning=0.80, critical=0.95, source="our judgement")},
    impact=2,
    check=check_used,
)


def check_entropy(levels: Mapping[str, Any], entropy: Entropy) -> Iterator[Finding]:
    # Since Linux 5.18 the pool is 256 bits, and once filled it never runs short
    severity = Severity.OK if entropy.pool_bits <= 256 else levels["available_bits"].grade(entropy.available_bits)
    yield Finding(severity, "kernel", "{available_bits} bits of entropy", {"available_bits": entropy.available_bits})


LIMIT_ENTROPY = Rule(
    id="limit_entropy",
    title="Random numbers do not run short",
    domain=Domain.OS,
    why="Programs that wait for /dev/random stand still; TLS and Java are slow to start.",
    fix="Run rngd or haveged, give a virtual machine virtio-rng, or update the kernel.",
    needs=("limits.entropy",),
    evidence=("/proc/sys/kernel/random/*",),
    levels={"available_bits": Below(warning=150, source="node-mixin and netdata warn at 100 to 200 bits")},
    impact=1,
    check=check_entropy,
)

RULES = (LIMIT_FILES, LIMIT_PROCESSES, LIMIT_CONNTRACK, LIMIT_AIO, LIMIT_ENTROPY)
