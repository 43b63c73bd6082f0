# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the target of web servers' logs and configurations: counts and known directives, nothing of the customer's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.module_utils import httpd_config, local_http
from plugins.module_utils.haproxy_servers import configurations
from plugins.module_utils.log_digest import digest, responses
from plugins.module_utils.nginx_config import flatten, status_page
from plugins.module_utils.subjects import httpd as httpd_subject, nginx
from plugins.plugin_utils.absent import Unreadable
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts import haproxy, httpd
from plugins.plugin_utils.facts.middleware import parse_log, parse_responses

ERROR_LOG = (
    '2026/11/21 03:00:00 [crit] 812#812: *5 open() "/srv/customers/meyer.pdf" failed (13: Permission denied), client: 192.0.2.7, server: x\n'
    '2026/11/21 03:00:01 [error] 812#812: *6 upstream timed out (110: Connection timed out) while reading, client: 192.0.2.7\n'
    '2026/11/22 03:00:01 [error] 812#812: *7 open() "/srv/secret" failed (2: No such file or directory), client: 192.0.2.7\n'
    '2026/11/22 03:00:02 [alert] 812#812: 768 worker_connections are not enough\n'
)


def test_error_log_is_counted_and_nothing_else_of_it_leaves() -> None:
    assert nginx.errors(ERROR_LOG) == (
        '2026-11-21 crit 1 open() "..." failed (13: Permission denied)\n'
        '2026-11-21 error 1 upstream timed out\n'
        '2026-11-22 alert 1 worker_connections are not enough\n'
        '# 4 lines, 2026-11-21 to 2026-11-22\n')


def test_lines_that_continue_another_count_on_its_day() -> None:
    text = digest("2026-11-22 x\njava.lang.OutOfMemoryError: heap\n", lambda line: ("2026-11-22", "info", "x") if line[0] == "2" else None,
                  ("OutOfMemoryError",), ())
    assert text == "2026-11-22 - 1 OutOfMemoryError\n# 2 lines, 2026-11-22 to 2026-11-22\n"


def test_kinds_of_messages_are_limited() -> None:
    lines = "\n".join(chr(97 + number // 20) + chr(97 + number % 20) for number in range(400))
    text = digest(lines, lambda line: ("2026-11-22", "crit", line), (), ("crit",))
    assert text.count("\n") == 302
    assert "(other messages)" in text


def test_requests_are_counted_without_their_paths() -> None:
    line = '192.0.2.7 - anna [22/Nov/2026:03:00:00 +0100] "GET /basket?card=4111 HTTP/1.1" %d 512 "-" "x"\n'
    text = responses(line % 200 + line % 502 + line % 504 + "garbage\n")
    assert "anna" not in text
    assert "4111" not in text
    found = parse_responses("/a", text)
    assert (found.requests_count, found.server_errors_count, found.gateway_timeouts_count) == (3, 2, 1)


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.9, 0.99])
def test_a_digest_that_is_cut_is_unreadable(share: float) -> None:
    text = nginx.errors(ERROR_LOG)
    with pytest.raises(Unreadable):
        parse_log("/a", text[:int(len(text) * share)])


CONFIGURATION = """
user www-data; # comment with a }
events { worker_connections 768; }
http {
  log_format x '$remote_addr "{$request}"';
  map $http_x $y { default "a;b}"; ~^/(?<z>.*)$ ${z}1; }
  upstream shop { server 198.51.100.7:8443; }
  proxy_set_header Authorization "Basic c2VjcmV0";
  include sites/*;
  server { server_name shop.example.com; listen 8081; location = /status { stub_status; allow 127.0.0.1; } }
}
"""


def test_configuration_leaves_only_known_directives() -> None:
    texts = {"/etc/nginx/nginx.conf": CONFIGURATION, "/etc/nginx/sites/a": "server { listen 443 ssl; ssl_certificate_key /k; access_log off; }"}
    text, found, paths = flatten("/etc/nginx/nginx.conf", texts.__getitem__, lambda _pattern: ["/etc/nginx/sites/a"])
    assert text.splitlines() == [
        "main user www-data", "events worker_connections 768", "http/server#1 listen 443 ssl", "http/server#1 access_log off",
        "http/server#2 server_name shop.example.com", "http/server#2 listen 8081", "http/server#2/location stub_status /status", "# 2 files"]
    assert paths == ["/etc/nginx/nginx.conf", "/etc/nginx/sites/a"]
    assert status_page(found) == ("127.0.0.1", 8081, "/status", "shop.example.com")


