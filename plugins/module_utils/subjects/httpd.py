# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache httpd: configuration (read, never tested), the scoreboard of mod_status where it is offered to this host, logs by counts."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ..local_http import get
from ..log_digest import MAX_BYTES, MONTHS, digest, responses
from ..process_files import age, enabled_unit, instance_name, open_files, text_of
from ..servers import running

MAX_LOGS = 6
# {name of the program: (its configuration, its ServerRoot)}
DEFAULTS = {"apache2": ("/etc/apache2/apache2.conf", "/etc/apache2"), "httpd": ("/etc/httpd/conf/httpd.conf", "/etc/httpd")}
SIGNATURES = (
    "server reached MaxRequestWorkers", "scoreboard is full", "server is within MinSpareThreads", "exit signal Segmentation fault",
    "exit signal", "Too many open files", "No space left on device", "failed to make connection to backend", "attempt to connect to",
    "error reading status line from remote server", "Error reading from remote server", "The timeout specified has expired",
    "Unable to fork", "Cannot allocate memory", "AH01909", "AH02568",
)
GRAVE = frozenset(("crit", "alert", "emerg"))
# [Sun Nov 22 03:00:00.123456 2026] [mpm_event:error] [pid 812:tid 9] [client 192.0.2.7:4711] AH00484: server reached MaxRequestWorkers ...
LINE = re.compile(r"^\[\w{3} (\w{3}) (\d\d) \d\d:\d\d:\d\d(?:\.\d+)? (\d{4})\] \[(?:\w*:)?(\w+)\] "
                  r"(?:\[(?:pid|client|remote) [^\]]*\] )*(.*)$")


def capture(host):
    processes = running(["apache2", "httpd"])
    pids = set(item["pid"] for item in processes)
    found, taken = [], set()
    for master in [item for item in processes if item["parent"] not in pids]:
        path, root = configuration_of(master)
        name = instance_name(re.sub(r"\.conf$", "", os.path.basename(path)), master, taken)
        found.append({"instance": name, "pid": master["pid"], "container": master["container"]})
        if not master["container"]:
            look(host, name, master, path, root, sum(item["parent"] == master["pid"] for item in processes))
    installed = any(host.exists(path) for path, _root in DEFAULTS.values())
    host.note("httpd instances", json.dumps({"instances": found, "installed": installed,
                                             "enabled": enabled_unit(host, ["apache2", "httpd"]) if installed else None}))


def configuration_of(master):
    """(path of the configuration, ServerRoot): by -f and -d, else where the program's kind has it, else beside the program."""
    argv = master["argv"]
    options = dict((argv[place], argv[place + 1]) for place in range(1, len(argv) - 1))
    path, root = DEFAULTS.get(master["name"], DEFAULTS["httpd"])
    if not os.path.exists(path):
        root = os.path.dirname(os.path.dirname(master["exe"]))
        path = root + "/conf/httpd.conf"
    root = options.get("-d", root)
    return os.path.join(root, options.get("-f", path)), root


def look(host, name, master, path, root, children):
    from ..httpd_config import exported, flatten, status_page       # it takes as long to load as a command: only where there is one

    version = host.ask([master["exe"], "-v"])
    host.record("version", name, version.get("text") if "error" not in version else None,
                **dict((field, version[field]) for field in ("error", "stderr") if "error" in version))
    text, directives = flatten(path, root, exported(text_of(os.path.dirname(path) + "/envvars")), read, host.glob)
    host.record("configuration", name, text, kind="note")
    host.record("processes", name, json.dumps({"seconds": age(master["pid"]), "exe": master["exe"], "children": children,
                                               "master": open_files(master["pid"])}), kind="note")
    page = status_page(directives)
    if page is not None:
        host.record("status", name, **without_requests(get(page[0], page[1], page[2] + "?auto")))
    for kind, names, transform in (("error_log", ("errorlog",), errors), ("access_log", ("customlog", "transferlog"), responses)):
        paths = sorted(set(words[1] for _place, words in directives if words[0] in names and len(words) > 1))
        for log in [log for log in paths if "$" not in log and os.path.isfile(log)][:MAX_LOGS]:
            host.tail(log, name, "%s %s" % (kind, log), MAX_BYTES, transform)


def without_requests(answer):
    """The page up to the scoreboard: what may follow are lists of other modules."""
    if "text" in answer:
        lines = answer["text"].splitlines(True)
        end = next((place for place, line in enumerate(lines) if line.startswith("Scoreboard:")), len(lines) - 1)
        answer = {"text": "".join(lines[:end + 1])}
    return answer


def errors(text):
    return digest(text, split, SIGNATURES, GRAVE)


def split(line):
    match = LINE.match(line)
    if match is None:
        return None
    month, day, year, level, message = match.groups()
    return "-".join((year, MONTHS.get(month, "01"), day)), level, message


def read(path):
    with open(path, "rb") as stream:
        return stream.read(1048576).decode("utf-8", "replace")
