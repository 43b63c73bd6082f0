#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: plan_remediation
short_description: Write the plan of a run's safe remedies, to be approved
version_added: 1.0.0
description:
  - Takes the open findings of a run that Caretaker can remedy by itself (docs/remediation.md lists the remedies) and writes a step for
    each, with the values before, after and for the way back, as C(plans/ID/plan.yml) below O(home).
  - Runs on the control node only; this is an action plugin.
options:
  home:
    description: Folder on the control node that holds archive, records, reports and plans.
    type: path
    required: true
  records_url:
    description: SQLAlchemy URL of the records, if they are not in O(home).
    type: str
  run:
    description: The run whose findings are to be remedied.
    type: str
    required: true
  hosts:
    description: The hosts that may get remedies; each that gets one needs C(caretaker_system).
    type: list
    elements: str
    required: true
  title:
    description: What the plan is called.
    type: str
    default: Remedies for an inspection
  requester:
    description: Who asks for it; that person can't approve it.
    type: str
    required: true
  window_from:
    description: When the work may begin, UTC, such as V(2026-12-01T20:00:00Z).
    type: str
    required: true
  window_until:
    description: When it must have ended.
    type: str
    required: true
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
- name: Plan the remedies
  caretaker.infra.plan_remediation:
    home: /var/lib/caretaker
    run: 2026Q4-001
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
steps:
  description: The plan's steps, each with host, action, object, before, after, rollback and the rules that it is for.
  returned: success
  type: list
  elements: dict
"""
