# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network: one bridge a lab, one network namespace and veth pair a container, one tap device a VM.

Addresses are 10.231.LAB.HOST; nothing is routed or translated, so hosts reach each other and this machine only.
"""

from __future__ import annotations

import json
import re

from .state import PREFIX, Host, Lab
from .system import run

LINK_IN_HOST = "host0"


def used_networks() -> set[int]:
    """Networks whose bridge exists, whoever remembers it."""
    bridges = (re.fullmatch(rf"{PREFIX}(\d+)", name) for name in _links())
    return {int(match[1]) for match in bridges if match}


def raise_bridge(lab: Lab) -> None:
    if lab.bridge in _links():
        return
    run("ip", "-batch", "-", text=f"""
link add {lab.bridge} type bridge
addr add {lab.control_address}/24 dev {lab.bridge}
link set {lab.bridge} up
""")


def attach_container(lab: Lab, host: Host) -> None:
    """A namespace named like the host, with its address, at /run/netns."""
    namespace, link = lab.unique_name(host), link_name(lab, host)
    run("ip", "netns", "add", namespace)
    run("ip", "-batch", "-", text=f"""
link add {link} type veth peer name {LINK_IN_HOST} netns {namespace}
link set {link} master {lab.bridge} up
""")
    run("ip", "-n", namespace, "-batch", "-", text=f"""
addr add {lab.address(host)}/24 dev {LINK_IN_HOST}
link set lo up
link set {LINK_IN_HOST} up
""")


def attach_vm(lab: Lab, host: Host) -> str:
    """The name of a new tap device on the bridge."""
    link = link_name(lab, host)
    run("ip", "tuntap", "add", "dev", link, "mode", "tap")
    run("ip", "link", "set", link, "master", lab.bridge, "up")
    return link


def link_name(lab: Lab, host: Host) -> str:
    return f"{lab.bridge}h{host.number}"


def remove(lab: Lab) -> None:
    """Delete all links and namespaces that carry the lab's names."""
    for link in _links():
        if re.fullmatch(rf"{lab.bridge}(h\d+)?", link):
            run("ip", "link", "delete", link)
    for namespace in namespaces():
        if namespace.startswith(f"{PREFIX}-{lab.name}-"):
            run("ip", "netns", "delete", namespace)


def namespaces() -> list[str]:
    return [entry["name"] for entry in json.loads(run("ip", "-json", "netns", "list") or "[]")]


def _links() -> list[str]:
    return [entry["ifname"] for entry in json.loads(run("ip", "-json", "link", "show"))]
