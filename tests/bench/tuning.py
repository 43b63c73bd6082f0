# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Caretaker's plan for PostgreSQL and MariaDB beside their defaults, pgtune's formulas and MySQLTuner's advice.

Three lab hosts with 2 GiB of memory and the same data: first data that fit into memory, then data that don't, as
two systems that are each loaded and then advised on. Then all three hosts get each load in short windows in turn, so that a machine that is
fast in one minute and slow in the next is so to all of them. While one is measured the servers of the others stand still (SIGSTOP). Hosts
with the same values differ too (0.991 and 1.125 times a third one's percentile in the same 20 windows of MariaDB's read only), so each set of
values moves from host to host. A ratio is of windows that followed each other, and the geometric mean of one such ratio from each of the three
placements, in which the hosts cancel out; told are the median of these, its distribution-free confidence interval, and the ratio of all windows
together. All rows are asked for alike often: as sysbench is installed, one row in a hundred is nearly all that it asks for, which any cache
holds.
Goal: no throughput more than 2 % below another's and no percentile more than 2 % above, beyond noise, and better throughput in most of these
comparisons.

The hosts are containers, so their kernel is this machine's: what a plan says of the kernel is set here while it counts, and put back. Huge
pages are no part of a control group's memory, so the host that has them gets that much less.
"""

from __future__ import annotations

import argparse
import contextlib
import operator
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from plugins.plugin_utils.facts.kernel_settings import KernelSettingsFacts
from plugins.plugin_utils.facts.memory import parse_meminfo
from plugins.plugin_utils.inspection import judge
from plugins.plugin_utils.tuning.advice import advise
from scripts.lablib import cgroup, memory
from tests.lab import lab, on_host

from .advisers import of_mysqltuner, pgtune
from .databases import CONFIDENCE, interval, look, only

LAB = "benchtuning"
OURS, DEFAULT = "Caretaker", "default"
HOSTS = {DEFAULT: "db1", OURS: "db2", "pgtune": "db3", "MySQLTuner": "db3"}
HUGE_PAGES = "vm.nr_hugepages"
DISK_CLASS = "ssd"          # what pgtune is told too; virtual disks and containers don't tell
MEMORY_BYTES = 2 << 30
WARM_SECONDS = 30
LOSS_LIMIT = 0.02
BETTER, ALIKE, WORSE, TOO_FEW = "better", "alike", "worse", "too few rounds to tell"
Values = Mapping[str, str]


@dataclass(frozen=True)
class Rate:
    """Transactions a second, and the 95th percentile of the time that one takes."""

    per_second: float
    p95_seconds: float


Rates = Mapping[str, list[Rate]]        # of each set of values, one a round


@dataclass(frozen=True)
class System:
    """What is kept in a database of that name, ``fill``ed so, and what is asked of it: {name: command that prints for SECONDS}."""

    name: str
    fill: str
    loads: Mapping[str, str]


@dataclass(frozen=True)
class Database:
    """``file``: where values go, under ``heading``; ``create`` and ``drop``: how, of a NAME; ``rival``: what else advises, by
    ``rival_values`` of its host."""

    name: str
    program: str
    subjects: tuple[str, ...]
    service: str
    others: str
    create: str
    drop: str
    systems: tuple[System, ...]
    file: str
    heading: str
    rate: Callable[[str], Rate]
    rival: str
    rival_values: Callable[[str], Values]


def pgbench(options: str, database: str) -> str:
    return (f"cd /tmp && rm -f bench.* && runuser -u postgres -- pgbench -n -c 8 -j 2 -T SECONDS -l --log-prefix=/tmp/bench {options} {database} "
            "2>/dev/null && cat /tmp/bench.* | awk '{print $3}' | sort -n | awk '{t[NR] = $1} END {print \"p95\", t[int(NR * 0.95)]}'")


def sysbench(tables: str, rest: str) -> str:
    return f"sysbench --db-driver=mysql --mysql-db={tables} --mysql-user=root --mysql-socket=/run/mysqld/mysqld.sock {SIZES[tables]} {rest}"


def loaded(tables: str, load: str) -> str:
    return sysbench(tables, f"--threads=8 --percentile=95 --rand-type=uniform --time=SECONDS {load} run")


def of_pgbench(text: str) -> Rate:
    """tps = 1523.117 (without initial connection time) and, of the log, p95 8123 in microseconds."""
    return Rate(figure(r"^tps = ([\d.]+)", text), figure(r"^p95 (\d+)", text) / 1e6)


def of_sysbench(text: str) -> Rate:
    """    transactions:                        8123   (406.01 per sec.)  and      95th percentile:      31.37 in milliseconds."""
    return Rate(figure(r"transactions:\s+\d+\s+\(([\d.]+) per sec", text), figure(r"95th percentile:\s+([\d.]+)", text) / 1e3)


def figure(pattern: str, text: str) -> float:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        sys.exit(f"no {pattern!r} in what the load printed:\n{text}")
    return float(match[1])


SIZES = {"small": "--tables=4 --table-size=250000", "large": "--tables=4 --table-size=2500000"}
POSTGRESQL = Database(
    "PostgreSQL", "postgres", ("postgresql", "postgresql_tables", "memory", "cpu", "block_devices"), "postgresql@15-main", "mariadb",
    "runuser -u postgres -- createdb NAME", "runuser -u postgres -- dropdb --if-exists NAME",
    (System("small", "runuser -u postgres -- pgbench -q -i -s 40 small >/dev/null 2>&1",
            {"read and write": pgbench("", "small"), "read only": pgbench("-S", "small")}),
     System("large", "runuser -u postgres -- pgbench -q -i -s 220 large >/dev/null 2>&1", {"larger than memory": pgbench("-S", "large")})),
    "/etc/postgresql/15/main/conf.d/zz-bench.conf", "", of_pgbench,
    "pgtune", lambda host: pgtune(MEMORY_BYTES, int(on_host(LAB, host, "nproc")), 100))
MARIADB = Database(
    "MariaDB", "mariadbd", ("mysql", "memory", "cpu", "block_devices"), "mariadb", "postgresql@15-main",
    "mariadb -e 'CREATE DATABASE NAME'", "mariadb -e 'DROP DATABASE IF EXISTS NAME'",
    (System("small", sysbench("small", "oltp_common prepare >/dev/null"),
            {"read and write": loaded("small", "oltp_read_write"), "read only": loaded("small", "oltp_read_only")}),
     System("large", sysbench("large", "oltp_common prepare >/dev/null"), {"larger than memory": loaded("large", "oltp_read_write")})),
    "/etc/mysql/mariadb.conf.d/zz-bench.cnf", "[mariadbd]\n", of_sysbench,
    "MySQLTuner", lambda host: of_mysqltuner(on_host(LAB, host, "mysqltuner --nocolor 2>/dev/null || true"), MEMORY_BYTES))


def measure(options: argparse.Namespace) -> int:
    wanted = [database for database in (POSTGRESQL, MARIADB) if options.only in (None, database.name)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        before = kernel_values()
        try:
            lab("up", "--hosts", ",".join(sorted(set(HOSTS.values()))), "--image", "loads", "--memory", "2G", "--name", LAB, "--inventory", str(folder / "hosts.yml"))
            short = [database.name for database in wanted if not compare(database, folder, options.rounds, options.seconds, before)]
            return 1 if short else 0
        finally:
            try:
                lab("down", "--name", LAB)
            finally:
                set_kernel(before)


def compare(database: Database, folder: Path, rounds: int, seconds: int, before: Values) -> bool:
    """Whether the goal is reached."""
    told = [verdict for system in database.systems for verdict in compare_on(database, system, folder, rounds, seconds, before)]
    for other in (DEFAULT, database.rival):
        found = [verdict for beside, verdict in told if beside == other]
        print(f"{database.name}, {OURS} beside {other}: better on {found.count(BETTER)} of {len(found)} loads, worse on {found.count(WORSE)}")
    verdicts = [verdict for _beside, verdict in told]
    return WORSE not in verdicts and verdicts.count(BETTER) * 2 > len(verdicts)


def compare_on(database: Database, system: System, folder: Path, rounds: int, seconds: int, before: Values) -> list[tuple[str, str]]:
    """(beside what, verdict), for each load."""
    hosts = [HOSTS[name] for name in (DEFAULT, database.rival, OURS)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda host: prepare(database, system, host), hosts))
    for load in system.loads.values():          # what is advised on has been at work
        for host in hosts:
            run(database, host, load, WARM_SECONDS)
    kernel, ours = advised(database, folder)
    sets = {DEFAULT: {}, database.rival: database.rival_values(HOSTS[database.rival]), OURS: ours}
    for name, values in sets.items():
        shown = {**(kernel if name == OURS else {}), **values}
        print(f"{database.name}, {system.name}, {name}: {', '.join(f'{key} = {value}' for key, value in shown.items()) or 'as installed'}", flush=True)
    # Huge pages stay for all windows: only our server takes them
    kernels = {name: {**before, **kernel} if name == OURS else {**before, HUGE_PAGES: kernel.get(HUGE_PAGES, before[HUGE_PAGES])} for name in sets}
    placements = [dict(zip(sets, hosts[shift:] + hosts[:shift], strict=True)) for shift in range(len(hosts))]
    rates: dict[str, list[Rates]] = {load: [] for load in system.loads}
    for placed in placements:
        place(database, placed, sets, kernels, before)
        for load, command in system.loads.items():
            rates[load].append(measured(database, command, placed, kernels, rounds, seconds))
    stop(database, hosts)
    set_kernel(before)
    return [(other, tell(database, load, other, found)) for load, found in rates.items() for other in (DEFAULT, database.rival)]


def prepare(database: Database, system: System, host: str) -> None:
    """A server as installed, with the data of this system only."""
    memory.limit(f"{LAB}/{host}", MEMORY_BYTES)
    drops = [database.drop.replace("NAME", other.name) for other in database.systems]
    on_host(LAB, host, "\n".join((f"set -e\nsystemctl stop {database.others}\nsystemctl start {database.service}", *drops,
                                  database.create.replace("NAME", system.name), system.fill)))


def place(database: Database, placed: Mapping[str, str], sets: Mapping[str, Values], kernels: Mapping[str, Values], before: Values) -> None:
    """Start each host's server with the values placed on it."""
    stop(database, list(placed.values()))
    set_kernel(before)
    for name, values in sets.items():       # ours is last: who starts while huge pages are there takes them
        if name == OURS:
            set_kernel(kernels[OURS])
        start(database, placed[name], values, int(kernels[OURS][HUGE_PAGES]) if name == OURS else 0)


