# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the MySQL, MariaDB and Percona servers of this host, and talk to one by its own client program and socket."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from .servers import running, unit_of

NAMES = ("mysqld", "mariadbd", "mysqld-debug")
# The ports of the X protocol, of administrators and of Galera: a server's name is another of its ports, if it has one
OTHER_PORTS = (33060, 33062, 4444, 4567, 4568)
CLIENTS = {"mariadbd": ("mariadb", "mysql"), "mysqld": ("mysql", "mariadb"), "mysqld-debug": ("mysql", "mariadb")}


def find_servers():
    """The servers that run here, in the order of their pids; see ``describe``."""
    sockets, ports, taken = unix_sockets(), tcp_ports(), set()
    return [describe(server, sockets, ports, taken) for server in running(NAMES, workers=False)]


def describe(server, sockets, ports, taken):
    """What is known of a server without asking it; ``instance`` is its port, or its socket where it has none."""
    options = options_of(server["argv"])
    inodes = inodes_of(server["pid"])
    listening = sorted(set(ports[inode] for inode in inodes if inode in ports))
    paths = sorted(sockets[inode] for inode in inodes if inode in sockets and "mysqlx" not in os.path.basename(sockets[inode]))
    named = options.get("port")
    usual = [port for port in listening if port not in OTHER_PORTS] or listening
    name = named or (str(usual[0]) if usual else paths[0] if paths else "3306")
    name = server["container"] or name
    if name in taken:
        name += "-%d" % server["pid"]
    taken.add(name)
    root = root_of(server["pid"])
    socket = paths[0] if paths else options.get("socket", "")
    return {"instance": re.sub(r"[^\w./:-]", "-", name), "pid": server["pid"], "program": server["name"], "user": server["user"],
            "exe": server["exe"], "container": server["container"], "root": root, "socket": root + socket if socket else "",
            "ports": listening, "unit": unit_of(server["pid"]), "cwd": server["cwd"],
            "skip_grants": "skip-grant-tables" in options, "visible": bool(inodes)}


def options_of(argv):
    """{option: value} of the words of its start, as --skip-name=value or --skip_name."""
    options = {}
    for word in argv[1:]:
        if word.startswith("--"):
            name, _equals, value = word[2:].partition("=")
            options[name.replace("_", "-")] = value
    return options


def root_of(pid):
    """The folder that a server took as its root (the option chroot), or ""."""
    try:
        return os.readlink("/proc/%d/root" % pid).rstrip("/")
    except OSError:
        return ""


def inodes_of(pid):
    """The inodes of the sockets that a process has open; none where we may not see them."""
    found = set()
    try:
        names = os.listdir("/proc/%d/fd" % pid)
    except OSError:
        return found
    for name in names:
        try:
            target = os.readlink("/proc/%d/fd/%s" % (pid, name))
        except OSError:
            continue                    # closed in the meantime
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def unix_sockets():
    """{inode: path} of the UNIX sockets that someone listens on."""
    # ffff8f0a: 00000002 00000000 00010000 0001 01 24101 /run/mysqld/mysqld.sock
    found = {}
    for line in text_of("/proc/net/unix").splitlines()[1:]:
        words = line.split()
        if len(words) == 8 and words[3] == "00010000" and words[7].startswith("/"):
            found[words[6]] = words[7]
    return found


def tcp_ports():
    """{inode: port} of the TCP ports that someone listens on."""
    #   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 24100 1 ...
    found = {}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in text_of(path).splitlines()[1:]:
            words = line.split()
            if len(words) > 9 and words[3] == "0A":
                found[words[9]] = int(words[1].rpartition(":")[2], 16)
    return found


def text_of(path):
    try:
        with open(path, "rb", 0) as stream:
            return stream.read().decode("utf-8", "replace")
    except (OSError, IOError):
        return ""


def talk(host, server, sql, token, seconds):
    """Run SQL in one client: {"text", "stderr", "seconds", "client", "user"}, or {"error", "stderr"} that say why it gave no answer.

    ``token``: what its output holds once it was let in. First as root by the socket, then as the account that the server runs as, then
    with the inventory's password: whoever is let in.
    """
    candidates = CLIENTS[server["program"]]
    folder = os.path.dirname(server["exe"])
    client = next((path for path in [os.path.join(folder, name) for name in candidates] + list(candidates) if host.which(path)), None)
    if client is None:
        return {"error": "not_found", "stderr": "neither mysql nor mariadb, the client program, is on this host"}
    if not server["socket"]:
        return {"error": "failed", "stderr": "2002: it listens on no UNIX socket that can be seen"}
    reason = None
    for who in logins(host, server):
        argv = [client, "--no-defaults", "--batch", "--force", "--skip-reconnect", "--skip-auto-rehash", "--default-character-set=utf8mb4",
                "--connect-timeout=5", "--protocol=socket", "--socket=" + server["socket"], "--user=" + who["user"]]
        result = host.ask(argv, user=who.get("account"), stdin=sql, environment=who.get("environment"), timeout=seconds)
        if token in result.get("text", ""):
            return dict(result, client=os.path.basename(client), user=who["user"])
        reason = reason_of(result, seconds)
        if reason["error"] != "denied":
            break
    return reason


def logins(host, server):
    """Who may try, in this order: {"user", "account" to run the client as, "environment"}."""
    if host.is_root:
        yield {"user": "root"}
    if server["user"] and server["user"] != "root":
        yield {"user": server["user"], "account": server["user"]}
    credential = host.credential(server["instance"], "mysql")
    if credential is not None:
        yield {"user": credential.get("user") or "caretaker", "environment": {"MYSQL_PWD": credential["password"]}}


def reason_of(result, seconds):
    """Why the server did not answer: {"error", "stderr"}."""
    words = (result.get("stderr") or "").strip().splitlines()
    first = next((line for line in words if line.startswith("ERROR")), words[0] if words else "it said nothing")
    code = re.match(r"ERROR (\d+)", first)
    if "error" in result:
        late = "it did not answer within %d s" % seconds
        return {"error": result["error"], "stderr": late if result["error"] == "timeout" else first[:300]}
    if code and int(code.group(1)) in (1044, 1045, 1130, 1131, 1698):
        return {"error": "denied", "stderr": first[:300]}
    return {"error": "failed", "stderr": first[:300]}
