# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory watermark of a RabbitMQ node: set while it runs, and in a file of our own that is read after the administrators'."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ..process_files import text_of
from ..rabbitmq_nodes import FOLDER, Client, find_nodes
from .errors import BadSetting, problem
from .own_file import settings_in, store
from .running import server_named

NAME = "vm_memory_high_watermark.relative"
FILE = "conf.d/zz-caretaker.conf"
CLASSIC = ("rabbitmq.config", "advanced.config")        # Erlang's own format, which wins over ours
WRITTEN = re.compile(r"(?m)^[ \t]*\{?[ \t]*vm_memory_high_watermark\b")


def read(host, instance, name):
    """{"value", "kept", "pending", "unit"}: in force, in our file (None: not); it takes effect without a restart."""
    _checked(name)
    answer, status = _client(host, instance).json(["status"])
    setting = (status or {}).get("vm_memory_high_watermark_setting")
    if not isinstance(setting, dict):
        raise BadSetting("rabbitmqctl does not tell the watermark of rabbitmq %s (%s)" % (instance, problem(answer) or "too old"))
    if "relative" not in setting:
        raise BadSetting("the memory watermark of rabbitmq %s is a fixed size; set it by hand" % instance)
    return {"value": "%g" % setting["relative"], "kept": settings_in(_file()).get(name), "pending": False, "unit": ""}


def write(host, instance, name, value, kept):
    """Have the node take ``value``, and put ``kept`` (None: no line) into our file; where the node refuses, the file is as before."""
    _checked(name)
    for path in _winning():
        if WRITTEN.search(text_of(path)):
            raise BadSetting("%s says vm_memory_high_watermark too, and wins at the next start; set it there" % path)
    before = settings_in(_file()).get(name)
    _store(name, kept)
    refusal = problem(_client(host, instance).ask(["set_vm_memory_high_watermark", value]))
    if refusal:
        _store(name, before)
        raise BadSetting("rabbitmq %s refuses %s %s: %s" % (instance, name, value, refusal))


def _winning():
    """Files that are read after ours."""
    folder = os.path.dirname(_file())
    later = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return ([os.path.join(FOLDER, name) for name in CLASSIC]
            + [os.path.join(folder, name) for name in later if name.endswith(".conf") and name > os.path.basename(FILE)])


def _store(name, kept):
    """Without a line of ours there is no file, and no folder that only we needed."""
    folder = os.path.dirname(_file())
    try:
        if kept is not None and not os.path.isdir(folder):
            os.mkdir(folder, 0o755)
        store(_file(), name, kept)
        if kept is None and os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
    except (OSError, IOError) as error:
        raise BadSetting("%s can't be written: %s" % (_file(), error.strerror))


def _client(host, instance):
    return Client(host, server_named("rabbitmq", instance, find_nodes))


def _file():
    return os.path.join(FOLDER, FILE)


def _checked(name):
    if name != NAME:
        raise BadSetting("%s of RabbitMQ is not %s" % (name, NAME))
