#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: prove_change
short_description: Say whether a change made it better, worse or neither, by measures before and after it
version_added: 1.0.0
description:
  - Compares two windows of M(caretaker.infra.measure) by medians and 95th percentiles with bootstrap intervals, normalised by the work that
    was done (docs/tuning.md), and keeps the verdict as a file.
  - Runs on the control node only; this is an action plugin.
options:
  path:
    description: File on the control node that the verdict is kept in.
    type: path
    required: true
  server:
    description: What was changed - V(kernel), or a server such as V(postgresql 5432).
    type: str
    required: true
  measures:
    description: The measures that the changes were to better.
    type: list
    elements: str
    required: true
  before:
    description: What was measured before the change, round by round.
    type: list
    elements: dict
    required: true
  after:
    description: What was measured after it.
    type: list
    elements: dict
    required: true
  interval_seconds:
    description: How much time a sample covers.
    type: float
    default: 10
attributes:
  check_mode:
    description: Can run in check_mode; it never changes the target.
    support: full
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Was it worth it?
  caretaker.infra.prove_change:
    path: /var/lib/caretaker/plans/tuning-2026Q4-001/verdicts/db1-1.json
    server: postgresql 5432
    measures: [database_latency_seconds]
    before: "{{ before.results | map(attribute='measured') }}"
    after: "{{ after.results | map(attribute='measured') }}"
"""

RETURN = r"""
outcome:
  description: One of C(better), C(same), C(worse) and C(insufficient).
  returned: always
  type: str
told:
  description: The verdict in lines, one a measure.
  returned: success
  type: list
  elements: str
"""
