# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's cost: an inspection of lab hosts with it and without it in turn, and the check of a ledger of many entries.

Limits: at most 5 % more time for an inspection of 20 hosts (median of paired rounds; by CPU), and 1,000,000 entries verified in 15 s.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from plugins.plugin_utils.ledger.line import NOTHING, write
from plugins.plugin_utils.ledger.verification import verify
from tests.lab import lab

LAB = "benchledger"
OVERHEAD_LIMIT = 0.05
SECONDS_LIMIT = 15.0
WITH, WITHOUT = "caretaker.infra.ledger", "ansible.builtin.default"


def measure(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        good = verification(folder / "many.jsonl", options.entries)
        try:
            lab("up", str(options.hosts), "--name", LAB, "--inventory", str(folder / "hosts.yml"))
            return 0 if overhead(folder, options.rounds) and good else 1
        finally:
            lab("down", "--name", LAB)


def verification(path: Path, entries: int) -> bool:
    previous = NOTHING
    task = {"at": "2026-11-22T03:00:00.123Z", "run": "0123456789abcdef", "event": "task", "play": "Tune", "task": "Set the limit of connections",
            "action": "ansible.posix.sysctl", "outcome": "changed", "changes": [{"what": "net.core.somaxconn", "before": "128", "after": "4096"}]}
    with path.open("wb") as stream:
        for number in range(1, entries + 1):
            previous, line = write(previous, number, {**task, "host": f"db{number % 1000}"})
            stream.write(line)
    started = time.perf_counter()
    verdict = verify(path)
    seconds = time.perf_counter() - started
    limit = SECONDS_LIMIT * entries / 1_000_000
    print(f"{verdict.lines} entries ({path.stat().st_size / 1e6:.0f} MB) verified in {seconds:.1f} s (limit {limit:.1f} s)", flush=True)
    return verdict.problem is None and verdict.lines == entries and seconds <= limit


def overhead(folder: Path, rounds: int) -> bool:
    """By the clock and by the control node's CPU: on a machine that others use too, only the second tells a few per cent."""
    run(folder, WITH)                   # connections and caches warm, for both alike
    clock, cpu = [], []
    for number in range(rounds):
        order = (WITH, WITHOUT) if number % 2 else (WITHOUT, WITH)
        taken = {callback: run(folder, callback) for callback in order}
        clock.append(taken[WITH][0] / taken[WITHOUT][0] - 1)
        cpu.append(taken[WITH][1] / taken[WITHOUT][1] - 1)
        print(f"round {number + 1}: " + ", ".join(
            f"{taken[callback][0]:.2f} s and {taken[callback][1]:.2f} s of CPU {word} the ledger"
            for callback, word in ((WITH, "with"), (WITHOUT, "without"))), flush=True)
    for name, ratios in (("the clock", clock), ("CPU", cpu)):
        print(f"overhead by {name} {statistics.median(ratios):+.1%} (limit {OVERHEAD_LIMIT:.0%}), from {min(ratios):+.1%} to {max(ratios):+.1%}")
    return statistics.median(cpu) <= OVERHEAD_LIMIT


def run(folder: Path, callback: str) -> tuple[float, float]:
    """Seconds by the clock, and of CPU of the play and all its processes."""
    command = ["ansible-playbook", "-i", str(folder / "hosts.yml"), "caretaker.infra.inspect", "-e", "caretaker_sample_seconds=0",
               "-e", f"caretaker_home={folder / 'home'}"]
    environment = {**os.environ, "ANSIBLE_CALLBACKS_ENABLED": callback, "CARETAKER_LEDGER": str(folder / "ledger.jsonl"), "ANSIBLE_FORKS": "50"}
    before, started = cpu_of_children(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started, cpu_of_children() - before


def cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
