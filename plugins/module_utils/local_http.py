# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a server on this host for a page: HTTP/1.0 by the standard library, within a few seconds, nothing but a GET."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import errno
import socket
import time

SECONDS = 3.0
PAUSE = 0.05            # before a server that turned us away is asked again
MAX_BYTES = 1048576
ANY = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}      # noqa: S104 - where to connect to


def get(address, port, path, name="localhost", user=None, password=None, seconds=SECONDS, patience=0.0):
    """{"text": the page} or {"error", "stderr"}, as ``host.record`` takes them. ``address`` with a slash is a UNIX socket.

    ``patience``: for so many seconds ask again where there is no connection, or it is closed without an answer, as a full server does.
    """
    where = address if "/" in address else "%s:%s" % (ANY.get(address, address), port)
    lines = ["GET %s HTTP/1.0" % path, "Host: %s" % name, "User-Agent: caretaker", "Connection: close"]
    if user is not None:
        lines.append("Authorization: Basic " + base64.b64encode(("%s:%s" % (user, password)).encode("utf-8")).decode("ascii"))
    request = "\r\n".join(lines) + "\r\n\r\n"
    answer = exchange(address, port, request, seconds)
    deadline = time.time() + patience
    while time.time() + PAUSE < deadline and (answer.get("text") == "" or answer.get("error") == "failed"):
        time.sleep(PAUSE)
        answer = exchange(address, port, request, seconds)
    if "error" in answer:
        return {"error": answer["error"], "stderr": "%s: %s" % (where, answer["stderr"])}
    if not answer["text"]:
        return {"error": "failed", "stderr": "%s: it closed the connection without an answer" % where}
    head, _blank, body = answer["text"].partition("\r\n\r\n")
    status = head.partition("\r\n")[0].split(" ", 2)
    if len(status) < 2 or not status[0].startswith("HTTP/"):
        return {"error": "failed", "stderr": "%s: the answer is not HTTP" % where}
    if status[1] != "200":
        return {"error": "failed", "stderr": "%s: answered %s to %s" % (where, " ".join(status[1:]).strip()[:60], path)}
    return {"text": body}


def exchange(address, port, request, seconds=SECONDS):
    """Send a request to a TCP port or UNIX socket and read to the end of the answer; {"text"} or {"error", "stderr"}."""
    deadline = time.time() + seconds
    data = bytearray()
    connection = None
    try:
        if "/" in address:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(seconds)
            connection.connect(address)
        else:
            connection = socket.create_connection((ANY.get(address, address), int(port)), seconds)
        connection.sendall(request.encode("utf-8"))
        while len(data) <= MAX_BYTES:
            connection.settimeout(max(0.001, deadline - time.time()))
            piece = connection.recv(65536)
            if not piece:
                return {"text": bytes(data).decode("utf-8", "replace")}
            data.extend(piece)
        return {"error": "too_large", "stderr": "the answer is too large"}
    except socket.timeout:
        return {"error": "timeout", "stderr": "no answer within %g s" % seconds}
    except (OSError, IOError) as error:
        denied = error.errno in (errno.EACCES, errno.EPERM)
        return {"error": "denied" if denied else "failed", "stderr": error.strerror or str(error)}
    finally:
        if connection is not None:
            connection.close()
