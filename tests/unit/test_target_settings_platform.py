# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's maxconn and Tomcat's maxThreads on the target: one value changed where it stands, all else byte for byte, and put back."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils import haproxy_config, haproxy_servers, listening, measuring, tomcat_text
from plugins.module_utils.target_settings import change, haproxy, in_place, tomcat
from plugins.module_utils.target_settings.errors import BadSetting

HAPROXY = b"""# \xd6ffentlich: maxconn 1
global
\tlog /dev/log local0\t# maxconn 7
\tmaxconn 2000   # as shipped
\tstats socket /run/haproxy/admin.sock mode 660 level admin

defaults http
\tmaxconn 3000
\ttimeout client 50s

frontend www
    bind :80
    default_backend app

listen narrow
    bind :81
    maxconn "30" # few
    server one 127.0.0.1:8002 maxconn 10

backend app
    server one 127.0.0.1:8002 maxconn 100
"""


def text(data: bytes) -> str:
    return data.decode("latin-1")


@pytest.mark.parametrize(("section", "value", "before", "after"), [
    ("global", "20000", b"\tmaxconn 2000 ", b"\tmaxconn 20000 "), ("listen narrow", "20000", b'maxconn "30" # few', b'maxconn "20000" # few'),
    ("frontend www", "20000", b"frontend www\n", b"frontend www\n    maxconn 20000\n"),
    ("global", None, b"\tmaxconn 2000   # as shipped\n", b""), ("frontend www", None, b"", b""),
])
def test_a_limit_of_haproxy_is_changed_where_it_stands(section: str, value: str | None, before: bytes, after: bytes) -> None:
    changed = haproxy_config.changed(text(HAPROXY), section, "maxconn", value).encode("latin-1")
    assert changed == (HAPROXY.replace(before, after) if before else HAPROXY)


@pytest.mark.parametrize("configuration", [b"global\n", b"global", b"global # all of it\n    daemon\n", b"frontend x\n\tbind :1\n\nglobal\r\n  daemon\r\n"])
def test_a_limit_that_is_added_and_taken_away_leaves_nothing(configuration: bytes) -> None:
    added = haproxy_config.changed(text(configuration), "global", "maxconn", "9")
    assert [item["value"] for item in haproxy_config.limits(added)] == ["9"]
    assert haproxy_config.changed(added, "global", "maxconn", None).rstrip("\n") == text(configuration).rstrip("\n")


def test_where_limits_of_haproxy_are_written() -> None:
    assert [(item["section"], item["name"], item["value"]) for item in haproxy_config.limits(text(HAPROXY) + "global\n  ulimit-n 9\n")] == [
        ("global", "maxconn", "2000"), ("defaults", "maxconn", "3000"), ("listen narrow", "maxconn", "30"), ("global", "ulimit-n", "9")]


class Balancer:
    """Answers as HAProxy and systemctl do: what is in force comes from the file at a reload, unless it refuses or can't start."""

    def __init__(self, path: Path) -> None:
        self.path, self.paths, self.asked = path, (str(path),), []      # type: tuple[Path, tuple[str, ...], list[list[str]]]
        self.refused = self.too_much = 10**9
        self.unit = "haproxy.service"
        self.load()

    def limit(self) -> int:
        return int(re.search(rb"(?m)^\s+maxconn \"?(\d+)", self.path.read_bytes() + b"\n maxconn 5000\n").group(1))     # type: ignore[union-attr]

    def load(self) -> None:
        if self.limit() < self.too_much:
            self.info = self.limit()
            rows = {item["section"].split()[1]: item["value"] for item in haproxy_config.limits(text(self.path.read_bytes()))
                    if item["section"].startswith(("frontend", "listen"))}
            self.rows = {"www": str(self.info), **rows}

    def ask(self, argv: list[str]) -> dict[str, Any]:
        self.asked.append(argv)
        if argv[0] == "systemctl":
            self.load()
        elif self.limit() >= self.refused:
            return {"rc": 1, "stderr": "[ALERT] parsing : maxconn\n is wrong"}
        return {"rc": 0, "text": "", "stderr": ""}

    @staticmethod
    def glob(pattern: str) -> list[str]:
        return sorted(map(str, Path(pattern).parent.glob("*.cfg")))

    def servers(self) -> list[dict[str, Any]]:
        return [{"instance": "haproxy", "pid": 1, "exe": "/usr/sbin/haproxy (deleted)", "container": "", "paths": self.paths}]

    def exchange(self, _socket: str, _port: int, question: str) -> dict[str, str]:
        if question == "show info\n":
            return {"text": f"Name: HAProxy\nMaxconn: {self.info}\n\n"}
        return {"text": "# pxname,svname,qcur,qmax,scur,smax,slim,stot,\n" + "".join(
            f"{name},FRONTEND,,,0,3,{limit},40,\n" for name, limit in self.rows.items()) + "\n"}


