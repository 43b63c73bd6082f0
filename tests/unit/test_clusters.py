# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the nodes of a cluster, and how a run comes to judge one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import Capture
from plugins.plugin_utils.begin import _looked_at
from plugins.plugin_utils.clusters import NODES, Seen, captures_of, judge_cluster, numbers_of, seen_of
from plugins.plugin_utils.facts.cluster import COMPARED, Member, Node, cluster_of
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.inspection import Inspection, judge
from plugins.plugin_utils.rules.cluster import RULES

NOW = datetime(2026, 11, 23, tzinfo=UTC)
OK, WARNING, CRITICAL, UNKNOWN = Severity.OK, Severity.WARNING, Severity.CRITICAL, Severity.UNKNOWN


def node(host: str, version: tuple[int, ...] = (15, 6), role: str = "replica", **settings: str) -> Node:
    return Node(host, "postgresql", "5432", version, role, {"max_connections": "100", **settings})


def pair(*second: Node, **more: Any) -> tuple[Member, Member]:
    """A primary db1 and what db2 has."""
    return Member("db1", (node("db1", role="primary"),), replicas={"postgresql": 1}), Member("db2", second, **more)


def judged(members: tuple[Member, ...]) -> Inspection:
    return judge_cluster(Capture("cluster shop", "r", NOW, (), source="cluster"), members)


def found(members: tuple[Member, ...], rule: str) -> dict[str, Severity]:
    return {item.object: item.severity for item in judged(members).findings if item.rule == rule}


def test_a_healthy_pair() -> None:
    inspection = judged(pair(node("db2")))
    assert {item.severity for item in inspection.findings} == {OK}
    assert (inspection.score, inspection.coverage) == (100, 1)


@pytest.mark.parametrize(("second", "rule", "expected"), [
    (node("db2", (15, 6)), "cluster_release", {"postgresql 5432": OK}),
    (node("db2", (16, 1)), "cluster_release", {"postgresql 5432": WARNING}),
    (node("db2", (16, 1)), "cluster_patched", {"postgresql 5432": OK}),
    (node("db2", (15, 5)), "cluster_patched", {"postgresql 5432 db2": WARNING}),
    (node("db2", (15, 7)), "cluster_patched", {"postgresql 5432 db1": WARNING}),
    (node("db2", max_connections="50"), "cluster_settings", {"postgresql 5432 max_connections": WARNING}),
    (node("db2", only_here="1"), "cluster_settings", {"postgresql 5432": OK}),
    (node("db2"), "cluster_replicas", {"postgresql 5432": OK}),
    (node("db2", role="primary"), "cluster_replicas", {"postgresql 5432": CRITICAL}),
])
def test_two_nodes(second: Node, rule: str, expected: dict[str, Severity]) -> None:
    assert found(pair(second), rule) == expected


@pytest.mark.parametrize("service", ["", "postgresql"])
def test_a_node_that_was_not_seen_gives_no_verdict(service: str) -> None:
    members = pair(unseen=frozenset({service}))
    assert found(members, "cluster_seen") == {f"db2 {service}".strip(): UNKNOWN}
    for rule in ("cluster_release", "cluster_patched", "cluster_settings", "cluster_replicas"):
        assert found(members, rule) == {"postgresql 5432": UNKNOWN}, rule
    assert judged(members).coverage == 0


def test_every_rule_has_a_case_that_fails_one_that_is_healthy_and_one_that_is_unseen() -> None:
    cases = [pair(node("db2")), pair(node("db2", (16, 1))), pair(node("db2", (15, 5))), pair(node("db2", max_connections="50")),
             pair(node("db2", role="primary")), pair(unseen=frozenset({"postgresql"}))]
    seen = {rule.id: {severity for case in cases for severity in found(case, rule.id).values()} for rule in RULES}
    for rule, severities in seen.items():
        assert {OK, UNKNOWN} <= severities, rule
        assert severities & {WARNING, CRITICAL} or rule == "cluster_seen", rule      # a node that was not seen is never more than unknown


def test_what_differs_among_the_nodes_that_were_seen_differs() -> None:
    members = (*pair(node("db2", (15, 5), max_connections="9")), Member("db3", unseen=frozenset({""})))
    assert found(members, "cluster_patched") == {"postgresql 5432 db2": WARNING}
    assert found(members, "cluster_settings") == {"postgresql 5432 max_connections": WARNING}


def test_a_lone_primary() -> None:
    assert found(pair(), "cluster_replicas") == {"postgresql 5432": CRITICAL}
    assert found(pair(), "cluster_settings") == {"postgresql 5432": OK}


