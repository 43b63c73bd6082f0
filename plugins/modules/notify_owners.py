#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: notify_owners
short_description: Tell the owners of devices what was found on theirs, or what a plan will do to them
version_added: 1.0.0
description:
  - Sends one letter to each address that C(caretaker_owner_email) gives the hosts, about all hosts that have it.
  - Gives back the same as documents, for a webhook.
  - Runs on the control node only; this is an action plugin.
options:
  home:
    description: Folder on the control node that holds the records.
    type: path
    required: true
  records_url:
    description: SQLAlchemy URL of the records; a SQLite file below O(home) if empty.
    type: str
  hosts:
    description: The hosts whose owners are told.
    type: list
    elements: str
    required: true
  run:
    description: Tell what this run found. One of O(run) and O(plan) is needed.
    type: str
  plan:
    description: Tell what this plan will do.
    type: path
  mail:
    description:
      - The mail server, a mapping with C(server) and C(from), and where needed C(port), C(security) (V(none), V(starttls), V(tls)),
        C(user), C(password) and C(ca_file).
      - Without it no letter is sent.
    type: dict
  language:
    description: The letters' language.
    type: str
    choices: [en, zh_CN]
    default: en
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Tell the owners what was found
  caretaker.infra.notify_owners:
    home: /var/lib/caretaker
    hosts: "{{ ansible_play_hosts_all }}"
    run: 2026Q4-001
    mail: {server: mail.example.com, from: caretaker@example.com}
  run_once: true
"""

RETURN = r"""
notices:
  description: One document for each owner, with C(to), C(kind), C(name), C(hosts) and C(items).
  returned: always
  type: list
  elements: dict
sent:
  description: Who got a letter.
  returned: always
  type: list
  elements: str
without_address:
  description: Hosts whose owner has no address.
  returned: always
  type: list
  elements: str
"""