@pytest.mark.parametrize(("listen", "wanted"), [
    ("80", ("127.0.0.1", 80)), ("*:8080", ("*", 8080)), ("[::1]:81", ("::1", 81)), ("localhost", ("localhost", 80)),
    ("unix:/run/x.sock", ("/run/x.sock", 0)), ("[::]", ("::", 80)),
])
def test_listen(listen: str, wanted: tuple[str, int]) -> None:
    found = [("http/server#1", ["listen", listen]), ("http/server#1", ["stub_status", "/s"])]
    page = status_page(found)
    assert page is not None
    assert page[:2] == wanted


def test_a_configuration_file_that_cannot_be_read_is_told() -> None:
    def denied(_path: str) -> str:
        raise OSError(13, "Permission denied")
    assert flatten("/x", denied, list)[0] == "# cannot read /x: Permission denied\n# 1 files\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """A UNIX socket that answers each connection with the next of a list, or keeps silent when there is none."""
    listener = socket.socket(socket.AF_UNIX)
    path = str(tmp_path / "s")
    listener.bind(path)
    listener.listen()
    answers: list[bytes] = []
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            connection.recv(4096)
            if answers:
                connection.sendall(answers.pop(0))
                connection.close()
            else:
                held.append(connection)

    threading.Thread(target=serve, daemon=True).start()
    yield path, answers
    listener.shutdown(socket.SHUT_RDWR)
    for item in (listener, *held):
        item.close()


PAGE = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nbody"


@pytest.mark.parametrize(("answer", "wanted"), [
    (PAGE, {"text": "body"}),
    (b"HTTP/1.1 403 Forbidden\r\n\r\n", {"error": "failed", "stderr": "PATH: answered 403 Forbidden to /s"}),
    (b"\x15\x03\x01", {"error": "failed", "stderr": "PATH: the answer is not HTTP"}),
    (b"", {"error": "failed", "stderr": "PATH: it closed the connection without an answer"}),
    (None, {"error": "timeout", "stderr": "PATH: no answer within 0.2 s"}),
])
def test_get(server: tuple[str, list[bytes]], answer: bytes | None, wanted: dict[str, str]) -> None:
    path, answers = server
    if answer is not None:
        answers.append(answer)
    found = local_http.get(path, 0, "/s", seconds=0.2)
    assert {name: text.replace(path, "PATH") for name, text in found.items()} == wanted


@pytest.mark.parametrize(("answers_given", "patience", "wanted"), [
    ([b"", b"", PAGE], 5, {"text": "body"}),
    ([b"", PAGE], 0, {"error": "failed", "stderr": "PATH: it closed the connection without an answer"}),
    ([b"HTTP/1.1 404 Not Found\r\n\r\n", PAGE], 5, {"error": "failed", "stderr": "PATH: answered 404 Not Found to /s"}),
])
def test_get_from_a_full_server(server: tuple[str, list[bytes]], answers_given: list[bytes], patience: float, wanted: dict[str, str]) -> None:
    path, answers = server
    answers += answers_given
    found = local_http.get(path, 0, "/s", seconds=0.2, patience=patience)
    assert {name: text.replace(path, "PATH") for name, text in found.items()} == wanted


def test_get_from_where_nothing_listens(tmp_path: Path) -> None:
    assert local_http.get(str(tmp_path / "none"), 0, "/s")["error"] == "failed"


STAT = ("# pxname,svname,qcur,scur,slim,status,lastchg,type,hrsp_5xx,last_chk,\n"
        'shop,web1,0,3,100,UP,12,2,4,"HTTP status, ""fine""",\n')


def test_haproxy_stat_of_other_versions_and_quoted_texts() -> None:
    proxy, = haproxy.parse_stat(STAT + "\n")
    assert (proxy.label, proxy.status, proxy.sessions_limit, proxy.errors_count, proxy.retries_count) == ("shop/web1", "UP", 100, 4, 0)


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.9, 0.99])
def test_haproxy_stat_that_is_cut_is_unreadable(share: float) -> None:
    with pytest.raises(Unreadable):
        haproxy.parse_stat((STAT + "\n")[:int(len(STAT) * share)])


