# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: the instances of a host, from discovery, the answers of psql, the files and the control file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture
from .answers import answer, one
from .memory import parse_meminfo
from .mount_table import parse_mountinfo
from .postgresql_model import (
    Access,
    Archiver,
    Backup,
    Blocked,
    Checkpoints,
    Connections,
    Database,
    Folder,
    Found,
    Instance,
    Override,
    Password,
    Prepared,
    Reads,
    Replica,
    Role,
    Server,
    Session,
    Setting,
    Slot,
    Standby,
)

T = TypeVar("T")
NO_POSTGRESQL = NotHere("no PostgreSQL runs here and none is configured")
ONLY_IN_CONTAINERS = NotHere("PostgreSQL runs here only in containers, which are hosts of their own")
CONTROL_STATE = re.compile(r"^Database cluster state:\s+(\S.*)$", re.MULTILINE)
CONTROL_END = "Data page checksum version:"


@dataclass(frozen=True)
class Kernel:
    """Of the host: huge page sizes in bytes, vm.overcommit_memory, vm.swappiness; file system type by device number."""

    memory_bytes: Known[int]
    huge_total_bytes: Known[int]
    overcommit: Known[int]
    swappiness: Known[int]
    file_systems: Known[Mapping[str, str]]


@dataclass(frozen=True)
class PostgresqlFacts:
    """``instances``: those of this host; ``everywhere``: those in its containers too, of which is only said that they can't be asked."""

    everywhere: Known[tuple[Instance, ...]]
    instances: Known[tuple[Instance, ...]]
    kernel: Kernel
    taken_at: datetime


def parse(capture: Capture) -> PostgresqlFacts:
    everywhere = _instances(capture)
    instances = everywhere if isinstance(everywhere, Unknown | NotHere) else (
        tuple(item for item in everywhere if item.found.state != "container") or ONLY_IN_CONTAINERS)
    return PostgresqlFacts(everywhere=everywhere, instances=instances, kernel=_kernel(capture), taken_at=capture.taken_at)


def found_instances(capture: Capture, key: str) -> Known[tuple[Found, ...]]:
    """What discovery found, less what was stopped on purpose; NotHere where there is nothing."""
    found = answer(capture, key, Found)
    if isinstance(found, Unknown | NotHere):
        return found
    return tuple(item for item in found if item.state != "down" or item.enabled) or NO_POSTGRESQL


def own_instances(capture: Capture, key: str) -> Known[tuple[Found, ...]]:
    """What discovery found, less what runs in containers: the subject ``postgresql`` tells those."""
    found = found_instances(capture, key)
    if isinstance(found, Unknown | NotHere):
        return found
    return tuple(item for item in found if item.state != "container") or ONLY_IN_CONTAINERS


def _instances(capture: Capture) -> Known[tuple[Instance, ...]]:
    found = found_instances(capture, "postgresql instances")
    return found if isinstance(found, Unknown | NotHere) else tuple(_instance(capture, item) for item in found)


def _instance(capture: Capture, found: Found) -> Instance:
    def many(name: str, kind: type[T]) -> Known[tuple[T, ...]]:
        return answer(capture, f"postgresql {found.instance} {name}", kind)

    def single(name: str, kind: type[T]) -> Known[T]:
        return one(many(name, kind), f"postgresql {found.instance} {name}")

    server = single("server", Server)
    session = session_of(capture, "postgresql", found)
    if isinstance(server, Server) and not (server.is_superuser or server.may_monitor):
        session = Unknown("it answers, but our role sees nothing of the others; grant it pg_monitor")
    return Instance(
        found=found, session=session, folders=many("folders", Folder),
        control=_control(capture, found.instance), backups=_backups(capture, found.instance),
        server=server, settings=_settings(many("settings", Setting)), connections=single("connections", Connections),
        sessions=many("activity", Session), blocked=many("blocked", Blocked), prepared=many("prepared", Prepared),
        databases=many("databases", Database), checkpoints=single("checkpoints", Checkpoints),
        replicas=many("replicas", Replica), standby=_standby(many("standby", Standby)), slots=many("slots", Slot),
        archiver=single("archiver", Archiver), roles=many("roles", Role), passwords=many("passwords", Password),
        access=many("access", Access), overrides=many("overrides", Override),
        reads=single("reads", Reads),
    )


def session_of(capture: Capture, subject: str, found: Found) -> Known[float]:
    """How long psql took, or why this instance gave it no answers, and what to do about that."""
    if found.state == "container":
        return Unknown("runs in the container {container}, whose files and sockets this inspection can't reach; inspect the "
                       "container itself as "
                       "a host of the inventory", {"container": found.container})
    if found.state == "down":
        return Unknown("is not running, so nothing else of it can be judged", {})
    text = capture.known(f"{subject} {found.instance} session")
    if isinstance(text, str):
        try:
            return float(json.loads(text)["seconds"])
        except (ValueError, TypeError, KeyError):
            return Unknown("{key}: is not a whole list of JSON objects; it is cut "
                           "off or garbled", {"key": f"{subject} {found.instance} session"})
    entry = capture.entry(f"{subject} {found.instance} session")
    return _refused(found, entry.stderr if entry else "", entry.error or "" if entry else "")


