# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL, MariaDB and Percona servers: every instance on this host, each asked once by a client program."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import json
import os
import re

from ..log_digest import digest
from ..servers import running
from ..sql_text import unquoted

NAMES = ("mysqld", "mariadbd", "mysqld-debug")
UNITS = ("mariadb", "mysql", "mysqld", "percona-server", "mariadb@*", "mysql@*", "mysqld@*")
CONFIG = ("/etc/my.cnf", "/etc/mysql/my.cnf", "/etc/mysql/mariadb.cnf")
# The ports of the X protocol, of administrators and of Galera: a server's name is another of its ports, if it has one
OTHER_PORTS = (33060, 33062, 4444, 4567, 4568)
CLIENTS = {"mariadbd": ("mariadb", "mysql"), "mysqld": ("mysql", "mariadb"), "mysqld-debug": ("mysql", "mariadb")}
ASK_SECONDS = 12
LOG_BYTES = 1048576
UNIT = re.compile(r"(?m)/([^/\n]+\.service)")
# 2026-11-22  3:00:00 0 [Warning] text  /  2026-11-22T03:00:00.123456Z 0 [ERROR] [MY-010119] [Server] text
LOG_LINE = re.compile(r"^(\d{4}-\d\d-\d\d)[T ][ \d]\d:\d\d:\d\d\S* +\d+ \[(\w+)\] +(.*)$")
SIGNATURES = (
    "Database page corruption", "is marked as crashed", "InnoDB: Assertion failure", "mysqld got signal", "mariadbd got signal",
    "Starting crash recovery", "Crash recovery finished", "Crash table recovery", "Cannot allocate memory", "Out of memory",
    "No space left on device", "Disk is full writing", "Operating system error number", "Too many connections", "Too many open files",
    "Semaphore wait has lasted", "Table is full", "Got fatal error 1236", "deadlock detected", "Event Scheduler: [",
    "innodb_redo_log_capacity", "is in the future", "Incorrect definition of table mysql",
)
GRAVE = ("ERROR", "Error")


def capture(host):
    servers = running(NAMES, workers=False)
    units = enabled_units(host)
    if not servers and not units:
        installed = any(host.exists(path) for path in CONFIG) or any(host.which(name) for name in ("mariadbd", "mysqld"))
        host.note("mysql instances", json.dumps({"instances": [], "down": [], "installed": installed}))
        return
    sockets = unix_sockets()
    ports = tcp_ports()
    taken = set()
    found = [describe(server, sockets, ports, taken) for server in servers]
    alive = set(item["unit"] for item in found)
    down = [unit for unit in units if unit not in alive]
    host.note("mysql instances", json.dumps({"instances": found, "down": down, "installed": True}, sort_keys=True))
    for path in ("/proc/meminfo", "/proc/sys/vm/swappiness", "/sys/kernel/mm/transparent_hugepage/enabled",
                 "/sys/devices/system/cpu/online",
                 "/sys/devices/system/node/online"):
        host.file(path)
    for server in found:
        if not server["container"]:
            look_at(host, server)


def enabled_units(host):
    """The services that the system's start is to start, by the names of their files: mysql.service is an alias of mariadb.service."""
    units = set()
    for name in UNITS:
        for link in host.glob("/etc/systemd/system/*.target.wants/%s.service" % name):
            target = os.path.basename(os.path.realpath(link))
            units.add(os.path.basename(link) if "@" in os.path.basename(link) else target)
    return sorted(units)


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


def unit_of(pid):
    # 0::/system.slice/mariadb.service
    found = UNIT.findall(text_of("/proc/%d/cgroup" % pid))
    return found[-1] if found else ""


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


def look_at(host, server):
    instance = server["instance"]
    host.file("/proc/%d/limits" % server["pid"], instance=instance)
    host.file("/proc/%d/status" % server["pid"], instance=instance)
    answers = ask(host, server)
    if answers is None:
        return
    for name in sorted(answers):
        answer = answers[name]
        host.record(name, instance, answer.get("text"), **dict((key, answer[key]) for key in ("error", "stderr") if key in answer))
    variables = dict(line.split("\t", 1) for line in answers["variables"].get("text", "").splitlines() if "\t" in line)
    datadir = variables.get("datadir", "")
    look_at_files(host, instance, server["root"] + datadir if datadir else "", server["root"] + variables.get("tmpdir", "").split(":")[0])
    look_at_log(host, server, variables.get("log_error", ""), datadir)


