# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ: a Broker for each node of this host, from the JSON of rabbitmqctl."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .guard import readable
from .middleware import Presence, Version, json_object, number, presence

NONE = NotHere("no RabbitMQ runs here and none is configured")
NOT_RUNNING = NotHere("no RabbitMQ runs here that could be looked at")
NO_FILES = NotHere("this version does not tell how many files it has open")
NO_CONNECTIONS = NotHere("no client is connected")
NO_WATERMARK = NotHere("this version does not tell how its memory watermark is set")
CONFIGURATION = "RabbitMQ's configuration"
HANGS = "rabbitmqctl got no answer in time: the node hangs, or this host is overloaded"
UNREACHED = "rabbitmqctl can't reach the node, though its process runs: {detail}"
T = TypeVar("T")


@dataclass(frozen=True)
class Used:
    """Something of which there is only so much; ``limit`` 0 where there is no limit."""

    used: float
    limit: float


@dataclass(frozen=True)
class Listener:
    protocol: str
    interface: str
    port: int


@dataclass(frozen=True)
class Status:
    """``alarms``: what the node itself raises, as "memory" or "disk"; memory and disk in bytes."""

    version: Known[Version]
    erlang: Known[Version]
    alarms: tuple[str, ...]
    memory: Known[Used]
    disk_free_bytes: float
    disk_limit_bytes: float
    files: Known[Used]
    sockets: Known[Used]
    processes: Known[Used]
    maintenance: bool
    listeners: tuple[Listener, ...]


@dataclass(frozen=True)
class Watermark:
    """Of memory. ``relative``: as a share of the host's, None where it is a size; ``set_by``: "default", or what says it."""

    relative: float | None
    set_by: str


@dataclass(frozen=True)
class Cluster:
    nodes: tuple[str, ...]
    running: tuple[str, ...]
    partitions: tuple[str, ...]
    versions: Mapping[str, str]
    disabled_flags: tuple[str, ...]


@dataclass(frozen=True)
class Guest:
    """The account that a fresh installation has: ``default_password`` None where that could not be tried."""

    tags: tuple[str, ...]
    default_password: bool | None
    from_anywhere: bool


@dataclass(frozen=True)
class Connections:
    connections_count: int
    channels_count: int
    tls_count: int


@dataclass(frozen=True)
class Queue:
    """``members`` of a quorum queue or stream, and those of them that are ``online``; ``mirrors`` and those ``synchronised``."""

    name: str
    kind: str
    state: str
    ready_count: int
    unacknowledged_count: int
    consumers_count: int
    durable: bool
    exclusive: bool
    members: tuple[str, ...]
    online: tuple[str, ...]
    mirrors: tuple[str, ...]
    synchronised: tuple[str, ...]


@dataclass(frozen=True)
class Broker:
    name: str
    status: Known[Status]
    version: Known[Version]
    erlang: Known[Version]
    cluster: Known[Cluster]
    guest: Known[Guest]
    connections: Known[Connections]
    queues: Known[tuple[Queue, ...]]
    watermark: Known[Watermark]


@dataclass(frozen=True)
class RabbitmqFacts:
    """``brokers`` is NotHere where none runs that could be looked at; ``found`` is then empty."""

    presence: Known[Presence]
    brokers: Known[tuple[Broker, ...]]
    found: Known[tuple[Broker, ...]]


def parse(capture: Capture) -> RabbitmqFacts:
    found = presence(capture, "rabbitmq", NONE)
    if not isinstance(found, Presence):
        return RabbitmqFacts(found, found, found)
    brokers = tuple(broker(capture, item.name) for item in found.servers if not item.container)
    return RabbitmqFacts(found, brokers or NOT_RUNNING, brokers)


def broker(capture: Capture, name: str) -> Broker:
    key = f"rabbitmq {name} "
    status = readable(parse_status, capture, key + "status")
    rest: Unknown | NotHere | None = status if isinstance(status, Unknown | NotHere) else None

    def of(read: Callable[..., Known[T]], part: str) -> Known[T]:
        return rest if rest is not None else readable(read, capture, key + part)

    return Broker(
        name, status, status.version if isinstance(status, Status) else status, status.erlang if isinstance(status, Status) else status,
        of(parse_cluster, "cluster"), of(parse_guest, ""), of(parse_connections, "connections"), of(parse_queues, "queues"),
        of(parse_watermark, ""))


