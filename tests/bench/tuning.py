# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Caretaker's plan for PostgreSQL and MariaDB beside their defaults, pgtune's formulas and MySQLTuner's advice, on one lab host.

The host has 2 GiB of memory. Each is loaded, inspected, and advised on; then every set of values gets each load for a window, in rounds
whose order turns. Ratios are of the same round; told are their median and its distribution-free confidence interval.
Goal: no throughput more than 2 % below another's beyond noise, and better than each other on most loads.

The host is a container, so its kernel is this machine's: what a plan says of the kernel is set here while it counts, and put back. Huge
pages are no part of a control group's memory, so it gets that much less.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from plugins.plugin_utils.facts.kernel_settings import KernelSettingsFacts
from plugins.plugin_utils.facts.memory import parse_meminfo
from plugins.plugin_utils.inspection import judge
from plugins.plugin_utils.tuning.advice import advise
from scripts.lablib import memory

from . import hosts
from .advisers import of_mysqltuner, pgtune
from .databases import interval, look, only
from .hosts import lab

LAB, HOST = "benchtuning", "db1"
HUGE_PAGES = "vm.nr_hugepages"
on_host = partial(hosts.on_host, LAB, HOST)
MEMORY_BYTES = 2 << 30
WARM_SECONDS = 8
LOSS_LIMIT = 0.02
OURS, DEFAULT = "Caretaker", "default"
BETTER, ALIKE, WORSE = "better", "alike", "worse"
Values = Mapping[str, str]


@dataclass(frozen=True)
class Rate:
    """Transactions a second, and the 95th percentile of the time that one takes."""

    per_second: float
    p95_seconds: float


@dataclass(frozen=True)
class Database:
    """``loads``: {name: command that prints for SECONDS}; ``file``: where values go, under ``heading``; ``rival``: what else advises."""

    name: str
    subjects: tuple[str, ...]
    service: str
    others: str
    setup: str
    file: str
    heading: str
    loads: Mapping[str, str]
    rate: Callable[[str], Rate]
    rival: str
    rival_values: Callable[[], Values]


def pgbench(options: str, database: str) -> str:
    return (f"cd /tmp && rm -f bench.* && runuser -u postgres -- pgbench -n -c 8 -j 2 -T SECONDS -l --log-prefix=/tmp/bench {options} {database} "
            "2>/dev/null && cat /tmp/bench.* | awk '{print $3}' | sort -n | awk '{t[NR] = $1} END {print \"p95\", t[int(NR * 0.95)]}'")


def sysbench(tables: str, rest: str) -> str:
    return f"sysbench --db-driver=mysql --mysql-db={tables} --mysql-user=root --mysql-socket=/run/mysqld/mysqld.sock {SIZES[tables]} {rest}"


def loaded(tables: str, load: str) -> str:
    return sysbench(tables, f"--threads=8 --percentile=95 --time=SECONDS {load} run")


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
    "PostgreSQL", ("postgresql", "postgresql_tables", "memory", "cpu", "block_devices"), "postgresql@15-main", "mariadb", """
set -e
systemctl start postgresql@15-main
for pair in small:40 large:220; do
    runuser -u postgres -- createdb ${pair%:*}
    runuser -u postgres -- pgbench -q -i -s ${pair#*:} ${pair%:*} >/dev/null 2>&1
done
""", "/etc/postgresql/15/main/conf.d/zz-bench.conf", "",
    {"read and write": pgbench("", "small"), "read only": pgbench("-S", "small"), "larger than memory": pgbench("-S", "large")},
    of_pgbench, "pgtune", lambda: pgtune(MEMORY_BYTES, int(on_host("nproc")), 100))
MARIADB = Database(
    "MariaDB", ("mysql", "memory", "cpu", "block_devices"), "mariadb", "postgresql@15-main", f"""
set -e
systemctl start mariadb
for tables in small large; do mariadb -e "CREATE DATABASE $tables"; done
{sysbench("small", "oltp_common prepare")} >&2
{sysbench("large", "oltp_common prepare")} >&2
""", "/etc/mysql/mariadb.conf.d/zz-bench.cnf", "[mariadbd]\n",
    {"read and write": loaded("small", "oltp_read_write"), "read only": loaded("small", "oltp_read_only"),
     "larger than memory": loaded("large", "oltp_read_write")},
    of_sysbench, "MySQLTuner", lambda: of_mysqltuner(on_host("mysqltuner --nocolor 2>/dev/null || true"), MEMORY_BYTES))


