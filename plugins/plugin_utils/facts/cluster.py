# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the nodes of a cluster (the hosts with the same caretaker_cluster) say of themselves, side by side.

Of each host only a small extract is kept, so that fleets of any size can be compared in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..absent import Known, NotHere

# The subjects whose servers are compared
COMPARED = ("postgresql", "mysql", "redis")


def device_of(cluster: str) -> str:
    """A cluster's name in records and reports, among those of hosts, which have no blank."""
    return f"cluster {cluster}"


@dataclass(frozen=True)
class Node:
    """One server of a host: ``role`` "primary", "replica" or "" where it has none; ``settings`` that should be alike on all nodes."""

    host: str
    service: str                        # the subject: "postgresql"
    instance: str                       # as in the subject's findings: "5432"
    version: tuple[int, ...]
    role: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Member:
    """One host of a cluster. ``unseen``: services that could not be asked, "" for all; ``replicas``: {service: wanted} of the inventory."""

    host: str
    nodes: tuple[Node, ...] = ()
    unseen: frozenset[str] = frozenset()
    replicas: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """The same instance on the hosts of a cluster. ``name`` as in the inventory: "postgresql 5432"; ``unseen``: hosts that may have it."""

    name: str
    nodes: tuple[Node, ...]
    unseen: tuple[str, ...]
    wanted_replicas: int | None


@dataclass(frozen=True)
class Cluster:
    hosts: tuple[str, ...]
    unseen: tuple[str, ...]             # "db2 postgresql", or "db2" for all that may run there
    services: Known[tuple[Service, ...]]


def cluster_of(members: Iterable[Member]) -> Cluster:
    """The members of one cluster, side by side."""
    ordered = sorted(members, key=lambda member: member.host)
    names = sorted({(node.service, node.instance) for member in ordered for node in member.nodes})
    services = tuple(_service(service, instance, ordered) for service, instance in names)
    unseen = tuple(f"{member.host} {service}".strip() for member in ordered for service in sorted(member.unseen))
    nothing = NotHere("no host of this cluster runs a server whose nodes are compared")
    return Cluster(tuple(member.host for member in ordered), unseen, services or nothing)


def _service(service: str, instance: str, members: Iterable[Member]) -> Service:
    members = tuple(members)
    name = f"{service} {instance}"
    nodes = tuple(node for member in members for node in member.nodes if (node.service, node.instance) == (service, instance))
    unseen = tuple(member.host for member in members if service in member.unseen or "" in member.unseen)
    # What a host wants is about the servers it has
    having = {*unseen, *(node.host for node in nodes)}
    wanted = [member.replicas.get(name, member.replicas.get(service)) for member in members if member.host in having]
    return Service(name, nodes, unseen, max((number for number in wanted if number is not None), default=None))