@pytest.fixture
def balancer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Balancer:
    path = tmp_path / "haproxy.cfg"
    path.write_bytes(HAPROXY)
    path.chmod(0o640)
    stub = Balancer(path)
    monkeypatch.setattr(haproxy, "find_servers", stub.servers)
    monkeypatch.setattr(haproxy, "unit_of", lambda _pid: stub.unit)
    monkeypatch.setattr(haproxy, "exchange", stub.exchange)
    monkeypatch.setattr(haproxy_servers, "exchange", stub.exchange)
    monkeypatch.setattr(haproxy, "LOAD_SECONDS", 0.3)
    return stub


def test_haproxy_reads_what_is_in_force_and_what_is_written(balancer: Balancer) -> None:
    assert haproxy.read(balancer, "haproxy", "global maxconn") == {"value": "2000", "kept": "2000", "pending": False, "unit": ""}
    assert haproxy.read(balancer, "haproxy", "frontend www maxconn") == {"value": "2000", "kept": None, "pending": False, "unit": ""}
    assert haproxy.read(balancer, "haproxy", "frontend narrow maxconn")["kept"] == "30"


@pytest.mark.parametrize(("name", "before"), [("global maxconn", "2000"), ("frontend narrow maxconn", "30")])
def test_haproxy_is_changed_checked_and_loaded_and_taken_back(balancer: Balancer, name: str, before: str) -> None:
    found = change.look(balancer, "haproxy", "haproxy", name)
    done = change.change(balancer, "haproxy", "haproxy", name, before, "20000")
    assert (done["changed"], done["now"]["value"], done["now"]["kept"]) == (True, "20000", "20000")
    assert balancer.asked == [["/usr/sbin/haproxy", "-c", "-f", str(balancer.path)], ["systemctl", "reload", "haproxy.service"]]
    assert not change.change(balancer, "haproxy", "haproxy", name, before, "20000")["changed"]
    assert change.put_back(balancer, "haproxy", "haproxy", name, before, "20000", found["kept"])["changed"]
    assert balancer.path.read_bytes() == HAPROXY
    assert balancer.path.stat().st_mode & 0o777 == 0o640


def test_a_limit_that_nobody_had_written_goes_again(balancer: Balancer) -> None:
    done = change.change(balancer, "haproxy", "haproxy", "frontend www maxconn", "2000", "20000")
    assert (done["now"]["value"], done["now"]["kept"]) == ("20000", "20000")
    change.put_back(balancer, "haproxy", "haproxy", "frontend www maxconn", "2000", "20000", done["found"]["kept"])
    assert balancer.path.read_bytes() == HAPROXY


def test_what_haproxy_refuses_is_put_back(balancer: Balancer) -> None:
    balancer.refused = 20000
    with pytest.raises(BadSetting, match=r"refuses global maxconn 20000: \[ALERT\] parsing : maxconn is wrong"):
        change.change(balancer, "haproxy", "haproxy", "global maxconn", "2000", "20000")
    assert balancer.path.read_bytes() == HAPROXY
    assert not any(argv[0] == "systemctl" for argv in balancer.asked), "it goes on with what it has"


