# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the host a subject at a time: read a file, run a read-only command, and record each into the capture.

Nothing is parsed or judged here, and nothing is written on the target. Every look, also a failed one, becomes one entry:

    {"subject": "memory", "kind": "file", "key": "/proc/meminfo", "text": "...", "at": 0.01}
    {"subject": "md_raid", "kind": "command", "key": "mdadm --detail /dev/md0", "rc": 0, "text": "...", "stderr": "",
     "at": 0.2, "seconds": 0.02}
    {"subject": "disk_health", "kind": "command", "key": "smartctl -j -x /dev/sda", "error": "not_found", "at": 0.2}
    {"subject": "postgresql", "instance": "5432", "kind": "query", "key": "postgresql 5432 activity", "text": "[...]", "at": 0.3}

``error`` is one of not_found, denied, timeout, too_large, failed; ``at`` and ``seconds`` are seconds, ``at`` since the
start of the capture.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import errno
import glob
import os
import pwd
import select
import signal
import subprocess
import sys
import threading
import time

from .redaction import HIDDEN, redact

SEARCH_PATH = (
    "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin",
    "/opt/MegaRAID/storcli", "/opt/MegaRAID/perccli", "/opt/MegaRAID/MegaCli", "/opt/MegaRAID/storcli2",
    "/usr/StorMan", "/usr/Arcconf", "/opt/smartstorageadmin/ssacli/bin", "/opt/hp/hpssacli/bld", "/opt/compaq/hpacucli/bld",
)
READ_SIZE = 65536
# Python 3 can do it without a copy of this process's memory
OWN_GROUP = {"start_new_session": True} if sys.version_info[0] > 2 else {"preexec_fn": os.setsid}
GRACE_SECONDS = 1.0     # for a killed process to disappear; one in uninterruptible sleep never does


class Limits:
    """How long and how large a look may be. Seconds and bytes; ``deadline`` is seconds since the start of the capture."""

    def __init__(self, command_timeout, deadline, max_bytes):
        self.command_timeout = command_timeout
        self.deadline = deadline
        self.max_bytes = max_bytes


class Recorder:
    """Collects the entries of one capture; shared by the threads that look at different subjects."""

    def __init__(self, limits, clock=time.time, secrets=()):
        self.limits = limits
        self.secrets = [text for text in secrets if text]      # replaced wherever they turn up
        self.entries = []
        self.samples = []               # (subject, path, instance) to be read a second time
        self.commands = {}              # key -> its claim: a command that two subjects want runs once
        self.files = {}                 # path -> text or None: a file that two subjects want is recorded once
        self.is_root = os.geteuid() == 0
        self._clock = clock
        self._start = clock()
        self._lock = threading.Lock()

    def elapsed(self):
        return self._clock() - self._start

    def remaining(self):
        return self.limits.deadline - self.elapsed()

    def add(self, entry):
        for secret in self.secrets:
            for field in ("key", "text", "stderr"):
                if secret in (entry.get(field) or ""):
                    entry[field] = entry[field].replace(secret, HIDDEN)
        with self._lock:
            self.entries.append(entry)

    def claim(self, key):
        """The lock that the first asker of a command holds while it runs, and the others wait for."""
        with self._lock:
            if key not in self.commands:
                self.commands[key] = {"lock": threading.Lock(), "done": False, "text": None}
            return self.commands[key]


