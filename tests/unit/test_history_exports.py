# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sysstat writes for other programs becomes one History, whatever the form; sysstat itself writes it here, of this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.bottleneck.stored import BadHistory, load_history
from plugins.plugin_utils.history.binary import rows_of_binary
from plugins.plugin_utils.history.exports import history_of_export

FORMS = {"json": ("sadf", "-j"), "xml": ("sadf", "-x"), "lines": ("sadf", "-p"), "rows": ("sadf", "-d"), "text": ("sar", "-f")}
COLLECTORS = ("/usr/lib/sysstat/sadc", "/usr/lib64/sa/sadc")
JSON = """{"sysstat": {"hosts": [{"nodename": "db1", "number-of-cpus": 8, "statistics": [
 {"timestamp": {"date": "2026-11-02", "time": "08:10:01", "utc": 1, "interval": 600},
  "cpu-load": [{"cpu": "all", "user": 4.1, "nice": 0, "system": 1.2, "iowait": 0.3, "steal": 0, "idle": 94.4}, {"cpu": "0", "user": 99}],
  "memory": {"avail": 2000, "swpused-percent": 12.5}, "network": {"net-dev": [{"iface": "eth0", "rxkB": 2.0}]},
  "psi": {"psi-io": {"some_avg": 7, "full_avg": 3}}, "disk": [{"disk-device": "sda", "await": 4.0, "util-percent": 30}]},
 {"timestamp": {"date": "2026-11-02", "time": "08:20:01", "utc": 1, "interval": 600}, "cpu-load": [{"cpu": "all", "user": 8.2}]}],
 "restarts": [{"boot": {"date": "2026-11-02", "time": "08:14:02", "utc": 1, "cpu_count": 8}}]}]}}
"""
XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE sysstat PUBLIC "DTD v3.11 sysstat //EN" "http://example.com/sysstat-3.11.dtd">
<sysstat xmlns="http://example.com/sysstat"><host nodename="db1"><number-of-cpus>8</number-of-cpus><statistics>
<timestamp date="2026-11-02" time="08:10:01" utc="1" interval="600">
 <cpu-load><cpu number="all" user="4.10" idle="94.40"/><cpu number="0" user="99"/></cpu-load>
 <memory unit="kB"><avail>2000</avail><swpused-percent>12.5</swpused-percent></memory>
 <disk per="second"><disk-device dev="sda" await="4.00" util-percent="30.00"/></disk>
 <filesystems><filesystem fsname="/dev/sda9" MBfsfree="5" fsused-percent="32.55"/></filesystems></timestamp>
</statistics><restarts><boot date="2026-11-02" time="08:14:02" utc="1" cpu_count="8"/></restarts></host></sysstat>
"""
LINES = ("db1\t-1\t2026-11-02 08:04:02 UTC\tLINUX-RESTART\t(8 CPU)\n"
         "db1\t600\t2026-11-02 08:10:01 UTC\tall\t%user\t4.10\ndb1\t600\t2026-11-02 08:10:01 UTC\tcpu0\t%user\t99\n"
         "db1\t600\t2026-11-02 08:10:01 UTC\tsda\tawait\t4.00\ndb1\t600\t2026-11-02 08:10:01 UTC\t-\tkbavail\t2000\n"
         "db1\t600\t2026-11-02 08:10:01 UTC\t-\taccess/s\t3\n")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real binary file of this machine, with three samples."""
    collector = next((path for path in COLLECTORS if Path(path).exists()), None)
    assert collector and shutil.which("sadf"), "sysstat is missing: apt-get install sysstat"
    path = tmp_path_factory.mktemp("sysstat") / "sa02"
    subprocess.run([collector, "-S", "ALL", "1", "4", str(path)], check=True, timeout=60)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_of_a_real_file_are_one_history(archive: Path, form: str) -> None:
    command, option = FORMS[form]
    words = [command, option, str(archive), "--", "-A"] if command == "sadf" else [command, "-A", option, str(archive)]
    text = subprocess.run(words, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}).stdout
    found, wanted = history_of_export(text), history_of_export(rows_of_binary(archive))
    assert len(found.times) >= 3
    assert found.times.tolist() == wanted.times.tolist()
    assert {key for key in found.series if key[0] != "cpus_count"} == set(wanted.series)
    assert len(wanted.series) > 30
    for key, values in wanted.series.items():
        # sar and sadf round the same number at different places, and a rate is kept to the nearest of two steps
        close = 2e-3 if key[0].endswith(("_ratio", "_bytes")) else 2.1e-2
        assert np.allclose(found.series[key], values, rtol=close, atol=1e-4, equal_nan=True), key


def test_a_binary_file_is_read_by_this_machines_sadf(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("cpu_idle_ratio", "") in load_history(archive).series
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(BadHistory, match="no sadf to read it: install sysstat; or on the host itself"):
        load_history(archive)


def test_a_binary_file_that_sadf_refuses_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sa02"
    path.write_bytes(b"\x96\xd5" + b"\0" * 400)
    with pytest.raises(BadHistory, match=r"sa02: this machine's sadf can't read it \(.+\); on the host itself"):
        load_history(path)


@pytest.mark.parametrize(("text", "source", "restarts"), [
    (JSON, "sysstat sadf -j", 1), (XML, "sysstat sadf -x", 1), (LINES, "sysstat sadf -p", 1)], ids=("json", "xml", "lines"))
def test_each_form(text: str, source: str, restarts: int) -> None:
    found = history_of_export(text)
    assert found.series["cpu_user_ratio", ""][0] == pytest.approx(0.041)
    assert found.series["disk_await_seconds", "sda"][0] == pytest.approx(0.004)
    assert found.series["memory_available_bytes", ""][0] == 2000 * 1024
    assert found.series["cpus_count", ""][0] == 8
    assert (found.sources, len(found.restarts)) == ((source,), restarts)


def test_what_only_some_forms_hold() -> None:
    found = history_of_export(JSON)
    assert found.series["psi_io_full_ratio", ""][0] == pytest.approx(0.03)
    assert found.series["swap_used_ratio", ""][0] == pytest.approx(0.125)
    assert found.series["interface_receive_bytes_rate", "eth0"][0] == 2048
    assert np.isnan(found.series["disk_await_seconds", "sda"][1]), "a sample without it"
    assert history_of_export(XML).series["filesystem_used_ratio", "/dev/sda9"][0] == pytest.approx(0.3255)


@pytest.mark.parametrize(("text", "part"), [
    (JSON[:400], "is cut off or not what sadf -j writes"), (XML[:500], "is cut off or not what sadf -x writes"),
    ('{"sysstat": {"hosts": []}}', "is cut off or not what sadf -j writes"), ("<html></html>", "holds no samples"),
    (JSON.replace('"utc": 1, "interval"', '"interval"'), "not in UTC"), (LINES[:30], "holds no samples"),
    ("# hostname;interval;timestamp;CPU;%user\n", "holds no samples"), ("nonsense\n", "is not the output of sar")], ids=range(8))
def test_what_is_no_export_is_told(text: str, part: str) -> None:
    with pytest.raises(Unreadable, match=part):
        history_of_export(text)


def test_an_entity_of_an_xml_file_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("1024")
    text = XML.replace('"http://example.com/sysstat-3.11.dtd">', f'"http://example.com/x.dtd" [<!ENTITY s SYSTEM "file://{secret}">]>')
    found = history_of_export(text.replace("<avail>2000<", "<avail>&s;<"))
    assert ("memory_available_bytes", "") not in found.series