def test_what_haproxy_does_not_take_is_put_back_and_loaded(balancer: Balancer) -> None:
    """As where it may not open so many files: its check does not find that."""
    balancer.too_much = 20000
    with pytest.raises(BadSetting, match="its stats socket tells 2000; look into its log; its configuration was put back"):
        change.change(balancer, "haproxy", "haproxy", "global maxconn", "2000", "20000")
    assert (balancer.path.read_bytes(), balancer.info) == (HAPROXY, 2000)
    assert [argv[0] for argv in balancer.asked].count("systemctl") == 2


def test_an_administrators_later_change_of_haproxy_is_respected(balancer: Balancer) -> None:
    change.change(balancer, "haproxy", "haproxy", "global maxconn", "2000", "20000")
    balancer.path.write_bytes(HAPROXY.replace(b"2000 ", b"30000 "))
    balancer.load()
    done = change.put_back(balancer, "haproxy", "haproxy", "global maxconn", "2000", "20000", "2000")
    assert (done["changed"], done["respected"]) == (False, "global maxconn was 2000, by us 20000, now 30000: left alone")


@pytest.mark.parametrize(("configuration", "name", "reason"), [
    (HAPROXY.replace(b"maxconn 2000 ", b"maxconn 3000 "), "global maxconn", "says global maxconn 3000, but 2000 is in force"),
    (HAPROXY.replace(b"maxconn 2000 ", b'maxconn "${MAX}" '), "global maxconn", r"is \$\{MAX\} in .* no plain number"),
    (HAPROXY + b"global\n  maxconn 5\n", "global maxconn", "is written 2 times in 2 sections"),
    (HAPROXY.replace(b"\tmaxconn 2000", b"\t#") + b"global\n", "global maxconn", "is written 0 times in 2 sections"),
    (HAPROXY.replace(b"\nfrontend www", b"\nfrontend web"), "frontend www maxconn", "is written 0 times in 0 sections"),
    (b".if defined(X)\n" + HAPROXY + b".endif\n", "global maxconn", "has conditions"),
    (HAPROXY.replace(b"stats socket", b"#"), "global maxconn", "names no stats socket"),
    (HAPROXY, "frontend other maxconn", "does not tell frontend other maxconn"),
    (HAPROXY, "backend app maxconn", "is neither the maxconn of the global section nor of a frontend"),
])
def test_what_is_not_clear_in_haproxys_configuration_is_left_to_people(balancer: Balancer, configuration: bytes, name: str, reason: str) -> None:
    balancer.path.write_bytes(configuration)
    with pytest.raises(BadSetting, match=reason):
        change.change(balancer, "haproxy", "haproxy", name, "2000", "20000")
    assert (balancer.path.read_bytes(), balancer.asked) == (configuration, [])


def test_an_haproxy_without_a_unit_is_left_to_people(balancer: Balancer) -> None:
    balancer.unit = ""
    with pytest.raises(BadSetting, match="systemd does not run haproxy haproxy"):
        change.change(balancer, "haproxy", "haproxy", "global maxconn", "2000", "20000")
    assert balancer.path.read_bytes() == HAPROXY


def test_of_a_folder_the_file_is_changed_where_it_stands(balancer: Balancer, tmp_path: Path) -> None:
    folder = tmp_path / "conf.d"
    folder.mkdir()
    (folder / "a.cfg").write_bytes(b"global\n    stats socket /run/x.sock\n")
    (folder / "b.cfg").write_bytes(b"global\n    maxconn 2000\n")
    balancer.paths, balancer.path = (str(folder),), folder / "b.cfg"
    change.change(balancer, "haproxy", "haproxy", "global maxconn", "2000", "20000")
    assert (folder / "b.cfg").read_bytes() == b"global\n    maxconn 20000\n"
    assert balancer.asked[0][1:] == ["-c", "-f", str(folder)]