class Host:
    """What a subject's ``capture(host)`` gets: looks that record themselves under the subject's name."""

    def __init__(self, recorder, subject, history_days=0, certificate_files=(), credentials=()):
        self._recorder = recorder
        self.subject = subject
        self.history_days = history_days
        self.certificate_files = certificate_files
        self._credentials = credentials
        self.is_root = recorder.is_root

    def file(self, path, instance=None, sample=False):
        """Record a file's text and return it, or None when it can't be read.

        ``sample=True`` marks a counter file: it is read a second time after sample_seconds, as a second entry.
        """
        recorder = self._recorder
        if path not in recorder.files:
            entry = read_entry(recorder, self.subject, path, instance)
            recorder.files[path] = entry.get("text")
            recorder.add(entry)
        if sample and recorder.files[path] is not None:
            recorder.samples.append((self.subject, path, instance))
        return recorder.files[path]

    def files(self, pattern):
        """Record all files that a glob pattern names (sorted); return {path: text} of the readable ones."""
        texts = {}
        for path in self.glob(pattern):
            text = self.file(path) if os.path.isfile(path) else None
            if text is not None:
                texts[path] = text
        return texts

    def link(self, path):
        """Record where a symbolic link points to (kind ``link``) and return it, or None."""
        entry = {"subject": self.subject, "kind": "link", "key": path, "at": round(self._recorder.elapsed(), 3)}
        try:
            entry["text"] = os.readlink(path)
        except (OSError, IOError) as error:
            entry.update(_error_of(error))
        self._recorder.add(entry)
        return entry.get("text")

    def note(self, key, text):
        """Record something that was listed rather than read (kind ``note``), such as the names in a folder."""
        self._recorder.add({"subject": self.subject, "kind": "note", "key": key, "text": text,
                            "at": round(self._recorder.elapsed(), 3)})

    def credential(self, instance, subject=None):
        """What the inventory gives to log on to an instance of this subject, or another: {"user": ..., "password": ...}, or None."""
        for item in self._credentials:
            if item["subject"] == (subject or self.subject) and item.get("instance") in (None, instance):
                return item
        return None

    def record(self, name, instance, text=None, kind="query", **fields):
        """Record an answer of a database or server under the key "SUBJECT INSTANCE NAME": its text, or error and stderr."""
        entry = {"subject": self.subject, "instance": instance, "kind": kind, "key": " ".join((self.subject, instance, name)),
                 "at": round(self._recorder.elapsed(), 3)}
        if text is not None:
            entry["text"] = redact(text)
        entry.update(fields)
        self._recorder.add(entry)

    def ask(self, argv, user=None, stdin="", environment=None, timeout=None):
        """Run a client program without recording it; {"rc", "text", "stderr", "seconds"} or {"error", "stderr"}.

        For programs whose output is divided into answers first (``record``), or that get a password in ``environment``.
        ``user``: the account to run it as; only root can. ``stdin``: what it reads, such as SQL.
        """
        argv = list(argv)
        executable = find_executable(argv[0])
        if executable is None:
            return {"error": "not_found", "stderr": argv[0] + " is not on this host"}
        try:
            argv = as_user(user, self.is_root) + [executable] + argv[1:]
        except KeyError:
            return {"error": "failed", "stderr": "there is no account %s on this host" % user}
        except OSError as error:
            return {"error": "denied", "stderr": str(error)}
        limits = self._recorder.limits
        seconds = min(timeout or limits.command_timeout, self._recorder.remaining())
        if seconds <= 0:
            return {"error": "timeout", "stderr": "the capture's total_timeout was used up before it could start"}
        return run(argv, seconds, limits.max_bytes, stdin, environment)

    def tail(self, path, instance, name, max_bytes=262144, transform=None):
        """Record the last ``max_bytes`` of a log, from the start of a line, under "SUBJECT INSTANCE NAME" (kind ``tail``)."""
        try:
            text = read_tail(path, min(max_bytes, self._recorder.limits.max_bytes))
        except (OSError, IOError) as error:
            self.record(name, instance, kind="tail", **_error_of(error))
            return None
        text = transform(text) if transform else text
        self.record(name, instance, text, kind="tail")
        return text

    def glob(self, pattern):
        return sorted(glob.glob(pattern))

    def exists(self, path):
        return os.path.exists(path)

    def which(self, name):
        """The full path of an executable, or None."""
        return find_executable(name)

    def command(self, argv, root=False, timeout=None, instance=None, transform=None):
        """Run a read-only command, record it and return its standard output ('' is possible), or None on any failure.

        ``root=True``: without root it can't answer, so it isn't run and recorded as denied.
        ``transform`` changes the output before it is recorded, to keep secrets on the target.
        A non-zero exit status is recorded, not an error: many tools use it to tell something; the text is returned.
        """
        key = command_key(argv)
        claim = self._recorder.claim(key)
        with claim["lock"]:
            if not claim["done"]:
                entry = self._run(argv, key, root, timeout, transform)
                if instance is not None:
                    entry["instance"] = instance
                self._recorder.add(entry)
                claim["text"] = None if "error" in entry else entry["text"]
                claim["done"] = True
        return claim["text"]

    def _run(self, argv, key, root, timeout, transform):
        entry = {"subject": self.subject, "kind": "command", "key": key, "at": round(self._recorder.elapsed(), 3)}
        executable = find_executable(argv[0])
        if executable is None:
            entry["error"] = "not_found"
            return entry
        if root and not self.is_root:
            entry.update({"error": "denied", "stderr": "needs root"})
            return entry
        limits = self._recorder.limits
        seconds = min(timeout or limits.command_timeout, self._recorder.remaining())
        if seconds <= 0:
            entry.update({"error": "timeout", "stderr": "the capture's total_timeout was used up before it could start"})
            return entry
        entry.update(run([executable] + list(argv[1:]), seconds, limits.max_bytes))
        if transform is not None and "text" in entry:
            entry["text"] = transform(entry["text"])
        for field in ("text", "stderr"):
            if field in entry:
                entry[field] = redact(entry[field])
        return entry


