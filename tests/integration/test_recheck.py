# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault, its remedy, and a recheck that closes the finding by evidence and looks at nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import findings, fresh_lab, inspect, on_host

pytestmark = pytest.mark.lab
LAB = "recheck"


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("lab") / "hosts.yml"
    with fresh_lab(LAB, "--hosts", "sick,well", "--inventory", str(path)):
        yield path


def test_recheck_closes_findings_by_evidence(inventory: Path, tmp_path: Path) -> None:
    on_host(LAB, "sick", "systemd-run --unit=planted-fault false; for n in 1 2 3 4 5 6 7 8 9; do systemctl is-failed planted-fault && break; sleep 0.2; done")
    first = inspect(inventory, tmp_path)
    assert first.status == 0, first.output
    found = [item for item in findings(first.hosts()["sick"], "failed_units") if item["severity"] in ("warning", "critical")]
    assert [item["state"] for item in found] == ["new"]

    still = inspect(inventory, tmp_path, "-e", f"recheck={first.runs[-1]}")
    assert [item["state"] for item in findings(still.hosts()["sick"], "failed_units")] == ["persisting"]

    on_host(LAB, "sick", "systemctl reset-failed planted-fault.service")
    closed = inspect(inventory, tmp_path, "-e", f"recheck={first.runs[-1]}")
    assert [item["state"] for item in findings(closed.hosts()["sick"], "failed_units")] == ["resolved"]
    sick = closed.hosts()["sick"]
    judged = {item["rule"] for item in (*sick["findings"], *sick["fine"])}
    assert "failed_units" in judged
    assert "ssh_root_password_login" not in judged, "a subject that had nothing open was looked at"


def test_recheck_of_an_unknown_run_says_so(inventory: Path, tmp_path: Path) -> None:
    done = inspect(inventory, tmp_path, "-e", "recheck=2020Q1-001")
    assert done.status != 0
    assert "there is no such run in the records" in done.output
