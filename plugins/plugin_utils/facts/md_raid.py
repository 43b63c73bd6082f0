# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux software RAID: arrays, their members and what goes on in them; consistency; what mdadm.conf expects.

/proc/mdstat is the first source of the arrays; ``mdadm --detail`` adds its own words, and stands in where mdstat is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, Entry, text_of
from .mdadm import Detail, Superblock, parse_detail, parse_examine

Item = TypeVar("Item")
REDUNDANT = ("raid1", "raid4", "raid5", "raid6", "raid10")


@dataclass(frozen=True)
class Member:
    name: str
    slot: int
    faulty: bool = False
    spare: bool = False
    journal: bool = False
    replacement: bool = False
    write_mostly: bool = False


@dataclass(frozen=True)
class Operation:
    """``kind`` is resync, recovery, reshape, check or repair; ``state`` is running, delayed, pending or remote."""

    kind: str
    state: str
    progress_ratio: float = 0.0
    done_bytes: int = 0
    total_bytes: int = 0
    left_seconds: float = 0.0
    speed_bytes_per_second: float = 0.0


@dataclass(frozen=True)
class Array:
    """``state`` is active, inactive, broken or a word we don't know. ``container``: of firmware RAID (imsm, ddf), never active.

    ``required`` and ``working`` are None for levels that don't tell them (raid0, linear) and for arrays that did not start.
    ``words`` are the state in mdadm's words ("clean", "degraded"), () if it was not asked.
    """

    name: str
    level: str
    state: str
    read_only: str = ""
    container: bool = False
    size_bytes: int | None = None
    required: int | None = None
    working: int | None = None
    members: tuple[Member, ...] = ()
    operation: Operation | None = None
    words: tuple[str, ...] = ()
    uuid: str | None = None

    @property
    def spares(self) -> int:
        return sum(member.spare for member in self.members)

    @property
    def faulty(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members if member.faulty)

    @property
    def redundant(self) -> bool:
        return self.level in REDUNDANT


@dataclass(frozen=True)
class Consistency:
    """``mismatch_sectors``: 512-byte sectors in which the copies or the parity differed in the last check."""

    array: str
    level: str
    mismatch_sectors: int
    action: str
    last_action: str | None


@dataclass(frozen=True)
class MemberErrors:
    """``read_errors``: corrected by md since the array was assembled; ``bad_blocks``: entries of its list of lost blocks."""

    array: str
    member: str
    state: tuple[str, ...]
    read_errors: int
    bad_blocks: int


@dataclass(frozen=True)
class Configured:
    """One ARRAY line of mdadm.conf; ``device`` is "" where it names none."""

    device: str
    uuid: str | None
    spares: int | None


@dataclass(frozen=True)
class Scrub:
    """``schedule`` names what starts the regular check, "" if nothing was seen; ``last_run`` None where that isn't recorded."""

    schedule: str
    last_run: datetime | None


@dataclass(frozen=True)
class MdRaidFacts:
    """``assembled`` may be empty; ``arrays`` is the same, or NotHere if there are none. ``names``: {/dev/md/NAME: kernel name}.

    ``expected_spares`` are the configured arrays for which mdadm.conf says how many spares they have.
    """

    assembled: Known[tuple[Array, ...]]
    arrays: Known[tuple[Array, ...]]
    consistency: Known[tuple[Consistency, ...]]
    member_errors: Known[tuple[MemberErrors, ...]]
    superblocks: Known[tuple[Superblock, ...]]
    configured: Known[tuple[Configured, ...]]
    expected_spares: tuple[Configured, ...]
    names: dict[str, str]
    scrub: Known[Scrub]


NO_ARRAYS = NotHere("no md array on this host")


OURS = ("mdadm ", "/sys/block/md", "/dev/md/", "/dev/disk/by-id/md-uuid-")


def parse(capture: Capture) -> MdRaidFacts:
    entries = [entry for entry in capture.entries if entry.key.startswith(OURS)]
    assembled = _assembled(capture, entries)
    arrays: Known[tuple[Array, ...]] = NO_ARRAYS if assembled == () else assembled
    configured = _configured(capture)
    expected = tuple(item for item in configured if item.spares is not None) if isinstance(configured, tuple) else ()
    return MdRaidFacts(
        assembled=assembled, arrays=arrays,
        consistency=_consistency(capture, entries, arrays), member_errors=_member_errors(capture, entries, arrays),
        superblocks=_superblocks(entries), configured=configured, expected_spares=expected,
        names=_names(entries), scrub=_scrub(capture, arrays),
    )


