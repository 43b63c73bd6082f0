# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx: each master with its configuration (read, never tested: -t creates files), its workers, counters and logs."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re
import time

from ..local_http import get
from ..log_digest import MAX_BYTES, digest, responses
from ..nginx_servers import built_in, find_masters, is_leaving, places, read
from ..process_files import age, enabled_unit, limit_of_files, open_files

MAX_LOGS = 6
PATIENCE_SECONDS = 1.0      # a server without free places turns this question away too
# What is counted at any level; crit, alert and emerg are counted whatever they say
SIGNATURES = (
    "worker_connections are not enough", "no live upstreams", "upstream timed out", "upstream prematurely closed",
    "Too many open files", "No space left on device", "Connection refused", "upstream server temporarily disabled",
    "SSL_do_handshake() failed", "SSL_read() failed", "SSL_write() failed", "could not build", "conflicting server name",
    "worker_connections exceed open file resource limit",
    "limiting requests", "exited on signal", "upstream sent too big header",
)
GRAVE = frozenset(("crit", "alert", "emerg"))
# 2026/11/22 03:00:00 [crit] 812#812: *5 connect() to unix:/run/php.sock failed (2: No such file or directory) while ..., client: ...
LINE = re.compile(r"^(\d{4})/(\d\d)/(\d\d) \d\d:\d\d:\d\d \[(\w+)\] \d+#\d+: (?:\*\d+ )?(.*)$")


def capture(host):
    masters = find_masters()
    for master in masters:
        if not master["container"]:
            look(host, master)
    installed = host.exists("/etc/nginx/nginx.conf")
    host.note("nginx instances", json.dumps({
        "instances": [dict((name, master[name]) for name in ("instance", "pid", "container")) for master in masters],
        "installed": installed, "enabled": enabled_unit(host, ["nginx"]) if installed else None}))


def look(host, master):
    from ..nginx_config import flatten, status_page     # it takes as long to load as a command: only where there is an nginx

    name = master["instance"]
    version = host.ask([master["exe"], "-V"])
    built = version.get("stderr") or ""
    host.record("version", name, built.partition("\n")[0] + "\n" if "error" not in version else None,
                **dict((field, version[field]) for field in ("error", "stderr") if "error" in version))
    path, prefix = places(master, built)
    text, directives, files = flatten(path, read, host.glob)
    host.record("configuration", name, text, kind="note")
    host.record("workers", name, json.dumps({
        "seconds": age(master["pid"]), "exe": master["exe"], "master": open_files(master["pid"]),
        "changed_seconds": since_change(files),
        "workers": [dict(open_files(item["pid"]) or {}, paths=[], limit=limit_of_files(item["pid"]), seconds=age(item["pid"]),
                         leaving=is_leaving(item)) for item in master["workers"]]}), kind="note")
    page = status_page(directives)
    if page is not None:
        host.record("status", name, **get(*page, patience=PATIENCE_SECONDS))
    logs(host, name, directives, prefix, built)


def logs(host, name, directives, prefix, built):
    for kind, option, transform in (("error_log", "error-log-path", errors), ("access_log", "http-log-path", responses)):
        paths = [words[1] for _place, words in directives if words[0] == kind and len(words) > 1] or [built_in(built, option) or ""]
        paths = [os.path.join(prefix, path) for path in sorted(set(paths)) if not re.search(r"^(syslog:.*|off|stderr|)$|\$", path)]
        for path in [path for path in paths if os.path.isfile(path)][:MAX_LOGS]:
            host.tail(path, name, "%s %s" % (kind, path), MAX_BYTES, transform)


def errors(text):
    return digest(text, split, SIGNATURES, GRAVE)


def split(line):
    match = LINE.match(line)
    if match is None:
        return None
    year, month, day, level, message = match.groups()
    return "-".join((year, month, day)), level, message.partition(", client:")[0]


def since_change(paths):
    """How many seconds ago the last of these files was changed, or None."""
    times = [os.stat(path).st_mtime for path in paths if os.path.exists(path)]
    return round(time.time() - max(times), 1) if times else None
