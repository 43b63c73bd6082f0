# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx's configuration, read as nginx reads it: its own test (-t, -T) would create log files, folders and a pid file.

Only the directives of KEPT leave the target, a line each: the blocks around it, its name, its words.

    main worker_processes auto
    http/server#2 listen 127.0.0.1:8080
    http/server#2/location stub_status /nginx_status
    # 4 files
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

KEPT = frozenset((
    "user", "pid", "worker_processes", "worker_connections", "worker_rlimit_nofile", "server_tokens", "error_log", "access_log",
    "listen", "server_name", "ssl_protocols", "stub_status", "proxy_cache_path",
))
# Blocks to look into; others hold tables and addresses of other hosts
BLOCKS = frozenset(("events", "http", "server", "location", "if", "stream", "mail"))
TOKEN = re.compile(r"""\s+|\#[^\n]*|([{};])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|((?:\$\{[^}\n]*\}|\\.|[^\s{};])+)""", re.DOTALL)
MAX_FILES = 500


def flatten(path, read, glob):
    """(text of the lines above, [(context, words), ...], the paths of the files).

    ``read(path)`` gives a file's text or raises IOError or OSError; ``glob(pattern)`` the paths of a pattern, sorted.
    """
    reader = Reader(read, glob, os.path.dirname(path))
    reader.file(path, [])
    lines = [" ".join([context] + words) for context, words in reader.found]
    lines.extend("# cannot read %s: %s" % problem for problem in reader.problems)
    lines.append("# %d files" % len(reader.paths))
    return "\n".join(lines) + "\n", reader.found, reader.paths


class Reader:
    """Walks through a configuration and its includes."""

    def __init__(self, read, glob, folder):
        self.read, self.glob, self.folder = read, glob, folder
        self.found, self.problems, self.paths = [], [], []
        self.servers = 0

    def file(self, path, blocks):
        if len(self.paths) >= MAX_FILES:
            self.problems.append((path, "more than %d files" % MAX_FILES))
            return
        self.paths.append(path)
        try:
            text = self.read(path)
        except (IOError, OSError) as error:
            self.problems.append((path, error.strerror or str(error)))
            return
        depth = len(blocks)
        words = []
        for word, end in tokens(text):
            if end is None:
                words.append(word)
            elif end == "}":
                blocks = blocks[:max(depth, len(blocks) - 1)]
                words = []
            else:
                blocks = self.directive(words, end, blocks)
                words = []

    def directive(self, words, end, blocks):
        """Take one directive in; the blocks that what follows it stands in."""
        name = words[0] if words else ""
        if end == "{":
            if name == "server":
                self.servers += 1
                name = "server#%d" % self.servers
            inside = name.partition("#")[0] in BLOCKS and None not in [block[0] for block in blocks]
            return blocks + [(name if inside else None, words[1:])]
        if None in [block[0] for block in blocks] or not words:
            return blocks
        if name == "include" and len(words) == 2:
            pattern = os.path.join(self.folder, words[1])
            for path in self.glob(pattern) if re.search(r"[*?\[]", pattern) else [pattern]:
                self.file(path, blocks)
        elif name == "stub_status":
            location = [block[1] for block in blocks if block[0] == "location"]
            self.found.append((context_of(blocks), [name] + (location[-1][-1:] if location else ["/"])))
        elif name in KEPT:
            self.found.append((context_of(blocks), words))
        return blocks


def context_of(blocks):
    return "/".join(block[0] for block in blocks) or "main"


def tokens(text):
    """(word, None) for each word, ("", "{"), ("", "}") or ("", ";") for each end."""
    for match in TOKEN.finditer(text):
        end, double, single, plain = match.groups()
        if end:
            yield "", end
        elif double is not None or single is not None or plain:
            yield next((part for part in (double, single, plain) if part is not None), ""), None


def status_page(found):
    """(address, port, path, server name) of the first page with stub_status that this host can ask for, or None."""
    for context, words in found:
        if words[0] != "stub_status":
            continue
        server = "/".join(step for step in context.split("/")[:2])
        inside = [item for place, item in found if place == server]
        name = next((item[1] for item in inside if item[0] == "server_name" and len(item) > 1 and item[1] not in ("_", "")), "localhost")
        for item in [item for item in inside if item[0] == "listen"] or [["listen", "80"]]:
            if "ssl" not in item:
                address, port = address_of(item[1])
                return address, port, words[1], name
    return None


def address_of(listen):
    """``127.0.0.1:8080``, ``[::1]:80``, ``8080``, ``localhost``, ``unix:/run/x.sock`` as (address, port)."""
    if listen.startswith("unix:"):
        return listen[5:], 0
    if listen.isdigit():
        return "127.0.0.1", int(listen)
    address, _colon, port = listen.rpartition(":") if re.search(r":\d+$", listen) else (listen, "", "80")
    return address.strip("[]"), int(port)
