# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: the tables, indexes and sequences of each database, by one more psql for each instance."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..postgresql_instances import find_instances
from ..psql import ask, major, record_answers
from ..sql_text import without_values


def capture(host):
    for item in find_instances(host):
        if item["state"] == "running":
            from ..postgresql_table_queries import script       # they take as long to load as a command: only where there is a server

            result = ask(host, item, script(major(item["version"])))
            record_answers(host, item["instance"], result, {"statements": without_values})
