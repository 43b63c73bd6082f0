# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at a large PostgreSQL and a large MariaDB costs: 2,000 tables and 200 connections each, on a lab host.

Limits: 1.5 s for each look; no lock of a table above AccessShare; one round trip for the host; and pgbench's throughput with a
look in each window within 0.5 % of that without, beyond noise. Short windows with and without alternate, in an order that turns each
round; the loss is the median of the rounds' ratios with its distribution-free confidence interval (order statistics).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from plugins.plugin_utils.archive import Capture, captures_of_run, load
from tests.lab import lab, on_host

LAB, HOST = "benchdb", "db1"
run_on = partial(on_host, LAB, HOST)
TABLES, CONNECTIONS = 2000, 200
SECONDS_LIMIT, LOSS_LIMIT = 1.5, 0.005
SUBJECTS = {"PostgreSQL": ["postgresql", "postgresql_tables", "postgresql_log"], "MariaDB": ["mysql"]}
CONFIDENCE = 0.95
# PostgreSQL takes it itself for each client that logs on, one that asks nothing too, until the login is done: it keeps the database
# from being dropped meanwhile, and nothing else waits for it (InitPostgres, LockSharedObject)
OF_LOGIN = "RowExclusiveLock object pg_database"

SETUP = f"""
set -e
printf 'max_connections = {CONNECTIONS + 60}\\nshared_preload_libraries = pg_stat_statements\\n' > /etc/postgresql/15/main/conf.d/bench.conf
printf '[mariadbd]\\nmax_connections = {CONNECTIONS + 60}\\n' > /etc/mysql/mariadb.conf.d/90-bench.cnf
systemctl start postgresql@15-main mariadb
cat > /tmp/tables.sql <<'END'
CREATE DATABASE shop;
\\c shop
CREATE EXTENSION pg_stat_statements;
DO $$ BEGIN FOR n IN 1..{TABLES} LOOP
  EXECUTE format('CREATE TABLE t%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b text)', n);
  EXECUTE format('CREATE INDEX ON t%s (a)', n);
  IF n % 200 = 0 THEN COMMIT; END IF;
END LOOP; END $$;
END
runuser -u postgres -- psql -qX -v ON_ERROR_STOP=1 -f /tmp/tables.sql
runuser -u postgres -- pgbench -q -i -s 10 shop >/dev/null 2>&1
(echo 'CREATE DATABASE shop; USE shop;'
 for n in $(seq {TABLES}); do echo "CREATE TABLE t$n (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b TEXT, KEY (a));"; done) | mariadb
cat > /tmp/connect.py <<'END'
import subprocess, time
shells = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
          for command in (["runuser", "-u", "postgres", "--", "psql", "-qX", "shop"], ["mariadb", "shop"]) for _number in range({CONNECTIONS})]
time.sleep(86400)
END
systemd-run --quiet python3 /tmp/connect.py
for attempt in $(seq 120); do
    here=$(runuser -u postgres -- psql -XAtqc "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop'")
    there=$(mariadb -Ne "SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'shop'")
    [ "$here" -ge {CONNECTIONS} ] && [ "$there" -ge {CONNECTIONS} ] && exit 0
    sleep 1
done
echo "only $here and $there connections" >&2
exit 1
"""
# Every lock that a session of the look holds, sampled as fast as one session can; the last line counts the samples
WATCH = r"""
set -e
cat > /tmp/locks.sql <<'END'
CREATE TEMP TABLE seen (mode text, locktype text, thing text, UNIQUE (mode, locktype, thing));
CREATE TEMP TABLE samples (n int);
DO $$ DECLARE ending timestamptz := clock_timestamp() + interval 'SECONDS s'; n int := 0; BEGIN
WHILE clock_timestamp() < ending LOOP
  INSERT INTO seen SELECT DISTINCT l.mode, l.locktype,
      CASE WHEN l.mode = 'AccessShareLock' THEN '' ELSE ' ' || coalesce(l.relation::regclass::text, l.classid::regclass::text, '') END
    FROM pg_locks l JOIN pg_stat_get_activity(NULL) a USING (pid)
    WHERE a.application_name = 'caretaker' ON CONFLICT DO NOTHING;
  PERFORM pg_stat_clear_snapshot();
  PERFORM pg_sleep(0.002);
  n := n + 1;
END LOOP;
INSERT INTO samples VALUES (n);
END $$;
SELECT mode || ' ' || locktype || thing FROM seen;
SELECT 'samples ' || n FROM samples;
END
runuser -u postgres -- psql -XAtq -f /tmp/locks.sql shop
"""


