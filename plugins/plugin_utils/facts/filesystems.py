# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local file systems: space in bytes, inodes, what did not answer, errors counted by ext file systems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from os.path import basename

from ...module_utils.host import command_key
from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, Entry, succeeded
from .disk_room import used_ratio
from .guard import readable
from .mount_table import Mount, mount_table

POINTS = "local file systems"           # the note with the mount points that df was asked for


@dataclass(frozen=True)
class Usage:
    """Blocks in bytes, or inodes in numbers. What only root may use is neither used nor available."""

    point: str
    fs_type: str
    source: str
    total: int
    used: int
    available: int

    @property
    def used_ratio(self) -> float:
        return used_ratio(self.used, self.available) or 0.0


@dataclass(frozen=True)
class Unreachable:
    """A file system that df could not look at; ``denied`` when only permission was missing."""

    point: str
    reason: str
    denied: bool


@dataclass(frozen=True)
class ExtErrors:
    """``point`` is the device's name where it is not known where it is mounted."""

    point: str
    device: str
    errors_count: int
    last_at: datetime | None


@dataclass(frozen=True)
class FilesystemsFacts:
    space: Known[tuple[Usage, ...]]
    inodes: Known[tuple[Usage, ...]]
    unreachable: Known[tuple[Unreachable, ...]]
    ext_errors: Known[tuple[ExtErrors, ...]]


def parse(capture: Capture) -> FilesystemsFacts:
    asked = capture.known(POINTS)
    if isinstance(asked, str) and not asked.strip():
        nothing = NotHere("no local file system is mounted")
        return FilesystemsFacts(nothing, nothing, nothing, readable(_ext_errors, capture))
    points = asked.split("\n") if isinstance(asked, str) else []
    space = asked if isinstance(asked, Unknown) else _df(capture, ["df", "-PT", "-B1", *points])
    inodes = asked if isinstance(asked, Unknown) else _df(capture, ["df", "-iPT", *points])
    return FilesystemsFacts(
        space=space if isinstance(space, Unknown) else readable(usages, space, frozenset(points)),
        inodes=inodes if isinstance(inodes, Unknown) else readable(usages, inodes, frozenset(points)),
        unreachable=space if isinstance(space, Unknown) else tuple(_failures(space.stderr)),
        ext_errors=readable(_ext_errors, capture),
    )


def _df(capture: Capture, argv: list[str]) -> Entry | Unknown:
    """The df that was run. Its exit status is no measure: it is 1 as soon as one of many file systems can't be looked at."""
    key = command_key(argv)
    text = capture.known(key)
    return text if isinstance(text, Unknown) else capture.by_key[key][0]


# Filesystem              Type   1-blocks        Used   Available Capacity Mounted on
# /dev/mapper/vg0-root    ext4 20956397568 9105612800 10758823936      46% /
# df -i has "Inodes IUsed IFree IUse%" in their places; a file system without a fixed number of inodes has 0 or - there
ROW = re.compile(
    r"(?P<source>\S.*?)\s+(?:(?P<type>[A-Za-z]\S*)\s+)?(?P<total>\d+|-)\s+(?P<used>-?\d+|-)\s+(?P<available>-?\d+|-)\s+(?:-|-?\d+%)\s+(?P<point>/.*)"
)
BLOCKS = re.compile(r" (\d+)([KMGT]?)(B?)-blocks ")
UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def usages(entry: Entry, points: frozenset[str]) -> tuple[Usage, ...]:
    """The rows of a df. Raises Unreadable if one that was asked for is neither there nor complained about."""
    before, header, rows = (entry.text or "").partition("Filesystem")
    title, _newline, body = rows.partition("\n")
    if not header or not body.endswith("\n"):
        raise Unreadable("{key}: is cut off, or not what df prints", key=entry.key)
    unit = _unit(entry.key, " " + title)
    found = []
    for line in re.sub(r"^(\S+)\n\s+", r"\1 ", body, flags=re.MULTILINE).splitlines():     # long names stand on a line of their own
        row = ROW.fullmatch(line.rstrip())
        if row is None and line.strip():
            raise Unreadable("{key}: has a line that is not of df: {line}", key=entry.key, line=line[:80])
        if row is not None:
            total, used, available = (0 if row[name] == "-" else int(row[name]) * unit for name in ("total", "used", "available"))
            found.append(Usage(row["point"], row["type"] or "", row["source"], total, used, max(0, available)))
    complained = {failure.point for failure in _failures(before + entry.stderr)}
    lost = points - {usage.point for usage in found} - complained
    if lost:
        raise Unreadable("{key}: has no line for {point}", key=entry.key, point=min(lost))
    return tuple(found)


