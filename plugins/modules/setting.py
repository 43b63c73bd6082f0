#!/usr/bin/python
# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: setting
short_description: Change a setting of the kernel, a database server, nginx, HAProxy, Tomcat or RabbitMQ, or put it back
version_added: 1.0.0
description:
  - Sets a value for now and for the next start, in a place of its own that is read last - C(/etc/sysctl.d/99-zz-caretaker.conf),
    C(/etc/tmpfiles.d/zz-caretaker.conf) for choices under C(/sys),
    C(ALTER SYSTEM) of PostgreSQL, C(zz-caretaker.cnf) in the folder of settings of MySQL and MariaDB,
    C(/etc/rabbitmq/conf.d/zz-caretaker.conf) of RabbitMQ.
  - nginx, HAProxy and Tomcat take nothing twice, so there it is changed where it stands; of nginx and HAProxy tested and loaded, and put
    back at once where that is refused; Tomcat takes it at a restart.
  - Of HAProxy V(global maxconn) and V(frontend NAME maxconn), of Tomcat V(Connector PORT maxThreads) and
    V(Executor NAME maxThreads), of RabbitMQ V(vm_memory_high_watermark.relative).
  - Goes on only where it finds the value that it was told to find. What an administrator changed in the meantime is left alone.
  - Talks to servers by their own clients and sockets, as M(caretaker.infra.capture) does; no library is needed on the target.
options:
  kind:
    description: What the setting belongs to.
    type: str
    choices: [sysctl, sysfs, postgresql, mysql, nginx, haproxy, tomcat, rabbitmq]
    required: true
  instance:
    description: Name of the server as findings call it, such as V(5432); empty for the kernel.
    type: str
    default: ''
  name:
    description: Name of the setting.
    type: str
    required: true
  state:
    description: V(read) only tells the value; V(set) makes O(before) O(after); V(back) makes O(after) O(before) again.
    type: str
    choices: [read, set, back]
    default: read
  before:
    description: The value before the change.
    type: str
  after:
    description: The value after it.
    type: str
  kept:
    description: What the place that is written to held before the change; none where it held nothing.
    type: str
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
    description: Can run in check_mode; then nothing is changed.
    support: full
author:
  - Caretaker contributors (@caretaker)
"""

EXAMPLES = r"""
- name: Swap later
  caretaker.infra.setting:
    kind: sysctl
    name: vm.swappiness
    state: set
    before: "60"
    after: "10"
"""

RETURN = r"""
now:
  description: What is so afterwards - C(value) in force, C(kept) for the next start, C(pending) where that needs a restart of C(unit).
  returned: success
  type: dict
found:
  description: The same, as it was found.
  returned: success
  type: dict
respected:
  description: What somebody changed after us and was therefore left alone; empty if nothing.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.caretaker.infra.plugins.module_utils.host import Host, Limits, Recorder
from ansible_collections.caretaker.infra.plugins.module_utils.observation import ARGUMENTS
from ansible_collections.caretaker.infra.plugins.module_utils.target_settings.change import change, look, put_back
from ansible_collections.caretaker.infra.plugins.module_utils.target_settings.errors import BadSetting

COMMAND_SECONDS = 60
TOTAL_SECONDS = 180
MAX_BYTES = 1048576


def main():
    values = dict(type="str")
    module = AnsibleModule(
        argument_spec=dict(
            kind=dict(type="str", choices=["sysctl", "sysfs", "postgresql", "mysql", "nginx", "haproxy", "tomcat", "rabbitmq"],
                      required=True),
            instance=dict(type="str", default=""),
            name=dict(type="str", required=True), state=dict(type="str", choices=["read", "set", "back"], default="read"),
            before=values, after=values, kept=values, credentials=ARGUMENTS["credentials"]),
        required_if=[("state", "set", ("before", "after")), ("state", "back", ("before", "after"))], supports_check_mode=True)
    options = module.params
    host = Host(Recorder(Limits(COMMAND_SECONDS, TOTAL_SECONDS, MAX_BYTES)), options["kind"], credentials=options["credentials"])
    what = (host, options["kind"], options["instance"], options["name"])
    try:
        if options["state"] == "read":
            now = look(*what)
            done = {"changed": False, "found": now, "now": now}
        elif options["state"] == "set":
            done = change(*what, before=options["before"], after=options["after"], dry=module.check_mode)
        else:
            done = put_back(*what, before=options["before"], after=options["after"], kept=options["kept"], dry=module.check_mode)
    except BadSetting as error:
        module.fail_json(msg=str(error))
    module.exit_json(**dict({"respected": ""}, **done))


if __name__ == "__main__":
    main()
