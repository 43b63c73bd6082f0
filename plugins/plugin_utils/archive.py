# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture format: read, write, check, look things up."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tempfile
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import translate
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import zstandard

from ..module_utils.host import command_key
from .absent import NotHere, Unknown

SCHEMA = 1
LAST_CHARACTER = "\U0010ffff"       # no text holds it
SPECIAL = re.compile(r"[*?\[]")
MAX_CAPTURE_BYTES = 256 * 1024 * 1024

REASONS: Mapping[str, str] = {
    "not_found": "{key}: not found on this host",
    "denied": "{key}: permission denied; inspect as root to see it",
    "timeout": "{key}: gave no answer within its time limit",
    "too_large": "{key}: printed more than max_bytes, the rest was cut off",
    "failed": "{key}: failed: {detail}",
}


class BadCapture(Exception):
    """A capture that can't be used; the text names the file, what is wrong and what to do."""


class Entry(NamedTuple):
    """One look at the host; ``at`` in seconds since the start of the capture, ``error`` one of REASONS or None.

    A tuple: a fleet has millions of them.
    """

    subject: str
    kind: str
    key: str
    text: str | None = None
    stderr: str = ""
    rc: int | None = None
    error: str | None = None
    at: float = 0.0
    seconds: float | None = None
    instance: str | None = None


@dataclass(frozen=True)
class Capture:
    """One host and run. ``problem`` is set, and ``entries`` empty, when the host could not be observed at all."""

    host: str
    run: str
    taken_at: datetime
    entries: tuple[Entry, ...]
    source: str = "linux"
    seconds: float = 0.0
    root: bool = True
    subjects: tuple[str, ...] = ()
    problem: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def by_key(self) -> dict[str, list[Entry]]:
        index: dict[str, list[Entry]] = {}
        for entry in self.entries:
            index.setdefault(entry.key, []).append(entry)
        return index

    def entry(self, key: str) -> Entry | None:
        """The first entry with this key (a path, or a command line), or None if nobody looked."""
        found = self.by_key.get(key)
        return found[0] if found else None

    def samples(self, key: str) -> list[Entry]:
        """The readable entries of a file that was read twice, in order of time: one, two or none."""
        return sorted((entry for entry in self.by_key.get(key, ()) if entry.error is None), key=lambda entry: entry.at)

    @cached_property
    def _sorted_keys(self) -> list[str]:
        return sorted(self.by_key)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self.by_key)}

    def matching(self, pattern: str) -> list[Entry]:
        """All entries whose key matches a glob pattern, in the order of their keys."""
        return [self.by_key[key][0] for key in self._matches(pattern)]

    def keys(self, pattern: str) -> list[str]:
        """All keys that match a glob pattern, in the order of the capture."""
        found = self._matches(pattern)
        return found if len(found) < 2 else sorted(found, key=self._places.__getitem__)

    def _matches(self, pattern: str) -> list[str]:
        """All keys that match, sorted: few begin as the pattern does, so only those are looked at."""
        start, matches = glob_pattern(pattern)
        if matches is None:
            return [pattern] if pattern in self.by_key else []
        first = bisect_left(self._sorted_keys, start)
        last = bisect_left(self._sorted_keys, start + LAST_CHARACTER, first)
        return [key for key in self._sorted_keys[first:last] if matches(key)]

    def text(self, key: str) -> str | Unknown | NotHere:
        """The text of an entry; why it can't be known; or NotHere when the file or command doesn't exist on the host.

        A text that was cut off (timeout, too_large) is Unknown: half of a list must not pass for the list.
        """
        entry = self.entry(key)
        if entry is None:
            return Unknown("{key}: was not looked at in this capture", {"key": key})
        return text_of(entry)

    def known(self, key: str) -> str | Unknown:
        """As text(), where the thing must exist: its absence is Unknown too."""
        text = self.text(key)
        return Unknown(text.reason, text.values) if isinstance(text, NotHere) else text


