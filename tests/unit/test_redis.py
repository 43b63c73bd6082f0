# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis: the client against servers that answer well, badly or not at all; answers that are cut off."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from plugins.module_utils.listening import address_of, listening
from plugins.module_utils.redis_client import Connection, Lost, Refusal
from plugins.module_utils.subjects import redis as subject
from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Capture, load
from plugins.plugin_utils.facts import redis
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules.redis import REDIS_ACCESS
from plugins.plugin_utils.rules.redis_state import REDIS_REPLICA_LINK, REDIS_REPLICAS
from tests.unit.boundaries_redis import LINK, SERVER

FIXTURES = Path(__file__).parents[1] / "fixtures/redis"


@contextmanager
def serving(answer: Callable[[bytes], bytes]) -> Iterator[tuple[str, int]]:
    """A server on a loopback port that gives each request to ``answer``; it closes the connection after an answer b""."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection, suppress(ConnectionResetError):
                while (request := connection.recv(65536)) and (data := answer(request)):
                    connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()
    finally:
        listener.close()


def test_the_client_reads_every_kind_of_answer() -> None:
    answers = iter([b"+PONG\r\n", b":42\r\n", b"$5\r\nhe\r\no\r\n", b"$-1\r\n", b"*3\r\n:1\r\n$2\r\nab\r\n*1\r\n$-1\r\n", b"*0\r\n"])
    with serving(lambda _request: next(answers)) as address:
        connection = Connection(address, 5)
        assert [connection.ask("X") for _number in range(6)] == ["PONG", 42, "he\r\no", None, [1, "ab", [None]], []]
        connection.close()


def test_the_client_sends_each_word_with_its_length_in_bytes() -> None:
    requests = []
    with serving(lambda request: requests.append(request) or b"+OK\r\n") as address:
        connection = Connection(address, 5)
        connection.ask("AUTH", "p\u00e4ss word")
        connection.close()
    assert requests == ["*2\r\n$4\r\nAUTH\r\n$10\r\np\u00e4ss word\r\n".encode()]


@pytest.mark.parametrize(("answer", "error"), [
    (b"", "failed"),                                    # it closes the connection
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "failed"),      # another protocol
    (b"$900000000\r\n", "too_large"),
    (b"\x15\x03\x01\x00\x02\x02\x16" * 20000, "failed"),    # TLS, and no end of a line
    (b"$10\r\nabc", "timeout"),                         # the rest never comes
    (b"*-5x\r\n", "failed"),
])
def test_a_bad_answer_is_an_error_of_the_capture(answer: bytes, error: str) -> None:
    with serving(lambda _request: answer) as address:
        connection = Connection(address, 0.3)
        with pytest.raises(Lost) as caught:
            connection.ask("PING")
        connection.close()
    assert caught.value.error == error


def test_a_refusal_is_told_in_the_words_of_the_server() -> None:
    with serving(lambda _request: b"-NOAUTH Authentication required.\r\n") as address:
        connection = Connection(address, 5)
        with pytest.raises(Refusal, match="NOAUTH Auth"):
            connection.ask("INFO")
        connection.close()


def test_a_port_that_nobody_listens_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with pytest.raises(Lost, match="refused"):
        Connection(address, 1)


def test_what_this_process_listens_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "x.sock"))
        other.listen()
        found, port = listening(os.getpid()), one.getsockname()[1]
    assert ["127.0.0.1", port] in found["tcp"]
    assert str(tmp_path / "x.sock") in found["unix"]
    assert listening(2**22 + 1) is None


def test_addresses_of_the_kernels_tables() -> None:
    loopback = struct.unpack("=I", socket.inet_aton("127.0.0.1"))[0]
    assert address_of(f"{loopback:08X}") == "127.0.0.1"
    assert address_of("0" * 32) == "::"


@pytest.mark.parametrize(("argv", "name", "tcp", "unix"), [
    (["redis-server 127.0.0.1:6379"], "6379", [["127.0.0.1", 6379]], []),
    (["/usr/bin/redis-server *:7000 [cluster]"], "7000", [["*", 7000]], []),
    (["redis-sentinel *:26379 [sentinel]"], "26379", [["*", 26379]], []),
    (["redis-server /run/redis.sock"], "redis.sock", [], ["/run/redis.sock"]),
    (["redis-server ::1:6379"], "6379", [["::1", 6379]], []),
    (["valkey-server"], "valkey-server", [], []),
])
def test_a_server_is_named_by_its_title(argv: list[str], name: str, tcp: list[object], unix: list[str]) -> None:
    places = subject.places_of({"container": "docker-1", "pid": 1, "argv": argv, "name": "valkey-server"})
    assert (places["name"], places["tcp"], places["unix"]) == (name, tcp, unix)


def test_users_are_told_without_their_passwords() -> None:
    class Answering:
        def ask(self, *_words: str) -> list[str]:
            return ["user default on nopass sanitize-payload ~* &* +@all", "user shop on #" + "ab" * 32 + " ~shop:* +@read"]

    users = subject.users(Answering())
    assert users == [{"name": "default", "on": True, "nopass": True, "all": True, "passwords": 0},
                     {"name": "shop", "on": True, "nopass": False, "all": False, "passwords": 1}]
    assert "abab" not in json.dumps(users)


@pytest.mark.parametrize("part", [0, 1, 25, 50, 90, 99])
@pytest.mark.parametrize("case", ["healthy", "cluster_healthy", "sentinel_healthy"])
def test_a_text_that_is_cut_off_is_never_fine(case: str, part: int) -> None:
    whole = load(FIXTURES / case)
    for entry in whole.entries:
        if entry.kind != "note" or entry.text is None:
            continue
        cut = replace_text(whole, entry.key, entry.text[:len(entry.text.rstrip()) * part // 100])
        try:
            facts = redis.parse(cut)
        except redis.Unreadable:
            continue                    # all of the subject is unknown
        servers = facts.servers if isinstance(facts.servers, tuple) else ()
        unknown = [part for server in servers for part in vars(server).values() if isinstance(part, Unknown)]
        assert isinstance(facts.presence, Unknown) or unknown, entry.key


def replace_text(capture: Capture, key: str, text: str) -> Capture:
    return replace(capture, entries=tuple(item._replace(text=text) if item.key == key else item for item in capture.entries))


def test_garbage_is_unknown() -> None:
    whole = load(FIXTURES / "healthy")
    facts = redis.parse(replace_text(whole, "redis 6379 info", "\x00\xff\ufffd" * 100))
    assert isinstance(facts.servers[0].memory, Unknown)


def test_a_replica_that_never_heard_of_its_primary_is_no_good_one() -> None:
    servers = (replace(SERVER, link=replace(LINK, silent_seconds=None)),)
    assert [found.severity for found in REDIS_REPLICA_LINK.check(REDIS_REPLICA_LINK.levels, servers)] == [Severity.UNKNOWN]


def test_a_lone_primary_that_should_have_replicas_is_critical() -> None:
    servers = (replace(SERVER, link=redis.NO_REPLICA, replicas=()),)
    assert [found.severity for found in REDIS_REPLICAS.check({}, servers, {"redis x": 1})] == [Severity.CRITICAL]
    assert [found.severity for found in REDIS_REPLICAS.check({}, servers, {"postgresql": 1})] == [Severity.OK]


@pytest.mark.parametrize(("address", "is_open", "protected", "severity"), [
    ("0.0.0.0", True, False, Severity.CRITICAL), ("192.0.2.1", True, True, Severity.INFO), ("127.0.0.1", True, False, Severity.OK),
    ("::1", True, False, Severity.OK), ("::", False, False, Severity.OK),
])
def test_who_may_come_in(address: str, is_open: bool, protected: bool, severity: Severity) -> None:
    server = replace(SERVER, process=replace(SERVER.process, addresses=(address,)), settings=replace(SERVER.settings, protected=protected),
                     access=redis.Access(is_open, (), ()))
    assert [found.severity for found in REDIS_ACCESS.check({}, (server,))] == [severity]
