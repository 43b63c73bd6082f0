#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: require_approval
short_description: Refuse to go on without an approved plan for all hosts of the play
version_added: 1.0.0
description:
  - The first task of whatever changes a host. It checks a signed plan against the play, and fails for all hosts, before any
    change, with every reason against it.
  - The content is what was signed; enough approvers of each system approved it and nobody returned it; the requester is not
    among them; every host of the play is in the plan at the address that it has now; the time is inside the plan's window;
    no freeze is in force; who may approve has not changed since; the ledger is on and its clock has not gone back.
  - It answers once for the whole play, so use C(run_once); with C(serial) it is asked again before each batch.
  - The plan is read once. What follows must use the steps that this module returns, not the file.
  - Runs on the control node only; this is an action plugin.
options:
  plan:
    description: The plan's file. The decisions lie in the folder C(decisions) beside it.
    type: path
    required: true
  kind:
    description: What the play is about to do; a plan of another kind is refused, except one for an emergency.
    type: str
    choices: [inspection, remediation, tuning, patching, restore_test]
    required: true
  way_back:
    description:
      - The plan is to be taken back. All else is checked, but neither that its window is open nor that no freeze is in force.
    type: bool
    default: false
  approvers_file:
    description: The approvers' public keys, in the format of allowed_signers (see ssh-keygen).
    type: path
    required: true
  approval:
    description: Who may approve for which system, and how many of them must, by system C(approvers) and C(needed).
    type: dict
    required: true
  freezes:
    description: Guard periods of the inventory, each with name, from and until, and where needed groups and kinds.
    type: list
    elements: dict
    default: []
  freeze_calendars:
    description: Guard periods in iCalendar files.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    description: Can run in check_mode; it never changes anything.
    support: full
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Go on only with an approved plan
  caretaker.infra.require_approval:
    plan: "{{ plan }}"
    kind: tuning
    approvers_file: "{{ caretaker_approvers_file }}"
    approval: "{{ caretaker_approval }}"
    freezes: "{{ caretaker_freezes | default([]) }}"
    freeze_calendars: "{{ caretaker_freeze_calendars | default([]) }}"
  register: approved
  run_once: true
"""

RETURN = r"""
plan:
  description: The id of the plan.
  returned: success
  type: str
digest:
  description: The sha256 of the plan's content.
  returned: success
  type: str
emergency:
  description: The incident of an emergency plan, or an empty text.
  returned: success
  type: str
approved_by:
  description: Who approved it.
  returned: success
  type: list
steps:
  description: The plan's steps by host, in their order.
  returned: success
  type: dict
refusals:
  description: Every reason against going on.
  returned: failure
  type: list
"""