def _assembled(capture: Capture, entries: list[Entry]) -> Known[tuple[Array, ...]]:
    details = _from_commands(entries, "mdadm --detail ", parse_detail)
    text = capture.text("/proc/mdstat")
    if not isinstance(text, str):
        if isinstance(details, tuple) and details:
            return tuple(_of_detail(detail) for detail in details)
        if isinstance(details, Unknown):
            return details
        return () if isinstance(text, NotHere) else text
    try:
        arrays = parse_mdstat(text)
    except Unreadable as error:
        return error.unknown
    uuids = _uuids(entries)
    known = {detail.name: detail for detail in details} if isinstance(details, tuple) else {}
    return tuple(
        replace(array, words=known[array.name].words if array.name in known else (),
                uuid=uuids.get(array.name) or (known[array.name].uuid if array.name in known else None))
        for array in arrays
    )


# md0 : active raid1 sdb1[1] sda1[0](F) sdc1[2](S)
#       1046528 blocks super 1.2 [2/1] [_U]
#       [==>..................]  recovery = 12.6% (132096/1046528) finish=0.8min speed=18870K/sec
#       bitmap: 0/1 pages [0KB], 65536KB chunk
#
# unused devices: <none>
HEAD = re.compile(r"^(\S+) : (\w+)((?: \([\w-]+\))?)(?: (.*))?$")
MEMBER = re.compile(r"^(.+)\[(\d+)\]((?:\([A-Z]\))*)$")
BLOCKS = re.compile(r"^(\d+) blocks(.*)$")
SLOTS = re.compile(r"\[(\d+)/(\d+)\] \[([U_]+)\]")
PROGRESS = re.compile(r"(\w+) =\s*([\d.]+)% \((\d+)/(\d+)\)(?: finish=([\d.]+)min)?(?: speed=(\d+)K/sec)?")
WAITING = re.compile(r"^(\w+)=(DELAYED|PENDING|REMOTE)$")
KIB = 1024


def parse_mdstat(text: str) -> tuple[Array, ...]:
    """The arrays in their order. Raises Unreadable for a text that is cut off or not an mdstat."""
    lines = text.splitlines()
    if not any(line.startswith("unused devices:") for line in lines):
        raise Unreadable("/proc/mdstat: its last line is missing; it is cut off or not an mdstat")
    arrays: list[Array] = []
    for line in lines:
        head = HEAD.match(line)
        if head and not line.startswith(("Personalities", "unused devices")):
            arrays.append(_head(*head.groups()))
        elif line.startswith((" ", "\t")) and arrays:
            arrays[-1] = _with_line(arrays[-1], line.strip())
        elif line.strip() and not line.startswith(("#", "Personalities", "read_ahead", "unused devices", "Event:")):
            raise Unreadable("/proc/mdstat: a line is not understood: {line}", line=line[:80])
    return tuple(_plain_level(array) for array in arrays)


def _head(name: str, state: str, read_only: str, rest: str | None) -> Array:
    words = (rest or "").split()
    matches = [MEMBER.match(word) for word in words]
    members = tuple(
        Member(match[1].replace("!", "/"), int(match[2]), faulty="(F)" in match[3], spare="(S)" in match[3], journal="(J)" in match[3],
               replacement="(R)" in match[3], write_mostly="(W)" in match[3])
        for match in matches if match
    )
    levels = [word for word, match in zip(words, matches, strict=True) if not match]
    return Array(name, levels[0] if levels else "", state, read_only.strip(" ()"), members=members)


def _with_line(array: Array, line: str) -> Array:
    if match := BLOCKS.match(line):
        slots = SLOTS.search(line)
        external = re.search(r"super external:(\S*)", line)
        return replace(
            array, size_bytes=int(match[1]) * KIB,
            # a volume in a container names it by its path, a container names its format
            container=external is not None and not external[1].startswith(("/", "-")),
            required=int(slots[1]) if slots else None, working=min(int(slots[2]), slots[3].count("U")) if slots else None,
        )
    if match := PROGRESS.search(line):
        done, total = int(match[3]) * KIB, int(match[4]) * KIB
        operation = Operation(_kind(match[1]), "running", _number(match[2]) / 100, done, total, 60 * _number(match[5] or "0"),
                              int(match[6] or 0) * KIB)
        return replace(array, operation=operation)
    if match := WAITING.match(line):
        return replace(array, operation=Operation(_kind(match[1]), match[2].lower()))
    return array


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise Unreadable("/proc/mdstat: a line is not understood: {line}", line=text[:80]) from error