def test_one_of_two_replicas_is_less_bad_than_none() -> None:
    primary = replace(pair()[0], replicas={"postgresql 5432": 2})
    assert found((primary, Member("db2", (node("db2"),))), "cluster_replicas") == {"postgresql 5432": WARNING}


def test_a_host_wants_replicas_of_the_servers_it_has() -> None:
    other = Node("db2", "postgresql", "5433", (18, 1), "primary")
    assert found(pair(node("db2"), other), "cluster_replicas") == {"postgresql 5432": OK, "postgresql 5433": OK}
    named = replace(pair()[0], replicas={"postgresql": 1, "postgresql 5432": 0})
    assert found((named,), "cluster_replicas") == {"postgresql 5432": OK}


def test_replicas_nobody_asked_for_are_fine() -> None:
    assert found((replace(pair()[0], replicas={}),), "cluster_replicas") == {"postgresql 5432": OK}


def test_the_same_release_by_product() -> None:
    servers = [Node(host, "mysql", "3306", version, "", {}) for host, version in (("db1", (10, 11, 6)), ("db2", (10, 6, 18)))]
    members = tuple(Member(server.host, (server,)) for server in servers)
    assert found(members, "cluster_release") == {"mysql 3306": WARNING}
    assert found(members, "cluster_patched") == {"mysql 3306": OK}


def test_a_cluster_without_servers_that_are_compared() -> None:
    inspection = judged((Member("web1"), Member("web2")))
    assert isinstance(cluster_of([Member("web1")]).services, NotHere)
    assert set(inspection.not_applicable) == {rule.id for rule in RULES} - {"cluster_seen"}


def test_rules_about_clusters_are_not_judged_on_hosts() -> None:
    inspection = judge(Capture("db1", "r", NOW, ()))
    assert not {rule.id for rule in RULES} & ({item.rule for item in inspection.findings} | set(inspection.not_applicable))


def test_only_clusters_seen_whole_are_judged() -> None:
    settings = {"cluster": "shop", "importance": 4, "waivers": [{"rule": "cluster_settings"}]}
    seen = [Seen(member, settings, NOW) for member in pair(node("db2"))]
    whole = list(captures_of(seen, {"shop": ["db1", "db2"], "erp": ["db8", "db9"]}, "r"))
    assert [(capture.host, [member.host for member in members]) for capture, members in whole] == [("cluster shop", ["db1", "db2"])]
    assert whole[0][0].settings["waivers"] == [{"rule": "cluster_settings"}]
    assert not list(captures_of(seen[:1], {"shop": ["db1", "db2"]}, "r"))


def test_what_is_kept_of_a_host() -> None:
    capture = Capture("db1", "r", NOW, (), settings={"cluster": "shop", "replicas": {"postgresql": 1}})
    kept = seen_of(capture, judge(capture))
    assert kept is not None
    assert (kept.member.host, kept.member.nodes, kept.member.replicas) == ("db1", (), {"postgresql": 1})
    assert kept.member.unseen == set(COMPARED)              # a capture without entries saw nothing of them
    unreached = replace(capture, problem="no route to host")
    assert (kept := seen_of(unreached, judge(unreached))) is not None and kept.member.unseen == {""}
    alone = replace(capture, settings={})
    assert seen_of(alone, judge(alone)) is None
    partial = replace(capture, subjects=("memory",))
    assert seen_of(partial, judge(partial)) is None


def test_what_could_not_be_asked_is_unseen() -> None:
    for nodes_of, facts in ((NODES["postgresql"], "instances"), (NODES["mysql"], "servers"), (NODES["redis"], "servers")):
        assert list(nodes_of("db1", type("Facts", (), {facts: Unknown("hung")}))) == [None]
        assert list(nodes_of("db1", type("Facts", (), {facts: NotHere("none")}))) == []


def test_all_that_is_compared_has_nodes() -> None:
    assert set(NODES) == set(COMPARED)


def test_versions() -> None:
    assert numbers_of("10.11.6-MariaDB-0+deb12u1-log") == (10, 11, 6)
    assert numbers_of("8.0.36") == (8, 0, 36)
    assert numbers_of("") == ()


def test_a_recheck_of_a_cluster_looks_at_all_its_hosts() -> None:
    failed = {"cluster shop": {"cluster_settings"}, "db1": {"memory_available"}}
    looked_at = _looked_at(failed, {"shop": ["db1", "db2"], "erp": ["db9"]})
    assert {host: set(subjects) for host, subjects in looked_at.items()} == {"db1": {"memory", *COMPARED}, "db2": set(COMPARED)}
