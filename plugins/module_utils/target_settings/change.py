# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a setting, set it where it is still what the plan was made for, or put it back where it is still what we made it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from . import haproxy, mysql, nginx, postgresql, rabbitmq, sysctl, sysfs, tomcat
from .errors import BadSetting
from .values import same

KINDS = {"sysctl": sysctl, "postgresql": postgresql, "mysql": mysql, "nginx": nginx, "haproxy": haproxy, "tomcat": tomcat,
         "rabbitmq": rabbitmq, "sysfs": sysfs}


def look(host, kind, instance, name):
    """{"value", "kept", "pending", "unit"}: in force, in the place that we write to (None: nothing), waiting for a restart, service."""
    return KINDS[kind].read(host, instance, name)


def change(host, kind, instance, name, before, after, dry=False):
    """Make ``before`` ``after``, for now and the next start: {"changed", "found", "now"}. Raises BadSetting where it is neither."""
    found = look(host, kind, instance, name)
    if _is(found, before, after):
        return {"changed": False, "found": found, "now": found}
    if not same(found["value"], before):
        raise BadSetting("%s is %s, but the plan was made for %s: somebody changed it since; it was left alone, plan again"
                         % (name, found["value"], before))
    if not dry:
        KINDS[kind].write(host, instance, name, after, after)
    return {"changed": True, "found": found, "now": found if dry else look(host, kind, instance, name)}


def put_back(host, kind, instance, name, before, after, kept, dry=False):
    """Make ``after`` ``before`` again, and our place ``kept``: {"changed", "respected", "found", "now"}.

    A value that somebody changed after us is respected: it is told and left alone, and our own line goes, which would else win at the
    next start.
    """
    found = look(host, kind, instance, name)
    if same(found["value"], before) and _same_kept(found["kept"], kept):
        return {"changed": False, "respected": "", "found": found, "now": found}
    if not same(found["value"], after) and not same(found["value"], before):
        told = "%s was %s, by us %s, now %s: left alone" % (name, before, after, found["value"])
        ours = found["kept"] is not None and same(found["kept"], after)
        return dict({"respected": told, "found": found}, **_written(host, kind, instance, name, found["value"], kept, found, ours, dry))
    return dict({"respected": "", "found": found}, **_written(host, kind, instance, name, before, kept, found, True, dry))


def _written(host, kind, instance, name, value, kept, found, wanted, dry):
    if not wanted or dry:
        return {"changed": wanted, "now": found}
    KINDS[kind].write(host, instance, name, value, kept)
    return {"changed": True, "now": look(host, kind, instance, name)}


def _is(found, before, after):
    """In force, or to be at the next start, and lasting. A value that is neither is somebody's, whatever our place holds."""
    lasting = found["kept"] is not None and same(found["kept"], after)
    return lasting and (same(found["value"], after) or (found["pending"] and same(found["value"], before)))


def _same_kept(one, other):
    return one == other if one is None or other is None else same(one, other)
