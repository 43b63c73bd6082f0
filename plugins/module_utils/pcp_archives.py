# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archives that a host's pmlogger has written, one a day, read by its own pmrep."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from .pcp_columns import DEVICES, TOTALS, Rows
from .sysstat_columns import Columns

FOLDER = "/var/log/pcp/pmlogger"
SECONDS = 600                           # between the rows that pmrep makes of samples a minute apart
PRINTED = ["-r", "-o", "csv", "-U", "-t", "%ds" % SECONDS, "-A", "%ds" % SECONDS, "-f", "%Y-%m-%d %H:%M:%S", "-Z", "UTC"]


def archives(host, since):
    """The paths without their suffix, oldest first. pmlogger's folder has the name of the host; others are of hosts that it watches."""
    name = os.uname()[1]
    names = [name, name.split(".")[0]]
    found = [path for folder in sorted(set(names)) for path in host.glob(os.path.join(FOLDER, folder, "*.index"))]
    ages = sorted((os.path.getmtime(path), path) for path in found)
    return [path[:-len(".index")] for written, path in ages if written >= since]


def columns_of(host, paths):
    """(the columns, [what could not be read])."""
    columns, problems = Columns(), []
    parts = [(metrics, Rows(columns, SECONDS)) for metrics in (TOTALS, DEVICES)]
    for path in paths:
        answer = host.ask(["pminfo", "-f", "-a", path] + sorted(set(TOTALS + DEVICES)))
        there = with_values(answer.get("text") or "")
        if not there:
            problems.append(problem(path, "pminfo", answer))
        for metrics, rows in parts:
            wanted = [metric for metric in metrics if metric in there]
            if not wanted:
                continue
            answer = host.ask(["pmrep", "-a", path] + PRINTED + wanted)
            rows.add(answer.get("text") or "")
            if answer.get("error") or answer.get("rc"):
                problems.append(problem(path, "pmrep", answer))
    return columns, problems


def with_values(text):
    """The metrics that pminfo has values of; pmrep prints nothing at all where one has none.

        disk.dev.read
            inst [0 or "vda"] value 2035433

        disk.dm.read
        No value(s) available!
    """
    blocks = [block.split("\n") for block in text.split("\n\n")]
    lines = [[line for line in block if line] for block in blocks]
    return set(block[0] for block in lines if len(block) > 1 and " value " in block[1])


def problem(path, program, answer):
    return {"file": path, "options": program, "error": answer.get("error") or "failed",
            "stderr": " ".join((answer.get("stderr") or answer.get("text") or "").split())[:300]}
