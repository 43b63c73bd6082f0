# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The RabbitMQ nodes of this host, and rabbitmqctl for each."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import pwd
import re

from .process_files import instance_name, text_of
from .servers import running

FOLDER = "/etc/rabbitmq"
SECONDS = 20.0


def find_nodes():
    """[{"instance", "pid", "container", "node": its name or None, "user": the account it runs as}, ...]"""
    found, taken = [], set()
    for server in [item for item in running(["beam.smp", "beam"]) if is_broker(item["argv"])]:
        node = node_of(server)
        found.append({"instance": instance_name(node or "rabbit", server, taken), "pid": server["pid"], "container": server["container"],
                      "node": node, "user": server["user"]})
    return found


def is_broker(argv):
    """beam.smp ... -s rabbit boot ...; rabbitmqctl is a beam.smp too."""
    return any(argv[place:place + 3] == ["-s", "rabbit", "boot"] for place in range(len(argv)))


def node_of(server):
    """The name of the node where it is told: in its arguments or its environment, of which nothing else is kept."""
    argv = server["argv"]
    named = [argv[place + 1] for place, word in enumerate(argv[:-1]) if word in ("-sname", "-name")]
    told = re.search(r"(?:^|\0)RABBITMQ_NODENAME=([^\0]+)", text_of("/proc/%d/environ" % server["pid"]))
    return named[0] if named else told.group(1) if told else None


class Client:
    """rabbitmqctl for one node, run as the node's own account: so it needs no other password than the cookie that is there."""

    def __init__(self, host, node):
        """``node``: one of find_nodes()."""
        self._host = host
        self._user = node["user"] or None
        self._node = ["-n", node["node"]] if node["node"] else []

    def ask(self, words, stdin=""):
        """rabbitmqctl's answer to these words, as Host.ask gives it."""
        try:
            home = pwd.getpwnam(self._user or "rabbitmq").pw_dir
        except KeyError:
            home = "/var/lib/rabbitmq"
        argv = ["rabbitmqctl"] + self._node + ["-q", "-t", "15"] + words
        return self._host.ask(argv, user=self._user, stdin=stdin, environment={"HOME": home}, timeout=SECONDS)

    def json(self, words):
        """The answer, and what was read from it or None."""
        answer = self.ask(words + ["--formatter", "json"])
        try:
            return answer, json.loads(answer["text"]) if answer.get("rc") == 0 else None
        except ValueError:
            return answer, None
