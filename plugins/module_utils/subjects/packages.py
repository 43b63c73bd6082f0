# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages: pending updates by the metadata that lies on the host, what an update left unfinished. Nothing is refreshed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os

from ..container import look_for_container

# Without the first option apt would wait for another apt's lock.
APT = ["apt-get", "-s", "-o", "Debug::NoLocking=1", "-o", "APT::Get::Show-User-Simulation-Note=false"]
# apt would write its cache anew where that is out of date; without one it builds it in memory, which takes ten times the CPU.
APT_WITHOUT_CACHE = ["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="]
APT_CACHE = "/var/cache/apt/pkgcache.bin"
APT_SOURCES = ("/var/lib/apt/lists", "/var/lib/apt/lists/*", "/var/lib/dpkg/status", "/etc/apt", "/etc/apt/*", "/etc/apt/*.d/*",
               "/var/lib/apt/extended_states")
DPKG = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${binary:Package} ${Version}\\n"]
REPOQUERY = ["repoquery", "-C", "--all", "--pkgnarrow=updates", '--qf="%{NAME}" "%{EPOCH}" "%{VERSION}" "%{RELEASE}" "%{REPO}"']
METADATA = ("/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists/partial", "/var/lib/apt/lists",
            "/var/lib/apt/lists/*Release",
            "/var/cache/dnf/*/repodata/repomd.xml", "/var/cache/libdnf5/*/repodata/repomd.xml",
            "/var/cache/yum/*/*/*/repomd.xml", "/var/cache/yum/*/*/repomd.xml", "/var/cache/yum/*/repomd.xml",
            "/var/cache/zypp/raw/*/cookie")
REBOOT_MARKS = ("/run/reboot-required", "/var/run/reboot-required", "/run/reboot-needed")
CONTAINERS = ("docker", "libpod", "containerd", "kubepods", "lxc", "machine.slice", "crio")
# Files that programs delete on purpose after mapping them, so that nobody else may open them
NOT_PROGRAMS = ("/memfd:", "/dev/", "/SYSV", "/tmp/", "/var/tmp/", "/run/", "/var/run/", "/drm", "/i915", "/home/",  # noqa: S108
                "/anon_hugepage")


def capture(host):
    host.file("/proc/sys/kernel/osrelease")
    look_for_container(host)
    capture_manager(host)
    host.note("package metadata", dated(host))
    host.note("installed kernels", "\n".join(installed_kernels(host)) + "\n")
    for mark in REBOOT_MARKS:
        host.file(mark)
    host.file("/run/reboot-required.pkgs")
    stale = deleted_libraries(host) if host.is_root else None
    if stale is not None:
        host.note("deleted libraries", stale)
    # These two take more CPU than all the rest together: they are asked only to name the services of what was found
    if stale is None or not stale.startswith("#"):
        if host.which("needrestart"):
            host.command(["needrestart", "-b", "-r", "l"], root=True)
        elif host.which("checkrestart"):
            host.command(["checkrestart"], root=True)


def capture_manager(host):
    """The package manager's own words; rpm-based hosts may also carry dpkg, and the other way round: the native one is asked."""
    if host.exists("/var/lib/dpkg/status") and host.which("apt-get"):
        host.command(APT + ([] if apt_cache_is_current(host) else APT_WITHOUT_CACHE) + ["dist-upgrade"])
        host.command(DPKG)
        host.note("dpkg dates", newest(host, "/var/lib/dpkg/info/*.list"))
        return
    if not host.which("rpm"):
        return
    host.command(["rpm", "-qa", "--last"])
    host.files("/etc/dnf/plugins/versionlock.list")
    if host.which("zypper"):
        readonly = ["env", "ZYPP_READONLY_HACK=1", "zypper", "--non-interactive", "--no-refresh"]
        host.command(readonly + ["list-updates"], root=True)
        host.command(readonly + ["list-patches"], root=True)
        host.command(readonly + ["needs-rebooting"], root=True)
        return
    manager = "dnf" if host.which("dnf") else "yum"
    if not host.which(manager):
        return
    host.command([manager, "-C", "check-update"], root=True)
    host.command([manager, "-C", "updateinfo", "list"], root=True)
    if manager == "yum" and host.which("repoquery"):        # yum 3 folds its lines, this does not
        host.command(REPOQUERY, root=True)
    if host.which("needs-restarting"):
        host.command(["needs-restarting", "-r"], root=True)
        host.command(["needs-restarting", "-s"], root=True)


