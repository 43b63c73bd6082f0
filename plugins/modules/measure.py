#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: measure
short_description: Read the counters that prove a change, again and again for a while
version_added: 1.0.0
description:
  - Reads counters of the kernel and, by one client each, statistics of database servers; of nginx its status page, of HAProxy its stats
    socket and how many connections wait to be accepted. Writes nothing on the target.
  - M(caretaker.infra.prove_change) makes a verdict of two such windows.
options:
  seconds:
    description: How long to measure; a longer window is best measured in rounds.
    type: float
    default: 60
  every:
    description: Seconds between two readings.
    type: float
    default: 1
  instances:
    description: Servers to read beside the kernel, such as V(postgresql 5432).
    type: list
    elements: str
    default: []
  credentials:
    description: How to log on to servers that don't let root or their own account in; see M(caretaker.infra.capture).
    type: list
    elements: dict
    default: []
    suboptions:
      subject:
        description: Name of the subject, such as V(postgresql).
        type: str
        required: true
      instance:
        description: Name of the instance; empty for all instances of the subject.
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
- name: Measure for a minute
  caretaker.infra.measure:
    seconds: 60
    instances: [postgresql 5432]
  register: before
"""

RETURN = r"""
measured:
  description: For V(kernel) and each instance its C(readings), or C(error) and C(stderr).
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.caretaker.infra.plugins.module_utils.measuring import measure
from ansible_collections.caretaker.infra.plugins.module_utils.observation import ARGUMENTS


def main():
    module = AnsibleModule(
        argument_spec=dict(
            seconds=dict(type="float", default=60), every=dict(type="float", default=1),
            instances=dict(type="list", elements="str", default=[]), credentials=ARGUMENTS["credentials"]),
        supports_check_mode=True)
    options = module.params
    if not 0 < options["every"] <= options["seconds"]:
        module.fail_json(msg="every (%(every)s) must be above 0 and at most seconds (%(seconds)s)" % options)
    module.exit_json(changed=False, measured=measure(**options))


if __name__ == "__main__":
    main()
