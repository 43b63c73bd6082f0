# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole inspection of lab hosts beside one ping and one setup, on the same hosts with the same forks.

Limits of the first release: at most 1.8 times ping and 0.45 times setup by the clock, and at most a quarter of setup's CPU
on the hosts. Each is run in turn, several rounds; the medians are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.lab import lab

LAB = "bench"
LIMITS = {"ping": 1.8, "setup": 0.45}
CPU_LIMIT = 0.25
CGROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))


def measure(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        inventory = folder / "hosts.yml"
        try:
            lab("up", str(options.hosts), "--name", LAB, "--inventory", str(inventory))
            return compare(folder, inventory, options.hosts, options.rounds)
        finally:
            lab("down", "--name", LAB)


def compare(folder: Path, inventory: Path, hosts: int, rounds: int) -> int:
    playbooks = {name: one_task(folder, name) for name in ("ping", "setup")}
    commands = {
        **{name: ["ansible-playbook", "-i", str(inventory), str(path)] for name, path in playbooks.items()},
        "inspection": ["ansible-playbook", "-i", str(inventory), "caretaker.infra.inspect", "-e", "caretaker_sample_seconds=0",
                       "-e", f"caretaker_home={folder / 'home'}"],
    }
    walls: dict[str, list[float]] = {name: [] for name in commands}
    cpus: dict[str, list[float]] = {name: [] for name in commands}
    run(commands["ping"])                # connections and caches warm, for all alike
    for number in range(rounds):
        for name, command in commands.items():
            before, started = cpu_of_lab(), time.perf_counter()
            run(command)
            walls[name].append(time.perf_counter() - started)
            cpus[name].append((cpu_of_lab() - before) / hosts)
            print(f"round {number + 1} {name:11} {walls[name][-1]:6.2f} s, {cpus[name][-1]:.3f} s of CPU a host", flush=True)
    wall = {name: statistics.median(values) for name, values in walls.items()}
    cpu = {name: statistics.median(values) for name, values in cpus.items()}
    good = True
    for name, limit in LIMITS.items():
        ratio = wall["inspection"] / wall[name]
        good &= ratio <= limit
        print(f"inspection / {name}: {wall['inspection']:.2f} s / {wall[name]:.2f} s = {ratio:.2f} (limit {limit})")
    ratio = cpu["inspection"] / cpu["setup"]
    good &= ratio <= CPU_LIMIT
    print(f"CPU on a host, inspection / setup: {cpu['inspection']:.3f} s / {cpu['setup']:.3f} s = {ratio:.2f} (limit {CPU_LIMIT})")
    return 0 if good else 1


def one_task(folder: Path, module: str) -> Path:
    path = folder / f"{module}.yml"
    path.write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.{module}:\n")
    return path


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "ANSIBLE_FORKS": "50"})
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def cpu_of_lab() -> float:
    """CPU time of all hosts of the lab so far, seconds, from their control group."""
    for root in CGROUPS:
        path = root / "ctlab" / LAB / "cpu.stat"
        if path.is_file():
            return int(path.read_text().split()[1]) / 1e6       # usage_usec 123456
    sys.exit("the lab's control group has no CPU accounting")