def ask(host, server):
    """All answers of a server, or None when it gives none; then the entry "connection" says why.

    First as root by the socket, then as the account it runs as, then with the inventory's password: whoever is let in.
    """
    from ..mysql_client import divide, script       # they take as long to load as a command: only where there is a server

    instance = server["instance"]
    candidates = CLIENTS[server["program"]]
    folder = os.path.dirname(server["exe"])
    client = next((path for path in [os.path.join(folder, name) for name in candidates] + list(candidates) if host.which(path)), None)
    if client is None:
        host.record("connection", instance, error="not_found", stderr="neither mysql nor mariadb, the client program, is on this host")
        return None
    if not server["socket"]:
        host.record("connection", instance, error="failed", stderr="2002: it listens on no UNIX socket that can be seen")
        return None
    token = "caretaker-" + binascii.hexlify(os.urandom(8)).decode("ascii")
    sql, places = script(token)
    reason = None
    for who in logins(host, server):
        argv = [client, "--no-defaults", "--batch", "--force", "--skip-reconnect", "--skip-auto-rehash", "--default-character-set=utf8mb4",
                "--connect-timeout=5", "--protocol=socket", "--socket=" + server["socket"], "--user=" + who["user"]]
        result = host.ask(argv, user=who.get("account"), stdin=sql, environment=who.get("environment"), timeout=ASK_SECONDS)
        if token in result.get("text", ""):
            host.record("connection", instance, "%s as %s, %.2f s\n" % (os.path.basename(client), who["user"], result["seconds"]))
            return divide(result["text"], result.get("stderr", ""), token, places)
        reason = reason_of(result)
        if reason["error"] != "denied":
            break
    host.record("connection", instance, **reason)
    return None


def logins(host, server):
    """Who may try, in this order: {"user", "account" to run the client as, "environment"}."""
    if host.is_root:
        yield {"user": "root"}
    if server["user"] and server["user"] != "root":
        yield {"user": server["user"], "account": server["user"]}
    credential = host.credential(server["instance"])
    if credential is not None:
        yield {"user": credential.get("user") or "caretaker", "environment": {"MYSQL_PWD": credential["password"]}}


def reason_of(result):
    """Why the server did not answer: {"error", "stderr"}."""
    words = (result.get("stderr") or "").strip().splitlines()
    first = next((line for line in words if line.startswith("ERROR")), words[0] if words else "it said nothing")
    code = re.match(r"ERROR (\d+)", first)
    if "error" in result:
        late = "it did not answer within %d s" % ASK_SECONDS
        return {"error": result["error"], "stderr": late if result["error"] == "timeout" else first[:300]}
    if code and int(code.group(1)) in (1044, 1045, 1130, 1131, 1698):
        return {"error": "denied", "stderr": first[:300]}
    return {"error": "failed", "stderr": first[:300]}


def look_at_files(host, instance, datadir, tmpdir):
    """Used and available bytes on the disks of the data and the temporary files, and the sizes of the files that only grow, in bytes."""
    rows = []
    for name, path in (("datadir", datadir), ("tmpdir", tmpdir)):
        if not path:
            continue
        try:
            room = os.statvfs(path)
        except OSError as error:
            host.record("files", instance, error="failed", stderr="%s: %s" % (path, error.strerror))
            return
        rows.append("disk %s %d %d" % (name, (room.f_blocks - room.f_bfree) * room.f_frsize, room.f_bavail * room.f_frsize))
    for pattern in ("ibtmp*", "ibdata*", "undo*", "#innodb_temp/*", "*relay-bin.0*", "*-bin.0*", "binlog.0*"):
        paths = host.glob(os.path.join(datadir, pattern)) if datadir else []
        rows.append("size %s %d %d" % (pattern, len(paths), sum(size_of(path) for path in paths)))
    host.record("files", instance, "\n".join(rows) + "\n-- %d rows\n" % len(rows), kind="note")


def size_of(path):
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0                        # a log that was just purged


def look_at_log(host, server, path, datadir):
    """The error log's end, counted by day and kind; what goes to standard error is in the journal."""
    if path in ("", "stderr"):
        if not server["unit"] or not host.which("journalctl"):
            host.record("log", server["instance"], error="failed", stderr="it goes to standard error, and no journal holds it")
            return
        days = host.history_days or 30
        answer = host.ask(["journalctl", "-u", server["unit"], "-o", "cat", "--no-pager", "--reverse", "-n", "20000", "--since",
                           "-%dd" % days])
        if answer.get("error") == "too_large" or answer.get("rc") == 0:
            # The newest line first, so that what is over the limit is the oldest
            lines = answer["text"].splitlines()[:-1 if "error" in answer else None]
            host.record("log", server["instance"], digested("\n".join(reversed(lines))), kind="tail")
        else:
            host.record("log", server["instance"], error=answer.get("error", "failed"), stderr=answer["stderr"][:300])
        return
    host.tail(server["root"] + os.path.join(datadir, path), server["instance"], "log", max_bytes=LOG_BYTES, transform=digested)


def digested(text):
    return digest(text, split_line, SIGNATURES, GRAVE)


def split_line(line):
    """Day, level and message of a line. Of one without a known signature, which leaves as it is, what it quotes is left out."""
    match = LOG_LINE.match(line)
    if match is None:
        return None
    day, level, message = match.groups()
    return day, level, message if any(words in message for words in SIGNATURES) else unquoted(message)
