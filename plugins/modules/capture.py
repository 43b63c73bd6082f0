#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: capture
short_description: Observe a host read-only and archive what was seen
version_added: 1.0.0
description:
  - Reads files and runs read-only commands on the target, in parallel and at idle priority, and sends back their raw text.
  - The target only observes. The action half of this module stores the capture on the control node, compressed and with
    mode 0600, as C(archive/RUN/HOST.json.zst) below O(home), and returns a summary only.
  - Writes nothing on the target. Without root it sees what it may and records the rest as denied.
  - A host that can't be reached or can't run the module gets a capture that says so.
options:
  home:
    description: Folder on the control node that holds the archive.
    type: path
    required: true
  run:
    description: Id of the inspection run.
    type: str
    required: true
  subjects:
    description: Names of the subjects to look at; empty for all.
    type: list
    elements: str
    default: []
  sample_seconds:
    description: Time between two readings of the counter files, in seconds; V(0) reads them once, and there are no rates.
    type: float
    default: 3
  command_timeout:
    description: Longest time for one command, in seconds; then its process group is killed.
    type: float
    default: 15
  total_timeout:
    description: Longest time for the whole capture, in seconds; what did not start by then is recorded as timeout.
    type: float
    default: 120
  max_bytes:
    description: Longest text of one file or command, in bytes; what is longer is cut and recorded as too_large.
    type: int
    default: 1048576
  history_days:
    description: How many days of the history of sysstat, or else PCP, to read; V(0) for none.
    type: int
    default: 0
  certificate_files:
    description: Certificates to look at beside those that are found.
    type: list
    elements: path
    default: []
  credentials:
    description:
      - How to log on to databases and servers that don't let root or their own account in without a password.
      - The passwords are given to the clients in their environment, never on a command line, and are replaced wherever they
        turn up in the capture.
    type: list
    elements: dict
    default: []
    suboptions:
      subject:
        description: Name of the subject, such as V(postgresql).
        type: str
        required: true
      instance:
        description: Name of the instance as reports show it, such as V(5432); empty for all instances of the subject.
        type: str
      user:
        description: Name of the account.
        type: str
      password:
        description: Its password.
        type: str
attributes:
  check_mode:
    description: Can run in check_mode; it never changes the target.
    support: full
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Look at all subjects
  caretaker.infra.capture:
    home: /var/lib/caretaker
    run: 2026Q4-001

- name: Look again at the disks only
  caretaker.infra.capture:
    home: /var/lib/caretaker
    run: 2026Q4-002
    subjects: [disk_health, md_raid]
    sample_seconds: 0
"""

RETURN = r"""
archive:
  description: Where the capture lies on the control node.
  returned: always
  type: str
sha256:
  description: Checksum of the archived file.
  returned: always
  type: str
reached:
  description: Whether the host was observed.
  returned: always
  type: bool
entries:
  description: How many files and commands were looked at.
  returned: always
  type: int
errors:
  description: How many of them gave no text, by reason.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.caretaker.infra.plugins.module_utils.observation import ARGUMENTS, packed_capture


def main():
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = dict((name, value) for name, value in module.params.items() if name not in ("home", "run"))
    module.exit_json(changed=False, capture=packed_capture(**options))


if __name__ == "__main__":
    main()
