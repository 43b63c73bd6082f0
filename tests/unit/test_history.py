# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the text of sadf to the series of a host: units, versions, restarts, gaps, a clock that was set back, what can't be read."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plugins.module_utils.host import Host, Limits, Recorder
from plugins.module_utils.subjects import history as subject
from plugins.module_utils.sysstat_columns import Columns, kept
from plugins.plugin_utils.absent import NotHere, Unknown, Unreadable
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts.history import KEY, parse
from plugins.plugin_utils.history.series import History

DAY = "2026-11-02 "
TAKEN_AT = datetime(2026, 11, 3, tzinfo=UTC)


def rows(header: str, *lines: str) -> str:
    return "\n".join((f"# hostname;interval;timestamp;{header}", *(f"db1;{line}" for line in lines))) + "\n"


def document(*texts: str, **more: Any) -> dict[str, Any]:
    columns = Columns()
    for text in texts:
        columns.add(text)
    return {**columns.document(), "problems": [], "cpus": 4, "utc_offset_seconds": 3600, **more}


def facts(entry: Entry | None, *others: Entry) -> Any:
    return parse(Capture("db1", "r", TAKEN_AT, entries=(*((entry,) if entry else ()), *others))).series


def history(*texts: str, **more: Any) -> History:
    found = facts(Entry("history", "query", KEY, json.dumps(document(*texts, **more))))
    assert isinstance(found, History)
    return found


def cpu(*clocks: str, seconds: int = 600) -> str:
    return rows("CPU;%usr;%nice;%sys;%iowait;%steal;%irq;%soft;%guest;%gnice;%idle",
                *(f"{seconds};{DAY}{clock} UTC;-1;10.00;1.00;5.00;2.00;0.50;0.25;0.75;3.00;0.50;77.00" for clock in clocks))


@pytest.mark.parametrize(("name", "value", "expected"), [
    ("%idle", 87.654, 87.7), ("kbavail", 16384123, 16400000), ("MBfsfree", 123456, 123500), ("%fsused", 89.996, 90),
    ("await", 1.234, 1.24), ("await", 0.0231, 0.023), ("tps", 437.2, 435), ("tps", 996, 1000), ("rkB/s", -612.4, -610), ("oseg/s", 0, 0),
    ("tps", float("inf"), None), ("%util", float("nan"), None),
])
def test_precision(name: str, value: float, expected: float | None) -> None:
    assert kept(name, value) == expected


def test_rates_are_off_by_little() -> None:
    values = np.geomspace(0.001, 1e9, 2000)
    assert max(abs(float(kept("tps", value)) / value - 1) for value in values) < 0.0126


def test_units_and_names() -> None:
    found = history(
        cpu("08:10:00", "08:20:00"),
        rows("DEV;tps;rkB/s;wkB/s;dkB/s;areq-sz;aqu-sz;await;%util", *(f"600;{DAY}08:{m}:00 UTC;sda;5.00;2.00;4.00;0;1;0.50;12.00;40.00" for m in (10, 20))),
        rows("IFACE;rxpck/s;txpck/s;rxkB/s;txkB/s;%ifutil", f"600;{DAY}08:10:00 UTC;eth0;1;1;8.00;16.00;25.00", f"600;{DAY}08:10:00 UTC;lo;1;1;8.00;16.00;0"),
        rows("MOUNTPOINT;MBfsfree;MBfsused;%fsused;%Iused", f"600;{DAY}08:10:00 UTC;/srv;100;300;75.00;10.00"),
    )
    assert found.times.tolist() == [1793607000.0, 1793607600.0]
    assert found.utc_offset_seconds == 3600
    first = {key: values[0] for key, values in found.series.items()}
    assert first["cpu_user_ratio", ""] == pytest.approx(0.13)       # a guest's time is the host's user time
    assert first["cpu_irq_ratio", ""] == pytest.approx(0.01)
    assert first["cpu_idle_ratio", ""] == pytest.approx(0.77)
    assert first["disk_await_seconds", "sda"] == pytest.approx(0.012)
    assert first["disk_read_bytes_rate", "sda"] == 2048
    assert first["interface_busy_ratio", "eth0"] == 0.25
    assert first["filesystem_used_ratio", "/srv"] == 0.75
    assert first["filesystem_free_bytes", "/srv"] == 100 * 2**20
    assert np.isnan(found.series["filesystem_used_ratio", "/srv"][1])
    assert ("interface_busy_ratio", "lo") not in first
    assert found.missing["psi_io_full_ratio"].reason.startswith("what measures this host")


def test_sysstat_10_counts_sectors_and_caches_as_used() -> None:
    found = history(rows("DEV;tps;rd_sec/s;wr_sec/s;avgrq-sz;avgqu-sz;await;svctm;%util", f"600;{DAY}08:10:00 UTC;sda;5.00;2.00;4.00;1;0.50;12.00;1;40.00"),
                    rows("kbmemfree;kbmemused;%memused;kbbuffers;kbcached;kbcommit;%commit", f"600;{DAY}08:10:00 UTC;250;750;75.00;10;600;1;1"))
    assert found.series["disk_read_bytes_rate", "sda"][0] == 1024
    assert found.series["disk_queue_length", "sda"][0] == 0.5
    assert found.series["memory_total_bytes", ""][0] == 1000 * 1024
    newer = history(rows("kbmemfree;kbavail;kbmemused;%memused", f"600;{DAY}08:10:00 UTC;250;840;150;15.00"))
    assert newer.series["memory_total_bytes", ""][0] == pytest.approx(1000 * 1024)
    assert "memory_available_bytes" in found.missing


