# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A variable of a MySQL or MariaDB server: SET GLOBAL while it runs, and a file of our own in its folder of settings for its next start."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import os
import re

from ..mysql_servers import find_servers, talk
from .errors import BadSetting
from .own_file import settings_in, store
from .running import server_named
from .values import NUMBER, same

NAME = re.compile(r"^[a-z][a-z0-9_]*$")
FOLDERS = ("/etc/mysql/mariadb.conf.d", "/etc/mysql/mysql.conf.d", "/etc/mysql/conf.d", "/etc/my.cnf.d")
FILE = "zz-caretaker.cnf"
SECONDS = 30            # a buffer pool that shrinks takes its time
READ_ONLY = "ERROR 1238"


def read(host, instance, name):
    """{"value", "kept", "pending", "unit"}: in force, in our file (None: not), whether that waits for a restart, systemd's unit."""
    server = _server(instance)
    text = _tell(host, server, "SHOW GLOBAL VARIABLES WHERE Variable_name = '%s';\n" % _checked(name))
    values = [line.partition("\t")[2] for line in text.splitlines() if line.startswith(name + "\t")]
    if not values:
        raise BadSetting("mysql %s has no variable %s" % (instance, name))
    kept = settings_in(_file()).get(name)
    return {"value": values[-1], "kept": kept, "pending": kept is not None and not same(kept, values[-1]), "unit": server["unit"]}


def write(host, instance, name, value, kept):
    """Put ``kept`` (None: no line) into our file, and ``value`` in force where the server can change it while it runs."""
    server = _server(instance)
    shown = value if NUMBER.match(value) else "'%s'" % value.replace("\\", "\\\\").replace("'", "''")
    try:
        store(_file(), name, kept, "[mysqld]")
    except (OSError, IOError) as error:
        raise BadSetting("%s can't be written: %s" % (_file(), error.strerror))
    _tell(host, server, "SET GLOBAL %s = %s;\n" % (_checked(name), shown), allowed=READ_ONLY)


def _tell(host, server, sql, allowed=None):
    token = "caretaker-" + binascii.hexlify(os.urandom(8)).decode("ascii")
    result = talk(host, server, "SELECT '%s';\n" % token + sql, token, SECONDS)
    errors = [line for line in result.get("stderr", "").splitlines() if line.startswith("ERROR") and not line.startswith(allowed or "-")]
    if "client" not in result or errors:
        raise BadSetting("mysql %s: %s" % (server["instance"], errors[0] if errors else result.get("stderr")))
    return result["text"]


def _server(instance):
    return server_named("mysql", instance, find_servers)


def _file():
    for folder in FOLDERS:
        if os.path.isdir(folder):
            return os.path.join(folder, FILE)
    raise BadSetting("none of %s is here, so there is no place for a setting that lasts" % ", ".join(FOLDERS))


def _checked(name):
    if not NAME.match(name):
        raise BadSetting("%r is no name of a variable" % name)
    return name
