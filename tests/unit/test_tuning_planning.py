# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From advice to a plan in stages, and from two windows to the verdict on a stage."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.approval.plan import BadPlan, parse
from plugins.plugin_utils.approval.writing import Heading, Site
from plugins.plugin_utils.bottleneck.causes import CAUSES
from plugins.plugin_utils.bottleneck.forecast import Forecast
from plugins.plugin_utils.facts.java import Options
from plugins.plugin_utils.findings import Domain, Severity
from plugins.plugin_utils.inspection import Judged
from plugins.plugin_utils.registry import RULES_BY_ID
from plugins.plugin_utils.reports.translation import translator
from plugins.plugin_utils.tuning.origins import origins
from plugins.plugin_utils.tuning.planning import Found, found_in_run, tuning_document
from plugins.plugin_utils.tuning.proof import Outcome
from plugins.plugin_utils.tuning.proposals import GROWTH
from plugins.plugin_utils.tuning.remedies import BY_HAND, FIRST, HOW_MUCH, HOW_MUCH_DISK, LOOK, PROPOSED, SETTINGS, how_much
from plugins.plugin_utils.tuning.step import Advice, Step, Target
from plugins.plugin_utils.tuning.verdict import judge_stage, told
from tests.histories.cases import made_up

from .test_tuning_samples import measured, readings

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HEADING = Heading("tuning-2026Q4-001", "Tuning", "alice", (datetime(2026, 11, 23, 20, tzinfo=UTC), datetime(2026, 11, 24, 4, tzinfo=UTC)), NOW)
SITE = Site({name: {"address": name, "system": "crm", "groups": []} for name in ("db1", "db2", "web1")},
            {"crm": {"approvers": ["bob"], "needed": 1}}, {"erin": {"domains": ["os"]}, "frank": {"domains": ["database"]}}, "")
SERVER = "postgresql 5432"


def step(how: str, instance: str, setting: str, domain: Domain = Domain.DATABASE) -> Step:
    target = Target(setting, "10", 0, 20, "a quarter of {memory_bytes}", {"memory_bytes": 2**30}, "a manual", "less waiting",
                    "database_latency_seconds", needs_restart=True, change_risk=2)
    return Step(domain, how, instance, "60", "default", target)


FOUND = {
    "db2": Found(Advice((step("mysql", "3306", "innodb_io_capacity"),))),
    "db1": Found(Advice((step("sysctl", "", "vm.swappiness", Domain.OS), step("postgresql", "5432", "shared_buffers"),
                         step("postgresql", "5433", "shared_buffers"), step("postgresql", "5432", "work_mem")))),
    "web1": Found(Advice((), {"kernel": Unknown("it was not looked at")})),
}


def test_a_stage_is_a_server_of_a_host() -> None:
    written = tuning_document(SITE, HEADING, "2026Q4-001", FOUND)
    assert [(item["id"], item["host"], item["stage"], item["object"], item["setting"], item["engineer"]) for item in written["steps"]] == [
        ("s1", "db1", 1, "", "vm.swappiness", "erin"), ("s2", "db1", 2, "5432", "shared_buffers", "frank"),
        ("s3", "db1", 3, "5433", "shared_buffers", "frank"), ("s4", "db1", 2, "5432", "work_mem", "frank"),
        ("s5", "db2", 1, "3306", "innodb_io_capacity", "frank")]
    assert list(parse(written, "plan").hosts) == ["db1", "db2"]
    first = written["steps"][1]
    assert (first["before"], first["after"], first["rollback"], first["set_by"]) == ("60", "10", "60", "default")
    assert (first["formula"]["en"], first["restart"], first["risk"], first["proof"]) == ("a quarter of 1.0 GiB", True, 2, "database_latency_seconds")


def test_each_bottleneck_has_its_steps_or_what_people_do() -> None:
    advice = Advice((step("postgresql", "5432", "work_mem"), step("postgresql", "5432", "shared_buffers")))
    found = {"db1": Found(advice, made_up("spills")), "web1": Found(Advice(()), made_up("cpu and cable")), "web2": Found(Advice(()), made_up("quiet"))}
    told = tuning_document(SITE, HEADING, "2026Q4-001", found)["bottlenecks"]
    assert [(item["host"], item["domain"], item["resource"], item["steps"]) for item in told if item["host"] == "db1"] == [
        ("db1", "database", "work_memory", ["s1"])]
    assert {item["resource"]: item["by_hand"]["en"] for item in told if item["host"] == "web1"} == {
        "cpu": "More or faster CPUs, or move work to other hosts and hours.", "network": "Replace cable or transceiver, then port, then card."}
    (alone,) = tuning_document(SITE, HEADING, "2026Q4-001", {**found, "db1": Found(Advice((step("mysql", "3306", "x"),)), made_up("spills"))})["bottlenecks"][:1]
    assert alone["by_hand"]["en"] == "Look at work_mem, tmp_table_size, max_heap_table_size: no formula changes them here."
    soon = Forecast("filesystem", "filesystem_used_ratio", "/srv", 0.8, 0.9, 40 * 86400.0, 31 * 86400.0, None)
    growing = tuning_document(SITE, HEADING, "2026Q4-001", {"db1": Found(advice, replace(made_up("quiet"), forecasts=(soon,)))})["forecasts"]
    assert [(item["host"], item["name"], item["in"], item["latest"]) for item in growing] == [("db1", "filesystem_used_ratio /srv", "40 d", None)]
    sizes = {item["resource"]: item["how_much"]["en"] for item in told if "how_much" in item}
    assert sizes == {"cpu": "At least 2.50 times what is there would be within the limit at P95."}, "a damaged cable needs no size"
    assert [user["en"].partition(":")[0] for item in told if item["resource"] == "cpu" for user in item["consumers"]] == ["systemd (init.scope)"]
    assert told[0]["hours_a_week"] > 0 and told[0]["cause"]["zh_CN"] != told[0]["cause"]["en"]


