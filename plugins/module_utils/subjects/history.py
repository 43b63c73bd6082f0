# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sysstat, or else PCP, has measured over the last days, read by the host's own programs: the files differ from version to version."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import time

# Newest first; an older sadf answers an option that it does not know with its usage
TOTALS = (
    "-u ALL -q ALL -r ALL -S -B -W -v -n TCP,ETCP,SOFT",
    "-u ALL -q -r -S -B -W -v -n TCP,ETCP,SOFT",
    "-u ALL -q -r -S -B -W -v -n TCP,ETCP",
)
DEVICES = ("-d -p -F MOUNT -n DEV,EDEV", "-d -p -F -n DEV,EDEV", "-d -p -n DEV,EDEV")
FOLDERS = ("/var/log/sa", "/var/log/sysstat")
COARSE_SECONDS = "600"                  # where a day at the interval of its file is too long


def capture(host):
    if host.history_days <= 0:
        return
    since = time.time() - 86400 * (host.history_days + 1)
    files = data_files(host, since) if host.which("sadf") else []
    if files:
        of_sysstat(host, files)
        return
    from ..pcp_archives import archives         # only where it is needed, as in of_sysstat

    found = archives(host, since)
    if found:
        of_pcp(host, found)
    elif host.which("sadf") is None:
        host.record("sysstat", "history", error="not_found", stderr="sadf is not on this host, and there are no archives of PCP")
    else:
        missing = "there is no sysstat data in {0}, and there are no archives of PCP".format(" or ".join(FOLDERS))
        host.record("sysstat", "history", error="not_found", stderr=missing)


def of_sysstat(host, files):
    from ..sysstat_columns import Columns           # it takes as long to load as a command: only where there is a history

    host.command(["sadf", "-V"])
    columns, problems, known = Columns(), [], {}
    for path in files:
        for attempts in (TOTALS, DEVICES):
            answer = ask(host, path, attempts, known)
            columns.add(answer.get("text") or "")
            if answer.get("error") or answer.get("rc"):
                problems.append({"file": path, "options": known.get(attempts, attempts[0]), "error": answer.get("error") or "failed",
                                 "stderr": " ".join((answer.get("stderr") or "").split())[:300]})
                if answer.get("error") != "too_large":
                    break
    record(host, "sysstat", columns, problems, files)


def of_pcp(host, paths):
    from ..pcp_archives import columns_of

    if host.which("pmrep") is None:
        host.record("pcp", "history", error="missing", stderr="PCP has archives here, but no pmrep to read them with (package "
                                                              "pcp-system-tools of Red Hat and SUSE; pcp and python3-pcp of Debian)")
        return
    host.command(["pmrep", "--version"])
    columns, problems = columns_of(host, paths)
    record(host, "pcp", columns, problems, paths)


def record(host, tool, columns, problems, files):
    host.file("/proc/sys/fs/file-nr")
    document = columns.document()
    document.update({"files": len(files), "problems": problems, "cpus": os.sysconf("SC_NPROCESSORS_ONLN"),
                     "utc_offset_seconds": utc_offset()})
    host.record(tool, "history", json.dumps(document, sort_keys=True, separators=(",", ":")))


def data_files(host, since):
    """sa01 or sa20261102 of all folders, oldest first, each file once; those that are packed are too old to matter."""
    found = {}
    for folder in FOLDERS:
        for path in host.glob(folder + "/sa[0-9]*"):
            if path[len(folder) + 3:].isdigit() and os.path.isfile(path):
                found[os.path.realpath(path)] = os.path.getmtime(path)
    return sorted((path for path in found if found[path] >= since), key=lambda path: (found[path], path))


def ask(host, path, attempts, known):
    """The answer of sadf to the first options that it knows; ``known`` remembers them."""
    answer = {}
    for options in (known.get(attempts),) if attempts in known else attempts:
        answer = host.ask(["sadf", "-d", path, "--"] + options.split())
        if answer.get("error") == "too_large":
            answer = host.ask(["sadf", "-d", COARSE_SECONDS, path, "--"] + options.split())
        if "sage:" not in (answer.get("stderr") or "") + (answer.get("text") or "")[:200]:
            known[attempts] = options
            break
    return answer


def utc_offset():
    """Of the host's clock, in seconds."""
    return -(time.altzone if time.daylight and time.localtime().tm_isdst else time.timezone)
