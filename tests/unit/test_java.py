# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken from a JVM: safe options, counters of its performance data file, numbers of a thread dump."""

from __future__ import annotations

import struct
from datetime import date

import pytest

from plugins.module_utils.hsperf import counters
from plugins.module_utils.subjects import java as subject
from plugins.plugin_utils.absent import NotHere, Unknown, Unreadable
from plugins.plugin_utils.facts import java


def test_no_secret_of_the_command_line_leaves() -> None:
    options, main = subject.safe_options([
        "java", "-Xmx2g", "-cp", "/a:/b", "-Ddb.password=geheim", "-Dcatalina.base=/srv/t", "-javaagent:/x.jar=key=geheim",
        "-XX:OnOutOfMemoryError=curl -u geheim", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "@/etc/args", "-jar", "/opt/shop-1.2.jar",
        "--token=geheim"])
    assert options == ["-Xmx2g", "-Ddb.password", "-Dcatalina.base=/srv/t", "-javaagent", "-XX:OnOutOfMemoryError"]
    assert main == "shop-1.2.jar"
    assert "geheim" not in repr(options)


@pytest.mark.parametrize(("options", "main", "wanted"), [
    (["-Dcatalina.base=/var/lib/tomcat10/"], "org.apache.catalina.startup.Bootstrap", "tomcat10"), ([], "shop-1.2.3-SNAPSHOT.jar", "shop"),
    ([], "org.example.Main", "Main"), ([], "", "java"), ([], "1.jar", "1"),
])
def test_names_outlive_upgrades(options: list[str], main: str, wanted: str) -> None:
    assert subject.name_of(options, main) == wanted


def performance_data(order: str = "<", **values: int | str) -> bytes:
    """A file as HotSpot writes it, format 2.0: 32 bytes of head, then entries of name and value."""
    entries = b""
    for name, value in values.items():
        key = name.replace("__", ".").encode() + b"\0"
        key += b"\0" * (-len(key) % 8)
        data = struct.pack(order + "q", value) if isinstance(value, int) else value.encode() + b"\0"
        kind, vector = (b"J", 0) if isinstance(value, int) else (b"B", len(data))
        entries += struct.pack(order + "iiicBBBi", 20 + len(key) + len(data), 20, vector, kind, 0, 1, 1, 20 + len(key)) + key + data
    head = b"\xca\xfe\xc0\xc0" + bytes((1 if order == "<" else 0, 2, 0, 1)) + struct.pack(order + "iiqii", 0, 0, 0, 32, len(values))
    return head + entries


@pytest.mark.parametrize("order", ["<", ">"])
def test_counters_of_both_byte_orders(order: str) -> None:
    data = performance_data(order, sun__os__hrt__frequency=10**9, java__property__java__version="17.0.19", sun__rt__javaCommand="x geheim")
    assert counters(data) == {"sun.os.hrt.frequency": 10**9, "java.property.java.version": "17.0.19"}


@pytest.mark.parametrize("data", [b"", b"\0" * 100, performance_data(sun__os__hrt__frequency=1)[:-4], b"\xca\xfe\xc0\xc0\x01\x01" + b"\0" * 30])
def test_what_is_no_whole_performance_data(data: bytes) -> None:
    with pytest.raises(ValueError):
        counters(data)


DUMP = '''2026-11-22 03:00:00
Full thread dump OpenJDK 64-Bit Server VM (17.0.19+10-Debian-1deb12u1 mixed mode, sharing):

"main" #1 prio=5 os_prio=0 cpu=1021.12ms elapsed=100.22s tid=0x00007f0a nid=0x162 runnable  [0x00007f0a]
   java.lang.Thread.State: RUNNABLE
\tat sun.nio.ch.Net.accept(java.base@17.0.19/Native Method)

"http-nio-8080-exec-1" #31 daemon prio=5 tid=0x00007f0b nid=0x170 waiting on condition  [0x00007f0b]
   java.lang.Thread.State: WAITING (parking)
\tat org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:146)

"http-nio-8080-exec-2" #32 daemon prio=5 tid=0x00007f0c nid=0x171 waiting for monitor entry  [0x00007f0c]
   java.lang.Thread.State: BLOCKED (on object monitor)
\tat com.example.Shop.buy(Shop.java:12)

"VM Thread" os_prio=0 cpu=8.01ms elapsed=100.30s tid=0x00007f0d nid=0x165 runnable

JNI global refs: 12, weak refs: 0

Found one Java-level deadlock:
=============================
"http-nio-8080-exec-2":
  waiting to lock monitor 0x00007f0e (object 0x1, a java.lang.Object),
  which is held by "main"

Found 1 deadlock.
'''


def test_a_thread_dump_becomes_numbers() -> None:
    assert subject.count_threads(DUMP) == {
        "states": {"RUNNABLE": 1, "WAITING": 1, "BLOCKED": 1}, "pools": {"http-nio-8080": {"threads": 2, "busy": 1}}, "deadlocks": 1,
        "complete": True}
    assert not subject.count_threads(DUMP[:600])["complete"]


@pytest.mark.parametrize(("text", "wanted"), [
    ("17.0.13", date(2024, 10, 17)), ("11.0.25", date(2024, 10, 17)), ("21.0.5+11-LTS", date(2024, 10, 17)), ("17.0.19", date(2026, 4, 17)),
    ("1.8.0_432", date(2024, 10, 17)), ("1.8.0_432-b06", date(2024, 10, 17)), ("25", date(2025, 7, 17)),
])
def test_when_an_update_came_out(text: str, wanted: date) -> None:
    counted = java.Counters(text, java.Collections(0, 0, 0), 0, 0, 0, 0, True)
    assert java.patched_of(counted) == wanted


@pytest.mark.parametrize(("text", "branch"), [("1.8.0_432", "8"), ("1.7.0", "7"), ("21", "21"), ("21-ea", "21"), ("17.0.1", "17"), ("9.0.4", "9")])
def test_branches(text: str, branch: str) -> None:
    counted = java.Counters(text, java.Collections(0, 0, 0), 0, 0, 0, 0, True)
    found = java.version_of(counted, Unknown("x"))
    assert not isinstance(found, Unknown | NotHere)
    assert found.branch == branch


@pytest.mark.parametrize(("words", "wanted"), [
    (["-Xmx2g"], 2 << 30), (["-Xmx1g", "-Xmx512M"], 512 << 20), (["-XX:MaxHeapSize=1024"], 1024), (["-Xmxlots"], None), ([], None),
])
def test_sizes(words: list[str], wanted: int | None) -> None:
    assert java.size_of(words, "-Xmx", "-XX:MaxHeapSize=") == wanted


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"states": {}, "pools": {}}', '{"states": {"RUNNABLE": 1}, "pools": {}, "deadlocks": 0}'])
def test_odd_threads(text: str) -> None:
    with pytest.raises(Unreadable):
        java.parse_threads(text)
