# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a bare Python gets on its standard input."""

from __future__ import annotations

import subprocess
import sys

import pytest

from plugins.plugin_utils.archive import unpack
from plugins.plugin_utils.program import INTERPRETERS, answer_of, command, program

OPTIONS = {"subjects": ["memory"], "sample_seconds": 0, "command_timeout": 5, "total_timeout": 30, "max_bytes": 100000, "history_days": 0}


def run(shell: str, text: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["sh", "-c", shell], input=text, capture_output=True)


def test_program_captures() -> None:
    done = run(command([sys.executable]), program("observation", "packed_capture", OPTIONS))
    assert done.stderr == b""
    document = unpack(answer_of(done.stdout.decode()))
    assert "/proc/meminfo" in [entry["key"] for entry in document["entries"]]


def test_program_is_plain_ascii() -> None:
    assert program("observation", "packed_capture", {**OPTIONS, "certificate_files": ["/etc/é.pem"]}).isascii()


def test_first_interpreter_that_is_there_is_taken() -> None:
    assert run(command(["/nonexistent/python3", sys.executable, "/bin/false"]), b"print(40 + 2)").stdout == b"42\n"


def test_no_interpreter_is_there() -> None:
    done = run(command(["/nonexistent/python3"]), b"")
    assert done.returncode == 127
    assert done.stderr == b"no Python found: /nonexistent/python3; install one or set ansible_python_interpreter\n"


def test_plain_names_come_first() -> None:
    assert INTERPRETERS[0] == "python3"


@pytest.mark.parametrize("output", ["", "Welcome!\n", "caretaker-answer:{\n", 'Welcome! caretaker-answer:"x"\n'])
def test_no_answer(output: str) -> None:
    assert answer_of(output) is None


def test_answer_after_a_greeting() -> None:
    assert answer_of('Welcome!\ncaretaker-answer:"x"\n\n') == "x"