def _kind(word: str) -> str:
    return {"recover": "recovery"}.get(word, word)


def _plain_level(array: Array) -> Array:
    """Levels that tell no slots must not be taken for healthy when they should: without [n/m] a mirror is unreadable."""
    if array.state == "active" and array.redundant and array.required is None:
        raise Unreadable("/proc/mdstat: {array} has no line with its slots, such as [2/2] [UU]", array=array.name)
    if array.state not in ("active", "broken"):
        return replace(array, required=None, working=None)
    return array


def _of_detail(detail: Detail) -> Array:
    members = tuple(
        Member(row.device, row.slot if row.slot is not None else -1, faulty="faulty" in row.words,
               spare="spare" in row.words and "rebuilding" not in row.words)
        for row in detail.rows if row.device
    )
    words = {word.partition(" (")[0]: word.partition(" (")[2].rstrip(")") for word in detail.words}     # "resyncing (pending)"
    operation = None
    for word, kind in (("resyncing", "resync"), ("recovering", "recovery"), ("reshaping", "reshape"), ("checking", "check")):
        if word in words:
            operation = Operation(kind, words[word] or "running", detail.progress_ratio or 0.0)
    container = detail.level == "container"
    state = "inactive" if container or words.keys() & {"inactive", "not started"} else "active"
    active = {row.slot for row in detail.rows if "active" in row.words}
    return Array(
        detail.name, detail.level, state, container=container, size_bytes=detail.size_bytes, required=detail.raid_devices,
        working=len(active) if detail.raid_devices is not None and state == "active" else None,
        members=members, operation=operation, words=detail.words, uuid=detail.uuid,
    )


def _superblocks(entries: list[Entry]) -> Known[tuple[Superblock, ...]]:
    found = _from_commands(entries, "mdadm --examine ", parse_examine)
    return NotHere("every array started, so the superblocks were not examined") if found == () else found


def _from_commands(entries: list[Entry], begin: str, parser: Callable[[str], tuple[Item, ...]]) -> Known[tuple[Item, ...]]:
    items: list[Item] = []
    for entry in entries:
        if not entry.key.startswith(begin):
            continue
        text = text_of(entry)
        if not isinstance(text, str):
            return text
        try:
            items.extend(parser(text))
        except Unreadable as error:
            return error.unknown
    return tuple(items)


def _uuids(entries: list[Entry]) -> dict[str, str]:
    """{kernel name: uuid} from the links that udev makes."""
    return {
        (entry.text or "").rsplit("/", 1)[-1]: plain_uuid(entry.key.rsplit("md-uuid-", 1)[1])
        for entry in entries if "md-uuid-" in entry.key and entry.text
    }


def _names(entries: list[Entry]) -> dict[str, str]:
    return {entry.key: entry.text.rsplit("/", 1)[-1] for entry in entries if entry.key.startswith("/dev/md/") and entry.text}


def plain_uuid(text: str) -> str:
    return text.replace(":", "").replace("-", "").lower()


def _sysfs(entries: list[Entry], name: str) -> Iterator[tuple[str, str | Unknown | NotHere]]:
    """(folder, text) of all files of this name, sorted; "/sys/block/md0/md" is a folder."""
    for entry in sorted(entries, key=lambda entry: entry.key):
        folder, _slash, last = entry.key.rpartition("/")
        if last == name and entry.key.startswith("/sys/"):
            yield folder, text_of(entry)