def command_key(argv):
    """The argv as one line, words with blanks or quotes in single quotes: the key of its entry."""
    return " ".join(word if word and not set(word) & set(" \t\n'\"\\$`|&;<>*?(){}[]~#!") else
                    "'" + word.replace("'", "'\\''") + "'" for word in argv)


def find_executable(name):
    """Where an executable is, by its name or full path, in the folders where administrators' tools lie; None if nowhere."""
    candidates = [name] if os.path.isabs(name) else [os.path.join(folder, name) for folder in SEARCH_PATH]
    for candidate in candidates:
        if os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return candidate
    return None


def as_user(user, is_root):
    """The words before a command that run it as another account, without the log lines and hooks that su and PAM cause.

    Raises KeyError for an unknown account, and OSError where this one may not do it.
    """
    if user is None:
        return []
    account = pwd.getpwnam(user)
    if account.pw_uid == os.geteuid():
        return []
    if not is_root:
        raise OSError(errno.EPERM, "needs root, or to run as %s" % user)
    for name, words in (("setpriv", ["--reuid", user, "--regid", str(account.pw_gid), "--init-groups"]), ("runuser", ["-u", user, "--"])):
        path = find_executable(name)
        if path:
            return [path] + words
    raise OSError(errno.ENOENT, "neither setpriv nor runuser is on this host")


def read_entry(recorder, subject, path, instance=None):
    """Read a file into an entry; a file over max_bytes is cut there and marked too_large."""
    entry = {"subject": subject, "kind": "file", "key": path, "at": round(recorder.elapsed(), 3)}
    if instance is not None:
        entry["instance"] = instance
    limit = recorder.limits.max_bytes
    try:
        # A pipe or device file would block or have side effects: only regular files and links to them are read.
        if not os.path.isfile(path):
            raise OSError(errno.ENOENT if not os.path.lexists(path) else errno.EINVAL, "not a regular file")
        data = read_bytes(path, limit + 1)
    except (OSError, IOError) as error:
        entry.update(_error_of(error))
        return entry
    entry["text"] = redact(decode(data[:limit]))
    if len(data) > limit:
        entry["error"] = "too_large"
    return entry


def read_bytes(path, limit):
    """At most ``limit`` bytes of a file, in small pieces: /proc/sys refuses one large read with "Cannot allocate memory"."""
    data = bytearray()
    with open(path, "rb", 0) as stream:
        while len(data) < limit:
            piece = stream.read(min(READ_SIZE, limit - len(data)))
            if not piece:
                break
            data.extend(piece)
    return bytes(data)


def read_tail(path, max_bytes):
    """The last ``max_bytes`` of a regular file; a first line that was cut in two is left out."""
    if not os.path.isfile(path):
        raise OSError(errno.ENOENT if not os.path.lexists(path) else errno.EINVAL, "not a regular file")
    with open(path, "rb", 0) as stream:
        start = max(0, os.fstat(stream.fileno()).st_size - max_bytes)
        stream.seek(max(0, start - 1))
        data = bytearray()
        while len(data) <= max_bytes:
            piece = stream.read(READ_SIZE)
            if not piece:
                break
            data.extend(piece)
    return decode(bytes(data) if start == 0 else bytes(data).partition(b"\n")[2])


