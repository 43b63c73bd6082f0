# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The most connections of HAProxy or of one frontend: changed in its configuration where it stands, checked by haproxy -c, loaded."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import time

from ..haproxy_config import CONDITION, changed, headers, limits
from ..haproxy_servers import files_of, find_servers, frontends, sockets_in
from ..local_http import exchange
from ..servers import unit_of
from . import in_place
from .errors import BadSetting, problem
from .running import server_named
from .values import same

# global maxconn        frontend shop maxconn
NAME = re.compile(r"^(?:(global)|frontend (\S+)) (maxconn)$")
LOAD_SECONDS = 15.0


def read(host, instance, name):
    """{"value", "kept", "pending", "unit"}: in force by its stats socket, in its configuration (None: not); HAProxy takes it by a reload,
    without a restart."""
    files = files_of(host, _server(instance)["paths"])
    return {"value": _in_force(files, instance, name), "kept": _place(files, name)["value"], "pending": False, "unit": ""}


def write(host, instance, name, value, kept):
    """Put ``kept`` (None: no such line) into the configuration and load it; what HAProxy refuses, or does not take, is put back."""
    server = _server(instance)
    unit = unit_of(server["pid"])
    if not unit:
        raise BadSetting("systemd does not run haproxy %s, so nobody knows how it is reloaded; set %s by hand" % (instance, name))
    files = files_of(host, server["paths"])
    place = _place(files, name)
    found = _in_force(files, instance, name)
    if place["value"] is not None and not same(place["value"], found):
        raise BadSetting("%s says %s %s, but %s is in force: somebody changed it and did not load it; load it and plan again"
                         % (place["path"], name, place["value"], found))
    before = in_place.read(place["path"])
    in_place.write(place["path"], changed(before, place["section"], "maxconn", kept))
    refusal = _refusal(host, server)
    if refusal:
        in_place.write(place["path"], before)
        raise BadSetting("haproxy %s refuses %s %s: %s" % (instance, name, kept, refusal))
    refusal = _not_loaded(host, unit, files, instance, name, value)
    if refusal:
        in_place.write(place["path"], before)
        _reload(host, unit)
        raise BadSetting("haproxy %s was told %s %s, but %s; its configuration was put back and loaded again"
                         % (instance, name, value, refusal))


def _refusal(host, server):
    """What HAProxy has against the files as they are, or ""."""
    argv = [server["exe"].replace(" (deleted)", ""), "-c"]
    for path in server["paths"]:
        argv.extend(["-f", path])
    return problem(host.ask(argv))


def _not_loaded(host, unit, files, instance, name, value):
    """Why the value is not in force after a reload, or "". A process that can't start with it leaves the old one in place."""
    refusal = _reload(host, unit)
    end = time.time() + LOAD_SECONDS
    while not refusal:
        time.sleep(0.2)
        try:
            found = _in_force(files, instance, name)
        except BadSetting as error:     # the sockets change hands
            found = str(error)
        if same(found, value):
            return ""
        if time.time() > end:
            refusal = "%d s after a reload of %s its stats socket tells %s; look into its log" % (LOAD_SECONDS, unit, found)
    return refusal


def _reload(host, unit):
    """What is wrong with it, or ""."""
    return problem(host.ask(["systemctl", "reload", unit]))


def _in_force(files, instance, name):
    sockets = sockets_in(files)
    if not sockets:
        raise BadSetting("the configuration of haproxy %s names no stats socket, so what is in force can't be seen" % instance)
    frontend = _parts(name)[1]
    if frontend:
        rows, told = frontends(sockets[0])
        found = (rows or {}).get(frontend, {}).get("slim")
    else:
        answer = exchange(sockets[0], 0, "show info\n")
        told = answer.get("stderr")
        match = re.search(r"(?m)^Maxconn: (\d+)", answer.get("text") or "")
        found = match.group(1) if match else None
    if not found:
        raise BadSetting("the stats socket of haproxy %s does not tell %s (%s)" % (instance, name, told or "no such frontend"))
    return found


def _place(files, name):
    """{"path", "section", "value" (None: it is not there)}: where the limit is written, or where it would be."""
    whole, frontend = _parts(name)
    sections = ("global",) if whole else ("frontend " + frontend, "listen " + frontend)
    texts = [(path, in_place.read(path)) for path in files]
    written = [(path, item) for path, text in texts for item in limits(text) if item["name"] == "maxconn" and item["section"] in sections]
    begun = [(path, section) for path, text in texts for section, _end in headers(text) if section in sections]
    if len(written) > 1 or (not written and len(begun) != 1):
        raise BadSetting("%s is written %d times in %d sections of HAProxy's configuration; set it by hand"
                         % (name, len(written), len(begun)))
    path, section = (written[0][0], written[0][1]["section"]) if written else begun[0]
    value = written[0][1]["value"] if written else None
    if value is not None and not value.isdigit():
        raise BadSetting("%s is %s in %s, which is no plain number; set it by hand" % (name, value, path))
    if any(CONDITION.search(text) for item, text in texts if item == path):
        raise BadSetting("%s has conditions (.if), so it is not clear what holds; set %s by hand" % (path, name))
    return {"path": path, "section": section, "value": value}


def _parts(name):
    """("global", None) or (None, the frontend's name)."""
    match = NAME.match(name)
    if match is None:
        raise BadSetting("%r is neither the maxconn of the global section nor of a frontend" % name)
    return match.group(1), match.group(2)


def _server(instance):
    return server_named("haproxy", instance, find_servers)
