# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults injected into lab hosts, measured as an inspection measures them, and diagnosed.

Nobody waits four weeks: what a host showed under the fault for half a minute is drawn from for the business hours of four weeks; for all
other hours what sysstat saw of it at rest. Only the time axis is made up; the measures and all that names a cause are of real captures.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Capture, load
from plugins.plugin_utils.bottleneck.circumstances import circumstances_of
from plugins.plugin_utils.bottleneck.diagnosis import Diagnosis, diagnose
from plugins.plugin_utils.facts.history import parse
from plugins.plugin_utils.history.series import History, Values
from plugins.plugin_utils.inspection import judge
from tests.lab import LabError, lab, on_host

from .diagnosis import UNKNOWN, Labels, named, scored, shown
from .injections import INJECTIONS, OF_HOST, Injection

LAB, VM = "benchlive", "vm1"
IDLE = {host: Injection("at rest", host, "", frozenset()) for host in (VM, "cpu1")}
run_on = partial(on_host, LAB)
SETTLE_SECONDS = 6
SAMPLES, SAMPLE_SECONDS = 12, 2
STEP, WEEKS, BEGIN = 600, 4, 1793577600       # Monday 2026-11-02 00:00 UTC
WITHOUT_TIMER = "systemctl stop sysstat-collect.timer; rm -f /var/log/sysstat/sa*"       # its samples of ten minutes are of before
# sysstat's own collector, into the file that an inspection finds
COLLECT = f"""
file=/var/log/sysstat/sa$(date +%d); mkdir -p /var/log/sysstat; rm -f $file
nice -n -19 /usr/lib/sysstat/sadc -S XALL {SAMPLE_SECONDS} {SAMPLES} $file
"""


def measure(options: argparse.Namespace) -> int:
    wanted = [item for item in INJECTIONS if options.only is None or options.only in f"{item.host}, {item.name}"]
    if not wanted:
        sys.exit(f"no injection has {options.only!r} in its \"HOST, NAME\", such as \"{INJECTIONS[0].host}, {INJECTIONS[0].name}\"")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            needed = sorted({item.host for item in wanted})
            containers = ",".join(host for host in needed if host != VM)
            lab("up", *(("--hosts", containers, "--image", "loads") if containers else ()), *(("--vm",) if VM in needed else ()),
                "--name", LAB, "--inventory", str(folder / "hosts.yml"))
            for host in needed:
                run_on(host, WITHOUT_TIMER)
            calm = {host: history_of(observed(IDLE[host], folder, "")) for host in IDLE if host in needed}
            pairs = [found for item in wanted if (found := tried(item, folder, calm)) is not None]
        finally:
            lab("down", "--name", LAB)
    print(f"{len(pairs)} of {len(wanted)} injections measured")
    return 0 if scored(pairs) and len(pairs) == len(wanted) else 1


def tried(injection: Injection, folder: Path, calm: Mapping[str, History]) -> tuple[Labels, Labels] | None:
    """(expected, found); None where the injection itself failed, which is told."""
    begun = time.monotonic()
    try:
        run_on(injection.host, injection.before)
        try:
            capture = observed(injection, folder, injection.load)
        finally:
            run_on(injection.host, f"systemctl stop injection 2>/dev/null; {injection.after}")
    except (LabError, SystemExit) as error:
        print(f"{injection.name}: not measured: {error}", flush=True)
        return None
    diagnosis = diagnose(stretched(calm.get(injection.host), history_of(capture)), circumstances_of(judge(capture).facts))
    found = named(diagnosis) if injection.looks == 1 else of_servers(diagnosis)
    right = "right" if found == injection.labels else "WRONG"
    causes = "" if found == UNKNOWN else ", ".join(verdict.cause for verdict in getattr(diagnosis, "verdicts", ()))
    print(f"{injection.host}, {injection.name}: {shown(injection.labels)} -> {shown(found)} ({causes or 'no verdict'}), {right}, "
          f"{time.monotonic() - begun:.0f} s", flush=True)
    return injection.labels, found


def of_servers(diagnosis: Diagnosis | Unknown) -> Labels:
    """As ``named``, where the host itself was not looked at: something of its servers must have been judged."""
    if isinstance(diagnosis, Unknown) or not diagnosis.judged:
        return UNKNOWN
    return frozenset((verdict.domain.value, verdict.resource) for verdict in diagnosis.verdicts)


def observed(injection: Injection, folder: Path, load_script: str) -> Capture:
    """The newest capture of a host under a load, or at rest, with all that came before it as its history."""
    home = folder / f"home-{time.monotonic_ns()}"
    if load_script:
        run_on(injection.host, f"cat > /run/injection.sh <<'END_OF_LOAD'\n{load_script}\nEND_OF_LOAD\n"
                               "systemctl reset-failed injection 2>/dev/null; "
                               "systemd-run --quiet --collect --unit=injection --working-directory=/tmp bash /run/injection.sh")
        time.sleep(SETTLE_SECONDS)
    if injection.looks == 1:
        run_on(injection.host, COLLECT)
    for _look in range(injection.looks):
        capture = look(home, folder / "hosts.yml", injection)
    if load_script and run_on(injection.host, "systemctl is-active injection || true").strip() != "active":
        sys.exit("its load has ended before its time")
    return capture


def look(home: Path, inventory: Path, injection: Injection) -> Capture:
    variables = {"caretaker_home": str(home), "caretaker_sample_seconds": 0, "caretaker_history_days": 1, "caretaker_command_timeout": 60,
                 "caretaker_total_timeout": 280, "caretaker_subjects": [*dict.fromkeys((*(injection.subjects or OF_HOST), "history"))]}
    command = ["ansible-playbook", "-i", str(inventory), "--limit", injection.host, "caretaker.infra.inspect", "-e", json.dumps(variables)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "ANSIBLE_NOCOLOR": "1"})
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    newest = max((home / "archive").glob("*/*.json.zst"), key=lambda path: path.stat().st_mtime_ns)
    return load(newest)


def history_of(capture: Capture) -> History:
    found = parse(capture).series
    if not isinstance(found, History):
        sys.exit(f"no history: {found}")
    return found


def stretched(calm: History | None, under: History) -> History:
    """Four weeks: business hours (Monday to Friday, 8 to 18) drawn from ``under``, all others from ``calm``; whole samples, seeded."""
    times = BEGIN + STEP * np.arange(1.0, WEEKS * 7 * 86400 // STEP + 1)
    middle = times - STEP / 2 - BEGIN
    business = (middle // 86400 % 7 < 5) & (middle % 86400 >= 8 * 3600) & (middle % 86400 < 18 * 3600)
    chance = np.random.default_rng(1)
    at_work, at_rest = drawn(under, len(times), chance), {} if calm is None else drawn(calm, len(times), chance)
    unknown = np.full(len(times), np.nan)
    series = {key: np.where(business, at_work.get(key, unknown), at_rest.get(key, unknown)) for key in {**at_rest, **at_work}}
    return History(times, np.full(len(times), float(STEP)), series, (), 0, under.sources, under.missing)


def drawn(part: History, count: int, chance: np.random.Generator) -> dict[tuple[str, str], Values]:
    """So many samples, each as a whole, in any order."""
    places = chance.integers(0, len(part.times), count)
    return {key: values[places] for key, values in part.series.items()}
