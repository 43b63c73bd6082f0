# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tomcat: configuration, users (never their passwords), manager applications, logs by counts, and the manager's status where the
inventory gives an account for it (role manager-status)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ..local_http import get
from ..log_digest import MAX_BYTES, MONTHS, digest
from ..process_files import age, enabled_unit, text_of
from ..servers import unit_of
from ..tomcat_config import allowed, server, status, users
from ..tomcat_servers import find_servers

UNITS = ("tomcat", "tomcat10", "tomcat11", "tomcat9", "tomcat8")
INSTALLED = ("/etc/tomcat*/server.xml", "/var/lib/tomcat*/conf/server.xml", "/opt/tomcat*/conf/server.xml",
             "/opt/apache-tomcat*/conf/server.xml")
STATUS_SECONDS = 10.0           # its pages are compiled when they are asked for the first time
SIGNATURES = (
    "OutOfMemoryError", "StackOverflowError", "Too many open files", "No space left on device", "appears to have started a thread named",
    "created a ThreadLocal", "All threads (", "Cannot get a connection", "PoolExhaustedException",
    "Cannot create PoolableConnectionFactory", "Context initialization failed", "One or more listeners failed to start", "failed to start",
)
# 22-Nov-2026 03:00:00.123 SEVERE [main] org.apache.catalina.core.StandardContext.startInternal One or more listeners failed to start
ONE_LINE = re.compile(r"^(\d\d)-(\w{3})-(\d{4}) \d\d:\d\d:\d\d\.\d{3} ([A-Z]+) \[[^\]]*\] (.*)$")


def capture(host):
    found = []
    for item in find_servers():
        found.append({"instance": item["instance"], "pid": item["pid"], "container": item["container"]})
        if not item["container"]:
            look(host, item)
    installed = any(host.glob(pattern) for pattern in INSTALLED)
    host.note("tomcat instances", json.dumps({"instances": found, "installed": installed,
                                              "enabled": enabled_unit(host, UNITS) if installed else None}))


def look(host, found):
    name, base, home = found["instance"], found["base"], found["home"]
    host.record("process", name, json.dumps({"seconds": age(found["pid"]), "exe": home + "/", "unit": unit_of(found["pid"])}), kind="note")
    host.record("version", name, **version(home))
    configuration = reduced(host, "server", name, base + "/conf/server.xml", server)
    reduced(host, "users", name, base + "/conf/tomcat-users.xml", users)
    host.record("manager", name, json.dumps(managers(host, base)), kind="note")
    credential = host.credential(name)
    connector = next((item for item in (configuration or {}).get("connectors", ()) if is_plain_http(item)), None)
    if credential is not None and connector is not None:
        page = get(connector.get("address", "127.0.0.1"), connector["port"], "/manager/status?XML=true", "localhost",
                   credential.get("user") or "admin", credential["password"], STATUS_SECONDS)
        if "text" in page:
            page = reduced_text(page["text"], status)
        host.record("status", name, **page)
    logs = host.glob(base + "/logs/catalina.out") + host.glob(base + "/logs/catalina.20??-??-??.log")[-1:]
    for path in logs:
        host.tail(path, name, "log " + path, MAX_BYTES, lambda text: digest(text, split, SIGNATURES, ("SEVERE",)))


def version(home):
    """Tomcat's own word, from a file in its first library."""
    import zipfile                      # it takes as long to load as a command: only where there is a Tomcat

    try:
        with zipfile.ZipFile(os.path.join(home, "lib", "catalina.jar")) as archive:
            lines = archive.read("org/apache/catalina/util/ServerInfo.properties").decode("utf-8", "replace").splitlines()
            return {"text": "".join(line + "\n" for line in lines if line.startswith("server."))}
    except (OSError, IOError, KeyError, zipfile.BadZipfile) as error:
        return {"error": "failed", "stderr": "%s/lib/catalina.jar: %s" % (home, error)}


def reduced(host, name, instance, path, reduce):
    """Record what is kept of a file, and return it."""
    try:
        with open(path, "rb") as stream:
            answer = reduced_text(stream.read(1048576).decode("utf-8", "replace"), reduce)
    except (OSError, IOError) as error:
        answer = {"error": "failed", "stderr": "%s: %s" % (path, error.strerror)}
    host.record(name, instance, kind="note", **answer)
    return json.loads(answer["text"]) if "text" in answer else None


def reduced_text(text, reduce):
    try:
        return {"text": json.dumps(reduce(text))}
    except ValueError as error:
        return {"error": "failed", "stderr": "is not whole XML (%s)" % error}


def managers(host, base):
    """{application: the addresses it lets in, None for all} of the manager applications that are deployed."""
    found = {}
    for application in ("manager", "host-manager"):
        contexts = host.glob("%s/conf/*/*/%s.xml" % (base, application))
        folders = [base + "/webapps/" + application] + [
            match for path in contexts for match in re.findall(r'docBase="([^"]+)"', text_of(path))]
        if contexts or os.path.isdir(folders[0]):
            texts = [text_of(path) for path in contexts + [folder + "/META-INF/context.xml" for folder in folders]]
            found[application] = next((rule for rule in map(rule_of, texts) if rule), None)
    return found


def rule_of(text):
    try:
        return allowed(text) if text else None
    except ValueError:
        return None


def is_plain_http(connector):
    return connector.get("port", "").isdigit() and not connector.get("SSLEnabled") and "AJP" not in connector.get("protocol", "").upper()


def split(line):
    match = ONE_LINE.match(line)
    if match is None:
        return None
    day, month, year, level, message = match.groups()
    return "-".join((year, MONTHS.get(month, "01"), day)), level, message