def disk_room(path):
    """(used, available) bytes of the disk under a path as df counts them; what only root may fill is neither. Raises OSError."""
    space = os.statvfs(path)
    return (space.f_blocks - space.f_bfree) * space.f_frsize, space.f_bavail * space.f_frsize


def _error_of(error):
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return {"error": "not_found"}
    if error.errno in (errno.EACCES, errno.EPERM):
        return {"error": "denied"}
    return {"error": "failed", "stderr": error.strerror or str(error)}


def decode(data):
    """Bytes to text; what is not UTF-8 becomes U+FFFD, so that nothing is lost silently."""
    return data.decode("utf-8", "replace")


def run(argv, timeout, max_bytes, stdin="", environment=None):
    """Run argv in a process group of its own and return the entry's fields: rc, text, stderr, seconds, or error.

    At ``timeout`` seconds, or when it printed over ``max_bytes``, the whole group is killed; what it printed until then is
    kept beside the error.
    """
    started = time.time()
    variables = {"PATH": ":".join(SEARCH_PATH), "LC_ALL": "C", "LANG": "C", "TERM": "dumb", "HOME": "/nonexistent"}
    variables.update(environment or {})
    # As bytes: under LC_ALL=C Python 2.7 and 3.6 can't hand over a mount point with an accent
    words = [word if isinstance(word, bytes) else word.encode("utf-8") for word in argv]
    try:
        with _input(stdin) as source:
            process = subprocess.Popen(words, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables,
                                       cwd="/", close_fds=True, **OWN_GROUP)
    except (OSError, IOError) as error:
        return _error_of(error)
    outputs, reason = _read_outputs(process, started + timeout, max_bytes)
    if reason is None:
        reason = _wait(process, started + timeout)
    if reason is not None:
        _kill_group(process)
    fields = {"text": decode(outputs[0]), "stderr": decode(outputs[1])[:4096], "seconds": round(time.time() - started, 3)}
    if reason is not None:
        fields["error"] = reason
    else:
        fields["rc"] = process.returncode
        # 126 and 127 are what shells and loaders answer for "can't execute" and "a needed file is missing"
        if process.returncode == 127:
            fields["error"] = "failed"
    return fields


@contextlib.contextmanager
def _input(text):
    """What a command reads, as an open file: a pipe that holds it all, or nothing."""
    if not text:
        with open(os.devnull, "rb") as nothing:
            yield nothing
        return
    reading, writing = os.pipe()

    def feed():
        try:
            with os.fdopen(writing, "wb") as stream:
                stream.write(text.encode("utf-8"))
        except (OSError, IOError):
            pass                        # the command ended before it had read all: its own words say why

    # By a thread, as a pipe holds 64 KiB at a time and the command may print before it has read all
    feeder = threading.Thread(target=feed)
    feeder.daemon = True
    feeder.start()
    with os.fdopen(reading, "rb") as stream:
        yield stream


def _read_outputs(process, deadline, max_bytes):
    streams = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    outputs = [streams[process.stdout.fileno()], streams[process.stderr.fileno()]]
    poller = select.poll()
    for number in streams:
        poller.register(number, select.POLLIN | select.POLLHUP)
    reason = None
    open_streams = set(streams)
    while open_streams and reason is None:
        left = deadline - time.time()
        if left <= 0:
            reason = "timeout"
            break
        try:
            ready = poller.poll(min(left, 1.0) * 1000)
        except (select.error, OSError):     # Python 2 raises on EINTR
            continue
        for number, _event in ready:
            data = os.read(number, READ_SIZE)
            if not data:
                poller.unregister(number)
                open_streams.discard(number)
                continue
            streams[number].extend(data)
            if len(streams[number]) > max_bytes:
                del streams[number][max_bytes:]
                reason = "too_large"
    process.stdout.close()
    process.stderr.close()
    return [bytes(output) for output in outputs], reason


def _wait(process, deadline):
    """Wait for the end of a process that closed its outputs; the reason to kill it, or None."""
    pause = 0.001
    while process.poll() is None:
        if time.time() > deadline:
            return "timeout"
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
    return None


def _kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass                            # it ended by itself in the meantime
    _wait(process, time.time() + GRACE_SECONDS)
