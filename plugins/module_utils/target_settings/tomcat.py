# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The most threads of a connector or executor in Tomcat's server.xml: changed where it stands; Tomcat takes it at its next start."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import time

from ..process_files import age
from ..servers import unit_of
from ..tomcat_config import server as reduced
from ..tomcat_servers import find_servers
from ..tomcat_text import changed, elements
from . import in_place
from .errors import BadSetting
from .running import server_named

# Connector 8080 maxThreads        Executor tomcatThreadPool maxThreads
NAME = re.compile(r"^(Connector|Executor) (\S+) (maxThreads)$")
KEYS = {"Connector": "port", "Executor": "name"}
DEFAULT = "200"                     # Tomcat's own, of both (configuration reference)
STANDARD = "org.apache.catalina.core.StandardThreadExecutor"


def read(_host, instance, name):
    """{"value", "kept", "pending", "unit"}: what the file says, None where Tomcat's default holds; whether the file is newer than the
    process, so that nobody can see what is in force; systemd's unit."""
    server = _server(instance)
    path = _path(server)
    kept = _element(in_place.read(path), name)["attributes"].get("maxThreads")
    return {"value": DEFAULT if kept is None else kept, "kept": kept, "pending": _is_newer(path, server), "unit": unit_of(server["pid"])}


def write(_host, instance, name, value, kept):
    """Put ``kept`` (None: no such attribute) into the file, which must stay whole XML in which nothing else says something else."""
    server = _server(instance)
    if not unit_of(server["pid"]):
        raise BadSetting("systemd does not run tomcat %s, so nobody knows how it is started again; set %s by hand" % (instance, name))
    path = _path(server)
    before = in_place.read(path)
    after = changed(before, _element(before, name), "maxThreads", kept)
    if _told(path, after, name) != _told(path, before, name):
        raise BadSetting("%s would say something else too with %s %s; set it by hand" % (path, name, value))
    in_place.write(path, after)


def _told(path, text, name):
    """What the file says beside this value."""
    try:
        found = reduced(text.encode("latin-1").decode("utf-8", "replace"))
    except ValueError as error:
        raise BadSetting("%s is not whole XML with %s (%s); it was left alone" % (path, name, error))
    tag, key, _attribute = NAME.match(name).groups()
    if tag == "Executor":
        found["executors"].pop(key, None)
    for connector in found["connectors"]:
        if tag == "Connector" and connector.get("port") == key:
            connector.pop("maxThreads", None)
    return found


def _element(text, name):
    match = NAME.match(name)
    if match is None:
        raise BadSetting("%r is neither maxThreads of a Connector nor of an Executor" % name)
    tag, key = match.group(1), match.group(2)
    found = [item for item in elements(text, tag) if item["attributes"].get(KEYS[tag]) == key]
    if len(found) != 1:
        raise BadSetting("server.xml has %d times the %s %s; set its maxThreads by hand" % (len(found), tag, key))
    attributes = found[0]["attributes"]
    if tag == "Connector" and attributes.get("executor"):
        raise BadSetting("the connector %s has the threads of its executor %s, its own maxThreads is not used"
                         % (key, attributes["executor"]))
    if tag == "Executor" and attributes.get("className", STANDARD) != STANDARD:
        raise BadSetting("the executor %s is a %s; set it by hand" % (key, attributes["className"]))
    return found[0]


def _is_newer(path, server):
    """Whether the file was written after the process started."""
    seconds = age(server["pid"])
    try:
        return seconds is None or os.stat(path).st_mtime > time.time() - seconds
    except OSError as error:
        raise BadSetting("%s: %s" % (path, error.strerror))


def _path(server):
    return os.path.join(server["base"], "conf", "server.xml")


def _server(instance):
    return server_named("tomcat", instance, find_servers)