def _refused(found: Found, stderr: str, error: str) -> Unknown:
    values = {"detail": stderr.strip()[:300] or error, "user": found.user or "?"}
    # What the server or psql says, what it means and what to do
    for pattern, reason in (
        (r"too many clients|remaining connection slots|too many connections",
         "all its connections are taken, also those reserved for superusers: {detail}; end idle sessions or raise max_connections"),
        (r"starting up|not yet accepting|not accepting connections|recovery",
         "it is starting or recovering and takes no connections yet: {detail}; see its log, and inspect again when it is up"),
        (r"shutting down", "it is shutting down: {detail}; inspect again when it is up"),
        (r"password|authentication failed|no pg_hba.conf entry|role .* does not exist|no password",
         "it refuses us: {detail}; let the account {user} in by peer in pg_hba.conf, or give caretaker_credentials for this instance"),
        (r"No such file|Connection refused|could not connect", "nothing listens where its postmaster.pid says: {detail}; look at its log"),
        (r"is not on this host", "there is no psql on this host to ask it with; install the client of its version"),
        (r"no account", "{detail}; its process runs under an account that this host does not know"),
        (r"needs root", "only root or its account {user} can ask it: {detail}; inspect with become, or give caretaker_credentials for "
                        "this instance"),
    ):
        if re.search(pattern, stderr):
            return Unknown(reason, values)
    if error == "timeout" or "timeout" in stderr:
        return Unknown("it did not answer in time: {detail}; look for a stopped or hanging server process and a dead disk", values)
    if found.status == "starting":
        return Unknown("it is starting or recovering and takes no connections yet: {detail}; see its log, and inspect again "
                       "when it is up", values)
    return Unknown("psql got no answers from it: {detail}", values)


def _settings(found: Known[tuple[Setting, ...]]) -> Known[Mapping[str, Setting]]:
    return found if isinstance(found, Unknown | NotHere) else {item.name: item for item in found}


def _standby(found: Known[tuple[Standby, ...]]) -> Known[Standby]:
    if isinstance(found, Unknown | NotHere):
        return found
    return found[0] if found else NotHere("it is a primary")


# Database cluster state:               in production
# ...
# Data page checksum version:           0
def _control(capture: Capture, instance: str) -> Known[str]:
    key = f"postgresql {instance} control"
    text = capture.text(key)
    if isinstance(text, Unknown | NotHere):
        return text
    state = CONTROL_STATE.search(text)
    whole = text.rpartition(CONTROL_END)[2]
    if state is None or CONTROL_END not in text or not whole.endswith("\n"):
        return Unknown("{key}: is cut off or not the output of pg_controldata", {"key": key})
    return state.group(1).strip()


def _backups(capture: Capture, instance: str) -> Known[tuple[Backup, ...]]:
    key = f"postgresql {instance} pgbackrest"
    if capture.entry(key) is None:
        return NotHere("no backup tool that can be asked is on this host")
    text = capture.text(key)
    if isinstance(text, Unknown | NotHere):
        return text
    try:
        return parse_pgbackrest(text, key)
    except Unreadable as error:
        return error.unknown


# [{"name":"main","status":{"code":0,"message":"ok"},"backup":[{"label":"20261120-010203F","error":false,
#   "timestamp":{"start":1795136523,"stop":1795136581}}], ...}]
def parse_pgbackrest(text: str, key: str) -> tuple[Backup, ...]:
    """The newest backup of each stanza of ``pgbackrest info --output=json``; finished_at 0 where there is none."""
    try:
        stanzas = json.loads(text)
        found = []
        for stanza in stanzas:
            done = stanza.get("backup") or []
            newest = max(done, key=lambda item: item["timestamp"]["stop"], default=None)
            code, message = stanza["status"]["code"], str(stanza["status"]["message"])
            failed = message if code else "errors in its pages" if newest and newest.get("error") else ""
            found.append(Backup("pgBackRest", str(stanza["name"]), float(newest["timestamp"]["stop"]) if newest else 0.0, failed))
        return tuple(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable("{key}: is not the whole output of pgbackrest info", key=key) from error


def _kernel(capture: Capture) -> Kernel:
    sizes = capture.text("/proc/meminfo")
    values = parse_meminfo(sizes) if isinstance(sizes, str) and sizes.endswith("\n") else {}
    unknown = sizes if isinstance(sizes, Unknown) else Unknown("/proc/meminfo: does not end with a whole line; it is cut off")
    huge = values["HugePages_Total"] * values.get("Hugepagesize", 0) if "HugePages_Total" in values else unknown
    mounts = capture.known("/proc/self/mountinfo")
    try:
        file_systems: Known[Mapping[str, str]] = mounts if isinstance(mounts, Unknown) else {
            item.device: item.fs_type for item in parse_mountinfo(mounts)}
    except Unreadable as error:
        file_systems = error.unknown
    return Kernel(memory_bytes=values.get("MemTotal", unknown), huge_total_bytes=huge,
                  overcommit=_number(capture, "/proc/sys/vm/overcommit_memory"),
                  swappiness=_number(capture, "/proc/sys/vm/swappiness"), file_systems=file_systems)


def _number(capture: Capture, key: str) -> Known[int]:
    text = capture.known(key)
    if isinstance(text, Unknown):
        return text
    return int(text) if text.strip().isdecimal() and text.endswith("\n") else Unknown("{key}: holds no number", {"key": key})