def measure(options: argparse.Namespace) -> int:
    wanted = [database for database in (POSTGRESQL, MARIADB) if options.only in (None, database.name)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        before = kernel_values()
        try:
            lab("up", "--hosts", HOST, "--image", "loads", "--memory", "2G", "--name", LAB, "--inventory", str(folder / "hosts.yml"))
            short = [database.name for database in wanted if not compare(database, folder, options.rounds, options.seconds)]
            return 1 if short else 0
        finally:
            try:
                lab("down", "--name", LAB)
            finally:
                set_kernel(before)


def compare(database: Database, folder: Path, rounds: int, seconds: int) -> bool:
    on_host(f"systemctl stop {database.others}")
    on_host(database.setup)
    for load in database.loads.values():        # what is advised on has been at work
        run(database, load, seconds)
    kernel, ours = advised(database, folder)
    sets = {DEFAULT: {}, OURS: ours, database.rival: database.rival_values()}
    for name, values in sets.items():
        shown = {**(kernel if name == OURS else {}), **values}
        print(f"{database.name}, {name}: {', '.join(f'{key} = {value}' for key, value in shown.items()) or 'as installed'}", flush=True)
    rates: dict[tuple[str, str], list[Rate]] = {}
    order, before = list(sets), kernel_values()
    for number in range(rounds):
        for name in order[number % len(order):] + order[:number % len(order)]:
            apply(database, sets[name], {**before, **kernel} if name == OURS else before)
            for load, command in database.loads.items():
                run(database, command, WARM_SECONDS)
                rates.setdefault((load, name), []).append(run(database, command, seconds))
        print(f"{database.name}, round {number + 1}: " + "; ".join(
            f"{load} {', '.join(f'{name} {rates[load, name][-1].per_second:.0f}' for name in sets)}" for load in database.loads), flush=True)
    verdicts = {other: [told(database, load, other, rates) for load in database.loads] for other in (DEFAULT, database.rival)}
    for other, found in verdicts.items():
        print(f"{database.name}, {OURS} beside {other}: better on {found.count(BETTER)} of {len(found)} loads, worse on {found.count(WORSE)}")
    return all(WORSE not in found and found.count(BETTER) * 2 > len(found) for found in verdicts.values())


def advised(database: Database, folder: Path) -> tuple[Values, Values]:
    """What a plan for the host says of its kernel, which is this machine's, and of its server."""
    capture, _output = look(folder / "hosts.yml", folder, *only(list(database.subjects)))
    advice = advise({**judge(capture).facts, "kernel_settings": KernelSettingsFacts(kernel_values(), {}, "")})
    for what, reason in advice.undecided.items():
        print(f"{database.name}: {what} is undecided: {reason.reason} {dict(reason.values)}", flush=True)
    kernel, server = ({step.target.setting: step.target.value for step in advice.steps if (step.how == "sysctl") is of_kernel}
                      for of_kernel in (True, False))
    return kernel, server


def apply(database: Database, values: Values, kernel: Values) -> None:
    text = database.heading + "".join(f"{name} = {value}\n" for name, value in values.items())
    on_host(f"cat > {database.file} <<'END'\n{text}END\nsystemctl stop {database.service}")
    set_kernel(kernel)
    reserved = int(kernel[HUGE_PAGES]) * parse_meminfo(Path("/proc/meminfo").read_text())["Hugepagesize"]
    memory.limit(f"{LAB}/{HOST}", MEMORY_BYTES - reserved)
    on_host(f"systemctl start {database.service}")


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


def run(database: Database, command: str, seconds: int) -> Rate:
    return database.rate(on_host(command.replace("SECONDS", str(seconds))))


def told(database: Database, load: str, other: str, rates: Mapping[tuple[str, str], list[Rate]]) -> str:
    """Print ours beside the other, and return how it does: worse by more than 2 %, or better, beyond noise; or alike."""
    ours, theirs = rates[load, OURS], rates[load, other]
    more = [one.per_second / two.per_second for one, two in zip(ours, theirs, strict=True)]
    slower = [one.p95_seconds / two.p95_seconds for one, two in zip(ours, theirs, strict=True)]
    shown = []
    for name, ratios in (("throughput", more), ("95th percentile of time", slower)):
        low, high, confidence = interval(ratios)
        shown.append(f"{name} {statistics.median(ratios):.3f} times ({low:.3f} to {high:.3f}, {confidence:.0%})")
    low, high, _confidence = interval(more)
    found = BETTER if low > 1 else WORSE if statistics.median(more) < 1 - LOSS_LIMIT and high < 1 else ALIKE
    print(f"{database.name}, {load}, {OURS} beside {other}: {'; '.join(shown)}: {found}", flush=True)
    return found
