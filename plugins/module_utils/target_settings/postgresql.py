# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting of a PostgreSQL instance: by ALTER SYSTEM, whose file postgresql.auto.conf is read last."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re
import time

from ..postgresql_instances import find_instances
from ..psql import ask, why
from ..servers import forget, unit_of
from .errors import BadSetting
from .values import same

NAME = re.compile(r"^[a-z][a-z0-9_.]*$")
RELOAD_SECONDS = 5.0
READ = """SELECT json_build_object('value', current_setting(name), 'pending', pending_restart, 'unit', '', 'kept',
    (SELECT f.setting FROM pg_file_settings f WHERE f.name = s.name AND f.sourcefile LIKE '%%/postgresql.auto.conf'
     ORDER BY f.seqno DESC LIMIT 1)) FROM pg_settings s WHERE name = '%s';
"""


def read(host, instance, name):
    """{"value", "kept", "pending", "unit"}: in force, in ALTER SYSTEM's file (None: not), whether it waits for a restart, the service."""
    rows = [line for line in _tell(host, instance, READ % _checked(name)).splitlines() if line.startswith("{")]
    if not rows:
        raise BadSetting("postgresql %s has no setting %s" % (instance, name))
    return dict(json.loads(rows[-1]), unit=unit_of(_instance(host, instance)["pid"]))


def write(host, instance, name, value, kept):
    """Have ALTER SYSTEM keep ``kept`` (None: reset it) and reload; ``value`` is what should be in force then, if no restart is needed."""
    if kept is None:
        order = "ALTER SYSTEM RESET %s;\n" % _checked(name)
    else:
        order = "ALTER SYSTEM SET %s = '%s';\n" % (_checked(name), kept.replace("'", "''"))
    _tell(host, instance, "\\set ON_ERROR_STOP on\nSET default_transaction_read_only = off;\n" + order + "SELECT pg_reload_conf();\n")
    end = time.time() + RELOAD_SECONDS
    while time.time() < end:            # the server reads its files when it comes to it
        found = read(host, instance, name)
        if found["pending"] or same(found["value"], value):
            return
        time.sleep(0.2)


def _tell(host, instance, script):
    item = _instance(host, instance)
    result = ask(host, item, script)
    if result.get("error") or result.get("rc") != 0:
        raise BadSetting("postgresql %s: %s" % (instance, why(result.get("stderr", "")) or result.get("error")))
    return result["text"]


def _instance(host, instance):
    forget()                            # a restart gave it another process
    for item in find_instances(host):
        if item["instance"] == instance and item["state"] == "running":
            return item
    raise BadSetting("postgresql %s does not run here" % instance)


def _checked(name):
    if not NAME.match(name):
        raise BadSetting("%r is no name of a setting" % name)
    return name
