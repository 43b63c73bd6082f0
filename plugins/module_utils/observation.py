# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one capture of this host: all subjects in parallel, at idle priority, within the time limits."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import ctypes
import json
import os
import sys
import threading
import time
import zlib

from .host import Host, Limits, Recorder, read_entry
from .subject_list import SUBJECTS

SCHEMA = 1
WORKERS = 8
IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "ppc64le": 273, "s390x": 282}      # number of the system call
IDLE_CLASS = 3 << 13

# The options of the capture module
ARGUMENTS = dict(
    home=dict(type="path", required=True),
    run=dict(type="str", required=True),
    subjects=dict(type="list", elements="str", default=[]),
    sample_seconds=dict(type="float", default=3),
    command_timeout=dict(type="float", default=15),
    total_timeout=dict(type="float", default=120),
    max_bytes=dict(type="int", default=1048576),
    history_days=dict(type="int", default=0),
    certificate_files=dict(type="list", elements="path", default=[]),
    credentials=dict(type="list", elements="dict", default=[], no_log=False, options=dict(
        subject=dict(type="str", required=True), instance=dict(type="str"), user=dict(type="str"),
        password=dict(type="str", no_log=True),
    )),
)


def observe(subjects, sample_seconds, command_timeout, total_timeout, max_bytes, history_days, certificate_files=(),
            credentials=()):
    """The capture of this host as a dict (the form is in docs/capture.md), without host name and run id.

    ``subjects`` are names from SUBJECTS, empty for all; times in seconds; ``credentials`` a list of {"subject", "instance"
    (optional), "user", "password"}, whose passwords appear nowhere in the capture.
    """
    yield_to_others()
    taken_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    recorder = Recorder(Limits(command_timeout, total_timeout, max_bytes), secrets=[item.get("password") for item in credentials])
    wanted = [(name, function) for name, function in SUBJECTS if not subjects or name in subjects]
    pending = [(name, function, Host(recorder, name, history_days, certificate_files, credentials)) for name, function in wanted]
    unfinished = set(name for name, _function in wanted)
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                if not pending:
                    return
                name, function, host = pending.pop(0)
            capture_subject(recorder, name, function, host)
            with lock:
                unfinished.discard(name)

    threads = [threading.Thread(target=work) for _number in range(min(WORKERS, len(pending)))]
    for thread in threads:
        thread.daemon = True            # one that hangs on a dead disk must not keep the module from ending
        thread.start()
    for thread in threads:
        thread.join(max(0.0, recorder.remaining()) + 2.0)
    take_second_samples(recorder, sample_seconds)
    with lock:
        late = sorted(unfinished)
    entries = list(recorder.entries)
    entries.extend({"subject": name, "kind": "subject", "key": name, "error": "timeout",
                    "at": round(recorder.elapsed(), 3)} for name in late)
    return {
        "schema": SCHEMA, "taken_at": taken_at, "seconds": round(recorder.elapsed(), 3), "source": "linux",
        "python": sys.version.split()[0], "root": recorder.is_root, "subjects": [name for name, _function in wanted],
        "entries": entries,
    }


def capture_subject(recorder, name, function, host):
    """Run one subject; a crash in it is recorded and leaves the others alone."""
    try:
        function(host)
    except Exception as error:          # pylint: disable=broad-except
        recorder.add({"subject": name, "kind": "subject", "key": name, "error": "failed",
                      "stderr": "%s: %s" % (type(error).__name__, error), "at": round(recorder.elapsed(), 3)})


def take_second_samples(recorder, sample_seconds):
    """Read the counter files again, sample_seconds after their first reading at the latest."""
    if sample_seconds <= 0 or not recorder.samples:
        return
    firsts = [entry["at"] for entry in recorder.entries if entry["kind"] == "file"]
    pause = max(firsts) + sample_seconds - recorder.elapsed() if firsts else sample_seconds
    if pause > recorder.remaining():
        return
    time.sleep(max(0.0, pause))
    for subject, path, instance in sorted(set(recorder.samples), key=str):
        recorder.add(read_entry(recorder, subject, path, instance))


def yield_to_others():
    """Lowest CPU and I/O priority for this process and all commands it starts."""
    try:
        os.nice(19)
        number = IOPRIO_SET.get(os.uname()[4])
        if number and sys.platform.startswith("linux"):
            ctypes.CDLL(None).syscall(number, 1, 0, IDLE_CLASS)
    except (OSError, AttributeError):
        pass                            # an unusual libc or container: the capture is right all the same


def packed_capture(**options):
    """What observe() gives, packed: what the control node's half of the module asks for."""
    return pack(observe(**options))


def pack(capture):
    """The capture as base64 text of its zlib-compressed JSON, to travel as text."""
    return base64.b64encode(zlib.compress(json.dumps(capture).encode("utf-8"), 6)).decode("ascii")