@lru_cache(maxsize=1024)
def glob_pattern(pattern: str) -> tuple[str, Callable[[str], re.Match[str] | None] | None]:
    """How a glob pattern begins, and what tells whether a key matches it; None if it has no special character."""
    special = SPECIAL.search(pattern)
    return (pattern, None) if special is None else (pattern[:special.start()], re.compile(translate(pattern)).match)


def text_of(entry: Entry) -> str | Unknown | NotHere:
    """An entry's text, or the reason why it gave none."""
    if entry.error is None and entry.text is not None:
        return entry.text
    error = entry.error if entry.error is not None and entry.error in REASONS else "failed"
    values = {"key": entry.key, "detail": first_line(entry.stderr) or "no reason given"}
    reason = REASONS[error]
    return NotHere(reason, values) if error == "not_found" else Unknown(reason, values)


def succeeded(entry: Entry) -> str | Unknown | NotHere:
    """As text_of(), and a non-zero exit status is Unknown too, with the command's own words."""
    text = text_of(entry)
    if isinstance(text, str) and entry.rc not in (0, None):
        detail = first_line(entry.stderr) or first_line(text) or "no output"
        return Unknown("{key}: ended with status {rc}: {detail}", {"key": entry.key, "rc": entry.rc, "detail": detail})
    return text


def first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0][:200] if lines else ""


def host_file_name(host: str) -> str:
    """A host's name as a file name that can't leave its folder: ``../../x`` is ``%2E%2E%2F%2E%2E%2Fx``."""
    name = quote(host, safe="-_.@:+=, ")
    return name.replace(".", "%2E") if set(host) <= {"."} or "/" in host else name


def archive_path(home: Path, run: str, host: str) -> Path:
    return home / "archive" / host_file_name(run) / (host_file_name(host) + ".json.zst")


def unpack(packed: str) -> dict[str, Any]:
    """What the module sent: base64 of zlib of JSON. Raises BadCapture."""
    try:
        raw = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), MAX_CAPTURE_BYTES)
        document = json.loads(raw)
    except (ValueError, zlib.error) as error:
        raise BadCapture(f"the target sent a capture that can't be decoded ({error}); inspect the host again") from error
    if not isinstance(document, dict):
        raise BadCapture("the target sent a capture that is not a JSON object; inspect the host again")
    return document


def store(home: Path, document: Mapping[str, Any]) -> tuple[Path, str]:
    """Write a capture document into the archive, whole or not at all, mode 0600; its path and sha256."""
    path = archive_path(home, str(document["run"]), str(document["host"]))
    data = zstandard.ZstdCompressor(level=9).compress(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, data)
    return path, hashlib.sha256(data).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it holds all of ``data`` or is not there: temporary file, fsync, rename. Mode 0600."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="." + path.name[:100] + ".")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path: Path) -> Capture:
    """Read a capture: a ``.json.zst`` or ``.json`` file, or a folder of raw files. Raises BadCapture."""
    if path.is_dir():
        return load_folder(path)
    try:
        data = path.read_bytes()
        if path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=MAX_CAPTURE_BYTES)
        document = json.loads(data)
    except (OSError, ValueError, zstandard.ZstdError) as error:
        raise BadCapture(
            f"{path}: can't be read as a capture ({error}); name a .json.zst file of the archive or a folder of raw files"
        ) from error
    return parse(document, str(path))


