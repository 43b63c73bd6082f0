# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that make one host out of an image: names, keys, time server."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from .state import Host, Lab
from .system import run

# The control node's own clock, by a server on the bridge; a second's worth of quick polls at the start
CHRONY = """\
server {server} iburst minpoll -2 maxpoll 6
driftfile /var/lib/chrony/chrony.drift
makestep 1 3
"""
VM_NETWORK = """\
[Match]
Type=ether

[Network]
Address={address}/24
LinkLocalAddressing=no
"""


def make_key(path: Path, comment: str) -> None:
    if not path.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path))


def write(lab: Lab, host: Host, top: Path) -> None:
    """Write the host's files below ``top``, the upper layer of its overlay."""
    texts = {
        "etc/hostname": f"{host.name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n::1 localhost\n{lab.address(host)} {host.name}\n",
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        "etc/chrony/chrony.conf": CHRONY.format(server=lab.control_address),
    }
    if host.kind == "vm":
        texts["etc/systemd/network/10-lab.network"] = VM_NETWORK.format(address=lab.address(host))
    for name, text in texts.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        path.write_text(text)
    (top / "etc/ssh").mkdir(mode=0o755)
    make_key(top / "etc/ssh/ssh_host_ed25519_key", host.name)
    (top / "root/.ssh").mkdir(parents=True, mode=0o700)
    (top / "root").chmod(0o700)
    shutil.copyfile(lab.folder / "key.pub", top / "root/.ssh/authorized_keys")
    (top / "root/.ssh/authorized_keys").chmod(0o600)


def host_key(top: Path) -> str:
    """The public host key, "TYPE BASE64", for known_hosts."""
    return " ".join((top / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2])
