# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ: each node of this host asked by rabbitmqctl as its own account. Each call starts an Erlang, so there are few of them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ..process_files import text_of
from ..rabbitmq_nodes import FOLDER, Client, find_nodes

MAX_QUEUES = 2000
MAX_VHOSTS = 5
COLUMNS = ["name", "messages_ready", "messages_unacknowledged", "consumers", "state", "type", "durable", "exclusive", "members", "online"]
MIRRORS = ["slave_pids", "synchronised_slave_pids"]         # gone in 4.0
# The only settings that leave the host
NAMES = "loopback_users|cluster_partition_handling|disk_free_limit|vm_memory_high_watermark"
SETTING = re.compile(r"(?m)^[ \t]*((?:%s)[\w.]*[ \t]*=[ \t]*[\w.-]+)" % NAMES)


def capture(host):
    found = []
    for node in find_nodes():
        found.append({"instance": node["instance"], "pid": node["pid"], "container": node["container"]})
        if not node["container"]:
            look(host, node["instance"], Client(host, node))
    enabled = host.glob("/etc/systemd/system/*.target.wants/rabbitmq-server.service")
    host.note("rabbitmq instances", json.dumps({
        "instances": found, "installed": bool(found or enabled) or host.exists(FOLDER),
        "enabled": "rabbitmq-server.service" if enabled and not found else None}))


def look(host, name, client):
    answer, status = client.json(["status"])
    record(host, name, "status", answer)
    if status is None:
        return                          # one that does not answer this does not answer the others either
    record(host, name, "cluster", client.json(["cluster_status"])[0])
    answer, users = client.json(["list_users"])
    record(host, name, "users", answer)
    if any(user.get("user") == "guest" for user in users or ()):
        tried = client.ask(["authenticate_user", "guest"], stdin="guest\n")
        host.record("guest", name, json.dumps({"default_password": tried.get("rc") == 0, "asked": "error" not in tried}))
    texts = [text_of(path) for path in [os.path.join(FOLDER, "rabbitmq.conf")] + host.glob(os.path.join(FOLDER, "conf.d", "*.conf"))]
    host.record("settings", name, "".join(line + "\n" for text in texts for line in SETTING.findall(text)) + "# end\n", kind="note")
    totals = status.get("totals") or {}
    if totals.get("connection_count") != 0:
        connections(host, name, client)
    queues(host, name, client, totals)


def record(host, name, key, answer):
    """An answer in JSON, or why there is none."""
    if "error" in answer or answer.get("rc") != 0:
        words = [line for line in (answer.get("stderr", "") + "\n" + (answer.get("text") or "")).splitlines() if line.strip()]
        host.record(key, name, error=answer.get("error", "failed"), stderr=words[0][:300] if words else "")
    else:
        host.record(key, name, answer["text"])


def connections(host, name, client):
    """Counts only: no address and no name of a client."""
    answer, rows = client.json(["list_connections", "channels", "ssl"])
    if rows is None:
        record(host, name, "connections", answer)
        return
    channels = [row.get("channels") for row in rows if isinstance(row.get("channels"), int)]
    host.record("connections", name, json.dumps({
        "connections": len(rows), "channels": sum(channels), "most": max(channels or [0]),
        "tls": len([row for row in rows if row.get("ssl") is True])}))


def queues(host, name, client, totals):
    if totals.get("queue_count") == 0:
        host.record("queues", name, json.dumps({"queues": [], "left_out": 0, "vhosts": [], "vhosts_left_out": 0}))
        return
    answer, rows = client.json(["list_vhosts", "name"])
    if rows is None:
        record(host, name, "queues", answer)
        return
    vhosts = [row["name"] for row in rows]
    found = []
    for vhost in vhosts[:MAX_VHOSTS]:
        answer, rows = client.json(["list_queues", "-p", vhost] + COLUMNS + MIRRORS)
        if rows is None and "must be one of" in (answer.get("stderr", "") + (answer.get("text") or "")):
            answer, rows = client.json(["list_queues", "-p", vhost] + COLUMNS)
        if rows is None:
            record(host, name, "queues", answer)
            return
        found.extend(dict(row, vhost=vhost) for row in rows)
    found.sort(key=lambda row: (-number(row.get("messages_ready")) - number(row.get("messages_unacknowledged")), str(row.get("name"))))
    host.record("queues", name, json.dumps({
        "queues": found[:MAX_QUEUES], "left_out": max(0, len(found) - MAX_QUEUES), "vhosts": vhosts[:MAX_VHOSTS],
        "vhosts_left_out": max(0, len(vhosts) - MAX_VHOSTS)}))


def number(value):
    return value if isinstance(value, int) else 0
