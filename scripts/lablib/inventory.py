# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as an Ansible inventory, and its hosts' SSH options."""

from __future__ import annotations

import json
from pathlib import Path

from .state import Lab

ROOT = Path(__file__).resolve().parent.parent.parent
DEFAULT = ROOT / "inventories" / "lab" / "hosts.yml"


def ssh_options(lab: Lab) -> list[str]:
    """The hosts' keys were made by the lab, so they are known and checked."""
    return ["-i", str(lab.folder / "key"), "-o", f"UserKnownHostsFile={lab.folder / 'known_hosts'}", "-o", "IdentitiesOnly=yes",
            "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "LogLevel=ERROR", "-F", "none"]


def document(lab: Lab) -> str:
    """The inventory; JSON is YAML, and quotes itself."""
    # Shared connections end with the lab: another lab may get the same addresses a moment later
    options = " ".join([*ssh_options(lab)[2:], "-o", f"ControlPath={lab.folder / '%r@%h'}"])
    groups = {kind: [host.name for host in lab.hosts if host.kind == kind] for kind in sorted({host.kind for host in lab.hosts})}
    content = {"all": {
        "vars": {
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(lab.folder / "key"),
            "ansible_ssh_common_args": options,
            "lab_name": lab.name,
            "lab_script": str(ROOT / "scripts" / "lab"),
        },
        "hosts": {host.name: {"ansible_host": lab.address(host), "ansible_port": 22} for host in lab.hosts},
        "children": {f"lab_{kind}": {"hosts": {name: {} for name in names}} for kind, names in groups.items()},
    }}
    return "---\n" + json.dumps(content, indent=2) + "\n"


def write(lab: Lab, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(document(lab))
    part.replace(path)