def _unit(key: str, title: str) -> int:
    if " Inodes " in title:
        return 1
    blocks = BLOCKS.search(title)
    if blocks is None:
        raise Unreadable("{key}: does not say how large its blocks are", key=key)
    return int(blocks[1]) * int((1000 if blocks[2] and blocks[3] else 1024) ** UNITS[blocks[2]])


# df: /srv/data: Input/output error      (older ones quote: `/srv/data')
COMPLAINT = re.compile(r"(?:\S*/)?df: (?:cannot access )?[`'\"\u2018]?(?P<point>/.*?)['\"\u2019]?: (?P<reason>[^:]+)")


def _failures(stderr: str) -> Iterator[Unreachable]:
    for line in stderr.splitlines():
        match = COMPLAINT.fullmatch(line.strip())
        if match:
            yield Unreachable(match["point"], match["reason"], match["reason"] == "Permission denied")


def _ext_errors(capture: Capture) -> Known[tuple[ExtErrors, ...]]:
    table = mount_table(capture)
    if isinstance(table, Unknown):
        return table
    ext = [mount for mount in table if mount.fs_type in ("ext2", "ext3", "ext4") and mount.source.startswith("/dev/")]
    if not ext:
        return NotHere("no ext file system is mounted")
    counts = capture.matching("/sys/fs/ext4/*/errors_count")
    if counts:
        return tuple(_counted(capture, entry, ext) for entry in counts)
    return tuple(_superblock(capture, source, ext) for source in sorted({mount.source for mount in ext}))


# /sys/fs/ext4/dm-0/errors_count: 2
# /sys/fs/ext4/dm-0/last_error_time: 1793591112
# /sys/class/block/dm-0/dev: 253:0
def _counted(capture: Capture, entry: Entry, ext: list[Mount]) -> ExtErrors:
    device = entry.key.split("/")[-2]
    count = succeeded(entry)
    if not isinstance(count, str):
        raise Unreadable("{key}: can't be read", key=entry.key)
    if not count.strip().isdigit():
        raise Unreadable("{key}: is not a number", key=entry.key)
    last = capture.text(f"/sys/fs/ext4/{device}/last_error_time")
    number = capture.text(f"/sys/class/block/{device}/dev")
    at = datetime.fromtimestamp(int(last), UTC) if isinstance(last, str) and last.strip().isdigit() and int(last) else None
    points = [mount.point for mount in ext if isinstance(number, str) and mount.device == number.strip()]
    return ExtErrors(min(points, key=len) if points else device, device, int(count), at)


# Filesystem state:         clean with errors
# FS Error count:           2
# Last error time:          Mon Nov 16 04:11:09 2026
def _superblock(capture: Capture, source: str, ext: list[Mount]) -> ExtErrors:
    entry = capture.entry("tune2fs -l " + source)
    text = succeeded(entry) if entry is not None else capture.known("tune2fs -l " + source)
    if not isinstance(text, str):
        raise Unreadable(text.reason, **text.values)
    fields = {name: value.strip() for name, _colon, value in (line.partition(":") for line in text.splitlines())}
    if "Filesystem state" not in fields or not text.endswith("\n"):
        raise Unreadable("{key}: is cut off, or not what tune2fs prints", key="tune2fs -l " + source)
    counted = fields.get("FS Error count", "0")
    errors = int(counted) if counted.isdigit() else 0
    if "errors" in fields["Filesystem state"]:
        errors = max(1, errors)
    point = min((mount.point for mount in ext if mount.source == source), key=len)
    return ExtErrors(point, basename(source), errors, None)
