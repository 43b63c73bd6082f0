#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: prometheus_history
short_description: Fetch a host's history from Prometheus into its capture
version_added: 1.0.0
description:
  - Asks a Prometheus server by range queries for what node_exporter and the exporters for PostgreSQL, MySQL, nginx and HAProxy
    measured on a host, and puts the series into the host's capture of the run, where they are judged as those of sysstat are.
  - What Prometheus does not hold, or refuses to compute, becomes unknown with its reason. A server that gives no answer does
    not fail the task; the history is then unknown.
  - Runs on the control node only; this is an action plugin.
options:
  home:
    description: Folder on the control node that holds the archive.
    type: path
    required: true
  run:
    description: Id of the inspection run.
    type: str
    required: true
  url:
    description: Address of Prometheus without C(/api).
    type: str
    required: true
  host:
    description: Inventory name of the host; by default the task's.
    type: str
  selectors:
    description:
      - What selects this host's metrics, by exporter (V(node), V(postgresql), V(mysql), V(nginx), V(haproxy)), as it stands between
        braces in PromQL.
      - Without it the metrics of node_exporter whose C(instance) is the host's inventory name.
    type: dict
    default: {}
  days:
    description: How many days back.
    type: int
    default: 28
  step_seconds:
    description: Length of an interval, in seconds; at least twice the time between two scrapes.
    type: int
    default: 600
  user:
    description: User for basic authentication.
    type: str
    default: ""
  password:
    description: Its password.
    type: str
    default: ""
  token:
    description: Bearer token, instead of user and password.
    type: str
    default: ""
  ca_file:
    description: Certificates to trust instead of the system's. The server's certificate is always verified.
    type: path
  timeout:
    description: Longest time for one query, in seconds.
    type: float
    default: 30
attributes:
  check_mode:
    description: Can run in check_mode; it never changes a target.
    support: full
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Fetch four weeks
  caretaker.infra.prometheus_history:
    home: /var/lib/caretaker
    run: 2026Q4-001
    url: https://prometheus.example.com
    token: "{{ vault_prometheus_token }}"
    selectors:
      node: instance="db1:9100"
      postgresql: instance="db1:9187"
"""

RETURN = r"""
archive:
  description: Where the capture lies on the control node.
  returned: success
  type: str
sha256:
  description: Checksum of the archived file.
  returned: success
  type: str
reached:
  description: Whether Prometheus answered.
  returned: success
  type: bool
problem:
  description: Why it did not.
  returned: success
  type: str
measures:
  description: How many measures it had.
  returned: success
  type: int
"""
