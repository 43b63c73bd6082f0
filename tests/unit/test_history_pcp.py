# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what pmrep prints of PCP's archives to the series of a host: units, rates, gaps, starts of the host, what can't be read."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from plugins.module_utils import pcp_archives
from plugins.module_utils.host import Host, Limits, Recorder
from plugins.module_utils.pcp_columns import DEVICES, TOTALS, Rows
from plugins.module_utils.subjects import history as subject
from plugins.module_utils.sysstat_columns import Columns
from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts.history import PCP_KEY, parse
from plugins.plugin_utils.history.series import History

TAKEN_AT = datetime(2026, 11, 3, tzinfo=UTC)
BOOT = 1793500000


def printed(rows: Mapping[str, Mapping[str, object]]) -> str:
    """As pmrep -o csv prints it: {time of day: {metric-instance: value}}; a metric without a value in a row is empty there."""
    names = list(dict.fromkeys(name for values in rows.values() for name in values))
    header = ",".join(["Time", *(f'"{name}"' for name in names)])
    return "\n".join([header, *(",".join([f"2026-11-02 {clock}", *(str(values.get(name, "")) for name in names)]) for clock, values in rows.items())])


def history(*texts: str) -> History:
    columns = Columns()
    rows = Rows(columns, 600)
    for text in texts:
        rows.add(text)
    document = {**columns.document(), "problems": [], "cpus": 4, "utc_offset_seconds": 0}
    found = parse(Capture("db1", "r", TAKEN_AT, entries=(
        Entry("history", "command", "pmrep --version", "", "pmrep version 6.0.3\n"), Entry("history", "query", PCP_KEY, json.dumps(document))))).series
    assert isinstance(found, History)
    return found


