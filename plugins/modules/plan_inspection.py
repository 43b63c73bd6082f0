#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: plan_inspection
short_description: Write the plan of an inspection, to be approved
version_added: 1.0.0
description:
  - Writes scope, systems, window, subjects, method, load on the hosts and people as C(plans/ID/plan.yml) below O(home).
  - Runs on the control node only; this is an action plugin.
options:
  home:
    description: Folder on the control node that holds archive, records, reports and plans.
    type: path
    required: true
  hosts:
    description: The hosts to inspect; each needs C(caretaker_system).
    type: list
    elements: str
    required: true
  title:
    description: What the plan is called.
    type: str
    default: Health inspection
  requester:
    description: Who asks for it; that person can't approve it.
    type: str
    required: true
  window_from:
    description: When the inspection may begin, UTC, such as V(2026-12-01T20:00:00Z).
    type: str
    required: true
  window_until:
    description: When it must have ended.
    type: str
    required: true
  subjects:
    description: Names of the subjects to look at; empty for all.
    type: list
    elements: str
    default: []
  approvers_file:
    description: The approvers' public keys, in the format of allowed_signers (see ssh-keygen).
    type: path
    required: true
  approval:
    description: Who may approve for which system, and how many of them must.
    type: dict
    required: true
  engineers:
    description: The engineers by name, each with domains (hardware, os, platform, database) and qualification.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Can run in check_mode; then no plan is written.
    support: full
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Plan the quarter's inspection
  caretaker.infra.plan_inspection:
    home: /var/lib/caretaker
    hosts: "{{ groups['all'] }}"
    requester: alice
    window_from: "2026-12-01T20:00:00Z"
    window_until: "2026-12-02T04:00:00Z"
    approvers_file: "{{ caretaker_approvers_file }}"
    approval: "{{ caretaker_approval }}"
"""

RETURN = r"""
plan:
  description: The id of the plan.
  returned: success
  type: str
path:
  description: The file of the plan; empty in check mode.
  returned: success
  type: str
digest:
  description: The sha256 of its content, which approvers sign.
  returned: success
  type: str
"""
