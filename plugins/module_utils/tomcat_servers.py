# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Tomcats of this host: JVMs with a base folder of Tomcat's."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from .process_files import instance_name
from .servers import running
from .subjects.java import name_of, safe_options


def find_servers():
    """[{"instance", "pid", "container", "base": folder of conf/, "home": folder of lib/}, ...]"""
    found, taken = [], set()
    for process in running(["java", "jsvc"], workers=False):
        options, main = safe_options(process["argv"])
        base = option(options, "catalina.base") or option(options, "catalina.home")
        if base:
            found.append({"instance": instance_name(name_of(options, main), process, taken), "pid": process["pid"],
                          "container": process["container"], "base": base, "home": option(options, "catalina.home") or base})
    return found


def option(options, name):
    start = "-D%s=" % name
    return next((word[len(start):] for word in options if word.startswith(start)), "")
