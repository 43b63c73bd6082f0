# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the nodes of a cluster: what no single host can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..facts.cluster import Node, Service
from ..findings import Domain, Finding, Rule, Severity

SHOWN_NODES = 6


def check_seen(_levels: Mapping[str, Any], hosts: tuple[str, ...], unseen: tuple[str, ...]) -> Iterator[Finding]:
    for name in unseen:
        yield Finding(Severity.UNKNOWN, name, "could not be seen, so it can't be compared with the other nodes")
    if not unseen:
        yield Finding(Severity.OK, "cluster", "all nodes were seen: {hosts}", {"hosts": list(hosts)})


CLUSTER_SEEN = Rule(
    id="cluster_seen",
    title="All nodes of the cluster could be seen",
    domain=Domain.DATABASE,
    why="A node that was not seen may be the one that differs, or the one that is down.",
    fix="See why this host, or this server on it, could not be inspected, and inspect the cluster again.",
    needs=("cluster.hosts", "cluster.unseen"),
    evidence=(),
    impact=3,
    check=check_seen,
)


def check_release(_levels: Mapping[str, Any], services: tuple[Service, ...]) -> Iterator[Finding]:
    for service in services:
        releases = {node.host: _dotted(_release(node)) for node in service.nodes}
        if len(set(releases.values())) > 1:
            yield Finding(Severity.WARNING, service.name, "the nodes run different releases: {nodes}", {"nodes": _told(releases)})
        else:
            yield _alike(service, "all nodes run the same release")


CLUSTER_RELEASE = Rule(
    id="cluster_release",
    title="All nodes of a cluster run the same release",
    domain=Domain.DATABASE,
    why="Physical replication between different releases does not work at all, and elsewhere a failover changes how the application is "
        "served, at the worst moment.",
    fix="Finish the upgrade on the other nodes, replicas first.",
    needs=("cluster.services",),
    evidence=(),
    impact=3,
    change_risk=3,
    check=check_release,
)


def check_patched(_levels: Mapping[str, Any], services: tuple[Service, ...]) -> Iterator[Finding]:
    for service in services:
        behind = list(_behind(service))
        yield from behind or [_alike(service, "no node is behind the others in its patches")]


def _behind(service: Service) -> Iterator[Finding]:
    """Nodes that are older than another one of the same release."""
    for node in service.nodes:
        newest = max((other for other in service.nodes if _release(other) == _release(node)), key=lambda other: other.version)
        if node.version < newest.version:
            yield Finding(Severity.WARNING, f"{service.name} {node.host}", "runs {version}, but {newest_host} runs {newest}", {
                "version": _dotted(node.version), "newest": _dotted(newest.version), "newest_host": newest.host})


CLUSTER_PATCHED = Rule(
    id="cluster_patched",
    title="No node of a cluster is left unpatched",
    domain=Domain.DATABASE,
    why="A node that was left out of the last round of patches still has the errors that were mended, and they are back after a failover.",
    fix="Patch this node as the others were, in the next window.",
    needs=("cluster.services",),
    evidence=(),
    impact=3,
    change_risk=2,
    check=check_patched,
)


def check_settings(_levels: Mapping[str, Any], services: tuple[Service, ...]) -> Iterator[Finding]:
    for service in services:
        differing = list(_differing(service))
        yield from differing or [_alike(service, "the settings that should be alike are")]


def _differing(service: Service) -> Iterator[Finding]:
    for name in sorted({name for node in service.nodes for name in node.settings}):
        values = {node.host: node.settings[name] for node in service.nodes if name in node.settings}
        if len(set(values.values())) > 1:
            yield Finding(Severity.WARNING, f"{service.name} {name}", "differs between the nodes: {nodes}", {"nodes": _told(values)})


CLUSTER_SETTINGS = Rule(
    id="cluster_settings",
    title="The nodes of a cluster have the same settings",
    domain=Domain.DATABASE,
    why="After a failover the application finds another server than the one it was tuned and tested with; a smaller one may not carry "
        "the load.",
    fix="Decide which value is right, set it on all nodes, and keep their configuration in one place.",
    needs=("cluster.services",),
    evidence=(),
    impact=2,
    change_risk=2,
    check=check_settings,
)


def check_replicas(_levels: Mapping[str, Any], services: tuple[Service, ...]) -> Iterator[Finding]:
    for service in services:
        yield _replicas(service)


def _replicas(service: Service) -> Finding:
    found = sum(node.role == "replica" for node in service.nodes)
    wanted = service.wanted_replicas
    values = {"found": found, "wanted": wanted}
    if wanted is None:
        return Finding(Severity.OK, service.name, "has {found} replicas; caretaker_replicas does not say how many it should have", values)
    if found >= wanted:
        return Finding(Severity.OK, service.name, "has {found} replicas, as wanted ({wanted})", values)
    if service.unseen:
        return Finding(Severity.UNKNOWN, service.name, "{found} of {wanted} replicas were seen; not seen: {hosts}",
                       {**values, "hosts": list(service.unseen)})
    severity = Severity.WARNING if found else Severity.CRITICAL
    return Finding(severity, service.name, "has {found} replicas, but {wanted} are wanted", values)


CLUSTER_REPLICAS = Rule(
    id="cluster_replicas",
    title="A cluster has as many replicas as the inventory says",
    domain=Domain.DATABASE,
    why="With a replica less than planned the next failure is an outage; with none it may be the loss of the data.",
    fix="See what became of the missing replica, set it up again, and check that it follows the primary.",
    needs=("cluster.services",),
    evidence=(),
    impact=4,
    change_risk=2,
    check=check_replicas,
)


def _alike(service: Service, message: str) -> Finding:
    """Alike as far as was seen: a verdict only if all nodes were."""
    if service.unseen:
        hosts = list(service.unseen)
        return Finding(Severity.UNKNOWN, service.name, "the nodes that were seen are alike; not seen: {hosts}", {"hosts": hosts})
    if len(service.nodes) == 1:
        return Finding(Severity.OK, service.name, "has one node only, {host}", {"host": service.nodes[0].host})
    return Finding(Severity.OK, service.name, message)


def _release(node: Node) -> tuple[int, ...]:
    """What must be alike for nodes to work together: 15 of PostgreSQL 15.6, 10.11 of MariaDB 10.11.6, 7.0 of Redis 7.0.15."""
    return node.version[:1] if node.service == "postgresql" else node.version[:2]


def _dotted(version: Iterable[int]) -> str:
    return ".".join(str(number) for number in version)


def _told(values: Mapping[str, str]) -> list[str]:
    """``db1: 100`` of each node, so many as a line can hold."""
    told = [f"{host}: {value}" for host, value in values.items()]
    return told if len(told) <= SHOWN_NODES else [*told[:SHOWN_NODES], "..."]


RULES = (CLUSTER_SEEN, CLUSTER_RELEASE, CLUSTER_PATCHED, CLUSTER_SETTINGS, CLUSTER_REPLICAS)