def answer(capture: Capture, key: str) -> str:
    """The text of an answer. Raises Unreadable with what rabbitmqctl said, in words that say what to do."""
    entry = capture.entry(key)
    if entry is not None and entry.error == "timeout":
        raise Unreadable(HANGS)
    if entry is not None and "unable to perform an operation on node" in entry.stderr:
        raise Unreadable(UNREACHED, detail=entry.stderr.strip()[:200])
    if entry is not None and entry.error == "not_found":
        raise Unreadable("there is no rabbitmqctl on this host, so the node can't be asked")
    if entry is not None and entry.error is not None:
        raise Unreadable("rabbitmqctl failed: {detail}", detail=entry.stderr.strip()[:200] or "?")
    text = capture.known(key)
    if isinstance(text, Unknown):
        raise Unreadable(text.reason, **text.values)
    return text


# {"rabbitmq_version":"3.10.8","erlang_version":"Erlang/OTP 25 [erts-13.1.5] ...","alarms":[],"disk_free":71535591424,...}
def parse_status(capture: Capture, key: str) -> Known[Status]:
    found = json_object(answer(capture, key), key)
    version = re.match(r"(\d+\.\d+)\.\d+", str(found.get("rabbitmq_version")))
    erlang = re.match(r"Erlang/OTP (\d+)", str(found.get("erlang_version")))
    alarms, listeners = found.get("alarms"), found.get("listeners")
    if not isinstance(alarms, list) or not isinstance(listeners, list):
        raise Unreadable("{key}: {name} is missing", key=key, name="alarms, listeners")
    descriptors = found.get("file_descriptors")
    processes = found.get("processes")
    return Status(
        version=Version(str(found["rabbitmq_version"]), version.group(1), True) if version else Unknown("its version is not told"),
        erlang=Version(erlang.group(1), erlang.group(1), True) if erlang else Unknown("the version of Erlang is not told"),
        alarms=tuple(alarm_name(alarm) for alarm in alarms), memory=readable(memory, found, key),
        disk_free_bytes=number(found, "disk_free", key), disk_limit_bytes=number(found, "disk_free_limit", key),
        files=readable(used, descriptors, "total_used", "total_limit", key), sockets=readable(used, descriptors, "sockets_used",
                                                                                              "sockets_limit", key),
        processes=readable(used, processes, "used", "limit", key), maintenance=bool(found.get("is_under_maintenance")),
        listeners=tuple(Listener(str(row.get("protocol")), str(row.get("interface")), int(row.get("port", 0))) for row in listeners))


def alarm_name(alarm: object) -> str:
    """``{"resource":"memory","node":"rabbit@a"}``, ``[{"resource_limit","disk","rabbit@a"}, []]`` or a bare word, as versions tell it."""
    if isinstance(alarm, dict):
        return " ".join(str(alarm[name]) for name in ("resource", "node") if name in alarm) or json.dumps(alarm)[:80]
    return json.dumps(alarm)[:80] if not isinstance(alarm, str) else alarm


# "memory":{"strategy":"rss","total":{"erlang":67465744,"rss":128733184,"allocated":48807936}},"vm_memory_high_watermark_limit":10110604083
def memory(found: Mapping[str, Any], key: str) -> Known[Used]:
    parts = found.get("memory")
    total = parts.get("total") if isinstance(parts, dict) else None
    if isinstance(total, dict):
        total = total.get(str(found.get("vm_memory_calculation_strategy")), total.get("rss"))
    if not isinstance(total, int | float):
        raise Unreadable("{key}: {name} is missing", key=key, name="memory.total")
    return Used(total, number(found, "vm_memory_high_watermark_limit", key))


# "config_files":["/etc/rabbitmq/rabbitmq.conf"],...,"vm_memory_high_watermark_setting":{"relative":0.4}       or {"absolute":1000000000}
def parse_watermark(capture: Capture, key: str) -> Known[Watermark]:
    """Files in Erlang's own format (.config) are not read: they may say it, too."""
    status = json_object(answer(capture, key + "status"), key)
    setting, files = status.get("vm_memory_high_watermark_setting"), status.get("config_files")
    if not isinstance(setting, dict):
        return NO_WATERMARK
    written = re.search(r"(?m)^vm_memory_high_watermark\b", answer(capture, key + "settings")) is not None
    classic = any(str(name).endswith(".config") for name in files) if isinstance(files, list) else True
    relative = setting.get("relative")
    return Watermark(float(relative) if isinstance(relative, int | float) else None,
                     CONFIGURATION if written else f"{CONFIGURATION}, or default" if classic else "default")


