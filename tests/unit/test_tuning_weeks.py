# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage changed over weeks, by the history alone."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
import zstandard

from plugins.plugin_utils.bottleneck.business import DAY, Hours
from plugins.plugin_utils.facts.history import PROMETHEUS_KEY
from plugins.plugin_utils.history.series import History, Values
from plugins.plugin_utils.tuning.proof import Outcome
from plugins.plugin_utils.tuning.verdict import told
from plugins.plugin_utils.tuning.weeks import judge_weeks

ROOT = Path(__file__).parents[2]
END = 1795392000.0                      # 2026-11-23 00:00 UTC, a Monday
STEP = 600
AT = END - 14 * DAY + 20 * 3600
LATENCY, HITS, WORK = "database_latency_seconds", "database_cache_hit_ratio", "database_transactions_rate"


def series(before: float, after: float, noise: float = 0.1, seed: int = 1) -> Values:
    """28 days that are twice as high by day as by night, each day with its own level."""
    rng = np.random.default_rng(seed)
    times = END - 28 * DAY + STEP * np.arange(1, 28 * DAY // STEP + 1)
    daily = np.repeat(rng.lognormal(0, 0.08, 28), DAY // STEP)
    by_day = np.where(((times % DAY) / 3600 >= 8) & ((times % DAY) / 3600 < 18), 1.0, 0.5)
    return np.where(times <= AT, before, after) * by_day * daily * rng.lognormal(0, noise, len(times))


def history(**measured: Values) -> History:
    times = END - 28 * DAY + STEP * np.arange(1, 28 * DAY // STEP + 1.0)
    named = {(name, "sda" if name.startswith("disk") else "" if name.startswith("swap") else "postgresql"): values for name, values in measured.items()}
    return History(times, np.full(len(times), float(STEP)), named, (), 0, (), {})


@pytest.mark.parametrize(("after", "outcome"), [(0.2, Outcome.BETTER), (1.01, Outcome.SAME), (2.0, Outcome.WORSE)])
def test_what_clients_wait_for_decides_over_weeks_too(after: float, outcome: Outcome) -> None:
    found = history(**{LATENCY: series(1.0, after), HITS: np.clip(1 - series(0.2, 0.02), 0, 1)})
    verdict = judge_weeks(found, Hours(), "postgresql 5432", [HITS], AT)
    assert (verdict.outcome, verdict.decided_by) == (outcome, (f"{LATENCY} postgresql",))
    assert verdict.proofs[f"{HITS} postgresql"].outcome is Outcome.BETTER, "a cache that hits more costs less"
    assert verdict.proofs[f"{LATENCY} postgresql"].samples == (540, 540), "nine working days on each side"
    assert next(told(verdict)) == f"{outcome.value} (by {LATENCY} postgresql)"


def test_less_work_explains_less_waiting() -> None:
    found = history(**{LATENCY: series(1.0, 0.3), WORK: series(100, 40)})
    assert judge_weeks(found, Hours(), "postgresql 5432", [], AT).outcome is Outcome.INSUFFICIENT


def test_each_disk_is_compared_and_rates_bear_their_unit() -> None:
    found = history(disk_await_seconds=series(0.02, 0.005), swap_out_pages_rate=series(50, 1))
    verdict = judge_weeks(found, Hours(), "kernel", ["disk_await_seconds", "swap_out_pages_rate", "conntrack_used_ratio"], AT)
    assert verdict.outcome is Outcome.BETTER
    assert set(verdict.proofs) == {"disk_await_seconds sda", "swap_out_pages_rate"}
    assert verdict.unproven == {"conntrack_used_ratio": "the history does not measure it"}
    assert any("/s -> " in line for line in told(verdict))


@pytest.mark.parametrize("at", [END - 5 * DAY, END - 25 * DAY, END + DAY])
def test_too_few_days_on_a_side_prove_nothing(at: float) -> None:
    verdict = judge_weeks(history(**{LATENCY: series(1.0, 0.1)}), Hours(), "postgresql 5432", [HITS], at)
    assert (verdict.outcome, verdict.proofs) == (Outcome.INSUFFICIENT, {})
    assert verdict.unproven[HITS] == "fewer than 8 working days are known on each side"


def test_another_database_of_the_host_is_not_taken_for_this_one() -> None:
    two = history(**{LATENCY: series(1.0, 0.2)})
    both = History(two.times, two.seconds, {(LATENCY, "mysql"): series(1, 1), (LATENCY, "other"): series(1, 1)}, (), 0, (), {})
    assert set(judge_weeks(both, Hours(), "mysql 3306", [], AT).proofs) == {f"{LATENCY} mysql"}
    assert judge_weeks(both, Hours(), "postgresql 5432", [], AT).unproven == {LATENCY: "the history does not measure it"}


def plan_at(home: Path, outcome: str = "better") -> Path:
    """A plan that was carried out, its verdicts beside it, and a run two weeks later whose capture holds the history."""
    plan = home / "plans" / "tuning-2026Q4-001" / "plan.yml"
    (plan.parent / "verdicts").mkdir(parents=True)
    plan.write_text(yaml.safe_dump({
        "schema": 1, "id": "tuning-2026Q4-001", "kind": "tuning", "title": "t", "requester": "alice", "written_at": "2026-11-08T09:00:00Z",
        "window": {"from": "2026-11-09T18:00:00Z", "until": "2026-11-09T23:00:00Z"}, "systems": {"crm": {"approvers": ["bob"], "needed": 1}},
        "hosts": {"db1": {"address": "192.0.2.10", "system": "crm", "groups": []}}, "approvers_sha256": "0" * 64, "freeze_exceptions": [],
        "incident": None, "steps": [{"id": "s1", "host": "db1", "stage": 1, "action": "postgresql", "object": "5432", "proof": HITS}]}))
    applied = datetime.fromtimestamp(AT, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    (plan.parent / "verdicts" / "db1-1.json").write_text(json.dumps({"at": applied, "server": "postgresql 5432", "outcome": outcome}))
    return plan


def capture_at(path: Path, after: float) -> Path:
    found = history(**{LATENCY: series(1.0, after)})
    document = {"times": found.times.tolist(), "step": STEP, "missing": {}, "restarts": [],
                "series": [[LATENCY, "postgresql", found.series[LATENCY, "postgresql"].tolist()]]}
    entry = {"subject": "history", "instance": "history", "kind": "query", "key": PROMETHEUS_KEY, "at": 0.0, "text": json.dumps(document)}
    capture = {"schema": 1, "host": "db1", "run": "2026Q4-002", "source": "prometheus", "subjects": ["history"], "taken_at": "2026-11-23T00:00:00Z",
               "entries": [entry]}
    path.write_bytes(zstandard.ZstdCompressor().compress(json.dumps(capture).encode()))
    return path


def prove(*words: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(ROOT / "scripts" / "prove"), *map(str, words)], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(("after", "status", "said"), [(0.2, 0, "db1-1: better (by database_latency_seconds postgresql)"), (3.0, 1, "db1-1: worse")])
def test_the_command_tells_and_keeps_the_verdict(tmp_path: Path, after: float, status: int, said: str) -> None:
    plan = plan_at(tmp_path)
    done = prove(plan, capture_at(tmp_path / "db1.json.zst", after))
    assert done.returncode == status, done.stderr
    assert said in done.stdout
    assert json.loads((plan.parent / "verdicts" / "db1-1-weeks.json").read_text())["run"] == "2026Q4-002"


def test_bad_input_of_the_command_is_told(tmp_path: Path) -> None:
    plan = plan_at(tmp_path)
    capture = capture_at(tmp_path / "db1.json.zst", 0.2)
    assert "can't be read as a plan" in prove(tmp_path / "no.yml", capture).stderr
    assert "no.json.zst" in prove(plan, tmp_path / "no.json.zst").stderr
    (plan.parent / "verdicts" / "db1-1.json").unlink()
    done = prove(plan, capture)
    assert (done.returncode, "db1-1: was not carried out from here" in done.stdout) == (0, True)
    plan.write_text(plan.read_text().replace("kind: tuning", "kind: remediation"))
    assert "is a plan of kind remediation, not tuning" in prove(plan, capture).stderr