SERVER = b"""<?xml version="1.0" encoding="UTF-8"?>\r
<!-- \xe7\xab\xaf\xe5\x8f\xa3 <Connector port="8080" maxThreads="1"/> -->
<!DOCTYPE Server [<!ENTITY note "<Connector port='8080'/>">]>
<Server port="8005" shutdown="SHUTDOWN">
  <Service name="Catalina">
    <!--The connectors can use a shared executor, you can define one or more named thread pools-->
    <!--
    <Executor name="tomcatThreadPool" namePrefix="catalina-exec-"
        maxThreads="150" minSpareThreads="4"/>
    -->
    <Executor name="shared" namePrefix='shop-exec-' maxThreads = "150" minSpareThreads="4"/>
    <Executor name="virtual" className="org.apache.catalina.core.StandardVirtualThreadExecutor"/>
    <Connector port="8080" protocol="HTTP/1.1"
               connectionTimeout="20000"
               redirectPort='8443' maxThreads='200' />
    <Connector executor="shared"
               port="8081" protocol="HTTP/1.1" maxThreads="10" />
    <Connector protocol="AJP/1.3" port='8009' secret="a&gt;b > c" />
    <Connector port="8082"/><Connector port="8082" address="127.0.0.2"/>
  </Service>
</Server>
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """server.xml of a Tomcat that started a minute ago, an hour after somebody wrote it."""
    path = tmp_path / "conf" / "server.xml"
    path.parent.mkdir()
    path.write_bytes(SERVER)
    os.utime(path, (time.time() - 3600,) * 2)
    monkeypatch.setattr(tomcat, "find_servers", lambda: [{"instance": "shop", "pid": 1, "container": "", "base": str(tmp_path)}])
    monkeypatch.setattr(tomcat, "age", lambda _pid: 60.0)
    monkeypatch.setattr(tomcat, "unit_of", lambda _pid: "tomcat10.service")
    return path


@pytest.mark.parametrize(("name", "before", "old", "new"), [
    ("Connector 8080 maxThreads", "200", b"maxThreads='200'", b"maxThreads='400'"),
    ("Executor shared maxThreads", "150", b'maxThreads = "150"', b'maxThreads = "400"'),
    ("Connector 8009 maxThreads", "200", b'<Connector protocol="AJP', b'<Connector maxThreads="400" protocol="AJP'),
])
def test_threads_of_tomcat_are_changed_where_they_stand_and_wait_for_a_restart(
    server: Path, monkeypatch: pytest.MonkeyPatch, name: str, before: str, old: bytes, new: bytes
) -> None:
    found = change.look(None, "tomcat", "shop", name)
    assert (found["value"], found["pending"], found["unit"]) == (before, False, "tomcat10.service")
    done = change.change(None, "tomcat", "shop", name, before, "400")
    assert (done["now"]["value"], done["now"]["pending"]) == ("400", True)
    assert server.read_bytes() == (SERVER.replace(old, new) if name.startswith("Connector") else new.join(SERVER.rsplit(old, 1)))
    monkeypatch.setattr(tomcat, "age", lambda _pid: 0.0)
    again = change.change(None, "tomcat", "shop", name, "400", "400")
    assert (again["changed"], again["now"]["pending"]) == (False, False), "it was started again"
    assert change.put_back(None, "tomcat", "shop", name, before, "400", found["kept"])["changed"]
    assert server.read_bytes() == SERVER


@pytest.mark.parametrize(("name", "reason"), [
    ("Connector 8081 maxThreads", "has the threads of its executor shared"), ("Connector 8082 maxThreads", "has 2 times the Connector 8082"),
    ("Connector 9999 maxThreads", "has 0 times the Connector 9999"), ("Executor tomcatThreadPool maxThreads", "has 0 times the Executor"),
    ("Executor virtual maxThreads", "is a org.apache.catalina.core.StandardVirtualThreadExecutor"), ("Connector 8080 port", "is neither maxThreads"),
])
def test_what_is_not_clear_in_server_xml_is_left_to_people(server: Path, name: str, reason: str) -> None:
    with pytest.raises(BadSetting, match=reason):
        change.change(None, "tomcat", "shop", name, "200", "400")
    assert server.read_bytes() == SERVER


def test_a_file_that_is_no_whole_xml_is_left_alone(server: Path) -> None:
    broken = SERVER.replace(b"</Service>", b"")
    server.write_bytes(broken)
    with pytest.raises(BadSetting, match="is not whole XML with Connector 8080 maxThreads"):
        change.change(None, "tomcat", "shop", "Connector 8080 maxThreads", "200", "400")
    with pytest.raises(BadSetting, match="is not whole XML"):
        tomcat.write(None, "shop", "Connector 8080 maxThreads", '4"00', '4"00')
    assert server.read_bytes() == broken


def test_a_value_that_would_say_more_is_refused(server: Path) -> None:
    with pytest.raises(BadSetting, match="would say something else too"):
        tomcat.write(None, "shop", "Connector 8009 maxThreads", "4", '4" address="0.0.0.0')
    assert server.read_bytes() == SERVER


def test_a_tomcat_without_a_unit_is_left_to_people(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tomcat, "unit_of", lambda _pid: "")
    with pytest.raises(BadSetting, match="systemd does not run tomcat shop"):
        change.change(None, "tomcat", "shop", "Connector 8080 maxThreads", "200", "400")
    assert server.read_bytes() == SERVER


def test_threads_that_an_administrator_changed_later_are_respected(server: Path) -> None:
    change.change(None, "tomcat", "shop", "Connector 8080 maxThreads", "200", "400")
    server.write_bytes(SERVER.replace(b"'200'", b"'600'"))
    done = change.put_back(None, "tomcat", "shop", "Connector 8080 maxThreads", "200", "400", "200")
    assert "now 600: left alone" in done["respected"]
    assert b"maxThreads='600'" in server.read_bytes()


def test_elements_are_not_found_in_comments() -> None:
    found = tomcat_text.elements(text(SERVER), "Connector")
    assert [item["attributes"]["port"] for item in found] == ["8080", "8081", "8009", "8082", "8082"]
    assert tomcat_text.elements("<Connector port='1'><![CDATA[<Connector/>]]><?x <Connector/>?></Connector>", "Connector")[0]["spans"] == {"port": (17, 18)}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"\xff")
    (tmp_path / "link").symlink_to("real")
    in_place.write(str(tmp_path / "link"), in_place.read(str(tmp_path / "link")) + "x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"\xffx"
    with pytest.raises(BadSetting, match="can't be read: No such file"):
        in_place.read(str(tmp_path / "none"))


TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 219420 3 0000000036e4d573 100 0 1 10 0
   1: 0100007F:1F41 00000000:0000 0A 00000000:0000000A 00:00000000 00000000     0        0 219421 1 00000000d3b140b2 100 0 1 10 0
   2: 00000000:0016 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 214006 1 00000000041661b0 100 0 0 10 0
   3: 0100007F:1F40 0100007F:9C40 01 00000000:00000009 00:00000000 00000000     0        0 219420 1 0000000000000000 20 4 0 10 -1
"""


def test_connections_that_wait_to_be_accepted(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text(TCP)
    tables = (str(tmp_path / "tcp"), str(tmp_path / "tcp6"))
    assert listening.waiting({"219420", "219421"}, tables) == 12
    assert listening.waiting(set(), tables) == 0


def test_haproxy_is_measured_by_who_waits(balancer: Balancer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "sockets_of", lambda pid: {str(pid)})
    monkeypatch.setattr(measuring, "waiting", lambda inodes: len(inodes) + 5)
    process = {"masters": [{"pid": 1}], "children": [{"pid": 2}]}
    found = measuring.of_haproxy(balancer, dict(balancer.servers()[0], **process), 2, 0.01)
    assert [(reading["active"], reading["work"]) for reading in found["readings"]] == [(7.0, 80.0), (7.0, 80.0)]
    monkeypatch.setattr(measuring, "sockets_of", lambda _pid: None)
    assert measuring.of_haproxy(balancer, dict(balancer.servers()[0], **process), 2, 0.01)["error"] == "denied"
    balancer.path.write_bytes(b"global\n")
    assert measuring.of_haproxy(balancer, dict(balancer.servers()[0], **process), 2, 0.01)["error"] == "not_found"
