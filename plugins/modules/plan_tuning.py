#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: plan_tuning
short_description: Write the plan of what formulas would change on the hosts of a run, to be approved
version_added: 1.0.0
description:
  - Holds the settings that a run captured against the formulas of docs/tuning.md and writes a step for each that is off, with the values
    before and after, who sets it now, formula, source, effect, restart, risk and the measure that will prove it, as C(plans/ID/plan.yml)
    below O(home).
  - The steps of one server of a host are a stage, which is applied, proven and, if need be, put back as a whole.
  - Runs on the control node only; this is an action plugin.
options:
  home:
    description: Folder on the control node that holds archive, records, reports and plans.
    type: path
    required: true
  run:
    description: The run whose captures are to be advised on.
    type: str
    required: true
  hosts:
    description: The hosts that may get steps; each that gets one needs C(caretaker_system).
    type: list
    elements: str
    required: true
  title:
    description: What the plan is called.
    type: str
    default: Tuning
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
- name: Plan the tuning
  caretaker.infra.plan_tuning:
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
  description: The plan's steps, each with host, stage, action, object, setting, before, after, rollback and what speaks for it.
  returned: success
  type: list
  elements: dict
"""
