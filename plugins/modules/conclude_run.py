#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: conclude_run
short_description: Judge the captures of a run, record the results and write the report
version_added: 1.0.0
description:
  - Judges all captures in the archive of a run, compares them with the last inspection of each host, records the run whole
    or not at all, and writes the report.
  - Runs on the control node only; this is an action plugin.
options:
  home:
    description: Folder on the control node that holds archive, records and reports.
    type: path
    required: true
  run:
    description: Id of the run.
    type: str
    required: true
  recheck:
    description: Id of the run that this one rechecks.
    type: str
  records_url:
    description: SQLAlchemy URL of the records; a SQLite file below O(home) if empty.
    type: str
  report_dir:
    description: Folder for the report; C(reports/RUN) below O(home) if empty.
    type: path
  customer:
    description: The customer's name, for the report's head.
    type: str
  documents:
    description:
      - Documents to write beside the report, each in every language of the report.
      - A V(pdf) needs LibreOffice on the control node; without it a note says what to install.
    type: list
    elements: str
    choices: [docx, pdf, xlsx]
    default: []
  logo:
    description: A picture (PNG or JPEG) on the control node, for the cover of the documents.
    type: path
  plan:
    description: The plan that the run was tied to; documents show it with its decisions.
    type: path
  approvers_file:
    description: The file with the approvers' keys, against which documents hold the signatures of the decisions.
    type: path
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Conclude a run
  caretaker.infra.conclude_run:
    home: /var/lib/caretaker
    run: 2026Q4-001
"""

RETURN = r"""
run:
  description: The id of the run.
  returned: success
  type: str
folder:
  description: Where the report lies.
  returned: success
  type: str
text:
  description: The summary for the terminal, by line.
  returned: success
  type: list
  elements: str
counts:
  description: How many findings count, by severity, and how many are waived; hosts, and hosts that could not be inspected.
  returned: success
  type: dict
score:
  description: Score of the fleet, 0 to 100; null if nothing could be judged.
  returned: success
  type: float
coverage:
  description: Judged checks by applicable checks, 0 to 1.
  returned: success
  type: float
documents:
  description: Paths of the documents written.
  returned: when documents are wished for
  type: list
  elements: str
document_notes:
  description: What could not be had in the documents, and what to do about it.
  returned: when documents are wished for
  type: list
  elements: str
"""
