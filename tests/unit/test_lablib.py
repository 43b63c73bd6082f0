# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's pure parts: names, addresses, what it remembers, its inventory, its command line, which Pythons it finds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from plugins.plugin_utils.facts.memory import parse_meminfo
from scripts.lablib import cli, interpreters, inventory, lifecycle, memory, mounts, state, system, vm
from scripts.lablib.state import Host, Lab
from scripts.lablib.system import LabError

LAB = Lab("blue", 7, (Host("web1", "nspawn", 10), Host("vm1", "vm", 11)))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(state, "HOME", tmp_path)
    return tmp_path


def test_addresses_and_names_tell_labs_apart() -> None:
    web, machine = LAB.hosts
    assert (LAB.control_address, LAB.address(web), LAB.address(machine)) == ("10.231.7.1", "10.231.7.10", "10.231.7.11")
    assert LAB.bridge == "ctlab7"
    assert LAB.unique_name(web) == "ctlab-blue-web1"
    assert LAB.host("vm1") is machine


def test_unknown_host_is_told_with_the_known_ones() -> None:
    with pytest.raises(LabError, match=r"no host web2\. Its hosts: web1, vm1"):
        LAB.host("web2")


@pytest.mark.parametrize("name", ["a", "lab2", "a" * 20])
def test_lab_names(name: str) -> None:
    assert state.check_lab_name(name) == name


@pytest.mark.parametrize("name", ["", "2a", "Lab", "a-b", "a/b", "..", "a" * 21, "a\n"])
def test_wrong_lab_names_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="can't be a lab's name"):
        state.check_lab_name(name)


@pytest.mark.parametrize("name", ["db1", "my-host", "a" * 32])
def test_host_names(name: str) -> None:
    assert state.check_host_name(name) == name


@pytest.mark.parametrize("name", ["", "a", "-a", "a-", "Db1", "a.b", "../x", "a" * 33, "db1\n"])
def test_wrong_host_names_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="can't be a host's name"):
        state.check_host_name(name)


def test_hosts_that_are_there_stay_as_they_are() -> None:
    more = state.with_hosts(LAB, [("web1", "vm"), ("db1", "nspawn"), ("db1", "nspawn")])
    assert more.hosts == (*LAB.hosts, Host("db1", "nspawn", 12))
    assert state.with_hosts(Lab("blue", 7, LAB.hosts[1:]), [("db1", "nspawn")]).hosts[-1].number == 10


def test_hosts_that_died_are_told_and_not_taken_for_running_ones(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "install_missing", lambda _needed: None)
    monkeypatch.setattr(lifecycle.nspawn, "prepare", lambda _kind: home)
    state.save(Lab("blue", 7, LAB.hosts))
    with pytest.raises(LabError, match=r"web1, vm1 of lab blue died.*scripts/lab down --name blue"):
        lifecycle.up("blue", [("web1", "nspawn")], False, None)


def test_full_lab_is_refused() -> None:
    names = [(f"host{number}", "nspawn") for number in range(241)]
    assert len(state.with_hosts(Lab("blue", 7), names).hosts) == 241
    with pytest.raises(LabError, match="Lab blue is full: 241 hosts"):
        state.with_hosts(Lab("blue", 7), [*names, ("more", "nspawn")])


def test_lowest_free_network() -> None:
    assert state.free_network(set()) == 0
    assert state.free_network({0, 1, 3}) == 2
    with pytest.raises(LabError, match="All 256 networks"):
        state.free_network(set(range(256)))


def test_lab_is_remembered(home: Path) -> None:
    assert state.load("blue") is None
    state.save(LAB)
    state.save(Lab("red", 8))
    assert state.load("blue") == LAB
    assert state.all_labs() == [LAB, Lab("red", 8)]
    assert (home / "labs/blue").stat().st_mode & 0o777 == 0o700         # the key lies there


def test_unknown_and_damaged_labs_are_told(home: Path) -> None:
    with pytest.raises(LabError, match=r"no lab blue\. Make it: scripts/lab up --name blue"):
        state.load_existing("blue")
    state.save(LAB)
    (home / "labs/blue/lab.json").write_text("{")
    with pytest.raises(LabError, match=r"is damaged .*scripts/lab down --name blue"):
        state.load("blue")


def test_inventory_is_yaml_with_a_group_for_each_kind(home: Path) -> None:
    content = yaml.safe_load(inventory.document(LAB))["all"]
    assert content["hosts"]["web1"] == {"ansible_host": "10.231.7.10", "ansible_port": 22}
    assert content["children"] == {"lab_nspawn": {"hosts": {"web1": {}}}, "lab_vm": {"hosts": {"vm1": {}}}}
    assert content["vars"]["ansible_ssh_private_key_file"] == str(home / "labs/blue/key")
    assert "StrictHostKeyChecking=yes" in content["vars"]["ansible_ssh_common_args"]


