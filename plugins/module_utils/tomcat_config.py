# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tomcat's server.xml, tomcat-users.xml and manager contexts, reduced to what is judged: no password leaves, only what is wrong with it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

CONNECTOR = ("port", "protocol", "address", "maxThreads", "executor", "secretRequired", "SSLEnabled", "acceptCount", "maxConnections")
# The examples of Tomcat's documentation and of guides that are copied most
WELL_KNOWN = frozenset((
    "tomcat", "s3cret", "s3cr3t", "admin", "manager", "password", "passw0rd", "changeme", "changethis", "must-be-changed",
    "<must-be-changed>", "role1", "both", "root", "123456", "12345678", "secret", "qwerty", "test", "tomcat10", "tomcat9"))
DIGEST = re.compile(r"^(\{\w+\}|[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]+\$\d+\$[0-9a-fA-F]+)")


def parse_xml(text):
    """The root of an XML document; ValueError where it is none."""
    from xml.etree import ElementTree       # only where there is a Tomcat: it takes time to load

    try:
        return ElementTree.fromstring(text.encode("utf-8"))     # noqa: S314 - the host's own configuration, which Tomcat reads as well
    except ElementTree.ParseError as error:
        raise ValueError(str(error))


def server(text):
    """{"port", "connectors": [...], "executors": {name: maxThreads}, "prefixes": {name: what its threads are called}} of server.xml."""
    root = parse_xml(text)
    connectors = []
    for item in root.iter("Connector"):
        found = dict((name, item.get(name)) for name in CONNECTOR if item.get(name) is not None)
        found["secret"] = bool(item.get("secret") or item.get("requiredSecret"))
        connectors.append(found)
    return {"port": root.get("port", "8005"), "word": root.get("shutdown", "SHUTDOWN") == "SHUTDOWN", "connectors": connectors,
            "executors": dict((item.get("name", ""), item.get("maxThreads", "200")) for item in root.iter("Executor")),
            "prefixes": dict((item.get("name", ""), item.get("namePrefix", "tomcat-exec-")) for item in root.iter("Executor"))}


def users(text):
    """[{"name", "roles", "weak"}] of tomcat-users.xml; ``weak`` says what is wrong with the password, "" if nothing is."""
    found = []
    for item in parse_xml(text).iter():
        if item.tag.rpartition("}")[2] == "user":
            name = item.get("username") or item.get("name") or ""
            found.append({"name": name, "roles": [role.strip() for role in item.get("roles", "").split(",") if role.strip()],
                          "weak": weakness(name, item.get("password", ""))})
    return found


def weakness(name, password):
    if password == "":
        return "empty"
    if DIGEST.match(password):
        return ""
    if password.lower() == name.lower():
        return "the same as the name"
    if password.lower() in WELL_KNOWN:
        return "well known"
    return "short" if len(password) < 8 else ""


def allowed(text):
    """The addresses that a context lets in by a RemoteAddrValve or RemoteCIDRValve, or None where all may."""
    for item in parse_xml(text).iter("Valve"):
        if item.get("className", "").rpartition(".")[2] in ("RemoteAddrValve", "RemoteCIDRValve") and item.get("allow"):
            return item.get("allow")
    return None


def status(text):
    """Threads and counters of each connector of the manager's status page; addresses and requests of its clients are left out."""
    connectors = []
    root = parse_xml(text)
    for item in root.iter("connector"):
        threads, requests = item.find("threadInfo"), item.find("requestInfo")
        if threads is not None and requests is not None:
            connectors.append({
                "name": item.get("name", "").strip('"'), "max": int(threads.get("maxThreads", "-1")),
                "busy": int(threads.get("currentThreadsBusy", "0")), "threads": int(threads.get("currentThreadCount", "0")),
                "requests": int(requests.get("requestCount", "0")), "errors": int(requests.get("errorCount", "0"))})
    return {"connectors": connectors}