def _consistency(capture: Capture, entries: list[Entry], arrays: Known[tuple[Array, ...]]) -> Known[tuple[Consistency, ...]]:
    if not isinstance(arrays, tuple):
        return arrays
    found = []
    for folder, text in _sysfs(entries, "mismatch_cnt"):
        count = _count(text)
        action = capture.text(folder + "/sync_action")
        level = capture.text(folder + "/level")
        if count is None or not isinstance(action, str) or not isinstance(level, str) or not action.strip():
            return Unknown("{folder}: mismatch_cnt, sync_action or level can't be read", {"folder": folder})
        last = capture.text(folder + "/last_sync_action")
        last_action = last.strip() if isinstance(last, str) else None
        found.append(Consistency(folder.split("/")[3], level.strip(), count, action.strip(), last_action))
    if not found:
        if any(array.redundant and array.state == "active" for array in arrays):
            return Unknown("/sys/block/md*/md/mismatch_cnt: was not looked at in this capture")
        return NotHere("no md array with redundancy on this host")
    return tuple(found)


def _count(text: str | Unknown | NotHere) -> int | None:
    return int(text) if isinstance(text, str) and text.strip().isdigit() else None


def _member_errors(
    capture: Capture, entries: list[Entry], arrays: Known[tuple[Array, ...]]
) -> Known[tuple[MemberErrors, ...]]:
    if not isinstance(arrays, tuple):
        return arrays
    found = []
    for folder, text in _sysfs(entries, "state"):
        errors = _count(capture.text(folder + "/errors"))
        bad_blocks = capture.text(folder + "/bad_blocks")
        if errors is None or not isinstance(text, str) or (isinstance(bad_blocks, Unknown) and capture.entry(folder + "/bad_blocks")):
            return Unknown("{folder}: state, errors or bad_blocks can't be read", {"folder": folder})
        count = len(bad_blocks.splitlines()) if isinstance(bad_blocks, str) else 0       # Linux before 3.1 keeps no such list
        _sys, _block, array, _md, member = folder.strip("/").split("/", 4)
        words = tuple(word.strip() for word in text.strip().split(",") if word.strip())
        found.append(MemberErrors(array, member.removeprefix("dev-"), words, errors, count))
    if not found:
        return Unknown("/sys/block/md*/md/dev-*: was not looked at in this capture")
    return tuple(found)


# ARRAY /dev/md/0 metadata=1.2 UUID=8f3c1a52:00aa41b7:7d1e6c90:52f0b4de name=db1:0 spares=1
#    devices=/dev/sda1,/dev/sdb1
def parse_configuration(text: str) -> tuple[Configured, ...]:
    """The ARRAY lines; a line that begins with blanks continues the one before. ``<ignore>`` means: never assemble it."""
    joined: list[str] = []
    for line in text.splitlines():
        plain = line.split("#", 1)[0]
        if plain[:1] in (" ", "\t") and joined:
            joined[-1] += " " + plain.strip()
        elif plain.strip():
            joined.append(plain)
    found = []
    for line in joined:
        words = line.split()
        if words[0].lower() != "array":
            continue
        device = "" if len(words) < 2 or "=" in words[1] else words[1]
        values = {name.lower(): value for name, equals, value in (word.partition("=") for word in words[1:]) if equals}
        if device in ("<ignore>", "<none>"):
            continue
        uuid = values.get("uuid")
        spares = values.get("spares", "")
        found.append(Configured(device, plain_uuid(uuid) if uuid else None, int(spares) if spares.isdigit() else None))
    return tuple(found)


def _configured(capture: Capture) -> Known[tuple[Configured, ...]]:
    for key in ("/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"):
        if capture.entry(key):
            text = capture.text(key)
            if not isinstance(text, str):
                return text
            found = parse_configuration(text)
            return found or NotHere("mdadm.conf names no arrays")
    return NotHere("mdadm.conf names no arrays")


# /usr/lib/systemd/system/mdmonitor.service.wants/mdcheck_start.timer
# /var/lib/systemd/timers/stamp-mdcheck_start.timer 1793500000
def _scrub(capture: Capture, arrays: Known[tuple[Array, ...]]) -> Known[Scrub]:
    if not isinstance(arrays, tuple):
        return arrays
    if not any(array.redundant and array.state == "active" for array in arrays):
        return NotHere("no md array with redundancy on this host")
    text = capture.known("md_scrub_schedules")
    if isinstance(text, Unknown):
        return text
    schedules, stamps = [], []
    for line in text.splitlines():
        path, _blank, seconds = line.partition(" ")
        if seconds.isdigit():
            stamps.append(datetime.fromtimestamp(int(seconds), UTC))
        elif path:
            schedules.append(path)
    return Scrub(schedules[0] if schedules else "", max(stamps, default=None))
