#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: begin_run
short_description: Check the inventory's Caretaker variables and reserve a run id
version_added: 1.0.0
description:
  - Checks the C(caretaker_*) variables of all hosts named, before any host is touched, and fails with the first that is
    misspelt or of the wrong type.
  - Opens the records, and reserves the folder of the run in the archive.
  - Runs on the control node only; this is an action plugin.
options:
  home:
    description: Folder on the control node that holds archive, records and reports.
    type: path
    required: true
  hosts:
    description: The hosts of the run.
    type: list
    elements: str
    required: true
  records_url:
    description: SQLAlchemy URL of the records; a SQLite file below O(home) if empty.
    type: str
  run:
    description: Id of the run; the next of the quarter (such as 2026Q4-001) if empty.
    type: str
  recheck:
    description: Id of an earlier run whose open findings are to be looked at again.
    type: str
  subjects:
    description: Names of the subjects to look at; empty for all.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check_mode; nothing is changed on any host.
    support: full
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Begin a run
  caretaker.infra.begin_run:
    home: /var/lib/caretaker
    hosts: "{{ groups['all'] }}"
"""

RETURN = r"""
run:
  description: The id of the run.
  returned: success
  type: str
recheck_of:
  description: The run that is rechecked, or an empty text.
  returned: success
  type: str
subjects_by_host:
  description: For a recheck, the subjects to look at by host; hosts not named had nothing open.
  returned: success
  type: dict
"""
