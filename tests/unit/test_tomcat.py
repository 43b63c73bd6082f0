# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the target of Tomcat's configuration and status page: no password, no address or request of a client."""

from __future__ import annotations

import pytest

from plugins.module_utils import tomcat_config
from plugins.module_utils.subjects import tomcat

SERVER = """<?xml version="1.0"?><Server port="8005" shutdown="SHUTDOWN"><Service>
<!-- <Connector port="9999" protocol="AJP/1.3"/> --><Executor name="pool" maxThreads="150"/>
<Connector port="8080" executor="pool"/><Connector port="8009" protocol="AJP/1.3" secret="geheim"/>
<Connector port="8443" SSLEnabled="true" keystorePass="geheim"/></Service></Server>"""


def test_server_without_its_secrets() -> None:
    found = tomcat_config.server(SERVER)
    assert [item["port"] for item in found["connectors"]] == ["8080", "8009", "8443"]
    assert [item["secret"] for item in found["connectors"]] == [False, True, False]
    assert found["executors"] == {"pool": "150"}
    assert "geheim" not in repr(found)
    assert [tomcat.is_plain_http(item) for item in found["connectors"]] == [True, False, False]


@pytest.mark.parametrize(("name", "password", "wanted"), [
    ("deploy", "", "empty"), ("deploy", "Deploy", "the same as the name"), ("deploy", "s3cret", "well known"), ("deploy", "kurz12", "short"),
    ("deploy", "Xq7-long-and-random", ""), ("deploy", "5f4dcc3b5aa765d61d8327deb882cf99", ""), ("deploy", "{SSHA}abc", ""),
])
def test_passwords(name: str, password: str, wanted: str) -> None:
    text = (f'<tomcat-users xmlns="http://tomcat.apache.org/xml"><role rolename="x"/>'
            f'<user username="{name}" password="{password}" roles="manager-gui, x"/></tomcat-users>')
    assert tomcat_config.users(text) == [{"name": name, "roles": ["manager-gui", "x"], "weak": wanted}]


def test_status_page_without_its_clients() -> None:
    text = """<?xml version="1.0" encoding="utf-8"?><status><jvm><memory free='1' total='2' max='3'/></jvm>
<connector name='"http-nio-8080"'><threadInfo maxThreads="200" currentThreadCount="25" currentThreadsBusy="3"/>
<requestInfo maxTime="1" processingTime="1" requestCount="81200" errorCount="120" bytesReceived="0" bytesSent="0"/>
<workers><worker stage="S" remoteAddr="192.0.2.7" currentUri="/basket" currentQueryString="card=4111"/></workers></connector></status>"""
    assert tomcat_config.status(text) == {"connectors": [
        {"name": "http-nio-8080", "max": 200, "busy": 3, "threads": 25, "requests": 81200, "errors": 120}]}


@pytest.mark.parametrize(("text", "wanted"), [
    ('<Context><Valve className="org.apache.catalina.valves.RemoteCIDRValve" allow="127.0.0.0/8"/></Context>', "127.0.0.0/8"),
    ('<Context><!-- <Valve className="x.RemoteAddrValve" allow="127.*"/> --></Context>', None), ("<Context", None), ("", None),
])
def test_addresses_that_the_manager_lets_in(text: str, wanted: str | None) -> None:
    assert tomcat.rule_of(text) == wanted


@pytest.mark.parametrize("reduce", [tomcat_config.server, tomcat_config.users, tomcat_config.status])
@pytest.mark.parametrize("text", ["", "<a", "\x00\ufffd", SERVER[:100], "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&z;</a>"])
def test_what_is_no_whole_xml(reduce: object, text: str) -> None:
    assert tomcat.reduced_text(text, reduce)["error"] == "failed"


def test_lines_of_the_log() -> None:
    assert tomcat.split("22-Nov-2026 03:00:00.123 SEVERE [main] org.apache.Some.method It failed") == (
        "2026-11-22", "SEVERE", "org.apache.Some.method It failed")
    assert tomcat.split("java.lang.OutOfMemoryError: Java heap space") is None