def test_what_a_disk_must_do_that_takes_the_place_of_one_that_is_too_slow() -> None:
    (told,) = tuning_document(SITE, HEADING, "2026Q4-001", {"db1": Found(Advice((step("mysql", "3306", "x"),)), made_up("disk short, hdd"))})["bottlenecks"]
    found = re.fullmatch(r"Within its limit at least what sda does while it is too slow \(P95\): ([\d.]+)/s transfers, ([\d.]+) MiB/s read, ([\d.]+) KiB/s written.",
                         told["how_much"]["en"])
    assert found is not None, told["how_much"]["en"]
    transfers, read, written = map(float, found.groups())
    assert (read * 64, written / 4) == pytest.approx((transfers, transfers), rel=0.05)      # 16 KiB read and 4 KiB written each


def test_a_disk_whose_work_is_not_known_has_no_size() -> None:
    verdict = replace(made_up("disk short, hdd").verdicts[0], values={})
    assert how_much(verdict) is None


def test_what_people_do_first_is_told_beside_the_steps() -> None:
    advice = Advice((step("postgresql", "5432", "autovacuum_vacuum_cost_limit"),))
    for case in ("vacuum behind", "purge behind, mysql"):
        (told,) = tuning_document(SITE, HEADING, "2026Q4-001", {"db1": Found(advice, made_up(case))})["bottlenecks"]
        assert told["steps"] == ["s1"]
        assert told["by_hand"]["en"].startswith("End long transactions first")


def test_what_only_the_applications_people_know_is_proposed() -> None:
    finding = Judged("postgresql_unused_indexes", "5432/shop", Severity.WARNING, "{count} indexes", {"count": 3})
    proposed = tuning_document(SITE, HEADING, "2026Q4-001", {"db2": replace(FOUND["db2"], proposals=(finding,))})["proposals"]
    assert [(item["host"], item["object"], item["says"]["en"]) for item in proposed] == [("db2", "5432/shop", "3 indexes")]
    assert proposed[0]["by_hand"]["en"] != proposed[0]["by_hand"]["zh_CN"]
    assert set(PROPOSED) <= set(RULES_BY_ID)


@pytest.mark.parametrize(("rule", "values", "wanted"), [
    ("tomcat_threads", {"busy_count": 10, "limit_count": 10, "busy_ratio": 1.0}, None),
    ("httpd_workers", {"busy_count": 10, "limit_count": 10, "busy_ratio": 1.0}, ("MaxRequestWorkers", "10", "20", "twice as many: at 100 % in use")),
    ("java_heap", {"used_ratio": 0.9, "limit_bytes": 2**30}, ("-Xmx", "1024m", "1536m", "half as much again: 90 % of it")),
    ("haproxy_connections", {"used_ratio": 0.85, "limit_count": 2000}, None), ("haproxy_sessions", {"used_ratio": 0.85, "limit_count": 2000}, None),
    ("mysql_connections", {"used_ratio": 0.4, "peak_ratio": 0.9, "max_count": 151}, ("max_connections", "151", "302", "a pooler (ProxySQL) or smaller pools first")),
    ("postgresql_connections", {"used_ratio": 0.9, "free_count": 97}, None), ("postgresql_unused_indexes", {"count": 3}, None)])
def test_a_proposal_says_which_value_where_a_formula_knows(rule: str, values: dict[str, Any], wanted: tuple[str, ...] | None) -> None:
    finding = Judged(rule, "8080", Severity.WARNING, "full", values)
    (told,) = tuning_document(SITE, HEADING, "2026Q4-001", {"db2": replace(FOUND["db2"], proposals=(finding,))})["proposals"]
    if wanted is None:
        assert "setting" not in told
    else:
        assert (told["setting"], told["before"], told["after"]) == wanted[:3]
        assert told["formula"]["en"].startswith(wanted[3]) and told["formula"]["zh_CN"] != told["formula"]["en"]