def stop(database: Database, hosts: Sequence[str]) -> None:
    """Stop the servers and leave no values behind."""
    for host in hosts:
        on_host(LAB, host, f"systemctl stop {database.service} && rm -f {database.file}")


def measured(database: Database, command: str, placed: Mapping[str, str], kernels: Mapping[str, Values], rounds: int, seconds: int) -> Rates:
    rates, order = {name: list[Rate]() for name in placed}, list(placed)
    for host in placed.values():
        run(database, host, command, WARM_SECONDS)
    try:
        for host in placed.values():
            let(database, host, signal.SIGSTOP)
        for number in range(rounds):
            for name in order[number % len(order):] + order[:number % len(order)]:
                set_kernel(kernels[name])
                os.sync()                       # nobody's window pays for what another left to be written
                let(database, placed[name], signal.SIGCONT)
                rates[name].append(run(database, placed[name], command, seconds))
                let(database, placed[name], signal.SIGSTOP)
    finally:
        for host in placed.values():
            let(database, host, signal.SIGCONT)
    return rates


def let(database: Database, host: str, go: signal.Signals) -> None:
    """Stop a host's server where it is, or have it go on."""
    for process in cgroup.processes(f"{LAB}/{host}"):
        with contextlib.suppress(OSError):      # it has ended meanwhile
            if Path(f"/proc/{process}/comm").read_text().strip() == database.program:
                os.kill(process, go)


