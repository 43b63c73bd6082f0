# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python program, to be given to a bare interpreter on its standard input, that calls a function of our target-side modules."""

from __future__ import annotations

import base64
import json
import shlex
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..module_utils.program import MARK

FOLDER = Path(__file__).parent.parent / "module_utils"
PACKAGE = "caretaker"
# Where a Python is found, the newest kind first; RHEL 8 has none but its platform's own
INTERPRETERS = ("python3", "/usr/bin/python3", "/usr/libexec/platform-python", "python2.7", "python")


@cache
def texts() -> Mapping[str, str]:
    """{module: text} of all target-side modules, as below one package."""
    found = {PACKAGE: ""}
    for path in sorted(FOLDER.rglob("*.py")):
        words = path.relative_to(FOLDER).with_suffix("").parts
        found[".".join((PACKAGE, *words)).removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    return found


@cache
def packed_texts() -> str:
    """The same, packed. It takes longer than all else that is done for a host, so whoever has many hosts does it before they fork."""
    return _packed(texts())


def program(module: str, function: str, arguments: Mapping[str, Any]) -> bytes:
    """The program's text, pure ASCII. It prints one line that ``answer_of`` understands."""
    order = {"module": f"{PACKAGE}.{module}", "function": function, "arguments": dict(arguments)}
    return f'{texts()[PACKAGE + ".program"]}\n\nanswer("{packed_texts()}", "{_packed(order)}")\n'.encode("ascii")


def _packed(value: Any) -> str:
    return base64.b64encode(zlib.compress(json.dumps(value).encode("utf-8"), 9)).decode("ascii")


def command(interpreters: Sequence[str] = INTERPRETERS) -> str:
    """A shell command that gives its standard input to the first of the interpreters that is there.

    -B: leaves no compiled files behind; -E and -s: looks at nothing that the user's environment or home adds.
    """
    names = " ".join(shlex.quote(name) for name in interpreters)
    missing = shlex.quote(f"no Python found: {', '.join(interpreters)}; install one or set ansible_python_interpreter")
    start = 'command -v "$python" >/dev/null 2>&1 && exec "$python" -B -E -s -'
    return f"for python in {names}; do {start}; done; echo {missing} >&2; exit 127"


def answer_of(output: str) -> Any:
    """What the function returned, from the program's output (which a login script may have begun with a greeting); None if it did not."""
    for line in reversed(output.splitlines()):
        if line.startswith(MARK):
            try:
                return json.loads(line.removeprefix(MARK))
            except ValueError:
                return None
    return None