def apt_cache_is_current(host):
    """Whether apt would use its cache as it is, and so write nothing: it is younger than all that it was made from."""
    if not host.exists(APT_CACHE):
        return False
    made_from = [path for pattern in APT_SOURCES for path in host.glob(pattern)]
    return os.stat(APT_CACHE).st_mtime > max(os.stat(path).st_mtime for path in made_from if os.path.exists(path))


def dated(host):
    """``1763860000 PATH`` for each trace of a refresh of the metadata; the time is that of the last change (epoch seconds)."""
    lines = []
    for pattern in METADATA:
        lines.extend("%d %s" % (os.stat(path).st_mtime, path) for path in host.glob(pattern))
    return "\n".join(lines) + "\n"


def newest(host, pattern):
    """``1763860000 PATH`` of the file that changed last."""
    times = [(os.stat(path).st_mtime, path) for path in host.glob(pattern)]
    return "%d %s\n" % max(times) if times else "\n"


def installed_kernels(host):
    """The releases one could boot; links and rescue images are not kernels of their own."""
    paths = [path for path in host.glob("/boot/vmlinu[xz]-*") + host.glob("/boot/Image-*") if not os.path.islink(path)]
    names = set(path.rsplit("/", 1)[1].split("-", 1)[1] for path in paths)
    names.update(path.split("/")[3] for path in host.glob("/lib/modules/*/vmlinuz"))
    return sorted(name for name in names if "rescue" not in name and not name.endswith((".old", ".bak", ".hmac")))


def deleted_libraries(host):
    """A line for each process that still maps a program file that is gone from disk, then a line with the counts:

        812 sshd ssh.service /usr/lib/x86_64-linux-gnu/libssl.so.3
        # 97 processes looked at, 0 refused
    """
    lines, seen, refused = [], 0, 0
    for path in host.glob("/proc/[0-9]*/maps"):
        try:
            with open(path, "rb") as stream:
                paths = deleted_of(stream)
            seen += 1
            if paths:
                unit = unit_of(path.replace("maps", "cgroup"))
                if not any(word in unit for word in CONTAINERS):
                    lines.append(" ".join([path.split("/")[2], name_of(path.replace("maps", "comm")), unit.rsplit("/", 1)[-1] or "-"]
                                          + paths))
        except (IOError, OSError) as error:
            if error.errno not in (errno.ENOENT, errno.ESRCH):      # it ended in the meantime
                refused += 1
    lines.append("# %d processes looked at, %d refused" % (seen, refused))
    return "\n".join(lines) + "\n"


def deleted_of(stream):
    found = set()
    for line in stream:
        if line.endswith(b" (deleted)\n"):
            fields = line.decode("utf-8", "replace").split(None, 5)
            path = fields[5].rsplit(" (deleted)", 1)[0]
            if "x" in fields[1] and path.startswith("/") and not path.startswith(NOT_PROGRAMS):
                found.add(path.replace(" ", "?"))
    return sorted(found)


def name_of(path):
    with open(path, "rb") as stream:
        return stream.read().decode("utf-8", "replace").strip().replace(" ", "_") or "?"


def unit_of(path):
    """The whole control group, ``/system.slice/ssh.service``; the systemd one where there are several."""
    with open(path, "rb") as stream:
        lines = stream.read().decode("utf-8", "replace").splitlines()
    groups = [line.split(":", 2)[2] for line in lines if line.startswith(("0::", "1:name=systemd:"))]
    return max(groups, key=len) if groups else ""
