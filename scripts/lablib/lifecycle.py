# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs come up and go down."""

from __future__ import annotations

import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from . import cgroup, clock, host_files, interpreters, mounts, network, nspawn, vm
from .inventory import ssh_options
from .state import Host, Lab, all_labs, free_network, load, locked, save, with_hosts
from .system import LabError, install_missing, say

NEEDED = {"ip": "iproute2", "ssh": "openssh-client", "mount": "mount"}
READY_SECONDS = {"nspawn": 60, "databases": 60, "loads": 60, "vm": 300}
# Systemd has started everything, and the clock follows the lab's time server
READY_COMMAND = "systemctl is-system-running --wait; chronyc -n waitsync 120 0 0 0.25 >/dev/null; systemctl --failed --plain --no-legend"


def up(name: str, wanted: list[tuple[str, str]], pythons: bool, memory_bytes: int | None) -> Lab:
    """Bring up the hosts (name, kind) that the lab does not have yet, and wait until all of those answer.

    ``memory_bytes``: of each new container; None gives it all that this machine has. LabError if one that it has does not run any more.
    """
    install_missing(NEEDED)
    kinds = {kind for _name, kind in wanted}
    if kinds & set(nspawn.KINDS):
        install_missing(nspawn.NEEDED)
    if "vm" in kinds:
        install_missing(vm.NEEDED)
    builds = interpreters.ready() if pythons else {}
    # The time server comes out of the plain container's image, whatever the hosts are
    images = {kind: nspawn.prepare(kind) for kind in nspawn.KINDS if kind in kinds or kind == "nspawn"}
    if "vm" in kinds:
        images["vm"] = vm.prepare()
    with locked(f"lab-{name}"):
        old = load(name) or _new(name)
        dead = [host.name for host in old.hosts if not is_up(old, host)]
        if dead:
            raise LabError(f"{', '.join(dead)} of lab {name} died, with this machine or killed. Then: scripts/lab down --name {name}")
        lab = with_hosts(old, wanted)
        fresh = lab.hosts[len(old.hosts):]
        save(lab)
        host_files.make_key(lab.folder / "key", f"lab {name}")
        network.raise_bridge(lab)
        clock.start(lab, images["nspawn"])
        for host in fresh:
            if host.kind == "vm":
                vm.start(lab, host, images["vm"])
            else:
                nspawn.start(lab, host, images[host.kind], builds, memory_bytes)
        _write_known_hosts(lab)
    with ThreadPoolExecutor(max_workers=8) as pool:
        for _done in pool.map(lambda host: _wait(lab, host), fresh):
            continue
    return lab


def down(name: str) -> bool:
    """Remove all traces of a lab, after any crash too; False if there is no lab of that name."""
    with locked(f"lab-{name}"):
        lab = load(name)
        if lab is None:
            return False
        _remove(lab)
        shutil.rmtree(lab.folder)
        return True


def is_up(lab: Lab, host: Host) -> bool:
    return bool(cgroup.processes(f"{lab.name}/{host.name}"))


def _new(name: str) -> Lab:
    with locked("network"):
        lab = Lab(name, free_network({lab.network for lab in all_labs()} | network.used_networks()))
        save(lab)
        return lab


def _remove(lab: Lab) -> None:
    cgroup.remove(lab.name)
    leftovers = [path for host in lab.hosts for path in nspawn.leftovers(lab, host)]
    mounts.remove_below(lab.folder)
    network.remove(lab)
    for path in leftovers:
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()


def _write_known_hosts(lab: Lab) -> None:
    lines = [f"{lab.address(host)} {host_files.host_key(lab.host_folder(host) / 'upper')}\n" for host in lab.hosts]
    (lab.folder / "known_hosts").write_text("".join(lines))


def _wait(lab: Lab, host: Host) -> None:
    """Return when the host has started; LabError says how far it came."""
    command = ["ssh", *ssh_options(lab), f"root@{lab.address(host)}", READY_COMMAND]
    deadline = time.monotonic() + READY_SECONDS[host.kind]
    while True:
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{host.name} answers but has not started in time; {_console(lab, host)}") from error
        state, *failed = answer.stdout.split("\n") if answer.stdout else [""]
        if state == "running":
            return
        if state:
            say(f"{host.name} is {state}: {' '.join(failed).strip() or 'no failed unit'}")
            return
        if time.monotonic() > deadline:
            raise LabError(f"{host.name} does not answer over SSH ({answer.stderr.strip()}); {_console(lab, host)}")
        if not is_up(lab, host):
            raise LabError(f"{host.name} has died; {_console(lab, host)}")
        time.sleep(0.1)


def _console(lab: Lab, host: Host) -> str:
    return f"its console is in {lab.host_folder(host) / 'console.log'}. Then: scripts/lab down --name {lab.name}"