@pytest.mark.parametrize("text", ["", "\n\n", "Unknown command. Please enter one of the following commands only :\n\n", "\x00\ufffd\n\n"])
def test_haproxy_info_that_is_none(text: str) -> None:
    with pytest.raises(Unreadable):
        haproxy.parse_info(text)
    with pytest.raises(Unreadable):
        haproxy.parse_stat(text)


@pytest.mark.parametrize(("argv", "wanted"), [
    (["haproxy", "-Ws", "-f", "/etc/haproxy/haproxy.cfg"], ["/etc/haproxy/haproxy.cfg"]),
    (["haproxy", "-f", "a.cfg", "-f", "/etc/b", "--", "c.cfg"], ["/srv/a.cfg", "/etc/b", "/srv/c.cfg"]),
    (["haproxy"], ["/etc/haproxy/haproxy.cfg"]),
])
def test_haproxy_configurations(argv: list[str], wanted: list[str]) -> None:
    assert configurations({"argv": argv, "cwd": "/srv"}) == wanted


APACHE = '''ServerRoot "/etc/httpd"
Define LOGS /var/log/site
Include conf.modules.d/*.conf
ErrorLog ${LOGS}/error.log
CustomLog "|/usr/bin/rotatelogs --key=geheim /x 86400" combined
SetEnv SECRET geheim
<IfModule mpm_event_module>
  MaxRequestWorkers \\
     300
</IfModule>
<Location "/status">
  SetHandler server-status
</Location>
Listen 443 https
Listen 127.0.0.1:8081
'''


def test_apache_configuration_leaves_only_known_directives() -> None:
    texts = {"/etc/httpd/conf/httpd.conf": APACHE, "/etc/httpd/conf.modules.d/a.conf": "LoadModule mpm_event_module modules/mod_mpm_event.so\n"}
    text, found = httpd_config.flatten("/etc/httpd/conf/httpd.conf", "/etc/httpd", {}, texts.__getitem__,
                                       lambda pattern: ["/etc/httpd/conf.modules.d/a.conf"] if "modules" in pattern else [])
    assert text.splitlines() == [
        "main loadmodule mpm_event_module", "main errorlog /var/log/site/error.log", "main customlog |",
        "ifmodule:mpm_event_module maxrequestworkers 300", "location sethandler server-status /status", "main listen 443 https",
        "main listen 127.0.0.1:8081", "# 2 files"]
    assert httpd_config.status_page(found) == ("127.0.0.1", 8081, "/status")
    configuration = httpd.parse_configuration(text)
    assert isinstance(configuration, httpd.Configuration)
    assert (configuration.mpm, configuration.workers_limit) == ("event", 300)


@pytest.mark.parametrize(("line", "wanted"), [
    ("[Sun Nov 22 03:00:00.123456 2026] [mpm_event:error] [pid 812:tid 9] AH00484: server reached MaxRequestWorkers setting",
     ("2026-11-22", "error", "AH00484: server reached MaxRequestWorkers setting")),
    ("[Sun Nov 22 03:00:00 2026] [crit] [client 192.0.2.7] no permission", ("2026-11-22", "crit", "no permission")),
    ("AH00558: httpd: Could not determine the name", None),
])
def test_apache_error_lines(line: str, wanted: tuple[str, str, str] | None) -> None:
    assert httpd_subject.split(line) == wanted


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.9, 0.99])
def test_apache_status_that_is_cut_is_unreadable(share: float) -> None:
    text = "localhost\nUptime: 5\nBusyWorkers: 3\nIdleWorkers: 47\nScoreboard: W_K___....\n"
    entry = Entry("httpd", "query", "httpd x status", text[:int(len(text) * share)])
    with pytest.raises(Unreadable):
        httpd.parse_status(Capture("h", "r", datetime(2026, 11, 22, tzinfo=UTC), (entry,)), entry.key)


def test_envvars() -> None:
    assert httpd_config.exported("export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\nexport LANG=C\n") == {"APACHE_LOG_DIR": "/var/log/apache2"}
