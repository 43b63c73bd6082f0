# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server processes as /proc shows them, on a /proc of our own making and on the real one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugins.module_utils import servers

STATUS = "Name:\t{name}\nPPid:\t{parent}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nNSpid:\t{spaces}\n"


def add(proc: Path, pid: int, name: str, argv: str = "", parent: int = 1, uid: int = 0, spaces: str = "", cgroup: str = "0::/\n") -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "comm").write_text(name + "\n")
    (folder / "cmdline").write_bytes(argv.encode())
    (folder / "status").write_text(STATUS.format(name=name, parent=parent, uid=uid, spaces=spaces or pid))
    (folder / "cgroup").write_text(cgroup)
    (folder / "cwd").symlink_to("/srv/pg")
    (folder / "exe").symlink_to("/usr/lib/postgresql/15/bin/postgres")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(servers, "PROC", str(tmp_path))
    monkeypatch.setattr(servers, "_WALK", {"at": None, "names": {}})
    (tmp_path / "meminfo").write_text("")
    return tmp_path


def test_a_server_with_all_that_is_known_of_it(proc: Path) -> None:
    add(proc, 812, "postgres", "/usr/lib/postgresql/15/bin/postgres\0-D\0/srv/pg\0")
    add(proc, 813, "bash", "bash\0")
    assert servers.running(["postgres", "postmaster"]) == [{
        "pid": 812, "parent": 1, "name": "postgres", "argv": ["/usr/lib/postgresql/15/bin/postgres", "-D", "/srv/pg"], "uid": 0, "user": "root",
        "cwd": "/srv/pg", "exe": "/usr/lib/postgresql/15/bin/postgres", "container": "",
    }]


def test_its_workers_only_if_asked_for(proc: Path) -> None:
    add(proc, 812, "postgres", "postgres\0")
    add(proc, 900, "postgres", "postgres: walwriter \0", parent=812)
    assert [process["pid"] for process in servers.running(["postgres"])] == [812, 900]
    assert [process["pid"] for process in servers.running(["postgres"], workers=False)] == [812]


def test_a_container_has_another_name_space(proc: Path) -> None:
    add(proc, 5, "redis-server", "redis-server\0", spaces="5\t1", cgroup="0::/system.slice/docker-3f2a.scope\n")
    add(proc, 6, "redis-server", "redis-server\0", spaces="6\t1")
    add(proc, 7, "redis-server", "redis-server\0", cgroup="0::/system.slice/redis.service\n")
    assert [process["container"] for process in servers.running(["redis-server"])] == ["docker-3f2a.scope", "another PID namespace", ""]


def test_a_container_that_shares_the_name_space_has_its_own_root(proc: Path) -> None:
    for pid, root in ((5, proc), (6, "/")):
        add(proc, pid, "mariadbd", "mariadbd\0", cgroup="0::/system.slice/docker-3f2a.scope\n")
        (proc / str(pid) / "root").symlink_to(root)
    (proc / "self").mkdir()
    (proc / "self" / "root").symlink_to("/")
    assert [process["container"] for process in servers.running(["mariadbd"])] == ["docker-3f2a.scope", ""]


def test_what_can_not_be_told(proc: Path) -> None:
    add(proc, 5, "nginx", "nginx: master process\0", uid=4294967294)
    add(proc, 6, "nginx", "")                            # a zombie has no command line
    (proc / "5" / "cwd").unlink()
    (proc / "7").mkdir()                                 # gone while we looked
    found = servers.running(["nginx"])
    assert [(process["user"], process["cwd"]) for process in found] == [("", "")]


def test_long_names_are_compared_as_the_kernel_keeps_them(proc: Path) -> None:
    add(proc, 5, "a-server-with-a", "a-server-with-a-long-name\0")
    assert len(servers.running(["a-server-with-a-long-name"])) == 1


def test_the_real_proc_shows_this_process() -> None:
    name = Path("/proc/self/comm").read_text().strip()
    servers._WALK["at"] = None
    mine = next(process for process in servers.running([name]) if process["pid"] == os.getpid())
    assert (mine["uid"], mine["cwd"], mine["container"]) == (os.geteuid(), os.getcwd(), "")