def measure(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        inventory = folder / "hosts.yml"
        try:
            lab("up", "--hosts", HOST, "--image", "databases", "--name", LAB, "--inventory", str(inventory))
            run_on(SETUP)
            results = [durations(inventory, folder, options.rounds), locks(inventory, folder), round_trips(inventory, folder),
                       throughput(inventory, folder, options.rounds, options.seconds)]
            return 0 if all(results) else 1
        finally:
            lab("down", "--name", LAB)


def look(inventory: Path, folder: Path, *words: str) -> tuple[Capture, str]:
    """One inspection; its capture, and what Ansible printed."""
    home = folder / f"home-{time.monotonic_ns()}"
    command = ["ansible-playbook", "-i", str(inventory), "caretaker.infra.inspect", "-e", "caretaker_sample_seconds=0",
               "-e", f"caretaker_home={home}", *words]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "ANSIBLE_NOCOLOR": "1"})
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    (run,) = (home / "archive").iterdir()
    (path,) = captures_of_run(home, run.name)
    return load(path), done.stdout


def only(subjects: list[str]) -> list[str]:
    return ["-e", json.dumps({"caretaker_subjects": subjects})]


def durations(inventory: Path, folder: Path, rounds: int) -> bool:
    good = True
    for name, subjects in SUBJECTS.items():
        captures = [look(inventory, folder, *only(subjects))[0] for _round in range(rounds)]
        seconds = [capture.seconds for capture in captures]
        failed = sorted({entry.key for capture in captures for entry in capture.entries if entry.error == "timeout"})
        good &= statistics.median(seconds) < SECONDS_LIMIT and not failed
        print(f"{name}, {TABLES} tables, {CONNECTIONS} connections: {statistics.median(seconds):.2f} s, "
              f"{min(seconds):.2f} to {max(seconds):.2f} (limit {SECONDS_LIMIT} s){', timed out: ' + ', '.join(failed) if failed else ''}",
              flush=True)
    return good


def locks(inventory: Path, folder: Path) -> bool:
    """What pg_locks shows of the look's sessions while it looks."""
    seen: list[str] = []
    watching = threading.Thread(target=lambda: seen.extend(run_on(WATCH.replace("SECONDS", "15")).splitlines()))
    watching.start()
    time.sleep(1)
    for _repeat in range(2):
        look(inventory, folder, *only(SUBJECTS["PostgreSQL"]))
    watching.join()
    # Each transaction holds its own number, and nothing waits for that
    held = sorted(line for line in seen if not line.startswith("samples ") and " virtualxid" not in line)
    worse = [line for line in held if not line.startswith("AccessShareLock ") and line != OF_LOGIN]
    print(f"locks held by the look: {', '.join(held) or 'none seen'} ({seen[-1] if seen else 'no samples'})", flush=True)
    return bool(held) and not worse


def round_trips(inventory: Path, folder: Path) -> bool:
    _capture, output = look(inventory, folder, "-vvv")
    number = len(re.findall(r"^<[^>]*> SSH: EXEC ", output, re.MULTILINE))
    print(f"round trips for the whole inspection of the host: {number} (limit 1)", flush=True)
    return number == 1


def throughput(inventory: Path, folder: Path, rounds: int, seconds: int) -> bool:
    losses = []
    for number in range(rounds):
        rates: dict[bool, float] = {}
        for looking in (False, True) if number % 2 == 0 else (True, False):
            rates[looking] = window(inventory, folder, seconds, looking)
        losses.append(1 - rates[True] / rates[False])
        print(f"round {number + 1}: {rates[False]:.0f} transactions a second without, {rates[True]:.0f} with a look: {losses[-1]:+.2%}",
              flush=True)
    low, high, confidence = interval(losses)
    known = "" if high - low < 2 * LOSS_LIMIT else "; too noisy here to tell so little, more rounds on an idle machine do"
    print(f"loss of throughput: median {statistics.median(losses):+.2%}, {confidence:.0%} confidence {low:+.2%} to {high:+.2%} "
          f"(limit {LOSS_LIMIT:.1%} beyond noise{known})")
    return low < LOSS_LIMIT


def interval(values: list[float]) -> tuple[float, float, float]:
    """Where the median lies with 95 % confidence or more, and with how much; with fewer than 6 values less is to be had."""
    ordered = sorted(values)
    count, cut = len(ordered), 0
    while 2 * cut + 3 < count and 1 - 2 * below(count, cut + 1) >= CONFIDENCE:
        cut += 1
    return ordered[cut], ordered[-1 - cut], 1 - 2 * below(count, cut)


def below(count: int, cut: int) -> float:
    """How likely at most ``cut`` of ``count`` values lie below the median."""
    return sum(math.comb(count, number) for number in range(cut + 1)) * 0.5 ** count


def window(inventory: Path, folder: Path, seconds: int, looking: bool) -> float:
    """Transactions a second of pgbench over a window, in whose middle somebody looks, or not."""
    command = f"runuser -u postgres -- pgbench -n -c 2 -j 1 -T {seconds} shop 2>/dev/null"
    printed: list[str] = []
    running = threading.Thread(target=lambda: printed.append(run_on(command)))
    running.start()
    time.sleep(1)
    # Ansible itself takes processor time of this machine too: without a look it inspects nothing of the database
    look(inventory, folder, *only(SUBJECTS["PostgreSQL"] if looking else ["identity"]))
    running.join()
    match = re.search(r"^tps = ([\d.]+)", printed[0], re.MULTILINE)
    if match is None:
        sys.exit(f"pgbench printed no rate: {printed[0]}")
    return float(match[1])