def test_newest_interpreter_of_each_series() -> None:
    folders = [Path("/v") / name for name in ("3.8.9", "3.8.18", "2.7.18", "3.13.0", "pypy3.9-7.3.9", "3.14-dev", "3.6", "system")]
    assert interpreters.newest(folders) == {"2.7": Path("/v/2.7.18"), "3.8": Path("/v/3.8.18"), "3.13": Path("/v/3.13.0")}


def test_pyenv_stands_in_for_what_debian_does_not_give(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def gone(series: str, suite: str) -> Path:
        if suite == "bullseye":
            raise LabError(f"no {suite}")
        return Path(f"/debian/{series}")

    monkeypatch.setattr(interpreters, "_debian", gone)
    monkeypatch.setattr(interpreters, "pyenv", lambda: {series: Path(f"/pyenv/{series}") for series in ("2.7", "3.8", "3.9", "3.13")})
    found = interpreters.ready()
    assert {series: str(path) for series, path in found.items()} == {
        "2.7": "/pyenv/2.7", "3.8": "/pyenv/3.8", "3.9": "/pyenv/3.9", "3.13": "/debian/3.13"}
    assert "Python 2.7 is pyenv's, for Debian's can't be had: no bullseye" in capsys.readouterr().err
    monkeypatch.setattr(interpreters, "pyenv", dict)
    with pytest.raises(LabError, match="no bullseye"):
        interpreters.ready()


def test_no_pyenv_no_interpreters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreters.pyenv() == {}


def test_blank_in_a_mount_point(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "22 1 0:5 / /proc rw - proc proc rw\n40 22 0:9 / /srv/my\\040lab/root rw - overlay overlay rw\n"
    monkeypatch.setattr(Path, "read_text", lambda _path: lines)
    assert mounts._targets() == [Path("/proc"), Path("/srv/my lab/root")]


def test_virtual_machine_has_every_disk_and_its_own_address() -> None:
    line = " ".join(vm.command(Path("/l/vm1"), Path("/i"), "ctlab7h11", 11))
    assert "mac=52:54:00:0a:e7:0b" in line
    assert all(f"serial={name}" in line for name in vm.DISKS)
    assert line.count(f"wwn={vm.SAN_WWN}") == 2                         # two paths to one disk


def test_a_command_that_fails_says_which_and_what_it_said() -> None:
    assert system.run("cat", text="in") == "in"
    with pytest.raises(LabError, match="sh -c echo no >&2; exit 3: exit status 3: no"):
        system.run("sh", "-c", "echo no >&2; exit 3")


def test_missing_programs_without_apt_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    system.install_missing({"sh": "dash"})
    monkeypatch.setattr(shutil, "which", lambda _program: None)
    with pytest.raises(LabError, match=r"Missing: dash, iproute2 .*no apt-get here"):
        system.install_missing({"ip": "iproute2", "sh": "dash"})


@pytest.mark.parametrize(("words", "wanted", "size"), [
    ([], [("host1", "nspawn")], None),
    (["2"], [("host1", "nspawn"), ("host2", "nspawn")], None),
    (["--hosts", "db1,web1"], [("db1", "nspawn"), ("web1", "nspawn")], None),
    (["--vm"], [("vm1", "vm")], None),
    (["1", "--hosts", "db1", "--vm"], [("host1", "nspawn"), ("db1", "nspawn"), ("vm1", "vm")], None),
    (["--image", "loads", "--memory", "512M"], [("host1", "loads")], 512 << 20),
])
def test_hosts_that_the_command_line_asks_for(
        words: list[str], wanted: list[tuple[str, str]], size: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []
    monkeypatch.setattr(cli.lifecycle, "up", lambda *arguments: asked.append(arguments) or LAB)
    options = cli.parser().parse_args(["up", *words, "--name", "blue", "--inventory", str(tmp_path / "hosts.yml")])
    options.action(options)
    assert asked == [("blue", wanted, False, size)]
    assert json.loads((tmp_path / "hosts.yml").read_text().removeprefix("---\n"))["all"]["vars"]["lab_name"] == "blue"


@pytest.mark.parametrize("text", ["", "2", "2T", "G", "0G", "128M", "-1G", "1.5G"])
def test_memory_that_no_host_can_have(text: str) -> None:
    with pytest.raises(LabError, match="is no memory for a host"):
        memory.size_of(text)


def test_less_memory_is_told_as_the_inspection_reads_it() -> None:
    told = parse_meminfo(memory.meminfo(memory.size_of("2G")))
    assert (told["MemTotal"], told["MemAvailable"], told["SwapTotal"]) == (2 << 30, 1 << 30, 0)


def test_negative_count_and_unknown_fault_are_refused() -> None:
    options = cli.parser().parse_args(["up", "--", "-1"])
    with pytest.raises(LabError, match="-1 hosts can't be made"):
        options.action(options)
    options = cli.parser().parse_args(["plant", "no_such_fault", "host1"])
    with pytest.raises(LabError, match=r"There is no fault no_such_fault\. There are: .*failed_units"):
        options.action(options)
