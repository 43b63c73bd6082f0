# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's mount table, and /etc/fstab, which has the same six fields as /proc/mounts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ..absent import Unknown, Unreadable
from ..archive import Capture

WRITABLE_TYPES = frozenset({
    "ext2", "ext3", "ext4", "xfs", "btrfs", "jfs", "reiserfs", "reiser4", "f2fs", "vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk",
    "gfs2", "ocfs2", "zfs", "nilfs2", "bcachefs",
})


@dataclass(frozen=True)
class Mount:
    """``options`` are those of this mount, ``super_options`` those of the file system below it, which bind mounts share.

    ``device`` is "major:minor". From /proc/mounts, which does not tell them apart, device is "" and both hold the same.
    """

    point: str
    fs_type: str
    source: str
    options: frozenset[str]
    super_options: frozenset[str]
    device: str = ""


@dataclass(frozen=True)
class FstabEntry:
    source: str
    point: str
    fs_type: str
    options: frozenset[str]


def mount_table(capture: Capture) -> tuple[Mount, ...] | Unknown:
    """What is mounted, covered mounts left out. Raises Unreadable."""
    if capture.entry("/proc/self/mountinfo") is None and capture.entry("/proc/mounts") is not None:
        text = capture.known("/proc/mounts")
        return text if isinstance(text, Unknown) else parse_mounts(text)
    text = capture.known("/proc/self/mountinfo")
    return text if isinstance(text, Unknown) else parse_mountinfo(text)


# 36 25 8:3 / /srv rw,relatime shared:21 - ext4 /dev/sda3 rw,errors=remount-ro
@lru_cache(maxsize=1)       # many subjects ask for the table of the same host
def parse_mountinfo(text: str) -> tuple[Mount, ...]:
    found: dict[str, Mount] = {}
    for line in _whole_lines("/proc/self/mountinfo", text):
        left, _dash, right = line.partition(" - ")
        words, after = left.split(" "), right.split(" ")
        if len(words) < 6 or len(after) < 3:
            raise Unreadable("{key}: has a line that is not of the mount table: {line}", key="/proc/self/mountinfo", line=line[:80])
        point = unescape(words[4])
        found[point] = Mount(point, after[0], unescape(after[1]), _options(words[5]), _options(after[2]), words[2])
    return tuple(found.values())


# /dev/sda3 /srv ext4 rw,relatime,errors=remount-ro 0 0
def parse_mounts(text: str) -> tuple[Mount, ...]:
    found: dict[str, Mount] = {}
    for line in _whole_lines("/proc/mounts", text):
        words = line.split(" ")
        if len(words) != 6:
            # names of old FUSE mounts may hold bare blanks: the last five fields are sure
            words = [" ".join(words[:-5]), *words[-5:]]
        if len(words) != 6 or not words[4].isdigit() or not words[5].isdigit():
            raise Unreadable("{key}: has a line that is not of the mount table: {line}", key="/proc/mounts", line=line[:80])
        options = _options(words[3])
        found[unescape(words[1])] = Mount(unescape(words[1]), words[2], unescape(words[0]), options, options)
    return tuple(found.values())


# UUID=0a1b-2c3d  /boot/efi  vfat  umask=0077,nofail  0  1     # a comment
def parse_fstab(text: str) -> tuple[FstabEntry, ...]:
    """The entries; raises Unreadable for a line with fewer than three fields (mount(8) takes defaults for the others)."""
    entries = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        words = line.split()
        if len(words) < 3:
            raise Unreadable("{key}: has a line that mount does not understand: {line}", key="/etc/fstab", line=line[:80])
        point = unescape(words[1])
        options = _options(words[3]) if len(words) > 3 else frozenset({"defaults"})
        entries.append(FstabEntry(unescape(words[0]), point.rstrip("/") or "/", words[2], options))
    return tuple(entries)


def unescape(word: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word) if "\\" in word else word


def _options(words: str) -> frozenset[str]:
    return frozenset(words.split(","))


def _whole_lines(key: str, text: str) -> list[str]:
    if not text.strip():
        raise Unreadable("{key}: is empty", key=key)
    if not text.endswith("\n"):
        raise Unreadable("{key}: is cut off in the middle of a line", key=key)
    return [line for line in text.split("\n") if line]