def advised(database: Database, folder: Path) -> tuple[Values, Values]:
    """What a plan for our host says of its kernel, which is this machine's, and of its server."""
    capture, _output = look(folder / "hosts.yml", folder, "--limit", HOSTS[OURS], "-e", f"caretaker_disk_class={DISK_CLASS}", *only(list(database.subjects)))
    advice = advise({**judge(capture).facts, "kernel_settings": KernelSettingsFacts(kernel_values(), {}, "")})
    for what, reason in advice.undecided.items():
        print(f"{database.name}: {what} is undecided: {reason.reason} {dict(reason.values)}", flush=True)
    kernel, server = ({step.target.setting: step.target.value for step in advice.steps if (step.how == "sysctl") is of_kernel}
                      for of_kernel in (True, False))
    return kernel, server


def start(database: Database, host: str, values: Values, huge_pages: int) -> None:
    text = database.heading + "".join(f"{name} = {value}\n" for name, value in values.items())
    on_host(LAB, host, f"cat > {database.file} <<'END'\n{text}END")
    memory.limit(f"{LAB}/{host}", MEMORY_BYTES - huge_pages * parse_meminfo(Path("/proc/meminfo").read_text())["Hugepagesize"])
    on_host(LAB, host, f"systemctl start {database.service}")


