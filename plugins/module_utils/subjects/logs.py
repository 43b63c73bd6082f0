# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs: how large they are, whether they are rotated and forwarded, how many logins failed. Their lines stay on the host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import struct
import time

LARGE_BYTES = 100 * 1024 * 1024
ROTATION_STATES = ("/var/lib/logrotate/status", "/var/lib/logrotate/logrotate.status", "/var/lib/logrotate.status",
                   "/var/lib/misc/logrotate.status")
# Where a journal lies, on disk and in memory, and what a syslog daemon writes
KEEPERS = ("/var/log/journal/*", "/run/log/journal/*", "/var/log/messages", "/var/log/syslog")
FORWARDING = ("/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf", "/etc/syslog-ng/syslog-ng.conf", "/etc/systemd/journal-upload.conf")
# struct utmp of utmp(5): size of a record, offset and form of its time
UTMP = {"x86_64": (384, 340, "=i"), "i686": (384, 340, "=i"), "ppc64le": (384, 340, "=i"), "s390x": (400, 344, "=q"),
        "aarch64": (400, 344, "=q")}
BTMP_RECORDS = 50000
DAYS = 7


def capture(host):
    host.note("log sizes", sizes())
    kept = [path for pattern in KEEPERS for path in host.glob(pattern)]
    host.note("kept logs", "".join(path + "\n" for path in kept) + "# %d places\n" % len(kept))
    host.note("logrotate", rotation(host))
    for pattern in FORWARDING:
        host.files(pattern)
    host.note("failed logins", failed_logins("/var/log/btmp"))


def sizes():
    """``journal BYTES``, ``BYTES PATH`` for each large file, and the number of files that could be seen and not."""
    journal, lines, seen, refused = 0, [], 0, []
    for top in ("/var/log", "/run/log/journal"):
        for folder, _folders, names in os.walk(top, onerror=refused.append):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    size = os.lstat(path).st_blocks * 512
                except OSError:
                    continue            # rotated away in the meantime
                seen += 1
                if "/journal/" in path:
                    journal += size
                elif size >= LARGE_BYTES:
                    lines.append("%d %s" % (size, path))
    refused = [error for error in refused if os.path.lexists(error.filename)]
    lines = "".join(line + "\n" for line in sorted(lines))
    return "journal %d\n%s# %d files seen, %d folders refused\n" % (journal, lines, seen, len(refused))


def rotation(host):
    if not host.which("logrotate"):
        return "not installed\n"
    times = [os.stat(path).st_mtime for path in ROTATION_STATES if os.path.exists(path)]
    return "last %d\n" % max(times) if times else "never\n"


def failed_logins(path):
    """``COUNT in DAYS days``, counted here, because people type passwords where the name belongs."""
    form = UTMP.get(os.uname()[4])
    if form is None:
        return "the form of btmp is not known on this machine\n"
    size, offset, kind = form
    oldest = time.time() - DAYS * 86400
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, os.path.getsize(path) - BTMP_RECORDS * size))
            data = stream.read(BTMP_RECORDS * size)
    except (IOError, OSError) as error:
        return "no btmp\n" if not os.path.lexists(path) else "can't be read: %s\n" % error.strerror
    times = [struct.unpack_from(kind, data, start + offset)[0] for start in range(0, len(data) - size + 1, size)]
    return "%d in %d days\n" % (sum(moment >= oldest for moment in times), DAYS)