def used(found: object, name: str, limit: str, key: str) -> Known[Used]:
    if not isinstance(found, dict) or name not in found:
        return NO_FILES
    return Used(number(found, name, key), number(found, limit, key))


def parse_cluster(capture: Capture, key: str) -> Known[Cluster]:
    found = json_object(answer(capture, key), key)
    try:
        nodes = sorted({*found["disk_nodes"], *found["ram_nodes"]})
        partitions = found["partitions"]
        split = sorted(f"{node} | {', '.join(others)}" for node, others in partitions.items()) if isinstance(partitions, dict) else [
            json.dumps(partition) for partition in partitions]
        return Cluster(
            tuple(nodes), tuple(sorted(found["running_nodes"])), tuple(split),
            {node: str(row["rabbitmq_version"]) for node, row in found["versions"].items()},
            tuple(flag["name"] for flag in found.get("feature_flags",
                                                     ()) if flag["state"] == "disabled" and flag.get("stability") == "stable"))
    except (KeyError, TypeError, AttributeError) as error:
        raise Unreadable("{key}: {name} is missing", key=key, name=str(error)) from error


# [{"user":"guest","tags":["administrator"]}]
def parse_guest(capture: Capture, key: str) -> Known[Guest]:
    name = key + "users"
    users = rows(answer(capture, name), name)
    if not all("user" in row and "tags" in row for row in users):
        raise Unreadable("{key}: {name} is missing", key=name, name="user, tags")
    guest = next((row for row in users if row["user"] == "guest"), None)
    settings = answer(capture, key + "settings")
    if not settings.endswith("# end\n"):
        raise Unreadable("{key}: is cut off or not what Caretaker writes", key=key + "settings")
    if guest is None:
        return NotHere("there is no account guest")
    tried = json_object(answer(capture, key + "guest"), key + "guest")
    anywhere = re.search(r"(?m)^loopback_users(?:[ \t]*=[ \t]*none|\.guest[ \t]*=[ \t]*false)", settings) is not None
    return Guest(tuple(guest["tags"]), bool(tried.get("default_password")) if tried.get("asked") else None, anywhere)


def rows(text: str, key: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Unreadable("{key}: is not a whole list of JSON objects; it is cut off or garbled", key=key)
    return found


# {"connections": 12, "channels": 40, "most": 8, "tls": 0}
def parse_connections(capture: Capture, key: str) -> Known[Connections]:
    if capture.entry(key) is None:
        return NO_CONNECTIONS
    found = json_object(answer(capture, key), key)
    return Connections(int(number(found, "connections", key)), int(number(found, "channels", key)), int(number(found, "tls", key)))


# {"queues": [{"name": "orders", "vhost": "/", "messages_ready": 0, "type": "classic", "members": "", ...}], "left_out": 0, ...}
def parse_queues(capture: Capture, key: str) -> Known[tuple[Queue, ...]]:
    found = json_object(answer(capture, key), key)
    if not isinstance(found.get("queues"), list):
        raise Unreadable("{key}: {name} is missing", key=key, name="queues")
    if found.get("vhosts_left_out"):
        return Unknown("the queues of {left_count} virtual hosts were not looked at: there are too many for one inspection",
                       {"left_count": found["vhosts_left_out"]})
    return tuple(queue(row, key) for row in found["queues"])


def queue(row: Mapping[str, Any], key: str) -> Queue:
    """A queue that is down tells no numbers: they count as 0, and its state says so."""
    if "name" not in row or "state" not in row:
        raise Unreadable("{key}: {name} is missing", key=key, name="name, state")
    vhost = str(row.get("vhost", "/"))
    return Queue(
        name=f"{'' if vhost == '/' else vhost}/{row['name']}", kind=str(row.get("type") or "classic"), state=str(row["state"]),
        ready_count=whole(row, "messages_ready"), unacknowledged_count=whole(row, "messages_unacknowledged"),
        consumers_count=whole(row, "consumers"), durable=row.get("durable") is True, exclusive=row.get("exclusive") is True,
        members=names(row, "members"), online=names(row, "online"), mirrors=names(row, "slave_pids"),
        synchronised=names(row, "synchronised_slave_pids"))


def whole(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0


def names(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