def test_restarts_tell_how_many_cpus_there_are() -> None:
    found = history(cpu("08:10:00"), f"db1;-1;{DAY}08:15:00 UTC;LINUX-RESTART\t(8 CPU)\n", cpu("08:30:00"),
                    f"db1;-1;{DAY}08:35:00 UTC;LINUX-RESTART\t(16 CPU)\n", cpu("08:50:00"))
    assert found.restarts == (1793607300.0, 1793608500.0)
    assert found.series["cpus_count", ""].tolist() == [8, 8, 16]


def test_nothing_is_said_of_a_gap() -> None:
    found = history(cpu("08:10:00", "08:20:00", "08:30:00"), cpu("11:30:00", seconds=10800), cpu("11:40:00"))
    assert np.isnan(found.series["cpu_idle_ratio", ""]).tolist() == [False, False, False, True, False]


def test_times_ascend_also_when_the_clock_was_set_back_or_far_ahead() -> None:
    found = history(cpu("08:10:00", "08:20:00", "08:30:00"), cpu("08:15:00", "08:25:00", "08:35:00"),
                    cpu("09:00:00").replace("2026", "2038"), cpu("08:45:00"))
    assert (np.diff(found.times) > 0).all()
    assert [datetime.fromtimestamp(at, UTC).strftime("%H:%M") for at in found.times] == ["08:10", "08:20", "08:30", "08:35", "08:45"]


def test_a_counter_that_went_back_is_no_value() -> None:
    found = history(rows("IFACE;rxkB/s;txkB/s", f"600;{DAY}08:10:00 UTC;eth0;18446744073709551.00;1", f"600;{DAY}08:20:00 UTC;eth0;3.00;-5"))
    assert np.isnan(found.series["interface_receive_bytes_rate", "eth0"]).tolist() == [True, False]
    assert np.isnan(found.series["interface_transmit_bytes_rate", "eth0"]).tolist() == [False, True]


def test_400_cpus_are_one_and_3000_disks_are_each_there() -> None:
    cpus = rows("CPU;%usr;%idle", *(f"600;{DAY}08:10:00 UTC;{number};10.00;90.00" for number in range(-1, 400)))
    disks = rows("DEV;tps;await;%util", *(f"600;{DAY}08:10:00 UTC;sd{number};1;2;3" for number in range(3000)))
    found = history(cpus, disks)
    assert sum(name == "cpu_idle_ratio" for name, _instance in found.series) == 1
    assert sum(name == "disk_await_seconds" for name, _instance in found.series) == 3000


def test_what_cannot_be_read_is_unknown_and_says_why() -> None:
    assert isinstance(facts(None), NotHere)
    none = facts(Entry("history", "query", KEY, error="not_found", stderr="there is no sysstat data in /var/log/sa"))
    assert isinstance(none, Unknown) and "role caretaker.infra.history" in none.reason
    other = facts(Entry("history", "query", KEY, json.dumps(document(problems=[
        {"file": "/var/log/sa/sa02", "options": "-u", "error": "failed", "stderr": "created by sysstat version 9.0.4"}]))))
    assert isinstance(other, Unknown) and "9.0.4" in str(other.values["detail"])
    assert isinstance(facts(Entry("history", "query", KEY, json.dumps(document()))), Unknown)
    with pytest.raises(Unreadable):
        facts(Entry("history", "query", KEY, json.dumps(document(cpu("08:10:00")))[:200]))


OLD_SADF = """#!/bin/sh
case "$*" in
*SOFT*|*MOUNT*) echo 'Usage: sadf [ options ]' >&2; exit 1 ;;
-V) echo 'sysstat version 10.1.5' ;;
*-u*) printf '# hostname;interval;timestamp;CPU;%%user;%%idle\\nold;600;2026-11-02 08:10:00 UTC;-1;4,00;96,00\\n' ;;
*sa02*) echo 'Invalid system activity file: created by sysstat version 9.0.4' >&2; exit 3 ;;
esac
"""


def test_an_older_sadf_is_asked_for_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "sadf"
    program.write_text(OLD_SADF)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "sa02").write_text("")
    monkeypatch.setattr(subject, "FOLDERS", (str(tmp_path),))
    monkeypatch.setattr("plugins.module_utils.host.SEARCH_PATH", (str(tmp_path), "/bin", "/usr/bin"))
    recorder = Recorder(Limits(5, 20, 1 << 20))
    subject.capture(Host(recorder, "history", 28))
    entries = tuple(Entry("history", item["kind"], item["key"], item.get("text"), error=item.get("error")) for item in recorder.entries)
    found = parse(Capture("old", "r", TAKEN_AT, entries=entries)).series
    assert isinstance(found, History)
    assert found.sources == ("sysstat 10.1.5",)
    assert found.series["cpu_user_ratio", ""].tolist() == [0.04]
    assert json.loads(recorder.entries[-1]["text"])["problems"][0]["stderr"].endswith("version 9.0.4")


def test_without_history_days_nothing_is_looked_at() -> None:
    recorder = Recorder(Limits(5, 20, 1 << 20))
    subject.capture(Host(recorder, "history", 0))
    assert recorder.entries == []
