# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings on the target: equal values in other words, our own file, and what is set, put back or left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.target_settings import change, mysql, nginx, own_file, sysfs
from plugins.module_utils.target_settings.errors import BadSetting
from plugins.module_utils.target_settings.values import same

HOST: Any = None


@pytest.mark.parametrize(("one", "other", "equal"), [
    ("4GB", "4096MB", True), ("0.9", "0.90", True), ("ON", "on", True), ("1", "on", False), ("134217728", "128MB", True),
    ("30s", "30000ms", True), ("5min", "300s", True), ("8192 16384\t32768", "8192 16384 32768", True), ("minimal", "replica", False),
    ("10", "10.5", False), ("", "0", False), ("4GB", "4GB extra", False), ("1e3", "1000", True)])
def test_equal_values_in_other_words(one: str, other: str, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


def test_our_file_holds_lines_and_goes_with_the_last(tmp_path: Path) -> None:
    path = tmp_path / "99-zz-caretaker.conf"
    own_file.store(str(path), "vm.swappiness", "10")
    own_file.store(str(path), "net.core.somaxconn", "4096", "[section]")
    assert path.read_text().splitlines()[1:] == ["[section]", "net.core.somaxconn = 4096", "vm.swappiness = 10"]
    assert own_file.settings_in(str(path)) == {"net.core.somaxconn": "4096", "vm.swappiness": "10"}
    own_file.store(str(path), "vm.swappiness", None)
    assert own_file.settings_in(str(path)) == {"net.core.somaxconn": "4096"}
    own_file.store(str(path), "net.core.somaxconn", None)
    assert not path.exists()
    own_file.store(str(path), "vm.swappiness", None)
    assert list(tmp_path.iterdir()) == []


NGINX = """user www-data;
events {
    worker_connections 768;   # as shipped
    # multi_accept on;
}
"""


@pytest.mark.parametrize(("text", "name", "value", "wanted"), [
    (NGINX, "worker_connections", "4096", NGINX.replace("768", "4096")),
    (NGINX, "worker_rlimit_nofile", "8704", "worker_rlimit_nofile 8704;\n" + NGINX),
    ("worker_rlimit_nofile 8704;\n" + NGINX, "worker_rlimit_nofile", None, NGINX),
    ("events {\n}\n", "worker_connections", "4096", "events {\n    worker_connections 4096;\n}\n"),
    ("events { }\n", "worker_connections", "4096", "events {\n    worker_connections 4096; }\n"),
    (NGINX.replace("    worker", "    # worker"), "worker_connections", "4096",
     NGINX.replace("    worker", "    # worker").replace("events {", "events {\n    worker_connections 4096;")),
])
def test_a_directive_of_nginx_is_changed_where_it_stands(text: str, name: str, value: str | None, wanted: str) -> None:
    assert nginx.changed(text, name, value) == wanted


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    path.write_text("old")
    path.chmod(0o640)
    own_file.replace(str(path), "new\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new\n", 0o640)


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for /sys, with what the kernel shows; it would change the brackets, a file only takes what is written."""
    path = tmp_path / "kernel" / "mm" / "transparent_hugepage" / "enabled"
    path.parent.mkdir(parents=True)
    path.write_text("[always] madvise never\n")
    monkeypatch.setattr(sysfs, "ROOT", str(tmp_path))
    monkeypatch.setattr(sysfs, "FILE", str(tmp_path / "zz-caretaker.conf"))
    return path


def test_a_choice_under_sys_lasts_by_tmpfiles(chosen: Path) -> None:
    name = "kernel/mm/transparent_hugepage/enabled"
    assert sysfs.read(HOST, "", name) == {"value": "always", "kept": None, "pending": False, "unit": ""}
    sysfs.write(HOST, "", name, "madvise", "madvise")
    assert chosen.read_text() == "madvise\n"
    assert Path(sysfs.FILE).read_text().splitlines()[1:] == [f"w {chosen} - - - - madvise"]
    chosen.write_text("always [madvise] never\n")
    assert sysfs.read(HOST, "", name)["kept"] == "madvise"
    sysfs.write(HOST, "", name, "always", None)
    assert not Path(sysfs.FILE).exists()


@pytest.mark.parametrize(("name", "text", "before", "after"), [
    ("scheduler", "mq-deadline kyber [bfq] none\n", "bfq", "none"), ("read_ahead_kb", "128\n", "128", "4096")])
def test_a_queue_of_a_disk(chosen: Path, tmp_path: Path, name: str, text: str, before: str, after: str) -> None:
    path = tmp_path / "block" / "cciss!c0d0" / "queue" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    setting = f"block/cciss!c0d0/queue/{name}"
    assert sysfs.read(HOST, "", setting)["value"] == before
    sysfs.write(HOST, "", setting, after, after)
    assert path.read_text() == f"{after}\n"
    assert f"w {path} - - - - {after}" in Path(sysfs.FILE).read_text()


def test_what_is_no_choice_under_sys_is_refused(chosen: Path) -> None:
    for name in ("power/state", "block/../../etc/passwd", "block/sda/queue/scheduler/x", "block/sda/queue/nr_requests"):
        with pytest.raises(BadSetting, match="is neither of transparent huge pages nor"):
            sysfs.read(HOST, "", name)
    chosen.write_text("1\n")
    with pytest.raises(BadSetting, match="names no value: 1"):
        sysfs.read(HOST, "", "kernel/mm/transparent_hugepage/enabled")


class MysqlStub:
    """A server with one variable, which SET GLOBAL changes or, where it says so, does not."""

    def __init__(self, name: str, value: str, refusal: str = "") -> None:
        self.name, self.value, self.refusal = name, value, refusal

    def talk(self, _host: Any, _server: Any, sql: str, token: str, _seconds: int) -> dict[str, Any]:
        said, stderr = f"{token}\n", ""
        if "SHOW GLOBAL VARIABLES" in sql:
            said += f"{self.name}\t{self.value}\n"
        elif self.refusal:
            stderr = f"{self.refusal} at line 2: Variable '{self.name}' is what it is\n"
        else:
            self.value = sql.partition(f"SET GLOBAL {self.name} = ")[2].partition(";")[0]
        return {"client": "mysql", "user": "root", "text": said, "stderr": stderr, "seconds": 0.1}


def mysql_with(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, value: str, refusal: str = "") -> MysqlStub:
    stub = MysqlStub(name, value, refusal)
    monkeypatch.setattr(mysql, "talk", stub.talk)
    monkeypatch.setattr(mysql, "find_servers", lambda: [{"instance": "3306", "container": "", "unit": "mysql.service"}])
    monkeypatch.setattr(mysql, "FOLDERS", (str(folder / "missing"), str(folder)))
    return stub


@pytest.mark.parametrize(("name", "before", "after"), [
    ("tmp_table_size", "16777216", "134217728"), ("max_heap_table_size", "16777216", "134217728"), ("table_open_cache", "2000", "4000"),
    ("innodb_log_buffer_size", "16777216", "67108864")])
def test_a_variable_of_mysql_is_set_at_once_and_for_the_next_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, before: str, after: str) -> None:
    stub = mysql_with(monkeypatch, tmp_path, name, before)
    done = change.change(HOST, "mysql", "3306", name, before, after)
    assert done["now"] == {"value": after, "kept": after, "pending": False, "unit": "mysql.service"}
    assert (tmp_path / "zz-caretaker.cnf").read_text().splitlines()[1:] == ["[mysqld]", f"{name} = {after}"]
    assert not change.change(HOST, "mysql", "3306", name, before, after)["changed"]
    change.put_back(HOST, "mysql", "3306", name, before, after, None)
    assert (stub.value, list(tmp_path.iterdir())) == (before, [])


def test_a_variable_that_mysql_reads_at_its_start_waits_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """innodb_log_buffer_size of MariaDB and of MySQL before 8.0."""
    name, before, after = "innodb_log_buffer_size", "16777216", "67108864"
    mysql_with(monkeypatch, tmp_path, name, before, "ERROR 1238 (HY000)")
    done = change.change(HOST, "mysql", "3306", name, before, after)
    assert done["changed"]
    assert done["now"] == {"value": before, "kept": after, "pending": True, "unit": "mysql.service"}
    assert not change.change(HOST, "mysql", "3306", name, before, after)["changed"], "it waits, and is not done twice"
    assert not change.put_back(HOST, "mysql", "3306", name, before, after, None)["now"]["pending"]
    assert list(tmp_path.iterdir()) == []


def test_a_variable_that_mysql_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mysql_with(monkeypatch, tmp_path, "table_open_cache", "2000", "ERROR 1227 (42000)")
    with pytest.raises(BadSetting, match="mysql 3306: ERROR 1227"):
        change.change(HOST, "mysql", "3306", "table_open_cache", "2000", "4000")


class KindStub:
    """A place for one setting, whose server takes a value at once or at its next start."""

    def __init__(self, value: str, kept: str | None = None, restarts: bool = False) -> None:
        self.value, self.kept, self.restarts = value, kept, restarts
        self.pending = False

    def read(self, host: Any, instance: str, name: str) -> dict[str, Any]:
        return {"value": self.value, "kept": self.kept, "pending": self.pending, "unit": "db.service"}

    def write(self, host: Any, instance: str, name: str, value: str, kept: str | None) -> None:
        self.kept = kept
        if self.restarts:
            self.pending = not same(self.value, value)
        else:
            self.value = value


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> KindStub:
    stub = KindStub(*getattr(request, "param", ("60",)))
    monkeypatch.setitem(change.KINDS, "stub", stub)
    return stub


def set_(before: str = "60", after: str = "10", dry: bool = False) -> dict[str, Any]:
    return dict(change.change(HOST, "stub", "", "x", before, after, dry))


def back(before: str = "60", after: str = "10", kept: str | None = None, dry: bool = False) -> dict[str, Any]:
    return dict(change.put_back(HOST, "stub", "", "x", before, after, kept, dry))


def test_set_lasts_and_is_not_done_twice(place: KindStub) -> None:
    done = set_()
    assert (done["changed"], done["now"]["value"], done["now"]["kept"]) == (True, "10", "10")
    assert done["found"] == {"value": "60", "kept": None, "pending": False, "unit": "db.service"}
    assert not set_()["changed"]


@pytest.mark.parametrize("place", [("10",)], indirect=True)
def test_a_value_in_force_that_does_not_last_is_made_to(place: KindStub) -> None:
    assert set_(before="10")["changed"]
    assert place.kept == "10"


@pytest.mark.parametrize("place", [("30",)], indirect=True)
def test_what_somebody_changed_since_the_plan_is_left_alone(place: KindStub) -> None:
    with pytest.raises(BadSetting, match="x is 30, but the plan was made for 60"):
        set_()
    assert (place.value, place.kept) == ("30", None)


def test_put_back_is_what_was_found(place: KindStub) -> None:
    set_()
    assert back()["changed"]
    assert (place.value, place.kept) == ("60", None)
    assert not back()["changed"]


@pytest.mark.parametrize("place", [("60", "60")], indirect=True)
def test_put_back_keeps_a_line_that_was_there(place: KindStub) -> None:
    set_()
    back(kept="60")
    assert (place.value, place.kept) == ("60", "60")


def test_what_an_administrator_changed_after_us_is_respected(place: KindStub) -> None:
    set_()
    place.value = "30"
    done = back()
    assert done["respected"] == "x was 60, by us 10, now 30: left alone"
    assert (place.value, place.kept) == ("30", None)        # ours would win at the next start


def test_a_value_that_differs_from_what_lasts_is_not_taken_for_ours_that_waits(place: KindStub) -> None:
    """MySQL shows an administrator's SET GLOBAL as it shows a value that waits for a restart."""
    set_()
    place.value, place.pending = "30", True
    assert "now 30: left alone" in back()["respected"]
    assert (place.value, place.kept) == ("30", None)


def test_what_an_administrator_made_last_is_respected_too(place: KindStub) -> None:
    set_()
    place.value = place.kept = "30"
    assert not back()["changed"]
    assert (place.value, place.kept) == ("30", "30")


@pytest.mark.parametrize("place", [("60", None, True)], indirect=True)
def test_a_value_that_waits_for_a_restart_counts_as_set_and_can_be_put_back(place: KindStub) -> None:
    assert set_()["now"]["pending"]
    assert not set_()["changed"]
    assert back()["changed"]
    assert (place.value, place.kept, place.pending) == ("60", None, False)


def test_a_dry_run_changes_nothing(place: KindStub) -> None:
    assert set_(dry=True)["changed"]
    assert (place.value, place.kept) == ("60", None)