def test_a_server_behind_haproxy_is_for_its_people() -> None:
    finding = Judged("haproxy_sessions", "haproxy shop/web1", Severity.WARNING, "full", {"used_ratio": 0.85, "limit_count": 200})
    (told,) = tuning_document(SITE, HEADING, "2026Q4-001", {"db2": replace(FOUND["db2"], proposals=(finding,))})["proposals"]
    assert (told["setting"], told["before"], told["after"]) == ("maxconn (server)", "200", "400")


@pytest.mark.parametrize(("options", "wanted"), [
    (("-Xmx1g", "-Xmx2g"), "command line: -Xmx2g"), (("-XX:MaxRAMPercentage=60",), "command line: -XX:MaxRAMPercentage=60"),
    (("-XX:+UseG1GC",), "default: a quarter of the memory")])
def test_a_proposal_tells_who_sets_the_value_today(options: tuple[str, ...], wanted: str) -> None:
    jvms = (SimpleNamespace(name="shop", options=Options(options, None, None, None)), SimpleNamespace(name="other", options=Unknown("denied")))
    facts = {"java": SimpleNamespace(instances=jvms), "mysql": SimpleNamespace(servers=(SimpleNamespace(name="3306", origins={}),))}
    finding = Judged("java_heap", "shop", Severity.WARNING, "full", {"used_ratio": 0.9, "limit_bytes": 2**30})
    found = replace(FOUND["db2"], proposals=(finding, Judged("java_heap", "other", Severity.WARNING, "full", finding.values)), set_by=origins(facts))
    told, unknown = tuning_document(SITE, HEADING, "2026Q4-001", {"db2": found})["proposals"]
    assert told["set_by"]["en"] == wanted and told["set_by"]["zh_CN"] != wanted
    assert "set_by" not in unknown
    assert origins(facts)["mysql_connections", "3306"] == ("{who}", {"who": "default"})


def test_values_are_proposed_only_for_what_is_proposed() -> None:
    assert set(GROWTH) <= set(PROPOSED)


def test_every_cause_has_a_remedy_in_every_language() -> None:
    assert set(CAUSES) == set(SETTINGS) | set(BY_HAND)
    assert set(SETTINGS) & set(BY_HAND) == {"capacity_disk", "threads_few", *FIRST}, "of disks with heads, and of Tomcat, there is something to set"
    assert [text for text in (*BY_HAND.values(), LOOK, HOW_MUCH, HOW_MUCH_DISK) if translator("zh_CN")(text) == text] == []


def test_a_plan_without_a_step_is_refused() -> None:
    with pytest.raises(BadPlan, match=r"run 2026Q4-001: nothing to change on these hosts \(1 things are undecided"):
        tuning_document(SITE, HEADING, "2026Q4-001", {"web1": FOUND["web1"]})


def test_a_run_without_captures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPlan, match="has no captures of a run '2026Q9-001'"):
        found_in_run(tmp_path, "2026Q9-001", ["db1"])


@pytest.mark.parametrize(("after", "outcome"), [
    ({"busy_seconds": 0.2}, Outcome.BETTER), ({"busy_seconds": 0.5}, Outcome.SAME), ({"busy_seconds": 2.0}, Outcome.WORSE)])
def test_what_clients_wait_for_decides_on_a_server(after: dict[str, float], outcome: Outcome) -> None:
    before = measured(readings(121, work=100, busy_seconds=0.5, read=50, found=50))
    then = measured(readings(121, work=100, read=1, found=99, **after))
    verdict = judge_stage(SERVER, ["database_cache_hit_ratio", "database_dead_rows_ratio"], before, then, 10)
    assert (verdict.outcome, verdict.decided_by) == (outcome, ("database_latency_seconds",))
    assert verdict.proofs["database_cache_hit_ratio"].outcome is Outcome.BETTER, "told beside it"
    assert verdict.unproven == {"database_dead_rows_ratio": "shows only over weeks; scripts/prove tells it by the history"}
    lines = list(told(verdict))
    assert lines[0] == f"{outcome.value} (by database_latency_seconds)"
    assert lines[2].startswith("database_cache_hit_ratio: better 50 % -> 1 %, 0.02 times")


def test_of_the_kernel_the_measures_of_its_steps_decide() -> None:
    before, then = (measured(readings(121, swapped_out_pages=pages), server="kernel") for pages in (50, 0))
    verdict = judge_stage("kernel", ["swap_out_pages_rate"], before, then, 10)
    assert (verdict.outcome, verdict.decided_by) == (Outcome.BETTER, ("swap_out_pages_rate",))


def test_a_server_that_was_not_measured_gives_no_verdict() -> None:
    verdict = judge_stage(SERVER, [], measured(readings(121, work=100, busy_seconds=0.5)), [{SERVER: {"error": "denied", "stderr": "no password"}}], 10)
    assert (verdict.outcome, verdict.decided_by) == (Outcome.INSUFFICIENT, ())
    assert verdict.unproven == {"database_latency_seconds": "postgresql 5432: no password"}
