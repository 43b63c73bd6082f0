# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A number in nginx's configuration: changed where it stands, as nginx takes none of these twice, then tested and loaded."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import signal
import time

from ..nginx_config import flatten
from ..nginx_servers import find_masters, is_leaving, places, read as text_of
from ..process_files import limit_of_files
from . import in_place
from .errors import BadSetting
from .running import server_named
from .values import same

# {directive: (the block that it stands in, nginx's own value)}; without a limit of its own a worker has its master's
KNOWN = {"worker_connections": ("events", "512"), "worker_rlimit_nofile": ("main", None)}
LOAD_SECONDS = 10.0


def read(host, instance, name):
    """{"value", "kept", "pending", "unit"}: in force, in the configuration (None: not); nginx takes it without a restart."""
    master = _master(instance)
    kept = _written(host, _main(host, master), name)[0]
    workers = [worker for worker in master["workers"] if not is_leaving(worker)]
    limits = [limit_of_files(worker["pid"]) for worker in workers]
    value = kept or KNOWN[name][1] or (str(limits[0]) if limits and limits[0] else None)
    if value is None:
        raise BadSetting("nginx %s has no worker whose limit of files can be seen" % instance)
    return {"value": value, "kept": kept, "pending": False, "unit": ""}


def write(host, instance, name, value, kept):
    """Put ``kept`` (None: no such directive) into the configuration and load it; a configuration that nginx refuses is put back."""
    master = _master(instance)
    main = _main(host, master)
    path = _written(host, main, name)[1]
    before = in_place.read(path)
    in_place.write(path, changed(before, name, kept))
    tested = host.ask([master["exe"], "-t", "-c", main])
    if tested.get("error") or tested.get("rc"):
        in_place.write(path, before)
        raise BadSetting("nginx %s refuses %s %s: %s" % (instance, name, kept, (tested.get("stderr") or tested.get("error", ""))[:300]))
    _load(instance, master)
    found = read(host, instance, name)
    if not same(found["value"], value):
        raise BadSetting("nginx %s was told %s %s, but %s is in force" % (instance, name, value, found["value"]))


def changed(text, name, value):
    """The configuration with ``value`` for the directive, or without the directive where that is None."""
    block = KNOWN[name][0]
    line = re.compile(r"(?m)^([ \t]*)%s[ \t]+[^;#\n]*;(.*\n?)" % name)
    if value is None:
        return line.sub("", text, count=1)
    if line.search(text):
        return line.sub(lambda match: "%s%s %s;%s" % (match.group(1), name, value, match.group(2)), text, count=1)
    if block == "main":
        return "%s %s;\n%s" % (name, value, text)
    return re.sub(r"(?m)^(\s*%s\s*\{)" % block, lambda match: "%s\n    %s %s;" % (match.group(1), name, value), text, count=1)


def _load(instance, master):
    """Have the master start new workers, and wait until they are there; the old ones go with their last connection."""
    old = set(worker["pid"] for worker in master["workers"])
    os.kill(master["pid"], signal.SIGHUP)
    end = time.time() + LOAD_SECONDS
    while time.time() < end:
        time.sleep(0.2)
        workers = _master(instance)["workers"]
        if any(worker["pid"] not in old for worker in workers) and all(is_leaving(item) for item in workers if item["pid"] in old):
            return
    raise BadSetting("nginx %s took the configuration, but its workers have not changed in %d s; look into its error log"
                     % (instance, LOAD_SECONDS))


def _main(host, master):
    """The file that its configuration begins with, as it was built or started."""
    return places(master, host.ask([master["exe"], "-V"]).get("stderr") or "")[0]


def _written(host, main, name):
    """(the value that is written or None, the file that it stands in or would)."""
    if name not in KNOWN:
        raise BadSetting("%s of nginx is not one of %s" % (name, ", ".join(sorted(KNOWN))))
    _text, directives, paths = flatten(main, text_of, host.glob)
    values = [words[1] for context, words in directives if words[0] == name and len(words) > 1]
    if not values:
        return None, main
    holders = [path for path in paths if re.search(r"(?m)^[ \t]*%s[ \t]" % name, text_of(path))]
    if len(values) != 1 or len(holders) != 1:
        raise BadSetting("%s does not stand once, on a line of its own, in the configuration of nginx; set it by hand" % name)
    return values[0], holders[0]


def _master(instance):
    return server_named("nginx", instance, find_masters)