def kernel_values() -> Values:
    """What plans may set of this machine's kernel, as it is."""
    return {name: value for name in ("vm.swappiness", "vm.zone_reclaim_mode", HUGE_PAGES) if (value := sysctl("-n", name)) is not None}


def set_kernel(values: Values) -> None:
    for name, value in values.items():
        if sysctl("-n", name) != value and (sysctl("-w", f"{name}={value}") is None or sysctl("-n", name) != value):
            sys.exit(f"this machine's kernel does not take {name} = {value}")


def sysctl(*words: str) -> str | None:
    """What sysctl prints; None where it fails."""
    done = subprocess.run(["sysctl", *words], capture_output=True, text=True)
    return None if done.returncode else done.stdout.strip()


def run(database: Database, host: str, command: str, seconds: int) -> Rate:
    return database.rate(on_host(LAB, host, command.replace("SECONDS", str(seconds))))


def tell(database: Database, load: str, other: str, placements: Sequence[Rates]) -> str:
    """Print ours beside the other, and return how it does: worse in either figure by more than 2 %, or better, beyond noise; or alike; or that it
    can't be told."""
    more, longer = beside(placements, other, "per_second"), beside(placements, other, "p95_seconds")
    least, most, confidence = interval(more)
    shortest, longest, _same = interval(longer)
    shown = [f"{name} {statistics.median(ratios):.3f} times ({low:.3f} to {high:.3f}, {confidence:.0%})"
             for name, ratios, low, high in (("throughput", more, least, most), ("95th percentile of time", longer, shortest, longest))]
    all_of = {name: sum(rate.per_second for rates in placements for rate in rates[name]) for name in (OURS, other)}
    shown.append(f"all together {all_of[OURS] / all_of[other]:.3f} times")
    less = statistics.median(more) < 1 - LOSS_LIMIT and most < 1
    slower = statistics.median(longer) > 1 + LOSS_LIMIT and shortest > 1
    found = TOO_FEW if confidence < CONFIDENCE else WORSE if less or slower else BETTER if least > 1 else ALIKE
    print(f"{database.name}, {load}, {OURS} beside {other}: {'; '.join(shown)}: {found}", flush=True)
    return found


def beside(placements: Sequence[Rates], other: str, figure: str) -> list[float]:
    """One ratio a round, of ours to the other's: the geometric mean over the placements."""
    value = operator.attrgetter(figure)
    of_each = [[value(ours) / value(theirs) for ours, theirs in zip(rates[OURS], rates[other], strict=True)] for rates in placements]
    return [statistics.geometric_mean(ratios) for ratios in zip(*of_each, strict=True)]
