# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a function of modules that are given as texts: the target half of plugin_utils/program.py, which sends it to a bare Python.

Ansible's own way would compile its module library on the target for every task, at several times the cost of a capture, and
leave a temporary file there meanwhile.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import json
import sys
import types
import zlib

try:
    from importlib.machinery import ModuleSpec      # novm: only Python 3 asks for it
except ImportError:
    ModuleSpec = None                   # Python 2 has no such thing, and never asks for it

MARK = "caretaker-answer:"


class TextImporter:
    """Imports modules from {name: text}; a name that begins others is a package. Python 2 asks by find_module, 3 by find_spec."""

    def __init__(self, texts):
        self.texts = texts

    def is_package(self, name):
        return any(other.startswith(name + ".") for other in self.texts)

    def find_spec(self, name, _path=None, _target=None):
        return ModuleSpec(name, self, is_package=self.is_package(name)) if name in self.texts else None

    def create_module(self, _spec):
        return None                     # the usual one

    def exec_module(self, module):
        name = module.__name__
        exec(compile(self.texts[name], name, "exec", 0, True), module.__dict__)      # noqa: S102  # pylint: disable=exec-used

    def find_module(self, name, _path=None):
        return self if name in self.texts else None

    def load_module(self, name):
        module = types.ModuleType(str(name))
        module.__loader__ = self
        module.__package__ = str(name if self.is_package(name) else name.rpartition(".")[0])
        if self.is_package(name):
            module.__path__ = []
        sys.modules[name] = module
        self.exec_module(module)
        return module


def unpacked(packed):
    return json.loads(zlib.decompress(base64.b64decode(packed)).decode("utf-8"))


def answer(packed_texts, packed_order):
    """Do what the order says and print the JSON of what the function returns, in one marked line."""
    order = unpacked(packed_order)
    sys.meta_path.insert(0, TextImporter(unpacked(packed_texts)))
    __import__(order["module"])
    function = getattr(sys.modules[order["module"]], order["function"])
    arguments = dict((str(name), value) for name, value in order["arguments"].items())
    sys.stdout.write(MARK + json.dumps(function(**arguments)) + "\n")