def cpu(busy: int, boot: int = BOOT, processors: int = 4) -> dict[str, object]:
    """Milliseconds of four processors since the start."""
    return {"kernel.all.cpu.user": busy, "kernel.all.cpu.nice": 0, "kernel.all.cpu.sys": busy // 4, "kernel.all.cpu.idle": 4 * busy,
            "kernel.all.cpu.wait.total": busy // 2, "kernel.all.cpu.steal": 0, "kernel.all.cpu.irq.hard": busy // 8,
            "kernel.all.cpu.irq.soft": busy // 8, "kernel.all.boottime": boot, "hinv.ncpu": processors}


def test_units_and_names() -> None:
    first = {
        **cpu(0), "kernel.all.runnable": 3, "mem.physmem": 1000, "mem.util.free": 250,
        "mem.util.swapTotal": 400, "mem.util.swapFree": 300, "swap.pagesin": 0, "kernel.all.pressure.io.full.total": 0,
        "disk.dev.read-sda": 0, "disk.dev.write-sda": 0, "disk.dev.read_bytes-sda": 0, "disk.dev.write_bytes-sda": 0,
        "disk.dev.avactive-sda": 0, "disk.dev.aveq-sda": 0, "network.interface.in.bytes-eth0": 0, "network.interface.out.bytes-eth0": 0,
        "network.interface.baudrate-eth0": 125000000, "network.interface.duplex-eth0": 2, "filesys.mountdir-/dev/sda1": '"/srv, old"',
        "filesys.capacity-/dev/sda1": 4096, "filesys.used-/dev/sda1": 3072, "filesys.free-/dev/sda1": 1024,
        "filesys.maxfiles-/dev/sda1": 1000, "filesys.usedfiles-/dev/sda1": 100,
    }
    second = {
        **first, **cpu(400000), "swap.pagesin": 1200, "kernel.all.pressure.io.full.total": 60_000_000, "disk.dev.read-sda": 1800,
        "disk.dev.write-sda": 600, "disk.dev.read_bytes-sda": 6000, "disk.dev.write_bytes-sda": 600, "disk.dev.avactive-sda": 240000,
        "disk.dev.aveq-sda": 28800, "network.interface.in.bytes-eth0": 18_750_000_000, "network.interface.out.bytes-eth0": 6_000_000,
    }
    found = history(printed({"08:10:00": first, "08:20:00": second}))
    assert found.sources == ("PCP 6.0.3",)
    assert found.times.tolist() == [1793607000.0, 1793607600.0]
    last = {key: values[1] for key, values in found.series.items()}
    assert last["cpu_user_ratio", ""] == pytest.approx(1 / 6, rel=0.01)
    assert last["cpu_irq_ratio", ""] == pytest.approx(1 / 24, rel=0.01)
    assert last["cpu_idle_ratio", ""] == pytest.approx(4 / 6, rel=0.01)
    assert last["run_queue_length", ""] == 2, "without pmcd, which counts them"
    assert last["memory_total_bytes", ""] == 1000 * 1024
    assert last["swap_used_ratio", ""] == 0.25 and last["swap_in_pages_rate", ""] == 2
    assert last["psi_io_full_ratio", ""] == 0.1
    assert last["disk_transfers_rate", "sda"] == 4
    assert last["disk_await_seconds", "sda"] == 0.012 and last["disk_queue_length", "sda"] == 0.048
    assert last["disk_busy_ratio", "sda"] == 0.4
    assert last["disk_read_bytes_rate", "sda"] == 10 * 1024
    assert last["interface_busy_ratio", "eth0"] == 0.25
    assert last["filesystem_used_ratio", "/srv, old"] == 0.75 and last["filesystem_inodes_used_ratio", "/srv, old"] == 0.1
    assert last["filesystem_free_bytes", "/srv, old"] == 2**20
    assert np.isnan(found.series["cpu_idle_ratio", ""][0]), "a rate needs two rows"


def test_nothing_is_computed_across_a_start_of_the_host() -> None:
    later = BOOT + 90000
    found = history(printed({"08:10:00": cpu(1000), "08:20:00": cpu(241000), "08:30:00": cpu(480000, later, 8), "08:40:00": cpu(720000, later, 8)}))
    assert np.isnan(found.series["cpu_idle_ratio", ""]).tolist() == [True, False, True, False]
    assert found.restarts == (float(later),)


def test_a_row_of_constants_is_a_gap_and_a_counter_that_went_back_no_value() -> None:
    constants = {"kernel.all.boottime": BOOT, "hinv.ncpu": 4}
    found = history(printed({"08:10:00": cpu(8000), "08:20:00": cpu(16000), "08:30:00": constants, "08:40:00": constants, "08:50:00": constants,
                             "09:00:00": cpu(64000), "09:10:00": cpu(32000), "09:20:00": cpu(40000)}))
    assert [datetime.fromtimestamp(at, UTC).strftime("%H:%M") for at in found.times] == ["08:10", "08:20", "09:00", "09:10", "09:20"]
    assert np.isnan(found.series["cpu_idle_ratio", ""]).tolist() == [True, False, True, True, False]


def test_the_next_archive_goes_on_where_the_last_one_ended() -> None:
    found = history(printed({"08:10:00": cpu(8000), "08:20:00": cpu(16000)}), printed({"08:20:00": {}, "08:30:00": cpu(24000)}))
    assert np.isnan(found.series["cpu_idle_ratio", ""]).tolist() == [True, False, False]


PMINFO = """#!/bin/sh
case "$3" in */20261101) echo "pminfo: Cannot open archive \\"$3\\": Illegal label record" >&2; exit 1 ;; esac
printf '\\nmem.util.dirty\\n    value 1\\n\\ndisk.dm.read\\nNo value(s) available!\\n\\ndisk.dev.read\\n    inst [0 or "sda"] value 5\\n'
echo 'Error: vfs.files.count: Unknown metric name' >&2
exit 1
"""
PMREP = """#!/bin/sh
case "$*" in
--version) echo 'pmrep version 4.3.2' >&2 ;;
*disk.dm*|*vfs*) echo 'Invalid metric disk.dm.read (PM_ERR_INDOM_LOG).' >&2; exit 1 ;;
*mem.util.dirty) printf 'Time,"mem.util.dirty"\\n2026-11-02 08:10:00,\\n2026-11-02 08:20:00,7\\n' ;;
*) printf 'Time,"disk.dev.read-sda"\\n2026-11-02 08:20:00,5\\n' ;;
esac
"""


def capture_with(folder: Path, monkeypatch: pytest.MonkeyPatch, programs: Mapping[str, str]) -> object:
    """The series of a host with two archives, whose programs are stubs."""
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    logs = folder / "pmlogger" / os.uname()[1]
    logs.mkdir(parents=True)
    for name in ("20261101.index", "20261102.index"):
        (logs / name).write_text("")
    monkeypatch.setattr(pcp_archives, "FOLDER", str(logs.parent))
    monkeypatch.setattr(subject, "FOLDERS", (str(folder / "no"),))
    monkeypatch.setattr("plugins.module_utils.host.SEARCH_PATH", (str(folder),))
    recorder = Recorder(Limits(5, 20, 1 << 20))
    subject.capture(Host(recorder, "history", 28))
    return parse(Capture("old", "r", TAKEN_AT, entries=tuple(
        Entry("history", item["kind"], item["key"], item.get("text"), item.get("stderr", ""), error=item.get("error")) for item in recorder.entries))).series


def test_only_what_an_archive_has_is_asked_for_with_stub_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = capture_with(tmp_path, monkeypatch, {"pminfo": PMINFO, "pmrep": PMREP})
    assert isinstance(found, History)
    assert found.sources == ("PCP 4.3.2",)
    assert found.series["memory_dirty_bytes", ""].tolist() == [7 * 1024]


def test_archives_that_cannot_be_read_say_so_with_stub_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = capture_with(tmp_path, monkeypatch, {"pminfo": PMINFO.replace("*/20261101)", "*)"), "pmrep": PMREP})
    assert isinstance(found, Unknown) and "Illegal label record" in str(found.values["detail"])


def test_without_pmrep_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = capture_with(tmp_path, monkeypatch, {})
    assert isinstance(found, Unknown) and "pcp-system-tools" in str(found.values["detail"])


def test_each_metric_is_asked_for_once() -> None:
    for metrics in (TOTALS, DEVICES):
        assert len(metrics) == len(set(metrics))
