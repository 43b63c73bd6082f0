# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of this host that a setting belongs to."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..servers import forget
from .errors import BadSetting


def server_named(kind, instance, find):
    """The one of ``find()`` that has this name and runs in no container. Raises BadSetting."""
    forget()                            # a reload or restart gave it other processes
    for server in find():
        if server["instance"] == instance and not server["container"]:
            return server
    raise BadSetting("%s %s does not run here" % (kind, instance))