def parse(document: Any, where: str) -> Capture:
    """A capture document as a Capture. Raises BadCapture naming the field that is wrong."""
    if not isinstance(document, dict):
        raise BadCapture(f"{where}: is not a JSON object")
    if document.get("schema") != SCHEMA:
        raise BadCapture(f"{where}: schema is {document.get('schema')!r}, this version reads {SCHEMA}; use the Caretaker that wrote it")
    try:
        return Capture(
            host=str(document["host"]), run=str(document["run"]), taken_at=parse_time(document["taken_at"]),
            source=document.get("source", "linux"), seconds=float(document.get("seconds", 0)), root=bool(document.get("root", True)),
            subjects=tuple(document.get("subjects", ())), problem=document.get("problem"), settings=document.get("settings") or {},
            entries=tuple(_entry(item) for item in document["entries"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadCapture(f"{where}: is not a whole capture ({type(error).__name__}: {error})") from error


def _entry(item: Mapping[str, Any]) -> Entry:
    get = item.get
    return Entry(item["subject"], item["kind"], item["key"], get("text"), get("stderr") or "", get("rc"), get("error"), get("at") or 0.0,
                 get("seconds"), get("instance"))


def parse_time(text: str) -> datetime:
    """``2026-11-22T03:00:00Z`` as an aware datetime in UTC."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def load_folder(folder: Path) -> Capture:
    """Raw files as a capture, so that any recorded output can be judged by anyone:

        files/proc/mdstat                     a file of the host; files/proc/vmstat.2 is its second sample
        errors/etc/shadow                     its text is why the file could not be read: denied, timeout, ...
        links/sys/block/sda                   its text is where the link points to
        notes/NAME                            what was listed, or what a server answered
        notes-errors/NAME                     why a server gave no answer: denied, timeout, ...; its words from the second line on
        commands/<any>/{argv,stdout,stderr,rc,error}   argv one word a line or one shell line
        about.json                            optional: host, taken_at, root, settings, sample_seconds
    """
    about: dict[str, Any] = {}
    if (folder / "about.json").is_file():
        about = json.loads((folder / "about.json").read_text())
    entries = [*_raw_files(folder, "files", "file", about.get("sample_seconds", 10.0)), *_raw_files(folder, "links", "link", 0.0),
               *(Entry("raw", "file", item.key, error=(item.text or "").strip()) for item in _raw_files(folder, "errors", "file", 0.0)),
               *_raw_files(folder, "notes", "note", 0.0), *_raw_note_errors(folder), *_raw_commands(folder)]
    if not entries:
        raise BadCapture(f"{folder}: holds neither files/ nor commands/; see docs/capture.md for the form of a raw folder")
    taken_at = parse_time(about["taken_at"]) if "taken_at" in about else datetime.now(UTC)
    return Capture(host=about.get("host", folder.name), run="raw", taken_at=taken_at, entries=tuple(entries),
                   root=about.get("root", True), settings=about.get("settings", {}))


def _raw_files(folder: Path, name: str, kind: str, sample_seconds: float) -> Iterator[Entry]:
    base = folder / name
    for path in sorted(item for item in base.rglob("*") if item.is_file()):
        key = str(path.relative_to(base)) if kind == "note" else "/" + str(path.relative_to(base))
        text = path.read_bytes().decode("utf-8", "replace")
        if kind == "file" and key.endswith(".2") and path.with_suffix("").is_file():
            yield Entry("raw", kind, key[:-2], text, at=sample_seconds)
        else:
            yield Entry("raw", kind, key, text.rstrip("\n") if kind == "link" else text)


def _raw_note_errors(folder: Path) -> Iterator[Entry]:
    for item in _raw_files(folder, "notes-errors", "note", 0.0):
        error, _newline, words = (item.text or "").strip().partition("\n")
        yield Entry("raw", "query", item.key, error=error, stderr=words)


def _raw_commands(folder: Path) -> Iterator[Entry]:
    for path in sorted((folder / "commands").glob("*/argv")):
        words = path.read_text().rstrip("\n")
        key = command_key(words.split("\n")) if "\n" in words else words
        yield command_entry(key, *(_optional(path.parent / name) for name in ("stdout", "stderr", "rc", "error")))


def _optional(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else None


def command_entry(key: str, stdout: str | None, stderr: str | None = None, rc: str | None = None, error: str | None = None) -> Entry:
    return Entry("raw", "command", key, text=stdout if stdout is not None or error else "", stderr=stderr or "",
                 rc=None if error else int(rc or 0), error=(error or "").strip() or None)


def captures_in(path: Path) -> list[Path]:
    """The captures that a path names: all of a run's folder, or itself."""
    found = sorted(path.glob("*.json.zst")) if path.is_dir() else []
    return found or [path]


def captures_of_run(home: Path, run: str) -> list[Path]:
    return sorted((home / "archive" / host_file_name(run)).glob("*.json.zst"))
