# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Redis or Valkey over its own socket, in its own protocol (RESP), with the standard library.

Not by redis-cli: it is often not installed beside a server in /opt, and its output on a pipe has no marks between answers,
so a list that was cut off could not be told from a short one.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import socket
import time

MAX_BYTES = 4194304     # of one answer; INFO ALL has some 10 KiB


class Refusal(Exception):
    """The server's own word that it does not answer a command: "NOPERM this user has no permissions ..."."""


class Lost(Exception):
    """The connection gave no (whole) answer; ``error`` as in the entries of a capture."""

    def __init__(self, error, text):
        super(Lost, self).__init__(text)
        self.error = error


class Connection:
    """One connection to a server of this host. All answers must come within ``seconds``. Raises Lost."""

    def __init__(self, address, seconds, certificate=None):
        """``address``: a path, or (host, port); ``certificate``: (certificate file, key file) where it speaks only TLS."""
        self._deadline = time.time() + seconds
        self._data = b""
        self._socket = None
        try:
            if isinstance(address, tuple):
                self._socket = socket.create_connection(address, min(seconds, 3.0))
            else:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self._socket.settimeout(min(seconds, 3.0))
                self._socket.connect(address)
            if certificate is not None:
                self._socket = encrypted(self._socket, certificate)
        except (socket.error, OSError, IOError, ValueError) as error:
            self.close()
            raise lost(error)

    def ask(self, *words):
        """The answer to one command: text, a number, None, or a list of these. Raises Refusal, Lost."""
        request = "*%d\r\n" % len(words) + "".join("$%d\r\n%s\r\n" % (len(word.encode("utf-8")), word) for word in words)
        try:
            self._socket.settimeout(max(0.001, self._deadline - time.time()))
            self._socket.sendall(request.encode("utf-8"))
            return self._answer(MAX_BYTES)
        except (socket.error, OSError, IOError) as error:
            raise lost(error)

    def close(self):
        if self._socket is not None:
            self._socket.close()

    # +OK  -ERR unknown command  :42  $5 hello  $-1  *2 ...
    def _answer(self, room, depth=0):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == "+":
            return rest
        if kind == "-":
            raise Refusal(rest)
        if kind not in (":", "$", "*") or not rest.lstrip("-").isdigit() or depth > 8:
            raise Lost("failed", "the answer is not in the protocol of Redis")
        size = int(rest)
        if kind == ":":
            return size
        if size < 0:
            return None
        if size > room:
            raise Lost("too_large", "the answer is too large")
        if kind == "$":
            return self._take(size + 2)[:-2].decode("utf-8", "replace")
        return [self._answer(room, depth + 1) for _number in range(size)]

    def _line(self):
        while b"\r\n" not in self._data:
            if len(self._data) > 65536:
                raise Lost("failed", "the answer is not in the protocol of Redis")
            self._receive()
        line, _end, self._data = self._data.partition(b"\r\n")
        return line.decode("utf-8", "replace")

    def _take(self, size):
        while len(self._data) < size:
            self._receive()
        data, self._data = self._data[:size], self._data[size:]
        return data

    def _receive(self):
        left = self._deadline - time.time()
        if left <= 0:
            raise Lost("timeout", "it gave no answer in time")
        self._socket.settimeout(left)
        piece = self._socket.recv(65536)
        if not piece:
            raise Lost("failed", "it closed the connection")
        self._data += piece


def encrypted(plain, certificate):
    """Over TLS, with the server's own certificate as ours: by default it wants one. It is our own host, so none is verified."""
    import ssl                          # it takes as long to load as a command: only where a server wants it

    context = ssl.SSLContext(ssl.PROTOCOL_SSLv23)       # the name of "any version" that Python 2.7 knows too
    if all(certificate):
        context.load_cert_chain(*certificate)
    return context.wrap_socket(plain)


def lost(error):
    if isinstance(error, socket.timeout):
        return Lost("timeout", "it gave no answer in time")
    if getattr(error, "errno", None) in (errno.EACCES, errno.EPERM):
        return Lost("denied", "its socket may not be opened by this account; inspect as root")
    return Lost("failed", getattr(error, "strerror", None) or str(error) or type(error).__name__)
