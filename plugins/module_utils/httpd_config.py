# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache's configuration, read as Apache reads it: its own tools would need its environment, and some make folders.

Only the directives of KEPT leave the target, a line each: the sections around it, its name in lower case, its words.

    main maxrequestworkers 150
    ifmodule:mpm_event_module threadsperchild 25
    location sethandler server-status /server-status
    # 31 files
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

KEPT = frozenset(("listen", "maxrequestworkers", "maxclients", "serverlimit", "threadsperchild", "servertokens", "traceenable", "errorlog",
                  "customlog", "transferlog", "sslprotocol", "loadmodule", "sethandler"))
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
VARIABLE = re.compile(r"\$\{(\w+)\}")
MAX_FILES = 500


def flatten(path, root, variables, read, glob):
    """(text of the lines above, [(context, words), ...]).

    ``root``: the ServerRoot until the configuration names another; ``variables``: what ${NAME} stands for; ``read(path)`` gives a
    file's text or raises IOError or OSError, ``glob(pattern)`` the paths of a pattern, sorted.
    """
    reader = Reader(root, variables, read, glob)
    reader.file(path, [])
    lines = [" ".join([context] + words) for context, words in reader.found]
    lines.extend("# cannot read %s: %s" % problem for problem in reader.problems)
    lines.append("# %d files" % reader.files)
    return "\n".join(lines) + "\n", reader.found


class Reader:
    """Walks through a configuration and what it includes."""

    def __init__(self, root, variables, read, glob):
        self.root, self.variables, self.read, self.glob = root, dict(variables), read, glob
        self.found, self.problems = [], []
        self.files = 0

    def file(self, path, sections):
        if self.files >= MAX_FILES:
            self.problems.append((path, "more than %d files" % MAX_FILES))
            return
        self.files += 1
        try:
            text = self.read(path)
        except (IOError, OSError) as error:
            self.problems.append((path, error.strerror or str(error)))
            return
        sections = list(sections)
        for line in (line.strip() for line in text.replace("\\\n", " ").splitlines()):
            if line.startswith("</"):
                sections = sections[:-1]
            elif line.startswith("<"):
                words = self.words(line[1:].rstrip(">"))
                sections.append((words[0].lower(), words[1:]) if words else ("", []))
            elif line and not line.startswith("#"):
                self.directive(self.words(line), sections)

    def words(self, line):
        found = [quoted or plain for quoted, plain in WORD.findall(line)]
        return [VARIABLE.sub(lambda match: self.variables.get(match.group(1), match.group(0)), word) for word in found]

    def directive(self, words, sections):
        name, words = words[0].lower(), words[1:]
        if name in ("include", "includeoptional") and words:
            pattern = os.path.join(self.root, words[0])
            wild = re.search(r"[*?\[]", pattern) is not None
            for path in self.glob(pattern) if wild or name == "includeoptional" else [pattern]:
                if os.path.isdir(path):
                    self.problems.append((path, "is a folder"))
                else:
                    self.file(path, sections)
        elif name == "serverroot" and words:
            self.root = words[0]
        elif name == "define" and words:
            self.variables[words[0]] = words[1] if len(words) > 1 else ""
        elif name in KEPT:
            self.keep(name, words, sections)

    def keep(self, name, words, sections):
        context = "/".join(kind + (":" + rest[0].lstrip("!") if kind == "ifmodule" and rest else "") for kind, rest in sections) or "main"
        if name == "sethandler":
            place = next((rest[0] for kind, rest in sections if kind == "location" and rest), None)
            if words == ["server-status"] and place:
                self.found.append((context, [name, words[0], place]))
        elif name == "loadmodule":
            self.found.append((context, [name] + words[:1]))
        elif name in ("customlog", "transferlog", "errorlog"):
            # A program's arguments may hold anything: only that there is one is told
            target = words[0] if words else ""
            self.found.append((context, [name, "|" if target.startswith("|") else os.path.join(self.root, target)]))
        else:
            self.found.append((context, [name] + words))


def status_page(found):
    """(address, port, path) of the page of mod_status, if this host can ask for it, or None."""
    path = next((words[2] for _context, words in found if words[0] == "sethandler"), None)
    if path is None:
        return None
    for words in [words for _context, words in found if words[0] == "listen" and len(words) > 1]:
        address, _colon, port = words[1].rpartition(":")
        if port.isdigit() and port != "443" and "https" not in words:
            return address.strip("[]"), int(port), path
    return None


def exported(text):
    """{name: value} of the lines of /etc/apache2/envvars such as ``export APACHE_LOG_DIR=/var/log/apache2$SUFFIX``."""
    return dict((name, value.replace("$SUFFIX", "").strip("'\"")) for name, value in re.findall(r"(?m)^export (APACHE_\w+)=(\S+)", text))
