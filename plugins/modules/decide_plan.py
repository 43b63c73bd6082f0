#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: decide_plan
short_description: Approve a plan, return it with a reason, or withdraw an approval
version_added: 1.0.0
description:
  - Signs the decision and the digest of the plan's content with the approver's SSH key, and keeps it in the folder
    C(decisions) beside the plan. Nothing is overwritten.
  - Runs on the control node only; this is an action plugin.
options:
  plan:
    description: The plan's file.
    type: path
    required: true
  decision:
    description: What is decided.
    type: str
    choices: [approve, return, withdraw]
    required: true
  by:
    description: Name of the approver, as the plan has it.
    type: str
    required: true
  key:
    description: The approver's private SSH key, or a public one whose private half an agent holds.
    type: path
    required: true
  reason:
    description: Why; needed to return a plan or to withdraw an approval.
    type: str
    default: ""
attributes:
  check_mode:
    description: Can run in check_mode; then the decision is neither signed nor kept.
    support: full
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Return a plan
  caretaker.infra.decide_plan:
    plan: plans/tuning-2026Q4-001/plan.yml
    decision: return
    by: bob
    key: ~/.ssh/id_ed25519
    reason: Not on the evening of the payroll run.
"""

RETURN = r"""
path:
  description: The file of the decision; empty in check mode.
  returned: success
  type: str
digest:
  description: The sha256 of the plan's content that was signed.
  returned: success
  type: str
"""
